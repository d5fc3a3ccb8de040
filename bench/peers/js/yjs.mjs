// Yjs. Updates come from the document's 'update' event, as its providers take them. `gc` stays on, its default, except where
// the full history is asked for.

import * as Y from 'yjs';

function document(agent, { emit, keepAll }) {
  const doc = new Y.Doc({ gc: !keepAll });
  doc.clientID = agent + 1;
  const state = { doc, text: doc.getText('text'), update: null };
  if (emit) doc.on('update', (update) => { state.update = update; });
  return state;
}

function todosDocument({ emit }) {
  const doc = new Y.Doc();
  const state = { doc, list: doc.getArray('todos'), update: null };
  if (emit) doc.on('update', (update) => { state.update = update; });
  return state;
}

export default {
  package: 'yjs',
  name: 'yjs',
  notes: {
    history: 'one merged update, version 1 encoding, nothing collected',
    size: 'the whole state as one update with garbage collection off, version 1 or 2 encoding, whichever is smaller',
    open: 'Y.applyUpdate of the whole state (version 1 encoding, deleted text collected as is its default) into a new document and toString(); not lazy',
    sync: 'state vectors and the updates that they lack, as y-protocols exchanges them, without its few bytes of framing',
    todos: 'a Y.Array of Y.Maps',
    json: 'JSON.stringify(doc.toJSON())',
    openTodos: 'Y.applyUpdate into a new document, length and first title; not lazy',
    todosSize: 'Y.encodeStateAsUpdate, version 1 encoding',
  },
  dispose: ({ doc }) => doc.destroy(),
  text: {
    create: document,
    apply(state, edits, from, to) {
      const { doc, text } = state;
      state.update = null;
      doc.transact(() => {
        for (let i = from; i < to; ++i) {
          if (edits.del[i] > 0) text.delete(edits.pos[i], edits.del[i]);
          if (edits.ins[i] !== '') text.insert(edits.pos[i], edits.ins[i]);
        }
      });
      return state.update;
    },
    receive({ doc }, updates) {
      doc.transact(() => { for (const update of updates) Y.applyUpdate(doc, update); });
    },
    version: ({ doc }) => Y.encodeStateVector(doc),
    since: ({ doc }, version) => Y.encodeStateAsUpdate(doc, version),
    read: ({ text }) => text.toString(),
    save: ({ doc }) => Y.encodeStateAsUpdate(doc),
    open(bytes) {
      const state = document(9, {});
      Y.applyUpdate(state.doc, bytes);
      return state;
    },
    saveHistory: ({ doc }) => Y.encodeStateAsUpdate(doc),
    openHistory(bytes) {
      const state = document(9, {});
      Y.applyUpdate(state.doc, bytes);
      return state;
    },
    encodings(edits, replay) {
      const whole = replay(edits, 1, { emit: true, keepAll: true }).doc.doc;
      const collected = replay(edits, 1, { emit: true }).doc.doc;
      const v1 = Y.encodeStateAsUpdate(whole).length;
      const v2 = Y.encodeStateAsUpdateV2(whole).length;
      return {
        full: [v1, v2],
        named: {
          v1_bytes: v1, v2_bytes: v2,
          collected_v1_bytes: Y.encodeStateAsUpdate(collected).length, collected_v2_bytes: Y.encodeStateAsUpdateV2(collected).length,
        },
      };
    },
  },
  table: {
    create() {
      const doc = new Y.Doc();
      return { doc, map: doc.getMap('table') };
    },
    put(state, key, value) {
      state.map.set(key, value); // a call outside transact() is a transaction of its own
      return state;
    },
    size: ({ map }) => map.size,
    get: ({ map }, key) => map.get(key),
  },
  todos: {
    build(n, title, complete) {
      const state = todosDocument({});
      state.doc.transact(() => {
        const items = [];
        for (let i = 0; i < n; ++i) items.push(new Y.Map([['title', title(i)], ['complete', complete(i)]]));
        state.list.push(items);
      });
      return state;
    },
    json: ({ doc }) => JSON.stringify(doc.toJSON()),
    save: ({ doc }) => Y.encodeStateAsUpdate(doc),
    sizes: ({ doc }) => ({ v2_bytes: Y.encodeStateAsUpdateV2(doc).length }),
    open(bytes, options) {
      const state = todosDocument(options);
      Y.applyUpdate(state.doc, bytes);
      return state;
    },
    length: ({ list }) => list.length,
    item({ list }, i) {
      const map = list.get(i);
      return { title: map.get('title'), complete: map.get('complete') };
    },
    setTitle(state, i, title) {
      state.update = null;
      state.list.get(i).set('title', title);
      return state.update;
    },
  },
};
