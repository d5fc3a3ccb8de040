// The rows of bench/README.md, once for every library: what differs sits in an adapter (yjs.mjs, loro.mjs, automerge.mjs).
//
// An adapter gives:
//   name, version
//   text.create(agent, {emit, keepAll})   an empty text document; emit: apply returns updates; keepAll: nothing is collected
//   text.apply(doc, edits, from, to)      edits [from, to) as one transaction; returns its encoded update, or null
//   text.receive(doc, updates)            imports updates of another replica, in order
//   text.read(doc)                        the text as a string
//   text.encodings(trace)                 {name: bytes length} of the full history after one transaction per edit
//   text.save(doc), text.open(bytes)      the form that opens fastest
//   text.version(doc) -> bytes, text.since(doc, version) -> bytes   what a replica has, and what one of that version lacks; or
//   text.sync(one, other) -> {bytes, turns}    the library's own protocol, until both are equal
//   text.saveHistory(doc), text.openHistory(bytes)   every change, no stored state
//   table.create(), table.put(doc, key, value), table.size(doc), table.get(doc, key)
//   todos.build(n), todos.json(doc), todos.save(doc), todos.sizes(doc), todos.open(bytes, {emit}), todos.length(doc),
//   todos.item(doc, i) -> {title, complete}, todos.setTitle(doc, i, title) -> update
//   twin                                  optional: the native implementation whose histories have the same format
//   dispose(doc), notes: {open, todos, ...} sentences

import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, residentBytes, timed } from './harness.mjs';
import { loadConcurrentTrace, loadTrace } from './inputs.mjs';

const kItems = 100_000;
const kTodoEdits = 1_000;
const kTodoStride = 7_919; // coprime to kItems: spreads the edits over the list

const todoTitle = (i) => `Todo item ${i}`;
const todoComplete = (i) => i % 3 === 0;

export function makeRows(adapter) {
  const { text, table, todos } = adapter;
  const notes = adapter.notes;

  const prepared = (args, key) => join(args.work, `${adapter.name}-${adapter.version}-${key}.bin`);
  // Making a long history is costly: the bytes of a twin will do. They are checked by what they decode to.
  const findTwin = (args, key) => readdirSync(args.work).find((file) => file.startsWith(`${adapter.twin}-`) && file.endsWith(`-${key}.bin`) && /^\w+-\d/.test(file));
  const prepare = (key, make) => (args) => {
    const path = prepared(args, key);
    if (existsSync(path)) return;
    const twin = adapter.twin && key.startsWith('friends') && findTwin(args, key);
    if (twin) {
      copyFileSync(join(args.work, twin), path);
      return;
    }
    const bytes = make(args);
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path); // a run that is killed leaves no half file behind
  };
  // A copy on its own, so that no pooled buffer is shared.
  const saved = (args, key) => new Uint8Array(readFileSync(prepared(args, key)));

  function replay(edits, step, options) {
    const [ms, [doc, bytes]] = timed(() => {
      const fresh = text.create(0, options);
      let emitted = 0;
      for (let from = 0; from < edits.length; from += step) {
        const update = text.apply(fresh, edits, from, Math.min(from + step, edits.length));
        emitted += update.length;
      }
      return [fresh, emitted];
    });
    check(text.read(doc) === edits.endContent, 'the text differs from endContent');
    return { ms, doc, bytes };
  }

  const traceRow = (step, what) => ({
    unit: 'ms',
    inside: `${what}; updates encoded and counted; no observer of the text`,
    start(args) {
      const edits = loadTrace(args.trace, 'automerge-paper');
      return () => {
        const { ms, doc, bytes } = replay(edits, step ?? edits.length, { emit: true });
        adapter.dispose(doc);
        return { value: ms, emitted_bytes: bytes };
      };
    },
  });

  // Each says what it has and gets what it lacks, as these libraries' providers do it: the answer carries the second version.
  function exchangeVersions(one, other) {
    const versions = [text.version(one), text.version(other)];
    const forOne = text.since(other, versions[0]);
    text.receive(one, [forOne]);
    const forOther = text.since(one, versions[1]);
    text.receive(other, [forOther]);
    return { bytes: versions[0].length + versions[1].length + forOne.length + forOther.length, turns: 3 };
  }
  const sync = text.sync ?? exchangeVersions;

  function type(doc, edits, perChange, at = 0) {
    const typed = { pos: [], del: new Array(edits).fill(0), ins: new Array(edits).fill('x') };
    for (let i = 0; i < edits; ++i) typed.pos.push(at + i);
    for (let from = 0; from < edits; from += perChange) text.apply(doc, typed, from, from + perChange);
  }

  // Both have what the first typed; the options are those of every replica that sends updates.
  function two(edits, perChange) {
    const pair = [0, 1].map((agent) => text.create(agent, { emit: true }));
    type(pair[0], edits, perChange);
    return pair;
  }

  const syncRow = (unit, inside, make) => ({
    unit,
    inside: `${inside}; in memory, ${notes.sync}`,
    start: () => () => {
      const { pair, figure } = make();
      check(text.read(pair[0]) === text.read(pair[1]), 'the replicas differ');
      for (const doc of pair) adapter.dispose(doc);
      return figure;
    },
  });

  // Two replicas make the history; each receives what a transaction names as its past, and no more.
  function buildConcurrent(edits) {
    const replicas = [0, 1].map((agent) => text.create(agent, { emit: true, keepAll: true }));
    const log = [[], []];
    const received = [0, 0];
    const bringOver = (agent, upTo) => {
      if (received[agent] >= upTo) return;
      text.receive(replicas[agent], log[1 - agent].slice(received[agent], upTo));
      received[agent] = upTo;
    };
    for (let i = 0; i < edits.length; ++i) {
      const agent = edits.agent[i];
      bringOver(agent, edits.needs[i]);
      log[agent].push(text.apply(replicas[agent], edits, i, i + 1));
    }
    bringOver(0, log[1].length);
    check(text.read(replicas[0]) === edits.endContent, 'the merged text differs from endContent');
    return text.saveHistory(replicas[0]);
  }

  const friendsRow = (key, copies) => ({
    unit: 'ms',
    inside: `a new document from the encoded full history (${notes.history}), and its text as a string`,
    prepare: prepare(key, (args) => buildConcurrent(loadConcurrentTrace(args.trace, 'friendsforever', copies))),
    start(args) {
      const { endContent } = loadConcurrentTrace(args.trace, 'friendsforever', copies);
      const bytes = saved(args, key);
      return () => {
        const [ms, [doc, content]] = timed(() => {
          const fresh = text.openHistory(bytes);
          return [fresh, text.read(fresh)];
        });
        check(content === endContent, 'the merged text differs from endContent');
        adapter.dispose(doc);
        return { value: ms, history_bytes: bytes.length };
      };
    },
  });

  const prepareTodos = prepare('todos', () => todos.save(todos.build(kItems, todoTitle, todoComplete)));
  const checkTodos = (doc) => {
    check(todos.length(doc) === kItems, 'wrong number of todos');
    for (const i of [0, 1, 77_777, kItems - 1]) {
      const item = todos.item(doc, i);
      check(item.title === todoTitle(i) && item.complete === todoComplete(i), `todo ${i} differs`);
    }
  };

  const rows = {
    trace_per_edit: traceRow(1, 'a transaction per edit'),
    trace_sealed_100: traceRow(100, 'a transaction per 100 edits'),
    trace_batch: traceRow(null, 'all edits in one transaction'),
    history_size: {
      unit: 'bytes',
      inside: notes.size,
      start: (args) => () => {
        const sizes = text.encodings(loadTrace(args.trace, 'automerge-paper'), replay);
        return { value: Math.min(...sizes.full), ...sizes.named };
      },
    },
    open_snapshot: {
      unit: 'ms',
      inside: notes.open,
      prepare: prepare('trace', (args) => text.save(replay(loadTrace(args.trace, 'automerge-paper'), 1, { emit: true }).doc)),
      start(args) {
        const { endContent } = loadTrace(args.trace, 'automerge-paper');
        const bytes = saved(args, 'trace');
        return () => {
          let loaded = 0;
          const [ms, [doc, content]] = timed(() => {
            const [load, fresh] = timed(() => text.open(bytes));
            loaded = load;
            return [fresh, text.read(fresh)];
          });
          check(content === endContent, 'the text differs from endContent');
          adapter.dispose(doc);
          return { value: ms, load_only_ms: loaded, saved_bytes: bytes.length };
        };
      },
    },
    friends_1: friendsRow('friends_1', 1),
    friends_25: friendsRow('friends_25', 25),
    sync_apart: syncRow('ms', '100,000 operations in common, 1,000 edits in 10 changes apart on each side: until both are equal', () => {
      const pair = two(100_000, 100);
      sync(...pair);
      type(pair[0], 1_000, 100, 50);
      type(pair[1], 1_000, 100, 50_000);
      const [ms, traffic] = timed(() => sync(...pair));
      check(text.read(pair[0]).length === 102_000, 'an edit is missing');
      return { pair, figure: { value: ms, ...traffic } };
    }),
    sync_idle: syncRow('bytes', 'two equal replicas find that they are: bytes each way', () => {
      const pair = two(1_000, 100);
      sync(...pair);
      const { bytes, turns } = sync(...pair);
      return { pair, figure: { value: bytes / 2, turns } };
    }),
    sync_pull: syncRow('us', '20,000 changes of one edit, a transaction each: both sides\' work per change, neither encrypted nor signed', () => {
      const pair = two(20_000, 1);
      const [ms, { bytes }] = timed(() => sync(...pair));
      check(text.read(pair[1]).length === 20_000, 'an edit is missing');
      return { pair, figure: { value: (ms * 1000) / 20_000, bytes_per_change: bytes / 20_000 } };
    }),
    table_writes_100k: {
      unit: 'ms',
      inside: 'creating the document and 100,000 transactions of one key each; nothing emitted, no observer',
      start: () => () => {
        const keys = Array.from({ length: kItems }, (_, i) => `k${i}`);
        const [ms, doc] = timed(() => {
          let fresh = table.create();
          for (let i = 0; i < kItems; ++i) fresh = table.put(fresh, keys[i], i);
          return fresh;
        });
        check(table.size(doc) === kItems, 'wrong number of keys');
        for (const i of [0, 4_711, kItems - 1]) check(table.get(doc, `k${i}`) === i, `key k${i} differs`);
        adapter.dispose(doc);
        return { value: ms };
      },
    },
    todos_build_100k: {
      unit: 'ms',
      inside: `creating the document and one transaction that appends 100,000 items (${notes.todos})`,
      start: () => () => {
        const [ms, doc] = timed(() => todos.build(kItems, todoTitle, todoComplete));
        checkTodos(doc);
        adapter.dispose(doc);
        return { value: ms };
      },
    },
    todos_json_100k: {
      unit: 'ms',
      inside: notes.json,
      start() {
        const doc = todos.build(kItems, todoTitle, todoComplete);
        return () => {
          const [ms, json] = timed(() => todos.json(doc));
          const list = JSON.parse(json).todos;
          check(list.length === kItems && list[kItems - 1].title === todoTitle(kItems - 1) && list[3].complete === true, 'the JSON differs');
          return { value: ms, json_bytes: json.length };
        };
      },
    },
    todos_edit_100k: {
      unit: 'us',
      inside: 'one transaction that assigns a title, its update encoded; mean of 1,000',
      prepare: prepareTodos,
      start(args) {
        const doc = todos.open(saved(args, 'todos'), { emit: true });
        checkTodos(doc);
        let run = 0;
        return () => {
          ++run;
          let emitted = 0;
          const [ms] = timed(() => {
            for (let j = 0; j < kTodoEdits; ++j) {
              emitted += todos.setTitle(doc, (j * kTodoStride) % kItems, `Edited ${run}.${j}`).length;
            }
          });
          const last = kTodoEdits - 1;
          check(todos.item(doc, (last * kTodoStride) % kItems).title === `Edited ${run}.${last}`, 'the last edit is missing');
          check(todos.length(doc) === kItems, 'wrong number of todos');
          return { value: (ms * 1000) / kTodoEdits, emitted_bytes_per_edit: emitted / kTodoEdits };
        };
      },
    },
    todos_open_100k: {
      unit: 'ms',
      inside: notes.openTodos,
      prepare: prepareTodos,
      start(args) {
        const bytes = saved(args, 'todos');
        return () => {
          const [ms, [doc, length, first]] = timed(() => {
            const fresh = todos.open(bytes, {});
            return [fresh, todos.length(fresh), todos.item(fresh, 0).title];
          });
          check(length === kItems && first === todoTitle(0), 'the opened list differs');
          checkTodos(doc);
          adapter.dispose(doc);
          return { value: ms };
        };
      },
    },
    todos_memory_100k: {
      unit: 'bytes',
      inside: 'resident memory after loading and reading every field through the document (values not kept), forced collection, less that before loading',
      prepare: prepareTodos,
      fresh: true,
      start: (args) => () => {
        const bytes = saved(args, 'todos');
        const settle = () => { for (let i = 0; i < 3; ++i) globalThis.gc(); };
        settle();
        const before = residentBytes();
        const doc = todos.open(bytes, {});
        let sum = 0;
        for (let i = 0; i < kItems; ++i) {
          const item = todos.item(doc, i);
          sum += item.title.length + (item.complete ? 1 : 0);
        }
        const untrimmed = residentBytes() - before;
        settle();
        const value = residentBytes() - before;
        let expected = 0;
        for (let i = 0; i < kItems; ++i) expected += todoTitle(i).length + (todoComplete(i) ? 1 : 0);
        check(sum === expected && bytes.length > 0 && todos.length(doc) === kItems, 'the fields differ');
        return { value, untrimmed_bytes: untrimmed };
      },
    },
    todos_size_100k: {
      unit: 'bytes',
      inside: notes.todosSize,
      start: () => () => {
        const doc = todos.build(kItems, todoTitle, todoComplete);
        return { value: todos.save(doc).length, ...todos.sizes(doc) };
      },
    },
  };
  return rows;
}
