/** Walking to a place of a snapshot or of a draft. For packages that bind user interfaces to a part of a document. */
import type { Path } from "./api.js";

/** What stands at `path` of a snapshot; undefined where there is nothing. */
export function valueAtPath(snapshot: unknown, path: Path): unknown {
  let value = snapshot;
  for (const step of path) {
    if (value === null || typeof value !== "object") return undefined;
    if (typeof step === "string") value = Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
    else if (typeof step === "number") value = Array.isArray(value) ? value[step] : undefined;
    else value = value instanceof Map ? value.get(step[0]) : undefined;
  }
  return value;
}

/** The draft at `path` of a transaction's draft; undefined where there is nothing. */
export function draftAtPath(draft: unknown, path: Path): unknown {
  let place = draft;
  for (const step of path) {
    if (place === null || typeof place !== "object") return undefined;
    if (typeof step === "string") place = (place as Record<string, unknown>)[step];
    else if (typeof step === "number") place = (place as { at(index: number): unknown }).at(step);
    else place = (place as { get(key: unknown): unknown }).get(step[0]);
  }
  return place;
}
