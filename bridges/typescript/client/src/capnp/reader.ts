/**
 * Reads Cap'n Proto messages: the unpacked stream framing (a table of segments, then the segments) and the encoding of
 * https://capnproto.org/encoding.html, as far as the bridge's messages use it.
 *
 * Any bytes are safe: every pointer is checked against its segment, depth and the words visited are limited. What does not
 * fit throws a TlfsError `malformed`.
 */
import { clientError } from "../errors.js";
import type { Enums, Field, Layout, Layouts, Struct } from "./layout.js";

export const maxSegments = 512;
export const maxDepth = 64;
/** Words that one message may make us visit, lists of structs without content included. */
export const maxVisitedWords = 8 * 1024 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });

function malformed(why: string): never {
  throw clientError("malformed", `not a message of the bridge: ${why}`);
}

/** A pointer's target: byte offsets into the whole message. */
interface Target {
  readonly start: number;
  readonly segment: number;
}
interface StructTarget extends Target {
  readonly words: number;
  readonly pointers: number;
}
interface ListTarget extends Target {
  readonly size: number;
  readonly count: number;
  /** Of a list of structs. */
  readonly words: number;
  readonly pointers: number;
}

/** Reads the message that `bytes` holds as a struct called `root`. Data fields are views of `bytes`. */
export function readMessage(bytes: Uint8Array, root: string, layouts: Layouts, enums: Enums): Struct {
  return new MessageReader(bytes, layouts, enums).root(root);
}

class MessageReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #layouts: Layouts;
  readonly #enums: Enums;
  /** Where each segment begins and ends, in bytes. */
  readonly #begin: number[] = [];
  readonly #end: number[] = [];
  #budget = maxVisitedWords;

  constructor(bytes: Uint8Array, layouts: Layouts, enums: Enums) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#layouts = layouts;
    this.#enums = enums;
    if (bytes.length < 8) malformed("too short");
    const segments = this.#view.getUint32(0, true) + 1;
    if (segments > maxSegments) malformed("too many segments");
    let at = 4 * (segments + 1);
    at += at % 8;
    if (at > bytes.length) malformed("the table of segments is cut off");
    for (let i = 0; i < segments; ++i) {
      const size = this.#view.getUint32(4 + 4 * i, true) * 8;
      if (at + size > bytes.length) malformed("a segment is cut off");
      this.#begin.push(at);
      this.#end.push(at + size);
      at += size;
    }
    if (at !== bytes.length) malformed("bytes after the last segment");
    if (this.#end[0] - this.#begin[0] < 8) malformed("no root");
  }

  root(name: string): Struct {
    const target = this.#structAt(this.#begin[0], 0);
    return this.#struct(target ?? { start: 0, segment: 0, words: 0, pointers: 0 }, name, 0);
  }

  #spend(words: number): void {
    this.#budget -= words;
    if (this.#budget < 0) malformed("it makes the reader visit too much");
  }

  /** Follows far pointers: where the pointer proper is and what it says, and what its target's start is. */
  #resolve(at: number, segment: number): { low: number; high: number; start: number; segment: number } | undefined {
    let low = this.#view.getInt32(at, true);
    let high = this.#view.getUint32(at + 4, true);
    if (low === 0 && high === 0) return undefined;
    if ((low & 3) !== 2) return { low, high, start: at + 8 + (low >> 2) * 8, segment };

    const pad = this.#far(low, high, (low & 4) !== 0 ? 16 : 8);
    const double = (low & 4) !== 0;
    segment = high;
    low = this.#view.getInt32(pad, true);
    high = this.#view.getUint32(pad + 4, true);
    if (!double) {
      if (low === 0 && high === 0) return undefined;
      if ((low & 3) === 2) malformed("a far pointer to a far pointer");
      return { low, high, start: pad + 8 + (low >> 2) * 8, segment };
    }
    if ((low & 7) !== 2) malformed("a double far pointer to something else");
    const start = this.#far(low, high, 0);
    segment = high;
    low = this.#view.getInt32(pad + 8, true);
    high = this.#view.getUint32(pad + 12, true);
    if ((low & 3) === 2 || low >> 2 !== 0) malformed("the tag of a double far pointer");
    return { low, high, start, segment };
  }

  /** Where a far pointer leads to; `bytes` must be there. */
  #far(low: number, segment: number, bytes: number): number {
    if (segment >= this.#begin.length) malformed("a far pointer to a segment that is not there");
    const at = this.#begin[segment] + (low >>> 3) * 8;
    if (at + bytes > this.#end[segment]) malformed("a far pointer out of its segment");
    return at;
  }

  #inside(start: number, bytes: number, segment: number): void {
    if (start < this.#begin[segment] || start + bytes > this.#end[segment]) malformed("a pointer out of its segment");
    this.#spend(bytes / 8);
  }

  #structAt(at: number, segment: number): StructTarget | undefined {
    const p = this.#resolve(at, segment);
    if (!p) return undefined;
    if ((p.low & 3) !== 0) malformed("a struct was expected");
    const words = p.high & 0xffff;
    const pointers = p.high >>> 16;
    this.#inside(p.start, (words + pointers) * 8, p.segment);
    this.#spend(1);
    return { start: p.start, segment: p.segment, words, pointers };
  }

  #listAt(at: number, segment: number): ListTarget | undefined {
    const p = this.#resolve(at, segment);
    if (!p) return undefined;
    if ((p.low & 3) !== 1) malformed("a list was expected");
    const size = p.high & 7;
    const count = p.high >>> 3;
    if (size !== 7) {
      const bits = [0, 1, 8, 16, 32, 64, 64][size];
      this.#inside(p.start, Math.ceil((count * bits) / 64) * 8, p.segment);
      this.#spend(1);
      return { start: p.start, segment: p.segment, size, count, words: 0, pointers: 0 };
    }
    this.#inside(p.start, (count + 1) * 8, p.segment);
    const tag = this.#view.getUint32(p.start, true);
    const sizes = this.#view.getUint32(p.start + 4, true);
    const words = sizes & 0xffff;
    const pointers = sizes >>> 16;
    const elements = tag >>> 2;
    if ((tag & 3) !== 0 || elements * (words + pointers) > count) malformed("the tag of a list");
    this.#spend(elements);
    return { start: p.start + 8, segment: p.segment, size, count: elements, words, pointers };
  }

  #struct(target: StructTarget, name: string, depth: number): Struct {
    if (depth > maxDepth) malformed("too deep");
    const layout: Layout = this.#layouts[name];
    const out: Struct = {};
    const tag = layout.tag === undefined ? undefined : this.#u16(target, layout.tag);
    for (const key in layout.fields) {
      const field = layout.fields[key];
      if (field.tag !== undefined) {
        if (field.tag !== tag) continue;
        out.which = key;
      }
      if (field.kind !== "void") out[key] = this.#field(target, field, depth);
    }
    if (tag !== undefined && out.which === undefined) malformed(`${name} has a member that is not known here`);
    return out;
  }

  /** Of the data section; what lies behind its end is 0. */
  #u16(t: StructTarget, at: number): number {
    return at * 2 + 2 <= t.words * 8 ? this.#view.getUint16(t.start + at * 2, true) : 0;
  }
  #u32(t: StructTarget, at: number): number {
    return at * 4 + 4 <= t.words * 8 ? this.#view.getUint32(t.start + at * 4, true) : 0;
  }

  #field(t: StructTarget, field: Field, depth: number): unknown {
    switch (field.kind) {
      case "void":
        return undefined;
      case "bool":
        return ((this.#u16(t, field.at >> 4) >> (field.at & 15)) & 1) === 1;
      case "enum": {
        const names = this.#enums[field.of];
        return names[this.#u16(t, field.at)] ?? malformed(`an unknown ${field.of}`);
      }
      case "u32":
        return this.#u32(t, field.at);
      case "i32":
        return this.#u32(t, field.at) | 0;
      case "u64":
        return exact(this.#u32(t, 2 * field.at), this.#u32(t, 2 * field.at + 1));
      case "i64":
        return exact(this.#u32(t, 2 * field.at), this.#u32(t, 2 * field.at + 1) | 0);
      case "optional64": {
        // The default is all ones, and what lies in the message is the value with the default's bits flipped.
        const low = ~this.#u32(t, 2 * field.at) >>> 0;
        const high = ~this.#u32(t, 2 * field.at + 1) >>> 0;
        return low === 0xffffffff && high === 0xffffffff ? undefined : exact(low, high);
      }
    }
    const at = t.start + (t.words + field.at) * 8;
    const there = field.at < t.pointers;
    switch (field.kind) {
      case "struct": {
        const target = there ? this.#structAt(at, t.segment) : undefined;
        return this.#struct(target ?? { start: 0, segment: 0, words: 0, pointers: 0 }, field.of, depth + 1);
      }
      case "text":
        return there ? this.#text(at, t.segment) : "";
      case "data":
        return there ? this.#data(at, t.segment) : new Uint8Array();
    }
    const list = there ? this.#listAt(at, t.segment) : undefined;
    if (!list) return [];
    const out: unknown[] = [];
    if (field.kind === "structs") {
      if (list.size !== 7) malformed("a list of structs was expected");
      const size = (list.words + list.pointers) * 8;
      for (let i = 0; i < list.count; ++i)
        out.push(this.#struct({ ...list, start: list.start + i * size }, field.of, depth + 1));
    } else {
      if (list.size !== 6) malformed("a list of pointers was expected");
      for (let i = 0; i < list.count; ++i) {
        const element = list.start + 8 * i;
        out.push(field.kind === "texts" ? this.#text(element, list.segment) : this.#data(element, list.segment));
      }
    }
    return out;
  }

  #data(at: number, segment: number): Uint8Array {
    const list = this.#listAt(at, segment);
    if (!list) return new Uint8Array();
    if (list.size !== 2) malformed("bytes were expected");
    return this.#bytes.subarray(list.start, list.start + list.count);
  }

  #text(at: number, segment: number): string {
    const bytes = this.#data(at, segment);
    if (bytes.length === 0) return "";
    if (bytes[bytes.length - 1] !== 0) malformed("a text without its end");
    try {
      return utf8.decode(bytes.subarray(0, -1));
    } catch {
      return malformed("a text that is not UTF-8");
    }
  }
}

function exact(low: number, high: number): number {
  const value = high * 4294967296 + low;
  if (!Number.isSafeInteger(value)) malformed("a number beyond 2^53");
  return value;
}
