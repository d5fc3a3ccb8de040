//! The rows of bench/README.md, once for every library: what differs sits behind three traits. Calls are resolved at compile time.

use crate::harness::{resident_bytes, timed, trim_memory, Args, Row, Sample};
use crate::inputs::{load_concurrent_trace, load_trace, ConcurrentEdits, Edits};
use std::ops::Range;
use std::path::PathBuf;

const ITEMS: usize = 100_000;
const TODO_EDITS: usize = 1_000;
const TODO_STRIDE: usize = 7_919; // coprime to ITEMS: spreads the edits over the list

pub fn todo_title(i: usize) -> String {
    format!("Todo item {i}")
}

pub fn todo_complete(i: usize) -> bool {
    i % 3 == 0
}

#[derive(Clone, Copy, Default)]
pub struct Options {
    /// `apply` returns encoded updates.
    pub emit: bool,
    /// Nothing is collected: deleted text stays in the history.
    pub keep_all: bool,
}

pub struct Sizes {
    /// Encodings that keep the full history.
    pub full: Vec<usize>,
    pub named: Vec<(&'static str, usize)>,
}

pub trait Text: Sized {
    fn create(agent: usize, options: Options) -> Self;
    /// Edits of `range` as one transaction; its encoded update.
    fn apply(&mut self, edits: &Edits, range: Range<usize>) -> Vec<u8>;
    /// Imports another replica's updates, in order.
    fn receive(&mut self, updates: &[Vec<u8>]);
    fn read(&self) -> String;
    fn sizes(edits: &Edits) -> Sizes;
    /// The form that opens fastest.
    fn save(&mut self) -> Vec<u8>;
    fn open(bytes: &[u8]) -> Self;
    /// Every change, no stored state.
    fn save_history(&mut self) -> Vec<u8>;
    fn open_history(bytes: &[u8]) -> Self;

    /// Two replicas make the history; each receives what a transaction names as its past, and no more.
    fn build_concurrent(all: &ConcurrentEdits) -> Vec<u8> {
        let options = Options { emit: true, keep_all: true };
        let mut replicas = [Self::create(0, options), Self::create(1, options)];
        let mut log: [Vec<Vec<u8>>; 2] = [Vec::new(), Vec::new()];
        let mut received = [0, 0];
        for i in 0..all.edits.len() {
            let agent = all.agent[i];
            if received[agent] < all.needs[i] {
                replicas[agent].receive(&log[1 - agent][received[agent]..all.needs[i]]);
                received[agent] = all.needs[i];
            }
            let update = replicas[agent].apply(&all.edits, i..i + 1);
            log[agent].push(update);
        }
        replicas[0].receive(&log[1][received[0]..]);
        assert!(replicas[0].read() == all.edits.end_content, "the merged text differs from endContent");
        replicas[0].save_history()
    }
}

pub struct Traffic {
    pub bytes: usize,
    /// How often one side spoke.
    pub turns: usize,
}

pub trait Exchange: Text {
    /// Makes both equal, in the library's own way.
    fn exchange(one: &mut Self, other: &mut Self) -> Traffic;
}

/// Each says what it has and gets what it lacks, as these libraries' providers do it: the answer carries the second version.
pub fn exchange_versions<T: Text>(
    one: &mut T,
    other: &mut T,
    version: impl Fn(&T) -> Vec<u8>,
    since: impl Fn(&T, &[u8]) -> Vec<u8>,
) -> Traffic {
    let versions = [version(one), version(other)];
    let for_one = since(other, &versions[0]);
    let mut bytes = versions[0].len() + versions[1].len() + for_one.len();
    one.receive(&[for_one]);
    let for_other = since(one, &versions[1]);
    bytes += for_other.len();
    other.receive(&[for_other]);
    Traffic { bytes, turns: 3 }
}

pub trait Table: Sized {
    fn create() -> Self;
    /// One transaction.
    fn put(&mut self, key: &str, value: i64);
    fn size(&self) -> usize;
    fn get(&self, key: &str) -> Option<i64>;
}

pub trait Todos: Sized {
    fn build(count: usize) -> Self;
    /// The whole document as JSON text, the list under "todos".
    fn json(&mut self) -> String;
    fn save(&mut self) -> Vec<u8>;
    fn other_sizes(&mut self) -> Vec<(&'static str, usize)>;
    fn open(bytes: &[u8], options: Options) -> Self;
    fn len(&self) -> usize;
    fn item(&self, i: usize) -> (String, bool);
    /// Reads every item in order in the library's own way of iterating.
    fn visit(&self, seen: impl FnMut(&str, bool));
    /// One transaction; its encoded update.
    fn set_title(&mut self, i: usize, title: &str) -> Vec<u8>;
}

/// How a library does what the rows ask for, in words.
pub struct Notes {
    pub history: &'static str,
    pub size: &'static str,
    pub open: &'static str,
    pub sync: &'static str,
    pub todos: &'static str,
    pub json: &'static str,
    pub open_todos: &'static str,
    pub todos_size: &'static str,
}

pub fn replay<T: Text>(edits: &Edits, step: usize, options: Options) -> (f64, T, usize) {
    let (ms, (doc, emitted)) = timed(|| {
        let mut doc = T::create(0, options);
        let mut emitted = 0;
        let mut from = 0;
        while from < edits.len() {
            let to = (from + step).min(edits.len());
            emitted += doc.apply(edits, from..to).len();
            from = to;
        }
        (doc, emitted)
    });
    assert!(doc.read() == edits.end_content, "the text differs from endContent");
    (ms, doc, emitted)
}

/// A prepared file in the work folder. `twin` is the start of another implementation's file name whose bytes have the same format
/// (Yjs and yrs): making a long history is costly, and its bytes are checked by what they decode to.
#[derive(Clone)]
struct Saved {
    file: String,
    twin: Option<(&'static str, &'static str)>,
}

impl Saved {
    fn path(&self, args: &Args) -> PathBuf {
        args.work.as_ref().expect("--work").join(&self.file)
    }

    fn read(&self, args: &Args) -> Vec<u8> {
        std::fs::read(self.path(args)).expect("the prepared bytes")
    }

    fn find_twin(&self, args: &Args) -> Option<PathBuf> {
        let (start, end) = self.twin?;
        let files = std::fs::read_dir(args.work.as_ref()?).ok()?;
        files.filter_map(|entry| Some(entry.ok()?.path())).find(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            name.starts_with(start) && name.ends_with(end)
        })
    }

    fn write(&self, args: &Args, make: impl Fn() -> Vec<u8>) {
        let path = self.path(args);
        if path.exists() {
            return;
        }
        if let Some(found) = self.find_twin(args) {
            std::fs::copy(found, &path).expect("copy the prepared bytes");
        } else {
            let part = path.with_extension("part"); // a run that is killed leaves no half file behind
            std::fs::write(&part, make()).expect("write the prepared bytes");
            std::fs::rename(&part, &path).expect("rename the prepared bytes");
        }
    }
}

fn trace_row<T: Text + 'static>(name: &'static str, step: usize, what: &str) -> Row {
    Row {
        name,
        unit: "ms",
        inside: format!("{what}; updates encoded and counted; no observer of the text"),
        fresh_process: false,
        prepare: None,
        start: Box::new(move |args| {
            let edits = load_trace(&args.trace, "automerge-paper");
            Box::new(move || {
                let (ms, _doc, emitted) = replay::<T>(&edits, step, Options { emit: true, keep_all: false });
                Sample::new(ms).with("emitted_bytes", emitted as f64)
            })
        }),
    }
}

fn friends_row<T: Text + 'static>(name: &'static str, copies: usize, saved: Saved, notes: &Notes) -> Row {
    let prepared = saved.clone();
    Row {
        name,
        unit: "ms",
        inside: format!("a new document from the encoded full history ({}), and its text as a string", notes.history),
        fresh_process: false,
        prepare: Some(Box::new(move |args| {
            prepared.write(args, || T::build_concurrent(&load_concurrent_trace(&args.trace, "friendsforever", copies)))
        })),
        start: Box::new(move |args| {
            let end_content = load_concurrent_trace(&args.trace, "friendsforever", copies).edits.end_content;
            let bytes = saved.read(args);
            Box::new(move || {
                let (ms, (_doc, content)) = timed(|| {
                    let doc = T::open_history(&bytes);
                    let content = doc.read();
                    (doc, content)
                });
                assert!(content == end_content, "the merged text differs from endContent");
                Sample::new(ms).with("history_bytes", bytes.len() as f64)
            })
        }),
    }
}

/// `twin`: start of the file names of an implementation whose histories have the same format, or "".
pub fn text_rows<T: Text + 'static>(name: &str, version: &str, notes: &Notes, twin: &'static str) -> Vec<Row> {
    let saved = |key: &str| Saved { file: format!("{name}-{version}-{key}.bin"), twin: None };
    let history = |key: &str, end| Saved { twin: (!twin.is_empty()).then_some((twin, end)), ..saved(key) };
    let snapshot = saved("trace");
    let prepared = snapshot.clone();
    vec![
        trace_row::<T>("trace_per_edit", 1, "a transaction per edit"),
        trace_row::<T>("trace_sealed_100", 100, "a transaction per 100 edits"),
        trace_row::<T>("trace_batch", usize::MAX / 2, "all edits in one transaction"),
        Row {
            name: "history_size",
            unit: "bytes",
            inside: notes.size.to_owned(),
            fresh_process: false,
            prepare: None,
            start: Box::new(|args| {
                let edits = load_trace(&args.trace, "automerge-paper");
                Box::new(move || {
                    let sizes = T::sizes(&edits);
                    let smallest = *sizes.full.iter().min().expect("an encoding");
                    sizes.named.iter().fold(Sample::new(smallest as f64), |s, (n, v)| s.with(n, *v as f64))
                })
            }),
        },
        Row {
            name: "open_snapshot",
            unit: "ms",
            inside: notes.open.to_owned(),
            fresh_process: false,
            prepare: Some(Box::new(move |args| {
                prepared.write(args, || {
                    let edits = load_trace(&args.trace, "automerge-paper");
                    replay::<T>(&edits, 1, Options { emit: true, keep_all: false }).1.save()
                })
            })),
            start: Box::new(move |args| {
                let end_content = load_trace(&args.trace, "automerge-paper").end_content;
                let bytes = snapshot.read(args);
                Box::new(move || {
                    let (ms, (loaded, _doc, content)) = timed(|| {
                        let (loaded, doc) = timed(|| T::open(&bytes));
                        let content = doc.read();
                        (loaded, doc, content)
                    });
                    assert!(content == end_content, "the text differs from endContent");
                    Sample::new(ms).with("load_only_ms", loaded).with("saved_bytes", bytes.len() as f64)
                })
            }),
        },
        friends_row::<T>("friends_1", 1, history("friends_1", "-friends_1.bin"), notes),
        friends_row::<T>("friends_25", 25, history("friends_25", "-friends_25.bin"), notes),
    ]
}

fn type_into<T: Text>(doc: &mut T, edits: usize, per_change: usize, at: usize) {
    let typed = Edits {
        pos: (at..at + edits).collect(),
        del: vec![0; edits],
        ins: vec!["x".to_owned(); edits],
        ..Edits::default()
    };
    for from in (0..edits).step_by(per_change) {
        doc.apply(&typed, from..from + per_change);
    }
}

/// Two replicas; the first has typed.
fn two<T: Text>(edits: usize, per_change: usize) -> [T; 2] {
    let options = Options { emit: true, keep_all: false };
    let mut pair = [T::create(0, options), T::create(1, options)];
    type_into(&mut pair[0], edits, per_change, 0);
    pair
}

fn sync<T: Exchange>(pair: &mut [T; 2]) -> (f64, Traffic) {
    let [one, other] = pair;
    let (ms, traffic) = timed(|| T::exchange(one, other));
    assert!(pair[0].read() == pair[1].read(), "the replicas differ");
    (ms, traffic)
}

pub fn sync_rows<T: Exchange + 'static>(notes: &Notes) -> Vec<Row> {
    let row = |name, unit, inside: &str, once: fn() -> Sample| Row {
        name,
        unit,
        inside: format!("{inside}; in memory, {}", notes.sync),
        fresh_process: false,
        prepare: None,
        start: Box::new(move |_| Box::new(once)),
    };
    vec![
        row("sync_apart", "ms", "100,000 operations in common, 1,000 edits in 10 changes apart on each side: until both are equal", || {
            let mut pair = two::<T>(100_000, 100);
            sync(&mut pair);
            type_into(&mut pair[0], 1_000, 100, 50);
            type_into(&mut pair[1], 1_000, 100, 50_000);
            let (ms, traffic) = sync(&mut pair);
            assert_eq!(pair[0].read().len(), 102_000);
            Sample::new(ms).with("bytes", traffic.bytes as f64).with("turns", traffic.turns as f64)
        }),
        row("sync_idle", "bytes", "two equal replicas find that they are: bytes each way", || {
            let mut pair = two::<T>(1_000, 100);
            sync(&mut pair);
            let (_, traffic) = sync(&mut pair);
            Sample::new(traffic.bytes as f64 / 2.0).with("turns", traffic.turns as f64)
        }),
        row("sync_pull", "us", "20,000 changes of one edit, a transaction each: both sides' work per change, neither encrypted nor signed", || {
            let mut pair = two::<T>(20_000, 1);
            let (ms, traffic) = sync(&mut pair);
            assert_eq!(pair[1].read().len(), 20_000);
            Sample::new(ms * 1e3 / 20_000.0).with("bytes_per_change", traffic.bytes as f64 / 20_000.0)
        }),
    ]
}

pub fn table_rows<T: Table + 'static>() -> Vec<Row> {
    vec![Row {
        name: "table_writes_100k",
        unit: "ms",
        inside: "creating the document and 100,000 transactions of one key each; nothing emitted, no observer".to_owned(),
        fresh_process: false,
        prepare: None,
        start: Box::new(|_| {
            Box::new(|| {
                let keys: Vec<String> = (0..ITEMS).map(|i| format!("k{i}")).collect();
                let (ms, doc) = timed(|| {
                    let mut doc = T::create();
                    for (i, key) in keys.iter().enumerate() {
                        doc.put(key, i as i64);
                    }
                    doc
                });
                assert_eq!(doc.size(), ITEMS);
                for i in [0, 4_711, ITEMS - 1] {
                    assert_eq!(doc.get(&keys[i]), Some(i as i64));
                }
                Sample::new(ms)
            })
        }),
    }]
}

fn check_todos<T: Todos>(doc: &T) {
    assert_eq!(doc.len(), ITEMS);
    for i in [0, 1, 77_777, ITEMS - 1] {
        assert_eq!(doc.item(i), (todo_title(i), todo_complete(i)));
    }
}

pub fn todo_rows<T: Todos + 'static>(name: &str, version: &str, notes: &Notes) -> Vec<Row> {
    let saved = Saved { file: format!("{name}-{version}-todos.bin"), twin: None };
    let prepare = || -> Option<Box<dyn Fn(&Args)>> {
        let saved = saved.clone();
        Some(Box::new(move |args| saved.write(args, || T::build(ITEMS).save())))
    };
    let (for_edit, for_open, for_memory) = (saved.clone(), saved.clone(), saved.clone());
    let row = |name, unit, inside: &str, prepare, start| Row {
        name,
        unit,
        inside: inside.to_owned(),
        fresh_process: false,
        prepare,
        start,
    };
    vec![
        row(
            "todos_build_100k",
            "ms",
            &format!("creating the document and one transaction that appends 100,000 items ({})", notes.todos),
            None,
            Box::new(|_| {
                Box::new(|| {
                    let (ms, doc) = timed(|| T::build(ITEMS));
                    check_todos(&doc);
                    Sample::new(ms)
                })
            }),
        ),
        row("todos_json_100k", "ms", notes.json, None, Box::new(|_| {
            let mut doc = T::build(ITEMS);
            Box::new(move || {
                let (ms, text) = timed(|| doc.json());
                let json: serde_json::Value = serde_json::from_str(&text).expect("JSON text");
                let list = json["todos"].as_array().expect("the list");
                assert!(list.len() == ITEMS && list[ITEMS - 1]["title"] == todo_title(ITEMS - 1) && list[3]["complete"] == true);
                Sample::new(ms).with("json_bytes", text.len() as f64)
            })
        })),
        row(
            "todos_edit_100k",
            "us",
            "one transaction that assigns a title, its update encoded; mean of 1,000",
            prepare(),
            Box::new(move |args| {
                let mut doc = T::open(&for_edit.read(args), Options { emit: true, keep_all: false });
                check_todos(&doc);
                let mut run = 0;
                Box::new(move || {
                    run += 1;
                    let titles: Vec<String> = (0..TODO_EDITS).map(|j| format!("Edited {run}.{j}")).collect();
                    let (ms, emitted) = timed(|| {
                        let mut emitted = 0;
                        for (j, title) in titles.iter().enumerate() {
                            emitted += doc.set_title((j * TODO_STRIDE) % ITEMS, title).len();
                        }
                        emitted
                    });
                    for j in [0, TODO_EDITS - 1] {
                        assert_eq!(doc.item((j * TODO_STRIDE) % ITEMS).0, titles[j]);
                    }
                    assert_eq!(doc.len(), ITEMS);
                    Sample::new(ms * 1e3 / TODO_EDITS as f64).with("emitted_bytes_per_edit", emitted as f64 / TODO_EDITS as f64)
                })
            }),
        ),
        row("todos_open_100k", "ms", notes.open_todos, prepare(), Box::new(move |args| {
            let bytes = for_open.read(args);
            Box::new(move || {
                let (ms, (doc, length, first)) = timed(|| {
                    let doc = T::open(&bytes, Options::default());
                    let (length, first) = (doc.len(), doc.item(0).0);
                    (doc, length, first)
                });
                assert!(length == ITEMS && first == todo_title(0));
                check_todos(&doc);
                Sample::new(ms)
            })
        })),
        Row {
            name: "todos_memory_100k",
            unit: "bytes",
            inside: "resident memory after loading and reading every field (values not kept), free pages handed back, less that before loading".to_owned(),
            fresh_process: true,
            prepare: prepare(),
            start: Box::new(move |args| {
                let bytes = for_memory.read(args);
                Box::new(move || {
                    trim_memory();
                    let before = resident_bytes();
                    let doc = T::open(&bytes, Options::default());
                    let (mut sum, mut count) = (0, 0);
                    doc.visit(|title, complete| {
                        sum += title.len() + usize::from(complete);
                        count += 1;
                    });
                    let untrimmed = resident_bytes() - before;
                    trim_memory();
                    let value = resident_bytes() - before;
                    let expected: usize = (0..ITEMS).map(|i| todo_title(i).len() + usize::from(todo_complete(i))).sum();
                    assert!(sum == expected && count == ITEMS && doc.len() == ITEMS && !bytes.is_empty());
                    Sample::new(value).with("untrimmed_bytes", untrimmed)
                })
            }),
        },
        row("todos_size_100k", "bytes", notes.todos_size, None, Box::new(|_| {
            Box::new(|| {
                let mut doc = T::build(ITEMS);
                let size = doc.save().len();
                doc.other_sizes().iter().fold(Sample::new(size as f64), |s, (n, v)| s.with(n, *v as f64))
            })
        })),
    ]
}
