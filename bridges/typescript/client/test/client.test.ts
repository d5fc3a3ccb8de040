import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect, TlfsError, type Client, type ConnectOptions } from "../src/index.js";
import { bridgeAddress } from "../src/client.js";
import { boardSchema, boardShape, type Board } from "./board.js";
import { FakeBridge } from "./fake_bridge.js";
import { FakeDocument, NodeError } from "./fake_node.js";

const id = "00ff";
let bridge: FakeBridge;
let document: FakeDocument;
let clients: Client[];

function client(options: ConnectOptions = {}): Client {
  const made = connect({ url: "ws://node/bridge", socket: bridge.socket, ...options });
  clients.push(made);
  return made;
}
/** Lets so many milliseconds pass. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  bridge = new FakeBridge();
  document = new FakeDocument(boardShape, { items: [{ title: "one" }, { title: "two" }], body: "hello", title: "board" });
  bridge.documents.set(id, document);
  clients = [];
});
afterEach(() => {
  for (const one of clients) one.close();
  vi.useRealTimers();
});

describe("a client", () => {
  it("says how it stands with its node, and comes back by itself when the connection is lost", async () => {
    const c = client();
    const seen: string[] = [];
    c.connection.subscribe(() => seen.push(c.connection.get().status));
    expect(c.connection.get().status).toBe("connecting");
    await pass(20);
    expect(c.connection.get()).toEqual({ status: "online", device: "ab", user: "cd" });
    bridge.down = true;
    bridge.cut();
    await pass(1);
    expect(c.connection.get()).toMatchObject({ status: "offline", device: "ab", error: { code: 1, kind: "unavailable" } });
    await pass(30_000);
    expect(seen.filter((status) => status === "connecting").length).toBeGreaterThan(3);
    bridge.down = false;
    await pass(11_000);
    expect(c.connection.get().status).toBe("online");
  });

  it("waits longer after each attempt that fails, at most ten seconds", async () => {
    bridge.down = true;
    const c = client();
    const times: number[] = [];
    c.connection.subscribe(() => c.connection.get().status === "connecting" && times.push(Date.now()));
    await pass(60_000);
    const pauses = times.slice(1).map((time, i) => time - times[i]);
    expect(times.length).toBeLessThan(20);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10_050);
    expect(pauses[pauses.length - 1]).toBeGreaterThan(4_000);
  });

  it("does not go on with a node that speaks another protocol", async () => {
    bridge.protocol = 2;
    const c = client();
    await pass(60_000);
    expect(c.connection.get()).toMatchObject({ status: "refused", error: { code: 8 } });
    expect(bridge.closedBy).toEqual([4001]);
  });

  it("gives up a connection that says no hello, one that sends text, and one that sends what is no message", async () => {
    const greet = vi.spyOn(bridge, "greet").mockImplementation(() => undefined);
    const c = client();
    await pass(10_500);
    expect(bridge.closedBy).toContain(4000);
    greet.mockRestore();
    await pass(11_000);
    expect(c.connection.get().status).toBe("online");
    for (const data of ["text", new ArrayBuffer(9)]) {
      bridge.closedBy.length = 0;
      bridge.sockets[0].emit("message", { data });
      expect(bridge.closedBy).toEqual([4002]);
      expect(c.connection.get()).toMatchObject({ status: "offline", error: { code: 3 } });
      await pass(1_000);
      expect(c.connection.get().status).toBe("online");
    }
  });

  it("rejects what it is asked with the node's own error, with a timeout, and with what ended the connection", async () => {
    const c = client({ timeout: 500 });
    await expect(c.metrics()).rejects.toMatchObject({ module: "client", code: 1 });
    await pass(20);
    bridge.intercept = (request) => request.which === "control";
    const [silent, cut] = [c.metrics(), c.tree()];
    silent.catch(() => undefined);
    cut.catch(() => undefined);
    await pass(501);
    await expect(silent).rejects.toMatchObject({ code: 2, kind: "unavailable" });
    const third = c.tree();
    third.catch(() => undefined);
    bridge.cut();
    await pass(5);
    await expect(third).rejects.toMatchObject({ code: 1 });
    bridge.intercept = undefined;
    await pass(1_000);
    const refused = c.join("link");
    refused.catch(() => undefined);
    await pass(20);
    await expect(refused).rejects.toSatisfy((e) => e instanceof TlfsError && e.module === "control" && e.kind === "usage");
  });

  it("asks for lists while someone listens, and keeps them the same object while they do not change", async () => {
    const c = client();
    await pass(20);
    let names = ["a", "b"];
    bridge.control = () => ({
      number: 0,
      which: "documents",
      documents: names.map((name) => ({ id: Uint8Array.of(1), name, package: "board", version: "0.1.0", createdMs: 5 })),
    });
    expect(bridge.requests).toEqual([]);
    const stop = c.documents.subscribe(() => undefined);
    await pass(100);
    const first = c.documents.get();
    expect(first).toEqual(names.map((name) => ({ id: "01", name, package: "board", version: "0.1.0", created: 5 })));
    await pass(5_000);
    expect(bridge.requests.length).toBeGreaterThan(2);
    expect(c.documents.get()).toBe(first);
    names = ["a", "c"];
    await pass(3_000);
    expect(c.documents.get()?.[0]).toBe(first?.[0]);
    expect(c.documents.get()?.[1].name).toBe("c");
    stop();
    const count = bridge.requests.length;
    await pass(10_000);
    expect(bridge.requests.length).toBe(count);
  });

  it("finds the bridge and the token in the link that the node prints", () => {
    expect(bridgeAddress("http://127.0.0.1:7001/?token=abc")).toEqual({ url: "ws://127.0.0.1:7001/bridge", token: "abc" });
    expect(bridgeAddress("wss://node.example/elsewhere")).toEqual({ url: "wss://node.example/elsewhere", token: undefined });
    client({ url: "http://node:1/?token=t" });
    expect(bridge.sockets[0].protocols).toEqual(["tlfs.1", "token.t"]);
  });
});

describe("a document", () => {
  it("is loading, then ready, and follows what others write", async () => {
    const doc = client().open(id, boardSchema);
    expect(doc.get()).toEqual({ status: "loading", data: undefined, version: 0, sync: "offline", level: "none", pending: 0, error: undefined });
    await pass(50);
    await doc.ready();
    expect(doc.get()).toMatchObject({ status: "ready", level: "own", data: { title: "board", stars: 3, items: [{ title: "one" }, { title: "two" }] } });
    const before = doc.get();
    expect(doc.get()).toBe(before);
    bridge.write(id, [["set", ["items", 1, "done"], true]]);
    bridge.write(id, [["splice", ["body"], 5, 0, " world"]]);
    await pass(50);
    const after = doc.get();
    expect(after.data?.body).toBe("hello world");
    expect(after.data?.items[1].done).toBe(true);
    expect(after.data?.items[0]).toBe(before.data?.items[0]);
    bridge.say({ number: 0, which: "sync", sync: { document: id, state: "synced" } });
    await pass(5);
    expect(doc.get().sync).toBe("synced");
  });

  it("is read without a schema too", async () => {
    const doc = client().open(id);
    await pass(50);
    expect((await doc.ready()).data).toMatchObject({ title: "board", people: new Map() });
  });

  it("shows an edit at once, and is pending until the node has it on its disk", async () => {
    const doc = client({ client: "me" }).open(id, boardSchema);
    await pass(50);
    const write = doc.transact((d) => void d.items.push({ title: "three" }), { label: "Add" });
    expect(doc.get().data?.items.length).toBe(3);
    expect(doc.get().pending).toBe(1);
    let saved = false;
    void write.wait().then(() => (saved = true));
    await pass(50);
    expect(saved).toBe(true);
    expect(doc.get()).toMatchObject({ pending: 0, version: 1 });
    expect(document.log).toMatchObject([{ origin: "me", label: "Add", onRevision: 0 }]);
  });

  it("sends one write at a time, and nothing for a transaction that edits nothing", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    await doc.transact(() => undefined).wait();
    let underWay = 0;
    let most = 0;
    bridge.intercept = (request, socket) => {
      if (request.which !== "write") return false;
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        --underWay;
        bridge.answer(socket, request);
      }, 20);
      return true;
    };
    for (let i = 0; i < 200; ++i) doc.transact((d) => d.votes.increment());
    expect(doc.get().data?.votes).toBe(200);
    await pass(5_000);
    expect(most).toBe(1);
    expect(document.json()).toMatchObject({ votes: 200 });
    // From a certain number on, what waits is joined.
    expect(document.log.length).toBeLessThan(70);
    expect(doc.get().pending).toBe(0);
  });

  it("can be edited while the node is away, and does each write once however often connections break", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    let writes = 0;
    bridge.intercept = (request, socket) => {
      if (request.which !== "write") return false;
      // The node does every second write and dies before it can answer; of the others it hears nothing.
      if (++writes < 8) {
        if (writes % 2) bridge.answer(socket, request);
        bridge.cut();
        return true;
      }
      return false;
    };
    const waits = [1, 2, 3].map((by) => doc.transact((d) => d.votes.increment(by)).wait());
    bridge.down = true;
    await pass(500);
    waits.push(doc.transact((d) => d.items.shift()).wait());
    expect(doc.get()).toMatchObject({ status: "ready", sync: "offline", pending: 4 });
    bridge.write(id, [["insert", ["items"], 0, [{ title: "zero" }]]]);
    bridge.down = false;
    await pass(120_000);
    await Promise.all(waits);
    expect(document.json()).toMatchObject({ votes: 6, items: [{ title: "zero" }, { title: "two" }] });
    expect(doc.get()).toMatchObject({ pending: 0, data: { votes: 6, items: [{ title: "zero" }, { title: "two" }] } });
  });

  it("takes back what the node refuses, rejects, and says why", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    bridge.intercept = (request) => {
      if (request.which === "write" && request.write.label === "bad") throw new NodeError("document", 16, "denied", "you may not");
      return false;
    };
    const original = bridge.receive.bind(bridge);
    bridge.receive = (socket, request) => {
      try {
        original(socket, request);
      } catch (error) {
        const e = error as NodeError;
        socket.deliver({ number: request.number, which: "failed", failed: { kind: e.kind, module: e.module, code: e.code, message: e.message } });
      }
    };
    const bad = doc.transact((d) => d.items.splice(0, 1), { label: "bad" });
    const good = doc.transact((d) => void (d.items[0].title = "two!"));
    expect(doc.get().data?.items.map((item) => item.title)).toEqual(["two!"]);
    const rejected = bad.wait();
    rejected.catch(() => undefined);
    await pass(100);
    await expect(rejected).rejects.toMatchObject({ module: "document", code: 16, kind: "denied", message: "you may not" });
    await good.wait();
    expect(doc.get().data?.items.map((item) => item.title)).toEqual(["one", "two!"]);
    expect(document.json()).toMatchObject({ items: [{ title: "one" }, { title: "two!" }] });
  });

  it("sends a write anew on what the node has now when it was made on something too old", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    bridge.intercept = (request, socket) => {
      // Others write just before the write arrives, and the node forgets how it got there.
      if (request.which === "write" && document.remembered === 0) {
        document.write(0, 99, [["insert", ["items"], 0, [{ title: "zero" }]]], undefined);
        document.remembered = document.revision;
        bridge.notify(id);
      }
      void socket;
      return false;
    };
    const write = doc.transact((d) => void (d.items[1].title = "two!"));
    await pass(200);
    await write.wait();
    expect(document.json()).toMatchObject({ items: [{ title: "zero" }, { title: "one" }, { title: "two!" }] });
  });

  it("tries a write again that the node cannot do now", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    let busy = 3;
    bridge.intercept = (request, socket) => {
      if (request.which !== "write" || busy-- <= 0) return false;
      socket.deliver({ number: request.number, which: "failed", failed: { kind: "unavailable", module: "document_actor", code: 8, message: "the disk is full" } });
      return true;
    };
    const write = doc.transact((d) => d.votes.increment());
    await pass(100);
    expect(doc.get()).toMatchObject({ pending: 1, error: { message: "the disk is full" }, data: { votes: 1 } });
    await pass(5_000);
    await write.wait();
    expect(doc.get()).toMatchObject({ pending: 0, error: undefined });
  });

  it("asks for the whole value when patches do not fit", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    const since = document.since.bind(document);
    document.since = (have) => {
      const update = since(have);
      return update && { ...update, patches: [["remove", ["items"], 17, 1]] };
    };
    bridge.write(id, [["set", ["title"], "new"]]);
    await pass(100);
    expect(doc.get().data?.title).toBe("new");
  });

  it("opens anew when its subscription ends for a passing reason, and fails when not", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    bridge.endSubscriptions(new NodeError("supervision", 1, "unavailable", "restarting"));
    await pass(20);
    expect(doc.get()).toMatchObject({ status: "ready", error: { message: "restarting" } });
    await pass(1_000);
    bridge.write(id, [["set", ["title"], "after"]]);
    await pass(50);
    expect(doc.get()).toMatchObject({ status: "ready", data: { title: "after" }, error: undefined });
    bridge.endSubscriptions(new NodeError("document_actor", 9, "input", "forgotten here"));
    await pass(20);
    expect(doc.get()).toMatchObject({ status: "failed", error: { code: 9 } });
  });

  it("fails when there is none of that id", async () => {
    const doc = client().open("nothing", boardSchema);
    const ready = doc.ready();
    ready.catch(() => undefined);
    await pass(50);
    await expect(ready).rejects.toMatchObject({ module: "document_actor", code: 6 });
    expect(doc.get().status).toBe("failed");
  });

  it("rejects undo when there is nothing to undo", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    const undone = doc.undo().wait();
    undone.catch(() => undefined);
    await pass(50);
    await expect(undone).rejects.toMatchObject({ module: "document", code: 13 });
    expect(bridge.requests.filter((r) => r.which === "takeBack").length).toBe(1);
  });

  it("says which registers have concurrent values, also after their list has changed", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    const since = document.since.bind(document);
    document.since = (have) => {
      const update = since(have);
      if (update && update.from === 0) update.patches.push(["conflict", ["items", 1, "title"], ["b", "c"]]);
      return update;
    };
    bridge.write(id, [["set", ["items", 1, "title"], "b"]]);
    await pass(50);
    expect(doc.conflicts(["items", 1, "title"])).toEqual(["b", "c"]);
    expect(doc.conflicts(["title"])).toEqual([]);
    bridge.write(id, [["insert", ["items"], 0, [{ title: "zero" }]]]);
    await pass(50);
    expect(doc.conflicts(["items", 2, "title"])).toEqual(["b", "c"]);
    bridge.write(id, [["erase", ["items"], 2, 1]]);
    await pass(50);
    expect(doc.conflicts(["items", 2, "title"])).toEqual([]);
  });

  it("shows others and oneself to others, and again after a loss of connection", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    for (let i = 0; i < 100; ++i) doc.setPresence({ cursor: i });
    await pass(200);
    expect(bridge.presences.length).toBeLessThan(4);
    expect(bridge.presences[bridge.presences.length - 1]).toEqual({ document: id, json: '{"cursor":99}' });
    const others = new TextEncoder().encode('[{"device":"01","user":null,"value":{"x":1},"age":5}]');
    bridge.say({ number: 0, which: "presence", presence: { document: id, others } });
    await pass(5);
    const seen = doc.presence.get();
    expect(seen).toEqual([{ device: "01", user: undefined, value: { x: 1 }, age: 5 }]);
    bridge.presences.length = 0;
    bridge.cut();
    await pass(5);
    expect(doc.presence.get()).toEqual([]);
    await pass(2_000);
    expect(bridge.presences).toEqual([{ document: id, json: '{"cursor":99}' }]);
  });

  it("is shared by those who hold it, and closed when none does any more, but not before its writes are saved", async () => {
    const c = client();
    const [one, two] = [c.open<Board>(id, boardSchema), c.open<Board>(id, boardSchema)];
    await pass(50);
    expect(bridge.subscriptions).toBe(1);
    expect(one.get()).toBe(two.get());
    one.release();
    one.release();
    await pass(5_000);
    expect(bridge.subscriptions).toBe(1);
    const stop = two.subscribe(() => undefined);
    two.release();
    await pass(5_000);
    expect(bridge.subscriptions).toBe(1);
    stop();
    bridge.intercept = (request) => request.which === "write";
    two.transact((d) => d.votes.increment());
    await pass(5_000);
    expect(bridge.subscriptions).toBe(1);
    bridge.intercept = undefined;
    bridge.cut();
    await pass(10_000);
    expect(document.json()).toMatchObject({ votes: 1 });
    expect(bridge.subscriptions).toBe(0);
    // Who listens again gets it again.
    two.subscribe(() => undefined);
    await pass(50);
    bridge.write(id, [["set", ["title"], "again"]]);
    await pass(50);
    expect(two.get().data?.title).toBe("again");
  });

  it("is with a peer only when a peer is said to have it after the node has", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    let state = "syncing";
    bridge.control = () => ({ number: 0, which: "sync", sync: [{ document: Uint8Array.of(0, 0xff), peer: Uint8Array.of(1), state }] });
    let there = false;
    void doc.transact((d) => d.votes.increment()).wait("peer").then(() => (there = true));
    await pass(3_000);
    expect(there).toBe(false);
    state = "synced";
    await pass(500);
    expect(there).toBe(true);
  });

  it("says what may be done with it, also when that changes while it is open", async () => {
    const doc = client().open(id, boardSchema);
    await pass(50);
    expect(doc.get().level).toBe("own");
    bridge.say({ number: 0, which: "level", level: { subscription: 999, level: "none" } });
    await pass(5);
    expect(doc.get().level).toBe("own");
    const before = doc.get();
    bridge.say({ number: 0, which: "level", level: { subscription: 1, level: "read" } });
    await pass(5);
    expect(doc.get()).toEqual({ ...before, level: "read" });
  });

  it("watches a part, with paths that start there", async () => {
    const c = client();
    const doc = c.open<Board["items"]>(id, { ...boardSchema, shape: boardShape } as never, { path: ["items"] });
    expect(() => c.open(id, boardSchema, { path: ["items", 0] })).toThrow(TlfsError);
    expect(() => c.open(id, boardSchema, { path: ["nothing"] })).toThrow(TlfsError);
    vi.spyOn(document, "json").mockImplementation(() => [{ title: "one", done: false, note: "" }]);
    await pass(50);
    expect(bridge.requests.find((r) => r.which === "open")).toMatchObject({ open: { path: ".items" } });
    doc.transact((items) => void (items[0].title = "uno"));
    await pass(50);
    expect(document.log[0].edits).toEqual([["set", ["items", 0, "title"], "uno", ["one"]]]);
  });
});
