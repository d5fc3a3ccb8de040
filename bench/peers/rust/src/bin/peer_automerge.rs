//! Automerge, natively (AutoCommit). The update of a change is get_last_local_change, as its repository layer sends it.

use automerge::{hydrate, sync, sync::SyncDoc, transaction::Transactable, ActorId, AutoCommit, AutoSerde, Change, ObjId, ObjType, ReadDoc, ScalarValue, Value, ROOT};
use std::ops::Range;
use tlfs_bench_peers::harness;
use tlfs_bench_peers::inputs::Edits;
use tlfs_bench_peers::rows::*;

const VERSION: &str = "0.12.0";

fn actor(agent: usize) -> ActorId {
    let mut bytes = [0u8; 16];
    bytes[15] = agent as u8;
    ActorId::from(bytes)
}

fn last_change(doc: &mut AutoCommit) -> Vec<u8> {
    doc.get_last_local_change().expect("a change").raw_bytes().to_vec()
}

fn object(doc: &AutoCommit, key: &str) -> ObjId {
    doc.get(ROOT, key).expect("reads").expect("the object").1
}

struct AutomergeText {
    doc: AutoCommit,
    text: ObjId,
}

impl Text for AutomergeText {
    /// The first change, which makes the text object, is the same for every agent: replicas share it.
    fn create(agent: usize, _: Options) -> Self {
        let mut doc = AutoCommit::new().with_actor(actor(8));
        let text = doc.put_object(ROOT, "text", ObjType::Text).expect("an object");
        doc.commit();
        doc.set_actor(actor(agent));
        AutomergeText { doc, text }
    }

    fn apply(&mut self, edits: &Edits, range: Range<usize>) -> Vec<u8> {
        for i in range {
            self.doc.splice_text(&self.text, edits.pos[i], edits.del[i] as isize, &edits.ins[i]).expect("splices");
        }
        self.doc.commit();
        last_change(&mut self.doc)
    }

    fn receive(&mut self, updates: &[Vec<u8>]) {
        let changes: Vec<Change> = updates.iter().map(|bytes| Change::from_bytes(bytes.clone()).expect("a change")).collect();
        self.doc.apply_changes(changes).expect("applies");
    }

    fn read(&self) -> String {
        self.doc.text(&self.text).expect("a text")
    }

    fn sizes(edits: &Edits) -> Sizes {
        let mut doc = replay::<AutomergeText>(edits, 1, Options { emit: true, keep_all: false }).1.doc;
        let (saved, plain) = (doc.save().len(), doc.save_nocompress().len());
        Sizes { full: vec![saved, plain], named: vec![("saved_bytes", saved), ("uncompressed_bytes", plain)] }
    }

    fn save(&mut self) -> Vec<u8> {
        self.doc.save()
    }

    fn open(bytes: &[u8]) -> Self {
        let doc = AutoCommit::load(bytes).expect("loads");
        let text = object(&doc, "text");
        AutomergeText { doc, text }
    }

    fn save_history(&mut self) -> Vec<u8> {
        self.doc.save()
    }

    fn open_history(bytes: &[u8]) -> Self {
        Self::open(bytes)
    }
}

impl Exchange for AutomergeText {
    /// Speak by turns until neither has anything to say.
    fn exchange(one: &mut Self, other: &mut Self) -> Traffic {
        let mut states = [sync::State::new(), sync::State::new()];
        let docs = [&mut one.doc, &mut other.doc];
        let mut traffic = Traffic { bytes: 0, turns: 0 };
        let (mut turn, mut silent) = (0, 0);
        while silent < 2 {
            let (from, to) = (turn % 2, (turn + 1) % 2);
            turn += 1;
            let Some(message) = docs[from].sync().generate_sync_message(&mut states[from]) else {
                silent += 1;
                continue;
            };
            silent = 0;
            let bytes = message.encode();
            traffic.bytes += bytes.len();
            traffic.turns += 1;
            let message = sync::Message::decode(&bytes).expect("a message");
            docs[to].sync().receive_sync_message(&mut states[to], message).expect("takes it");
        }
        traffic
    }
}

struct AutomergeTable {
    doc: AutoCommit,
    map: ObjId,
}

impl Table for AutomergeTable {
    fn create() -> Self {
        let mut doc = AutoCommit::new().with_actor(actor(0));
        let map = doc.put_object(ROOT, "table", ObjType::Map).expect("an object");
        doc.commit();
        AutomergeTable { doc, map }
    }

    fn put(&mut self, key: &str, value: i64) {
        self.doc.put(&self.map, key, value).expect("puts");
        self.doc.commit();
    }

    fn size(&self) -> usize {
        self.doc.length(&self.map)
    }

    fn get(&self, key: &str) -> Option<i64> {
        self.doc.get(&self.map, key).expect("reads").and_then(|(value, _)| value.as_i64())
    }
}

struct AutomergeTodos {
    doc: AutoCommit,
    list: ObjId,
}

impl AutomergeTodos {
    fn fields(&self, item: &ObjId) -> (String, bool) {
        let title = match self.doc.get(item, "title").expect("reads") {
            Some((Value::Scalar(value), _)) => match value.as_ref() {
                ScalarValue::Str(title) => title.to_string(),
                other => panic!("a title is a string, not {other:?}"),
            },
            other => panic!("an item has a title, not {other:?}"),
        };
        let complete = self.doc.get(item, "complete").expect("reads").and_then(|(value, _)| value.as_bool()).expect("a flag");
        (title, complete)
    }
}

impl Todos for AutomergeTodos {
    fn build(count: usize) -> Self {
        let mut doc = AutoCommit::new().with_actor(actor(0));
        let items: Vec<hydrate::Value> = (0..count)
            .map(|i| hydrate::Value::from(std::collections::HashMap::from([
                ("title", hydrate::Value::from(todo_title(i).as_str())),
                ("complete", hydrate::Value::Scalar(ScalarValue::Boolean(todo_complete(i)))),
            ])))
            .collect();
        let list = doc.batch_create_object(ROOT, "todos", &hydrate::Value::from(items), false).expect("creates");
        doc.commit();
        AutomergeTodos { doc, list }
    }

    fn json(&mut self) -> String {
        serde_json::to_string(&AutoSerde::from(&self.doc)).expect("JSON")
    }

    fn save(&mut self) -> Vec<u8> {
        self.doc.save()
    }

    fn other_sizes(&mut self) -> Vec<(&'static str, usize)> {
        vec![("uncompressed_bytes", self.doc.save_nocompress().len())]
    }

    fn open(bytes: &[u8], _: Options) -> Self {
        let doc = AutoCommit::load(bytes).expect("loads").with_actor(actor(9));
        let list = object(&doc, "todos");
        AutomergeTodos { doc, list }
    }

    fn len(&self) -> usize {
        self.doc.length(&self.list)
    }

    fn item(&self, i: usize) -> (String, bool) {
        self.fields(&self.doc.get(&self.list, i).expect("reads").expect("an item").1)
    }

    fn visit(&self, mut seen: impl FnMut(&str, bool)) {
        for item in self.doc.list_range(&self.list, ..) {
            let (title, complete) = self.fields(&item.id());
            seen(&title, complete);
        }
    }

    fn set_title(&mut self, i: usize, title: &str) -> Vec<u8> {
        let item = self.doc.get(&self.list, i).expect("reads").expect("an item").1;
        self.doc.put(&item, "title", title).expect("puts");
        self.doc.commit();
        last_change(&mut self.doc)
    }
}

fn main() {
    let notes = Notes {
        history: "save(): every change in column form, no stored state",
        size: "save(), whose larger columns are DEFLATE-compressed",
        open: "load of a saved document and its text as a string; not lazy",
        sync: "its sync protocol, with nothing remembered of an earlier session",
        todos: "a list of maps, titles scalar strings, made by batch_create_object",
        json: "AutoSerde through serde_json::to_string",
        open_todos: "load of a saved document, length and first title; not lazy",
        todos_size: "save(), whose larger columns are DEFLATE-compressed",
    };
    let mut rows = text_rows::<AutomergeText>("automerge", VERSION, &notes, "");
    rows.extend(sync_rows::<AutomergeText>(&notes));
    rows.extend(table_rows::<AutomergeTable>());
    rows.extend(todo_rows::<AutomergeTodos>("automerge", VERSION, &notes));
    harness::main("automerge", VERSION, rows);
}
