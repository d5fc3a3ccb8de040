/** The documents of the node, and one of them: its value, its conflicts, its history, who may do what. */
import type { Client, HistoryEntry, Level } from "@tlfs/client";

import { cell, cells, h, repeat, Rows, say, short, table } from "./dom.js";
import { historyGraph, versionOf } from "./history_graph.js";
import { valueTree } from "./value_tree.js";

const levels: readonly Level[] = ["sync", "read", "write", "control", "own"];
/** Changes that are drawn. */
const historyLimit = 1_000;

export function documentsView(root: HTMLElement, client: Client): () => void {
  const { table: shown, body } = table("Documents of this node", ["Name", "Id", "Package", "Version", "Here since"]);
  const none = h("p", { class: "faint" });
  root.append(h("h2", {}, "Documents"), none, h("div", { class: "panel" }, shown));
  type Info = NonNullable<ReturnType<Client["documents"]["get"]>>[number];
  const rows = new Rows<Info>(
    body,
    (info) => info.id,
    (info) => {
      const row = cells(5);
      cell(row, 0).append(h("a", { href: `#/documents/${info.id}` }));
      cell(row, 1).className = "mono";
      return row;
    },
    (row, info) => {
      say(row.querySelector("a") ?? row, info.name || "(no name)");
      say(cell(row, 1), short(info.id));
      say(cell(row, 2), info.package);
      say(cell(row, 3), info.version);
      say(cell(row, 4), new Date(info.created).toLocaleString());
    },
  );
  const show = () => {
    const all = client.documents.get();
    rows.show(all ?? []);
    say(none, all === undefined ? "Asking the node…" : all.length === 0 ? "There are none yet." : "");
  };
  const stop = client.documents.subscribe(show);
  show();
  return stop;
}

export function documentView(root: HTMLElement, client: Client, id: string): () => void {
  const shared = client.open(id);
  const title = h("h2", {}, short(id));
  const state = h("p", { class: "faint", role: "status" });
  const value = h("div", { class: "panel", tabindex: 0, role: "region", "aria-label": "Value" });
  const history = h("div", { class: "panel" });
  root.append(
    h("p", {}, h("a", { href: "#/documents" }, "All documents")),
    title,
    state,
    h("div", { class: "columns" }, h("section", {}, h("h3", {}, "Value"), value), h("section", {}, h("h3", {}, "History"), history)),
    accessPanel(client, id),
  );

  // The value as it is, or as it was at the version that the slider is at.
  let entries: readonly HistoryEntry[] = [];
  let count = 0;
  let old: { readonly value: unknown } | undefined;
  const conflicted = (path: string) => {
    const steps = [...path.matchAll(/\.([A-Za-z_]\w*)|\[(\d+)\]|\["([^"]*)"\]/g)].map((m) =>
      m[1] !== undefined ? m[1] : m[2] !== undefined ? Number(m[2]) : ([m[3] ?? ""] as const),
    );
    return steps.length > 0 ? shared.conflicts(steps).length : 0;
  };
  const opened = new Set([""]);
  let drawn: unknown = shared;
  const show = () => {
    const now = shared.get();
    const named = client.documents.get()?.find((info) => info.id === id)?.name;
    say(title, named ? `${named} (${short(id)})` : short(id));
    const where = old ? `as it was after ${count} of ${entries.length} changes` : `${now.status}, revision ${now.version}, ${now.sync}; this device may: ${now.level}`;
    say(state, now.error ? `${where}; ${now.error.message}` : where);
    const what = old ? old.value : now.data;
    if (what === drawn) return;
    drawn = what;
    value.replaceChildren(valueTree(what, opened, old ? undefined : conflicted));
  };
  const stopState = shared.subscribe(show);
  const stopNames = client.documents.subscribe(show);
  show();

  const slider = h("input", { type: "range", min: 1, step: 1, "aria-label": "Version: how many changes it holds" });
  const graph = h("div", { class: "history", tabindex: 0, role: "region", "aria-label": "Changes" });
  const said = h("p", { class: "faint", role: "status" }, "Asking the node…");
  history.append(slider, said, graph);
  let turn = 0;
  const choose = async (to: number) => {
    count = to;
    slider.value = String(to);
    draw();
    const mine = ++turn;
    if (to === entries.length) {
      old = undefined;
      return show();
    }
    try {
      const was = await client.valueAt(id, versionOf(entries, to));
      if (mine !== turn) return;
      old = { value: was };
      show();
    } catch (error) {
      if (mine === turn) say(said, `That version cannot be shown: ${(error as Error).message}`);
    }
  };
  const draw = () => {
    slider.max = String(Math.max(1, entries.length));
    slider.disabled = entries.length === 0;
    say(said, entries.length === 0 ? "No change is sealed yet." : `${count} of ${entries.length} changes`);
    graph.replaceChildren(historyGraph(entries, count, (to) => void choose(to)));
  };
  slider.addEventListener("input", () => void choose(Number(slider.value)));
  const stopHistory = repeat(3000, async () => {
    try {
      const all = await client.history(id, { limit: historyLimit });
      if (all.length === entries.length && all[0]?.hash === entries[0]?.hash && entries.length > 0) return;
      const follows = count === entries.length;
      entries = all;
      if (follows) count = all.length;
      draw();
      if (follows) slider.value = String(count);
    } catch (error) {
      say(said, `The history cannot be had now: ${(error as Error).message}`);
    }
  });
  return () => {
    stopHistory();
    stopNames();
    stopState();
    shared.release();
  };
}

/** Who holds what at a place, and why somebody may do something there or not. */
function accessPanel(client: Client, id: string): HTMLElement {
  const path = h("input", { name: "path", value: ".", spellcheck: "false", class: "mono" });
  const who = h("input", { name: "who", placeholder: "anyone, device:HEX or user:HEX", spellcheck: "false", class: "mono", size: 40 });
  const level = h("select", { name: "level" }, ...levels.map((l) => h("option", { value: l, selected: l === "read" }, l)));
  const { table: shown, body } = table("Who may do what there", ["Who", "Level", "Why"]);
  const said = h("p", { role: "status" });
  const explain = async (principal: string, wanted: Level, into: HTMLElement) => {
    try {
      const why = await client.explain(id, { path: path.value || ".", level: wanted, who: principal });
      say(into, why.sentence, why.allowed ? "good" : "bad");
    } catch (error) {
      say(into, (error as Error).message, "bad");
    }
  };
  const list = async () => {
    try {
      const holders = await client.holders(id, path.value || ".");
      body.replaceChildren(
        ...holders.map((holder) => {
          const row = cells(3);
          cell(row, 0).append(h("span", { class: "mono", title: holder.who }, holder.who.length > 40 ? `${holder.who.slice(0, 40)}…` : holder.who));
          say(cell(row, 1), holder.level);
          void explain(holder.who, holder.level, cell(row, 2));
          return row;
        }),
      );
      say(said, holders.length === 0 ? "Nobody holds anything there." : "", "");
    } catch (error) {
      body.replaceChildren();
      say(said, (error as Error).message, "bad");
    }
  };
  const form = h(
    "form",
    { class: "row" },
    h("label", {}, "Place", path),
    h("label", {}, "Who", who),
    h("label", {}, "May they", level),
    h("button", {}, "Explain"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void list();
    if (who.value) void explain(who.value.trim(), level.value as Level, said);
  });
  void list();
  return h("section", {}, h("h3", {}, "Access"), h("div", { class: "panel" }, form, said, shown));
}
