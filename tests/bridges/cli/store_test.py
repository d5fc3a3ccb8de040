"""`tlfs store` as a shell meets it.

    store_test.py PROGRAM WRITER
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, WRITER = (os.path.abspath(path) for path in (sys.argv.pop(1), sys.argv.pop(1)))
BATCHES = 40


class Store(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = folder.name
        self.store = os.path.join(self.data, "store")

    def fill(self, batches=BATCHES):
        subprocess.run([WRITER, self.store, str(batches)], check=True, stdout=subprocess.DEVNULL, timeout=60)

    def tlfs(self, verb, *arguments):
        run = subprocess.run([PROGRAM, "store", verb, "--data", self.data, *arguments], capture_output=True, check=False, timeout=60)
        return run.returncode, run.stdout.decode(), run.stderr.decode()

    def as_data(self, verb, code=0):
        got, out, err = self.tlfs(verb, "--json")
        self.assertEqual((got, err), (code, ""))
        return json.loads(out)

    def only(self, extension):
        names = [name for name in os.listdir(self.store) if name.endswith(extension) and os.path.getsize(os.path.join(self.store, name))]
        self.assertEqual(len(names), 1, names)
        return os.path.join(self.store, names[0])

    def damage_log(self):
        path = self.only(".log")
        with open(path, "r+b") as file:
            content = file.read()
            at = len(content) // 2
            file.seek(at)
            file.write(bytes(b ^ 0xFF for b in content[at:at + 4000]))
        with open(path, "rb") as file:
            return os.path.basename(path), file.read()

    def test_a_store_without_damage_is_said_to_be_whole(self):
        self.fill()
        code, out, err = self.tlfs("check")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"\A\d+ records, .* kB: all whole\n\Z")
        report = self.as_data("check")
        self.assertTrue(report["ok"])
        self.assertEqual(report["findings"], [])
        self.assertEqual(self.tlfs("repair"), (0, "There was nothing to repair.\n", ""))
        self.assertEqual(os.listdir(self.data), ["store"])

    def test_stat_counts_records_and_bytes_by_document(self):
        self.fill()
        stat = self.as_data("stat")
        self.assertEqual(stat["batches"], BATCHES)
        self.assertEqual(stat["records"], BATCHES + 1)
        self.assertEqual(stat["quarantined"], 0)
        self.assertEqual([d["id"][:2] for d in stat["documents"]], ["01", "02", "03", "09"])
        self.assertEqual(sum(d["kinds"].get("change", {"records": 0})["records"] for d in stat["documents"]), BATCHES)
        self.assertEqual(stat["documents"][3]["kinds"], {"note": {"records": 1, "bytes": 40}})
        self.assertEqual(sum(d["bytes"] for d in stat["documents"]), stat["bytes"])
        code, out, _ = self.tlfs("stat")
        self.assertEqual(code, 0)
        self.assertIn("09" * 32 + "  1 note (40 B)\n", out)

    def test_where_there_is_no_store_none_is_made(self):
        for verb in ("check", "repair", "stat"):
            code, out, err = self.tlfs(verb)
            self.assertEqual((code, out), (1, ""))
            self.assertIn("there is no store in this directory", err)
        self.assertFalse(os.path.exists(self.store))

    def test_a_store_in_use_is_left_alone(self):
        writer = subprocess.Popen([WRITER, self.store], stdout=subprocess.PIPE)
        try:
            writer.stdout.readline()
            for verb in ("check", "repair", "stat"):
                code, out, err = self.tlfs(verb)
                self.assertEqual((code, out), (4, ""))
                self.assertIn("another process has this data directory open", err)
                self.assertIn(self.store, err)
                code, out, err = self.tlfs(verb, "--json")
                self.assertEqual((code, out, json.loads(err)["kind"]), (4, "", "unavailable"))
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()

    def test_damage_is_named_and_repair_says_what_was_lost_and_keeps_the_original(self):
        self.fill()
        name, damaged = self.damage_log()
        report = self.as_data("check", code=1)
        self.assertFalse(report["ok"])
        self.assertEqual([f["trouble"] for f in report["findings"]], ["unreadable"])
        self.assertIn(name, report["findings"][0]["message"])
        code, out, err = self.tlfs("stat")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("tlfs store repair", err)

        repaired = self.as_data("repair")
        self.assertEqual(repaired["original"], self.store + ".damaged-1")
        with open(os.path.join(self.store + ".damaged-1", name), "rb") as file:
            self.assertEqual(file.read(), damaged)
        lost = [f for f in repaired["findings"] if f["trouble"] == "lost_records"]
        self.assertTrue(lost)
        self.assertTrue(all(f["document"] in f["message"] for f in lost))
        self.assertTrue(self.as_data("check")["ok"])
        stat = self.as_data("stat")
        self.assertGreater(stat["quarantined"], 0)
        self.assertLess(stat["records"], BATCHES + 1)
        self.assertGreater(stat["records"], BATCHES // 2)
        code, out, _ = self.tlfs("check")
        self.assertEqual(code, 0)
        self.assertIn("set aside  ", out)
        self.fill(5)

    def test_a_store_whose_head_is_gone_is_repaired_without_loss(self):
        self.fill()
        os.remove(os.path.join(self.store, "CURRENT"))
        self.assertEqual(self.tlfs("check")[0], 1)
        code, out, err = self.tlfs("repair")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("The damaged store lies in " + self.store + ".damaged-1", out)
        self.assertEqual(self.as_data("stat")["records"], BATCHES + 1)
        shutil.rmtree(self.store + ".damaged-1")

    def test_the_directory_is_told_as_to_every_other_command(self):
        self.fill()
        environment = {name: value for name, value in os.environ.items() if name not in ("TLFS_DATA", "XDG_DATA_HOME", "HOME")}

        def run(*arguments, **more):
            return subprocess.run([PROGRAM, *arguments], capture_output=True, check=False, timeout=60, env={**environment, **more}, text=True)

        for told in (run("--data", self.data, "store", "check"), run("store", "--data", self.data, "check"), run("store", "check", TLFS_DATA=self.data)):
            self.assertEqual((told.returncode, told.stderr), (0, ""))
        untold = run("store", "check")
        self.assertEqual((untold.returncode, untold.stdout), (1, ""))
        self.assertIn("name a data directory with --data", untold.stderr)


if __name__ == "__main__":
    unittest.main()
