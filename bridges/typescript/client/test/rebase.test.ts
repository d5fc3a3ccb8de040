import { describe, expect, it } from "vitest";
import { alignLists, alignTexts, mapGap, reconcile } from "../src/replica/difference.js";
import { record } from "../src/replica/draft.js";
import { Replica } from "../src/replica/replica.js";
import { placeBefore } from "../src/replica/conflicts.js";
import { applyAll, rebase } from "../src/replica/rebase.js";
import type { Edit } from "../src/replica/wire.js";
import { fromJson, type Json } from "../src/replica/value.js";
import type { Draft } from "../src/index.js";
import { boardShape, type Board } from "./board.js";
import { editSomething } from "./editing.js";
import { FakeDocument } from "./fake_node.js";
import { type Random, withSeeds } from "./random.js";

const start = { items: [{ title: "one" }, { title: "two" }, { title: "three" }], body: "hello world" };

function edits(random: Random) {
  return (draft: unknown) => editSomething(random, draft as Draft<Board>);
}

describe("a replica", () => {
  it("shows, whatever others do, what the node makes of its writes, as soon as it has seen what others did", () => {
    withSeeds(400, (random) => {
      const node = new FakeDocument(boardShape, start);
      const mine = new Replica(boardShape);
      mine.reset(node.json() as Json, node.revision, 0);
      const pull = () => {
        const update = node.since(mine.revision);
        if (update) mine.patch(update.patches, update.from, update.to, node.written(1));
        else mine.reset(node.json() as Json, node.revision, node.written(1));
      };
      let others = 0;
      for (let step = 0; step < 12; ++step) {
        switch (random.below(4)) {
          case 0:
          case 1:
            mine.transact(edits(random), { origin: "me", label: "" });
            break;
          case 2: {
            const theirs = record(boardShape, fromJson(boardShape, node.json() as Json), edits(random));
            if (theirs.edits.length > 0) node.write(2, ++others, theirs.edits, undefined);
            break;
          }
          case 3:
            pull();
            break;
        }
      }
      pull();
      const promised = mine.value;
      for (let write = mine.next(); write; write = mine.next()) {
        const done = node.write(1, write.number, write.edits ?? [], mine.revision);
        if (random.chance(2)) mine.answered(write, done.revision);
        pull();
        expect(mine.value).toEqual(promised);
      }
      expect(mine.pending).toEqual([]);
      expect(fromJson(boardShape, node.json() as Json)).toEqual(promised);
    });
  });

  it("ends with what the node has, also when writes and answers cross what others do and connections break", () => {
    withSeeds(300, (random) => {
      const node = new FakeDocument(boardShape, start);
      const clients = [1, 2].map((client) => ({ client, replica: new Replica(boardShape) }));
      const pull = ({ client, replica }: (typeof clients)[0]) => {
        const update = random.chance(6) ? undefined : node.since(replica.revision);
        if (update) replica.patch(update.patches, update.from, update.to, node.written(client));
        else replica.reset(node.json() as Json, node.revision, node.written(client));
      };
      clients.forEach(pull);
      // A write that was sent and has not arrived: it may do so much later, or never.
      const sent = new Map<number, () => void>();
      const send = (it: (typeof clients)[0]) => {
        const write = it.replica.next();
        if (!write) return;
        const { edits, number } = write;
        const onRevision = it.replica.revision;
        sent.set(it.client, () => {
          try {
            const done = node.write(it.client, number, edits ?? [], onRevision);
            if (random.chance(2)) it.replica.answered(write, done.revision);
          } catch {
            it.replica.drop(write);
          }
        });
      };
      for (let step = 0; step < 40; ++step) {
        const it = random.of(clients);
        switch (random.below(5)) {
          case 0:
            it.replica.transact(edits(random), { origin: "me", label: "" });
            break;
          case 1:
            pull(it);
            break;
          case 2:
            send(it);
            break;
          case 3:
            sent.get(it.client)?.();
            sent.delete(it.client);
            break;
          case 4:
            if (random.chance(3)) {
              sent.delete(it.client);
              it.replica.unsend();
            }
            break;
        }
      }
      for (let round = 0; round < 200 && clients.some(({ replica }) => replica.pending.length > 0); ++round) {
        for (const it of clients) {
          send(it);
          sent.get(it.client)?.();
          sent.delete(it.client);
          pull(it);
        }
      }
      for (const it of clients) {
        pull(it);
        expect(it.replica.pending).toEqual([]);
        expect(it.replica.value).toEqual(fromJson(boardShape, node.json() as Json));
      }
    });
  });

  it("keeps every part that did not change the same object, through its own writes and those of others", () => {
    const node = new FakeDocument(boardShape, { items: Array.from({ length: 10_000 }, (_, i) => ({ title: `todo ${i}` })) });
    const mine = new Replica(boardShape);
    mine.reset(node.json() as Json, 0, 0);
    const before = (mine.value as { items: object[] }).items;
    const write = mine.transact((draft) => void ((draft as Draft<Board>).items[5000].title = "mine"), { origin: "", label: "" });
    const shown = (mine.value as { items: object[] }).items;
    expect(shown.filter((item, i) => item !== before[i]).length).toBe(1);

    const value = mine.value;
    mine.next();
    node.write(1, write?.number ?? 0, write?.edits ?? [], mine.revision);
    const update = node.since(0);
    mine.patch(update?.patches ?? [], 0, 1, 1);
    expect(mine.value).toBe(value);

    node.write(2, 1, [["insert", ["items"], 0, [{ title: "theirs" }]]], undefined);
    const second = node.since(1);
    mine.patch(second?.patches ?? [], 1, 2, 1);
    const after = (mine.value as { items: object[] }).items;
    expect(after.length).toBe(10_001);
    expect(shown.every((item, i) => after[i + 1] === item)).toBe(true);

    mine.reset(node.json() as Json, 2, 1);
    expect((mine.value as { items: object[] }).items).toBe(after);
    node.write(2, 2, [["erase", ["items"], 7, 3]], undefined);
    mine.reset(node.json() as Json, 3, 1);
    const last = new Set((mine.value as { items: object[] }).items);
    expect(after.filter((item) => !last.has(item)).length).toBe(3);
  });

  it("takes back what the node refuses, and keeps what came after it", () => {
    const mine = new Replica(boardShape);
    mine.reset({ title: null, stars: 3, items: [], body: "", votes: 0, open: false, people: {}, years: {}, picture: null, lines: [] }, 0, 0);
    const first = mine.transact((d) => void (d as Draft<Board>).items.push({ title: "refused" }), { origin: "", label: "" });
    mine.transact((d) => void (d as Draft<Board>).items.push({ title: "kept" }), { origin: "", label: "" });
    mine.transact((d) => void ((d as Draft<Board>).items[1].done = true), { origin: "", label: "" });
    mine.drop(first ?? mine.pending[0]);
    expect((mine.value as { items: unknown[] }).items).toEqual([{ title: "kept", done: true, note: "" }]);
    expect(mine.pending.map((w) => w.edits)).toEqual([[["insert", ["items"], 0, [{ title: "kept" }]]], [["set", ["items", 0, "done"], true]]]);
  });

  it("says of every register that it sets what was seen there, also when the node has another value by now", () => {
    const node = new FakeDocument(boardShape, { ...start, title: "base" });
    const mine = new Replica(boardShape);
    mine.reset(node.json() as Json, 0, 0);
    mine.transact((d) => void ((d as Draft<Board>).title = "first"), { origin: "", label: "" });
    mine.transact((d) => void ((d as Draft<Board>).title = "second"), { origin: "", label: "" });
    node.write(2, 1, [["set", ["title"], "theirs"]], undefined);
    mine.reset(node.json() as Json, 1, 0);
    expect(mine.pending.map((w) => w.edits)).toEqual([[["set", ["title"], "first", ["base"]]], [["set", ["title"], "second", ["first"]]]]);
    expect((mine.value as { title: string }).title).toBe("second");
  });

  it("knows the conflicts in a whole value, and says of a register that it sets that all of them were seen", () => {
    const node = new FakeDocument(boardShape, start);
    const mine = new Replica(boardShape);
    mine.reset(node.json() as Json, 0, 0, [["conflict", ["items", 1, "title"], ["two", "zwei"]]]);
    expect(mine.conflicts.at(["items", 1, "title"])).toEqual(["two", "zwei"]);
    const write = mine.transact((draft) => {
      const { items } = draft as Draft<Board>;
      items.unshift({ title: "zero" });
      items[2].title = "deux";
      items[1].title = "uno";
    }, { origin: "", label: "" });
    // The place of a conflict is that of what is shown.
    mine.reset(node.json() as Json, 0, 0, [["conflict", ["items", 1, "title"], ["two", "zwei"]]]);
    expect(mine.conflictsAt(["items", 2, "title"])).toEqual(["two", "zwei"]);
    expect(mine.conflictsAt(["items", 1, "title"])).toEqual([]);
    expect(write?.edits?.slice(1)).toEqual([["set", ["items", 2, "title"], "deux", ["two", "zwei"]], ["set", ["items", 1, "title"], "uno", ["one"]]]);
    mine.reset(node.json() as Json, 0, 0);
    expect(mine.conflicts.at(["items", 1, "title"])).toEqual([]);
  });

  it("refuses patches that do not start where it is, or do not fit, and keeps what it has", () => {
    const node = new FakeDocument(boardShape, start);
    const mine = new Replica(boardShape);
    mine.reset(node.json() as Json, 0, 0);
    const value = mine.value;
    expect(() => mine.patch([], 1, 2, 0)).toThrow("revision 1");
    expect(() => mine.patch([["set", ["title"], "x"], ["remove", ["items"], 2, 2]], 0, 1, 0)).toThrow("positions 2 to 4 of 3");
    expect(mine.value).toBe(value);
    expect(mine.revision).toBe(0);
  });
});

describe("rebasing", () => {
  const text = { kind: "text" } as const;
  const spliced = (before: string, after: string, position: number, removed: number, added: string) =>
    rebase(text, before, after, [["splice", [], position, removed, added]]).value;

  it("keeps what others typed inside a range that is replaced", () => {
    expect(spliced("hello world", "hello brave world", 0, 11, "bye")).toBe("byebrave ");
    expect(spliced("abcdef", "abXcdYef", 1, 4, "-")).toBe("a-XYf");
  });

  it("finds a position between several changes of others", () => {
    expect(spliced("one two three", ">> one two three <<", 7, 0, "!")).toBe(">> one two! three <<");
    expect(spliced("one two three four", "1 one two thre four 2", 7, 0, "!")).toBe("1 one two! thre four 2");
  });

  it("never parts a surrogate pair", () => {
    const out = spliced("a😀b", "a😃b", 3, 0, "!");
    expect(out).toBe("a!😃b");
    expect(spliced("x😀y", "x😁😀y", 1, 2, "")).toBe("x😁y");
  });

  it("follows an element that others have moved and changed", () => {
    const list = { kind: "array", element: { kind: "struct", fields: { a: { kind: "register", primitive: "i64" } } } } as const;
    const [one, two, three] = [{ a: 1 }, { a: 2 }, { a: 3 }];
    expect(rebase(list, [one, two, three], [three, one, two], [["set", [2, "a"], 9]]).edits).toEqual([["set", [0, "a"], 9]]);
    expect(rebase(list, [one, two, three], [three, two], [["remove", [1]]]).value).toEqual([three]);
    expect(rebase(list, [one, two, three], [one, three], [["set", [1, "a"], null]]).edits).toEqual([]);
    expect(rebase(list, [one, two, three], [three, two, one], [["erase", [], 0, 2]]).value).toEqual([three]);
  });

  it("does not remove what others have put something into, and removes what others have taken something from", () => {
    const shape = boardShape.kind === "struct" ? boardShape.fields.items : boardShape;
    const [one, two] = [{ title: "one", done: true, note: "abc" }, { title: "two", done: false, note: "" }];
    const erased = (now: object) => rebase(shape, [one, two], [now, two], [["erase", [], 0, 2]]).value;
    for (const more of [{ title: "uno" }, { note: "abxc" }]) {
      expect(erased({ ...one, ...more })).toEqual([{ ...one, ...more }]);
      expect(rebase(shape, [one, two], [{ ...one, ...more }, two], [["remove", [0]]]).edits).toEqual([]);
    }
    for (const less of [{ title: null }, { done: false }, { note: "ac" }]) expect(erased({ ...one, ...less })).toEqual([]);
  });

  it("brings back an element that others have removed when something is put into it, once, and not when it was only moved", () => {
    const shape = boardShape.kind === "struct" ? boardShape.fields.items : boardShape;
    const [one, two, three] = ["one", "two", "three"].map((title) => ({ title, done: false, note: "n" }));
    const edits: Edit[] = [["splice", [1, "note"], 1, 0, "ew"], ["set", [1, "done"], true], ["splice", [0, "note"], 0, 1, ""]];
    const back = rebase(shape, [one, two, three], [three], edits);
    expect(back.value).toEqual([{ title: "two", done: true, note: "new" }, three]);
    expect(back.edits).toEqual([["insert", [], 0, [two]], ["splice", [0, "note"], 1, 0, "ew"], ["set", [0, "done"], true]]);
    // Carried over once more, it is an element like any other that was put in here.
    expect(rebase(shape, [three], [one, three], back.edits).value).toEqual([{ title: "two", done: true, note: "new" }, one, three]);
    const moved = [three, one, { ...two, done: true }];
    expect(rebase(shape, [one, two, three], moved, [["splice", [1, "note"], 1, 0, "ew"]]).value).toEqual([three, one, { ...two, done: true, note: "new" }]);
    expect(rebase(shape, [one, two, three], [three], [["erase", [], 0, 2]]).value).toEqual([three]);
  });

  it("takes from a row that others have written to what was there, and leaves what they wrote", () => {
    const shape = boardShape.kind === "struct" ? boardShape.fields.people : boardShape;
    const before = new Map([["ann", { age: 5, tags: ["x", "y"] }]]);
    const gone = (after: object) => rebase(shape, before, new Map([["ann", after]]), [["remove", [["ann"]]]]).value;
    expect(gone({ age: 6, tags: ["x", "y"] })).toEqual(new Map([["ann", { age: 6, tags: [] }]]));
    expect(gone({ age: 5, tags: ["x", "z", "y"] })).toEqual(new Map([["ann", { age: null, tags: ["z"] }]]));
    expect(gone({ age: 5, tags: ["x"] })).toEqual(new Map());
  });

  it("leaves out removing a row that others have removed, and makes rows anew that it edits", () => {
    const table = { kind: "table", key: "string", value: { kind: "counter" } } as const;
    const [before, after] = [new Map([["a", 1]]), new Map()];
    expect(rebase(table, before, after, [["remove", [["a"]]]])).toMatchObject({ edits: [], value: after });
    expect(rebase(table, before, after, [["increment", [["a"]], 2]]).value).toEqual(new Map([["a", 2]]));
  });

  it("puts what is inserted behind the neighbour that is still there", () => {
    const map = alignLists(["a", "b", "c"], ["a", "x", "c", "y"]);
    expect([0, 1, 2, 3].map((at) => mapGap(map, at, 4))).toEqual([0, 1, 2, 3]);
    expect([...alignTexts("abc", "xabyc")]).toEqual([1, 2, 4]);
  });
});

describe("a place before edits", () => {
  it("is where the same element stood, and nowhere for what the edits made", () => {
    const shape = { kind: "array", element: { kind: "struct", fields: { a: { kind: "register", primitive: "i64" } } } } as const;
    withSeeds(300, (random) => {
      const before = Array.from({ length: 6 }, (_, a) => ({ a }));
      let after: unknown[] = before;
      const done: Edit[] = [];
      for (let n = random.below(6); n > 0; --n) {
        const at = random.below(after.length + 1);
        const one = Math.min(at, after.length - 1);
        const edit: Edit = random.of<Edit>([
          ["insert", [], at, [{ a: 100 }, { a: 101 }].slice(random.below(2))],
          ["erase", [], at, random.below(after.length - at + 1)],
          ["move", [], one, random.below(after.length)],
          ["remove", [one]],
        ]);
        if (after.length === 0 && edit[0] !== "insert") continue;
        after = applyAll(shape, after, [edit]) as unknown[];
        done.push(edit);
      }
      after.forEach((item, index) => {
        const was = before.indexOf(item as { a: number });
        expect(placeBefore([index, "a"], done)).toEqual(was < 0 ? undefined : [was, "a"]);
      });
    });
  });
});

describe("reconciling", () => {
  it("gives back the old objects where nothing differs, and changes none of them", () => {
    withSeeds(300, (random) => {
      const node = new FakeDocument(boardShape, start);
      const before = fromJson(boardShape, node.json() as Json);
      const frozen = structuredClone(before);
      const done = record(boardShape, before, edits(random));
      node.write(1, 1, done.edits, undefined);
      const wanted = fromJson(boardShape, node.json() as Json);
      expect(reconcile(before, fromJson(boardShape, node.json() as Json))).toEqual(wanted);
      // Also of what shares parts with it already.
      expect(reconcile(before, done.value)).toEqual(wanted);
      expect(before).toEqual(frozen);
      expect(reconcile(before, structuredClone(before))).toBe(before);
    });
  });
});
