//! diamond-types 1.0.0, the published crate: text only. The update of a transaction is encode_from the version before it, with
//! the ENCODE_PATCH options. The operation log and the text are both kept up to date (ListCRDT).

use diamond_types::list::encoding::{EncodeOptions, ENCODE_FULL, ENCODE_PATCH};
use diamond_types::list::{ListCRDT, OpLog};
use diamond_types::AgentId;
use std::ops::Range;
use tlfs_bench_peers::harness;
use tlfs_bench_peers::inputs::{ConcurrentEdits, Edits};
use tlfs_bench_peers::rows::*;

const VERSION: &str = "1.0.0";

const WRITERS: [&str; 2] = ["writer 0", "writer 1"];

struct DiamondText {
    doc: ListCRDT,
    agent: AgentId,
}

impl Text for DiamondText {
    fn create(agent: usize, _: Options) -> Self {
        let mut doc = ListCRDT::new();
        let agent = doc.get_or_create_agent_id(WRITERS[agent]);
        DiamondText { doc, agent }
    }

    fn apply(&mut self, edits: &Edits, range: Range<usize>) -> Vec<u8> {
        let before = self.doc.oplog.local_version();
        for i in range {
            if edits.del[i] > 0 {
                self.doc.delete_without_content(self.agent, edits.pos[i]..edits.pos[i] + edits.del[i]);
            }
            if !edits.ins[i].is_empty() {
                self.doc.insert(self.agent, edits.pos[i], &edits.ins[i]);
            }
        }
        self.doc.oplog.encode_from(ENCODE_PATCH, &before)
    }

    fn receive(&mut self, updates: &[Vec<u8>]) {
        for update in updates {
            self.doc.merge_data_and_ff(update).expect("merges");
        }
    }

    fn read(&self) -> String {
        self.doc.branch.content().to_string()
    }

    fn sizes(edits: &Edits) -> Sizes {
        let log = replay::<DiamondText>(edits, 1, Options { emit: true, keep_all: false }).1.doc.oplog;
        let full = log.encode(ENCODE_FULL).len();
        let plain = log.encode(EncodeOptions { compress_content: false, ..ENCODE_FULL }).len();
        Sizes { full: vec![full, plain], named: vec![("compressed_bytes", full), ("uncompressed_bytes", plain)] }
    }

    fn save(&mut self) -> Vec<u8> {
        self.doc.oplog.encode(ENCODE_FULL)
    }

    fn open(bytes: &[u8]) -> Self {
        DiamondText { doc: ListCRDT::load_from(bytes).expect("loads"), agent: 0 }
    }

    fn save_history(&mut self) -> Vec<u8> {
        self.doc.oplog.encode(ENCODE_FULL)
    }

    fn open_history(bytes: &[u8]) -> Self {
        Self::open(bytes)
    }

    /// The log takes operations at any version, so one log serves both writers.
    fn build_concurrent(all: &ConcurrentEdits) -> Vec<u8> {
        let mut log = OpLog::new();
        let agents = WRITERS.map(|name| log.get_or_create_agent_id(name));
        let mut made = Vec::with_capacity(all.edits.len());
        for i in 0..all.edits.len() {
            let (agent, pos) = (agents[all.agent[i]], all.edits.pos[i]);
            let mut parents: Vec<usize> = all.parents[i].iter().map(|&p| made[p]).collect();
            parents.sort_unstable();
            let mut last = usize::MAX;
            if all.edits.del[i] > 0 {
                last = log.add_delete_at(agent, &parents, pos..pos + all.edits.del[i]);
                parents = vec![last];
            }
            if !all.edits.ins[i].is_empty() {
                last = log.add_insert_at(agent, &parents, pos, &all.edits.ins[i]);
            }
            made.push(last);
        }
        assert!(log.checkout_tip().content().to_string() == all.edits.end_content, "the merged text differs from endContent");
        log.encode(ENCODE_FULL)
    }
}

fn main() {
    let notes = Notes {
        history: "the operation log, ENCODE_FULL",
        size: "the operation log, ENCODE_FULL, with or without LZ4 on the inserted text, whichever is smaller",
        open: "load_from: the operation log decoded and replayed to the text, and the text as a string; the format stores no final text",
        sync: "",
        todos: "",
        json: "",
        open_todos: "",
        todos_size: "",
    };
    harness::main("diamond-types", VERSION, text_rows::<DiamondText>("diamond-types", VERSION, &notes, ""));
}
