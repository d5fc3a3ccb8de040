/** Which registers have concurrent values, as patches of the node tell. Positions move along with the lists around them. */
import type { Json } from "./value.js";
import type { Patch, WirePath } from "./wire.js";

/** Conflicts that are remembered; further ones are not shown until some are over. */
export const maxConflicts = 10_000;

export class Conflicts {
  #all = new Map<string, { path: WirePath; values: readonly Json[] }>();

  /** The winner first; empty when there is no conflict. */
  at(path: WirePath): readonly Json[] {
    return this.#all.get(JSON.stringify(path))?.values ?? none;
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

const none: readonly Json[] = [];

/** Whether `path` is `above`, or lies below it. */
function below(path: WirePath, above: WirePath): boolean {
  if (path.length < above.length) return false;
  return above.every((step, i) => {
    const mine = path[i];
    return typeof step === "object" ? typeof mine === "object" && mine[0] === step[0] : mine === step;
  });
}
