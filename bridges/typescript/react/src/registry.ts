/**
 * The documents that a tree of components uses: one open document for all components that ask for it with the same schema
 * and path, opened by the first of them and released when the last one is gone.
 *
 * React renders components without ever showing them (StrictMode, transitions that are given up, Suspense), so rendering
 * may only look a document up. What counts is who subscribes. A document that nobody subscribes to is released after a
 * grace: long enough for React to come from rendering to subscribing, and for a page that is left and entered again.
 */
import type { Client, Document, DocumentState, Path, Readable, Schema, TransactOptions, Write, Draft, Untyped } from "@tlfs/client";

/** How long a document stays open that nobody uses any more, in milliseconds. */
export const graceAfterUse = 2_000;
/** How long a document stays open that was rendered but is not shown yet, in milliseconds. */
export const graceBeforeUse = 30_000;

export interface Place<M> {
  /** The version in whose names the document is read and written; without it, as the document's own version. */
  readonly schema?: Schema<M>;
  /** Watches a part; fields and table keys only. */
  readonly path?: Path;
}

/** What components do to a document. The functions stay the same while the document is used. */
export interface Actions<M> {
  /** Edits what is shown, at once. See `Document.transact`. */
  transact(this: void, edit: (draft: Draft<M>) => void, options?: TransactOptions): Write;
  /** Takes back this client's last transaction here, or that of another origin. */
  undo(this: void, options?: { readonly origin?: string }): Write;
  redo(this: void, options?: { readonly origin?: string }): Write;
  /** Concurrent values of a register, the shown one first; empty when there is no conflict. */
  conflicts(this: void, path: Path): readonly unknown[];
}

/** One document that is looked at. Its functions may be passed around without it. */
export class Entry<M> implements Readable<DocumentState<M>> {
  readonly actions: Actions<M>;
  readonly presence: Readable<Document<M>["presence"] extends Readable<infer P> ? P : never>;
  readonly #open: () => Document<M>;
  readonly #onDrop: () => void;
  #document: Document<M> | undefined;
  #users = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ready: Promise<unknown> | undefined;

  constructor(open: () => Document<M>, onDrop: () => void) {
    this.#open = open;
    this.#onDrop = onDrop;
    this.actions = {
      transact: (edit, options) => this.document.transact(edit, options),
      undo: (options) => this.document.undo(options),
      redo: (options) => this.document.redo(options),
      conflicts: (path) => this.document.conflicts(path),
    };
    this.presence = {
      get: () => this.document.presence.get(),
      subscribe: (listener) => this.#use((document) => document.presence.subscribe(listener)),
    };
  }

  /** The open document; it is opened again if the grace was over already. */
  get document(): Document<M> {
    if (!this.#document) {
      this.#document = this.#open();
      this.#wait(graceBeforeUse);
    }
    return this.#document;
  }

  readonly get = (): DocumentState<M> => this.document.get();

  readonly subscribe = (listener: () => void): (() => void) => this.#use((document) => document.subscribe(listener));

  /** Resolves when there is a value; the same promise until then. */
  ready(): Promise<unknown> {
    this.#ready ??= this.document.ready().then(
      () => (this.#ready = undefined),
      (error: unknown) => {
        this.#ready = undefined;
        throw error;
      },
    );
    return this.#ready;
  }

  #use(subscribe: (document: Document<M>) => () => void): () => void {
    const end = subscribe(this.document);
    this.#users += 1;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      end();
      this.#users -= 1;
      if (this.#users === 0) this.#wait(graceAfterUse);
    };
  }

  #wait(grace: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const document = this.#document;
      this.#document = undefined;
      this.#ready = undefined;
      this.#onDrop();
      document?.release();
    }, grace);
    // A process that has nothing else to do need not wait for this.
    (this.#timer as { unref?: () => void }).unref?.();
  }
}

/** The documents of one client. */
export class Registry {
  readonly #client: Client;
  readonly #entries = new Map<string, { readonly id: string; readonly entry: Entry<unknown> }>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** How many documents are open. */
  get size(): number {
    return this.#entries.size;
  }

  entry<M = Untyped>(id: string, place: Place<M> = {}): Entry<M> {
    const key = JSON.stringify([id, place.schema?.package, place.schema?.version, place.path], (_, value: unknown) =>
      typeof value === "bigint" ? `${value}n` : value,
    );
    const found = this.#entries.get(key);
    if (found) return found.entry as unknown as Entry<M>;
    const made: Entry<M> = new Entry<M>(
      () => {
        this.#entries.set(key, { id, entry: made as unknown as Entry<unknown> });
        return this.#client.open(id, place.schema, place.path ? { path: place.path } : undefined);
      },
      () => {
        if (this.#entries.get(key)?.entry === (made as unknown)) this.#entries.delete(key);
      },
    );
    this.#entries.set(key, { id, entry: made as unknown as Entry<unknown> });
    return made;
  }

  /** Any entry of the document that is there already, and one without a schema otherwise. */
  anyEntry(id: string): Entry<unknown> {
    for (const found of this.#entries.values()) if (found.id === id) return found.entry;
    return this.entry(id) as unknown as Entry<unknown>;
  }
}

const registries = new WeakMap<Client, Registry>();

export function registryOf(client: Client): Registry {
  let registry = registries.get(client);
  if (!registry) {
    registry = new Registry(client);
    registries.set(client, registry);
  }
  return registry;
}
