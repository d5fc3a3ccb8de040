/**
 * A document as one client sees it: what the node said last, and on top of it the client's own writes that the node has
 * not confirmed. Pure; whoever owns it talks to the node.
 *
 * Writes wait in a queue, and at most the first one is under way. Each write's edits are kept as edits of the value that the
 * writes before it lead to, so when the node's value moves on, all of them are carried over (rebase.ts), one after another.
 */
import { clientError } from "../errors.js";
import type { Shape } from "../schema.js";
import { applyPatch, Batch } from "./apply.js";
import { Conflicts, placeBefore } from "./conflicts.js";
import { reconcile } from "./difference.js";
import { record } from "./draft.js";
import { Alignments, applyAll, rebase } from "./rebase.js";
import { fromJson, type Json, type Value } from "./value.js";
import type { Edit, Patch, WirePath } from "./wire.js";

/** Writes that wait; a further transaction is refused. */
export const maxWaitingWrites = 10_000;
/** From so many waiting writes on, transactions of one origin and label join the last write. */
export const joinFrom = 64;
/** Edits of one write, as far as transactions are joined. */
export const maxJoinedEdits = 1_000;

/** A write that the node has not confirmed. */
export interface PendingWrite {
  readonly number: number;
  /** Undefined: not a transaction but undo or redo, which shows nothing before the node has done it. */
  edits: readonly Edit[] | undefined;
  readonly redo: boolean;
  readonly origin: string;
  readonly label: string;
  /** It is on its way to the node. */
  sent: boolean;
  /** The revision that it led to, once the node has answered. */
  answered: number | undefined;
  /** How often the node refused it because others had written meanwhile. */
  overtaken: number;
}

export interface WriteOptions {
  readonly origin: string;
  readonly label: string;
}

export class Replica {
  readonly shape: Shape;
  readonly conflicts = new Conflicts();
  #base: Value;
  #shown: Value;
  #revision: number | undefined;
  readonly #queue: PendingWrite[] = [];
  #nextNumber: number;

  /** @param firstNumber of the client's writes to this document; greater than all numbers that were used before. */
  constructor(shape: Shape, firstNumber = 1) {
    this.shape = shape;
    this.#nextNumber = firstNumber;
  }

  /** What is shown; undefined before the first value, and when the place does not exist. */
  get value(): Value {
    return this.#shown;
  }
  /** The node's revision below; undefined before the first value. */
  get revision(): number | undefined {
    return this.#revision;
  }
  get pending(): readonly PendingWrite[] {
    return this.#queue;
  }
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** The node's value as a whole, and what is concurrent in it. Throws when it does not fit the schema; nothing has changed then. */
  reset(json: Json, revision: number, written: number, conflicts: readonly Patch[] = []): void {
    const fresh = json === null ? undefined : fromJson(this.shape, json);
    this.conflicts.clear();
    for (const patch of conflicts) this.conflicts.apply(patch);
    this.#moveTo(reconcile(this.#base, fresh), revision, written);
  }

  /**
   * The node's patches. Throws when they do not start at the revision here or do not fit; nothing has changed then, and
   * the whole value must be asked for.
   */
  patch(patches: readonly Patch[], from: number, to: number, written: number): void {
    if (from !== this.#revision) throw clientError("malformed", `patches from revision ${from} came at ${String(this.#revision)}`);
    const batch = new Batch();
    let value = this.#base;
    for (const patch of patches) value = applyPatch(batch, this.shape, value, patch);
    for (const patch of patches) this.conflicts.apply(patch);
    this.#moveTo(value, to, written);
  }

  /** Edits what is shown. Undefined when nothing was edited; throws what `edit` throws. */
  transact(edit: (draft: unknown) => unknown, options: WriteOptions): PendingWrite | undefined {
    if (this.#shown === undefined) throw clientError("noSuchPlace", "there is no value to edit yet");
    if (this.#queue.length >= maxWaitingWrites) throw clientError("limit", `${maxWaitingWrites} writes wait for the node already`);
    const done = record(this.shape, this.#shown, edit, (path, done) => this.#concurrent(path, done));
    if (done.edits.length === 0) return undefined;
    this.#shown = done.value;
    const last = this.#queue[this.#queue.length - 1];
    if (
      this.#queue.length >= joinFrom &&
      !last.sent &&
      last.edits &&
      last.origin === options.origin &&
      last.label === options.label &&
      last.edits.length + done.edits.length <= maxJoinedEdits
    ) {
      last.edits = [...last.edits, ...done.edits];
      return last;
    }
    return this.#push({ ...options, edits: done.edits, redo: false });
  }

  /** The concurrent values of a register, by its place in what `done` has made of what is shown. */
  #concurrent(path: WirePath, done: readonly Edit[]): readonly Json[] {
    if (this.conflicts.size === 0) return [];
    let place = placeBefore(path, done);
    for (let i = this.#queue.length - 1; place && i >= 0; --i) place = placeBefore(place, this.#queue[i].edits ?? []);
    return place ? this.conflicts.at(place) : [];
  }

  /** The concurrent values of a register that is shown, the winner first; none where there is no conflict. */
  conflictsAt(path: WirePath): readonly Json[] {
    return this.#concurrent(path, []);
  }

  /** Undo or redo: shown when the node has done it. */
  takeBack(origin: string, redo: boolean): PendingWrite {
    if (this.#queue.length >= maxWaitingWrites) throw clientError("limit", `${maxWaitingWrites} writes wait for the node already`);
    return this.#push({ origin, label: "", edits: undefined, redo });
  }

  #push(write: { origin: string; label: string; edits: readonly Edit[] | undefined; redo: boolean }): PendingWrite {
    const pending: PendingWrite = { ...write, number: this.#nextNumber++, sent: false, answered: undefined, overtaken: 0 };
    this.#queue.push(pending);
    return pending;
  }

  /** The write to send now, if there is one; it counts as sent from then on. */
  next(): PendingWrite | undefined {
    const first = this.#queue[0];
    if (!first || first.sent || first.answered !== undefined || this.#revision === undefined) return undefined;
    first.sent = true;
    return first;
  }

  /** The connection is gone: what was under way must be sent again, with the same number. */
  unsend(): void {
    for (const write of this.#queue) write.sent = false;
  }

  /** The node has the write; it leaves the queue when the value here is that far. */
  answered(write: PendingWrite, revision: number): void {
    write.answered = revision;
    if (this.#queue[0] === write && this.#revision !== undefined && this.#revision >= revision) {
      // The value already holds it: what was shown without it in the queue is what is shown.
      this.#moveTo(this.#base, this.#revision, write.number);
    }
  }

  /** The node refuses the write: it is not shown any more, and what came after it is carried over. */
  drop(write: PendingWrite): void {
    const index = this.#queue.indexOf(write);
    if (index < 0) return;
    this.#carry(this.#base, (at) => at === index);
  }

  #moveTo(base: Value, revision: number, written: number): void {
    this.#revision = revision;
    const over = (write: PendingWrite, at: number) =>
      write.number <= written || (at === 0 && write.answered !== undefined && revision >= write.answered);
    let count = 0;
    while (count < this.#queue.length && over(this.#queue[count], count)) ++count;
    this.#carry(base, (at) => at < count, count);
  }

  /** Puts the pending writes on a new base. Those that `leaves` names go; the first `held` of them are in the base. */
  #carry(base: Value, leaves: (at: number) => boolean, held = 0): void {
    if (this.#queue.length === 0) {
      this.#base = this.#shown = base;
      return;
    }
    let before = this.#base;
    let after = base;
    if (held > 0) {
      for (const write of this.#queue.slice(0, held)) before = this.#after(before, write);
      // What the writes made here and what the node says they made looks the same: it is to be the same.
      after = reconcile(before, base);
    }
    this.#base = after;
    const rest: PendingWrite[] = [];
    const align = new Alignments();
    this.#queue.forEach((write, at) => {
      if (at < held) return;
      if (leaves(at)) {
        before = this.#after(before, write);
        return;
      }
      if (write.edits && before !== undefined && after !== undefined) {
        const carried = rebase(this.shape, before, after, write.edits, align);
        write.edits = carried.edits;
        after = carried.value;
        before = carried.before;
      } else {
        before = this.#after(before, write);
      }
      rest.push(write);
    });
    this.#queue.splice(0, this.#queue.length, ...rest);
    this.#shown = reconcile(this.#shown, after);
    if (this.#queue.length === 0) this.#base = this.#shown;
  }

  #after(value: Value, write: PendingWrite): Value {
    return write.edits && value !== undefined ? applyAll(this.shape, value, write.edits) : value;
  }
}
