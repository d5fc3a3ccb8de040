/** The client of a node. */
import type {
  AccessOptions,
  Client,
  ConnectionState,
  ConnectOptions,
  Document,
  DocumentInfo,
  DocumentState,
  Explanation,
  HistoryEntry,
  Holder,
  Invitations,
  InviteOptions,
  Level,
  OpenOptions,
  Path,
  Peer,
  Place,
  TransactOptions,
  WebSocketLike,
  Write,
} from "./api.js";
import { Connection, hex, type Follower, type News } from "./connection.js";
import { ClientErrc, clientError, TlfsError } from "./errors.js";
import { Source, type Readable } from "./readable.js";
import { reconcile } from "./replica/difference.js";
import { fromBase64 } from "./replica/value.js";
import { pathText } from "./replica/wire.js";
import type { Draft, Schema } from "./schema.js";
import { checkPlace, SharedDocument, type Host } from "./shared_document.js";

/** How often what the node does not tell of by itself is asked for while someone listens. */
export const pollInterval = 2_000;
/** How often it is asked whether a peer has a write that someone waits for. */
export const peerInterval = 200;

/** Connects to a node, and again whenever the connection is lost. Returns at once; `connection` tells how it goes. */
export function connect(options: ConnectOptions = {}): Client {
  return new NodeClient(options);
}

/** Where the bridge is: a link's token is taken out of it, and `http` becomes `ws`. */
export function bridgeAddress(url: string | URL | undefined): { url: string; token: string | undefined } {
  const here = (globalThis as { location?: { href: string } }).location?.href;
  if (url === undefined && here === undefined) throw clientError("refused", "there is no page here, so `url` must say where the node is");
  const address = new URL(url ?? "/", here);
  const token = url === undefined ? undefined : (address.searchParams.get("token") ?? undefined);
  const secure = address.protocol === "https:" || address.protocol === "wss:";
  const path = address.pathname === "/" ? "/bridge" : address.pathname;
  return { url: `${secure ? "wss" : "ws"}://${address.host}${path}`, token };
}

function platformSocket(url: string, protocols: string[]): WebSocketLike {
  const Socket = (globalThis as { WebSocket?: new (url: string, protocols: string[]) => unknown }).WebSocket;
  if (!Socket) throw new Error("this platform has no WebSocket; give `socket` to connect()");
  return new Socket(url, protocols) as WebSocketLike;
}

const place = (document: string, path: Place | undefined) => ({
  document,
  path: path === undefined ? "" : typeof path === "string" ? path : pathText(path),
});

/** A list of the node's that is asked for while someone listens. */
class Polled<T> {
  readonly source: Source<T | undefined>;
  readonly #ask: () => Promise<T>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
    this.source = new Source<T | undefined>(undefined, (used) => {
      if (used) this.refresh();
      else this.stop();
    });
  }

  /** Asks now, when someone listens. */
  refresh(): void {
    if (!this.source.used) return;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#asking = true;
    this.#ask()
      .then((value) => this.source.set(reconcile(this.source.get(), value) as T))
      .catch(() => undefined)
      .finally(() => {
        this.#asking = false;
        if (this.#again) {
          this.#again = false;
          this.refresh();
        } else if (this.source.used) {
          this.#timer = setTimeout(() => this.refresh(), pollInterval);
        }
      });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

class NodeClient implements Client, Follower {
  readonly connection: Readable<ConnectionState>;
  readonly documents: Readable<readonly DocumentInfo[] | undefined>;
  readonly peers: Readable<readonly Peer[] | undefined>;
  readonly invitations: Readable<Invitations | undefined>;
  readonly #host: Host;
  readonly #node: Connection;
  /** By id, schema and place: what further holders get. */
  readonly #open = new Map<string, SharedDocument>();
  /** All that must hear of what the node says. */
  readonly #live = new Set<SharedDocument>();
  readonly #documents = new Polled(() => this.#listDocuments());
  readonly #peers = new Polled(() => this.#listPeers());
  readonly #invitations = new Polled(() => this.#listInvitations());

  constructor(options: ConnectOptions) {
    const address = bridgeAddress(options.url);
    this.#node = new Connection(
      {
        url: address.url,
        token: options.token ?? address.token,
        socket: options.socket ?? platformSocket,
        timeout: options.timeout ?? 30_000,
      },
      this,
    );
    this.connection = this.#node.state;
    this.documents = this.#documents.source;
    this.peers = this.#peers.source;
    this.invitations = this.#invitations.source;
    this.#host = {
      connection: this.#node,
      origin: options.client ?? `window-${Math.random().toString(36).slice(2, 12)}`,
      reachedPeer: (id) => this.#reachedPeer(id),
      unused: (document) => {
        this.#live.delete(document);
        for (const [name, open] of this.#open) if (open === document) this.#open.delete(name);
      },
      used: (document) => this.#live.add(document),
    };
  }

  // ---- what the connection says ----

  online(): void {
    for (const document of this.#live) document.online();
    for (const list of [this.#documents, this.#peers, this.#invitations]) list.refresh();
  }
  offline(): void {
    for (const document of this.#live) document.offline();
  }
  news(news: News): void {
    for (const document of this.#live) document.news(news);
  }

  // ---- documents ----

  async create<M>(schema: Schema<M>, options?: { readonly name?: string }): Promise<string> {
    const create = { package: fromBase64(schema.encoded), version: schema.version, name: options?.name ?? "" };
    const { created } = await this.#node.control({ which: "create", create }, "created");
    this.#documents.refresh();
    return hex(created);
  }

  async delete(id: string): Promise<void> {
    await this.#node.control({ which: "deleteDocument", deleteDocument: id }, "done");
    this.#documents.refresh();
  }

  open<M>(id: string, schema?: Schema<M>, options?: OpenOptions): Document<M> {
    const path: Path = options?.path ?? [];
    checkPlace(path, schema?.shape);
    const name = JSON.stringify([id, schema?.package, schema?.version, pathText(path)]);
    let shared = this.#open.get(name);
    if (!shared) {
      shared = new SharedDocument(this.#host, id, schema as Schema<unknown> | undefined, path);
      this.#open.set(name, shared);
      this.#live.add(shared);
    }
    return new Handle<M>(shared);
  }

  // ---- peers and access ----

  async invite(id: string, options?: InviteOptions): Promise<string> {
    const invite = {
      place: place(id, options?.path),
      level: options?.level ?? "write",
      expiresInSeconds: options?.expiresIn ?? 24 * 60 * 60,
      uses: options?.uses ?? 1,
    };
    const { link } = await this.#node.control({ which: "invite", invite }, "link");
    this.#invitations.refresh();
    return link;
  }
  async revokeInvitation(id: string): Promise<void> {
    await this.#node.control({ which: "revokeInvitation", revokeInvitation: id }, "done");
    this.#invitations.refresh();
  }
  async join(link: string): Promise<string> {
    const { joined } = await this.#node.control({ which: "join", join: link }, "joined");
    this.#documents.refresh();
    return hex(joined);
  }
  accept(id: string): Promise<void> {
    return this.#decide(id, true);
  }
  decline(id: string): Promise<void> {
    return this.#decide(id, false);
  }
  async #decide(document: string, accept: boolean): Promise<void> {
    await this.#node.control({ which: "decideOffer", decideOffer: { document, accept } }, "done");
    this.#invitations.refresh();
    this.#documents.refresh();
  }
  async connectPeer(address: string): Promise<string> {
    const { connected } = await this.#node.control({ which: "connect", connect: address }, "connected");
    this.#peers.refresh();
    return hex(connected);
  }

  async grant(id: string, options: AccessOptions): Promise<void> {
    await this.#node.control({ which: "grant", grant: access(id, options) }, "done");
  }
  async revoke(id: string, options: AccessOptions & { readonly keep?: Level }): Promise<void> {
    await this.#node.control({ which: "revoke", revoke: { ...access(id, options), keep: options.keep ?? "" } }, "done");
  }
  async explain(id: string, options: AccessOptions): Promise<Explanation> {
    const { explained } = await this.#node.control({ which: "explain", explain: access(id, options) }, "explained");
    return { allowed: explained.allowed, level: explained.level as Level, sentence: explained.sentence };
  }

  // ---- looking into things ----

  async holders(id: string, path?: Place): Promise<readonly Holder[]> {
    const { holders } = await this.#node.control({ which: "listHolders", listHolders: place(id, path) }, "holders");
    return holders.map((line) => ({ who: line.principal, level: line.level as Level }));
  }

  async history(id: string, options?: { readonly limit?: number }): Promise<readonly HistoryEntry[]> {
    const { history } = await this.#node.control({ which: "history", history: { document: id, limit: options?.limit ?? 1_000 } }, "history");
    return history.map((line) => ({
      hash: hex(line.hash),
      device: hex(line.device),
      incarnation: line.incarnation,
      seq: line.seq,
      operations: line.operations,
      time: line.timed ? line.timeMs : undefined,
      label: line.label,
      parents: line.parents.map(hex),
    }));
  }
  async valueAt(id: string, version: readonly string[], path?: Place): Promise<unknown> {
    const { value } = await this.#node.control({ which: "get", get: { place: place(id, path), version } }, "value");
    return JSON.parse(value);
  }
  async tree(): Promise<unknown> {
    return JSON.parse((await this.#node.control({ which: "nodeTree" }, "tree")).tree);
  }
  async metrics(): Promise<string> {
    return (await this.#node.control({ which: "nodeMetrics" }, "metrics")).metrics;
  }
  async introduction(): Promise<readonly Uint8Array[]> {
    return (await this.#node.control({ which: "introduction" }, "introduction")).introduction;
  }
  async people(statements?: readonly Uint8Array[]): Promise<readonly string[]> {
    const request = statements ? ({ which: "learn", learn: statements } as const) : ({ which: "listPeople" } as const);
    return (await this.#node.control(request, "people")).people.map(hex);
  }

  close(): void {
    for (const list of [this.#documents, this.#peers, this.#invitations]) list.stop();
    for (const document of [...this.#live]) document.close(clientError("closed", "the client is closed"), true);
    this.#node.close();
  }

  // ---- lists ----

  async #listDocuments(): Promise<readonly DocumentInfo[]> {
    const { documents } = await this.#node.control({ which: "listDocuments" }, "documents");
    return documents.map((line) => ({ id: hex(line.id), name: line.name, package: line.package, version: line.version, created: line.createdMs }));
  }
  async #listPeers(): Promise<readonly Peer[]> {
    const { peers } = await this.#node.control({ which: "peers" }, "peers");
    return peers.map((line) => ({
      device: hex(line.device),
      user: hex(line.user) || undefined,
      name: line.name,
      state: line.state,
      addresses: line.addresses,
      problem: line.problem || undefined,
      sentBytes: line.sentBytes,
      receivedBytes: line.receivedBytes,
      roundTrip: line.measured ? line.roundTripMs : undefined,
    }));
  }
  async #listInvitations(): Promise<Invitations> {
    const { invitations } = await this.#node.control({ which: "listInvitations" }, "invitations");
    return {
      given: invitations.given.map((line) => ({
        id: hex(line.id),
        document: hex(line.document),
        name: line.name,
        path: line.path,
        level: line.level as Level,
        state: line.state,
        usesLeft: line.usesLeft,
        expires: line.expires * 1000,
      })),
      offered: invitations.pending.map((line) => ({ document: hex(line.document), from: hex(line.from), name: line.name, package: line.package })),
    };
  }

  /** Asked only after the node has the write on its disk, so that what it says of its peers includes the write. */
  async #reachedPeer(id: string): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, peerInterval));
      try {
        const { sync } = await this.#node.control({ which: "syncStatus" }, "sync");
        if (sync.some((line) => line.state === "synced" && hex(line.document) === id)) return;
      } catch (error) {
        // While the node is away, peers cannot be asked for; that passes.
        if (error instanceof TlfsError && (error.kind !== "unavailable" || error.code === ClientErrc.closed)) throw error;
      }
    }
  }
}

function access(id: string, options: AccessOptions) {
  return { place: place(id, options.path), level: options.level, principal: options.who, keep: "" };
}

/** One holder's view of a document that several may hold. */
class Handle<M> implements Document<M> {
  readonly id: string;
  readonly get: () => DocumentState<M>;
  readonly subscribe: (listener: () => void) => () => void;
  readonly presence: Document<M>["presence"];
  readonly #shared: SharedDocument;
  #held = true;

  constructor(shared: SharedDocument) {
    this.#shared = shared;
    this.id = shared.id;
    this.get = shared.state.get as unknown as () => DocumentState<M>;
    this.subscribe = shared.state.subscribe;
    this.presence = shared.presence;
    shared.hold();
  }

  ready(): Promise<DocumentState<M>> {
    return new Promise((resolve, reject) => {
      let stop: (() => void) | undefined;
      const look = () => {
        const state = this.get();
        if (state.status === "ready") resolve(state);
        else if (state.status === "failed") reject(state.error ?? clientError("noSuchPlace", "the document cannot be opened"));
        else if (this.#shared.closed) reject(clientError("closed", "the document was released"));
        else return false;
        stop?.();
        return true;
      };
      if (!look()) stop = this.subscribe(look);
    });
  }
  transact(edit: (draft: Draft<M>) => void, options?: TransactOptions): Write {
    return this.#shared.transact(edit as (draft: unknown) => unknown, options);
  }
  undo(options?: { readonly origin?: string }): Write {
    return this.#shared.takeBack(options?.origin, false);
  }
  redo(options?: { readonly origin?: string }): Write {
    return this.#shared.takeBack(options?.origin, true);
  }
  conflicts(path: Path): readonly unknown[] {
    return this.#shared.conflicts(path);
  }
  setPresence(value: unknown): void {
    this.#shared.setPresence(value);
  }
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#shared.release();
  }
}
