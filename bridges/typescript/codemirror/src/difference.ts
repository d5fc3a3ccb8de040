/**
 * What changed between two texts, as an editor's changes: insertions and deletions as small as they can be found, so that
 * cursors between them stay where they are. After Myers, "An O(ND) Difference Algorithm and Its Variations" (1986).
 */

/** `removed` units at `from` of the old text become `text`. In order, and apart from each other. */
export interface Replacement {
  readonly from: number;
  readonly removed: number;
  readonly text: string;
}

/** Texts that differ in more characters than this are taken as one replacement from the first to the last difference. */
export const maxDistance = 400;

export function difference(before: string, after: string): Replacement[] {
  if (before === after) return [];
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) ++start;
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) --start;
  let end = 0;
  while (end < most - start && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)) ++end;
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) --end;
  const from = before.slice(start, before.length - end);
  const to = after.slice(start, after.length - end);
  const whole = [{ from: start, removed: from.length, text: to }];
  if (from.length === 0 || to.length === 0) return whole;
  // By whole characters: a position inside a surrogate pair is none.
  const characters = [...from];
  const found = shortest(characters, [...to]);
  if (!found) return whole;
  let unit = start;
  let at = 0;
  return found.map((one) => {
    while (at < one.from) unit += characters[at++].length;
    const first = unit;
    while (at < one.from + one.removed) unit += characters[at++].length;
    return { from: first, removed: unit - first, text: one.text };
  });
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Undefined when the distance is greater than `maxDistance`. */
function shortest(a: readonly string[], b: readonly string[]): Replacement[] | undefined {
  // reach[k] is how far one comes in `a` on the diagonal k = x - y with d edits; one row is kept for each d.
  const rows: Int32Array[] = [];
  const most = Math.min(a.length + b.length, maxDistance);
  if (Math.abs(a.length - b.length) > most) return undefined;
  const middle = most + 1;
  const reach = new Int32Array(2 * most + 3);
  for (let d = 0; d <= most; ++d) {
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && reach[middle + k - 1] < reach[middle + k + 1]);
      let x = down ? reach[middle + k + 1] : reach[middle + k - 1] + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) ++x, ++y;
      reach[middle + k] = x;
      if (x >= a.length && y >= b.length) return trace(rows, d, a, b);
    }
    rows.push(reach.slice(middle - d, middle + d + 1));
  }
  return undefined;
}

function trace(rows: readonly Int32Array[], distance: number, a: readonly string[], b: readonly string[]): Replacement[] {
  let x = a.length;
  let y = b.length;
  const out: { from: number; removed: number; text: string }[] = [];
  for (let d = distance; d > 0; --d) {
    const row = rows[d - 1];
    const at = (k: number) => (Math.abs(k) <= d - 1 ? row[k + d - 1] : -1);
    const k = x - y;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const beforeX = down ? at(k + 1) : at(k - 1);
    const beforeY = beforeX - (down ? k + 1 : k - 1);
    const last = out[out.length - 1];
    const joins = last !== undefined && last.from === (down ? beforeX : beforeX + 1) && x === (down ? beforeX : beforeX + 1);
    if (down) {
      const inserted = b[beforeY];
      if (joins) last.text = inserted + last.text;
      else out.push({ from: beforeX, removed: 0, text: inserted });
    } else if (joins) {
      last.from = beforeX;
      last.removed += 1;
    } else {
      out.push({ from: beforeX, removed: 1, text: "" });
    }
    x = beforeX;
    y = beforeY;
  }
  return out.reverse();
}
