/** A document's changes as a picture: time runs upwards, each writer has a colour, and lines lead to what a change knew. */
import type { HistoryEntry } from "@tlfs/client";

import { short, svg } from "./dom.js";

export interface Placed {
  readonly entry: HistoryEntry;
  readonly row: number;
  readonly lane: number;
  /** Rows and lanes of those parents that are shown. */
  readonly parents: readonly { readonly row: number; readonly lane: number }[];
}

/**
 * Gives each change a row (the latest first, as they come) and a lane: a change goes on in the lane of the first child
 * that waits for it, and lanes that nobody waits in are used again.
 */
export function layOut(entries: readonly HistoryEntry[]): readonly Placed[] {
  const rows = new Map(entries.map((entry, row) => [entry.hash, row]));
  const lanes: (string | undefined)[] = [];
  const laneOf = new Map<string, number>();
  for (const entry of entries) {
    let lane = lanes.indexOf(entry.hash);
    if (lane < 0) lane = lanes.indexOf(undefined);
    if (lane < 0) lane = lanes.length;
    laneOf.set(entry.hash, lane);
    for (let i = 0; i < lanes.length; ++i) if (lanes[i] === entry.hash) lanes[i] = undefined;
    lanes[lane] = undefined;
    for (const parent of entry.parents) {
      if (!rows.has(parent) || lanes.includes(parent)) continue;
      let free = lanes[lane] === undefined ? lane : lanes.indexOf(undefined);
      if (free < 0) free = lanes.length;
      lanes[free] = parent;
    }
  }
  return entries.map((entry, row) => ({
    entry,
    row,
    lane: laneOf.get(entry.hash) ?? 0,
    parents: entry.parents.flatMap((hash) => {
      const at = rows.get(hash);
      return at === undefined ? [] : [{ row: at, lane: laneOf.get(hash) ?? 0 }];
    }),
  }));
}

/** The version that holds the `count` oldest changes: those of them that no other of them knew. */
export function versionOf(entries: readonly HistoryEntry[], count: number): readonly string[] {
  const held = entries.slice(entries.length - count);
  const known = new Set(held.flatMap((entry) => entry.parents));
  return held.map((entry) => entry.hash).filter((hash) => !known.has(hash));
}

const rowHeight = 26;
const laneWidth = 18;

function colours(entries: readonly HistoryEntry[]): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const { device } of entries) if (!out.has(device)) out.set(device, `hsl(${(out.size * 137 + 205) % 360} 60% 50%)`);
  return out;
}

/** @param count how many changes, from the oldest on, are in the version that is looked at. */
export function historyGraph(entries: readonly HistoryEntry[], count: number, choose: (count: number) => void): SVGSVGElement {
  const placed = layOut(entries);
  const colour = colours(entries);
  const lanes = placed.reduce((most, p) => Math.max(most, p.lane + 1), 1);
  const x = (lane: number) => lane * laneWidth + 14;
  const y = (row: number) => row * rowHeight + rowHeight / 2;
  const text = x(lanes) + 4;
  const out = svg("svg", {
    class: "graph",
    width: text + 560,
    height: entries.length * rowHeight,
    role: "img",
    "aria-label": `${entries.length} changes by ${colour.size} writers; the slider above chooses one`,
  });
  for (const p of placed)
    for (const parent of p.parents) {
      const middle = (y(p.row) + y(parent.row)) / 2;
      const d = `M${x(p.lane)} ${y(p.row)}C${x(p.lane)} ${middle} ${x(parent.lane)} ${middle} ${x(parent.lane)} ${y(parent.row)}`;
      out.append(svg("path", { class: "edge", d, stroke: colour.get(p.entry.device) }));
    }
  for (const p of placed) {
    const at = entries.length - p.row;
    const when = p.entry.time === undefined ? "" : new Date(p.entry.time).toLocaleString();
    const dot = svg("circle", { cx: x(p.lane), cy: y(p.row), r: 6, fill: colour.get(p.entry.device), class: at === count ? "chosen" : undefined });
    const line = svg("text", { x: text, y: y(p.row) + 4 }, p.entry.label || `${p.entry.operations} operations`);
    const rest = svg("text", { x: text + 210, y: y(p.row) + 4, class: "faint" }, `${short(p.entry.device)}  ${when}`);
    const group = svg("g", { class: at > count ? "dim" : undefined }, svg("title", {}, `${p.entry.hash} by ${p.entry.device}`), dot, line, rest);
    group.style.cursor = "pointer";
    group.addEventListener("click", () => choose(at));
    out.append(group);
  }
  return out;
}
