/**
 * Carries edits from the value that they were made on over to another one: places keep naming the same elements, and
 * positions in texts stay between the same characters.
 */
import type { Shape } from "../schema.js";
import { alignLists, alignTexts, mapGap, type Alignment } from "./difference.js";
import { applyEdit, Batch, childOf } from "./apply.js";
import type { Value } from "./value.js";
import { shapeBelow, type Edit, type WirePath, type WireStep } from "./wire.js";

/**
 * The edits that do to `after` what `edits` do to `before`, and what comes out. Edits of what is gone in `after` are left
 * out, as are edits that do not fit: what the node makes of them will come as its own patches.
 */
export function rebase(root: Shape, before: Value, after: Value, edits: readonly Edit[]): { edits: Edit[]; value: Value } {
  const out: Edit[] = [];
  if (Object.is(before, after)) return { edits: [...edits], value: applyAll(root, after, edits, out) };
  // Both sides move on edit by edit; the copies of a batch may change below alignments, so each edit has its own.
  for (const edit of edits) {
    const mapped = mapEdit(root, before, after, edit);
    before = attempt(root, before, edit) ?? before;
    for (const one of mapped) {
      const next = attempt(root, after, one);
      if (next === undefined) continue;
      after = next;
      out.push(one);
    }
  }
  return { edits: out, value: after };
}

/** The value after all the edits that fit; those are added to `done`. */
export function applyAll(root: Shape, value: Value, edits: readonly Edit[], done: Edit[] = []): Value {
  const batch = new Batch();
  for (const edit of edits) {
    try {
      value = applyEdit(batch, root, value, edit);
      done.push(edit);
    } catch {
      // It does not fit any more. The node says so too, and then its write fails.
    }
  }
  return value;
}

function attempt(root: Shape, value: Value, edit: Edit): Value | undefined {
  try {
    return applyEdit(new Batch(), root, value, edit);
  } catch {
    return undefined;
  }
}

interface Place {
  readonly path: WirePath;
  readonly before: Value;
  readonly after: Value;
}

/** Where a place is now; undefined when an element on the way is gone. */
function mapPath(root: Shape, before: Value, after: Value, path: WirePath): Place | undefined {
  const out: WireStep[] = [];
  let shape: Shape = root;
  for (const step of path) {
    let to = step;
    if (typeof step === "number" && !Object.is(before, after)) {
      if (!Array.isArray(before) || !Array.isArray(after)) return undefined;
      const index = alignLists(before, after)[step];
      if (index === undefined || index === -1) return undefined;
      to = index;
    }
    const below = shapeBelow(shape, step);
    if (!below) return undefined;
    before = childOf(shape, before, step);
    after = childOf(shape, after, to);
    shape = below;
    out.push(to);
  }
  return { path: out, before, after };
}

function mapEdit(root: Shape, before: Value, after: Value, edit: Edit): Edit[] {
  const place = mapPath(root, before, after, edit[1]);
  if (!place) return [];
  const path = place.path;
  const same = Object.is(place.before, place.after);
  switch (edit[0]) {
    case "set":
      return [["set", path, edit[2]]];
    case "remove":
      // Others have removed the row already.
      return place.after === undefined ? [] : [["remove", path]];
    case "reset":
    case "touch":
      return [[edit[0], path]];
    case "increment":
      return [["increment", path, edit[2]]];
    case "splice":
      return same ? [["splice", path, edit[2], edit[3], edit[4]]] : mapSplice(place, edit[2], edit[3], edit[4]);
    case "insert":
    case "erase":
    case "move":
      break;
  }
  if (same) return [[...edit.slice(0, 1), path, ...edit.slice(2)] as unknown as Edit];
  const old = Array.isArray(place.before) ? place.before : [];
  const now = Array.isArray(place.after) ? place.after : [];
  const map = alignLists(old, now);
  if (edit[0] === "insert") return [["insert", path, mapGap(map, edit[2], now.length), edit[3]]];
  if (edit[0] === "erase") return mapErase(path, map, edit[2], edit[3]);
  const element = map[edit[2]];
  if (element === undefined || element === -1) return [];
  const gap = mapGap(map, edit[3] <= edit[2] ? edit[3] : edit[3] + 1, now.length);
  return [["move", path, element, gap > element ? gap - 1 : gap]];
}

/** The elements that are still there, last first, in as few edits as may be. */
function mapErase(path: WirePath, map: Alignment, from: number, count: number): Edit[] {
  const there = [...map.subarray(from, from + count)].filter((i) => i !== -1).sort((a, b) => b - a);
  const out: Edit[] = [];
  for (let i = 0; i < there.length; ) {
    let end = i + 1;
    while (end < there.length && there[end] === there[end - 1] - 1) ++end;
    out.push(["erase", path, there[end - 1], end - i]);
    i = end;
  }
  return out;
}

/** What others put into the part that goes away stays: the edit falls apart around it. */
function mapSplice(place: Place, position: number, removed: number, text: string): Edit[] {
  const before = typeof place.before === "string" ? place.before : "";
  const after = typeof place.after === "string" ? place.after : "";
  const map = alignTexts(before, after);
  const at = mapGap(map, position, after.length);
  const runs: { start: number; end: number }[] = [];
  for (let i = position; i < Math.min(position + removed, before.length); ++i) {
    const to = map[i];
    if (to === -1) continue;
    const last = runs[runs.length - 1];
    if (last && last.end === to) last.end = to + 1;
    else runs.push({ start: to, end: to + 1 });
  }
  const out: Edit[] = [];
  let placed = text === "";
  // From the end, so that what is before keeps its position.
  for (const run of runs.reverse()) {
    if (!placed && run.start < at) {
      out.push(["splice", place.path, at, 0, text]);
      placed = true;
    }
    const here = !placed && run.start === at;
    out.push(["splice", place.path, run.start, run.end - run.start, here ? text : ""]);
    if (here) placed = true;
  }
  if (!placed) out.push(["splice", place.path, at, 0, text]);
  return out;
}
