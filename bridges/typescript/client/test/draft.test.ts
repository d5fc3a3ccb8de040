import { describe, expect, expectTypeOf, it } from "vitest";
import { TlfsError, type Draft, type Input, type Snapshot } from "../src/index.js";
import { applyEdit, Batch } from "../src/replica/apply.js";
import { record } from "../src/replica/draft.js";
import { emptyOf, fromJson, type Json } from "../src/replica/value.js";
import type { Edit } from "../src/replica/wire.js";
import { boardShape, type Board, type Item } from "./board.js";
import { FakeDocument, plain } from "./fake_node.js";
import { Random, withSeeds } from "./random.js";

const start: Json = {
  title: "board", stars: 3, body: "hello", votes: 2, open: false, picture: "AQID",
  items: [{ title: "one", done: false, note: "" }, { title: "two", done: true, note: "n" }, { title: "three", done: false, note: "" }],
  people: { ann: { age: "18446744073709551615", tags: ["x", "y", "x"] } },
  years: { "1999": 4, "-3": 1 },
  lines: ["a", "b"],
};
const value = () => fromJson(boardShape, structuredClone(start)) as Snapshot<Board>;
function edit(change: (draft: Draft<Board>) => void, from: unknown = value()): { edits: Edit[]; value: Snapshot<Board> } {
  return record(boardShape, from, change as (draft: unknown) => unknown) as { edits: Edit[]; value: Snapshot<Board> };
}

describe("values", () => {
  it("are what JavaScript has for them: Maps, bytes, bigints beyond 2^53", () => {
    const it = value();
    expect(it.people.get("ann")?.age).toBe(18446744073709551615n);
    expect([...it.years]).toEqual([[1999, 4], [-3, 1]]);
    expect(it.picture).toEqual(Uint8Array.of(1, 2, 3));
    expect((emptyOf(boardShape) as Snapshot<Board>).stars).toBe(3);
    expectTypeOf(it.items[0].note).toEqualTypeOf<string>();
    expectTypeOf(it.picture).toEqualTypeOf<Uint8Array | null>();
    expectTypeOf(it.people).toEqualTypeOf<ReadonlyMap<string, Snapshot<Board["people"]["row"]>>>();
    expectTypeOf<Draft<Board>["votes"]["increment"]>().toBeFunction();
    expectTypeOf<Input<Item>>().toEqualTypeOf<{ readonly title?: string | null; readonly done?: boolean; readonly note?: string }>();
  });

  it("of a key called __proto__ stay data", () => {
    const it = fromJson(boardShape, JSON.parse('{"people":{"__proto__":{"age":1}}}') as Json) as Snapshot<Board>;
    expect(it.people.get("__proto__")?.age).toBe(1);
    const done = edit((d) => d.people.set("__proto__", { age: 5 }));
    expect(done.value.people.get("__proto__")?.age).toBe(5);
    const replaced = edit((d) => d.people.replace(new Map([["__proto__", { age: 6 }]])));
    expect(replaced.value.people.get("__proto__")?.age).toBe(6);
    expect(({} as { age?: unknown }).age).toBe(undefined);
  });
});

describe("a draft", () => {
  it("records what is done to it, and changes nothing that can be seen", () => {
    const before = value();
    const frozen = structuredClone(before);
    const done = edit((d) => {
      d.title = "new";
      d.items[1].done = false;
      d.items[0].note.insert(0, "!");
      d.body.splice(1, 3, "ipp");
      d.votes.increment();
      d.votes.increment(-3);
      d.open = true;
      d.stars = 2n ** 60n;
      d.people.set("bob", { tags: ["z"] });
      d.people.get("ann")?.tags.shift();
      d.years.get(1999)?.reset();
      d.years.touch(2024);
      d.picture = Uint8Array.of(255);
    }, before);
    expect(before).toEqual(frozen);
    expect(done.edits).toEqual([
      ["set", ["title"], "new", ["board"]],
      ["set", ["items", 1, "done"], false],
      ["splice", ["items", 0, "note"], 0, 0, "!"],
      ["splice", ["body"], 1, 3, "ipp"],
      ["increment", ["votes"], 1],
      ["increment", ["votes"], -3],
      ["set", ["open"], true],
      ["set", ["stars"], "1152921504606846976", [3]],
      ["touch", ["people", ["bob"]]],
      ["insert", ["people", ["bob"], "tags"], 0, ["z"]],
      ["erase", ["people", ["ann"], "tags"], 0, 1],
      ["reset", ["years", [1999]]],
      ["touch", ["years", [2024]]],
      ["set", ["picture"], "/w==", ["AQID"]],
    ]);
    expect(done.value).toMatchObject({ title: "new", body: "hippo", votes: 0, open: true, stars: 2n ** 60n });
    expect(done.value.people.get("bob")).toEqual({ age: null, tags: ["z"] });
    expect(done.value.items[2]).toBe(before.items[2]);
  });

  it("replaces lists and counters by what becomes of them, so that what others do meanwhile stays", () => {
    const done = edit((d) => {
      d.lines = ["c"] as never;
      d.votes = 7 as never;
      delete (d as { title?: unknown }).title;
    });
    expect(done.edits).toEqual([
      ["erase", ["lines"], 0, 2],
      ["insert", ["lines"], 0, ["c"]],
      ["increment", ["votes"], 5],
      ["set", ["title"], null, ["board"]],
    ]);
    expect(done.value).toMatchObject({ lines: ["c"], votes: 7, title: null });
  });

  it("of an element stays with it wherever it moves, and ends with it", () => {
    const done = edit((d) => {
      const two = d.items[1];
      d.items.unshift({ title: "zero" });
      two.title = "2";
      d.items.move(2, 0);
      two.done = false;
      expect(d.items.indexOf(two)).toBe(0);
      d.items.reverse();
      expect(d.items.indexOf(two)).toBe(3);
      d.items.pop();
      expect(() => (two.title = "gone")).toThrow("is gone");
      expect(d.items.includes(two)).toBe(false);
    });
    expect(done.value.items.map((item) => item.title)).toEqual(["three", "one", "zero"]);
    let kept: Draft<Board> | undefined;
    edit((d) => void (kept = d));
    expect(() => kept?.title).toThrow("is over");
    expect(() => edit((async () => undefined) as never)).toThrow("asynchronous");
  });

  it("has Array's methods", () => {
    edit((d) => {
      expect(d.items.map((item) => item.title)).toEqual(["one", "two", "three"]);
      expect(d.items.find((item) => item.done)?.title).toBe("two");
      expect(d.items.findIndex((item) => item.title === "three")).toBe(2);
      expect(d.items.filter((item) => !item.done).length).toBe(2);
      expect(d.items.at(-1)?.title).toBe("three");
      expect([...d.items].length).toBe(3);
      expect(d.items.reduce((sum, item) => sum + (item.title?.length ?? 0), 0)).toBe(11);
      expect(d.lines.map(String).join()).toBe("a,b");
      expect(d.lines.join("-")).toBe("a-b");
      const tags = d.people.get("ann")?.tags;
      expect(tags?.indexOf("x")).toBe(0);
      expect(tags?.lastIndexOf("x")).toBe(2);
      expect(tags?.includes("q")).toBe(false);
      expect(tags?.indexOf("x", 1)).toBe(2);
      expect(JSON.stringify(d.items[0])).toBe('{"title":"one","done":false,"note":""}');
      expect({ ...d.items[0] }.title).toBe("one");
      expect("title" in d.items[0] && !("other" in d.items[0]) && 2 in d.items && !(3 in d.items)).toBe(true);
      expect(d.items.entries().next().value?.[1].title).toBe("one");
      for (const [key, person] of d.people) expect([key, person.tags.length]).toEqual(["ann", 3]);
      expect(d.body.length + `${d.body}`).toBe("5hello");
    });
  });

  it("does on primitives what Array does, whatever is done", () => {
    withSeeds(300, (random) => {
      const model = ["x", "y", "x"];
      const done = edit((d) => {
        const tags = d.people.get("ann")?.tags;
        if (!tags) return;
        for (let n = random.below(12); n > 0; --n) {
          const [a, b] = [random.below(9) - 3, random.below(5)];
          const v = random.of(["x", "y", "z"]);
          switch (random.below(11)) {
            case 0: expect(tags.push(v, v)).toBe(model.push(v, v)); break;
            case 1: expect(tags.pop()).toBe(model.pop()); break;
            case 2: expect(tags.shift()).toBe(model.shift()); break;
            case 3: expect(tags.unshift(v)).toBe(model.unshift(v)); break;
            case 4: expect(tags.splice(a, b, v)).toEqual(model.splice(a, b, v)); break;
            case 5: expect(tags.splice(a)).toEqual(model.splice(a)); break;
            case 6: tags.fill(v, a, b); model.fill(v, a, b); break;
            case 7: tags.sort(); model.sort(); break;
            case 8: tags.reverse(); model.reverse(); break;
            case 9: if (b < model.length) tags[b] = model[b] = v; break;
            case 10: if (b <= model.length) tags.length = model.length = b; break;
          }
          expect([...tags]).toEqual(model);
          expect(tags.indexOf(v)).toBe(model.indexOf(v));
          expect(tags.at(a)).toBe(model.at(a));
        }
      });
      expect(done.value.people.get("ann")?.tags).toEqual(model);
    });
  });

  it("records edits that make the same of the value as it shows, here and at a node", () => {
    withSeeds(300, (random: Random) => {
      const node = new FakeDocument(boardShape, start);
      const done = edit((d) => {
        for (let n = random.below(8); n > 0; --n) {
          const item = d.items.length > 0 ? d.items[random.below(d.items.length)] : undefined;
          switch (random.below(9)) {
            case 0: d.items = [{ title: "a" }, { note: "b" }] as never; break;
            case 1: if (item) d.items.set(d.items.indexOf(item), { done: true, note: "set" }); break;
            case 2: d.items.sort((x, y) => String(x.title).localeCompare(String(y.title))); break;
            case 3: item?.note.replace(random.of(["", "abc", "axc", "😀", "😁"])); break;
            case 4: d.people.replace(new Map([[random.of(["a", "b"]), { tags: ["t"] }]])); break;
            case 5: d.people.clear(); break;
            case 6: if (item) d.items.splice(d.items.indexOf(item), 1); break;
            case 7: d.body = random.of(["hello", "hallo", "world", ""]) as never; break;
            case 8: if (item) item.title = null; break;
          }
        }
      });
      let again: unknown = value();
      for (const one of done.edits) again = applyEdit(new Batch(), boardShape, again, structuredClone(one) as Edit);
      expect(again).toEqual(done.value);
      node.write(1, 1, JSON.parse(JSON.stringify(done.edits)) as Edit[], undefined);
      const there = fromJson(boardShape, node.json() as Json) as Snapshot<Board>;
      expect({ ...there, people: new Map([...there.people].sort()) }).toEqual({ ...done.value, people: new Map([...done.value.people].sort()) });
      void plain;
    });
  });

  it("edits of a text only what differs, and never half a character", () => {
    expect(edit((d) => d.body.replace("help")).edits).toEqual([["splice", ["body"], 3, 2, "p"]]);
    expect(edit((d) => d.body.replace("hello")).edits).toEqual([]);
    const smile = edit((d) => d.body.replace("a😀b")).value;
    expect(edit((d) => d.body.replace("a😁b"), smile).edits).toEqual([["splice", ["body"], 1, 2, "😁"]]);
    expect(() => edit((d) => d.body.splice(2, 1), smile)).toThrow("surrogate");
    expect(() => edit((d) => d.body.insert(0, "\ud83d"))).toThrow("surrogate");
  });

  it.each<[string, (d: Draft<Board>) => void]>([
    ["a field that is not there", (d) => void ((d as unknown as { other: number }).other = 1)],
    ["a field of an element that is not there", (d) => d.items.push({ other: 1 } as never)],
    ["a value of another type", (d) => void (d.title = 5 as never)],
    ["a fraction in an integer", (d) => void (d.stars = 1.5)],
    ["an integer that is too large", (d) => void (d.stars = 2n ** 63n)],
    ["a negative age", (d) => d.people.set("x", { age: -1 })],
    ["an index behind the end", (d) => void (d.items[9] = {} as never)],
    ["a position behind the end of a text", (d) => d.body.insert(6, "x")],
    ["a key of another type", (d) => d.years.touch("x" as never)],
    ["a counter that counts in fractions", (d) => d.votes.increment(0.5)],
    ["a list that is filled up by its length", (d) => void (d.items.length = 9)],
    ["an element that is moved out of the list", (d) => d.items.move(0, 3)],
  ])("refuses %s, and nothing has changed then", (_name, change) => {
    const before = value();
    let after: unknown;
    expect(() =>
      edit((d) => {
        try {
          change(d);
        } finally {
          after = d.toString === undefined ? JSON.parse(JSON.stringify(d.items)) : undefined;
        }
      }, before),
    ).toThrow(TlfsError);
    expect(after).toEqual(JSON.parse(JSON.stringify(before.items)));
    expect(before).toEqual(value());
  });
});
