//! The inputs of the rows: editing traces, read once into flat arrays, and the two-writer history with its copies.

use flate2::read::GzDecoder;
use serde::Deserialize;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Ends the process with exit code 3, as the protocol says for an absent input.
pub fn absent(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(3)
}

/// Edit i replaces `del[i]` characters at `pos[i]` by `ins[i]`. The traces are ASCII, which loading checks, so code points,
/// UTF-16 units and bytes coincide.
#[derive(Default)]
pub struct Edits {
    pub pos: Vec<usize>,
    pub del: Vec<usize>,
    pub ins: Vec<String>,
    pub end_content: String,
}

impl Edits {
    pub fn len(&self) -> usize {
        self.pos.len()
    }

    pub fn is_empty(&self) -> bool {
        self.pos.is_empty()
    }

    fn push(&mut self, (pos, del, ins): &(usize, usize, String), shift: usize) {
        self.pos.push(pos + shift);
        self.del.push(*del);
        self.ins.push(ins.clone());
    }

    fn require_ascii(&self, name: &str) {
        assert!(
            self.end_content.is_ascii() && self.ins.iter().all(|s| s.is_ascii()),
            "trace {name} is not ASCII; this program does not convert positions"
        );
    }
}

/// Transaction i is one edit by `agent[i]` (0 or 1). Its parents are earlier transactions; `needs[i]` counts the other writer's
/// transactions among its ancestors.
#[derive(Default)]
pub struct ConcurrentEdits {
    pub edits: Edits,
    pub agent: Vec<usize>,
    pub parents: Vec<Vec<usize>>,
    pub needs: Vec<usize>,
}

#[derive(Deserialize)]
struct TraceFile {
    #[serde(rename = "endContent")]
    end_content: String,
    #[serde(rename = "numAgents", default)]
    num_agents: usize,
    txns: Vec<TraceTxn>,
}

#[derive(Deserialize)]
struct TraceTxn {
    patches: Vec<(usize, usize, String)>,
    #[serde(default)]
    agent: usize,
    #[serde(default)]
    parents: Vec<usize>,
}

fn read_trace(folder: &Option<PathBuf>, name: &str) -> TraceFile {
    let Some(folder) = folder else { absent("no trace folder given (--trace)") };
    let path: &Path = &folder.join(format!("{name}.json.gz"));
    let Ok(file) = File::open(path) else { absent(&format!("trace {} is absent", path.display())) };
    serde_json::from_reader(std::io::BufReader::new(GzDecoder::new(file))).expect("a trace is JSON")
}

pub fn load_trace(folder: &Option<PathBuf>, name: &str) -> Edits {
    let trace = read_trace(folder, name);
    let mut edits = Edits { end_content: trace.end_content, ..Edits::default() };
    for txn in &trace.txns {
        for patch in &txn.patches {
            edits.push(patch, 0);
        }
    }
    edits.require_ascii(name);
    edits
}

pub fn load_concurrent_trace(folder: &Option<PathBuf>, name: &str, copies: usize) -> ConcurrentEdits {
    let trace = read_trace(folder, name);
    assert_eq!(trace.num_agents, 2, "this row is defined for two writers");
    let (end_content, txns) = (&trace.end_content, &trace.txns);
    let mut all = ConcurrentEdits::default();
    all.edits.end_content = end_content.repeat(copies);
    let mut before = [0, 0];
    for copy in 0..copies {
        let base = copy * txns.len();
        let mut made = [0, 0];
        let mut ancestors: Vec<[usize; 2]> = Vec::with_capacity(txns.len());
        for (i, txn) in txns.iter().enumerate() {
            let agent = txn.agent;
            let mut parents = txn.parents.clone();
            let mut seen = [0, 0];
            for &parent in &parents {
                seen = [seen[0].max(ancestors[parent][0]), seen[1].max(ancestors[parent][1])];
            }
            assert!(
                seen[agent] == made[agent] && txn.patches.len() == 1, "transaction {i} does not extend its writer's history by one edit"
            );
            made[agent] += 1;
            seen[agent] = made[agent];
            ancestors.push(seen);
            for parent in &mut parents {
                *parent += base;
            }
            if parents.is_empty() && copy > 0 {
                parents.push(base - 1); // the last transaction of the copy before
            }
            all.edits.push(&txn.patches[0], copy * end_content.len());
            all.agent.push(agent);
            all.parents.push(parents);
            all.needs.push(before[1 - agent] + seen[1 - agent]);
        }
        before = [before[0] + made[0], before[1] + made[1]];
    }
    all.edits.require_ascii(name);
    all
}
