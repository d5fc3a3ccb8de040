// 10,000 todos in a page: from the bytes of a message to everything read, and a hundred patches from the bytes on. This
// runs in the browser; web.mjs bundles it.
import { decodeBridgeMessage, encodeBridgeMessage } from "../../bridges/typescript/client/dist/capnp/codec.js";
import { Replica } from "../../bridges/typescript/client/dist/replica/replica.js";

const rows = 10_000;
const string = { kind: "register", primitive: "string" };
const shape = {
  kind: "struct",
  fields: {
    title: string,
    todos: { kind: "array", element: { kind: "struct", fields: { title: string, done: { kind: "flag" }, votes: { kind: "counter" }, note: { kind: "text" } } } },
  },
};
const json = { title: "todos", todos: Array.from({ length: rows }, (_, i) => ({ title: `todo number ${i}`, done: i % 3 === 0, votes: i % 7, note: i % 10 ? "" : "a note" })) };
const utf8 = new TextEncoder();
const text = new TextDecoder();
const snapshot = encodeBridgeMessage({ number: 1, which: "value", value: { revision: 1, durable: 1, written: 0, json: utf8.encode(JSON.stringify(json)) } });

function patchesMessage(from) {
  const patches = Array.from({ length: 100 }, (_, i) => {
    const at = (i * 97 + from * 31) % rows;
    if (i % 4 === 0) return ["set", ["todos", at, "done"], i % 8 === 0];
    if (i % 4 === 1) return ["set", ["todos", at, "title"], `renamed ${from} ${i}`];
    if (i % 4 === 2) return ["splice", ["todos", at, "note"], 0, 0, "x"];
    return i % 8 === 3 ? ["insert", ["todos"], at, [{ title: "new", done: false, votes: 0, note: "" }]] : ["remove", ["todos"], at, 1];
  });
  return encodeBridgeMessage({ number: 1, which: "patches", patches: { from, to: from + 1, durable: from, written: 0, patches: utf8.encode(JSON.stringify(patches)) } });
}

/** Milliseconds from the bytes of a message to every field read. */
export function open() {
  const begin = performance.now();
  const message = decodeBridgeMessage(snapshot);
  const replica = new Replica(shape);
  replica.reset(JSON.parse(text.decode(message.value.json)), message.value.revision, message.value.written);
  let sum = 0;
  for (const todo of replica.value.todos) sum += todo.title.length + (todo.done ? 1 : 0) + todo.votes + todo.note.length;
  const took = performance.now() - begin;
  if (sum === 0) throw new Error("nothing was read");
  return took;
}

/** Milliseconds from the bytes of 100 patches to the new value, the median of 60, under so many writes of one's own. */
export function patch(pending) {
  const replica = new Replica(shape);
  replica.reset(structuredClone(json), 1, 0);
  for (let i = 0; i < pending; ++i) replica.transact((draft) => (draft.todos[i * 11].done = true), { origin: "", label: `${i}` });
  const times = [];
  for (let round = 1; round <= 60; ++round) {
    const bytes = patchesMessage(round);
    const begin = performance.now();
    const { patches } = decodeBridgeMessage(bytes);
    replica.patch(JSON.parse(text.decode(patches.patches)), patches.from, patches.to, 0);
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}
