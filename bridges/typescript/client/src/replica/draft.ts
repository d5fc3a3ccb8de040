/**
 * Drafts: objects that read and are assigned to like plain data, and record what is done to them as edits.
 *
 * A Spot is a place of the document while a transaction runs. Spots know their parent and their step, so that an element's
 * draft keeps naming its element when others are put before it. Drafts end with their transaction.
 */
import type { CounterDraft, Shape, TableKey, TextDraft } from "../schema.js";
import { clientError } from "../errors.js";
import { applyEdit, Batch, childOf, valueAt } from "./apply.js";
import { isHigh, isLow } from "./difference.js";
import { equal, keyToJson, tableKey, toJson, wholeText, type Json, type Rows, type Value } from "./value.js";
import { pathText, shapeBelow, type Edit, type WirePath, type WireStep } from "./wire.js";

/** The concurrent values of a register, by its place after the edits. */
export type ConcurrentAt = (path: WirePath, edits: readonly Edit[]) => readonly Json[];

/** Runs `edit` on a draft of `value` and returns what it did. When it throws, so does this. */
export function record(
  shape: Shape,
  value: Value,
  edit: (draft: unknown) => unknown,
  concurrent: ConcurrentAt = () => [],
): { edits: Edit[]; value: Value } {
  const recorder = new Recorder(shape, value, concurrent);
  try {
    const result = edit(recorder.root.draft());
    if (typeof result === "object" && result !== null && "then" in result)
      throw clientError("wrongType", "a transaction ends when its function returns, so that may not be asynchronous");
  } finally {
    recorder.open = false;
  }
  return { edits: recorder.edits, value: recorder.value };
}

class Recorder {
  open = true;
  readonly edits: Edit[] = [];
  readonly shape: Shape;
  readonly root: Spot;
  value: Value;
  readonly #batch = new Batch();

  readonly concurrent: ConcurrentAt;

  constructor(shape: Shape, value: Value, concurrent: ConcurrentAt) {
    this.shape = shape;
    this.value = value;
    this.concurrent = concurrent;
    this.root = new Spot(this, shape, undefined, "");
  }

  do(edit: Edit): void {
    this.value = applyEdit(this.#batch, this.shape, this.value, edit);
    this.edits.push(edit);
  }
}

/** Which spot a draft stands for. */
const spots = new WeakMap<object, Spot>();

class Spot {
  readonly recorder: Recorder;
  readonly shape: Shape;
  readonly #parent: Spot | undefined;
  /** The field or key; of an element, where it was last. */
  #step: WireStep;
  #gone = false;
  #draft: object | undefined;
  readonly #children = new Map<string | TableKey, Spot>();
  /** Of a list: the spots of elements that have one, at their indices. */
  #elements: (Spot | undefined)[] = [];

  constructor(recorder: Recorder, shape: Shape, parent: Spot | undefined, step: WireStep) {
    this.recorder = recorder;
    this.shape = shape;
    this.#parent = parent;
    this.#step = step;
  }

  path(): WireStep[] {
    if (!this.recorder.open) throw clientError("closed", "the transaction of this draft is over");
    if (this.#gone) throw clientError("noSuchPlace", "what this draft stands for is gone");
    if (!this.#parent) return [];
    const path = this.#parent.path();
    if (typeof this.#step === "number") {
      const siblings = this.#parent.#elements;
      if (siblings[this.#step] !== this) this.#step = siblings.indexOf(this);
    }
    path.push(this.#step);
    return path;
  }

  gone(): boolean {
    return this.#gone || (this.#parent?.gone() ?? false);
  }

  value(): Value {
    const value = valueAt(this.recorder.shape, this.recorder.value, this.path());
    if (value === undefined) throw clientError("noSuchPlace", `there is no place ${pathText(this.path())}`);
    return value;
  }

  do(make: (path: WirePath) => Edit): void {
    this.recorder.do(make(this.path()));
  }

  /** The spot one step below. */
  below(step: WireStep): Spot {
    if (typeof step === "number") {
      return (this.#elements[step] ??= this.#make(step));
    }
    const name = typeof step === "string" ? step : step[0];
    let child = this.#children.get(name);
    if (!child) this.#children.set(name, (child = this.#make(step)));
    return child;
  }

  #make(step: WireStep): Spot {
    const shape = shapeBelow(this.shape, step);
    if (!shape) throw clientError("noSuchPlace", `the schema has no place ${pathText([...this.path(), step])}`);
    return new Spot(this.recorder, shape, this, step);
  }

  /** What a program gets for this place: the value of a register or flag, a draft of anything else. */
  draft(): unknown {
    switch (this.shape.kind) {
      case "register":
      case "flag":
        return this.value();
      case "struct":
        return (this.#draft ??= register(this, structDraft(this)));
      case "array":
        return (this.#draft ??= register(this, listDraft(this)));
      case "table":
        return (this.#draft ??= register(this, new Table(this)));
      case "text":
        return (this.#draft ??= register(this, new TextOf(this)));
      case "counter":
        return (this.#draft ??= register(this, new CounterOf(this)));
    }
  }

  /** Makes the place equal to what a program puts in. */
  assign(input: unknown): void {
    const json = input === undefined ? null : toJson(this.shape, input);
    this.set(json);
  }
  set(json: Json): void {
    switch (this.shape.kind) {
      case "text":
        if (typeof json === "string") return replaceText(this, json);
        break;
      case "register": {
        const old = this.value();
        const seen = old === null || old === undefined ? [] : [toJson(this.shape, old)];
        return this.do((path) => {
          for (const other of this.recorder.concurrent(path, this.recorder.edits)) if (!seen.includes(other)) seen.push(other);
          return ["set", path, json, seen];
        });
      }
      case "struct":
        // Field by field, so that each register says what was seen in it.
        if (json === null) break;
        for (const [name, field] of Object.entries(json as object)) this.below(name).set(field as Json);
        return;
      // As what becomes of it, so that what others do meanwhile is not taken for what was seen here.
      case "counter": {
        const by = Number(json ?? 0) - (this.value() as number);
        if (!Number.isSafeInteger(by)) break;
        if (by !== 0) this.do((path) => ["increment", path, by]);
        return;
      }
      case "array": {
        const count = (this.value() as Value[]).length;
        if (count > 0) this.do((path) => ["erase", path, 0, count]);
        this.elementsErased(0, count);
        if (Array.isArray(json) && json.length > 0) this.do((path) => ["insert", path, 0, json]);
        return;
      }
      default:
        break;
    }
    this.do((path) => ["set", path, json]);
    this.#replaced();
  }

  /** Everything in lists below is new now; keys and fields are still the same places, where they are still there. */
  #replaced(): void {
    for (const element of this.#elements) element?.end();
    this.#elements = [];
    for (const child of this.#children.values()) {
      if (childOf(this.shape, this.value(), child.#step) === undefined) child.end();
      else child.#replaced();
    }
  }

  end(): void {
    this.#gone = true;
    if (this.#parent) this.#parent.#forget(this);
    for (const child of [...this.#children.values(), ...this.#elements]) child?.end();
  }
  #forget(child: Spot): void {
    if (typeof child.#step === "object" && this.#children.get(child.#step[0]) === child) this.#children.delete(child.#step[0]);
  }

  elementsInserted(at: number, count: number): void {
    if (at < this.#elements.length) this.#elements.splice(at, 0, ...new Array<undefined>(count));
  }
  elementsErased(from: number, count: number): void {
    for (const gone of this.#elements.splice(from, count)) gone?.end();
  }
  elementMoved(from: number, to: number): void {
    this.#elements.length = Math.max(this.#elements.length, from + 1, to + 1);
    this.#elements.splice(to, 0, ...this.#elements.splice(from, 1));
  }
}

function register<T extends object>(spot: Spot, draft: T): T {
  spots.set(draft, spot);
  return draft;
}

function structDraft(spot: Spot): object {
  const fields = (spot.shape as Extract<Shape, { kind: "struct" }>).fields;
  const known = (name: string | symbol): name is string => typeof name === "string" && Object.hasOwn(fields, name);
  return new Proxy({} as object, {
    get: (_target, name) => (known(name) ? spot.below(name).draft() : String(name) === "toJSON" ? () => spot.value() : undefined),
    set: (_target, name, value) => {
      if (!known(name)) throw clientError("wrongType", `the schema has no field "${String(name)}" in ${pathText(spot.path())}`);
      const below = spot.below(name);
      // `draft.count += 1` and the like end in assigning the draft that was read.
      if (typeof value === "object" && value !== null && spots.get(value as object) === below) return true;
      below.assign(value);
      return true;
    },
    deleteProperty: (_target, name) => {
      if (known(name)) {
        const below = spot.below(name);
        if (below.shape.kind === "register") below.set(null);
        else if (below.shape.kind === "struct" || below.shape.kind === "flag") below.do((path) => ["remove", path]);
        else below.assign(below.shape.kind === "text" ? "" : below.shape.kind === "counter" ? 0 : []);
      }
      return true;
    },
    has: (_target, name) => known(name),
    ownKeys: () => Object.keys(fields),
    getOwnPropertyDescriptor: (_target, name) =>
      known(name) ? { value: spot.below(name).draft(), enumerable: true, configurable: true, writable: true } : undefined,
  });
}

class TextOf implements TextDraft {
  readonly #spot: Spot;
  constructor(spot: Spot) {
    this.#spot = spot;
  }
  get length(): number {
    return this.toString().length;
  }
  toString(): string {
    return this.#spot.value() as string;
  }
  toJSON(): string {
    return this.toString();
  }
  splice(position: number, removed: number, text = ""): void {
    wholeText(text);
    if (removed === 0 && text === "") return;
    const old = this.toString();
    for (const at of [position, position + removed]) {
      if (at > 0 && at < old.length && isLow(old.charCodeAt(at)) && isHigh(old.charCodeAt(at - 1)))
        throw clientError("wrongType", `position ${at} is inside a surrogate pair`);
    }
    this.#spot.do((path) => ["splice", path, position, removed, text]);
  }
  insert(position: number, text: string): void {
    this.splice(position, 0, text);
  }
  delete(position: number, count: number): void {
    this.splice(position, count, "");
  }
  replace(text: string): void {
    replaceText(this.#spot, wholeText(text));
  }
}

/** Edits what differs between the ends that both texts share; never parts a surrogate pair. */
function replaceText(spot: Spot, text: string): void {
  const old = spot.value() as string;
  const shorter = Math.min(old.length, text.length);
  let head = 0;
  while (head < shorter && old.charCodeAt(head) === text.charCodeAt(head)) ++head;
  if (head > 0 && isHigh(old.charCodeAt(head - 1))) --head;
  let tail = 0;
  while (tail < shorter - head && old.charCodeAt(old.length - 1 - tail) === text.charCodeAt(text.length - 1 - tail)) ++tail;
  if (tail > 0 && isLow(old.charCodeAt(old.length - tail))) --tail;
  const removed = old.length - head - tail;
  const added = text.slice(head, text.length - tail);
  if (removed > 0 || added !== "") spot.do((path) => ["splice", path, head, removed, added]);
}

class CounterOf implements CounterDraft {
  readonly #spot: Spot;
  constructor(spot: Spot) {
    this.#spot = spot;
  }
  get value(): number {
    return this.#spot.value() as number;
  }
  valueOf(): number {
    return this.value;
  }
  toJSON(): number {
    return this.value;
  }
  increment(by = 1): void {
    if (!Number.isSafeInteger(by)) throw clientError("wrongType", "a counter counts in whole numbers");
    if (by !== 0) this.#spot.do((path) => ["increment", path, by]);
  }
  reset(): void {
    this.#spot.do((path) => ["reset", path]);
  }
}

class Table {
  readonly #spot: Spot;
  readonly #shape: Extract<Shape, { kind: "table" }>;
  constructor(spot: Spot) {
    this.#spot = spot;
    this.#shape = spot.shape as Extract<Shape, { kind: "table" }>;
  }
  #rows(): Rows {
    return this.#spot.value() as Rows;
  }
  #step(key: TableKey): readonly [string | number | boolean] {
    return [keyToJson(tableKey(this.#shape, key)) as string | number | boolean];
  }
  get size(): number {
    return this.#rows().size;
  }
  has(key: TableKey): boolean {
    return this.#rows().has(tableKey(this.#shape, key));
  }
  get(key: TableKey): unknown {
    return this.has(key) ? this.#spot.below(this.#step(key)).draft() : undefined;
  }
  set(key: TableKey, value: unknown): this {
    const step = this.#step(key);
    const row = this.#shape.value;
    if (!row) throw clientError("wrongType", "the table's values have no declared type, so it can hold no keys");
    const json = toJson(row, value);
    // Null makes no row by itself; neither does a struct of which nothing is named.
    if (!this.has(key)) this.touch(key);
    this.#spot.below(step).set(json);
    return this;
  }
  touch(key: TableKey): unknown {
    const step = this.#step(key);
    if (!this.has(key)) this.#spot.do((path) => ["touch", [...path, step]]);
    return this.#spot.below(step).draft();
  }
  delete(key: TableKey): boolean {
    if (!this.has(key)) return false;
    const step = this.#step(key);
    this.#spot.do((path) => ["remove", [...path, step]]);
    this.#spot.below(step).end();
    return true;
  }
  clear(): void {
    for (const key of [...this.keys()]) this.delete(key);
  }
  replace(rows: unknown): void {
    this.#spot.assign(rows);
  }
  keys(): IterableIterator<TableKey> {
    return [...this.#rows().keys()].values();
  }
  *values(): IterableIterator<unknown> {
    for (const key of this.keys()) yield this.get(key);
  }
  *entries(): IterableIterator<[TableKey, unknown]> {
    for (const key of this.keys()) yield [key, this.get(key)];
  }
  [Symbol.iterator](): IterableIterator<[TableKey, unknown]> {
    return this.entries();
  }
  forEach(callback: (row: unknown, key: TableKey, table: unknown) => void): void {
    for (const [key, row] of this.entries()) callback(row, key, this);
  }
}

/** Array's methods that only read, on the drafts of the elements. */
const readers = [
  "filter", "map", "flatMap", "forEach", "some", "every", "find", "findLast", "findIndex", "findLastIndex",
  "reduce", "reduceRight", "slice", "concat", "join", "keys", "values", "entries", "at",
] as const;

class ListOf {
  readonly #spot: Spot;
  readonly #element: Shape | undefined;
  constructor(spot: Spot) {
    this.#spot = spot;
    this.#element = (spot.shape as Extract<Shape, { kind: "array" }>).element;
  }
  items(): readonly Value[] {
    return this.#spot.value() as Value[];
  }
  toJSON(): readonly Value[] {
    return this.items();
  }
  item(index: number): unknown {
    return index < this.items().length ? this.#spot.below(index).draft() : undefined;
  }
  drafts(): unknown[] {
    return Array.from(this.items(), (_value, i) => this.#spot.below(i).draft());
  }

  set(index: number, value: unknown): void {
    const length = this.items().length;
    if (index === length) this.insert(index, [value]);
    else if (Number.isInteger(index) && index >= 0 && index < length) this.#spot.below(index).assign(value);
    else throw clientError("noSuchPlace", `index ${index} of a list of ${length}`);
  }
  insert(at: number, values: readonly unknown[]): void {
    if (values.length === 0) return;
    const shape = this.#element;
    if (!shape) throw clientError("wrongType", "the list's values have no declared type, so it can hold no elements");
    const json = values.map((value) => toJson(shape, value));
    this.#spot.do((path) => ["insert", path, at, json]);
    this.#spot.elementsInserted(at, values.length);
  }
  erase(from: number, count: number): Value[] {
    const gone = this.items().slice(from, from + count);
    if (count > 0) {
      this.#spot.do((path) => ["erase", path, from, count]);
      this.#spot.elementsErased(from, count);
    }
    return gone;
  }

  get length(): number {
    return this.items().length;
  }
  resize(length: number): void {
    if (!Number.isInteger(length) || length < 0 || length > this.length)
      throw clientError("wrongType", "a list can be cut by its length, not filled up");
    this.erase(length, this.length - length);
  }
  push(...values: unknown[]): number {
    this.insert(this.length, values);
    return this.length;
  }
  unshift(...values: unknown[]): number {
    this.insert(0, values);
    return this.length;
  }
  pop(): Value {
    return this.length > 0 ? this.erase(this.length - 1, 1)[0] : undefined;
  }
  shift(): Value {
    return this.length > 0 ? this.erase(0, 1)[0] : undefined;
  }
  splice(...given: [start?: number, deleteCount?: number, ...values: unknown[]]): Value[] {
    if (given.length === 0) return [];
    const from = clamp(given[0], this.length, 0);
    const most = this.length - from;
    const count = given.length === 1 ? most : Math.min(Math.max(Math.trunc(given[1] ?? 0) || 0, 0), most);
    const gone = this.erase(from, count);
    this.insert(from, given.slice(2));
    return gone;
  }
  fill(value: unknown, start?: number, end?: number): void {
    const to = clamp(end, this.length, this.length);
    for (let i = clamp(start, this.length, 0); i < to; ++i) this.set(i, value);
  }
  move(from: number, to: number): void {
    if (from === to && from >= 0 && from < this.length) return;
    this.#spot.do((path) => ["move", path, from, to]);
    this.#spot.elementMoved(from, to);
  }
  /** Moves elements until they are as in `order`, which names them by their present indices. */
  #arrange(order: readonly number[]): void {
    const present = order.map((_from, i) => i);
    order.forEach((wanted, to) => {
      const from = present.indexOf(wanted, to);
      if (from === to) return;
      this.move(from, to);
      present.splice(to, 0, ...present.splice(from, 1));
    });
  }
  sort(compare?: (a: never, b: never) => number): void {
    const drafts = this.drafts();
    const by = (compare ?? ((a: unknown, b: unknown) => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0))) as (a: unknown, b: unknown) => number;
    this.#arrange(drafts.map((_draft, i) => i).sort((a, b) => by(drafts[a], drafts[b])));
  }
  reverse(): void {
    this.#arrange(Array.from({ length: this.length }, (_item, i) => this.length - 1 - i));
  }
  replace(values: unknown): void {
    this.#spot.assign(values);
  }

  /** Whether the element at `index` is what a program means by `value`. */
  #is(value: unknown): (item: Value, index: number) => boolean {
    const spot = typeof value === "object" && value !== null ? spots.get(value) : undefined;
    if (spot) {
      if (spot.gone()) return () => false;
      const path = spot.path();
      const here = this.#spot.path();
      const mine = path.length === here.length + 1 && equal(path.slice(0, -1), here);
      return (_item, index) => mine && path[path.length - 1] === index;
    }
    // An element of a list of texts is a string to the program, and so is its value here.
    return (item) => Object.is(item, value);
  }
  indexOf(value: unknown, from?: number): number {
    const is = this.#is(value);
    const start = clamp(from, this.length, 0);
    return this.items().findIndex((item, index) => index >= start && is(item, index));
  }
  lastIndexOf(value: unknown): number {
    const is = this.#is(value);
    const items = this.items();
    for (let i = items.length - 1; i >= 0; --i) if (is(items[i], i)) return i;
    return -1;
  }
  includes(value: unknown, from?: number): boolean {
    return this.indexOf(value, from) !== -1;
  }
}

/** An index as Array's methods take it: from the end when negative. */
function clamp(index: number | undefined, length: number, without: number): number {
  if (index === undefined) return without;
  const whole = Math.trunc(index) || 0;
  return whole < 0 ? Math.max(length + whole, 0) : Math.min(whole, length);
}

const writers = new Set(["set", "push", "unshift", "pop", "shift", "splice", "move", "replace", "indexOf", "lastIndexOf", "includes", "toJSON"]);
const chained = new Set(["fill", "sort", "reverse"]);

function listDraft(spot: Spot): object {
  const list = new ListOf(spot);
  const methods = new Map<string | symbol, unknown>();
  const index = (name: string | symbol) => (typeof name === "string" && /^(0|[1-9]\d{0,9})$/.test(name) ? Number(name) : undefined);
  const method = (name: string | symbol): unknown => {
    const known = methods.get(name);
    if (known) return known;
    let made: unknown;
    if (name === Symbol.iterator) made = () => list.drafts().values();
    else if (typeof name !== "string") return undefined;
    else if ((readers as readonly string[]).includes(name)) {
      made = (...given: unknown[]) => {
        const drafts = list.drafts() as unknown as Record<string, (...given: unknown[]) => unknown>;
        return drafts[name](...given);
      };
    } else if (writers.has(name)) made = (list as unknown as Record<string, (...given: unknown[]) => unknown>)[name].bind(list);
    else if (chained.has(name)) {
      made = (...given: unknown[]) => {
        (list as unknown as Record<string, (...given: unknown[]) => unknown>)[name](...given);
        return proxy;
      };
    }
    if (made) methods.set(name, made);
    return made;
  };
  const proxy: object = new Proxy({} as object, {
    get: (_target, name) => {
      const at = index(name);
      if (at !== undefined) return list.item(at);
      return name === "length" ? list.length : method(name);
    },
    set: (_target, name, value) => {
      const at = index(name);
      if (name === "length") list.resize(value as number);
      else if (at === undefined) throw clientError("wrongType", `a list has no member "${String(name)}"`);
      else if (!(typeof value === "object" && value !== null && at < list.length && spots.get(value as object) === spot.below(at))) list.set(at, value);
      return true;
    },
    deleteProperty: () => {
      throw clientError("wrongType", "lists have no holes; use splice");
    },
    has: (_target, name) => {
      const at = index(name);
      return at !== undefined ? at < list.length : name === "length" || method(name) !== undefined;
    },
    ownKeys: () => list.items().map((_item, i) => String(i)),
    getOwnPropertyDescriptor: (_target, name) => {
      const at = index(name);
      return at !== undefined && at < list.length ? { value: list.item(at), enumerable: true, configurable: true, writable: true } : undefined;
    },
  });
  return proxy;
}

