//! Loro, natively. Updates come from subscribe_local_update, which hands out each commit's encoded bytes.

use loro::{ExportMode, LoroDoc, LoroList, LoroMap, LoroText, LoroValue, Subscription, ToJson, ValueOrContainer, VersionVector};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use tlfs_bench_peers::harness;
use tlfs_bench_peers::inputs::Edits;
use tlfs_bench_peers::rows::*;

const VERSION: &str = "1.17.1";

type Last = Arc<Mutex<Vec<u8>>>;

struct Document {
    doc: LoroDoc,
    last: Last,
    _subscription: Option<Subscription>,
}

fn document(agent: usize, options: Options) -> Document {
    let doc = LoroDoc::new();
    doc.set_peer_id((agent + 1) as u64).expect("a peer id");
    let last = Last::default();
    let subscription = options.emit.then(|| {
        let sink = last.clone();
        doc.subscribe_local_update(Box::new(move |update: &Vec<u8>| {
            *sink.lock().expect("one thread") = update.clone();
            true
        }))
    });
    Document { doc, last, _subscription: subscription }
}

impl Document {
    fn commit(&self) -> Vec<u8> {
        self.doc.commit();
        std::mem::take(&mut *self.last.lock().expect("one thread"))
    }

    fn export(&self, mode: ExportMode) -> Vec<u8> {
        self.doc.export(mode).expect("exports")
    }
}

struct LoroTextDoc {
    document: Document,
    text: LoroText,
}

impl Text for LoroTextDoc {
    fn create(agent: usize, options: Options) -> Self {
        let document = document(agent, options);
        let text = document.doc.get_text("text");
        LoroTextDoc { document, text }
    }

    fn apply(&mut self, edits: &Edits, range: Range<usize>) -> Vec<u8> {
        for i in range {
            if edits.del[i] > 0 {
                self.text.delete(edits.pos[i], edits.del[i]).expect("deletes");
            }
            if !edits.ins[i].is_empty() {
                self.text.insert(edits.pos[i], &edits.ins[i]).expect("inserts");
            }
        }
        self.document.commit()
    }

    fn receive(&mut self, updates: &[Vec<u8>]) {
        self.document.doc.import_batch(updates).expect("imports");
    }

    fn read(&self) -> String {
        self.text.to_string()
    }

    fn sizes(edits: &Edits) -> Sizes {
        let doc = replay::<LoroTextDoc>(edits, 1, Options { emit: true, keep_all: false }).1.document;
        let snapshot = doc.export(ExportMode::Snapshot).len();
        let updates = doc.export(ExportMode::all_updates()).len();
        Sizes { full: vec![snapshot, updates], named: vec![("snapshot_bytes", snapshot), ("updates_bytes", updates)] }
    }

    fn save(&mut self) -> Vec<u8> {
        self.document.export(ExportMode::Snapshot)
    }

    fn open(bytes: &[u8]) -> Self {
        let opened = Self::create(9, Options::default());
        opened.document.doc.import(bytes).expect("imports");
        opened
    }

    fn save_history(&mut self) -> Vec<u8> {
        self.document.export(ExportMode::all_updates())
    }

    fn open_history(bytes: &[u8]) -> Self {
        Self::open(bytes)
    }
}

impl Exchange for LoroTextDoc {
    fn exchange(one: &mut Self, other: &mut Self) -> Traffic {
        exchange_versions(
            one,
            other,
            |at| at.document.doc.oplog_vv().encode(),
            |at, version| at.document.export(ExportMode::updates(&VersionVector::decode(version).expect("a version"))),
        )
    }
}

struct LoroTable {
    document: Document,
    map: LoroMap,
}

impl Table for LoroTable {
    fn create() -> Self {
        let document = document(0, Options::default());
        let map = document.doc.get_map("table");
        LoroTable { document, map }
    }

    fn put(&mut self, key: &str, value: i64) {
        self.map.insert(key, value).expect("inserts");
        self.document.doc.commit();
    }

    fn size(&self) -> usize {
        self.map.len()
    }

    fn get(&self, key: &str) -> Option<i64> {
        match self.map.get(key) {
            Some(ValueOrContainer::Value(LoroValue::I64(value))) => Some(value),
            _ => None,
        }
    }
}

struct LoroTodos {
    document: Document,
    list: LoroList,
}

impl LoroTodos {
    fn map(&self, i: usize) -> LoroMap {
        self.list.get(i).expect("an item").into_container().expect("a container").into_map().expect("a map")
    }
}

impl Todos for LoroTodos {
    fn build(count: usize) -> Self {
        let document = document(0, Options::default());
        let list = document.doc.get_list("todos");
        for i in 0..count {
            let map = list.push_container(LoroMap::new()).expect("pushes");
            map.insert("title", todo_title(i)).expect("inserts");
            map.insert("complete", todo_complete(i)).expect("inserts");
        }
        document.doc.commit();
        LoroTodos { document, list }
    }

    fn json(&mut self) -> String {
        self.document.doc.get_deep_value().to_json()
    }

    fn save(&mut self) -> Vec<u8> {
        self.document.export(ExportMode::Snapshot)
    }

    fn other_sizes(&mut self) -> Vec<(&'static str, usize)> {
        vec![("updates_bytes", self.document.export(ExportMode::all_updates()).len())]
    }

    fn open(bytes: &[u8], options: Options) -> Self {
        let document = document(9, options);
        document.doc.import(bytes).expect("imports");
        let list = document.doc.get_list("todos");
        LoroTodos { document, list }
    }

    fn len(&self) -> usize {
        self.list.len()
    }

    fn item(&self, i: usize) -> (String, bool) {
        let map = self.map(i);
        match (map.get("title"), map.get("complete")) {
            (Some(ValueOrContainer::Value(LoroValue::String(title))), Some(ValueOrContainer::Value(LoroValue::Bool(complete)))) => {
                (title.to_string(), complete)
            }
            _ => panic!("an item has a title and a flag"),
        }
    }

    fn visit(&self, mut seen: impl FnMut(&str, bool)) {
        for i in 0..self.list.len() {
            let map = self.map(i);
            match (map.get("title"), map.get("complete")) {
                (Some(ValueOrContainer::Value(LoroValue::String(title))), Some(ValueOrContainer::Value(LoroValue::Bool(complete)))) => {
                    seen(&title, complete)
                }
                _ => panic!("an item has a title and a flag"),
            }
        }
    }

    fn set_title(&mut self, i: usize, title: &str) -> Vec<u8> {
        self.map(i).insert("title", title).expect("inserts");
        self.document.commit()
    }
}

fn main() {
    let notes = Notes {
        history: "export of all updates, no stored state",
        size: "export as snapshot or as all updates, whichever is smaller",
        open: "import of a snapshot into a new document and to_string; Loro decodes history and containers lazily, the read decodes the text",
        sync: "version vectors and the updates that they lack",
        todos: "a list of maps",
        json: "get_deep_value of the document and its to_json",
        open_todos: "import of a snapshot into a new document, length and first title; lazy, the rest is decoded when read",
        todos_size: "export as snapshot",
    };
    let mut rows = text_rows::<LoroTextDoc>("loro", VERSION, &notes, "");
    rows.extend(sync_rows::<LoroTextDoc>(&notes));
    rows.extend(table_rows::<LoroTable>());
    rows.extend(todo_rows::<LoroTodos>("loro", VERSION, &notes));
    harness::main("loro", VERSION, rows);
}
