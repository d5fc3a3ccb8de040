/** Keys for the elements of a list, which have no names of their own. */
import { useRef } from "react";

interface Keyed {
  readonly list: readonly unknown[];
  readonly keys: readonly number[];
}

/**
 * A key for each element of a list of structs, for React's `key`: an element keeps its key when it moves, when it is
 * edited, and when others come and go around it.
 *
 * Elements that did not change are the same objects in two snapshots. Of the others it is taken that what stands between
 * the same neighbours is the same element, edited.
 */
export function useKeys(list: readonly unknown[] | undefined): readonly number[] {
  const last = useRef<{ next: number; keyed: Keyed }>({ next: 0, keyed: { list: [], keys: [] } });
  if (list && list !== last.current.keyed.list) {
    // Rendering twice with the same list gives the same keys, so it does no harm when React does so.
    const { keyed, next } = assignKeys(last.current.keyed, list, last.current.next);
    last.current = { keyed, next };
  }
  return list ? last.current.keyed.keys : none;
}

const none: readonly number[] = [];

/** Pure: the keys of `list`, given those of the list before. New ones begin at `next`. */
export function assignKeys(before: Keyed, list: readonly unknown[], next: number): { keyed: Keyed; next: number } {
  const known = new Map<unknown, number>();
  // Primitives may be there several times: they have the keys of their places.
  before.list.forEach((element, index) => {
    if (typeof element === "object" && element !== null) known.set(element, index);
  });
  const from = list.map((element) => known.get(element));
  const kept = new Set(from);
  const keys: number[] = [];
  // Where the run of changed elements that is being looked at ends.
  let end = 0;
  for (let at = 0; at < list.length; ++at) {
    const same = from[at];
    if (same !== undefined) {
      keys.push(before.keys[same]);
      continue;
    }
    // The element that stood behind the same left neighbour, unless it is still somewhere.
    const left = at === 0 ? -1 : from[at - 1];
    const candidate = left === undefined ? undefined : left + 1;
    if (end <= at) for (end = at; end < from.length && from[end] === undefined; ) ++end;
    // As many changed elements must follow in the old list before the next that stayed: otherwise this one is new.
    const oldEnd = end < from.length ? (from[end] as number) : before.list.length;
    if (candidate !== undefined && !kept.has(candidate) && candidate < oldEnd && oldEnd - candidate >= end - at) {
      from[at] = candidate;
      kept.add(candidate);
      keys.push(before.keys[candidate]);
    } else {
      keys.push(next++);
    }
  }
  return { keyed: { list, keys }, next };
}
