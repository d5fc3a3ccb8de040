import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeBridgeMessage, decodeBridgeRequest, encodeBridgeMessage, encodeBridgeRequest } from "../src/capnp/codec.js";
import type { BridgeMessage, BridgeRequest } from "../src/capnp/messages.js";
import { TlfsError } from "../src/index.js";
import { Random, withSeeds } from "./random.js";

const schema = new URL("../../../../schema/messages/bridge.capnp", import.meta.url).pathname;
const hasTool = spawnSync("capnp", ["--version"]).status === 0;
const utf8 = new TextEncoder();

/** What the official tool makes of a message in its text form; kept in test/fixtures for machines without the tool. */
function official(name: string, type: string, text: string): Uint8Array {
  const path = new URL(`fixtures/${name}.bin`, import.meta.url).pathname;
  if (!existsSync(path)) writeFileSync(path, execFileSync("capnp", ["encode", schema, type], { input: text }));
  const kept = readFileSync(path);
  if (hasTool) expect(kept.equals(execFileSync("capnp", ["encode", schema, type], { input: text }))).toBe(true);
  return new Uint8Array(kept);
}

const key = Uint8Array.from({ length: 32 }, (_, i) => i);
const keyText = `"${[...key].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;

const messages: [string, string, BridgeMessage][] = [
  [
    "hello",
    `(number = 0, hello = (protocol = 1, device = ${keyText}, maxFrameBytes = 16777216, maxSubscriptions = 256))`,
    { number: 0, which: "hello", hello: { protocol: 1, device: key, user: new Uint8Array(), maxFrameBytes: 16777216, maxSubscriptions: 256 } },
  ],
  [
    "patches",
    `(number = 7, patches = (from = 4294967296, to = 9007199254740991, durable = 3, written = 2, patches = "[]"))`,
    { number: 7, which: "patches", patches: { from: 2 ** 32, to: Number.MAX_SAFE_INTEGER, durable: 3, written: 2, patches: utf8.encode("[]") } },
  ],
  [
    "failed",
    `(number = 1, failed = (kind = denied, module = "document", code = -2147483648, message = "né 😀"))`,
    { number: 1, which: "failed", failed: { kind: "denied", module: "document", code: -2147483648, message: "né 😀" } },
  ],
  ["done", "(number = 12, done = void)", { number: 12, which: "done" }],
  [
    "sync",
    `(number = 0, sync = (document = "ab", state = synced))`,
    { number: 0, which: "sync", sync: { document: "ab", state: "synced" } },
  ],
  [
    "peers",
    `(number = 3, control = (number = 0, peers = [(device = "\\x01", state = "linked", addresses = ["a:1", "", "b:2"], sentBytes = 5, measured = true, roundTripMs = 9), (name = "x")]))`,
    {
      number: 3,
      which: "control",
      control: {
        number: 0,
        which: "peers",
        peers: [
          { device: Uint8Array.of(1), user: new Uint8Array(), state: "linked", addresses: ["a:1", "", "b:2"], problem: "", sentBytes: 5, receivedBytes: 0, measured: true, roundTripMs: 9, name: "" },
          { device: new Uint8Array(), user: new Uint8Array(), state: "", addresses: [], problem: "", sentBytes: 0, receivedBytes: 0, measured: false, roundTripMs: 0, name: "x" },
        ],
      },
    },
  ],
  [
    "history",
    `(number = 4, control = (number = 0, history = [(hash = "h", timed = true, timeMs = -5, parents = ["a", "bc"]), (seq = 2)]))`,
    {
      number: 4,
      which: "control",
      control: {
        number: 0,
        which: "history",
        history: [
          { hash: utf8.encode("h"), device: new Uint8Array(), incarnation: 0, seq: 0, operations: 0, timed: true, timeMs: -5, label: "", parents: [utf8.encode("a"), utf8.encode("bc")] },
          { hash: new Uint8Array(), device: new Uint8Array(), incarnation: 0, seq: 2, operations: 0, timed: false, timeMs: 0, label: "", parents: [] },
        ],
      },
    },
  ],
];

const requests: [string, string, BridgeRequest][] = [
  [
    "open",
    `(number = 1, open = (document = "00ff", path = ".a", version = "1.0.0", client = 4503599627370495, presence = true))`,
    { number: 1, which: "open", open: { document: "00ff", path: ".a", version: "1.0.0", client: 2 ** 52 - 1, presence: true } },
  ],
  ["pull_none", "(number = 2, pull = (subscription = 5))", { number: 2, which: "pull", pull: { subscription: 5, have: undefined } }],
  ["pull_zero", "(number = 2, pull = (subscription = 5, have = 0))", { number: 2, which: "pull", pull: { subscription: 5, have: 0 } }],
  [
    "write",
    `(number = 3, write = (document = "00ff", client = 1, number = 2, onRevision = 1234567890123, edits = "[[]]", origin = "w", label = "l"))`,
    { number: 3, which: "write", write: { document: "00ff", client: 1, number: 2, onRevision: 1234567890123, edits: utf8.encode("[[]]"), origin: "w", label: "l" } },
  ],
  ["close", "(number = 9, close = 8)", { number: 9, which: "close", close: 8 }],
  [
    "invite",
    `(number = 4, control = (number = 0, invite = (place = (document = "d", path = ".a"), level = "read", expiresInSeconds = 4294967295, uses = 2)))`,
    { number: 4, which: "control", control: { number: 0, which: "invite", invite: { place: { document: "d", path: ".a" }, level: "read", expiresInSeconds: 4294967295, uses: 2 } } },
  ],
  [
    "get",
    `(number = 5, control = (number = 0, get = (place = (document = "d", path = "."), version = ["aa", "bb"])))`,
    { number: 5, which: "control", control: { number: 0, which: "get", get: { place: { document: "d", path: "." }, version: ["aa", "bb"] } } },
  ],
  [
    "learn",
    `(number = 6, control = (number = 0, learn = ["one", "two"]))`,
    { number: 6, which: "control", control: { number: 0, which: "learn", learn: [utf8.encode("one"), utf8.encode("two")] } },
  ],
];

describe("the messages of the bridge", () => {
  it.each(messages)("are read as Cap'n Proto's own tool writes them: %s", (name, text, message) => {
    expect(decodeBridgeMessage(official(name, "BridgeMessage", text))).toEqual(message);
  });
  it.each(requests)("are read as Cap'n Proto's own tool writes them: request %s", (name, text, request) => {
    expect(decodeBridgeRequest(official(name, "BridgeRequest", text))).toEqual(request);
  });
  it.each(messages)("come back as they were written: %s", (_name, _text, message) => {
    expect(decodeBridgeMessage(encodeBridgeMessage(message))).toEqual(message);
  });

  it.runIf(hasTool).each(requests)("are written so that Cap'n Proto's own tool reads them: %s", (name, text, request) => {
    const decode = (bytes: Uint8Array) => execFileSync("capnp", ["decode", schema, "BridgeRequest"], { input: bytes }).toString();
    expect(decode(encodeBridgeRequest(request))).toBe(decode(official(name, "BridgeRequest", text)));
  });

  it.runIf(hasTool)("have the layout that the schema says", () => {
    const tool = new URL("../../tools/capnp_layouts.mjs", import.meta.url).pathname;
    expect(spawnSync("node", [tool, "--check"], { encoding: "utf8" })).toMatchObject({ status: 0 });
  });

  it("are read across segments, through far pointers", () => {
    const written = encodeBridgeMessage({ number: 0, which: "sync", sync: { document: "x", state: "synced" } });
    expect(decodeBridgeMessage(written)).toMatchObject({ which: "sync" });
    expect(decodeBridgeMessage(splitAcrossSegments(written))).toEqual(decodeBridgeMessage(written));

    // Segment 0 holds a far pointer alone; segment 1 is the message as it was.
    const near = new Uint8Array(16 + 8 + written.length - 8);
    const view = new DataView(near.buffer);
    [1, 1, written.length / 8 - 1, 0, 2, 1].forEach((word, i) => view.setUint32(4 * i, word, true));
    near.set(written.subarray(8), 24);
    expect(decodeBridgeMessage(near)).toEqual(decodeBridgeMessage(written));
  });

  it("are refused with an error, whatever the bytes", () => {
    const originals = messages.map(([, , message]) => encodeBridgeMessage(message));
    withSeeds(4000, (random) => {
      const bytes = random.of(originals).slice();
      for (let n = 1 + random.below(4); n > 0; --n) damage(random, bytes);
      const cut = random.chance(4) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
      try {
        decodeBridgeMessage(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(TlfsError);
      }
    });
  });

  it("cannot make the reader work without end: a list of structs without content is refused", () => {
    const peers = encodeBridgeMessage({ number: 1, which: "control", control: { number: 0, which: "peers", peers: [] } });
    const list = new DataView(peers.buffer, peers.byteOffset, peers.byteLength);
    // The last word is the tag of the empty list.
    list.setUint32(peers.length - 8, ((2 ** 29 - 1) << 2) >>> 0, true);
    list.setUint32(peers.length - 4, 0, true);
    expect(() => decodeBridgeMessage(peers)).toThrow("visit too much");
  });
});

function damage(random: Random, bytes: Uint8Array): void {
  if (random.chance(2)) bytes[random.below(bytes.length)] = random.below(256);
  else bytes[random.below(bytes.length)] ^= 1 << random.below(8);
}

/** The same message with the root struct in a segment of its own, reached by a double far pointer. */
function splitAcrossSegments(message: Uint8Array): Uint8Array {
  const body = message.subarray(8);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const tagHigh = view.getUint32(4, true);
  const content = body.subarray(8);
  // Segment 0: a double far pointer to segment 1. Segment 1: the pad. Segment 2: everything but the root pointer.
  const out = new Uint8Array(16 + 8 + 16 + content.length);
  const to = new DataView(out.buffer);
  to.setUint32(0, 2, true);
  to.setUint32(4, 1, true);
  to.setUint32(8, 2, true);
  to.setUint32(12, content.length / 8, true);
  to.setUint32(16, (0 << 3) | 4 | 2, true);
  to.setUint32(20, 1, true);
  to.setUint32(24, (0 << 3) | 2, true);
  to.setUint32(28, 2, true);
  to.setUint32(32, 0, true);
  to.setUint32(36, tagHigh, true);
  out.set(content, 40);
  return out;
}
