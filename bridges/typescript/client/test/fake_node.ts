/**
 * A node for tests, in memory: it gives every element of a list and every character of a text a name of its own, turns the
 * positions of a write into such names at the revision the write was made on, and so hits the same things now. That is
 * what a real node does, in the plainest way; it knows lists, texts, registers, flags, counters and tables of any shape.
 */
import type { Shape } from "../src/index.js";
import type { Edit, Patch, WirePath, WireStep } from "../src/replica/wire.js";

interface Named {
  readonly name: number;
  value: Part;
}
type Part =
  | { kind: "leaf"; shape: Shape; value: unknown }
  | { kind: "text"; units: { name: number; unit: string }[] }
  | { kind: "list"; shape: Shape; items: Named[] }
  | { kind: "struct"; fields: Map<string, Part> }
  | { kind: "table"; shape: Shape; rows: Map<string, Part> };

/** A step in names: they mean the same in every revision. */
type NamedStep = { field: string } | { key: string | number | boolean } | { element: number };

let names = 0;

function empty(shape: Shape): Part {
  switch (shape.kind) {
    case "struct":
      return { kind: "struct", fields: new Map(Object.entries(shape.fields).map(([name, field]) => [name, empty(field)])) };
    case "table":
      return { kind: "table", shape: shape.value as Shape, rows: new Map() };
    case "array":
      return { kind: "list", shape: shape.element as Shape, items: [] };
    case "text":
      return { kind: "text", units: [] };
    case "register":
      return { kind: "leaf", shape, value: shape.default ?? null };
    case "flag":
      return { kind: "leaf", shape, value: false };
    case "counter":
      return { kind: "leaf", shape, value: 0 };
  }
}

function units(text: string): { name: number; unit: string }[] {
  return text.split("").map((unit) => ({ name: ++names, unit }));
}

/** Makes a part equal to JSON; what is not named in structs stays. Lists and texts get new names. */
function fill(part: Part, json: unknown): void {
  switch (part.kind) {
    case "leaf":
      part.value = json;
      return;
    case "text":
      part.units = units(json as string);
      return;
    case "list":
      part.items = (json as unknown[]).map((value) => named(part.shape, value));
      return;
    case "struct":
      for (const [name, value] of Object.entries(json as object)) fill(part.fields.get(name) as Part, value);
      return;
    case "table": {
      const given = json as Record<string, unknown>;
      for (const key of [...part.rows.keys()]) if (!(key in given)) part.rows.delete(key);
      for (const [key, value] of Object.entries(given)) {
        const row = part.rows.get(key) ?? empty(part.shape);
        fill(row, value);
        part.rows.set(key, row);
      }
    }
  }
}

/** What any place but a row or an element becomes when it is removed. */
function emptied(part: Part): void {
  if (part.kind === "leaf") part.value = plain(empty(part.shape));
  if (part.kind === "text") part.units = [];
  if (part.kind === "list") part.items = [];
  if (part.kind === "table") part.rows.clear();
  if (part.kind === "struct") for (const field of part.fields.values()) emptied(field);
}

function named(shape: Shape, json: unknown): Named {
  const value = empty(shape);
  fill(value, json);
  return { name: ++names, value };
}

export function plain(part: Part): unknown {
  switch (part.kind) {
    case "leaf":
      return part.value;
    case "text":
      return part.units.map((u) => u.unit).join("");
    case "list":
      return part.items.map((item) => plain(item.value));
    case "struct":
      return Object.fromEntries([...part.fields].map(([name, field]) => [name, plain(field)]));
    case "table":
      return Object.fromEntries([...part.rows].map(([key, row]) => [key, plain(row)]));
  }
}

function copy(part: Part): Part {
  switch (part.kind) {
    case "leaf":
      return { ...part };
    case "text":
      return { kind: "text", units: part.units.slice() };
    case "list":
      return { ...part, items: part.items.map((item) => ({ name: item.name, value: copy(item.value) })) };
    case "struct":
      return { kind: "struct", fields: new Map([...part.fields].map(([name, field]) => [name, copy(field)])) };
    case "table":
      return { ...part, rows: new Map([...part.rows].map(([key, row]) => [key, copy(row)])) };
  }
}

function child(part: Part, step: WireStep): { part: Part; step: NamedStep } | undefined {
  if (typeof step === "string" && part.kind === "struct") {
    const field = part.fields.get(step);
    return field && { part: field, step: { field: step } };
  }
  if (typeof step === "number" && part.kind === "list") {
    const item = part.items[step];
    return item && { part: item.value, step: { element: item.name } };
  }
  if (typeof step === "object" && part.kind === "table") {
    let row = part.rows.get(String(step[0]));
    if (!row) part.rows.set(String(step[0]), (row = empty(part.shape)));
    return { part: row, step: { key: step[0] } };
  }
  return undefined;
}

export class NodeError extends Error {
  constructor(readonly module: string, readonly code: number, readonly kind: "input" | "usage" | "denied" | "unavailable", message: string) {
    super(message);
  }
}
const outside = () => new NodeError("document", 9, "input", "out of range");
const gone = () => new NodeError("document_actor", 3, "input", "made on something that was removed");

/** One edit in names. */
type NamedEdit = { path: NamedStep[]; edit: Edit; anchor?: number; of?: number[]; items?: Named[]; firstName?: number; units?: { name: number; unit: string }[] };

/** Does the edit on `root` and says what it was in names. */
function toNames(root: Part, edit: Edit): NamedEdit {
  let part = root;
  const path: NamedStep[] = [];
  const steps = [...edit[1]];
  const last = steps[steps.length - 1];
  const onKey = edit[0] === "remove" && (typeof last === "object" || typeof last === "number");
  if (onKey) steps.pop();
  for (const step of steps) {
    const below = child(part, step);
    if (!below) throw outside();
    path.push(below.step);
    part = below.part;
  }
  const out: NamedEdit = { path, edit };
  switch (edit[0]) {
    case "insert":
      if (part.kind !== "list" || edit[2] > part.items.length) throw outside();
      out.anchor = part.items[edit[2] - 1]?.name ?? 0;
      out.items = edit[3].map((value) => named((part as Extract<Part, { kind: "list" }>).shape, value));
      break;
    case "erase":
      if (part.kind !== "list" || edit[2] + edit[3] > part.items.length) throw outside();
      out.of = part.items.slice(edit[2], edit[2] + edit[3]).map((item) => item.name);
      break;
    case "move": {
      if (part.kind !== "list" || edit[2] >= part.items.length || edit[3] >= part.items.length) throw outside();
      out.of = [part.items[edit[2]].name];
      out.anchor = part.items.filter((_item, i) => i !== edit[2])[edit[3] - 1]?.name ?? 0;
      break;
    }
    case "splice":
      if (part.kind !== "text" || edit[2] + edit[3] > part.units.length) throw outside();
      out.anchor = part.units[edit[2] - 1]?.name ?? 0;
      out.of = part.units.slice(edit[2], edit[2] + edit[3]).map((u) => u.name);
      out.units = units(edit[4]);
      break;
    case "remove":
      if (typeof last === "number") {
        if (part.kind !== "list" || last >= part.items.length) throw outside();
        out.of = [part.items[last].name];
      }
      break;
    default:
      break;
  }
  doNamed(root, out, []);
  return out;
}

/** Does an edit in names, and adds the patches that say what changed. Gaps are found through what was left of them then. */
function doNamed(root: Part, it: NamedEdit, patches: Patch[], order?: ReadonlyMap<number, number[]>): void {
  let part = root;
  const path: WireStep[] = [];
  let appeared: { path: WirePath; row: Part } | undefined;
  for (const step of it.path) {
    if ("field" in step) {
      part = (part as Extract<Part, { kind: "struct" }>).fields.get(step.field) as Part;
      path.push(step.field);
    } else if ("key" in step) {
      const table = part as Extract<Part, { kind: "table" }>;
      path.push([step.key]);
      let row = table.rows.get(String(step.key));
      if (!row) {
        table.rows.set(String(step.key), (row = empty(table.shape)));
        appeared ??= { path: [...path], row };
      }
      part = row;
    } else {
      const list = part as Extract<Part, { kind: "list" }>;
      const index = list.items.findIndex((item) => item.name === step.element);
      if (index < 0) throw gone();
      path.push(index);
      part = list.items[index].value;
    }
  }
  const edit = it.edit;
  const mine: Patch[] = [];
  const gap = (sequence: readonly { name: number }[]) => {
    if (it.anchor === 0) return 0;
    const at = sequence.findIndex((one) => one.name === it.anchor);
    if (at >= 0) return at + 1;
    // The neighbour is gone: the nearest on its left, as it stood when the edit was made.
    const left = order?.get(it.anchor as number) ?? [];
    for (const name of left) {
      const found = sequence.findIndex((one) => one.name === name);
      if (found >= 0) return found + 1;
    }
    return 0;
  };
  switch (edit[0]) {
    case "set": {
      // The same names in the old value and in the new one.
      const next = names;
      names = it.firstName ??= names;
      fill(part, edit[2]);
      names = Math.max(names, next);
      mine.push(["set", path, plain(part) as never]);
      break;
    }
    case "touch":
      mine.push(["set", path, plain(part) as never]);
      break;
    case "reset":
      (part as { value: unknown }).value = 0;
      mine.push(["set", path, 0]);
      break;
    case "increment": {
      const leaf = part as { value: number };
      leaf.value += Number(edit[2]);
      mine.push(["set", path, leaf.value]);
      break;
    }
    case "insert": {
      const list = part as Extract<Part, { kind: "list" }>;
      const at = gap(list.items);
      const items = (it.items as Named[]).map((item) => ({ name: item.name, value: copy(item.value) }));
      list.items.splice(at, 0, ...items);
      mine.push(["insert", path, at, items.map((item) => plain(item.value)) as never]);
      break;
    }
    case "remove":
    case "erase": {
      if (it.of === undefined) {
        const last = edit[1][edit[1].length - 1];
        if (typeof last !== "object") {
          emptied(part);
          mine.push(["set", path, plain(part) as never]);
          break;
        }
        if ((part as Extract<Part, { kind: "table" }>).rows.delete(String(last[0]))) mine.push(["remove", [...path, last]]);
        break;
      }
      const list = part as Extract<Part, { kind: "list" }>;
      for (const name of it.of as number[]) {
        const at = list.items.findIndex((item) => item.name === name);
        if (at < 0) continue;
        list.items.splice(at, 1);
        mine.push(["remove", path, at, 1]);
      }
      break;
    }
    case "move": {
      const list = part as Extract<Part, { kind: "list" }>;
      const from = list.items.findIndex((item) => item.name === (it.of as number[])[0]);
      if (from < 0) break;
      const [item] = list.items.splice(from, 1);
      const to = gap(list.items);
      list.items.splice(to, 0, item);
      if (from !== to) mine.push(["move", path, from, to]);
      break;
    }
    case "splice": {
      const text = part as Extract<Part, { kind: "text" }>;
      const at = gap(text.units);
      const added = it.units as { name: number; unit: string }[];
      text.units.splice(at, 0, ...added);
      if (added.length > 0) mine.push(["splice", path, at, 0, added.map((u) => u.unit).join("")]);
      for (const name of it.of as number[]) {
        const here = text.units.findIndex((u) => u.name === name);
        if (here < 0) continue;
        text.units.splice(here, 1);
        mine.push(["splice", path, here, 1, ""]);
      }
      break;
    }
  }
  if (appeared) patches.push(["set", appeared.path, plain(appeared.row) as never]);
  else patches.push(...mine);
}

/** For each item of every sequence, what stood to its left, nearest first. */
function leftsOf(part: Part, out: Map<number, number[]>): void {
  const add = (sequence: readonly { name: number }[]) => {
    sequence.forEach((one, i) => {
      if (!out.has(one.name)) out.set(one.name, sequence.slice(0, i).map((other) => other.name).reverse());
    });
  };
  if (part.kind === "text") add(part.units);
  if (part.kind === "list") {
    add(part.items);
    for (const item of part.items) leftsOf(item.value, out);
  }
  if (part.kind === "struct") for (const field of part.fields.values()) leftsOf(field, out);
  if (part.kind === "table") for (const row of part.rows.values()) leftsOf(row, out);
}

export interface Update {
  from: number;
  to: number;
  patches: Patch[];
}

/** A document of the fake node. */
export class FakeDocument {
  readonly shape: Shape;
  revision = 0;
  /** Revisions before this one are not remembered. */
  remembered = 0;
  readonly #history: Part[] = [];
  readonly #updates: Patch[][] = [];
  readonly done = new Map<string, number>();
  readonly log: { edits: readonly Edit[]; onRevision: number | undefined; origin: string; label: string }[] = [];
  #now: Part;

  constructor(shape: Shape, json: unknown = {}) {
    this.shape = shape;
    this.#now = empty(shape);
    fill(this.#now, json);
    this.#history.push(copy(this.#now));
  }

  json(): unknown {
    return structuredClone(plain(this.#now));
  }

  /** @returns the revision that the write led to, and whether it was known already. */
  write(client: number, number: number, edits: readonly Edit[], onRevision: number | undefined, origin = "", label = ""): { revision: number; repeated: boolean } {
    const known = this.done.get(`${client}.${number}`);
    if (known !== undefined) return { revision: known, repeated: true };
    if (onRevision !== undefined && (onRevision < this.remembered || onRevision > this.revision))
      throw new NodeError("document_actor", 2, "input", "made on a revision that lies too far back");
    const old = copy(this.#history[onRevision ?? this.revision]);
    const named: [NamedEdit, Map<number, number[]>][] = edits.map((edit) => {
      const lefts = new Map<number, number[]>();
      leftsOf(old, lefts);
      return [toNames(old, edit), lefts];
    });
    const next = copy(this.#now);
    const patches: Patch[] = [];
    for (const [edit, lefts] of named) doNamed(next, edit, patches, lefts);
    this.#now = next;
    this.#history.push(copy(next));
    this.#updates.push(structuredClone(patches) as Patch[]);
    ++this.revision;
    this.done.set(`${client}.${number}`, this.revision);
    this.log.push({ edits, onRevision, origin, label });
    return { revision: this.revision, repeated: false };
  }

  /** The latest of the client's writes. */
  written(client: number): number {
    let latest = 0;
    for (const key of this.done.keys()) {
      const [who, number] = key.split(".");
      if (Number(who) === client) latest = Math.max(latest, Number(number));
    }
    return latest;
  }

  /** Undefined when that is not remembered. */
  since(have: number | undefined): Update | undefined {
    if (have === undefined || have < this.remembered || have > this.revision) return undefined;
    return { from: have, to: this.revision, patches: structuredClone(this.#updates.slice(have).flat()) as Patch[] };
  }
}
