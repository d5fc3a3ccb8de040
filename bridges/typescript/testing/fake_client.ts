/**
 * A client and its node in one process, for tests of what shows documents: the real replica, and between it and the node
 * nothing but a queue that the test moves on by hand.
 */
import type { Client, ConnectionState, Document, DocumentInfo, DocumentState, Invitations, Level, Peer, Presence, TlfsError } from "@tlfs/client";
import { Source } from "../client/src/readable.js";
import { record } from "../client/src/replica/draft.js";
import { rebase } from "../client/src/replica/rebase.js";
import { Replica } from "../client/src/replica/replica.js";
import { fromJson, toJson, type Json, type Value } from "../client/src/replica/value.js";
import type { Shape } from "../client/src/schema.js";

export class FakeDocument implements Document<unknown> {
  readonly id: string;
  readonly shape: Shape;
  readonly presence = new Source<readonly Presence[]>([]);
  /** What others see of us. */
  shown: unknown = null;
  /** Which functions were called that the fake only counts. */
  readonly calls: string[] = [];
  readonly state: Source<DocumentState<unknown>>;
  /** Held by `open`, less what was released. */
  holders = 0;
  #replica: Replica;
  #node: Value;
  #revision = 0;
  #base: Value;
  #ready: (() => void)[] = [];
  #failed: ((error: TlfsError) => void)[] = [];
  readonly get: () => DocumentState<unknown>;
  readonly subscribe: (listener: () => void) => () => void;

  constructor(id: string, shape: Shape, json: Json) {
    this.id = id;
    this.shape = shape;
    this.#node = fromJson(shape, json);
    this.#replica = new Replica(shape);
    this.state = new Source<DocumentState<unknown>>({
      status: "loading",
      data: undefined,
      version: 0,
      sync: "offline",
      level: "own",
      pending: 0,
    });
    this.get = this.state.get;
    this.subscribe = this.state.subscribe;
  }

  /** The value comes from the node. */
  load(): void {
    this.#reset(0);
  }
  fail(error: TlfsError): void {
    this.#set({ status: "failed", error });
    for (const reject of this.#failed) reject(error);
  }
  setLevel(level: Level): void {
    this.#set({ level });
  }
  /** Somebody else edits; the client hears of it at the next `deliver`. */
  remote(edit: (draft: never) => void): void {
    this.#node = record(this.shape, this.#node, edit as (draft: unknown) => void).value;
    this.#revision += 1;
  }
  /** The node takes one write, and the client takes what the node has. */
  deliver(): void {
    const write = this.#replica.next();
    let written = 0;
    if (write) {
      if (write.edits) this.#node = rebase(this.shape, this.#base, this.#node, write.edits).value;
      this.#revision += 1;
      written = write.number;
    }
    this.#reset(written);
  }
  deliverAll(): void {
    do this.deliver();
    while (this.#replica.pending.length > 0);
  }
  get node(): Value {
    return this.#node;
  }

  ready(): Promise<DocumentState<unknown>> {
    if (this.get().data !== undefined) return Promise.resolve(this.get());
    return new Promise((resolve, reject) => {
      this.#ready.push(() => resolve(this.get()));
      this.#failed.push(reject);
    });
  }
  transact(edit: (draft: never) => void): { wait(): Promise<void> } {
    this.#replica.transact(edit as (draft: unknown) => unknown, { origin: "", label: "" });
    this.#set({ data: this.#replica.value as {} | undefined, pending: this.#replica.pending.length });
    return { wait: () => Promise.resolve() };
  }
  undo(): { wait(): Promise<void> } {
    this.calls.push("undo");
    return { wait: () => Promise.resolve() };
  }
  redo(): { wait(): Promise<void> } {
    this.calls.push("redo");
    return { wait: () => Promise.resolve() };
  }
  conflicts(): readonly unknown[] {
    return [];
  }
  setPresence(value: unknown): void {
    this.shown = value;
  }
  release(): void {
    this.holders -= 1;
  }

  #reset(written: number): void {
    this.#base = fromJson(this.shape, toJson(this.shape, this.#node));
    this.#node = this.#base;
    this.#replica.reset(toJson(this.shape, this.#node), this.#revision, written);
    this.#set({ status: "ready", data: this.#replica.value as {} | undefined, version: this.#revision, pending: this.#replica.pending.length });
    for (const resolve of this.#ready) resolve();
    this.#ready = [];
  }
  #set(change: Partial<DocumentState<unknown>>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}

export class FakeClient {
  readonly connection = new Source<ConnectionState>({ status: "online" });
  readonly documents = new Source<readonly DocumentInfo[] | undefined>(undefined);
  readonly peers = new Source<readonly Peer[] | undefined>(undefined);
  readonly invitations = new Source<Invitations | undefined>(undefined);
  readonly files = new Map<string, FakeDocument>();
  opened = 0;
  readonly joined: string[] = [];

  add(id: string, shape: Shape, json: Json): FakeDocument {
    const document = new FakeDocument(id, shape, json);
    this.files.set(id, document);
    return document;
  }
  open(id: string): FakeDocument {
    const document = this.files.get(id);
    if (!document) throw new Error(`no document ${id}`);
    this.opened += 1;
    document.holders += 1;
    return document;
  }
  join(link: string): Promise<string> {
    this.joined.push(link);
    return Promise.resolve("joined");
  }
  /** As what is tested takes it. */
  get client(): Client {
    return this as unknown as Client;
  }
}
