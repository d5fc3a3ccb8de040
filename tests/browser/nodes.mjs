// Nodes and browsers for the tests: each user has a node of their own in a directory of its own, and a browser context.
//
//   TLFS_BIN      the program `tlfs`             (build/release/bin/tlfs)
//   TLFS_CHROMIUM the browser                    (/usr/bin/chromium)
//   TLFS_SHOTS    where screenshots are put      (build/screenshots)
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const binary = process.env.TLFS_BIN ?? join(root, "build/release/bin/tlfs");
export const shots = process.env.TLFS_SHOTS ?? join(root, "build/screenshots");
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const startTimeout = 20_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A node with a data directory, which can be killed and started again at the same addresses. */
export class Node {
  #process;

  static async start(app) {
    const node = new Node();
    node.directory = mkdtempSync(join(tmpdir(), "tlfs-browser-"));
    node.app = join(root, "examples", app, "dist");
    node.listen = `127.0.0.1:${await freePort()}`;
    node.bridge = `127.0.0.1:${await freePort()}`;
    await node.run();
    return node;
  }

  async run() {
    const child = spawn(
      binary,
      ["--data", this.directory, "node", "run", "--json", "--listen", this.listen, "--bridge", this.bridge, "--app", this.app],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#process = child;
    let said = "";
    child.stderr.on("data", (data) => (said += data));
    const line = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the node says nothing: ${said}`)), startTimeout);
      let out = "";
      child.stdout.on("data", (data) => {
        out += data;
        if (!out.includes("\n")) return;
        clearTimeout(timer);
        resolve(out.slice(0, out.indexOf("\n")));
      });
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new Error(`the node ended with ${code}: ${said}`));
      });
    });
    const started = JSON.parse(line);
    this.link = started.bridge;
    this.device = started.device;
  }

  /** Without warning, as when the power fails. */
  async kill() {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await over;
  }

  /** The command line, beside the running node. */
  tlfs(args, input = "") {
    return new Promise((resolve, reject) => {
      const child = execFile(binary, ["--data", this.directory, ...args], { maxBuffer: 1 << 26 }, (error, out, problem) =>
        error ? reject(new Error(`tlfs ${args.join(" ")}: ${problem}`)) : resolve(out),
      );
      child.stdin.end(input);
    });
  }

  async remove() {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

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
