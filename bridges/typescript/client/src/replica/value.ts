/**
 * Values of a document: as they travel (JSON) and as programs see them.
 *
 * Seen, a struct is an object, a list an array, a table a Map, a text a string, bytes a Uint8Array, and an integer beyond
 * 2^53 a bigint. Values are never changed once they can be seen.
 */
import { clientError } from "../errors.js";
import type { Primitive, Shape, TableKey } from "../schema.js";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type StructShape = Extract<Shape, { kind: "struct" }>;
export type TableShape = Extract<Shape, { kind: "table" }>;
/** A struct's fields; a Map is a table, an array a list. */
export type Value = unknown;
export type Fields = { [name: string]: Value };
export type Rows = Map<TableKey, Value>;

/** Nesting of values that are put in; the node refuses deeper ones. */
export const maxDepth = 128;

function misfit(expected: string, found: unknown): never {
  const is = found === null ? "null" : Array.isArray(found) ? "a list" : found instanceof Map ? "a table" : `a ${typeof found}`;
  throw clientError("wrongType", `expected ${expected}, found ${is}`);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map) && !(value instanceof Uint8Array);
}

/** What a place holds before anything was written there. */
export function emptyOf(shape: Shape): Value {
  switch (shape.kind) {
    case "struct": {
      const out: Fields = {};
      for (const name in shape.fields) out[name] = emptyOf(shape.fields[name]);
      return out;
    }
    case "table":
      return new Map();
    case "array":
      return [];
    case "text":
      return "";
    case "register":
      return shape.default === undefined ? null : primitiveFromJson(shape.primitive, shape.default as Json);
    case "flag":
      return false;
    case "counter":
      return 0;
  }
}

/**
 * The value that the JSON says. Fields of structs that it does not name are those of `old`, or empty. `json` may be taken
 * apart or become part of the result.
 */
export function fromJson(shape: Shape, json: Json, old?: Value): Value {
  switch (shape.kind) {
    case "struct": {
      if (!isFields(json)) misfit("an object", json);
      const before = isFields(old) ? old : undefined;
      if (!before) {
        // The JSON's own object becomes the value: a snapshot has many.
        for (const name in shape.fields) {
          const field = shape.fields[name];
          const given = Object.hasOwn(json, name) ? (json[name] as Json) : undefined;
          const made = given === undefined ? emptyOf(field) : fromJson(field, given);
          if (made !== given) json[name] = made as Json;
        }
        return json;
      }
      const out: Fields = {};
      for (const name in shape.fields) {
        const field = shape.fields[name];
        const given = Object.hasOwn(json, name) ? (json[name] as Json) : undefined;
        out[name] = given === undefined ? before[name] : fromJson(field, given, before[name]);
      }
      return out;
    }
    case "table": {
      if (!isFields(json)) misfit("an object", json);
      const before = old instanceof Map ? (old as Rows) : undefined;
      const out: Rows = new Map();
      if (!shape.value) return out;
      for (const name in json) {
        const key = keyFromText(shape.key, name);
        out.set(key, fromJson(shape.value, json[name] as Json, before?.get(key)));
      }
      return out;
    }
    case "array": {
      if (!Array.isArray(json)) misfit("a list", json);
      const element = shape.element;
      if (!element) return [];
      // In place: the JSON is not needed again, and lists are what is long.
      for (let i = 0; i < json.length; ++i) json[i] = fromJson(element, json[i] as Json) as Json;
      return json;
    }
    case "text":
      return typeof json === "string" ? json : misfit("a text", json);
    case "register":
      return primitiveFromJson(shape.primitive, json);
    case "flag":
      return typeof json === "boolean" ? json : misfit("true or false", json);
    case "counter":
      return typeof json === "number" || typeof json === "string" ? Number(json) : misfit("a number", json);
  }
}

/** A copy, for JSON that is kept: `fromJson` takes apart what it is given. */
export function copyJson(json: Json): Json {
  if (Array.isArray(json)) return json.map(copyJson);
  if (json === null || typeof json !== "object") return json;
  const out: { [name: string]: Json } = {};
  for (const name in json) define(out, name, copyJson(json[name]));
  return out;
}

/** Sets a member whatever its name; a table's key may be `__proto__`. */
function define(object: { [name: string]: Json }, name: string, value: Json): void {
  if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

function primitiveFromJson(primitive: Primitive, json: Json): Value {
  if (json === null) return null;
  switch (primitive) {
    case "string":
      return typeof json === "string" ? json : misfit("a string", json);
    case "bool":
      return typeof json === "boolean" ? json : misfit("true or false", json);
    case "f64":
      return typeof json === "number" ? json : misfit("a number", json);
    case "u64":
    case "i64":
      if (typeof json === "number") return json;
      return typeof json === "string" && /^-?\d{1,20}$/.test(json) ? integer(BigInt(json)) : misfit("an integer", json);
    case "bytes":
      return typeof json === "string" ? fromBase64(json) : misfit("bytes", json);
  }
}

/** An integer in the one form that stands for it. */
function integer(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The JSON of what a program puts in at a place. Throws `wrongType` where it does not fit. */
export function toJson(shape: Shape, value: unknown, depth = 0): Json {
  if (depth > maxDepth) throw clientError("limit", "a value is nested too deeply");
  switch (shape.kind) {
    case "struct": {
      if (!isFields(value)) misfit("an object", value);
      const out: { [name: string]: Json } = {};
      for (const name of Object.keys(value)) {
        if (!Object.hasOwn(shape.fields, name)) throw clientError("wrongType", `the schema has no field "${name}" there`);
        if (value[name] !== undefined) out[name] = toJson(shape.fields[name], value[name], depth + 1);
      }
      return out;
    }
    case "table": {
      const rows = isIterable(value) ? value : isFields(value) ? fieldRows(shape, value) : misfit("a Map", value);
      const out: { [name: string]: Json } = {};
      for (const [key, row] of rows as Iterable<[TableKey, unknown]>) {
        if (!shape.value) throw clientError("wrongType", "the table's values have no declared type, so it can hold no keys");
        define(out, keyText(tableKey(shape, key)), toJson(shape.value, row, depth + 1));
      }
      return out;
    }
    case "array": {
      if (!isIterable(value) || typeof value === "string" || value instanceof Map) misfit("a list", value);
      const element = shape.element;
      return Array.from(value, (item) => {
        if (!element) throw clientError("wrongType", "the list's values have no declared type, so it can hold no elements");
        return toJson(element, item, depth + 1);
      });
    }
    case "text":
      return wholeText(typeof value === "string" ? value : typeof value === "object" && value ? String(value) : misfit("a string", value));
    case "register":
      return primitiveToJson(shape.primitive, value);
    case "flag":
      return typeof value === "boolean" ? value : misfit("true or false", value);
    case "counter":
      if (typeof value === "object" && value !== null) value = value.valueOf();
      return integerToJson(value);
  }
}

function* fieldRows(shape: TableShape, value: Fields): Iterable<[TableKey, unknown]> {
  for (const name of Object.keys(value)) yield [keyFromText(shape.key, name), value[name]];
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function primitiveToJson(primitive: Primitive, value: unknown): Json {
  if (value === null) return null;
  switch (primitive) {
    case "string":
      return typeof value === "string" ? wholeText(value) : misfit("a string", value);
    case "bool":
      return typeof value === "boolean" ? value : misfit("true or false", value);
    case "f64":
      return typeof value === "number" && Number.isFinite(value) ? value : misfit("a finite number", value);
    case "u64":
    case "i64": {
      const json = integerToJson(value);
      const exact = BigInt(json as string | number);
      const [low, high] = primitive === "u64" ? [0n, 2n ** 64n] : [-(2n ** 63n), 2n ** 63n];
      return exact >= low && exact < high ? json : misfit(`an integer of 64 bits (${primitive})`, value);
    }
    case "bytes":
      return value instanceof Uint8Array ? toBase64(value) : misfit("a Uint8Array", value);
  }
}

function integerToJson(value: unknown): Json {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  return typeof value === "number" && Number.isSafeInteger(value) ? value : misfit("a whole number up to 2^53, or a bigint", value);
}

/** A string that is sent has no half of a surrogate pair on its own. */
export function wholeText(text: string): string {
  for (let i = 0; i < text.length; ++i) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) throw clientError("wrongType", "half of a surrogate pair in a text");
    ++i;
  }
  return text;
}

export function keyFromText(key: TableShape["key"], text: string): TableKey {
  if (key === "string") return text;
  if (key === "bool") return text === "true" ? true : text === "false" ? false : misfit("true or false", text);
  return /^-?\d{1,20}$/.test(text) ? integer(BigInt(text)) : misfit("an integer as a key", text);
}

export function keyText(key: TableKey): string {
  return String(key);
}

/** A key as the JSON of paths has it. */
export function keyToJson(key: TableKey): Json {
  return typeof key === "bigint" ? integerToJson(key) : key;
}

/** The key in the one form that the table's Map has it in. */
export function tableKey(shape: TableShape, key: unknown): TableKey {
  if (shape.key === "string") return typeof key === "string" ? wholeText(key) : misfit("a string as a key", key);
  if (shape.key === "bool") return typeof key === "boolean" ? key : misfit("true or false as a key", key);
  if (typeof key !== "number" && typeof key !== "bigint" && typeof key !== "string") misfit("an integer as a key", key);
  const json = typeof key === "string" ? key : (primitiveToJson(shape.key, key) as string | number);
  return keyFromText(shape.key, String(json));
}

export function fromBase64(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return misfit("base64", text);
  }
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; ++i) out[i] = binary.charCodeAt(i);
  return out;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  const piece = 8192;
  for (let i = 0; i < bytes.length; i += piece) binary += String.fromCharCode(...bytes.subarray(i, i + piece));
  return btoa(binary);
}

/** Whether two values of one shape are the same to look at. */
export function equal(a: Value, b: Value): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    for (const [key, row] of a) if (!b.has(key) || !equal(row, b.get(key))) return false;
    return true;
  }
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  if (!isFields(b)) return false;
  const left = a as Fields;
  const names = Object.keys(left);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && equal(left[name], b[name]));
}
