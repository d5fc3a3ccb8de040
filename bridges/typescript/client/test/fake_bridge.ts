/** A bridge in this process: sockets that lead to fake documents, with faults that tests ask for. */
import type { WebSocketLike } from "../src/index.js";
import { decodeBridgeRequest, encodeBridgeMessage } from "../src/capnp/codec.js";
import type { BridgeMessage, BridgeRequest, ControlReply } from "../src/capnp/messages.js";
import type { Edit } from "../src/replica/wire.js";
import { FakeDocument, NodeError } from "./fake_node.js";

const utf8 = new TextEncoder();
const text = new TextDecoder();

type Listener = (event: never) => void;

/** The client's end. What it sends arrives, and what it gets comes, each in a later turn and in order. */
export class FakeSocket implements WebSocketLike {
  binaryType = "";
  readonly #listeners = new Map<string, Listener[]>();
  closed = false;

  constructor(
    readonly bridge: FakeBridge,
    readonly url: string,
    readonly protocols: string[],
  ) {
    setTimeout(() => {
      if (this.closed) return;
      if (bridge.down) return this.end(1006, "");
      this.emit("open", {});
      bridge.greet(this);
    });
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }
  emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
  send(data: Uint8Array): void {
    const bytes = data.slice();
    setTimeout(() => {
      if (!this.closed) this.bridge.receive(this, decodeBridgeRequest(bytes));
    });
  }
  close(code?: number): void {
    this.bridge.closedBy.push(code);
    this.end(code ?? 1000, "");
  }
  end(code: number, reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.bridge.gone(this);
    setTimeout(() => this.emit("close", { code, reason }));
  }
  deliver(message: BridgeMessage): void {
    setTimeout(() => {
      if (!this.closed) this.emit("message", { data: encodeBridgeMessage(message).slice().buffer });
    });
  }
}

interface Subscription {
  readonly socket: FakeSocket;
  readonly number: number;
  readonly document: string;
  readonly client: number;
  notified: boolean;
}

export class FakeBridge {
  readonly documents = new Map<string, FakeDocument>();
  readonly sockets: FakeSocket[] = [];
  readonly requests: BridgeRequest[] = [];
  readonly closedBy: (number | undefined)[] = [];
  /** Nobody gets in. */
  down = false;
  protocol = 1;
  /** What is done with a request instead of answering it; true: it is dealt with. */
  intercept: ((request: BridgeRequest, socket: FakeSocket) => boolean) | undefined;
  control: (which: string) => ControlReply = (which) => ({ number: 0, which: "failed", failed: { kind: "usage", module: "control", code: 1, message: `no ${which} here` } });
  readonly presences: { document: string; json: string }[] = [];
  #subscriptions: Subscription[] = [];
  #next = 1;

  readonly socket = (url: string, protocols: string[]): FakeSocket => {
    const socket = new FakeSocket(this, url, protocols);
    this.sockets.push(socket);
    return socket;
  };

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.sockets.slice()) socket.end(1006, "cut");
  }
  gone(socket: FakeSocket): void {
    this.#subscriptions = this.#subscriptions.filter((s) => s.socket !== socket);
    const at = this.sockets.indexOf(socket);
    if (at >= 0) this.sockets.splice(at, 1);
  }
  get subscriptions(): number {
    return this.#subscriptions.length;
  }

  greet(socket: FakeSocket): void {
    socket.deliver({
      number: 0,
      which: "hello",
      hello: { protocol: this.protocol, device: Uint8Array.of(0xab), user: Uint8Array.of(0xcd), maxFrameBytes: 1 << 20, maxSubscriptions: 256 },
    });
  }

  /** Somebody else writes. */
  write(id: string, edits: Edit[]): void {
    const document = this.documents.get(id) as FakeDocument;
    document.write(0, document.revision + 1, edits, undefined);
    this.notify(id);
  }

  notify(id: string): void {
    for (const s of this.#subscriptions) {
      if (s.document !== id || s.notified) continue;
      s.notified = true;
      s.socket.deliver({ number: 0, which: "changed", changed: { subscription: s.number, revision: (this.documents.get(id) as FakeDocument).revision } });
    }
  }
  say(message: BridgeMessage): void {
    for (const socket of this.sockets) socket.deliver(message);
  }
  endSubscriptions(failed: NodeError): void {
    for (const s of this.#subscriptions.splice(0)) {
      const why = { kind: failed.kind, module: failed.module, code: failed.code, message: failed.message };
      s.socket.deliver({ number: 0, which: "ended", ended: { subscription: s.number, why } });
    }
  }

  receive(socket: FakeSocket, request: BridgeRequest): void {
    this.requests.push(request);
    if (this.intercept?.(request, socket)) return;
    try {
      this.answer(socket, request);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      const failed = { kind: error.kind, module: error.module, code: error.code, message: error.message };
      socket.deliver({ number: request.number, which: "failed", failed });
    }
  }

  answer(socket: FakeSocket, request: BridgeRequest): void {
    const { number } = request;
    switch (request.which) {
      case "open": {
        const document = this.#document(request.open.document);
        const subscription = this.#next++;
        this.#subscriptions.push({ socket, number: subscription, document: request.open.document, client: request.open.client, notified: true });
        socket.deliver({ number, which: "opened", opened: { subscription, revision: document.revision, level: "own" } });
        return;
      }
      case "pull": {
        const { subscription, have } = request.pull;
        const found = this.#subscriptions.find((s) => s.number === subscription);
        if (!found) throw new NodeError("document_actor", 4, "input", "no such subscription");
        found.notified = false;
        const document = this.#document(found.document);
        const written = document.written(found.client);
        const update = document.since(have);
        if (update) {
          socket.deliver({
            number,
            which: "patches",
            patches: { from: update.from, to: update.to, durable: update.to, written, patches: utf8.encode(JSON.stringify(update.patches)) },
          });
        } else {
          socket.deliver({ number, which: "value", value: { revision: document.revision, durable: document.revision, written, json: utf8.encode(JSON.stringify(document.json())), conflicts: new Uint8Array() } });
        }
        return;
      }
      case "close":
        this.#subscriptions = this.#subscriptions.filter((s) => s.number !== request.close);
        socket.deliver({ number, which: "done" });
        return;
      case "write": {
        const w = request.write;
        const edits = JSON.parse(text.decode(w.edits)) as Edit[];
        const written = this.#document(w.document).write(w.client, w.number, edits, w.onRevision, w.origin, w.label);
        this.notify(w.document);
        socket.deliver({ number, which: "written", written });
        return;
      }
      case "takeBack":
        throw new NodeError("document", 13, "input", "nothing to undo");
      case "setPresence":
        this.presences.push({ document: request.setPresence.document, json: text.decode(request.setPresence.json) });
        socket.deliver({ number, which: "done" });
        return;
      case "schema":
        socket.deliver({ number, which: "schema", schema: utf8.encode(JSON.stringify({ package: "board", version: "0.1.0", root: this.#document(request.schema).shape })) });
        return;
      case "control":
        socket.deliver({ number, which: "control", control: this.control(request.control.which) });
        return;
    }
  }

  #document(id: string): FakeDocument {
    const document = this.documents.get(id);
    if (!document) throw new NodeError("document_actor", 6, "input", "no such document");
    return document;
  }
}
