// Loro (WebAssembly). Updates come from subscribeLocalUpdates, which hands out each commit's encoded bytes.

import { LoroDoc, LoroMap, VersionVector } from 'loro-crdt';

function make(agent, { emit }) {
  const doc = new LoroDoc();
  doc.setPeerId(BigInt(agent + 1));
  const state = { doc, update: null };
  if (emit) doc.subscribeLocalUpdates((update) => { state.update = update; });
  return state;
}

function textDocument(agent, options) {
  const state = make(agent, options);
  state.text = state.doc.getText('text');
  return state;
}

export default {
  package: 'loro-crdt',
  name: 'loro-js',
  twin: 'loro',
  notes: {
    history: 'export in update mode, no stored state',
    size: 'export in snapshot or update mode, whichever is smaller',
    open: 'LoroDoc.import of a snapshot into a new document and toString(); Loro decodes history and containers lazily, the read decodes the text',
    sync: 'version vectors and the updates that they lack',
    todos: 'a LoroList of LoroMaps',
    json: 'JSON.stringify(doc.toJSON())',
    openTodos: 'import of a snapshot into a new document, length and first title; lazy, the rest is decoded when read',
    todosSize: 'export in snapshot mode',
  },
  dispose: ({ doc }) => doc.free(),
  text: {
    create: textDocument,
    apply(state, edits, from, to) {
      const { doc, text } = state;
      state.update = null;
      for (let i = from; i < to; ++i) {
        if (edits.del[i] > 0) text.delete(edits.pos[i], edits.del[i]);
        if (edits.ins[i] !== '') text.insert(edits.pos[i], edits.ins[i]);
      }
      doc.commit();
      return state.update;
    },
    receive: ({ doc }, updates) => { doc.importBatch(updates); },
    version: ({ doc }) => doc.version().encode(),
    since: ({ doc }, version) => doc.export({ mode: 'update', from: VersionVector.decode(version) }),
    read: ({ text }) => text.toString(),
    save: ({ doc }) => doc.export({ mode: 'snapshot' }),
    open(bytes) {
      const state = textDocument(9, {});
      state.doc.import(bytes);
      return state;
    },
    saveHistory: ({ doc }) => doc.export({ mode: 'update' }),
    openHistory(bytes) {
      const state = textDocument(9, {});
      state.doc.import(bytes);
      return state;
    },
    encodings(edits, replay) {
      const { doc } = replay(edits, 1, { emit: true }).doc;
      const snapshot = doc.export({ mode: 'snapshot' }).length;
      const update = doc.export({ mode: 'update' }).length;
      return { full: [snapshot, update], named: { snapshot_bytes: snapshot, updates_bytes: update } };
    },
  },
  table: {
    create() {
      const state = make(0, {});
      state.map = state.doc.getMap('table');
      return state;
    },
    put(state, key, value) {
      state.map.set(key, value);
      state.doc.commit();
      return state;
    },
    size: ({ map }) => map.size,
    get: ({ map }, key) => map.get(key),
  },
  todos: {
    build(n, title, complete) {
      const state = make(0, {});
      state.list = state.doc.getList('todos');
      for (let i = 0; i < n; ++i) {
        const item = state.list.pushContainer(new LoroMap());
        item.set('title', title(i));
        item.set('complete', complete(i));
        item.free();
      }
      state.doc.commit();
      return state;
    },
    json: ({ doc }) => JSON.stringify(doc.toJSON()),
    save: ({ doc }) => doc.export({ mode: 'snapshot' }),
    sizes: ({ doc }) => ({ updates_bytes: doc.export({ mode: 'update' }).length }),
    open(bytes, options) {
      const state = make(9, options);
      state.doc.import(bytes);
      state.list = state.doc.getList('todos');
      return state;
    },
    length: ({ list }) => list.length,
    item({ list }, i) {
      const map = list.get(i);
      const item = { title: map.get('title'), complete: map.get('complete') };
      map.free();
      return item;
    },
    setTitle(state, i, title) {
      state.update = null;
      const map = state.list.get(i);
      map.set('title', title);
      map.free();
      state.doc.commit();
      return state.update;
    },
  },
};
