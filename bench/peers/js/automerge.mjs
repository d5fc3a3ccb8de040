// Automerge (WebAssembly). The update of a change is getLastLocalChange, as its repository layer sends it. Titles are
// ImmutableString, a plain register: a bare string would be collaborative text. The time stamp of changes is fixed to 0.

import * as A from '@automerge/automerge';

const actor = (agent) => `0000000000000000000000000000000${agent}`;
const kOptions = { time: 0 };

// Speak by turns until neither has anything to say.
function sync(one, other) {
  const sides = [{ at: one, state: A.initSyncState() }, { at: other, state: A.initSyncState() }];
  const traffic = { bytes: 0, turns: 0 };
  for (let turn = 0, silent = 0; silent < 2; ++turn) {
    const from = sides[turn % 2];
    const to = sides[(turn + 1) % 2];
    const [next, message] = A.generateSyncMessage(from.at.doc, from.state);
    from.state = next;
    silent = message ? 0 : silent + 1;
    if (!message) continue;
    traffic.bytes += message.length;
    ++traffic.turns;
    [to.at.doc, to.state] = A.receiveSyncMessage(to.at.doc, to.state, message);
  }
  return traffic;
}

const emitted = (state) => A.getLastLocalChange(state.doc);

export default {
  package: '@automerge/automerge',
  name: 'automerge-js',
  twin: 'automerge',
  notes: {
    history: 'save(): every change in column form, no stored state',
    size: 'save(), whose larger columns are DEFLATE-compressed',
    open: 'load() of a saved document and its text as a string; not lazy, the load builds JavaScript objects',
    sync: 'its sync protocol, with nothing remembered of an earlier session',
    todos: 'a list of maps, titles ImmutableString, assigned as one array, which is its fast way',
    json: 'JSON.stringify of the document, which Automerge keeps as JavaScript objects at all times',
    openTodos: 'load() of a saved document, length and first title; not lazy',
    todosSize: 'save(), whose larger columns are DEFLATE-compressed',
  },
  dispose: ({ doc }) => A.free(doc),
  text: {
    // The first change, which makes the text object, is the same for every agent: replicas share it.
    create(agent) {
      let doc = A.init({ actor: actor(8) });
      doc = A.change(doc, kOptions, (d) => { d.text = ''; });
      const bytes = A.save(doc);
      A.free(doc);
      return { doc: A.load(bytes, { actor: actor(agent) }) };
    },
    apply(state, edits, from, to) {
      state.doc = A.change(state.doc, kOptions, (d) => {
        for (let i = from; i < to; ++i) A.splice(d, ['text'], edits.pos[i], edits.del[i], edits.ins[i]);
      });
      return emitted(state);
    },
    receive(state, updates) { [state.doc] = A.applyChanges(state.doc, updates); },
    sync,
    read: ({ doc }) => doc.text,
    save: ({ doc }) => A.save(doc),
    open: (bytes) => ({ doc: A.load(bytes) }),
    saveHistory: ({ doc }) => A.save(doc),
    openHistory: (bytes) => ({ doc: A.load(bytes) }),
    encodings(edits, replay) {
      const size = A.save(replay(edits, 1, { emit: true }).doc.doc).length;
      return { full: [size], named: { saved_bytes: size } };
    },
  },
  table: {
    create: () => ({ doc: A.change(A.init({ actor: actor(0) }), kOptions, (d) => { d.table = {}; }) }),
    put(state, key, value) {
      state.doc = A.change(state.doc, kOptions, (d) => { d.table[key] = value; });
      return state;
    },
    size: ({ doc }) => Object.keys(doc.table).length,
    get: ({ doc }, key) => doc.table[key],
  },
  todos: {
    build(n, title, complete) {
      const doc = A.change(A.init({ actor: actor(0) }), kOptions, (d) => {
        d.todos = Array.from({ length: n }, (_, i) => ({ title: new A.ImmutableString(title(i)), complete: complete(i) }));
      });
      return { doc };
    },
    json: ({ doc }) => JSON.stringify(doc),
    save: ({ doc }) => A.save(doc),
    sizes: () => ({}),
    open: (bytes) => ({ doc: A.load(bytes, { actor: actor(9) }) }),
    length: ({ doc }) => doc.todos.length,
    item({ doc }, i) {
      const { title, complete } = doc.todos[i];
      return { title: title.toString(), complete };
    },
    setTitle(state, i, title) {
      state.doc = A.change(state.doc, kOptions, (d) => { d.todos[i].title = new A.ImmutableString(title); });
      return emitted(state);
    },
  },
};
