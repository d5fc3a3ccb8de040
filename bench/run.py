#!/usr/bin/env python3
"""Runs the benchmark rows, TLFS alone or beside its peers, and writes results.json and results.md.

Every (implementation, row) gets a process of its own that speaks the protocol of bench/README.md. Around each process the
calibration loop is timed. A peer that is not built, a timeout and a crash are results too: the row says "not run" and why.

Exit code: 0; 1 when TLFS itself is missing or one of its rows failed; 2 when the runner cannot work. A bar that is not met
is a figure, not a failure.
"""

import argparse
import datetime
import json
import math
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report
from rows import REFERENCE_LOOP_MS, ROWS

ROOT = Path(__file__).resolve().parent.parent
OWN = "tlfs"
OWN_WEB = "tlfs (web)"  # the same system, measured by another command; its rows are shown with the others
POLL_SECONDS = 0.01
LIST_TIMEOUT_SECONDS = 60
CALIBRATION_TIMEOUT_SECONDS = 60
ABSENT_INPUT = 3  # exit code of an implementation
# The self-reported peak may fall short of the kernel's by this much: what the process inherited from this one when it began.
PEAK_TOLERANCE_KB = 24 * 1024
# A calibration this far above the reference means that something else was running: the row is tried again, and marked if it stays so.
NOISY = 1.5
RETRY_BELOW_SECONDS = 15


def implementations(options):
    """Name -> (command, why it cannot run or None), TLFS first."""
    node = shutil.which("node")
    found = {
        OWN: ([str(options.tlfs)], None if options.tlfs.exists() else f"{options.tlfs.name} is not built"),
        OWN_WEB: ([node or "node", str(ROOT / "bench/web/web.mjs")], missing_for_web(node)),
    }
    if not options.peers:
        return found
    js = ROOT / "bench/peers/js"
    # The native ones first: they make the long histories that the others open too (bench/README.md).
    for name, library, package in (
        ("diamond-types", None, None), ("loro", None, None), ("automerge", None, None), ("yjs", "yjs", "yjs"), ("yrs", None, None),
        ("loro-js", "loro", "loro-crdt"), ("automerge-js", "automerge", "@automerge/automerge"),
    ):
        missing = None
        if library is None:
            binary = ROOT / "build/bench/rust/release" / f"peer_{name.replace('-', '_')}"
            command = [str(binary)]
            if not binary.exists():
                missing = "not built; bench/peers/setup.sh does it"
        else:
            command = [node or "node", "--expose-gc", str(js / "main.mjs"), library]
            if node is None:
                missing = "node is not installed"
            elif not (js / "node_modules" / package).exists():
                missing = "not installed; bench/peers/setup.sh does it"
        found[name] = (command, missing)
    return found


def missing_for_web(node):
    if node is None:
        return "node is not installed"
    if not Path(os.environ.get("TLFS_CHROMIUM", "/usr/bin/chromium")).exists():
        return "Chromium is not installed"
    built = ("examples/react_todo/dist", "bridges/typescript/client/dist", "bridges/typescript/node_modules", "tests/browser/node_modules")
    return None if all((ROOT / folder).exists() for folder in built) else "not built; ./dev web does it"


class Finished:
    """A process that ended: exit code (negative: signal; None: killed at its time limit), output, the kernel's peak memory."""

    def __init__(self, code, out, err, peak_kb):
        self.code, self.out, self.err, self.peak_kb = code, out, err, peak_kb

    def reason(self, limit):
        if self.code is None:
            return f"took longer than {limit:g} s"
        last = self.err.strip().splitlines()
        last = last[-1][:200] if last else "no message"
        if self.code < 0:
            return f"killed by {signal.Signals(-self.code).name}: {last}"
        # The line that says what went wrong is rarely the last of a stack trace.
        for line in self.err.splitlines():
            if any(mark in line for mark in ("Error:", "panicked", "failed", "differs")):
                last = line.strip()[:200]
                break
        return last if self.code == ABSENT_INPUT else f"exit code {self.code}: {last}"


def run_process(command, limit):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + limit
        timed_out = False
        try:
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                if not timed_out and time.monotonic() > deadline:
                    timed_out = True
                    os.killpg(process.pid, signal.SIGKILL)
                time.sleep(POLL_SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        process.returncode = os.waitstatus_to_exitcode(status)  # reaped here, not by Popen
        out.seek(0)
        err.seek(0)
        text, message = (stream.read().decode("utf-8", "replace") for stream in (out, err))
        return Finished(None if timed_out else process.returncode, text, message, usage.ru_maxrss)


def figures(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}


class Calibration:
    """Times the fixed loop and a raw fdatasync; keeps all times of this run."""

    def __init__(self, binary, folder):
        self.command = [str(binary), str(folder)]
        self.loops, self.syncs = [], []

    def measure(self):
        """The median time of the loop, now."""
        done = run_process(self.command, CALIBRATION_TIMEOUT_SECONDS)
        if done.code != 0:
            sys.exit(f"bench: the calibration failed: {done.reason(CALIBRATION_TIMEOUT_SECONDS)}")
        times = json.loads(done.out)
        self.loops += times["loop_ms"]
        self.syncs += times["fdatasync_ms"]
        return statistics.median(times["loop_ms"])

    def summary(self):
        return {"loop_ms": figures(self.loops) if self.loops else None, "fdatasync_ms": figures(self.syncs) if self.syncs else None}


class Failure(Exception):
    pass


def parse_result(done, row, limit):
    """The JSON object of a row, or a Failure that says what is wrong with it."""
    if done.code != 0:
        raise Failure(done.reason(limit))
    try:
        result = json.loads(done.out)
    except ValueError:
        raise Failure("its output is not one JSON object") from None
    missing = [key for key in ("implementation", "version", "row", "unit", "samples", "extra", "peak_rss_kb", "inside_the_clock") if key not in result]
    if missing:
        raise Failure(f"its output lacks {', '.join(missing)}")
    if result["row"] != row.name or result["unit"] != row.unit:
        raise Failure(f"it answered {result['row']} in {result['unit']}, not {row.name} in {row.unit}")
    samples = result["samples"]
    if not samples or not all(isinstance(s, (int, float)) and math.isfinite(s) and s >= 0 for s in samples):
        raise Failure("its samples are not numbers")
    return result


def attempt(base, timing, processes, row, options, calibration):
    """Runs the row once, with all its samples, between two calibrations."""
    parts, peaks = [], []
    start = time.monotonic()
    before = calibration.measure()
    for _ in range(processes):
        done = run_process(base + timing, options.timeout)
        parts.append(parse_result(done, row, options.timeout))
        peaks.append(done.peak_kb)
    after = calibration.measure()
    return {"parts": parts, "peaks": peaks, "loops": (before, after), "seconds": time.monotonic() - start}


def unrest(tried):
    """How far this attempt's calibrations were from a machine at rest: 1 is at rest. Results play no part in it."""
    return max(tried["loops"]) / REFERENCE_LOOP_MS


def measure(command, row, offered, options, calibration):
    """One (implementation, row) as an entry of results.json."""
    base = command + ["--row", row.name, "--work", str(options.work)]
    if options.trace.is_dir():
        base += ["--trace", str(options.trace)]
    elif row.needs_traces:
        return {"status": "not run", "reason": f"no traces in {os.path.relpath(options.trace, ROOT)}"}
    if offered.get("prepare"):
        done = run_process(base + ["--prepare"], options.prepare_timeout)
        if done.code != 0:
            return {"status": "not run", "reason": f"preparing: {done.reason(options.prepare_timeout)}"}
    fresh = bool(offered.get("fresh_process"))
    processes = options.runs if fresh else 1
    timing = ["--runs", str(1 if fresh else options.runs)]
    if command not in options.own_commands:  # ours is always measured in full
        timing += ["--budget", str(options.budget), "--min-runs", str(options.min_runs)]
    try:
        best = attempt(base, timing, processes, row, options, calibration)
        tries = 1
        while row.scaled and unrest(best) > NOISY and tries < options.tries and best["seconds"] < RETRY_BELOW_SECONDS:
            again = attempt(base, timing, processes, row, options, calibration)
            best = min(best, again, key=unrest)
            tries += 1
    except Failure as failure:
        return {"status": "failed", "reason": str(failure)}
    parts, peaks = best["parts"], best["peaks"]
    loop = sum(best["loops"]) / 2
    samples = [sample for part in parts for sample in part["samples"]]
    scale = REFERENCE_LOOP_MS / loop if row.scaled else 1.0
    reported = max(part["peak_rss_kb"] for part in parts)
    entry = {
        "status": "ok",
        "version": parts[0]["version"],
        "samples": samples,
        "calibration_loop_ms": list(best["loops"]),
        "scale": scale,
        "noisy": row.scaled and unrest(best) > NOISY,
        "tries": tries,
        "raw": figures(samples),
        "figures": figures([sample * scale for sample in samples]),
        "extra": {key: statistics.median(part["extra"][key] for part in parts) for key in parts[0]["extra"]},
        "warm_up": parts[0].get("warm_up"),
        "peak_rss_kb": reported,
        "rss_before_kb": min(part.get("rss_before_kb", 0) for part in parts),
        "peak_rss_kernel_kb": max(peaks),
        "inside_the_clock": parts[0]["inside_the_clock"],
    }
    if abs(max(peaks) - reported) > PEAK_TOLERANCE_KB + 0.1 * reported:
        entry["peak_note"] = "the reported peak and the kernel's differ"
    return entry


def machine():
    cpu = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {"cpu": cpu, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}"}


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def parse_options(argv):
    parser = argparse.ArgumentParser(description="Measures TLFS and its peers; see bench/README.md.", epilog="Rows: " + ", ".join(row.name for row in ROWS))
    parser.add_argument("--peers", action="store_true", help="measure the peers too")
    parser.add_argument("--rows", help="only these rows, separated by commas")
    parser.add_argument("--only", help="only these implementations, separated by commas")
    parser.add_argument("--runs", type=int, help="samples per row (default 7; with --quick 3)")
    parser.add_argument("--min-runs", type=int, default=1, help="fewest samples of a slow peer's row (default 1)")
    parser.add_argument("--budget", type=float, help="seconds of samples per peer's row (default 20; with --quick 5)")
    parser.add_argument("--quick", action="store_true", help="fewer samples, for a first look; not for figures to publish")
    parser.add_argument("--tries", type=int, default=3, help="attempts at a short row while the machine is busy (default 3)")
    parser.add_argument("--timeout", type=float, default=200, help="seconds per process (default 200)")
    parser.add_argument("--prepare-timeout", type=float, default=600, help="seconds to prepare a row's saved bytes, done once (default 600)")
    parser.add_argument("--preset", default="release", help="build preset of TLFS (default release)")
    parser.add_argument("--trace", type=Path, default=ROOT.parent / "shared/traces", help="folder of the traces")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench", help="folder of the results")
    options = parser.parse_args(argv)
    quick = options.quick
    options.runs = options.runs or (3 if quick else 7)
    options.min_runs = min(options.runs, options.min_runs)
    options.budget = options.budget or (5 if quick else 20)
    options.out = options.out.resolve()
    options.work = options.out / "work"
    options.bin = ROOT / "build" / options.preset / "bin"
    options.tlfs = options.bin / "tlfs_bench"
    for given, known in (("rows", [row.name for row in ROWS]), ("only", None)):
        names = getattr(options, given).split(",") if getattr(options, given) else None
        if names and known and (unknown := [name for name in names if name not in known]):
            parser.error(f"unknown {given}: {', '.join(unknown)}; known: {', '.join(known)}")
        setattr(options, given, names)
    return options


def list_rows(command):
    done = run_process(command + ["--list"], LIST_TIMEOUT_SECONDS)
    if done.code != 0:
        raise Failure(f"--list: {done.reason(LIST_TIMEOUT_SECONDS)}")
    try:
        answer = json.loads(done.out)
        return answer["implementation"], answer["version"], {row["row"]: row for row in answer["rows"]}
    except (ValueError, KeyError, TypeError):
        raise Failure("--list printed something else than the protocol says") from None


def write(results, folder):
    """Both files, whole or not at all."""
    for name, text in (("results.json", json.dumps(results, indent=1) + "\n"), ("results.md", report.markdown(results))):
        part = folder / (name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(folder / name)


def main(argv):
    options = parse_options(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    calibration_binary = options.bin / "bench_calibration"
    if not calibration_binary.exists():
        print(f"bench: {calibration_binary.name} is not built: cmake --build --preset {options.preset} --target bench_calibration", file=sys.stderr)
        return 2
    calibration = Calibration(calibration_binary, options.out)
    results = {
        "own": OWN, "when": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "commit": commit(), "machine": machine(),
        "runs": options.runs, "budget_seconds": options.budget, "reference_loop_ms": REFERENCE_LOOP_MS, "calibration": calibration.summary(),
        "versions": {}, "unavailable": {}, "rows": [],
    }
    available = {}
    options.own_commands = []
    for name, (command, missing) in implementations(options).items():
        shown = OWN if name == OWN_WEB else name
        if options.only and shown not in options.only:
            continue
        try:
            if missing:
                raise Failure(missing)
            _, version, offered = list_rows(command)
            available.setdefault(shown, {}).update({row: (command, offer) for row, offer in offered.items()})
            results["versions"].setdefault(shown, version)
            if shown == OWN:
                options.own_commands.append(command)
        except Failure as failure:
            results["unavailable"][name] = str(failure)
            print(f"bench: {name}: not run: {failure}", flush=True)
    own_failed = OWN in results["unavailable"]
    for row in ROWS:
        if options.rows and row.name not in options.rows:
            continue
        entry = {"row": row.name, "title": row.title, "unit": row.unit, "bar": row.bar, "results": {}}
        results["rows"].append(entry)
        for name, offered in available.items():
            if row.name not in offered:
                entry["results"][name] = {"status": "not offered", "reason": "not offered"}
                continue
            command, offer = offered[row.name]
            result = measure(command, row, offer, options, calibration)
            entry["results"][name] = result
            if result["status"] == "ok":
                found = result["figures"]
                print(f"{row.name:18} {name:14} {report.quantity(found['median'], row.unit):>10}  ({report.spread(found, row.unit)}, n={found['runs']})", flush=True)
            else:
                own_failed |= name == OWN and result["status"] == "failed"
                print(f"{row.name:18} {name:14} not run: {result['reason']}", flush=True)
            results["calibration"] = calibration.summary()
        write(results, options.out)  # an interrupted run leaves what it has
    print(f"bench: wrote {os.path.relpath(options.out / 'results.md')} and results.json")
    return 1 if own_failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
