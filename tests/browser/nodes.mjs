// Browsers for the tests, and nodes in directories that go with them: each user has a node and a browser context.
//
//   TLFS_BIN      the program `tlfs`             (build/release/bin/tlfs)
//   TLFS_CHROMIUM the browser                    (/usr/bin/chromium)
//   TLFS_SHOTS    where screenshots are put      (build/screenshots)
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Node, root } from "../../examples/node.mjs";

export const shots = process.env.TLFS_SHOTS ?? join(root, "build/screenshots");
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const freshDirectory = () => mkdtempSync(join(tmpdir(), "tlfs-browser-"));

/** A node with a new data directory. */
export const freshNode = (app) => Node.start(freshDirectory(), app);

export function launch() {
  return chromium.launch({
    executablePath: process.env.TLFS_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page of a node in a browser context of its own. What goes wrong in it is gathered in `page.problems`. */
export async function openPage(browser, node, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    // A browser reports every WebSocket that it could not open, which is what it looks like when a node is away.
    if (message.type() === "error" && !text.includes("WebSocket")) page.problems.push(text);
  });
  await page.goto(node.link);
  return page;
}

export async function shot(page, name) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** What axe finds against WCAG 2.2 AA, in words. */
export async function accessibilityProblems(page) {
  // The page's policy lets in no script but its own, so this comes in from beside it.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  return violations.map((one) => `${one.id}: ${one.help} (${one.nodes.map((node) => node.html.slice(0, 200)).join(" | ")})`);
}

/** Waits until `test` gives something true. */
export async function until(test, what, milliseconds = 15_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await test();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
