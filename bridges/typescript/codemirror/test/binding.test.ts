/** An editor and a text of a document, against the real replica. */
import { EditorView, runScopeHandlers } from "@codemirror/view";
import type { TextDraft } from "@tlfs/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeDocument } from "../../testing/fake_client.js";
import { redo, tlfsText, undo } from "../src/index.js";
import { Random } from "./random.js";

interface Note {
  body: TextDraft;
}
const shape = { kind: "struct", fields: { body: { kind: "text" }, title: { kind: "register", primitive: "string" } } } as const;

let note: FakeDocument;
let views: EditorView[] = [];
let errors: unknown[] = [];

beforeEach(() => {
  note = new FakeDocument("note", shape, { body: "hello world", title: "" });
  errors = [];
});
afterEach(() => {
  for (const view of views) view.destroy();
  views = [];
});

/** What microtasks and timers of the binding do. */
const settle = () => new Promise<void>((resolve) => setTimeout(resolve));

async function editor(options: Parameters<typeof tlfsText>[2] = {}): Promise<EditorView> {
  const view = new EditorView({
    parent: document.body,
    extensions: tlfsText(note, ["body"], { onError: (error) => void errors.push(error), ...options }),
  });
  views.push(view);
  await settle();
  return view;
}
const textOf = (view: EditorView) => view.state.sliceDoc();
const body = () => (note.get().data as { body: string }).body;
const type = (view: EditorView, at: number, text: string) =>
  view.dispatch({ changes: { from: at, insert: text }, selection: { anchor: at + text.length }, userEvent: "input.type" });
/** The view says that an input method composes. */
function compose(view: EditorView, composing: boolean): void {
  Object.defineProperty(view, "composing", { value: composing, configurable: true });
}
const remote = (edit: (text: TextDraft) => void) => note.remote(((draft: Note) => edit(draft.body)) as never);

test("the editor shows the text when it is there, and cannot be written in before", async () => {
  const view = await editor();
  expect(view.state.readOnly).toBe(true);
  note.load();
  await settle();
  expect(textOf(view)).toBe("hello world");
  expect(view.state.readOnly).toBe(false);
});

test("what is typed is in the document at once", async () => {
  note.load();
  const view = await editor();
  type(view, 5, ",");
  expect(body()).toBe("hello, world");
  view.dispatch({ changes: [{ from: 0, to: 5, insert: "Hi" }, { from: 12, insert: "!" }] });
  expect(body()).toBe("Hi, world!");
});

test("what others write appears, and the cursor stays between the same characters", async () => {
  note.load();
  const view = await editor();
  view.dispatch({ selection: { anchor: 6, head: 11 } });
  remote((text) => {
    text.insert(0, "oh, ");
    text.insert(text.length, "!");
  });
  note.deliver();
  await settle();
  expect(textOf(view)).toBe("oh, hello world!");
  expect([view.state.selection.main.anchor, view.state.selection.main.head]).toEqual([10, 15]);
});

test("both sides may write at the same time", async () => {
  note.load();
  const view = await editor();
  remote((text) => text.insert(0, ">> "));
  type(view, 11, "!");
  note.deliverAll();
  // The document has moved on, the editor does not know it yet.
  type(view, 5, ",");
  await settle();
  note.deliverAll();
  await settle();
  expect(textOf(view)).toBe(">> hello, world!");
  expect(body()).toBe(">> hello, world!");
});

test("while an input method composes, what others write waits; what is composed is kept", async () => {
  note.load();
  const view = await editor();
  compose(view, true);
  type(view, 11, "k");
  remote((text) => text.insert(0, "oh, "));
  note.deliverAll();
  await settle();
  expect(textOf(view)).toBe("hello worldk");
  view.dispatch({ changes: { from: 11, to: 12, insert: "か" }, userEvent: "input.type.compose" });
  await settle();
  expect(textOf(view)).toBe("hello worldか");
  compose(view, false);
  view.contentDOM.dispatchEvent(new CompositionEvent("compositionend"));
  await settle();
  await settle();
  expect(textOf(view)).toBe("oh, hello worldか");
  expect(body()).toBe("oh, hello worldか");
});

test("who may not write cannot, and learns of it as soon as that changes", async () => {
  note.load();
  const view = await editor();
  note.setLevel("read");
  await settle();
  expect(view.state.readOnly).toBe(true);
  note.setLevel("write");
  await settle();
  expect(view.state.readOnly).toBe(false);
});

test("what the document does not take is taken back in the editor", async () => {
  note.load();
  const view = await editor();
  note.transact = () => {
    throw new Error("no");
  };
  type(view, 0, "never ");
  await settle();
  expect(textOf(view)).toBe("hello world");
  expect(errors).toHaveLength(1);
});

test("a carriage return is a character as any other", async () => {
  note.load();
  const view = await editor();
  remote((text) => text.insert(5, "\r\n"));
  note.deliver();
  await settle();
  type(view, 7, "\r");
  expect(body()).toBe("hello\r\n\r world");
  expect(textOf(view)).toBe(body());
});

test("undo takes back what was typed in one go, through the document", async () => {
  note.load();
  const view = await editor();
  type(view, 0, "a");
  type(view, 1, "b");
  type(view, 12, "c");
  note.deliverAll();
  await settle();
  undo(view);
  expect(note.calls).toEqual(["undo"]);
  undo(view);
  expect(note.calls).toEqual(["undo", "undo", "undo"]);
  undo(view);
  expect(note.calls).toHaveLength(3);
  redo(view);
  expect(note.calls.slice(3)).toEqual(["redo", "redo"]);
});

test("the usual keys undo and redo", async () => {
  note.load();
  const view = await editor();
  type(view, 0, "a");
  const key = (key: string, ctrlKey: boolean) => runScopeHandlers(view, new KeyboardEvent("keydown", { key, ctrlKey }), "editor");
  expect(key("z", true)).toBe(true);
  expect(key("y", true)).toBe(true);
  expect(note.calls).toEqual(["undo", "redo"]);
});

test("the cursor goes to what undo has brought back", async () => {
  note.load();
  const view = await editor();
  type(view, 11, "!");
  note.deliverAll();
  await settle();
  view.dispatch({ selection: { anchor: 0 } });
  undo(view);
  remote((text) => text.delete(11, 1));
  note.deliver();
  await settle();
  expect(view.state.selection.main.head).toBe(11);
});

test("others' cursors are shown with their names, move with the text, and nonsense is left out", async () => {
  note.load();
  const view = await editor({ cursors: { name: "Ann" } });
  note.presence.set([
    { device: "aa", value: { name: "Bob", cursor: { place: '["body"]', anchor: 0, head: 5 } }, age: 0 },
    { device: "bb", value: { name: "Eve", cursor: { place: '["body"]', anchor: -1, head: 1e99 } }, age: 0 },
    { device: "cc", value: { name: "Far", cursor: { place: '["other"]', anchor: 0, head: 0 } }, age: 0 },
    { device: "dd", value: null, age: 0 },
    { device: "ee", value: { name: "Late", cursor: { place: '["body"]', anchor: 900, head: 900 } }, age: 0 },
  ]);
  await settle();
  const names = () => [...view.dom.querySelectorAll(".tlfs-cursor-name")].map((name) => name.textContent);
  expect(names()).toEqual(["Bob", "Late"]);
  expect(view.dom.querySelector(".tlfs-selection")?.textContent).toBe("hello");
  type(view, 0, "oh, ");
  expect(view.dom.querySelector(".tlfs-selection")?.textContent).toBe("hello");
  note.presence.set([]);
  await settle();
  expect(names()).toEqual([]);
});

test("our cursor is told to others, and withdrawn with the editor", async () => {
  note.load();
  const view = await editor({ cursors: { name: "Ann", show: { colour: 3 } } });
  view.focus();
  view.dispatch({ selection: { anchor: 2, head: 4 } });
  expect(note.shown).toEqual({ colour: 3, name: "Ann", cursor: { place: '["body"]', anchor: 2, head: 4 } });
  view.destroy();
  views = [];
  expect(note.shown).toBe(null);
});

test("however typing, composing, remote edits and the node's answers interleave, editor and document are equal in the end", async () => {
  const seed = Number(process.env.TLFS_SEED ?? Date.now() % 1e9);
  console.log(`seed ${seed}`);
  const random = new Random(seed);
  for (let round = 0; round < 60; ++round) {
    note = new FakeDocument("note", shape, { body: random.text(random.below(30)), title: "" });
    note.load();
    const view = await editor();
    let composing = false;
    const history: string[] = [];
    for (let step = 0; step < 40; ++step) {
      const action = random.below(7);
      history.push(String(action));
      if (action <= 1) {
        const text = textOf(view);
        const from = random.boundary(text);
        const to = random.below(2) ? from : from + ([...text.slice(from, from + 2)][0]?.length ?? 0);
        view.dispatch({ changes: { from, to, insert: random.text(random.below(3)) }, userEvent: "input.type" });
      } else if (action === 2) {
        remote((text) => {
          const from = random.boundary(text.toString());
          text.splice(from, 0, random.text(1 + random.below(3)));
        });
      } else if (action === 3) {
        remote((text) => {
          const now = text.toString();
          const from = random.boundary(now);
          text.delete(from, Math.max(from, random.boundary(now)) - from);
        });
      } else if (action === 4) {
        note.deliver();
      } else if (action === 5) {
        await settle();
      } else {
        composing = !composing;
        compose(view, composing);
        if (!composing) view.contentDOM.dispatchEvent(new CompositionEvent("compositionend"));
      }
    }
    compose(view, false);
    view.contentDOM.dispatchEvent(new CompositionEvent("compositionend"));
    await settle();
    await settle();
    note.deliverAll();
    await settle();
    const where = `seed ${seed} round ${round} ${history.join("")}`;
    expect(textOf(view), where).toBe(body());
    expect((note.node as { body: string }).body, where).toBe(body());
    expect(errors, where).toEqual([]);
    view.destroy();
    views = [];
  }
});
