// How long 10,000 todos take: from the bytes of a message to everything read, and a hundred patches from the bytes on.
// Prints medians and the slowest of the rounds, in milliseconds. `npm run bench`.
import { performance } from "node:perf_hooks";
import { decodeBridgeMessage, encodeBridgeMessage } from "../client/dist/capnp/codec.js";
import { Replica } from "../client/dist/replica/replica.js";

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

function show(name, times) {
  times.sort((a, b) => a - b);
  console.log(`${name}: median ${times[times.length >> 1].toFixed(2)} ms, slowest ${times[times.length - 1].toFixed(2)} ms of ${times.length}`);
}

const reading = [];
for (let round = 0; round < 30; ++round) {
  const begin = performance.now();
  const message = decodeBridgeMessage(snapshot);
  const replica = new Replica(shape);
  replica.reset(JSON.parse(text.decode(message.value.json)), message.value.revision, message.value.written);
  let sum = 0;
  for (const todo of replica.value.todos) sum += todo.title.length + (todo.done ? 1 : 0) + todo.votes + todo.note.length;
  reading.push(performance.now() - begin);
  if (sum === 0) throw new Error("nothing was read");
}
const first = reading[0];
show(`${rows} todos (${(snapshot.length / 1e6).toFixed(1)} MB), bytes to all read (the first time ${first.toFixed(2)} ms)`, reading);

function patching(pending) {
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
  return times;
}
show("100 patches of them", patching(0));
show("100 patches of them under 3 own writes", patching(3));

const replica = new Replica(shape);
replica.reset(structuredClone(json), 1, 0);
const editing = [];
for (let i = 0; i < 60; ++i) {
  const begin = performance.now();
  replica.transact((draft) => (draft.todos[i * 101].title = "edited"), { origin: "", label: "" });
  editing.push(performance.now() - begin);
}
show("an edit of one of them", editing);
