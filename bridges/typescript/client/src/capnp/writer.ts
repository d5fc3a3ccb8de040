/** Writes Cap'n Proto messages in the unpacked stream framing, with one segment. */
import { clientError } from "../errors.js";
import type { Enums, Field, Layout, Layouts, Struct } from "./layout.js";

const utf8 = new TextEncoder();

/** The message whose root is `value`, a struct called `root`. Fields that are left out have their defaults. */
export function writeMessage(value: Struct, root: string, layouts: Layouts, enums: Enums): Uint8Array {
  return new MessageWriter(layouts, enums).write(value, root);
}

class MessageWriter {
  readonly #layouts: Layouts;
  readonly #enums: Enums;
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #used = 8; // the framing's table: one segment and its size

  constructor(layouts: Layouts, enums: Enums) {
    this.#layouts = layouts;
    this.#enums = enums;
  }

  write(value: Struct, root: string): Uint8Array {
    const pointer = this.#take(8);
    this.#struct(value, root, pointer);
    this.#view.setUint32(4, this.#used / 8 - 1, true);
    return this.#bytes.subarray(0, this.#used);
  }

  /** Room of so many bytes, rounded up to words, all zero. */
  #take(bytes: number): number {
    const at = this.#used;
    this.#used += Math.ceil(bytes / 8) * 8;
    if (this.#used > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#used, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  #pointTo(pointer: number, target: number, kind: number, high: number): void {
    this.#view.setInt32(pointer, (((target - pointer - 8) / 8) << 2) | kind, true);
    this.#view.setUint32(pointer + 4, high >>> 0, true);
  }

  #struct(value: Struct, name: string, pointer: number): void {
    const layout = this.#layouts[name];
    const at = this.#take((layout.words + layout.pointers) * 8);
    // A struct without content points to itself, so that it is not null.
    const empty = layout.words + layout.pointers === 0;
    this.#pointTo(pointer, empty ? pointer : at, 0, layout.words | (layout.pointers << 16));
    this.#content(value, name, layout, at);
  }

  #content(value: Struct, name: string, layout: Layout, at: number): void {
    if (layout.tag !== undefined) {
      const member = value.which === undefined ? undefined : layout.fields[value.which];
      if (member?.tag === undefined) throw clientError("malformed", `${name} has no member ${String(value.which)}`);
      this.#view.setUint16(at + layout.tag * 2, member.tag, true);
    }
    for (const key in layout.fields) {
      const field = layout.fields[key];
      if (field.tag !== undefined && key !== value.which) continue;
      const given = value[key];
      if (given !== undefined) this.#field(given, field, at, at + layout.words * 8);
    }
  }

  #field(value: unknown, field: Field, data: number, pointers: number): void {
    const pointer = pointers + field.at * 8;
    switch (field.kind) {
      case "void":
        return;
      case "bool":
        if (value) this.#bytes[data + (field.at >> 3)] |= 1 << (field.at & 7);
        return;
      case "enum":
        this.#view.setUint16(data + field.at * 2, this.#enums[field.of].indexOf(value as string), true);
        return;
      case "u32":
        this.#view.setUint32(data + field.at * 4, value as number, true);
        return;
      case "i32":
        this.#view.setInt32(data + field.at * 4, value as number, true);
        return;
      case "u64":
      case "i64":
        this.#view.setBigInt64(data + field.at * 8, BigInt(value as number), true);
        return;
      case "optional64":
        this.#view.setBigInt64(data + field.at * 8, ~BigInt(value as number), true);
        return;
      case "text":
        this.#text(value as string, pointer);
        return;
      case "data":
        this.#list(value as Uint8Array, (value as Uint8Array).length, pointer);
        return;
      case "struct":
        this.#struct(value as Struct, field.of, pointer);
        return;
      case "structs": {
        const items = value as readonly Struct[];
        const layout = this.#layouts[field.of];
        const size = layout.words + layout.pointers;
        const at = this.#take(8 + items.length * size * 8);
        this.#pointTo(pointer, at, 1, ((items.length * size) << 3) | 7);
        this.#view.setUint32(at, items.length << 2, true);
        this.#view.setUint32(at + 4, (layout.words | (layout.pointers << 16)) >>> 0, true);
        items.forEach((item, i) => this.#content(item, field.of, layout, at + 8 + i * size * 8));
        return;
      }
      case "texts":
      case "datas": {
        const items = value as readonly (string | Uint8Array)[];
        const at = this.#take(items.length * 8);
        this.#pointTo(pointer, at, 1, (items.length << 3) | 6);
        items.forEach((item, i) => {
          if (typeof item === "string") this.#text(item, at + 8 * i);
          else this.#list(item, item.length, at + 8 * i);
        });
        return;
      }
    }
  }

  #text(value: string, pointer: number): void {
    if (value === "") return;
    const bytes = utf8.encode(value);
    this.#list(bytes, bytes.length + 1, pointer);
  }

  /** A list of `count` bytes that begins with `bytes`; the rest is zero. */
  #list(bytes: Uint8Array, count: number, pointer: number): void {
    if (count >= 2 ** 29) throw clientError("limit", "too long for a message");
    const at = this.#take(count);
    this.#pointTo(pointer, at, 1, (count << 3) | 2);
    this.#bytes.set(bytes, at);
  }
}
