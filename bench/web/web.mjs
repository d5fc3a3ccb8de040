// The rows of web apps: TLFS as an implementation of the protocol in bench/README.md, with Chromium.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const { version } = JSON.parse(readFileSync(file("../../bridges/typescript/client/package.json"), "utf8"));

/** Calls `measure(function of todos.mjs, argument)` in a page. */
async function inPage(call, argument) {
  const { build } = await import("./size.mjs");
  const { launch } = await import("../../tests/browser/nodes.mjs");
  const { outputFiles } = await build({ entryPoints: [file("todos.mjs")], bundle: true, format: "iife", globalName: "todos", target: "es2022", write: false });
  const browser = await launch();
  const page = await browser.newPage();
  await page.addScriptTag({ content: outputFiles[0].text });
  return {
    sample: async () => ({ value: await page.evaluate(([name, value]) => globalThis.todos[name](value), [call, argument]), extra: {} }),
    end: () => browser.close(),
  };
}

const once = (measure) => ({ sample: measure, end: () => {} });
const rows = {
  web_latency: {
    unit: "ms",
    inside: "from a click in one browser to the drawn frame of another, each on a node of its own; median of 50 clicks",
    start: async () => (await import("./latency.mjs")).latency(),
  },
  web_todos_open: {
    unit: "ms",
    inside: "in Chromium: a snapshot message of 10,000 todos from its bytes to every field read",
    start: () => inPage("open"),
  },
  web_patches_100: {
    unit: "ms",
    inside: "in Chromium: a message of 100 patches of 10,000 todos from its bytes to the new value; median of 60",
    start: () => inPage("patch", 0),
  },
  web_patches_100_pending: {
    unit: "ms",
    inside: "the same under three writes of the page's own",
    start: () => inPage("patch", 3),
  },
  ...Object.fromEntries(
    ["client", "react"].map((name) => [
      `web_${name}_bytes`,
      { unit: "bytes", inside: "bundled, minified, packed with gzip", start: async () => once(async () => (await import("./size.mjs")).size(name)) },
    ]),
  ),
};

const { values: given } = parseArgs({
  options: { list: { type: "boolean" }, row: { type: "string" }, runs: { type: "string", default: "7" }, work: { type: "string" }, trace: { type: "string" } },
});
if (given.list) {
  console.log(JSON.stringify({ implementation: "tlfs", version, rows: Object.keys(rows).map((row) => ({ row })) }));
} else {
  const row = rows[given.row];
  if (!row) throw new Error(`there is no row ${given.row}`);
  const { sample, end } = await row.start();
  const rssBefore = Math.round(process.memoryUsage().rss / 1024);
  const taken = [];
  try {
    await sample(); // warm-up
    for (let run = 0; run < Number(given.runs); ++run) taken.push(await sample());
  } finally {
    await end();
  }
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  console.log(
    JSON.stringify({
      implementation: "tlfs",
      version,
      row: given.row,
      unit: row.unit,
      samples: taken.map((one) => one.value),
      extra: Object.fromEntries(Object.keys(taken[0].extra).map((key) => [key, median(taken.map((one) => one.extra[key]))])),
      rss_before_kb: rssBefore,
      peak_rss_kb: process.resourceUsage().maxRSS,
      warm_up: "discarded",
      inside_the_clock: row.inside,
    }),
  );
}
