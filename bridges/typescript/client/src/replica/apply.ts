/**
 * Edits and patches on values. Nothing that can be seen changes: what an edit touches is copied, the rest is shared. A
 * Batch remembers its own copies, so that a hundred edits of one list copy it once.
 */
import { clientError } from "../errors.js";
import type { Shape, TableKey } from "../schema.js";
import { copyJson, emptyOf, fromJson, isFields, keyFromText, type Fields, type Json, type Rows, type Value } from "./value.js";
import { pathText, shapeBelow, type Edit, type Patch, type WirePath } from "./wire.js";

/** Copies that were made for one run of edits and that nobody has seen yet. */
export class Batch {
  readonly #own = new Set<object>();

  list(value: Value, path: WirePath): Value[] {
    if (!Array.isArray(value)) return missing(path);
    return this.#own.has(value) ? value : this.#keep(value.slice());
  }
  table(value: Value, path: WirePath): Rows {
    if (!(value instanceof Map)) return missing(path);
    return this.#own.has(value) ? (value as Rows) : this.#keep(new Map(value as Rows));
  }
  fields(value: Value, path: WirePath): Fields {
    if (!isFields(value)) return missing(path);
    return this.#own.has(value) ? value : this.#keep({ ...value });
  }

  #keep<T extends object>(copy: T): T {
    this.#own.add(copy);
    return copy;
  }
}

function missing(path: WirePath): never {
  throw clientError("noSuchPlace", `there is no place ${pathText(path)}`);
}
function outside(path: WirePath, what: string): never {
  throw clientError("noSuchPlace", `${pathText(path)}: ${what}`);
}

/** The value at a place; undefined when there is none. */
export function valueAt(shape: Shape, value: Value, path: WirePath): Value {
  let place: Shape | undefined = shape;
  for (const step of path) {
    value = childOf(place, value, step);
    place = shapeBelow(place, step);
    if (!place || value === undefined) return undefined;
  }
  return value;
}

export function childOf(shape: Shape, value: Value, step: string | number | readonly [string | number | boolean]): Value {
  if (typeof step === "number") return Array.isArray(value) ? (value[step] as Value) : undefined;
  if (typeof step === "string") return isFields(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  return value instanceof Map && shape.kind === "table" ? (value as Rows).get(keyOf(shape, step[0])) : undefined;
}

/** A key of a path in the form that the Map has it in. */
export function keyOf(shape: Extract<Shape, { kind: "table" }>, key: string | number | boolean): TableKey {
  return typeof key === "string" && shape.key === "string" ? key : keyFromText(shape.key, String(key));
}

/**
 * Puts at `path` what `change` makes of the value there. With `make`, rows on the way that are not there come into being;
 * otherwise that is an error.
 */
function update(
  batch: Batch,
  root: Shape,
  value: Value,
  path: WirePath,
  make: boolean,
  change: (shape: Shape, value: Value) => Value,
): Value {
  const walk = (shape: Shape, value: Value, at: number): Value => {
    if (at === path.length) return change(shape, value);
    const step = path[at];
    const below = shapeBelow(shape, step) ?? missing(path);
    let child = childOf(shape, value, step);
    const absent = child === undefined;
    if (absent) {
      if (!make || typeof step !== "object") missing(path);
      child = emptyOf(below);
    }
    const changed = walk(below, child, at + 1);
    if (changed === child && !absent) return value;
    if (typeof step === "number") {
      const list = batch.list(value, path);
      list[step] = changed;
      return list;
    }
    if (typeof step === "string") {
      const fields = batch.fields(value, path);
      fields[step] = changed;
      return fields;
    }
    const rows = batch.table(value, path);
    rows.set(keyOf(shape as Extract<Shape, { kind: "table" }>, step[0]), changed);
    return rows;
  };
  return walk(root, value, 0);
}

/** Changes what contains the last step of `path`. */
function updateParent(batch: Batch, root: Shape, value: Value, path: WirePath, change: (shape: Shape, parent: Value) => Value): Value {
  return update(batch, root, value, path.slice(0, -1), false, change);
}

function removeKey(batch: Batch, root: Shape, value: Value, path: WirePath, key: string | number | boolean): Value {
  return updateParent(batch, root, value, path, (shape, parent) => {
    if (shape.kind !== "table" || !(parent instanceof Map)) return missing(path);
    const name = keyOf(shape, key);
    if (!parent.has(name)) return parent;
    const rows = batch.table(parent, path);
    rows.delete(name);
    return rows;
  });
}

function checkRange(path: WirePath, from: unknown, count: unknown, length: number): void {
  if (!Number.isInteger(from) || !Number.isInteger(count) || (from as number) < 0 || (count as number) < 0 || (from as number) + (count as number) > length)
    outside(path, `positions ${String(from)} to ${Number(from) + Number(count)} of ${length}`);
}

function insert(batch: Batch, root: Shape, value: Value, path: WirePath, at: number, values: readonly Json[], keep: boolean): Value {
  return update(batch, root, value, path, keep, (shape, old) => {
    if (shape.kind !== "array" || !shape.element) return missing(path);
    const element = shape.element;
    checkRange(path, at, 0, (old as Value[]).length);
    const made = values.map((json) => fromJson(element, keep ? copyJson(json) : json));
    const list = batch.list(old, path);
    if (made.length === 1) list.splice(at, 0, made[0]);
    else if (at === list.length) for (const item of made) list.push(item);
    else {
      const tail = list.splice(at);
      for (const item of made) list.push(item);
      for (const item of tail) list.push(item);
    }
    return list;
  });
}

function erase(batch: Batch, root: Shape, value: Value, path: WirePath, from: number, count: number): Value {
  return update(batch, root, value, path, false, (shape, old) => {
    if (shape.kind !== "array") return missing(path);
    checkRange(path, from, count, (old as Value[]).length);
    if (count === 0) return old;
    const list = batch.list(old, path);
    list.splice(from, count);
    return list;
  });
}

function move(batch: Batch, root: Shape, value: Value, path: WirePath, element: number, to: number): Value {
  return update(batch, root, value, path, false, (shape, old) => {
    if (shape.kind !== "array") return missing(path);
    checkRange(path, element, 1, (old as Value[]).length);
    checkRange(path, to, 1, (old as Value[]).length);
    if (element === to) return old;
    const list = batch.list(old, path);
    list.splice(to, 0, ...list.splice(element, 1));
    return list;
  });
}

function splice(batch: Batch, root: Shape, value: Value, path: WirePath, position: number, removed: number, text: string, make: boolean): Value {
  return update(batch, root, value, path, make, (shape, old) => {
    if (shape.kind !== "text" || typeof old !== "string" || typeof text !== "string") return missing(path);
    checkRange(path, position, removed, old.length);
    return old.slice(0, position) + text + old.slice(position + removed);
  });
}

/** The value after an edit. Throws `noSuchPlace` or `wrongType`; nothing has changed then. */
export function applyEdit(batch: Batch, root: Shape, value: Value, edit: Edit): Value {
  const path = edit[1];
  switch (edit[0]) {
    case "set": {
      const last = path.length > 0 ? path[path.length - 1] : undefined;
      // Null empties a place and makes no row.
      if (edit[2] === null && typeof last === "object" && valueAt(root, value, path) === undefined) return value;
      return update(batch, root, value, path, true, (shape, old) => {
        if (edit[2] === null) return emptyOf(shape);
        const made = fromJson(shape, copyJson(edit[2]), old);
        return Object.is(made, old) ? old : made;
      });
    }
    case "remove": {
      const last = path.length > 0 ? path[path.length - 1] : undefined;
      if (typeof last === "object") return removeKey(batch, root, value, path, last[0]);
      if (typeof last === "number") return erase(batch, root, value, path.slice(0, -1), last, 1);
      return update(batch, root, value, path, false, emptyOf);
    }
    case "insert":
      return insert(batch, root, value, path, edit[2], edit[3], true);
    case "erase":
      return erase(batch, root, value, path, edit[2], edit[3]);
    case "move":
      return move(batch, root, value, path, edit[2], edit[3]);
    case "splice":
      return splice(batch, root, value, path, edit[2], edit[3], edit[4], true);
    case "increment":
      return update(batch, root, value, path, true, (shape, old) =>
        shape.kind === "counter" ? (old as number) + Number(edit[2]) : missing(path),
      );
    case "reset":
      return update(batch, root, value, path, true, (shape) => (shape.kind === "counter" ? 0 : missing(path)));
    case "touch":
      return update(batch, root, value, path, true, (_shape, old) => old);
  }
}

/**
 * The value after a patch of the node; conflicts change nothing here. `patch` may become part of the result. Throws
 * `noSuchPlace` or `wrongType` when the patch does not fit: then the value here is not what the node takes it for.
 */
export function applyPatch(batch: Batch, root: Shape, value: Value, patch: Patch): Value {
  const path = patch[1];
  switch (patch[0]) {
    case "set": {
      const last = path.length > 0 ? path[path.length - 1] : undefined;
      const whole = (shape: Shape) => (patch[2] === null ? emptyOf(shape) : fromJson(shape, patch[2]));
      if (typeof last !== "object") return update(batch, root, value, path, false, whole);
      // A key may appear; what is above it is there.
      return updateParent(batch, root, value, path, (shape, parent) => {
        if (shape.kind !== "table" || !shape.value) return missing(path);
        const rows = batch.table(parent, path);
        rows.set(keyOf(shape, last[0]), whole(shape.value));
        return rows;
      });
    }
    case "remove": {
      if (patch.length === 4) return erase(batch, root, value, path, patch[2], patch[3]);
      const last = path.length > 0 ? path[path.length - 1] : undefined;
      if (typeof last !== "object") return missing(path);
      return removeKey(batch, root, value, path, last[0]);
    }
    case "insert":
      return insert(batch, root, value, path, patch[2], patch[3], false);
    case "move":
      return move(batch, root, value, path, patch[2], patch[3]);
    case "splice":
      return splice(batch, root, value, path, patch[2], patch[3], patch[4], false);
    case "conflict":
      return value;
    default:
      throw clientError("malformed", "a patch of an unknown kind");
  }
}
