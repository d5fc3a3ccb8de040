/**
 * The way to a node: one WebSocket at a time, made again with growing pauses when it is lost; requests by number; everything
 * that comes unasked goes to whom it concerns.
 */
import type { ConnectionState, WebSocketLike } from "./api.js";
import { decodeBridgeMessage, encodeBridgeRequest } from "./capnp/codec.js";
import type { BridgeMessage, BridgeRequest, ControlReply, ControlRequest, Failure, Hello } from "./capnp/messages.js";
import { clientError, TlfsError } from "./errors.js";
import { Source } from "./readable.js";

/** The protocol that this client speaks. */
export const protocol = 1;
/** The pause before the first new attempt; it doubles with each one that fails. */
export const firstPause = 250;
export const longestPause = 10_000;
/** How long a connection may take to say hello. */
export const helloTimeout = 10_000;
/** Requests under way; a node takes 256 of one connection. Further ones wait here. */
export const maxUnderWay = 64;
/** Requests that wait. */
export const maxWaiting = 10_000;

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** A request before it has its number. */
export type Request = Without<BridgeRequest, "number">;
export type Control = Without<ControlRequest, "number">;
type Which = BridgeMessage["which"];
export type Answer<W extends Which> = Extract<BridgeMessage, { which: W }>;
type ControlAnswer<W extends ControlReply["which"]> = Extract<ControlReply, { which: W }>;
/** What the node says without having been asked. */
export type News = Answer<"changed"> | Answer<"ended"> | Answer<"sync"> | Answer<"presence"> | Answer<"level">;

export interface ConnectionOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly socket: (url: string, protocols: string[]) => WebSocketLike;
  readonly timeout: number;
}

/** Who wants to know of a connection's life. */
export interface Follower {
  /** There is a connection now; what was open on an earlier one is not open on it. */
  online(): void;
  offline(): void;
  news(news: News): void;
}

interface Asked {
  readonly request: Request;
  readonly expected: Which;
  readonly resolve: (answer: BridgeMessage) => void;
  readonly reject: (error: TlfsError) => void;
}
interface UnderWay extends Asked {
  readonly timer: ReturnType<typeof setTimeout>;
}

export function failureOf(failure: Failure): TlfsError {
  return new TlfsError(failure.module, failure.code, failure.kind, failure.message);
}

export class Connection {
  readonly state = new Source<ConnectionState>({ status: "connecting" });
  hello: Hello | undefined;
  readonly #options: ConnectionOptions;
  readonly #follower: Follower;
  #socket: WebSocketLike | undefined;
  #number = 0;
  readonly #underWay = new Map<number, UnderWay>();
  readonly #waiting: Asked[] = [];
  #pause = firstPause;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #wake = () => this.#hurry();

  constructor(options: ConnectionOptions, follower: Follower) {
    this.#options = options;
    this.#follower = follower;
    globalThis.addEventListener?.("online", this.#wake);
    this.#connect();
  }

  /**
   * Asks the node. Rejects with the node's failure, or with `disconnected` when there is no connection or it ends; nobody
   * knows then whether the node has done it.
   */
  ask<W extends Which>(request: Request, expected: W): Promise<Answer<W>> {
    return new Promise<BridgeMessage>((resolve, reject) => {
      if (this.#closed) return reject(clientError("closed", "the client is closed"));
      if (!this.hello) return reject(this.#disconnected());
      if (this.#waiting.length >= maxWaiting) return reject(clientError("limit", "too many requests wait for the node"));
      this.#waiting.push({ request, expected, resolve, reject });
      this.#send();
    }) as Promise<Answer<W>>;
  }

  /** One of the verbs that the bridge passes on. */
  async control<W extends ControlReply["which"]>(request: Control, expected: W): Promise<ControlAnswer<W>> {
    const answer = await this.ask({ which: "control", control: { ...request, number: 0 } as ControlRequest }, "control");
    const reply = answer.control;
    if (reply.which === "failed") throw failureOf(reply.failed);
    if (reply.which !== expected) throw clientError("malformed", `the node answered ${reply.which} instead of ${expected}`);
    return reply as ControlAnswer<W>;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    globalThis.removeEventListener?.("online", this.#wake);
    this.#end(clientError("closed", "the client is closed"), 1000);
  }

  #disconnected(): TlfsError {
    return this.state.get().error ?? clientError("disconnected", "there is no connection to the node");
  }

  #connect(): void {
    this.#timer = undefined;
    const before = this.state.get();
    if (before.status !== "connecting") this.state.set({ ...before, status: "connecting" });
    let socket: WebSocketLike;
    try {
      const token = this.#options.token;
      socket = this.#options.socket(this.#options.url, token === undefined ? ["tlfs.1"] : ["tlfs.1", `token.${token}`]);
    } catch (error) {
      this.#refuse(clientError("refused", error instanceof Error ? error.message : String(error)));
      return;
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    let opened = false;
    const current = () => this.#socket === socket;
    this.#timer = setTimeout(() => {
      if (current()) this.#end(clientError("timeout", "the node does not say hello"), 4000);
    }, helloTimeout);
    socket.addEventListener("open", () => {
      opened = true;
    });
    socket.addEventListener("message", (event) => {
      if (current()) this.#receive(event.data);
    });
    // What went wrong comes with `close`; without this, Node would take the error for one that nobody handles.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", (event) => {
      if (!current()) return;
      const why = event.reason ? `: ${event.reason}` : "";
      this.#end(clientError("disconnected", opened ? `the connection to the node ended${why}` : "the node cannot be reached, or does not let us in"));
    });
  }

  /** Ends the present socket, and unless that is final, plans the next. */
  #end(error: TlfsError, code?: number): void {
    const socket = this.#socket;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const was = this.hello !== undefined;
    this.hello = undefined;
    if (socket) {
      try {
        socket.close(code);
      } catch {
        // It is over already.
      }
    }
    const asked = [...this.#underWay.values(), ...this.#waiting];
    for (const request of this.#underWay.values()) clearTimeout(request.timer);
    this.#underWay.clear();
    this.#waiting.length = 0;
    const { device, user } = this.state.get();
    if (!this.#closed) {
      // Half of the pause is left to chance, so that many windows do not come back at once.
      const pause = this.#pause * (0.5 + Math.random() / 2);
      this.#pause = Math.min(this.#pause * 2, longestPause);
      this.#timer = setTimeout(() => this.#connect(), pause);
    }
    this.state.set({ status: "offline", device, user, error });
    for (const request of asked) request.reject(error);
    if (was) this.#follower.offline();
  }

  #refuse(error: TlfsError): void {
    this.#closed = true;
    this.#end(error, 4001);
    this.state.set({ ...this.state.get(), status: "refused" });
  }

  /** The platform says that there is a network again. */
  #hurry(): void {
    if (this.#closed || this.#socket || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#pause = firstPause;
    this.#connect();
  }

  #send(): void {
    while (this.#socket && this.hello && this.#underWay.size < maxUnderWay) {
      const asked = this.#waiting.shift();
      if (!asked) return;
      const number = ++this.#number;
      let bytes: Uint8Array;
      try {
        bytes = encodeBridgeRequest({ ...asked.request, number } as BridgeRequest);
        if (bytes.length > this.hello.maxFrameBytes)
          throw clientError("limit", `a request of ${bytes.length} bytes, the node takes ${this.hello.maxFrameBytes}`);
      } catch (error) {
        asked.reject(error as TlfsError);
        continue;
      }
      const timer = setTimeout(() => {
        if (!this.#underWay.delete(number)) return;
        asked.reject(clientError("timeout", `the node did not answer within ${this.#options.timeout} ms`));
        this.#send();
      }, this.#options.timeout);
      this.#underWay.set(number, { ...asked, timer });
      this.#socket.send(bytes);
    }
  }

  #receive(data: unknown): void {
    let message: BridgeMessage;
    try {
      if (!(data instanceof ArrayBuffer) && !(data instanceof Uint8Array)) throw clientError("malformed", "a text frame");
      message = decodeBridgeMessage(data instanceof Uint8Array ? data : new Uint8Array(data));
    } catch (error) {
      this.#end(error instanceof TlfsError ? error : clientError("malformed", String(error)), 4002);
      return;
    }
    if (!this.hello) {
      this.#greet(message);
      return;
    }
    if (message.number === 0) {
      switch (message.which) {
        case "changed":
        case "ended":
        case "sync":
        case "presence":
        case "level":
          this.#follower.news(message);
          return;
        case "failed":
          this.#end(failureOf(message.failed), 1000);
          return;
        default:
          return;
      }
    }
    const asked = this.#underWay.get(message.number);
    // An answer that came too late.
    if (!asked) return;
    this.#underWay.delete(message.number);
    clearTimeout(asked.timer);
    if (message.which === "failed") asked.reject(failureOf(message.failed));
    else if (message.which === asked.expected || (asked.expected === "patches" && message.which === "value")) asked.resolve(message);
    else asked.reject(clientError("malformed", `the node answered ${message.which} instead of ${asked.expected}`));
    this.#send();
  }

  #greet(message: BridgeMessage): void {
    if (message.which === "failed") {
      const error = failureOf(message.failed);
      if (error.kind === "unavailable") this.#end(error, 1000);
      else this.#refuse(error);
      return;
    }
    if (message.which !== "hello") {
      this.#end(clientError("malformed", "the node does not say hello"), 4002);
      return;
    }
    if (message.hello.protocol !== protocol) {
      this.#refuse(clientError("refused", `the node speaks version ${message.hello.protocol} of the protocol, this client ${protocol}`));
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pause = firstPause;
    this.hello = message.hello;
    this.state.set({ status: "online", device: hex(message.hello.device), user: hex(message.hello.user) || undefined });
    this.#follower.online();
  }
}

export function hex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += byte.toString(16).padStart(2, "0");
  return out;
}
