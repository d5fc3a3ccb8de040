/**
 * Carries edits from the value that they were made on over to another one: places keep naming the same elements, and
 * positions in texts stay between the same characters.
 */
import type { Shape } from "../schema.js";
import { alignLists, alignTexts, mapGap, type Alignment } from "./difference.js";
import { applyEdit, Batch, childOf, valueAt } from "./apply.js";
import { equal, keyToJson, toJson, type Rows, type Value } from "./value.js";
import { shapeBelow, type Edit, type WirePath, type WireStep } from "./wire.js";

/** What was carried over, what came out, and what the edits made of the value that they were made on. */
export interface Rebased {
  readonly edits: Edit[];
  readonly value: Value;
  readonly before: Value;
}

/**
 * The edits that do to `after` what `edits` do to `before`, and what comes out. An element that is gone in `after` and that
 * something is put into comes back as it was; other edits of what is gone are left out, as are edits that do not fit: what
 * the node makes of them will come as its own patches.
 */
export function rebase(root: Shape, before: Value, after: Value, edits: readonly Edit[], align = new Alignments()): Rebased {
  const out: Edit[] = [];
  if (Object.is(before, after)) {
    const value = applyAll(root, after, edits, out);
    return { edits: [...edits], value, before: value };
  }
  // Both sides move on edit by edit; the copies of a batch may change below alignments, so each edit has its own.
  for (const edit of edits) {
    // One in the other, at most one for each step.
    for (let left = edit[1].length; left > 0; --left) {
      const back = bringBack(align, root, before, after, edit);
      const next = back && attempt(root, after, back);
      if (next === undefined) break;
      after = next;
      out.push(back as Edit);
    }
    const mapped = mapEdit(align, root, before, after, edit);
    before = attempt(root, before, edit) ?? before;
    for (const one of mapped) {
      const next = attempt(root, after, one);
      if (next === undefined) continue;
      after = next;
      out.push(one);
    }
    align.follow(root, before, after, edit);
  }
  return { edits: out, value: after, before };
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

/** The alignment of the two lists that were asked for last; it lasts as long as their elements stay where they are. */
export class Alignments {
  #paths: readonly [WirePath, WirePath] | undefined;
  #before: readonly Value[] = [];
  #after: readonly Value[] = [];
  #map: Alignment = new Int32Array();

  /** `paths` are where the lists are. */
  of(before: readonly Value[], after: readonly Value[], paths: readonly [WirePath, WirePath]): Alignment {
    if (!this.#paths || this.#before !== before || this.#after !== after) {
      this.#map = alignLists(before, after);
      [this.#before, this.#after, this.#paths] = [before, after, paths];
    }
    return this.#map;
  }

  /** The edit was done on both sides. */
  follow(root: Shape, before: Value, after: Value, edit: Edit): void {
    if (!this.#paths) return;
    const inside = edit[1].length > this.#paths[0].length;
    if (edit[0] !== "splice" && edit[0] !== "increment" && edit[0] !== "reset" && !(edit[0] === "set" && inside)) return;
    const [mine, theirs] = [valueAt(root, before, this.#paths[0]), valueAt(root, after, this.#paths[1])];
    if (!Array.isArray(mine) || !Array.isArray(theirs) || mine.length !== this.#before.length || theirs.length !== this.#after.length) return;
    [this.#before, this.#after] = [mine, theirs];
  }
}

interface Place {
  readonly path: WirePath;
  readonly shape: Shape;
  readonly before: Value;
  readonly after: Value;
}

/** Where a place is now; undefined when an element on the way is gone. */
function mapPath(align: Alignments, root: Shape, before: Value, after: Value, path: WirePath): Place | undefined {
  const out: WireStep[] = [];
  let shape: Shape = root;
  for (const step of path) {
    let to = step;
    if (typeof step === "number" && !Object.is(before, after)) {
      if (!Array.isArray(before) || !Array.isArray(after)) return undefined;
      const index = align.of(before, after, [path.slice(0, out.length), out.slice()])[step];
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
  return { path: out, shape, before, after };
}

/** Whether an edit puts something where it is done. */
function adds(edit: Edit): boolean {
  switch (edit[0]) {
    case "set":
      return edit[2] !== null && edit[2] !== false;
    case "splice":
      return edit[4] !== "";
    case "insert":
    case "increment":
    case "touch":
      return true;
    default:
      return false;
  }
}

/** The edit that brings back the outermost element that `edit` puts something into and that others have removed. */
function bringBack(align: Alignments, root: Shape, before: Value, after: Value, edit: Edit): Edit | undefined {
  if (!adds(edit)) return undefined;
  const out: WireStep[] = [];
  let shape: Shape = root;
  for (const step of edit[1]) {
    if (Object.is(before, after)) return undefined;
    const below = shapeBelow(shape, step);
    if (!below) return undefined;
    let to = step;
    if (typeof step === "number") {
      if (!Array.isArray(before) || !Array.isArray(after)) return undefined;
      const map = align.of(before, after, [edit[1].slice(0, out.length), out.slice()]);
      const index = map[step];
      if (index === undefined) return undefined;
      if (index === -1) return ["insert", out, mapGap(map, step, after.length), [toJson(below, before[step])]];
      to = index;
    }
    before = childOf(shape, before, step);
    after = childOf(shape, after, to);
    shape = below;
    out.push(to);
  }
  return undefined;
}

function mapEdit(align: Alignments, root: Shape, before: Value, after: Value, edit: Edit): Edit[] {
  const place = mapPath(align, root, before, after, edit[1]);
  if (!place) return [];
  const path = place.path;
  const same = Object.is(place.before, place.after);
  switch (edit[0]) {
    case "set":
      return [edit[3] ? ["set", path, edit[2], edit[3]] : ["set", path, edit[2]]];
    case "remove":
      // Others have removed the row already.
      if (place.after === undefined) return [];
      if (same) return [["remove", path]];
      // An element that others have put something into stays whole; elsewhere what they have put there stays.
      if (typeof path[path.length - 1] === "number") return grew(place.shape, place.before, place.after) ? [] : [["remove", path]];
      return removeSeen(place.shape, place.before, place.after, path);
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
  const map = align.of(old, now, [edit[1], path]);
  if (edit[0] === "insert") return [["insert", path, mapGap(map, edit[2], now.length), edit[3]]];
  if (edit[0] === "erase") {
    const element = place.shape.kind === "array" ? place.shape.element : undefined;
    const spared = (i: number) => element !== undefined && grew(element, old[i], now[map[i]] as Value);
    return mapErase(path, map, edit[2], edit[3], spared);
  }
  const element = map[edit[2]];
  if (element === undefined || element === -1) return [];
  const gap = mapGap(map, edit[3] <= edit[2] ? edit[3] : edit[3] + 1, now.length);
  return [["move", path, element, gap > element ? gap - 1 : gap]];
}

/** Whether somebody has put something there. That something was taken away does not count. */
function grew(shape: Shape, before: Value, after: Value): boolean {
  if (Object.is(before, after) || after === undefined) return false;
  switch (shape.kind) {
    case "struct":
      return Object.keys(shape.fields).some((name) => grew(shape.fields[name], childOf(shape, before, name), childOf(shape, after, name)));
    case "table": {
      const [old, now] = [before as Rows, after as Rows];
      return [...now].some(([key, row]) => !old.has(key) || (shape.value !== undefined && grew(shape.value, old.get(key), row)));
    }
    case "array": {
      const [old, now] = [before as Value[], after as Value[]];
      const map = alignLists(old, now);
      const kept = map.reduce((count, to) => count + (to === -1 ? 0 : 1), 0);
      return now.length > kept || map.some((to, i) => to !== -1 && shape.element !== undefined && grew(shape.element, old[i], now[to]));
    }
    case "text": {
      const [old, now] = [before as string, after as string];
      return now.length > alignTexts(old, now).reduce((count, to) => count + (to === -1 ? 0 : 1), 0);
    }
    case "register":
      return after !== null && !equal(before, after);
    case "flag":
      return after === true;
    case "counter":
      return before !== after;
  }
}

/** Takes away what was seen at a place, and leaves what others have put there. */
function removeSeen(shape: Shape, before: Value, after: Value, path: WirePath): Edit[] {
  if (!grew(shape, before, after)) return [["remove", path]];
  switch (shape.kind) {
    case "struct":
      return Object.keys(shape.fields).flatMap((name) =>
        removeSeen(shape.fields[name], childOf(shape, before, name), childOf(shape, after, name), [...path, name]),
      );
    case "table":
      return [...(before as Rows)].flatMap(([key, row]) => {
        const now = (after as Rows).get(key);
        const step: WireStep = [keyToJson(key) as string | number | boolean];
        return now === undefined || !shape.value ? [] : removeSeen(shape.value, row, now, [...path, step]);
      });
    case "array": {
      const [old, now] = [before as Value[], after as Value[]];
      const map = alignLists(old, now);
      return mapErase(path, map, 0, old.length, (i) => shape.element !== undefined && grew(shape.element, old[i], now[map[i]]));
    }
    case "text":
      return mapSplice({ path, shape, before, after }, 0, (before as string).length, "");
    case "counter":
      return [["increment", path, -(before as number)]];
    case "register":
    case "flag":
      return [];
  }
}

/** The elements that are still there, last first, in as few edits as may be; those that are `spared` stay. */
function mapErase(path: WirePath, map: Alignment, from: number, count: number, spared: (i: number) => boolean): Edit[] {
  const there: number[] = [];
  for (let i = from; i < Math.min(from + count, map.length); ++i) if (map[i] !== -1 && !spared(i)) there.push(map[i]);
  there.sort((a, b) => b - a);
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
