"""Tests of the runner with made-up implementations: what it does with those that hang, crash, lie or are absent.

Run: python3 bench/run_test.py
"""

import argparse
import json
import stat
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import report  # noqa: E402
import run  # noqa: E402
from rows import REFERENCE_LOOP_MS, Row  # noqa: E402

GOOD = {
    "implementation": "made-up", "version": "1", "row": "todos_open_100k", "unit": "ms", "samples": [3.0, 1.0, 2.0], "extra": {"saved_bytes": 7},
    "peak_rss_kb": 20_000, "rss_before_kb": 10_000, "inside_the_clock": "nothing",
}
ROW = Row("todos_open_100k", "ms", "a row", 20)


class FixedCalibration:
    """A machine of stated speed."""

    def __init__(self, *loops):
        self.loops, self.asked = list(loops), 0

    def measure(self):
        self.asked += 1
        return self.loops[min(self.asked, len(self.loops)) - 1]


class RunnerTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.options = argparse.Namespace(
            work=self.folder, trace=self.folder / "absent", runs=3, min_runs=1, budget=1.0, timeout=60.0, prepare_timeout=60.0, tries=3, own_commands=(),
        )

    def implementation(self, body):
        path = self.folder / "implementation"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\nGOOD = {GOOD!r}\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return [str(path)]

    def measure(self, body, row=ROW, offered=None, calibration=None):
        return run.measure(self.implementation(body), row, offered or {}, self.options, calibration or FixedCalibration(REFERENCE_LOOP_MS))

    def test_a_good_answer_becomes_median_and_spread(self):
        entry = self.measure("print(json.dumps(GOOD))")
        self.assertEqual(entry["status"], "ok")
        self.assertEqual(entry["figures"], {"median": 2.0, "min": 1.0, "max": 3.0, "runs": 3})
        self.assertGreater(entry["peak_rss_kernel_kb"], 0)

    def test_times_are_scaled_by_the_calibration_and_sizes_are_not(self):
        slow = FixedCalibration(REFERENCE_LOOP_MS * 1.25)
        self.assertAlmostEqual(self.measure("print(json.dumps(GOOD))", calibration=slow)["figures"]["median"], 1.6)
        size = Row("history_size", "bytes", "a size")
        body = "print(json.dumps(GOOD | {'row': 'history_size', 'unit': 'bytes'}))"
        self.assertEqual(self.measure(body, row=size, calibration=slow)["figures"]["median"], 2.0)

    def test_a_row_on_a_busy_machine_is_tried_again_and_the_calmest_attempt_counts(self):
        calm_later = FixedCalibration(REFERENCE_LOOP_MS * 4, REFERENCE_LOOP_MS * 4, REFERENCE_LOOP_MS)
        entry = self.measure("print(json.dumps(GOOD))", calibration=calm_later)
        self.assertEqual((entry["tries"], entry["noisy"], entry["scale"]), (2, False, 1.0))
        entry = self.measure("print(json.dumps(GOOD))", calibration=FixedCalibration(REFERENCE_LOOP_MS * 4))
        self.assertEqual((entry["tries"], entry["noisy"]), (3, True))

    def test_a_hanging_implementation_is_killed_at_its_limit_with_its_children(self):
        mark = self.folder / "child"
        body = f"import subprocess\nsubprocess.Popen(['sh', '-c', 'sleep 4; touch {mark}'])\ntime.sleep(60)"
        self.options.timeout = 0.5
        entry = self.measure(body)
        self.assertEqual((entry["status"], entry["reason"]), ("failed", "took longer than 0.5 s"))
        run.time.sleep(4.5)
        self.assertFalse(mark.exists())

    def test_a_crash_names_its_signal(self):
        self.assertIn("SIGABRT", self.measure("os.abort()")["reason"])

    def test_a_failed_check_gives_its_message(self):
        entry = self.measure("print('thread main panicked: the text differs', file=sys.stderr); sys.exit(101)")
        self.assertIn("exit code 101: thread main panicked: the text differs", entry["reason"])

    def test_an_answer_that_breaks_the_protocol_is_refused(self):
        for body in (
            "print('hello')", "print(json.dumps({'row': 'todos_open_100k'}))", "print(json.dumps(GOOD | {'unit': 'us'}))",
            "print(json.dumps(GOOD | {'row': 'other'}))", "print(json.dumps(GOOD | {'samples': []}))", "print(json.dumps(GOOD | {'samples': [float('nan')]}))",
        ):
            with self.subTest(body):
                self.assertEqual(self.measure(body)["status"], "failed")

    def test_rows_that_need_absent_traces_are_skipped_with_a_reason(self):
        entry = self.measure("print(json.dumps(GOOD))", row=Row("todos_open_100k", "ms", "a row", needs_traces=True))
        self.assertEqual(entry["status"], "not run")
        self.assertIn("no traces", entry["reason"])

    def test_a_row_that_cannot_be_prepared_is_not_run(self):
        entry = self.measure("sys.exit('no disk left' if '--prepare' in sys.argv else 0)", offered={"prepare": True})
        self.assertEqual(entry["status"], "not run")
        self.assertIn("no disk left", entry["reason"])

    def test_memory_rows_get_a_process_per_sample(self):
        body = f"open({str(self.folder / 'starts')!r}, 'a').write('x')\nassert sys.argv[sys.argv.index('--runs') + 1] == '1'\nprint(json.dumps(GOOD | {{'samples': [5.0]}}))"
        entry = self.measure(body, offered={"fresh_process": True})
        self.assertEqual(entry["samples"], [5.0, 5.0, 5.0])
        self.assertEqual((self.folder / "starts").read_text(), "xxx")

    def test_the_page_shows_bars_ratios_and_what_did_not_run(self):
        own = self.measure("print(json.dumps(GOOD | {'samples': [30.0]}))")
        peer = self.measure("print(json.dumps(GOOD | {'samples': [60.0]}))")
        results = {
            "own": "tlfs", "when": "now", "commit": None, "machine": {"cpu": "c", "cores": 2, "system": "s"}, "runs": 3,
            "calibration": {"loop_ms": None, "fdatasync_ms": None}, "versions": {"tlfs": "0", "peer": "1"}, "unavailable": {"other": "not built"},
            "rows": [{"row": ROW.name, "title": ROW.title, "unit": "ms", "bar": 20, "results": {"tlfs": own, "peer": peer}}],
        }
        page = report.markdown(json.loads(json.dumps(results)))
        self.assertIn("**no**, 1.50 × the bar", page)
        self.assertIn("60 ms (× 2)", page)
        self.assertIn("- other: not built", page)


if __name__ == "__main__":
    unittest.main()
