/**
 * Which part of one list or text is which part of another, when nobody says how the one became the other.
 *
 * What is equal at both ends is set aside first. In lists, elements that are the same object belong together wherever they
 * are: values share what has not changed. What remains is compared with Myers' algorithm (An O(ND) Difference Algorithm and
 * Its Variations, 1986) up to a limit, beyond which it counts as replaced.
 */
import { equal, isFields, type Value } from "./value.js";

/** Insertions and deletions that Myers' algorithm looks for. Its memory grows with the square. */
export const maxEditDistance = 400;
/** Elements without a partner that are compared with each other in depth. */
export const maxDeepComparisons = 256;

/**
 * For each position of the old sequence, the position of the same item in the new one, -1 where it is gone. Increasing,
 * moves apart.
 */
export type Alignment = Int32Array;

/** A longest common subsequence, as pairs; undefined when the sequences are too different. */
function common(n: number, m: number, same: (i: number, j: number) => boolean): [number, number][] | undefined {
  const bound = Math.min(n + m, maxEditDistance);
  const reach = new Int32Array(2 * bound + 3);
  const middle = bound + 1;
  const rounds: Int32Array[] = [];
  for (let d = 0; d <= bound; ++d) {
    rounds.push(reach.slice(middle - d - 1, middle + d + 2));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && reach[middle + k - 1] < reach[middle + k + 1]) ? reach[middle + k + 1] : reach[middle + k - 1] + 1;
      while (x < n && x - k < m && same(x, x - k)) ++x;
      reach[middle + k] = x;
      if (x >= n && x - k >= m) return pathBack(rounds, d, n, m);
    }
  }
  return undefined;
}

/** Follows the rounds of `common` back from the end. Round d holds what was reached before it, diagonals -d-1 to d+1. */
function pathBack(rounds: Int32Array[], d: number, n: number, m: number): [number, number][] {
  const pairs: [number, number][] = [];
  let x = n;
  let y = m;
  for (; d >= 0; --d) {
    const before = rounds[d];
    const at = (k: number) => before[k + d + 1];
    const k = x - y;
    const down = d > 0 && (k === -d || (k !== d && at(k - 1) < at(k + 1)));
    const from = d === 0 ? 0 : down ? at(k + 1) : at(k - 1);
    const fromY = d === 0 ? 0 : from - (down ? k + 1 : k - 1);
    const startX = d === 0 ? 0 : down ? from : from + 1;
    while (x > startX) pairs.push([--x, --y]);
    x = from;
    y = fromY;
  }
  return pairs.reverse();
}

/** Aligns two texts, by UTF-16 units. The halves of a surrogate pair stay together. */
export function alignTexts(before: string, after: string): Alignment {
  const map = new Int32Array(before.length).fill(-1);
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before.charCodeAt(head) === after.charCodeAt(head)) ++head;
  if (head > 0 && isHigh(before.charCodeAt(head - 1))) --head;
  let tail = 0;
  while (tail < shorter - head && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) ++tail;
  if (tail > 0 && isLow(before.charCodeAt(before.length - tail))) --tail;
  for (let i = 0; i < head; ++i) map[i] = i;
  for (let i = 1; i <= tail; ++i) map[before.length - i] = after.length - i;

  const old = Array.from(before.slice(head, before.length - tail));
  const now = Array.from(after.slice(head, after.length - tail));
  const pairs = common(old.length, now.length, (i, j) => old[i] === now[j]) ?? [];
  let [i, j, from, to] = [0, 0, head, head];
  for (const [oldAt, newAt] of pairs) {
    for (; i < oldAt; ++i) from += old[i].length;
    for (; j < newAt; ++j) to += now[j].length;
    for (let unit = 0; unit < old[i].length; ++unit) map[from + unit] = to + unit;
  }
  return map;
}

export const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
export const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** Aligns two lists. Elements that changed in place, between neighbours that are still there, keep their partner. */
export function alignLists(before: readonly Value[], after: readonly Value[]): Alignment {
  const map = new Int32Array(before.length).fill(-1);
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && Object.is(before[head], after[head])) map[head] = head++;
  let tail = 0;
  while (tail < shorter - head && Object.is(before[before.length - 1 - tail], after[after.length - 1 - tail])) {
    ++tail;
    map[before.length - tail] = after.length - tail;
  }
  const oldEnd = before.length - tail;
  const newEnd = after.length - tail;
  if (head === oldEnd || head === newEnd) return map;

  const taken = new Uint8Array(newEnd - head);
  const pair = (i: number, j: number) => {
    map[i] = j;
    taken[j - head] = 1;
  };
  if (typeof before[head] === "object" && before[head] !== null) {
    pairObjects(before, after, head, oldEnd, newEnd, pair);
    // Most of what is left has changed where it stands; comparing it with everything else would be what takes long.
    pairInPlace(map, taken, head, oldEnd, newEnd, (i, j) => {
      if (alike(before[i], after[j])) pair(i, j);
    });
  } else {
    const pairs = common(oldEnd - head, newEnd - head, (i, j) => Object.is(before[head + i], after[head + j]));
    for (const [i, j] of pairs ?? []) pair(head + i, head + j);
  }
  pairEqual(before, after, map, taken, head, oldEnd, newEnd, pair);
  pairInPlace(map, taken, head, oldEnd, newEnd, pair);
  pairAlike(before, after, map, taken, head, oldEnd, newEnd, pair);
  return map;
}

/** How far the same object is looked for near by, before all that is left is compared with all that is left. */
const window = 16;

/** Pairs what is the same object. Most of it stands in the same order, so both lists are walked side by side first. */
function pairObjects(
  before: readonly Value[],
  after: readonly Value[],
  head: number,
  oldEnd: number,
  newEnd: number,
  pair: (i: number, j: number) => void,
): void {
  const oldLeft: number[] = [];
  const newLeft: number[] = [];
  let i = head;
  let j = head;
  while (i < oldEnd && j < newEnd) {
    if (before[i] === after[j]) {
      pair(i++, j++);
      continue;
    }
    let [di, dj] = [1, 1];
    for (let d = 1; d <= window; ++d) {
      if (i + d < oldEnd && j + d < newEnd && before[i + d] === after[j + d]) [di, dj] = [d, d];
      else if (j + d < newEnd && before[i] === after[j + d]) [di, dj] = [0, d];
      else if (i + d < oldEnd && before[i + d] === after[j]) [di, dj] = [d, 0];
      else continue;
      break;
    }
    for (; di > 0; --di) oldLeft.push(i++);
    for (; dj > 0; --dj) newLeft.push(j++);
  }
  while (i < oldEnd) oldLeft.push(i++);
  while (j < newEnd) newLeft.push(j++);
  if (oldLeft.length === 0 || newLeft.length === 0) return;
  const places = new Map<Value, number>();
  for (const at of newLeft) places.set(after[at], at);
  for (const at of oldLeft) {
    const to = places.get(before[at]);
    if (to === undefined) continue;
    pair(at, to);
    places.delete(before[at]);
  }
}

/**
 * Whether two elements share more than that portion of the parts that are not what every new element has: then the one may
 * have become the other.
 */
function alike(a: Value, b: Value, portion = 0): boolean {
  if (!isFields(a) || !isFields(b)) return false;
  let [shared, all] = [0, 0];
  for (const name in a) {
    const part = a[name];
    if (part === null || part === "" || part === false || part === 0) continue;
    ++all;
    if (Object.is(part, b[name])) ++shared;
  }
  return shared > all * portion;
}

/** Elements that look the same, a few at most: what was made twice from the same edit. */
function pairEqual(
  before: readonly Value[],
  after: readonly Value[],
  map: Alignment,
  taken: Uint8Array,
  head: number,
  oldEnd: number,
  newEnd: number,
  pair: (i: number, j: number) => void,
): void {
  const free: number[] = [];
  for (let j = head; j < newEnd && free.length < maxDeepComparisons; ++j) if (!taken[j - head]) free.push(j);
  let left = maxDeepComparisons;
  for (let i = head; i < oldEnd && left > 0 && free.length > 0; ++i) {
    if (map[i] !== -1) continue;
    --left;
    const at = free.findIndex((j) => equal(before[i], after[j]));
    if (at >= 0) pair(i, free.splice(at, 1)[0]);
  }
}

/** What was moved and changed at one time, a few at most: most of what is in the one is in the other. */
function pairAlike(
  before: readonly Value[],
  after: readonly Value[],
  map: Alignment,
  taken: Uint8Array,
  head: number,
  oldEnd: number,
  newEnd: number,
  pair: (i: number, j: number) => void,
): void {
  const free: number[] = [];
  for (let j = head; j < newEnd && free.length < maxDeepComparisons; ++j) if (!taken[j - head]) free.push(j);
  let left = maxDeepComparisons;
  for (let i = head; i < oldEnd && left > 0 && free.length > 0; ++i) {
    if (map[i] !== -1) continue;
    --left;
    const at = free.findIndex((j) => alike(before[i], after[j], 0.5));
    if (at >= 0) pair(i, free.splice(at, 1)[0]);
  }
}

/** Runs without partners, of the same length on both sides and between the same neighbours, belong together in order. */
function pairInPlace(
  map: Alignment,
  taken: Uint8Array,
  head: number,
  oldEnd: number,
  newEnd: number,
  pair: (i: number, j: number) => void,
): void {
  for (let i = head; i < oldEnd; ++i) {
    if (map[i] !== -1) continue;
    let end = i;
    while (end < oldEnd && map[end] === -1) ++end;
    const start = i === head ? head : map[i - 1] + 1;
    let free = start;
    while (free < newEnd && free - start <= end - i && !taken[free - head]) ++free;
    const after = end === oldEnd ? newEnd : map[end];
    if (free - start === end - i && free === after) for (let j = 0; j < end - i; ++j) pair(i + j, start + j);
    i = end - 1;
    // What was just paired is passed over.
  }
}

/**
 * Where the gap before position `at` of the old sequence is in the new one: behind the nearest item on its left that is
 * still there, or at the beginning.
 */
export function mapGap(map: Alignment, at: number, newLength: number): number {
  if (at >= map.length && (map.length === 0 || map[map.length - 1] === newLength - 1)) return newLength;
  for (let i = Math.min(at, map.length) - 1; i >= 0; --i) if (map[i] !== -1) return map[i] + 1;
  return 0;
}

/**
 * `after`, with every part that looks as in `before` being the object from there. The same object as `before` when nothing
 * differs. Lists, tables and structs of `after` that are not parts of `before` are changed in place: nobody may have seen them.
 */
export function reconcile(before: Value, after: Value): Value {
  if (Object.is(before, after) || typeof before !== "object" || typeof after !== "object" || before === null || after === null) return after;
  if (Array.isArray(before)) return Array.isArray(after) ? reconcileLists(before, after) : after;
  if (before instanceof Map) {
    if (!(after instanceof Map)) return after;
    let same = before.size === after.size;
    for (const [key, row] of after as Map<unknown, Value>) {
      const old = (before as Map<unknown, Value>).get(key);
      const kept = reconcile(old, row);
      if (!Object.is(kept, row)) after.set(key, kept);
      if (!Object.is(kept, old) || !before.has(key)) same = false;
    }
    return same && sameOrder(before, after) ? before : after;
  }
  if (before instanceof Uint8Array || after instanceof Uint8Array || Array.isArray(after) || after instanceof Map)
    return equal(before, after) ? before : after;
  const old = before as Record<string, Value>;
  const now = after as Record<string, Value>;
  let same = true;
  for (const name in now) {
    const kept = reconcile(old[name], now[name]);
    if (!Object.is(kept, now[name])) now[name] = kept;
    if (!Object.is(kept, old[name])) same = false;
  }
  return same ? before : after;
}

function sameOrder(a: Map<unknown, Value>, b: Map<unknown, Value>): boolean {
  const keys = b.keys();
  for (const key of a.keys()) if (!Object.is(key, keys.next().value)) return false;
  return true;
}

function reconcileLists(before: Value[], after: Value[]): Value {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && Object.is(before[head], after[head])) ++head;
  if (head === before.length && head === after.length) return before;
  let tail = 0;
  while (tail < shorter - head && Object.is(before[before.length - 1 - tail], after[after.length - 1 - tail])) ++tail;
  let oldEnd = before.length - tail;
  let newEnd = after.length - tail;
  if (head === oldEnd || head === newEnd || typeof before[head] !== "object") return after;

  // Elements that are shared already have been seen, wherever they stand now; only the others may be changed.
  const map = new Int32Array(before.length).fill(-1);
  const taken = new Uint8Array(newEnd - head);
  const first = head;
  let shared = 0;
  pairObjects(before, after, head, oldEnd, newEnd, (i, j) => {
    map[i] = j;
    taken[j - first] = 1;
    ++shared;
  });
  const keep = (i: number, j: number): boolean => {
    const kept = reconcile(before[i], after[j]);
    if (!Object.is(kept, after[j])) after[j] = kept;
    map[i] = j;
    taken[j - first] = 1;
    return Object.is(kept, before[i]);
  };
  if (shared === 0) {
    while (head < oldEnd && head < newEnd && keep(head, head)) ++head;
    while (oldEnd > head && newEnd > head && keep(oldEnd - 1, newEnd - 1)) [oldEnd, newEnd] = [oldEnd - 1, newEnd - 1];
    for (let i = head; i < oldEnd; ++i) map[i] = -1;
    taken.fill(0, head - first, newEnd - first);
  }
  if (shared > 0) {
    pairInPlace(map, taken, first, oldEnd, newEnd, (i, j) => {
      if (alike(before[i], after[j])) keep(i, j);
    });
  }
  pairByText(before, after, map, taken, first, [head, oldEnd, newEnd], keep);
  // What changed in place keeps its parts.
  for (let i = head; i < oldEnd; ++i) {
    const j = i === head ? head : map[i - 1] + 1;
    if (map[i] === -1 && j >= head && j < newEnd && !taken[j - first]) keep(i, j);
  }
  return before.length === after.length && before.every((item, i) => Object.is(item, after[i])) ? before : after;
}

/** Finds elements that look the same by their texts, among those without a partner. */
function pairByText(
  before: readonly Value[],
  after: readonly Value[],
  map: Alignment,
  taken: Uint8Array,
  first: number,
  [head, oldEnd, newEnd]: readonly [number, number, number],
  keep: (i: number, j: number) => boolean,
): void {
  const places = new Map<string, number[]>();
  for (let i = oldEnd - 1; i >= head; --i) {
    if (map[i] !== -1) continue;
    const text = textOf(before[i]);
    const there = places.get(text);
    if (there) there.push(i);
    else places.set(text, [i]);
  }
  if (places.size === 0) return;
  for (let j = head; j < newEnd; ++j) {
    if (taken[j - first]) continue;
    const i = places.get(textOf(after[j]))?.pop();
    if (i !== undefined) keep(i, j);
  }
}

/** Equal for values that look the same; only compared, never shown. */
function textOf(value: Value): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    part instanceof Map ? [...part] : typeof part === "bigint" ? `${part}n` : part instanceof Uint8Array ? [...part] : part,
  );
}
