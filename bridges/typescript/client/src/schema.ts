/**
 * How a document's schema looks to TypeScript: markers for what is more than a primitive, and the types derived from a
 * model: what is read (`Snapshot`), what is edited (`Draft`) and what is put in (`Input`).
 *
 * Models and schemas are written by `tlfs schema generate --lang ts`.
 */

declare const marker: unique symbol;

/** A collaborative text. Read as a string; positions count UTF-16 units. */
export interface Text {
  readonly [marker]: "text";
}
/** A number that concurrent increments add up in. */
export interface Counter {
  readonly [marker]: "counter";
}
/** A boolean in which concurrent `true` wins. */
export interface Flag {
  readonly [marker]: "flag";
}
/** A register of bytes. Never change the bytes in place. */
export interface Bytes {
  readonly [marker]: "bytes";
}
/** A register of an integer of 64 bits: a number up to 2^53, a bigint beyond. */
export interface Int64 {
  readonly [marker]: "int64";
}
/** Rows by key. */
export interface Table<K extends TableKey, V> {
  readonly [marker]: "table";
  readonly key: K;
  readonly row: V;
}
/** Elements in an order that everyone agrees on. */
export interface List<T> {
  readonly [marker]: "list";
  readonly element: T;
}

export type TableKey = string | number | bigint | boolean;

/** What a register holds. */
export type Primitive = "string" | "bool" | "u64" | "i64" | "f64" | "bytes";

/** A place of a schema, as the node describes it. */
export type Shape =
  | { readonly kind: "struct"; readonly fields: { readonly [name: string]: Shape } }
  | { readonly kind: "table"; readonly key: "string" | "u64" | "i64" | "bool"; readonly value?: Shape }
  | { readonly kind: "array"; readonly element?: Shape }
  | { readonly kind: "text" }
  | { readonly kind: "register"; readonly primitive: Primitive; readonly default?: unknown }
  | { readonly kind: "flag" }
  | { readonly kind: "counter" };

/** A version of a schema package. `M` says what its documents look like. */
export interface Schema<M> {
  readonly package: string;
  readonly version: string;
  /** The package as nodes exchange it, in base64: what `Client.create` hands to the node. */
  readonly encoded: string;
  /** The root of the version's documents. */
  readonly shape: Shape;
  /** Only for the compiler; never there. */
  readonly [model]?: M;
}
declare const model: unique symbol;

/** Names a schema's model; the value itself passes through. */
export function defineSchema<M>(schema: {
  readonly package: string;
  readonly version: string;
  readonly encoded: string;
  readonly shape: Shape;
}): Schema<M> {
  return schema as Schema<M>;
}

/** What stands for the model where no schema is given: everything can be read, nothing is promised about it. */
export interface Untyped {
  readonly [marker]: "untyped";
}

/** What holds one value, and looks the same wherever it is read, edited or put in. */
type Single = Flag | Bytes | Int64 | string | number | bigint | boolean | null | undefined;
type SingleValue<M extends Single> = M extends Flag
  ? boolean
  : M extends Bytes
    ? Uint8Array
    : M extends Int64
      ? number | bigint
      : M;

/** What is read: plain values that never change. A part that did not change between two versions is the same object. */
export type Snapshot<M> = M extends Untyped
  ? unknown
  : M extends Single
    ? SingleValue<M>
    : M extends Text
      ? string
      : M extends Counter
        ? number
        : M extends Table<infer K, infer V>
          ? ReadonlyMap<K, Snapshot<V>>
          : M extends List<infer T>
            ? readonly Snapshot<T>[]
            : { readonly [F in keyof M]: Snapshot<M[F]> };

/** What is put in: fields of structs may be left out and have their defaults then. */
export type Input<M> = M extends Untyped
  ? unknown
  : M extends Single
    ? SingleValue<M>
    : M extends Text
      ? string
      : M extends Counter
        ? number | bigint
        : M extends Table<infer K, infer V>
          ? ReadonlyMap<K, Input<V>> | Iterable<readonly [K, Input<V>]>
          : M extends List<infer T>
            ? readonly Input<T>[]
            : { readonly [F in keyof M]?: Input<M[F]> };

/**
 * What a transaction edits. Fields are read and assigned as usual; what is read is what the transaction has made of it
 * so far.
 *
 * TypeScript gives a property one type for reading and assigning. Assigning a whole list, table or text works at run time;
 * for the compiler use `ListDraft.replace`, `TableDraft.replace` and `TextDraft.replace`.
 */
export type Draft<M> = M extends Untyped
  ? unknown
  : M extends Single
    ? SingleValue<M>
    : M extends Text
      ? TextDraft
      : M extends Counter
        ? CounterDraft
        : M extends Table<infer K, infer V>
          ? TableDraft<K, V>
          : M extends List<infer T>
            ? ListDraft<T>
            : { -readonly [F in keyof M]: Draft<M[F]> };

/** A text inside a transaction. Positions count UTF-16 units, as JavaScript's strings do. */
export interface TextDraft {
  readonly length: number;
  toString(): string;
  /** Takes `removed` units away at `position` and puts `text` there. */
  splice(position: number, removed: number, text?: string): void;
  insert(position: number, text: string): void;
  delete(position: number, count: number): void;
  /** Makes the text equal to `text`; only what differs is edited. */
  replace(text: string): void;
}

/** A counter inside a transaction. */
export interface CounterDraft {
  readonly value: number;
  /** Adds `by`, a whole number; 1 when it is left out. */
  increment(by?: number): void;
  /** Makes it 0; increments that others make meanwhile stay. */
  reset(): void;
  valueOf(): number;
}

/** A table inside a transaction: a Map whose rows are drafts. */
export interface TableDraft<K extends TableKey, V> extends Iterable<[K, Draft<V>]> {
  readonly size: number;
  has(key: K): boolean;
  get(key: K): Draft<V> | undefined;
  /** Makes the row equal to `value`; fields of a struct that are not named stay as they are. */
  set(key: K, value: Input<V>): this;
  /** The row, made with its defaults where it is not there. */
  touch(key: K): Draft<V>;
  delete(key: K): boolean;
  clear(): void;
  /** Makes the table equal to `rows`. */
  replace(rows: Input<Table<K, V>>): void;
  keys(): IterableIterator<K>;
  values(): IterableIterator<Draft<V>>;
  entries(): IterableIterator<[K, Draft<V>]>;
  forEach(callback: (row: Draft<V>, key: K, table: TableDraft<K, V>) => void): void;
}

/**
 * A list inside a transaction: Array's methods, with drafts as elements. A draft of an element stays with it wherever
 * it moves; after the element is gone, using it throws.
 */
export interface ListDraft<T> extends Iterable<Draft<T>> {
  length: number;
  [index: number]: Draft<T>;
  at(index: number): Draft<T> | undefined;
  /** Makes the element equal to `value`; it stays the same element. */
  set(index: number, value: Input<T>): void;
  push(...values: Input<T>[]): number;
  pop(): Snapshot<T> | undefined;
  shift(): Snapshot<T> | undefined;
  unshift(...values: Input<T>[]): number;
  /** What it took away, as values. */
  splice(start: number, deleteCount?: number, ...values: Input<T>[]): Snapshot<T>[];
  fill(value: Input<T>, start?: number, end?: number): this;
  /** Takes the element at `from` out and puts it back so that it has index `to`: it stays the same element. */
  move(from: number, to: number): void;
  /** Orders the elements by moving them. */
  sort(compare?: (a: Draft<T>, b: Draft<T>) => number): this;
  reverse(): this;
  /** Makes the list equal to `values`. */
  replace(values: readonly Input<T>[]): void;
  /** Of an element: its draft, its value in a snapshot, or an equal primitive. */
  indexOf(value: Draft<T> | Snapshot<T>, from?: number): number;
  lastIndexOf(value: Draft<T> | Snapshot<T>): number;
  includes(value: Draft<T> | Snapshot<T>, from?: number): boolean;
  find(test: (element: Draft<T>, index: number) => unknown): Draft<T> | undefined;
  findLast(test: (element: Draft<T>, index: number) => unknown): Draft<T> | undefined;
  findIndex(test: (element: Draft<T>, index: number) => unknown): number;
  findLastIndex(test: (element: Draft<T>, index: number) => unknown): number;
  filter(test: (element: Draft<T>, index: number) => unknown): Draft<T>[];
  map<R>(change: (element: Draft<T>, index: number) => R): R[];
  flatMap<R>(change: (element: Draft<T>, index: number) => R | readonly R[]): R[];
  forEach(callback: (element: Draft<T>, index: number) => void): void;
  some(test: (element: Draft<T>, index: number) => unknown): boolean;
  every(test: (element: Draft<T>, index: number) => unknown): boolean;
  reduce<R>(step: (sum: R, element: Draft<T>, index: number) => R, start: R): R;
  reduceRight<R>(step: (sum: R, element: Draft<T>, index: number) => R, start: R): R;
  slice(start?: number, end?: number): Draft<T>[];
  concat(...others: readonly Draft<T>[][]): Draft<T>[];
  join(separator?: string): string;
  keys(): IterableIterator<number>;
  values(): IterableIterator<Draft<T>>;
  entries(): IterableIterator<[number, Draft<T>]>;
}
