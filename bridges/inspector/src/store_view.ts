/** The node's counters: what the store holds and does first, then everything else. */
import type { Client } from "@tlfs/client";

import { bytes, cell, cells, h, repeat, Rows, say, table } from "./dom.js";

export interface Metric {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

/** Lines of Prometheus' text format; what is none is left out. */
export function readMetrics(text: string): readonly Metric[] {
  const out: Metric[] = [];
  for (const line of text.split("\n")) {
    const found = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    const value = Number(found?.[3]);
    if (found?.[1] && Number.isFinite(value)) out.push({ name: found[1], labels: found[2] ?? "", value });
  }
  return out;
}

function figure(metric: Metric): string {
  return metric.name.includes("bytes") ? bytes(metric.value) : metric.value.toLocaleString("en", { maximumFractionDigits: 6 });
}

export function storeView(root: HTMLElement, client: Client): () => void {
  const size = h("dd");
  const written = h("dd");
  const commits = h("dd");
  const { table: shown, body } = table("Counters of the node", ["Counter", "Of", "Value"], [2]);
  const filter = h("input", { type: "search", name: "filter", value: "tlfs_store", spellcheck: "false" });
  const note = h("p", { class: "warn", role: "status" });
  const form = h("form", { class: "row" }, h("label", {}, "Show counters whose name holds", filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  const figures = h(
    "dl",
    { class: "figures" },
    h("div", {}, h("dt", {}, "store on the disk"), size),
    h("div", {}, h("dt", {}, "written since the start"), written),
    h("div", {}, h("dt", {}, "commits"), commits),
  );
  root.append(h("h2", {}, "Store and counters"), figures, form, note, h("div", { class: "panel" }, shown));
  const rows = new Rows<Metric>(
    body,
    (metric) => `${metric.name}{${metric.labels}}`,
    () => cells(3, [2]),
    (row, metric) => {
      say(cell(row, 0), metric.name, "mono");
      say(cell(row, 1), metric.labels, "mono faint");
      say(cell(row, 2), figure(metric));
    },
  );
  let all: readonly Metric[] = [];
  const show = () => rows.show(all.filter((metric) => metric.name.includes(filter.value.trim())));
  filter.addEventListener("input", show);
  return repeat(2000, async () => {
    try {
      all = readMetrics(await client.metrics());
      const of = (name: string) => all.find((metric) => metric.name === name);
      const [disk, total, synced, failing] = ["bytes", "written_bytes_total", "commits_total", "failing"].map((name) => of(`tlfs_store_${name}`));
      say(size, disk ? figure(disk) : "unknown");
      say(written, total ? figure(total) : "unknown");
      say(commits, failing?.value ? "failing" : synced ? figure(synced) : "unknown", failing?.value ? "bad" : "");
      say(note, "");
      show();
    } catch (error) {
      say(note, `The counters cannot be had now: ${(error as Error).message}`);
    }
  });
}
