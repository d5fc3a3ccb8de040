//! yrs, the Rust port of Yjs. Updates come from observe_update_v1, as its providers take them. Collection of deleted text stays
//! on, its default, except where the full history is asked for.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use tlfs_bench_peers::harness;
use tlfs_bench_peers::inputs::Edits;
use tlfs_bench_peers::rows::*;
use yrs::types::ToJson;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::block::ClientID;
use yrs::{
    Any, Array, ArrayRef, Doc, GetString, Map, MapPrelim, MapRef, OffsetKind, Options as DocOptions, Out, ReadTxn, StateVector, Text as _,
    TextRef, Transact, Update, WriteTxn,
};

const VERSION: &str = "0.28.1";

type Last = Arc<Mutex<Vec<u8>>>;

fn document(agent: usize, options: Options) -> (Doc, Last) {
    let mut with = DocOptions::with_client_id(ClientID::new((agent + 1) as u64));
    with.offset_kind = OffsetKind::Utf16;
    with.skip_gc = options.keep_all;
    let doc = Doc::with_options(with);
    let last = Last::default();
    if options.emit {
        let sink = last.clone();
        doc.observe_update_v1("bench", move |_, event| *sink.lock().expect("one thread") = event.update.clone()).expect("no open transaction");
    }
    (doc, last)
}

fn take(last: &Last) -> Vec<u8> {
    std::mem::take(&mut *last.lock().expect("one thread"))
}

fn apply_v1(doc: &Doc, updates: &[Vec<u8>]) {
    let mut txn = doc.transact_mut();
    for update in updates {
        txn.apply_update(Update::decode_v1(update).expect("an update")).expect("applies");
    }
}

fn state_v1(doc: &Doc) -> Vec<u8> {
    doc.transact().encode_state_as_update_v1(&StateVector::default())
}

struct YrsText {
    doc: Doc,
    text: TextRef,
    last: Last,
}

impl Text for YrsText {
    fn create(agent: usize, options: Options) -> Self {
        let (doc, last) = document(agent, options);
        let text = doc.get_or_insert_text("text");
        YrsText { doc, text, last }
    }

    fn apply(&mut self, edits: &Edits, range: Range<usize>) -> Vec<u8> {
        {
            let mut txn = self.doc.transact_mut();
            for i in range {
                if edits.del[i] > 0 {
                    self.text.remove_range(&mut txn, edits.pos[i] as u32, edits.del[i] as u32);
                }
                if !edits.ins[i].is_empty() {
                    self.text.insert(&mut txn, edits.pos[i] as u32, &edits.ins[i]);
                }
            }
        }
        take(&self.last)
    }

    fn receive(&mut self, updates: &[Vec<u8>]) {
        apply_v1(&self.doc, updates);
    }

    fn read(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    fn sizes(edits: &Edits) -> Sizes {
        let whole = replay::<YrsText>(edits, 1, Options { emit: true, keep_all: true }).1;
        let collected = replay::<YrsText>(edits, 1, Options { emit: true, keep_all: false }).1;
        let v2 = |doc: &Doc| doc.transact().encode_state_as_update_v2(&StateVector::default()).len();
        let (whole_v1, whole_v2) = (state_v1(&whole.doc).len(), v2(&whole.doc));
        Sizes {
            full: vec![whole_v1, whole_v2],
            named: vec![
                ("v1_bytes", whole_v1),
                ("v2_bytes", whole_v2),
                ("collected_v1_bytes", state_v1(&collected.doc).len()),
                ("collected_v2_bytes", v2(&collected.doc)),
            ],
        }
    }

    fn save(&mut self) -> Vec<u8> {
        state_v1(&self.doc)
    }

    fn open(bytes: &[u8]) -> Self {
        let opened = Self::create(9, Options::default());
        let update = Update::decode_v1(bytes).expect("a state");
        opened.doc.transact_mut().apply_update(update).expect("applies");
        opened
    }

    fn save_history(&mut self) -> Vec<u8> {
        state_v1(&self.doc)
    }

    fn open_history(bytes: &[u8]) -> Self {
        Self::open(bytes)
    }
}

impl Exchange for YrsText {
    fn exchange(one: &mut Self, other: &mut Self) -> Traffic {
        exchange_versions(
            one,
            other,
            |at| at.doc.transact().state_vector().encode_v1(),
            |at, version| at.doc.transact().encode_state_as_update_v1(&StateVector::decode_v1(version).expect("a version")),
        )
    }
}

struct YrsTable {
    doc: Doc,
    map: MapRef,
}

impl Table for YrsTable {
    fn create() -> Self {
        let (doc, _) = document(0, Options::default());
        let map = doc.get_or_insert_map("table");
        YrsTable { doc, map }
    }

    fn put(&mut self, key: &str, value: i64) {
        self.map.insert(&mut self.doc.transact_mut(), key, Any::from(value));
    }

    fn size(&self) -> usize {
        self.map.len(&self.doc.transact()) as usize
    }

    fn get(&self, key: &str) -> Option<i64> {
        self.map.get_as(&self.doc.transact(), key).ok()
    }
}

struct YrsTodos {
    doc: Doc,
    list: ArrayRef,
    last: Last,
}

fn fields<T: ReadTxn>(item: &Out, txn: &T) -> (Arc<str>, bool) {
    let Out::YMap(map) = item else { panic!("an item is a map") };
    match (map.get(txn, "title"), map.get(txn, "complete")) {
        (Some(Out::Any(Any::String(title))), Some(Out::Any(Any::Bool(complete)))) => (title, complete),
        other => panic!("an item has a title and a flag, not {other:?}"),
    }
}

impl YrsTodos {
    fn create(options: Options) -> Self {
        let (doc, last) = document(9, options);
        let list = doc.get_or_insert_array("todos");
        YrsTodos { doc, list, last }
    }
}

impl Todos for YrsTodos {
    fn build(count: usize) -> Self {
        let (doc, last) = document(0, Options::default());
        let list = {
            let mut txn = doc.transact_mut();
            let list = txn.get_or_insert_array("todos");
            for i in 0..count {
                list.push_back(&mut txn, MapPrelim::from([("title", Any::from(todo_title(i))), ("complete", Any::from(todo_complete(i)))]));
            }
            list
        };
        YrsTodos { doc, list, last }
    }

    fn json(&mut self) -> String {
        let mut text = String::from("{\"todos\":");
        self.list.to_json(&self.doc.transact()).to_json(&mut text);
        text.push('}');
        text
    }

    fn save(&mut self) -> Vec<u8> {
        state_v1(&self.doc)
    }

    fn other_sizes(&mut self) -> Vec<(&'static str, usize)> {
        vec![("v2_bytes", self.doc.transact().encode_state_as_update_v2(&StateVector::default()).len())]
    }

    fn open(bytes: &[u8], options: Options) -> Self {
        let opened = Self::create(options);
        let update = Update::decode_v1(bytes).expect("a state");
        opened.doc.transact_mut().apply_update(update).expect("applies");
        opened
    }

    fn len(&self) -> usize {
        self.list.len(&self.doc.transact()) as usize
    }

    fn item(&self, i: usize) -> (String, bool) {
        let txn = self.doc.transact();
        let (title, complete) = fields(&self.list.get(&txn, i as u32).expect("an item"), &txn);
        (title.to_string(), complete)
    }

    fn visit(&self, mut seen: impl FnMut(&str, bool)) {
        let txn = self.doc.transact();
        for item in self.list.iter(&txn) {
            let (title, complete) = fields(&item, &txn);
            seen(&title, complete);
        }
    }

    fn set_title(&mut self, i: usize, title: &str) -> Vec<u8> {
        {
            let mut txn = self.doc.transact_mut();
            let Some(Out::YMap(map)) = self.list.get(&txn, i as u32) else { panic!("an item is a map") };
            map.insert(&mut txn, "title", title);
        }
        take(&self.last)
    }
}

fn main() {
    let notes = Notes {
        history: "one merged update, version 1 encoding, nothing collected",
        size: "the whole state as one update with collection off, version 1 or 2 encoding, whichever is smaller",
        open: "apply_update of the whole state (version 1 encoding, deleted text collected as is its default) into a new document and get_string; not lazy",
        sync: "state vectors and the updates that they lack, as y-protocols exchanges them, without its few bytes of framing",
        todos: "an array of maps",
        json: "to_json of the array and its text",
        open_todos: "apply_update into a new document, length and first title; not lazy",
        todos_size: "encode_state_as_update_v1",
    };
    let mut rows = text_rows::<YrsText>("yrs", VERSION, &notes, "yjs-");
    rows.extend(sync_rows::<YrsText>(&notes));
    rows.extend(table_rows::<YrsTable>());
    rows.extend(todo_rows::<YrsTodos>("yrs", VERSION, &notes));
    harness::main("yrs", VERSION, rows);
}
