/** The client with real nodes: processes of `tlfs node run --bridge`. Runs when TLFS_BIN says where tlfs is. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { connect, defineSchema, type Client, type Document, type DocumentState, type Draft, type Schema, type TlfsError, type WebSocketLike } from "../src/index.js";
import { readMessage } from "../src/capnp/reader.js";
import { boardShape, type Board } from "./board.js";
import { editSomething } from "./editing.js";
import { Random } from "./random.js";

const tlfs = process.env.TLFS_BIN ?? "";
const environment = { ...process.env };
const socket = (url: string, protocols: string[]) => new WebSocket(url, protocols) as unknown as WebSocketLike;
/** The token is another one after each start of a node. */
const socketOf = (node: RealNode) => (url: string) => socket(url, ["tlfs.1", `token.${new URL(node.link).searchParams.get("token")}`]);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class RealNode {
  process: ChildProcess | undefined;
  link = "";
  address = "";
  readonly directory = mkdtempSync(join(tmpdir(), "tlfs-client-"));
  port = 0;

  async start(): Promise<void> {
    const child = spawn(tlfs, ["--data", this.directory, "node", "run", "--listen", "127.0.0.1:0", "--bridge", `127.0.0.1:${this.port}`], { env: environment });
    this.process = child;
    let said = "";
    child.stdout.on("data", (data: Buffer) => (said += data.toString()));
    child.stderr.on("data", (data: Buffer) => (said += data.toString()));
    for (let i = 0; i < 200; ++i) {
      const link = /(http:\/\/127\.0\.0\.1:(\d+)\/\S*token=\w+)/.exec(said);
      if (link) {
        this.link = link[1];
        this.port = Number(link[2]);
        return;
      }
      await pause(50);
    }
    throw new Error(`no link was printed: ${said}`);
  }
  async kill(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }
  tlfs(...words: string[]): string {
    return execFileSync(tlfs, ["--data", this.directory, ...words], { env: environment, timeout: 20_000 }).toString();
  }
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Waits until `test` holds of what is read. */
async function until<T>(readable: { get(): T; subscribe(listener: () => void): () => void }, test: (value: T) => unknown, ms = 15_000): Promise<T> {
  const end = Date.now() + ms;
  const stop = readable.subscribe(() => undefined);
  try {
    while (!test(readable.get())) {
      if (Date.now() > end) throw new Error(`not within ${ms} ms: ${JSON.stringify(readable.get(), (_k, v: unknown) => (v instanceof Map ? [...v] : typeof v === "bigint" ? `${v}` : v))}`);
      await pause(10);
    }
    return readable.get();
  } finally {
    stop();
  }
}

describe.runIf(tlfs !== "")("with a real node", () => {
  const node = new RealNode();
  const other = new RealNode();
  let client: Client;
  let second: Client;
  let schema: Schema<Board>;
  const ids: string[] = [];

  beforeAll(async () => {
    const compiled = join(node.directory, "board.tlfspkg");
    execFileSync(tlfs, ["schema", "compile", new URL("board.tlfs", import.meta.url).pathname, "-o", compiled]);
    // A package file holds a list of packages.
    const layout = { File: { words: 0, pointers: 1, tag: undefined, fields: { packages: { kind: "datas", at: 0 } } } } as const;
    const file = readMessage(new Uint8Array(readFileSync(compiled)), "File", layout, {}) as { packages?: Uint8Array[] };
    const encoded = Buffer.from(file.packages?.[0] ?? []).toString("base64");
    schema = defineSchema<Board>({ package: "board", version: "0.1.0", encoded, shape: boardShape });
    await Promise.all([node.start(), other.start()]);
    client = connect({ url: node.link, socket: socketOf(node), client: "one" });
    second = connect({ url: node.link, socket: socketOf(node), client: "two" });
    await Promise.all([until(client.connection, (s) => s.status === "online"), until(second.connection, (s) => s.status === "online")]);
  }, 60_000);
  afterAll(async () => {
    client?.close();
    second?.close();
    await Promise.all([node.stop(), other.stop()]);
  });

  async function made(start?: (draft: Draft<Board>) => void): Promise<[Document<Board>, Document<Board>]> {
    const id = await client.create(schema, { name: `board ${ids.length}` });
    ids.push(id);
    const [one, two] = [client.open(id, schema), second.open(id, schema)];
    await Promise.all([one.ready(), two.ready()]);
    if (start) {
      await one.transact(start).wait();
      const version = (await until(one, (s) => s.version > 0)).version;
      await until(two, (s) => s.version >= version);
    }
    return [one, two];
  }
  const same = (one: Document<Board>, two: Document<Board>) => expect(two.get().data).toEqual(one.get().data);

  it("a document is made, listed, and shown in another window", async () => {
    const [one, two] = await made((d) => {
      d.title = "groceries";
      d.items.push({ title: "milk", note: "2 l" }, { title: "bread", done: true });
      d.body.insert(0, "héllo 😀");
      d.votes.increment(3);
      d.people.set("ann", { age: 2n ** 64n - 1n, tags: ["x"] });
      d.years.get(1999);
      d.years.touch(-5);
      d.picture = Uint8Array.of(0, 255);
      d.lines.push("a", "b");
    });
    expect(one.get()).toMatchObject({ status: "ready", level: "own", pending: 0 });
    same(one, two);
    expect(two.get().data).toEqual({
      title: "groceries", stars: 3, items: [{ title: "milk", done: false, note: "2 l" }, { title: "bread", done: true, note: "" }],
      body: "héllo 😀", votes: 3, open: false, people: new Map([["ann", { age: 2n ** 64n - 1n, tags: ["x"] }]]), years: new Map([[-5, 0]]),
      picture: Uint8Array.of(0, 255), lines: ["a", "b"],
    });
    const list = await until(client.documents, (l) => l?.some((d) => d.id === one.id));
    expect(list?.find((d) => d.id === one.id)).toMatchObject({ name: "board 0", package: "board", version: "0.1.0" });
    expect(JSON.parse(node.tlfs("doc", "get", one.id))).toMatchObject({ title: "groceries", votes: 3 });
  });

  it("a document is read without its schema, as far as the node tells schemas", async (context) => {
    const [one] = await made((d) => void (d.title = "read anyway"));
    const untyped = client.open(one.id);
    const state = await until(untyped, (s) => s.status === "ready" || s.error);
    untyped.release();
    if (state.error?.message === "this node does not tell schemas") context.skip();
    expect(state.data).toEqual(one.get().data);
  });

  it("what two windows edit at the same time ends the same in both, and in the node", async () => {
    const [one, two] = await made((d) => {
      d.items.push({ title: "a" }, { title: "b" }, { title: "c" });
      d.body.insert(0, "one two three");
    });
    const random = new Random(7);
    const failed: unknown[] = [];
    for (let i = 0; i < 150; ++i) {
      const write = random.of([one, two]).transact((d) => editSomething(random, d));
      // Others may have removed what it edits.
      write.wait().catch((error) => failed.push(error));
      if (random.chance(4)) await pause(random.below(15));
    }
    const settled = (s: DocumentState<Board>) => s.pending === 0;
    await until(one, settled);
    await until(two, settled);
    await until(one, (s) => s.version === two.get().version);
    await until(two, (s) => s.version === one.get().version);
    same(one, two);
    for (const error of failed) expect(error).toSatisfy((e: TlfsError) => e.module === "document" && e.code === 7);
    const there = client.open(one.id, { ...schema, version: "0.1.0", package: "board anew" });
    await there.ready();
    same(there, one);
  });

  it("undo takes back the last transaction of this window, and redo does it again", async () => {
    const [one, two] = await made();
    await one.transact((d) => d.items.push({ title: "mine" })).wait();
    await two.transact((d) => d.items.push({ title: "theirs" })).wait();
    const titles = (s: DocumentState<Board>) => s.data?.items.map((item) => item.title).join();
    await one.undo().wait();
    await until(one, (s) => titles(s) === "theirs");
    await one.redo().wait();
    await until(two, (s) => titles(s)?.includes("mine") && titles(s)?.includes("theirs"));
    await expect(one.redo().wait()).rejects.toMatchObject({ module: "document", kind: "input" });
  });

  it("what is edited while the node is dead is there when it runs again, once", async () => {
    const [one, two] = await made((d) => d.items.push({ title: "a" }));
    await node.kill();
    await until(client.connection, (s) => s.status !== "online");
    const waits = [one.transact((d) => d.votes.increment()).wait(), two.transact((d) => d.votes.increment(10)).wait(), one.transact((d) => d.items.push({ title: "b" })).wait()];
    expect(one.get()).toMatchObject({ status: "ready", sync: "offline", pending: 2, data: { votes: 1 } });
    await node.start();
    await Promise.all(waits);
    const settled = (s: DocumentState<Board>) => s.pending === 0 && s.data?.votes === 11 && s.data.items.length === 2;
    await until(one, settled);
    await until(two, settled);
    expect(one.get().data?.items.map((item) => item.title)).toEqual(["a", "b"]);
    same(one, two);
  });

  /** A window that can be cut off from its node. */
  async function loose(name: string) {
    let cut = false;
    const sockets: WebSocket[] = [];
    const one = connect({
      url: node.link,
      client: name,
      socket: (url) => {
        if (cut) url = "ws://127.0.0.1:9/";
        const made = socketOf(node)(url) as unknown as WebSocket;
        sockets.push(made);
        return made as unknown as WebSocketLike;
      },
    });
    await until(one.connection, (s) => s.status === "online");
    return {
      client: one,
      cut: async () => {
        cut = true;
        for (const it of sockets) it.terminate();
        await until(one.connection, (s) => s.status !== "online");
      },
      heal: async () => {
        cut = false;
        await until(one.connection, (s) => s.status === "online");
      },
    };
  }

  // Both know version one; each writes without the other; then they meet.
  //
  //   one  --- cut --- "mine" ------ heal
  //   node ----------- "theirs" ---- (restart) ---
  it.each(["patches", "a value, the node having been started again"])("what is written off-line meets what others wrote as if both had been nodes, through %s", async (how) => {
    const window = await loose("loose");
    const [one, two] = await made((d) => {
      d.title = "base";
      d.stars = 1;
      d.items.push({ title: "a" }, { title: "b" }, { title: "c" });
      d.body.insert(0, "one two three");
      d.people.set("ann", { age: 1, tags: ["x"] });
    });
    const mine = window.client.open(one.id, schema);
    await mine.ready();
    await window.cut();
    mine.transact((d) => void (d.title = "mine"));
    mine.transact((d) => {
      d.title = "mine again";
      d.stars = 2;
      d.items.splice(1, 0, { title: "mine" });
      d.items[2].note.insert(0, "note");
      d.items.pop();
      d.body.splice(4, 3, "2");
      d.votes.increment(1);
      d.people.delete("ann");
    });
    await two.transact((d) => {
      d.title = "theirs";
      d.items[0].title = "A";
      d.items[2].title = "C";
      d.items.push({ title: "theirs" });
      d.body.insert(13, "!");
      d.body.insert(5, "-");
      d.votes.increment(10);
      const ann = d.people.get("ann");
      if (ann) ann.age = 2;
    }).wait();
    if (how !== "patches") {
      await node.kill();
      await node.start();
      await Promise.all([client, second].map((it) => until(it.connection, (s) => s.status === "online")));
    }
    await window.heal();
    const settled = await until(mine, (s) => s.pending === 0 && s.sync !== undefined && s.data?.votes === 11);
    await until(two, (s) => s.data?.votes === 11);
    expect(settled.data).toMatchObject({
      title: "mine again", stars: 2, votes: 11, body: "one 2- three!",
      items: [{ title: "A" }, { title: "mine" }, { title: "b", note: "note" }, { title: "C" }, { title: "theirs" }],
      people: new Map([["ann", { age: 2, tags: [] }]]),
    });
    same(mine, two);
    for (const it of [mine, two]) {
      expect(it.conflicts(["title"])).toEqual(["mine again", "theirs"]);
      expect(it.conflicts(["stars"])).toEqual([]);
    }
    // A window that comes only now gets the conflict with the value, and so does one that watches a part.
    const third = connect({ url: node.link, socket: socketOf(node), client: "three" });
    await until(third.connection, (s) => s.status === "online");
    const [whole, part] = [third.open(one.id, schema), third.open<Board["items"]>(one.id, schema as never, { path: ["items"] })];
    await Promise.all([whole.ready(), part.ready()]);
    expect(whole.conflicts(["title"])).toEqual(["mine again", "theirs"]);
    expect(part.conflicts([0, "title"])).toEqual([]);
    await whole.transact((d) => void (d.title = "theirs")).wait();
    await until(mine, (s) => s.data?.title === "theirs");
    await until(whole, () => whole.conflicts(["title"]).length === 0); // when it has seen its own write come back
    for (const it of [mine, whole]) expect(it.conflicts(["title"])).toEqual([]);
    third.close();
    window.client.close();
  });

  it("an invitation shares a document with another node, and wait('peer') says when that has a write", async () => {
    const [one] = await made((d) => void (d.title = "shared"));
    const guest = connect({ url: other.link, socket });
    await until(guest.connection, (s) => s.status === "online");
    const link = await client.invite(one.id, { level: "write", uses: 1, expiresIn: 600 });
    const invitations = await until(client.invitations, (i) => i?.given.some((g) => g.document === one.id));
    expect(invitations?.given.find((g) => g.document === one.id)).toMatchObject({ level: "write", usesLeft: 1 });
    expect(await guest.join(link)).toBe(one.id);
    const theirs = guest.open(one.id, schema);
    await until(theirs, (s) => s.data?.title === "shared");
    await one.transact((d) => void (d.title = "renamed"), { label: "Rename" }).wait("peer");
    await until(theirs, (s) => s.data?.title === "renamed", 2_000);
    await until(one, (s) => s.sync === "synced");
    const peers = await until(guest.peers, (p) => p && p.length > 0);
    expect(peers?.[0].device).toBe(client.connection.get().device);
    expect((await client.history(one.id, { limit: 1 }))[0].label).toBe("Rename");
    expect(await client.explain(one.id, { level: "write", who: `device:${guest.connection.get().device}` })).toMatchObject({ allowed: true });
    guest.close();
  });

  it("the node lets itself be looked into", async () => {
    expect(await client.metrics()).toContain("tlfs");
    expect(await client.tree()).toBeTypeOf("object");
    expect((await client.introduction()).length).toBeGreaterThan(0);
    expect(await client.people()).toBeInstanceOf(Array);
    await expect(client.connectPeer("nonsense")).rejects.toMatchObject({ kind: "usage" });
    await client.delete(ids[0]);
    await until(client.documents, (l) => l && !l.some((d) => d.id === ids[0]));
  });
});
