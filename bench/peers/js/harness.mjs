// The protocol of bench/README.md: arguments, warm-up, samples within a budget, one JSON object.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { AbsentInput } from './inputs.mjs';

export function parseArguments(argv) {
  const args = { runs: 7, minRuns: 1, budget: Infinity };
  for (let i = 0; i < argv.length; ++i) {
    const value = () => {
      if (i + 1 >= argv.length) throw new Error(`${argv[i]} needs a value`);
      return argv[++i];
    };
    switch (argv[i]) {
      case '--list': args.list = true; break;
      case '--prepare': args.prepare = true; break;
      case '--row': args.row = value(); break;
      case '--runs': args.runs = Number(value()); break;
      case '--min-runs': args.minRuns = Number(value()); break;
      case '--budget': args.budget = Number(value()); break;
      case '--trace': args.trace = value(); break;
      case '--work': args.work = value(); break;
      default: throw new Error(`unknown argument ${argv[i]}`);
    }
  }
  return args;
}

// Milliseconds that `work` took, and what it returned.
export function timed(work) {
  const start = performance.now();
  const result = work();
  return [performance.now() - start, result];
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

export function check(condition, message) {
  if (!condition) throw new Error(`check failed: ${message}`);
}

export const residentBytes = () => Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096;

// From here on the process's peak is that of the runs, not that of parsing their input.
function resetPeak() {
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not permitted here: the peak then includes the input.
  }
  return Math.round(residentBytes() / 1024);
}

// `once()` makes one sample and returns {value, ...figures}; figures end up in `extra`, as medians.
function collect(row, once, args) {
  const budget = args.budget * 1000;
  const results = [];
  let warmUp = 'none';
  if (row.unit !== 'bytes' || row.warm) {
    const start = performance.now();
    const first = once();
    const took = performance.now() - start;
    warmUp = took > budget / 4 ? 'kept' : 'discarded';
    if (warmUp === 'kept') results.push(first);
  }
  const start = performance.now();
  const runs = row.unit === 'bytes' ? 1 : args.runs;
  while (results.length < runs) {
    if (results.length >= args.minRuns && performance.now() - start > budget) break;
    globalThis.gc?.(); // garbage of the run before is not this run's
    results.push(once());
  }
  const extra = {};
  for (const key of Object.keys(results[0])) {
    if (key !== 'value') extra[key] = median(results.map((r) => r[key]));
  }
  return { warm_up: warmUp, samples: results.map((r) => r.value), extra };
}

export async function main(argv, load) {
  try {
    const args = parseArguments(argv);
    const { implementation, version, rows } = await load(args);
    if (args.list) {
      const list = Object.entries(rows).map(([row, r]) => ({ row, prepare: Boolean(r.prepare), fresh_process: Boolean(r.fresh) }));
      console.log(JSON.stringify({ implementation, version, rows: list }));
      return;
    }
    const row = rows[args.row];
    if (!row) throw new Error(`unknown row ${args.row}`);
    if (!args.work) throw new Error('--work DIR is missing');
    mkdirSync(args.work, { recursive: true });
    if (row.prepare) row.prepare(args);
    if (args.prepare) return;
    const once = row.start(args);
    const rss_before_kb = resetPeak();
    const { warm_up, samples, extra } = collect(row, once, args);
    console.log(JSON.stringify({
      implementation, version, row: args.row, unit: row.unit, samples, extra, warm_up,
      rss_before_kb, peak_rss_kb: process.resourceUsage().maxRSS,
      inside_the_clock: row.inside,
    }));
  } catch (error) {
    console.error(error instanceof AbsentInput ? error.message : error.stack);
    process.exitCode = error instanceof AbsentInput ? 3 : 1;
  }
}
