/** The interfaces of this package: what a program sees of a node, its documents and its peers. */
import type { TlfsError } from "./errors.js";
import type { Readable } from "./readable.js";
import type { Draft, Schema, Snapshot, TableKey, Untyped } from "./schema.js";

/** What a device or person may do at a place; each level includes the ones before it. */
export type Level = "none" | "sync" | "read" | "write" | "control" | "own";

/**
 * A place of a document: a string is the field of a struct, a number an element of a list, `[key]` a row of a table.
 * `["people", ["ann"], "tasks", 3, "title"]`.
 */
export type Path = readonly PathStep[];
export type PathStep = string | number | readonly [TableKey];

/** The part of the WebSocket interface that this package uses. */
export interface WebSocketLike {
  binaryType: string;
  readonly protocol?: string;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code?: number; readonly reason?: string }) => void): void;
  addEventListener(type: "error", listener: (event: unknown) => void): void;
}

export interface ConnectOptions {
  /**
   * The bridge of a node: `ws://127.0.0.1:PORT/bridge`, or the link that `tlfs node run --bridge` prints. Without it the
   * host that served the page.
   */
  readonly url?: string | URL;
  /** The bridge's token, for programs that have no session cookie. A token in the link is found without this. */
  readonly token?: string;
  /** Makes the socket. Without it the platform's `WebSocket`, which Node has from version 22 on. */
  readonly socket?: (url: string, protocols: string[]) => WebSocketLike;
  /**
   * Names this window or tool: transactions without an `origin` of their own go to its undo stack. Without it a random
   * name.
   */
  readonly client?: string;
  /** How long an answer may take, in milliseconds (30,000). */
  readonly timeout?: number;
}

/** How this client stands with its node. */
export interface ConnectionState {
  /** `refused`: the node will not have this client, and trying again does not help. */
  readonly status: "connecting" | "online" | "offline" | "refused";
  /** The node's device key, in hex. */
  readonly device?: string;
  /** The user of the node, in hex. */
  readonly user?: string;
  /** Why the last connection ended or did not come about. */
  readonly error?: TlfsError;
}

export interface DocumentInfo {
  readonly id: string;
  readonly name: string;
  readonly package: string;
  readonly version: string;
  /** When it came to this node, in milliseconds since the Unix epoch. */
  readonly created: number;
}

export interface Peer {
  /** Its device key, in hex. */
  readonly device: string;
  readonly user?: string;
  /** As it calls itself on the local network; empty where it does not. */
  readonly name: string;
  readonly state: string;
  readonly addresses: readonly string[];
  /** Why the last link ended or did not come about. */
  readonly problem?: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** In milliseconds, where it was measured. */
  readonly roundTrip?: number;
}

export interface Invitations {
  /** Those that this node gave. */
  readonly given: readonly GivenInvitation[];
  /** What others offer to this node. */
  readonly offered: readonly Offer[];
}
export interface GivenInvitation {
  readonly id: string;
  readonly document: string;
  readonly name: string;
  readonly path: string;
  readonly level: Level;
  readonly state: string;
  readonly usesLeft: number;
  /** In milliseconds since the Unix epoch. */
  readonly expires: number;
}
export interface Offer {
  readonly document: string;
  /** The device that offers it, in hex. */
  readonly from: string;
  readonly name: string;
  readonly package: string;
}

/** What others show of themselves in a document: cursors, names, colours. */
export interface Presence {
  readonly device: string;
  readonly user?: string;
  readonly value: unknown;
  /** How old it was when it came, in milliseconds. */
  readonly age: number;
}

/** A change in a document's history. */
export interface HistoryEntry {
  readonly hash: string;
  readonly device: string;
  readonly incarnation: number;
  readonly seq: number;
  readonly operations: number;
  /** In milliseconds since the Unix epoch, where it was stated. */
  readonly time?: number;
  readonly label: string;
  readonly parents: readonly string[];
}

export interface Explanation {
  readonly allowed: boolean;
  /** What the principal has there. */
  readonly level: Level;
  /** What allows it, or what is missing. */
  readonly sentence: string;
}

export interface Holder {
  /** As in Principal, or `"members:HEX:LEVEL"`: those who have the level in another document. */
  readonly who: Principal;
  readonly level: Level;
}

/** A place by path steps, or as the command line writes it: `.people["ann"].tasks[0]`. */
export type Place = Path | string;

/** Who access is for: `"anyone"`, `"device:HEX"` or `"user:HEX"`. */
export type Principal = string;

/**
 * A running node, seen through its bridge. Made by `connect`; it connects, and connects again, by itself.
 *
 * What changes is Readable: it can be read at any time and tells of changes. `undefined` stands for "not known yet".
 * Lists that the node does not tell of by itself are asked for while someone listens to them.
 */
export interface Client {
  readonly connection: Readable<ConnectionState>;
  readonly documents: Readable<readonly DocumentInfo[] | undefined>;
  readonly peers: Readable<readonly Peer[] | undefined>;
  readonly invitations: Readable<Invitations | undefined>;

  /** A new document of the schema's version; resolves to its id once the node has it on disk. */
  create<M>(schema: Schema<M>, options?: { readonly name?: string }): Promise<string>;
  /** The node forgets the document; others keep it. */
  delete(id: string): Promise<void>;
  /**
   * A document by its id. It is watched from now on, until it is released and nobody listens to it.
   *
   * @param schema in whose version's names it is read and written; without it, as the document's own version.
   * @param options.path watches a part; fields and table keys only.
   */
  open<M = Untyped>(id: string, schema?: Schema<M>, options?: OpenOptions): Document<M>;

  /** An invitation as a link: whoever has it can join. */
  invite(id: string, options?: InviteOptions): Promise<string>;
  /** @param id of the invitation, or the beginning of it. */
  revokeInvitation(id: string): Promise<void>;
  /** Takes an invitation; resolves to the document's id. */
  join(link: string): Promise<string>;
  /** Takes a document that is offered. */
  accept(id: string): Promise<void>;
  decline(id: string): Promise<void>;
  /** Connects the node to a peer at `HOST:PORT` or `ws(s)://HOST:PORT`; resolves to the peer's device key, in hex. */
  connectPeer(address: string): Promise<string>;

  grant(id: string, options: AccessOptions): Promise<void>;
  /** Ends the grants of exactly this level, place and principal; `keep` is what they are left with. */
  revoke(id: string, options: AccessOptions & { readonly keep?: Level }): Promise<void>;
  /** Whether `who` may do what `level` allows, and why. */
  explain(id: string, options: AccessOptions): Promise<Explanation>;

  /** Whoever holds anything at a place (without one, at the root), as grants name them, each with the highest level. */
  holders(id: string, path?: Place): Promise<readonly Holder[]>;

  /** Changes, the latest first; 1,000 at most without `limit`. */
  history(id: string, options?: { readonly limit?: number }): Promise<readonly HistoryEntry[]>;
  /** What stood at a place at an earlier version, named by hashes of changes; as JSON. */
  valueAt(id: string, version: readonly string[], path?: Place): Promise<unknown>;

  /** The live tree of the node's actors, as JSON. */
  tree(): Promise<unknown>;
  /** The node's counters, in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Statements that introduce this node's user to others. */
  introduction(): Promise<readonly Uint8Array[]>;
  /** Ids of the users this node knows; with `statements` it learns of those first. */
  people(statements?: readonly Uint8Array[]): Promise<readonly string[]>;

  /** Ends everything; what is under way is rejected. The node keeps what it has. */
  close(): void;
}

export interface OpenOptions {
  readonly path?: Path;
}
export interface InviteOptions {
  /** The part that it is for; without it, everything. */
  readonly path?: Place;
  /** `write` when it is left out. */
  readonly level?: Level;
  /** By how many devices; 1 when it is left out. */
  readonly uses?: number;
  /** In seconds; a day when it is left out. */
  readonly expiresIn?: number;
}
export interface AccessOptions {
  readonly path?: Place;
  readonly level: Level;
  readonly who: Principal;
}

/** What a user interface shows of a document. A new object whenever something of it changes. */
export interface DocumentState<M> {
  /**
   * `loading`: nothing is known yet. `ready`: there is a value, which may be edited also while the node is away.
   * `unavailable`: nothing can be shown now; it is tried again. `failed`: it cannot be opened.
   */
  readonly status: "loading" | "ready" | "unavailable" | "failed";
  /** The value with this client's own edits, those under way included. Parts that have not changed are the same objects. */
  readonly data: Snapshot<M> | undefined;
  /** The node's revision below `data`. */
  readonly version: number;
  /** How the node stands with the peers that share the document; `offline` also while the node cannot be reached. */
  readonly sync: "offline" | "syncing" | "synced";
  /** What this device may do here. */
  readonly level: Level;
  /** Writes that are not on the node's disk yet. */
  readonly pending: number;
  readonly error?: TlfsError;
}

export interface TransactOptions {
  /** For the history, for example "Rename". */
  readonly label?: string;
  /** Whose undo stack; without it the client's. An empty one: cannot be undone. */
  readonly origin?: string;
}

/** An edit that has been shown and is on its way. */
export interface Write {
  /**
   * Resolves when the write is on the node's disk (`node`, `disk`), or also with at least one peer (`peer`).
   * Rejects when the node refuses it; then it is not shown any more.
   */
  wait(until?: "node" | "disk" | "peer"): Promise<void>;
}

/** A document that is watched. */
export interface Document<M> extends Readable<DocumentState<M>> {
  readonly id: string;
  /** Resolves when there is a value; rejects when it cannot be opened. */
  ready(): Promise<DocumentState<M>>;
  /**
   * Edits what is shown, at once; the node hears of it right after. When `edit` throws, nothing has changed and the
   * error passes on. Edits that others make meanwhile are kept: positions are mapped.
   */
  transact(edit: (draft: Draft<M>) => void, options?: TransactOptions): Write;
  /** Takes back the last transaction of this client's undo stack (or of `origin`'s). */
  undo(options?: { readonly origin?: string }): Write;
  redo(options?: { readonly origin?: string }): Write;
  /** Concurrent values of a register, the shown one first; empty when there is no conflict. */
  conflicts(path: Path): readonly unknown[];
  /** Others in this document, as far as they show themselves. */
  readonly presence: Readable<readonly Presence[]>;
  /** What others see of us here; null: nothing. */
  setPresence(value: unknown): void;
  /** This holder does not need it any more. */
  release(): void;
}
