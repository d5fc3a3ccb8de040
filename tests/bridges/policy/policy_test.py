"""`tlfs policy test` and `tlfs access explain`: that a scenario which does not hold fails, and says where and why.

    policy_test.py PROGRAM EXAMPLES
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

EXAMPLES = sys.argv.pop()
PROGRAM = sys.argv.pop()

SCHEMA = """notes { 0.1.0 { .: Struct .title: MVReg<String> .private: Struct @compartment .private.word: MVReg<String>
  .rows: Table<String> .rows.{}: Struct .rows.{}.size: MVReg<u64> } }"""
PEOPLE = ["alice", "bob", "carol"]
BEGIN = [
    {"as": "alice", "create": "doc"},
    {"as": "alice", "doc": "doc", "set": ".title", "value": "hello"},
    {"as": "alice", "doc": "doc", "grant": "read", "at": ".", "to": "bob"},
    {"deliver": "everyone"},
]


def tlfs(*arguments):
    run = subprocess.run([PROGRAM, *arguments], capture_output=True, check=False, timeout=60)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


class Scenarios(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, content, name="it.json"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def scenario(self, *steps, begin=BEGIN, **members):
        return self.file({"schema": SCHEMA, "name": "notes", "people": PEOPLE, "steps": [*begin, *steps], **members})

    def holds(self, *steps, begin=BEGIN):
        path = self.scenario(*steps, begin=begin)
        self.assertEqual(tlfs("policy", "test", "--orders", "2", path), (0, f"ok      {path}\n", ""))

    def fails(self, step, *words, before=()):
        """The last step fails; the answer shows it, and has the words."""
        path = self.scenario(*before, step)
        code, out, err = tlfs("policy", "test", "--orders", "3", "--seed", "9", path)
        self.assertEqual((code, err), (1, ""), out)
        number = len(BEGIN) + len(before) + 1
        self.assertIn(f"FAILED  {path}\n    step {number} {json.dumps(step, separators=(',', ':'))}\n", out)
        self.assertIn("--orders 1 --seed 9\n", out)
        self.assertIn("1 of 1 scenarios failed\n", out)
        for word in words:
            self.assertIn(word, out)

    def is_bad(self, content, *words):
        path = self.file(content)
        code, out, err = tlfs("policy", "test", path)
        self.assertEqual((code, out), (2, ""), err)
        self.assertTrue(err.startswith(path + ": "), err)
        for word in words:
            self.assertIn(word, err)

    def bad_step(self, step, *words):
        path = self.scenario(step, begin=BEGIN[:1])
        code, out, err = tlfs("policy", "test", path)
        self.assertEqual((code, out), (2, ""), err)
        self.assertIn(f"{path}: step 2 {json.dumps(step, separators=(',', ':'))}: ", err)
        for word in words:
            self.assertIn(word, err)


class WhatFails(Scenarios):
    def test_a_value(self):
        self.holds({"expect": {"as": "bob", "doc": "doc", "at": ".title", "value": "hello"}})
        self.fails({"expect": {"as": "bob", "doc": "doc", "at": ".title", "value": "bye"}},
                   'bob sees "hello"; expected "bye"', "bob may read at .title: the genesis")
        self.fails({"expect": {"as": "bob", "doc": "doc", "at": ".title", "value": None}}, 'bob sees "hello"; expected null')
        self.fails({"expect": {"as": "carol", "doc": "doc", "at": ".title", "value": "hello"}},
                   'carol sees nothing, having no replica; expected "hello"', "carol has no replica of doc")

    def test_a_right(self):
        self.holds({"expect": {"as": "bob", "doc": "doc", "can": "bob", "level": "read", "at": ".", "is": True}},
                   {"expect": {"as": "alice", "doc": "doc", "can": "anyone", "level": "sync", "at": ".", "is": False}})
        self.fails({"expect": {"as": "alice", "doc": "doc", "can": "bob", "level": "write", "at": ".title", "is": True}},
                   "expected yes, and the answer is no", "alice's grant of read to bob", "gives only read")
        self.fails({"expect": {"as": "alice", "doc": "doc", "can": "bob", "level": "read", "at": ".title", "is": False}},
                   "expected no, and the answer is yes", "bob may read at .title", "then alice's grant of read to bob")
        self.fails({"expect": {"as": "alice", "doc": "doc", "can": "carol", "level": "sync", "at": ".", "is": True}},
                   "carol may not sync", "nobody ever granted it")

    def test_a_number_of_withheld_changes(self):
        late = [
            {"as": "alice", "doc": "doc", "grant": "write", "at": ".", "to": "bob"}, {"deliver": "everyone"},
            {"as": "alice", "doc": "doc", "revoke": "write", "at": ".", "from": "bob"},
            {"as": "bob", "doc": "doc", "set": ".title", "value": "late"}, {"deliver": "everyone"},
        ]
        self.holds(*late, {"expect": {"as": "alice", "doc": "doc", "withheld": 1}})
        self.fails({"expect": {"as": "alice", "doc": "doc", "withheld": 0}},
                   "expected 0 withheld changes, and there are 1", "was ended by the revoke", before=late)
        self.fails({"expect": {"as": "alice", "doc": "doc", "withheld": 1}}, "expected 1 withheld changes, and there are 0")
        self.fails({"expect": {"as": "alice", "doc": "doc", "at": ".title", "value": "late"}}, "withheld: bob may not write",
                   before=late)

    def test_a_secret(self):
        self.holds({"expect": {"as": "carol", "doc": "doc", "cannot_read": ".title"}})
        self.fails({"expect": {"as": "bob", "doc": "doc", "cannot_read": ".title"}}, 'bob sees "hello"')
        self.fails({"expect": {"as": "bob", "doc": "doc", "cannot_read": ".private.word"}}, "nothing is written there")

    def test_a_refusal_that_does_not_come_and_a_step_that_is_refused(self):
        self.holds({"refuse": {"as": "bob", "doc": "doc", "set": ".title", "value": "mine"}},
                   {"refuse": {"as": "carol", "doc": "doc", "grant": "read", "at": ".", "to": "carol"}},
                   {"refuse": {"as": "bob", "doc": "doc", "revoke": "read", "at": ".", "from": "bob"}},
                   {"refuse": {"as": "alice", "doc": "doc", "admit": "all", "from": "bob"}},
                   {"refuse": {"as": "alice", "doc": "doc", "set": ".rows[\"x\"].size", "value": "many"}})
        self.fails({"refuse": {"as": "alice", "doc": "doc", "set": ".title", "value": "mine"}}, "alice's node did it")
        self.fails({"as": "bob", "doc": "doc", "set": ".title", "value": "mine"}, "bob's node refused it",
                   "cannot write .title: bob may not write at .title")
        self.fails({"as": "alice", "doc": "doc", "grant": "read", "at": ".title", "to": "carol"}, "the nearest boundary is .")

    def test_failures_are_counted_and_other_files_go_on(self):
        good = self.file({"schema": SCHEMA, "people": PEOPLE, "steps": BEGIN, "title": "It holds."}, "good.json")
        bad = self.scenario({"expect": {"as": "bob", "doc": "doc", "withheld": 3}})
        broken = self.file("{", "broken.json")
        code, out, _ = tlfs("policy", "test", "--orders", "1", bad, good)
        self.assertEqual(code, 1)
        self.assertIn(f"ok      {good}: It holds.\n1 of 2 scenarios failed\n", out)
        code, out, err = tlfs("policy", "test", "--orders", "1", bad, broken, good)
        self.assertEqual(code, 2)
        self.assertIn("ok      ", out)
        self.assertIn(broken, err)

    def test_nothing_is_drawn_where_there_is_no_terminal(self):
        path = self.scenario()
        self.assertNotIn("\x1b", "".join(tlfs("policy", "test", path)[1:]))


class WhatIsNoScenario(Scenarios):
    def test_files(self):
        code, _, err = tlfs("policy", "test", os.path.join(self.folder, "none.json"))
        self.assertEqual(code, 2)
        self.assertIn("none.json", err)
        self.is_bad("{", "line 1")
        self.is_bad([], "a scenario is an object")
        self.is_bad({"schema": "notes {", "name": "notes", "people": PEOPLE, "steps": []}, '"schema":1')
        self.is_bad({"schema": SCHEMA, "name": "other", "people": PEOPLE, "steps": []}, 'no schema called "other"', "notes")
        self.is_bad({"schema": SCHEMA, "name": "notes", "people": [], "steps": []}, '"people"')
        self.is_bad({"schema": SCHEMA, "name": "notes", "people": ["anyone"], "steps": []}, "anyone")
        self.is_bad({"schema": SCHEMA, "name": "notes", "people": ["a", "a"], "steps": []}, "two people")
        self.is_bad({"schema": SCHEMA, "name": "notes", "people": ["a/b"], "steps": []}, "stand before it")
        self.is_bad({"schema": SCHEMA, "name": "notes", "people": [f"p{i}" for i in range(33)], "steps": []}, "at most 32")
        self.is_bad({"schema": SCHEMA, "name": "notes", "people": PEOPLE}, '"steps" should be a list')
        self.is_bad({"schema": SCHEMA, "name": "notes", "people": PEOPLE, "steps": [{"deliver": "everyone"}] * 10001}, "10000")

    def test_steps(self):
        self.bad_step({}, "a step begins with")
        self.bad_step([], "a step is an object")
        self.bad_step({"as": "mallory", "create": "x"}, '"mallory" is nobody here; the people are alice, bob, carol')
        self.bad_step({"as": "alice", "create": "doc"}, "already")
        self.bad_step({"as": "alice", "create": "bob"}, "already")
        self.bad_step({"as": "alice"}, "does not say what alice does")
        self.bad_step({"as": "alice", "doc": "doc", "set": ".title", "remove": ".title"}, "one thing")
        self.bad_step({"as": "alice", "doc": "doc", "set": ".title"}, '"value" is missing')
        self.bad_step({"as": "alice", "doc": "doc", "set": ".title", "vaule": 1}, 'nothing is known of a member "vaule"')
        self.bad_step({"as": "alice", "doc": "other", "set": ".title", "value": 1}, 'no earlier step creates a document "other"')
        self.bad_step({"as": "alice", "doc": "doc", "set": ".nowhere", "value": 1}, '"set": ', "nowhere")
        self.bad_step({"as": "alice", "doc": "doc", "set": "title", "value": 1}, '"set": ')
        self.bad_step({"as": "alice", "doc": "doc", "set": ".rows[1].size", "value": 1}, '"set": ')
        self.bad_step({"as": "alice", "doc": "doc", "grant": "admin", "at": ".", "to": "bob"}, "sync, read, write, control or own")
        self.bad_step({"as": "alice", "doc": "doc", "grant": "none", "at": ".", "to": "bob"}, "sync, read, write, control or own")
        self.bad_step({"as": "alice", "doc": "doc", "grant": "read", "at": ".", "to": "mallory"}, '"mallory" is nobody')
        self.bad_step({"as": "alice", "doc": "doc", "grant": "read", "at": ".", "to": {"members": "x", "level": "read"}}, '"x"')
        self.bad_step({"as": "alice", "doc": "doc", "grant": "read", "at": ".", "to": {"members": "doc"}}, '"level"')
        self.bad_step({"as": "alice", "doc": "doc", "revoke": "read", "keep": "write", "at": ".", "from": "bob"}, "lower")
        self.bad_step({"as": "alice", "doc": "doc", "admit": "some", "from": "bob"}, "all")
        self.bad_step({"as": "alice", "doc": "doc", "use": "9.0.0"}, "9.0.0")
        self.bad_step({"sync": "alice"}, "a list of people")
        self.bad_step({"sync": ["alice", "mallory"]}, '"mallory" is nobody')
        self.bad_step({"deliver": "alice"}, "everyone")
        self.bad_step({"refuse": {"sync": ["alice"]}}, "a step of a person")
        self.bad_step({"refuse": {"refuse": {"as": "alice", "create": "x"}}}, "a step of a person")
        self.bad_step({"expect": {"as": "alice", "doc": "doc", "at": "."}}, "exactly one of")
        self.bad_step({"expect": {"as": "alice", "doc": "doc", "withheld": 1, "value": 1}}, "exactly one of")
        self.bad_step({"expect": {"as": "alice", "doc": "doc", "withheld": -1}}, "a number of changes")
        self.bad_step({"expect": {"as": "alice", "doc": "doc", "can": "bob", "level": "read", "at": ".", "is": 1}}, "true or false")

    def test_command_lines(self):
        for arguments in (("policy",), ("policy", "test"), ("access", "explain"), ("policy", "test", "--orders", "0", "x")):
            self.assertEqual(tlfs(*arguments)[:2], (2, ""), arguments)


class Explain(Scenarios):
    def ask(self, path, *arguments):
        return tlfs("access", "explain", path, "--doc", "doc", *arguments)

    def test_yes_and_no_with_the_chain(self):
        path = self.scenario({"as": "alice", "doc": "doc", "revoke": "read", "at": ".", "from": "bob"})
        code, out, err = self.ask(path, "--who", "bob", "--level", "read", "--at", ".title", "--after", "4")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^yes: bob may read at \.title: .*\n"
                              r"  [0-9a-f]{8}  genesis of own to alice, by the document's own key\n"
                              r"  [0-9a-f]{8}  grant of read to bob, by alice\n$")
        code, out, err = self.ask(path, "--who", "bob", "--level", "read", "--at", ".title")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^no: bob may not read at \.title: alice's grant of read to bob .* was ended by .*\n(  .*\n)*"
                              r"  ended by [0-9a-f]{8}  revoke, by alice\n$")
        # At bob's own node, which has not heard of it yet.
        self.assertTrue(self.ask(path, "--who", "bob", "--level", "read", "--as", "bob")[1].startswith("yes: "))

    def test_as_data(self):
        path = self.scenario()
        code, out, _ = self.ask(path, "--who", "bob", "--level", "write", "--json")
        self.assertEqual(code, 0)
        answer = json.loads(out)
        self.assertEqual({k: answer[k] for k in ("allowed", "who", "level", "doc", "at", "as", "has", "ended_by")},
                         {"allowed": False, "who": "bob", "level": "write", "doc": "doc", "at": ".", "as": "alice",
                          "has": "read", "ended_by": None})
        self.assertEqual([(l["kind"], l["level"], l["to"]) for l in answer["chain"]],
                         [("genesis", "own", "alice"), ("grant", "read", "bob")])
        self.assertTrue(json.loads(self.ask(path, "--who", "bob", "--level", "read", "--json")[1])["allowed"])
        self.assertFalse(json.loads(self.ask(path, "--who", "anyone", "--level", "sync", "--json")[1])["allowed"])

    def test_questions_that_cannot_be_answered(self):
        path = self.scenario()
        for arguments, word in (
                (("--who", "mallory", "--level", "read"), "mallory"),
                (("--who", "bob", "--level", "read", "--as", "mallory"), "mallory"),
                (("--who", "bob", "--level", "read", "--as", "carol"), "carol has no replica"),
                (("--who", "bob", "--level", "read", "--after", "0"), "no document"),
                (("--who", "bob", "--level", "read", "--at", ".nowhere"), "nowhere"),
                (("--who", "bob", "--level", "admin"), "admin")):
            code, out, err = self.ask(path, *arguments)
            self.assertEqual((code, out), (2, ""), arguments)
            self.assertIn(word, err)
        failing = self.scenario({"expect": {"as": "bob", "doc": "doc", "withheld": 3}})
        code, _, err = self.ask(failing, "--who", "bob", "--level", "read")
        self.assertEqual(code, 1)
        self.assertIn("it does not come that far: step 5", err)


class Examples(unittest.TestCase):
    def test_there_are_many_and_each_says_what_it_shows(self):
        with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as page:
            shown = dict(re.findall(r"^\| \[(\w+)\]\(\1\.json\) \| (.*) \|$", page.read(), re.MULTILINE))
        titles = {}
        for path in glob.glob(os.path.join(EXAMPLES, "*.json")):
            with open(path, encoding="utf-8") as file:
                titles[os.path.basename(path).removesuffix(".json")] = json.load(file)["title"]
        self.assertGreaterEqual(len(titles), 40)
        self.assertEqual(shown, titles)


if __name__ == "__main__":
    unittest.main()
