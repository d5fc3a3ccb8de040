/** Which registers have concurrent values, as patches of the node tell. Positions move along with the lists around them. */
import type { Json } from "./value.js";
import type { Edit, Patch, WirePath } from "./wire.js";

/** Conflicts that are remembered; further ones are not shown until some are over. */
export const maxConflicts = 10_000;

export class Conflicts {
  #all = new Map<string, { path: WirePath; values: readonly Json[] }>();

  /** The winner first; empty when there is no conflict. */
  at(path: WirePath): readonly Json[] {
    return this.#all.get(JSON.stringify(path))?.values ?? none;
  }

  get size(): number {
    return this.#all.size;
  }
  clear(): void {
    this.#all.clear();
  }

  apply(patch: Patch): void {
    const path = patch[1];
    if (patch[0] === "conflict") {
      const name = JSON.stringify(path);
      if (patch[2].length < 2) this.#all.delete(name);
      else if (this.#all.size < maxConflicts || this.#all.has(name)) this.#all.set(name, { path, values: patch[2] });
      return;
    }
    if (this.#all.size === 0) return;
    switch (patch[0]) {
      case "set":
        // What is written says with a patch of its own if it has concurrent values.
        return this.#change((other) => (below(other, path) ? undefined : other));
      case "remove":
        if (patch.length !== 4) return this.#change((other) => (below(other, path) ? undefined : other));
        return this.#elements(path, (i) => (i < patch[2] ? i : i < patch[2] + patch[3] ? -1 : i - patch[3]));
      case "insert":
        return this.#elements(path, (i) => (i < patch[2] ? i : i + patch[3].length));
      case "move": {
        const [, , from, to] = patch;
        return this.#elements(path, (i) => (i === from ? to : i > from && i <= to ? i - 1 : i < from && i >= to ? i + 1 : i));
      }
      case "splice":
        return;
    }
  }

  #elements(list: WirePath, map: (index: number) => number): void {
    this.#change((path) => {
      const index = path[list.length];
      if (typeof index !== "number" || !below(path, list)) return path;
      const to = map(index);
      if (to === index) return path;
      return to === -1 ? undefined : [...list, to, ...path.slice(list.length + 1)];
    });
  }

  #change(map: (path: WirePath) => WirePath | undefined): void {
    const next = new Map<string, { path: WirePath; values: readonly Json[] }>();
    let changed = false;
    for (const [name, entry] of this.#all) {
      const path = map(entry.path);
      if (path !== entry.path) changed = true;
      if (path === entry.path) next.set(name, entry);
      else if (path) next.set(JSON.stringify(path), { path, values: entry.values });
    }
    if (changed) this.#all = next;
  }
}

/** Where a place was before the edits; undefined when they made it. */
export function placeBefore(path: WirePath, edits: readonly Edit[]): WirePath | undefined {
  for (let i = edits.length - 1; i >= 0; --i) {
    const edit = edits[i];
    const at = edit[1];
    if (edit[0] === "set" && path.length > at.length && below(path, at)) return undefined;
    if (edit[0] === "remove") {
      const gone = at[at.length - 1];
      const index = path[at.length - 1];
      if (typeof gone !== "number" || typeof index !== "number" || !below(path, at.slice(0, -1)) || index < gone) continue;
      path = [...path.slice(0, at.length - 1), index + 1, ...path.slice(at.length)];
      continue;
    }
    if (edit[0] !== "insert" && edit[0] !== "erase" && edit[0] !== "move") continue;
    const index = path[at.length];
    if (typeof index !== "number" || !below(path, at)) continue;
    const before = indexBefore(index, edit);
    if (before === undefined) return undefined;
    if (before !== index) path = [...path.slice(0, at.length), before, ...path.slice(at.length + 1)];
  }
  return path;
}

function indexBefore(index: number, edit: Extract<Edit, readonly ["insert" | "erase" | "move", ...unknown[]]>): number | undefined {
  switch (edit[0]) {
    case "insert":
      return index < edit[2] ? index : index < edit[2] + edit[3].length ? undefined : index - edit[3].length;
    case "erase":
      return index < edit[2] ? index : index + edit[3];
    case "move": {
      const [, , from, to] = edit;
      if (index === to) return from;
      const taken = index > to ? index - 1 : index;
      return taken >= from ? taken + 1 : taken;
    }
  }
}

const none: readonly Json[] = [];

/** Whether `path` is `above`, or lies below it. */
function below(path: WirePath, above: WirePath): boolean {
  if (path.length < above.length) return false;
  return above.every((step, i) => {
    const mine = path[i];
    return typeof step === "object" ? typeof mine === "object" && mine[0] === step[0] : mine === step;
  });
}
