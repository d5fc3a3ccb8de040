/**
 * A document that is open on a connection: one for each document, place and version of a client, however many hold it. It
 * opens, pulls when the node has notified, sends writes one after another, and starts anew after every loss of connection.
 */
import type { DocumentState, Level, Presence, TransactOptions, Write } from "./api.js";
import type { Answer, Connection, News } from "./connection.js";
import { clientError, TlfsError } from "./errors.js";
import { Source } from "./readable.js";
import { reconcile } from "./replica/difference.js";
import { Replica, type PendingWrite } from "./replica/replica.js";
import type { Json } from "./replica/value.js";
import { pathText, toWirePath, type Edit, type Patch, type WirePath } from "./replica/wire.js";
import type { Path } from "./api.js";
import type { Schema, Shape, Untyped } from "./schema.js";

/** How long a document stays open when nobody holds it any more. */
export const linger = 1_000;
/** The pause before something is tried again that the node could not do; it doubles up to `longestRetry`. */
export const firstRetry = 250;
export const longestRetry = 10_000;
/** How often a write is carried over and sent anew because others were faster. */
export const maxOvertaken = 20;
/** The least time between two presences that are sent. */
export const presenceInterval = 50;

/** What a document needs of its client. */
export interface Host {
  readonly connection: Connection;
  readonly origin: string;
  /** Resolves when a peer has everything that the node has of the document now. */
  reachedPeer(id: string): Promise<void>;
  /** Nobody needs the document any more: nothing is to be told to it. */
  unused(document: SharedDocument): void;
  /** Somebody needs it again. */
  used(document: SharedDocument): void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: TlfsError) => void;
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Codes of the node's module `document_actor` that are more than a refusal. */
const documentActor = { stale: 2, gone: 3, noSuchSubscription: 4 } as const;

/** Whether the write does not fit because others have written meanwhile. Carried over to what is there now, it may. */
function isOvertaken(error: TlfsError): boolean {
  return error.module === "document_actor" && (error.code === documentActor.stale || error.code === documentActor.gone);
}

/** Whether the request may still take effect, or may do so when it is sent again. */
function isPassing(error: TlfsError): boolean {
  return error.kind === "unavailable";
}

export class SharedDocument {
  readonly id: string;
  readonly state: Source<DocumentState<Untyped>>;
  readonly presence: Source<readonly Presence[]>;
  readonly #host: Host;
  readonly #schema: Schema<unknown> | undefined;
  readonly #place: Path;
  /** Chosen at random; names this document's writes. */
  readonly #client = Math.floor(Math.random() * 2 ** 52) + 1;
  #prefix: WirePath = [];
  #replica: Replica | undefined;
  #subscription: number | undefined;
  #level: Level = "none";
  #sync: DocumentState<Untyped>["sync"] = "offline";
  #error: TlfsError | undefined;
  #failed = false;
  #opening = false;
  #pulling = false;
  #pullAgain = false;
  #pause = firstRetry;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #waiters = new Map<PendingWrite, Waiter[]>();
  /** Writes that the value here holds, and that the node has not said to be on its disk; those false are to be sent again. */
  readonly #unanswered = new Map<PendingWrite, boolean>();
  #holds = 0;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #ended = false;
  #mine: { readonly value: Uint8Array } | undefined;
  #presenceTimer: ReturnType<typeof setTimeout> | undefined;
  #presenceDirty = false;

  constructor(host: Host, id: string, schema: Schema<unknown> | undefined, place: Path) {
    this.#host = host;
    this.id = id;
    this.#schema = schema;
    this.#place = place;
    const used = () => this.#considerClosing();
    this.state = new Source<DocumentState<Untyped>>(
      { status: "loading", data: undefined, version: 0, sync: "offline", level: "none", pending: 0 },
      used,
    );
    this.presence = new Source<readonly Presence[]>([], used);
    if (schema) this.#know(schema.shape);
    if (host.connection.hello) this.online();
  }

  // ---- who holds it ----

  hold(): void {
    ++this.#holds;
  }
  release(): void {
    --this.#holds;
    this.#considerClosing();
  }

  #considerClosing(): void {
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
    if (this.#holds > 0 || this.state.used || this.presence.used) {
      if (this.#closed && !this.#ended) this.#revive();
      return;
    }
    if (this.#closed) return;
    this.#lingering = setTimeout(() => {
      // What was written here is not given up.
      if (this.#waiters.size > 0) this.#considerClosing();
      else this.close(clientError("closed", "the document was released"));
    }, linger);
  }

  /** Somebody listens again to what was given up. */
  #revive(): void {
    this.#closed = false;
    this.#failed = false;
    this.#error = undefined;
    this.#host.used(this);
    if (this.#host.connection.hello) this.online();
  }

  /** @param ended it will not be used again. */
  close(error: TlfsError, ended = false): void {
    if (ended) this.#ended = true;
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#lingering);
    clearTimeout(this.#retry);
    clearTimeout(this.#presenceTimer);
    const connection = this.#host.connection;
    if (connection.hello) {
      const ignore = () => undefined;
      if (this.#mine) connection.ask({ which: "setPresence", setPresence: { document: this.id, json: new Uint8Array() } }, "done").catch(ignore);
      if (this.#subscription !== undefined) connection.ask({ which: "close", close: this.#subscription }, "done").catch(ignore);
    }
    this.#subscription = undefined;
    this.#sync = "offline";
    this.#error = error;
    for (const write of [...this.#waiters.keys()]) this.#settle(write, error);
    this.#host.unused(this);
    this.#show();
  }

  get closed(): boolean {
    return this.#closed;
  }

  // ---- what the connection says ----

  online(): void {
    this.#pause = firstRetry;
    void this.#open();
  }

  offline(): void {
    this.#subscription = undefined;
    this.#sync = "offline";
    this.#replica?.unsend();
    for (const write of this.#unanswered.keys()) this.#unanswered.set(write, false);
    clearTimeout(this.#retry);
    this.presence.set([]);
    this.#show();
  }

  news(news: News): void {
    switch (news.which) {
      case "changed":
        if (news.changed.subscription === this.#subscription) void this.#pull();
        return;
      case "ended":
        if (news.ended.subscription !== this.#subscription) return;
        this.#subscription = undefined;
        this.#stumble(new TlfsError(news.ended.why.module, news.ended.why.code, news.ended.why.kind, news.ended.why.message));
        return;
      case "level":
        if (news.level.subscription !== this.#subscription) return;
        this.#level = news.level.level as Level;
        this.#show();
        return;
      case "sync":
        if (news.sync.document !== this.id) return;
        this.#sync = news.sync.state;
        this.#show();
        return;
      case "presence": {
        if (news.presence.document !== this.id) return;
        let others: unknown;
        try {
          others = JSON.parse(text.decode(news.presence.others));
        } catch {
          return;
        }
        if (Array.isArray(others)) this.presence.set(reconcile(this.presence.get(), others.map(presenceOf)) as Presence[]);
        return;
      }
    }
  }

  // ---- opening and pulling ----

  async #open(): Promise<void> {
    if (this.#opening || this.#closed || this.#failed) return;
    const connection = this.#host.connection;
    const hello = connection.hello;
    this.#opening = true;
    try {
      if (!this.#replica) {
        const answer = await connection.ask({ which: "schema", schema: this.id }, "schema");
        this.#know((JSON.parse(text.decode(answer.schema)) as { root: Shape }).root);
      }
      const { opened } = await connection.ask(
        {
          which: "open",
          open: {
            document: this.id,
            path: this.#place.length > 0 ? pathText(this.#place) : "",
            version: this.#schema?.version ?? "",
            client: this.#client,
            presence: true,
          },
        },
        "opened",
      );
      if (this.#closed) {
        connection.ask({ which: "close", close: opened.subscription }, "done").catch(() => undefined);
        return;
      }
      this.#subscription = opened.subscription;
      this.#level = opened.level as Level;
      this.#error = undefined;
    } catch (error) {
      // A new connection opens anew by itself.
      if (connection.hello === hello) this.#stumble(error as TlfsError);
      return;
    } finally {
      this.#opening = false;
      // The connection may have been lost and made again meanwhile.
      if (connection.hello && connection.hello !== hello) void this.#open();
    }
    if (this.#mine) this.#sendPresence();
    void this.#pull();
  }

  #know(root: Shape): void {
    const { path, shape } = toWirePath(root, this.#place);
    this.#prefix = path;
    this.#replica = new Replica(shape);
  }

  /** It cannot go on now: later again, or never. */
  #stumble(error: TlfsError): void {
    if (this.#closed) return;
    this.#error = error instanceof TlfsError ? error : clientError("malformed", String(error));
    if (isPassing(this.#error)) this.#later(() => void this.#open());
    else this.#failed = true;
    this.#show();
  }

  #later(again: () => void): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      if (!this.#closed && this.#host.connection.hello) again();
    }, this.#pause);
    this.#pause = Math.min(this.#pause * 2, longestRetry);
  }

  /** One pull at a time; what changes meanwhile is pulled after it. */
  async #pull(): Promise<void> {
    this.#pullAgain = true;
    if (this.#pulling) return;
    this.#pulling = true;
    let whole = false;
    try {
      while (this.#pullAgain && this.#subscription !== undefined && this.#replica) {
        this.#pullAgain = false;
        const subscription = this.#subscription;
        const have = whole ? undefined : this.#replica.revision;
        const answer: Answer<"patches"> | Answer<"value"> = await this.#host.connection.ask({ which: "pull", pull: { subscription, have } }, "patches");
        if (this.#subscription !== subscription) continue;
        const before = [...this.#replica.pending];
        try {
          if ((answer.which as string) === "value") {
            const { value } = answer as unknown as Answer<"value">;
            const conflicts = value.conflicts.length > 0 ? (JSON.parse(text.decode(value.conflicts)) as Patch[]) : [];
            this.#replica.reset(JSON.parse(text.decode(value.json)) as Json, value.revision, value.written, conflicts);
          } else {
            const { patches } = answer;
            this.#replica.patch(JSON.parse(text.decode(patches.patches)) as Patch[], patches.from, patches.to, patches.written);
          }
          whole = false;
        } catch (error) {
          // What is here is not what the node takes it for. The whole value settles that, once.
          if (whole || have === undefined) throw error;
          whole = true;
          this.#pullAgain = true;
          continue;
        }
        this.#pause = firstRetry;
        this.#left(before);
        this.#show();
        this.#pump();
      }
    } catch (error) {
      if (this.#subscription !== undefined && this.#host.connection.hello) {
        this.#subscription = undefined;
        const why = error instanceof TlfsError ? error : clientError("malformed", String(error));
        // A subscription that the node does not know any more is opened again.
        const unknown = why.module === "document_actor" && why.code === documentActor.noSuchSubscription;
        this.#stumble(unknown ? clientError("disconnected", why.message) : why);
      }
    } finally {
      this.#pulling = false;
    }
    if (this.#pullAgain && this.#subscription !== undefined) void this.#pull();
  }

  // ---- writing ----

  transact(edit: (draft: unknown) => unknown, options: TransactOptions | undefined): Write {
    const replica = this.#ready();
    const write = replica.transact(edit, { origin: options?.origin ?? this.#host.origin, label: options?.label ?? "" });
    if (!write) return this.#written(Promise.resolve());
    return this.#track(write);
  }

  takeBack(origin: string | undefined, redo: boolean): Write {
    return this.#track(this.#ready().takeBack(origin ?? this.#host.origin, redo));
  }

  #ready(): Replica {
    if (this.#closed) throw clientError("closed", "the document was released");
    if (!this.#replica || this.#replica.value === undefined) throw this.#error ?? clientError("noSuchPlace", "the document has no value yet");
    return this.#replica;
  }

  #track(write: PendingWrite): Write {
    const saved = new Promise<void>((resolve, reject) => {
      const waiters = this.#waiters.get(write);
      const waiter = { resolve, reject };
      if (waiters) waiters.push(waiter);
      else this.#waiters.set(write, [waiter]);
    });
    // Who does not wait is not told; state.error says it.
    saved.catch(() => undefined);
    this.#show();
    this.#pump();
    return this.#written(saved);
  }

  #written(saved: Promise<void>): Write {
    return {
      wait: async (until = "node") => {
        await saved;
        if (until === "peer") await this.#host.reachedPeer(this.id);
      },
    };
  }

  #settle(write: PendingWrite, error?: TlfsError): void {
    const waiters = this.#waiters.get(write) ?? ([] as Waiter[]);
    this.#waiters.delete(write);
    this.#unanswered.delete(write);
    for (const waiter of waiters) {
      if (error) waiter.reject(error);
      else waiter.resolve();
    }
  }

  /** Keeps track of the writes that have left the queue without an answer. */
  #left(before: readonly PendingWrite[]): void {
    const still = new Set(this.#replica?.pending);
    for (const write of before) if (!still.has(write) && this.#waiters.has(write)) this.#unanswered.set(write, write.sent);
  }

  /** Sends what is to be sent. */
  #pump(): void {
    const replica = this.#replica;
    if (!replica || this.#subscription === undefined) return;
    for (const [write, sent] of this.#unanswered) {
      if (sent) continue;
      this.#unanswered.set(write, true);
      void this.#send(write, replica);
    }
    // An edit of which nothing is left after what others did is done.
    for (let write = replica.next(); write; write = replica.next()) {
      if (write.edits?.length !== 0) {
        void this.#send(write, replica);
        return;
      }
      replica.drop(write);
      this.#settle(write);
      this.#show();
    }
  }

  async #send(write: PendingWrite, replica: Replica): Promise<void> {
    const { connection } = this.#host;
    const common = { document: this.id, client: this.#client, number: write.number, origin: write.origin };
    try {
      const { written } = await connection.ask(
        write.edits === undefined
          ? { which: "takeBack", takeBack: { ...common, redo: write.redo } }
          : {
              which: "write",
              write: {
                ...common,
                label: write.label,
                onRevision: replica.revision,
                edits: utf8.encode(JSON.stringify(write.edits.map((edit) => this.#prefixed(edit)))),
              },
            },
        "written",
      );
      const before = [...replica.pending];
      replica.answered(write, written.revision);
      this.#left(before);
      this.#settle(write);
      this.#error = undefined;
      this.#pause = firstRetry;
      this.#show();
      if (replica.revision !== undefined && replica.revision < written.revision) void this.#pull();
      this.#pump();
    } catch (error) {
      this.#notWritten(write, replica, error as TlfsError);
    }
  }

  #notWritten(write: PendingWrite, replica: Replica, error: TlfsError): void {
    // After a loss of connection everything that was not answered is sent again.
    if (this.#closed || !this.#host.connection.hello || this.#subscription === undefined) return;
    if (isOvertaken(error) && write.overtaken < maxOvertaken) {
      ++write.overtaken;
      write.sent = false;
      void this.#pull();
      return;
    }
    if (isPassing(error)) {
      this.#error = error;
      this.#later(() => {
        if (this.#unanswered.has(write)) this.#unanswered.set(write, false);
        else write.sent = false;
        this.#pump();
      });
      this.#show();
      return;
    }
    this.#error = error;
    replica.drop(write);
    this.#settle(write, error);
    this.#show();
    this.#pump();
  }

  #prefixed(edit: Edit): Edit {
    if (this.#prefix.length === 0) return edit;
    return [edit[0], [...this.#prefix, ...edit[1]], ...edit.slice(2)] as unknown as Edit;
  }

  // ---- what is shown ----

  conflicts(path: Path): readonly unknown[] {
    if (!this.#replica) return [];
    return this.#replica.conflictsAt(toWirePath(this.#replica.shape, path).path);
  }

  #show(): void {
    const replica = this.#replica;
    const data = replica?.value;
    const known = replica?.revision !== undefined;
    const before = this.state.get();
    const next: DocumentState<Untyped> = {
      status: this.#failed ? "failed" : data !== undefined ? "ready" : known || this.#error ? "unavailable" : "loading",
      data,
      version: replica?.revision ?? 0,
      sync: this.#sync,
      level: this.#level,
      pending: this.#waiters.size,
      error: this.#error,
    };
    const keys = Object.keys(next) as (keyof typeof next)[];
    if (keys.some((key) => !Object.is(before[key], next[key]))) this.state.set(next);
  }

  // ---- presence ----

  setPresence(value: unknown): void {
    const json = value === null || value === undefined ? new Uint8Array() : utf8.encode(JSON.stringify(value));
    this.#mine = { value: json };
    this.#sendPresence();
  }

  #sendPresence(): void {
    this.#presenceDirty = true;
    if (this.#presenceTimer !== undefined || !this.#mine || this.#subscription === undefined) return;
    this.#presenceDirty = false;
    this.#host.connection.ask({ which: "setPresence", setPresence: { document: this.id, json: this.#mine.value } }, "done").catch(() => undefined);
    this.#presenceTimer = setTimeout(() => {
      this.#presenceTimer = undefined;
      if (this.#presenceDirty && !this.#closed) this.#sendPresence();
    }, presenceInterval);
  }
}

function presenceOf(line: unknown): Presence {
  const it = (typeof line === "object" && line !== null ? line : {}) as Record<string, unknown>;
  return {
    device: typeof it.device === "string" ? it.device : "",
    user: typeof it.user === "string" ? it.user : undefined,
    value: it.value,
    age: typeof it.age === "number" ? it.age : 0,
  };
}

/** Whether a place can be watched: fields and keys stay where they are, elements do not. */
export function checkPlace(place: Path, shape: Shape | undefined): void {
  if (place.some((step) => typeof step === "number")) throw clientError("noSuchPlace", "elements of lists cannot be watched on their own");
  if (shape) toWirePath(shape, place);
}
