/**
 * Which part of one list or text is which part of another, when nobody says how the one became the other.
 *
 * What is equal at both ends is set aside first. In lists, elements that are the same object belong together wherever they
 * are: values share what has not changed. What remains is compared with Myers' algorithm (An O(ND) Difference Algorithm and
 * Its Variations, 1986) up to a limit, beyond which it counts as replaced.
 */
import { equal, type Value } from "./value.js";

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

/** Aligns two texts, by UTF-16 units. */
export function alignTexts(before: string, after: string): Alignment {
  const map = new Int32Array(before.length).fill(-1);
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before.charCodeAt(head) === after.charCodeAt(head)) map[head] = head++;
  let tail = 0;
  while (tail < shorter - head && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) {
    ++tail;
    map[before.length - tail] = after.length - tail;
  }
  const pairs = common(before.length - head - tail, after.length - head - tail, (i, j) => before.charCodeAt(head + i) === after.charCodeAt(head + j));
  for (const [i, j] of pairs ?? []) map[head + i] = head + j;
  return map;
}

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
  } else {
    const pairs = common(oldEnd - head, newEnd - head, (i, j) => Object.is(before[head + i], after[head + j]));
    for (const [i, j] of pairs ?? []) pair(head + i, head + j);
  }
  pairEqual(before, after, map, taken, head, oldEnd, newEnd, pair);
  pairInPlace(map, taken, head, oldEnd, newEnd, pair);
  return map;
}

function pairObjects(
  before: readonly Value[],
  after: readonly Value[],
  head: number,
  oldEnd: number,
  newEnd: number,
  pair: (i: number, j: number) => void,
): void {
  const places = new Map<Value, number[]>();
  for (let j = newEnd - 1; j >= head; --j) {
    const there = places.get(after[j]);
    if (there) there.push(j);
    else places.set(after[j], [j]);
  }
  for (let i = head; i < oldEnd; ++i) {
    const j = places.get(before[i])?.pop();
    if (j !== undefined) pair(i, j);
  }
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
  let held: Set<Value> | undefined;
  const keep = (i: number, j: number): boolean => {
    if (Object.is(before[i], after[j])) return true;
    // An element that has only moved is seen already.
    if (typeof after[j] === "object" && (held ??= new Set(before)).has(after[j])) return false;
    const kept = reconcile(before[i], after[j]);
    if (!Object.is(kept, after[j])) after[j] = kept;
    return Object.is(kept, before[i]);
  };
  let head = 0;
  while (head < shorter && keep(head, head)) ++head;
  if (head === before.length && head === after.length) return before;
  let tail = 0;
  while (tail < shorter - head && keep(before.length - 1 - tail, after.length - 1 - tail)) ++tail;
  const oldEnd = before.length - tail;
  const newEnd = after.length - tail;
  if (oldEnd - head === 0 || newEnd - head === 0 || typeof before[head] !== "object") return after;
  if (oldEnd - head === newEnd - head) {
    for (let i = head; i < oldEnd; ++i) keep(i, i);
    return after;
  }
  // Elements came and went in the middle: what looks the same is found by its text.
  const places = new Map<string, number[]>();
  for (let i = oldEnd - 1; i >= head; --i) {
    const text = textOf(before[i]);
    const there = places.get(text);
    if (there) there.push(i);
    else places.set(text, [i]);
  }
  for (let j = head; j < newEnd; ++j) {
    if (held?.has(after[j])) continue;
    const i = places.get(textOf(after[j]))?.pop();
    if (i !== undefined) keep(i, j);
  }
  return after;
}

/** Equal for values that look the same; only compared, never shown. */
function textOf(value: Value): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    part instanceof Map ? [...part] : typeof part === "bigint" ? `${part}n` : part instanceof Uint8Array ? [...part] : part,
  );
}
