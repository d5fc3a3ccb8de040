//! The protocol of bench/README.md: arguments, warm-up, samples within a budget, one JSON object.

use serde_json::{json, Map, Value};
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub struct Args {
    pub list: bool,
    pub prepare: bool,
    pub row: String,
    pub runs: usize,
    pub min_runs: usize,
    pub budget: Duration,
    pub trace: Option<PathBuf>,
    pub work: Option<PathBuf>,
}

impl Args {
    pub fn parse() -> Args {
        let mut args = Args {
            list: false,
            prepare: false,
            row: String::new(),
            runs: 7,
            min_runs: 1,
            budget: Duration::MAX,
            trace: None,
            work: None,
        };
        let mut given = std::env::args().skip(1);
        while let Some(name) = given.next() {
            let mut value = || given.next().unwrap_or_else(|| panic!("{name} needs a value"));
            match name.as_str() {
                "--list" => args.list = true,
                "--prepare" => args.prepare = true,
                "--row" => args.row = value(),
                "--runs" => args.runs = value().parse().expect("--runs is a number"),
                "--min-runs" => args.min_runs = value().parse().expect("--min-runs is a number"),
                "--budget" => args.budget = Duration::from_secs_f64(value().parse().expect("--budget is in seconds")),
                "--trace" => args.trace = Some(value().into()),
                "--work" => args.work = Some(value().into()),
                _ => panic!("unknown argument {name}"),
            }
        }
        args
    }
}

/// One run: its figure, and further figures that end up in `extra` as medians.
pub struct Sample {
    pub value: f64,
    pub extra: Vec<(&'static str, f64)>,
}

impl Sample {
    pub fn new(value: f64) -> Sample {
        Sample { value, extra: Vec::new() }
    }

    pub fn with(mut self, name: &'static str, figure: f64) -> Sample {
        self.extra.push((name, figure));
        self
    }
}

pub type Once = Box<dyn FnMut() -> Sample>;

pub struct Row {
    pub name: &'static str,
    pub unit: &'static str,
    pub inside: String,
    pub fresh_process: bool,
    pub prepare: Option<Box<dyn Fn(&Args)>>,
    pub start: Box<dyn Fn(&Args) -> Once>,
}

/// Milliseconds that `work` took, and what it returned.
pub fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64() * 1e3, result)
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

extern "C" {
    fn malloc_trim(pad: usize) -> i32;
}

/// Hands free pages back to the system, as far as the allocator can.
pub fn trim_memory() {
    // SAFETY: glibc's malloc_trim takes no pointers and may be called at any time.
    unsafe { malloc_trim(0) };
}

pub fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("/proc/self/statm");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).expect("resident pages") * 4096.0
}

fn peak_rss_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("a number of kB")
}

/// From here on the process's peak is that of the runs, not that of parsing their input. Where that is not permitted, it includes the input.
fn reset_peak() -> u64 {
    trim_memory();
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    (resident_bytes() / 1024.0) as u64
}

fn collect(row: &Row, mut once: Once, args: &Args) -> (Vec<Sample>, &'static str) {
    let mut samples = Vec::new();
    let mut warm_up = "none";
    if row.unit != "bytes" {
        let start = Instant::now();
        let first = once();
        warm_up = if start.elapsed() > args.budget / 4 { "kept" } else { "discarded" };
        if warm_up == "kept" {
            samples.push(first);
        }
    }
    let runs = if row.unit == "bytes" { 1 } else { args.runs };
    let start = Instant::now();
    while samples.len() < runs {
        if samples.len() >= args.min_runs && start.elapsed() > args.budget {
            break;
        }
        samples.push(once());
    }
    (samples, warm_up)
}

/// Runs what the arguments ask for. A failed check panics, so that no JSON appears and the exit code is not zero.
pub fn main(implementation: &str, version: &str, rows: Vec<Row>) {
    let args = Args::parse();
    if args.list {
        let list: Vec<Value> = rows
            .iter()
            .map(|r| json!({"row": r.name, "prepare": r.prepare.is_some(), "fresh_process": r.fresh_process}))
            .collect();
        println!("{}", json!({"implementation": implementation, "version": version, "rows": list}));
        return;
    }
    let row = rows.iter().find(|r| r.name == args.row).unwrap_or_else(|| panic!("unknown row {}", args.row));
    std::fs::create_dir_all(args.work.as_ref().expect("--work DIR is missing")).expect("the work folder");
    if let Some(prepare) = &row.prepare {
        prepare(&args);
    }
    if args.prepare {
        return;
    }
    let once = (row.start)(&args);
    let rss_before_kb = reset_peak();
    let (samples, warm_up) = collect(row, once, &args);
    let mut extra = Map::new();
    for (i, (name, _)) in samples[0].extra.iter().enumerate() {
        let mut figures: Vec<f64> = samples.iter().map(|s| s.extra[i].1).collect();
        extra.insert((*name).to_owned(), json!(median(&mut figures)));
    }
    let values: Vec<f64> = samples.iter().map(|s| s.value).collect();
    println!(
        "{}",
        json!({
            "implementation": implementation, "version": version, "row": row.name, "unit": row.unit, "samples": values,
            "extra": extra, "warm_up": warm_up, "rss_before_kb": rss_before_kb, "peak_rss_kb": peak_rss_kb(), "inside_the_clock": row.inside,
        })
    );
}
