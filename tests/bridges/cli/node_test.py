"""The commands over a node as a shell meets them: with a node that runs, and without one.

    node_test.py PROGRAM
"""

import contextlib
import functools
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
PATIENCE = 60  # seconds
SCHEMA = """
todo { 0.1.0 {
  .: Struct  .title: MVReg<String>  .count: MVReg<i64>  .text: Text
  .tasks: Array  .tasks.[]: Struct  .tasks.[].title: MVReg<String>  .tasks.[].done: EWFlag
  .people: Table<String>  .people.{}: Struct  .people.{}.name: MVReg<String>
  .private: Struct @compartment  .private.note: MVReg<String>
} }
"""
EMPTY = {"title": None, "count": None, "text": "", "tasks": [], "people": {}, "private": {"note": None}}


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("TLFS_") and k != "XDG_DATA_HOME"}


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tlfs")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.data = os.path.join(self.folder, "data")
        self.schema = os.path.join(self.folder, "todo.tlfs")
        with open(self.schema, "w", encoding="utf-8") as file:
            file.write(SCHEMA)
        self.env = environment()

    def start(self, *arguments, data=None, **more):
        process = subprocess.Popen([PROGRAM, "--data", data or self.data, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env, text=True, **more)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        for stream in (process.stdout, process.stderr):
            stream.close()

    def run_node(self):
        node = self.start("node", "run")
        line = node.stdout.readline()
        self.assertIn("listens on " + os.path.join(self.data, "node.sock"), line, "" if line else node.stderr.read())
        return node

    def tlfs(self, *arguments, given="", data=None):
        run = subprocess.run([PROGRAM, "--data", data or self.data, *arguments], capture_output=True, check=False, input=given,
                             env=self.env, text=True, timeout=PATIENCE)
        return run.returncode, run.stdout, run.stderr

    def ok(self, *arguments, given="", data=None):
        code, out, err = self.tlfs(*arguments, given=given, data=data)
        self.assertEqual(code, 0, (arguments, out, err))
        return out

    def value(self, *arguments, given="", data=None):
        return json.loads(self.ok(*arguments, given=given, data=data))

    def refused(self, code, sentence, *arguments, given=""):
        got, out, err = self.tlfs(*arguments, given=given)
        self.assertEqual((got, out), (code, ""), (arguments, err))
        self.assertIn(sentence, err)

    def create(self, name="list"):
        return self.ok("doc", "create", "--schema", self.schema, "--name", name).strip()


class Verbs:
    """Each verb; a subclass says how the node is reached."""

    def test_a_document_is_made_listed_and_named_in_every_way(self):
        first, second = self.create("groceries"), self.create("work")
        self.assertRegex(first, r"\A[0-9a-f]{64}\Z")
        listed = self.value("doc", "list", "--json")
        self.assertEqual({d["id"]: (d["name"], d["package"], d["version"]) for d in listed},
                         {first: ("groceries", "todo", "0.1.0"), second: ("work", "todo", "0.1.0")})
        self.assertTrue(all(abs(d["created_ms"] / 1000 - time.time()) < 600 for d in listed))
        self.assertIn(first + "  todo 0.1.0  groceries\n", self.ok("doc", "list"))
        self.ok("doc", "set", "work", ".title", '"w"')
        for name in ("work", second, second[:12], second[:12].upper()):
            self.assertEqual(self.value("doc", "get", name, ".title"), "w")
        self.refused(1, "no document here", "doc", "get", "nothing")
        self.create("work")
        self.refused(1, second, "doc", "get", "work")

    def test_a_compiled_package_and_a_version_are_taken_too(self):
        package = os.path.join(self.folder, "todo.package")
        subprocess.run([PROGRAM, "schema", "compile", self.schema, "-o", package], check=True, capture_output=True, timeout=PATIENCE)
        id_ = self.ok("doc", "create", "--schema", package, "--version", "0.1.0").strip()
        self.assertEqual(self.value("doc", "get", id_), EMPTY)
        self.refused(1, "0.1.0", "doc", "create", "--schema", package, "--version", "9.9.9")
        self.refused(1, "cannot be read", "doc", "create", "--schema", package + "x")
        self.assertEqual(self.value("doc", "create", "--schema", package, "--json").keys(), {"id"})

    def test_what_is_set_is_read_again_and_a_part_of_it_too(self):
        self.create()
        self.assertEqual(self.value("doc", "get", "list"), EMPTY)
        self.assertEqual(self.ok("doc", "set", "list", ".tasks", '[{"title":"milk"},{"title":"tea","done":true}]'), "")
        self.assertEqual(self.value("doc", "get", "list", ".tasks[1]"), {"title": "tea", "done": True})
        done = self.value("doc", "set", "list", ".title", '"food"', "--json")
        self.assertEqual(done["patch"], [{"op": "replace", "path": "/title", "value": "food"}])
        self.assertGreater(done["revision"], 0)
        self.ok("doc", "set", "list", ".count", "--", "-5")
        self.ok("doc", "set", "list", ".text", "-", given='"a longer text"')
        whole = self.value("doc", "get", "list")
        self.assertEqual((whole["count"], whole["text"], whole["title"]), (-5, "a longer text", "food"))
        self.assertIn('\n  "title": "food"', self.ok("doc", "get", "list", "--pretty"))
        self.refused(1, ".count", "doc", "set", "list", ".count", '"many"')
        self.refused(1, "nope", "doc", "get", "list", ".nope")
        self.refused(1, "nope", "doc", "set", "list", ".nope", "1")
        self.refused(1, "line 1", "doc", "set", "list", ".count", "{")
        self.refused(1, "standard input", "doc", "set", "list", ".count", "-", given="{")

    def test_places_are_removed(self):
        self.create()
        self.ok("doc", "set", "list", ".", '{"title":"t","tasks":[{"title":"a"},{"title":"b"}],"people":{"x":{"name":"X"}}}')
        self.ok("doc", "remove", "list", ".tasks[0]")
        self.ok("doc", "remove", "list", '.people["x"]')
        self.ok("doc", "remove", "list", ".title")
        self.assertEqual(self.value("doc", "get", "list"), {**EMPTY, "tasks": [{"title": "b", "done": False}]})
        self.refused(1, "index 1", "doc", "remove", "list", ".tasks[1]")
        self.refused(1, "no such key", "doc", "remove", "list", '.people["x"]')

    def test_a_patch_is_done_as_a_whole_or_not_at_all(self):
        self.create()
        self.ok("doc", "patch", "list", given=json.dumps([
            {"op": "add", "path": "/tasks/-", "value": {"title": "a"}},
            {"op": "add", "path": "/tasks/-", "value": {"title": "b"}},
            {"op": "move", "from": "/tasks/1", "path": "/tasks/0"},
            {"op": "add", "path": "/people/a~1b", "value": {"name": "slash"}},
            {"op": "copy", "from": "/people/a~1b/name", "path": "/title"},
            {"op": "test", "path": "/title", "value": "slash"},
            {"op": "splice", "path": "/text", "position": 0, "removed": 0, "text": "hi"}]))
        whole = self.value("doc", "get", "list")
        self.assertEqual([t["title"] for t in whole["tasks"]], ["b", "a"])
        self.assertEqual((whole["title"], whole["people"], whole["text"]), ("slash", {"a/b": {"name": "slash"}}, "hi"))
        failing = [{"op": "remove", "path": "/tasks/0"}, {"op": "test", "path": "/title", "value": "other"}]
        self.refused(1, 'operation 2 (test "/title"): the value is "slash", not "other"', "doc", "patch", "list", given=json.dumps(failing))
        self.refused(1, "operation 1 (remove \"/tasks/9\")", "doc", "patch", "list", given='[{"op":"remove","path":"/tasks/9"}]')
        self.refused(1, 'operation 1: "op" must be', "doc", "patch", "list", given='[{"op":"spam","path":""}]')
        self.refused(1, "standard input", "doc", "patch", "list", given="[")
        self.assertEqual(self.value("doc", "get", "list"), whole)

    def test_history_names_versions_that_can_be_read_again(self):
        self.create()
        for title in ("one", "two", "three"):
            self.ok("doc", "set", "list", ".title", json.dumps(title))
            if title != "three":
                self.ok("doc", "history", "list")  # a version is named once somebody asks
        history = self.value("doc", "history", "list", "--json")
        self.assertTrue(all({"hash", "device", "incarnation", "seq", "operations", "time_ms", "label", "parents"} == c.keys() for c in history))
        titles = [self.value("doc", "at", "list", c["hash"], ".title") for c in history]
        self.assertEqual(titles[:3], ["three", "two", "one"])
        self.assertEqual(self.value("doc", "at", "list", history[1]["hash"][:10])["title"], "two")
        self.assertEqual(history[0]["parents"], [history[1]["hash"]])
        self.assertEqual(len(self.value("doc", "history", "list", "--json", "--limit", "1")), 1)
        self.assertIn(history[0]["hash"][:16], self.ok("doc", "history", "list"))
        self.refused(2, "no change", "doc", "at", "list", "00000000")
        self.refused(2, "no version", "doc", "at", "list", "yesterday")

    def test_a_document_that_is_deleted_is_gone(self):
        id_ = self.create()
        self.assertEqual(self.value("doc", "delete", "list", "--json"), {"ok": True})
        self.assertEqual(self.value("doc", "list", "--json"), [])
        self.refused(1, "no document", "doc", "get", "list")
        self.assertEqual(self.tlfs("doc", "get", id_)[0], 1)

    def test_status_says_what_is_on_the_disk(self):
        id_ = self.create()
        self.ok("doc", "set", "list", ".title", '"x"')
        status = self.value("doc", "status", "list", "--json")
        self.assertEqual((status["id"], status["disk_error"], status["waiting"], status["withheld"], status["lost"]), (id_, None, 0, [], []))
        self.assertEqual(status["revision"], status["durable"])
        self.assertIn("on the disk", self.ok("doc", "status", "list"))

    def test_what_is_granted_can_be_explained_and_taken_back(self):
        self.create()
        device = "device:" + "5a" * 32
        self.assertFalse(self.value("doc", "explain", "list", "anyone", "read", "--json")["allowed"])
        self.ok("grant", "list", "anyone", "read")
        explained = self.value("doc", "explain", "list", "anyone", "read", "--json")
        self.assertEqual((explained["allowed"], explained["level"]), (True, "read"))
        self.assertNotEqual(self.ok("doc", "explain", "list", "anyone", "read").strip(), "")
        self.ok("revoke", "list", "anyone", "read")
        self.assertFalse(self.value("doc", "explain", "list", "anyone", "read", "--json")["allowed"])
        own = "device:" + self.value("id", "--json")["device"]
        self.assertTrue(self.value("doc", "explain", "list", own, "own", "--json")["allowed"])
        self.assertEqual(self.value("grant", "list", device, "write", "--json"), {"ok": True})
        user = "user:" + self.value("id", "--json")["user"]
        holders = {h["principal"]: h["level"] for h in self.value("doc", "access", "list", "--json")}
        self.assertEqual(holders, {user: "own", device: "write"})
        self.assertIn(device + "  write\n", self.ok("doc", "access", "list", ".tasks"))
        self.refused(1, "no field", "doc", "access", "list", ".nowhere")
        self.refused(3, "", "grant", "list", device, "read", ".tasks")  # no boundary of a compartment
        self.refused(2, "names nobody", "grant", "list", "bob", "read")
        self.refused(2, "no level", "grant", "list", "anyone", "admin")
        self.refused(1, "", "revoke", "list", "device:" + "77" * 32, "read")

    def test_a_friend_who_was_introduced_can_be_granted_something_later(self):
        other = os.path.join(self.folder, "friend")
        friend = self.value("id", "--json", data=other)["user"]
        introduction = self.ok("people", "introduce", data=other)
        self.create()
        self.assertEqual(self.ok("people", "list"), "")
        self.refused(1, "", "grant", "list", "user:" + friend, "write")
        self.assertEqual(self.ok("people", "add", "-", given=introduction), f"user:{friend}\n")
        self.ok("people", "add", "-", given=introduction)
        self.assertEqual(self.value("people", "list", "--json"), [friend])
        self.assertEqual([d["name"] for d in self.value("doc", "list", "--json")], ["list"])
        self.ok("grant", "list", "user:" + friend, "write")
        self.assertTrue(self.value("doc", "explain", "list", "user:" + friend, "write", "--json")["allowed"])
        # Themselves they know already.
        self.assertEqual(self.ok("people", "add", "-", given=self.ok("people", "introduce")), "")

    def test_an_introduction_that_was_tampered_with_is_refused(self):
        other = os.path.join(self.folder, "friend")
        lines = self.ok("people", "introduce", data=other).splitlines()
        self.ok("people", "introduce")
        middle = len(lines[-1]) // 2
        changed = lines[-1][:middle] + ("A" if lines[-1][middle] != "A" else "B") + lines[-1][middle + 1:]
        for text in ("", "no base64 at all!", "\n".join(lines[:-1] + [changed]), "AAAA", lines[-1]):
            with self.subTest(text=text[:40]):
                code, out, err = self.tlfs("people", "add", "-", given=text)
                self.assertEqual((code, out), (1, ""), err)
                self.assertRegex(err, "introduction|people introduce")
        self.assertEqual(self.ok("people", "list"), "")

    def test_the_identity_stays_the_same(self):
        first = self.value("id", "--json")
        self.assertRegex(first["device"] + first["user"], r"\A[0-9a-f]{128}\Z")
        self.assertEqual(self.value("id", "--json"), first)
        self.assertEqual(self.ok("id"), f"device  {first['device']}\nuser    {first['user']}\n")

    def test_the_node_shows_its_tree_and_its_numbers(self):
        self.create()
        self.ok("doc", "get", "list")
        shown = self.value("node", "tree", "--json")
        self.assertEqual(shown["device"], self.value("id", "--json")["device"])
        root = shown["tree"]
        self.assertEqual((root["path"], root["state"]), ("/node", "running"))
        self.assertEqual([child["path"] for child in root["children"]], ["/node/store", "/node/auth", "/node/documents", "/node/apps", "/node/bridges"])
        text = self.ok("node", "tree")
        self.assertIn("\n  /node/store  running  messages ", text)
        self.assertIn("dead letters ", text)
        metrics = self.ok("node", "metrics")
        self.assertIn('\ntlfs_actors{actor="/node/store",state="running"} 1\n', metrics)
        self.assertIn("\ntlfs_store_answers 1\n", metrics)

    def test_a_problem_is_an_object_when_data_is_asked_for(self):
        code, out, err = self.tlfs("doc", "get", "nothing", "--json")
        self.assertEqual((code, out), (1, ""))
        problem = json.loads(err)
        self.assertEqual((problem["kind"], problem["module"]), ("input", "control"))
        self.assertIn("no document here", problem["error"])

    def test_a_wrong_command_line_is_said_to_be_wrong(self):
        for arguments in (("doc",), ("doc", "get"), ("doc", "set", "list", "."), ("doc", "list", "extra"), ("watch",), ("grant", "list"),
                          ("node", "walk"), ("doc", "history", "list", "--limit", "0"), ("completion", "tcsh")):
            self.assertEqual(self.tlfs(*arguments)[0], 2, arguments)

    def test_two_commands_at_once_both_succeed(self):
        self.create()
        commands = [self.start("doc", "set", "list", f'.people["{i}"]', '{"name":"x"}') for i in range(6)]
        for command in commands:
            out, err = command.communicate(timeout=PATIENCE)
            self.assertEqual((command.returncode, out), (0, ""), err)
        self.assertEqual(len(self.value("doc", "get", "list", ".people")), 6)


class WithoutNode(Verbs, Case):
    def setUp(self):
        super().setUp()
        self.ok("id")


class WithNode(Verbs, Case):
    def setUp(self):
        super().setUp()
        self.node = self.run_node()

    def tearDown(self):
        self.assertIsNone(self.node.poll(), "the node has ended")


class Watching(Case):
    def setUp(self):
        super().setUp()
        self.id = self.create()

    def lines(self, process, count):
        """The next lines, each of which must come in time."""
        out = []
        reader = threading.Thread(target=lambda: out.extend(process.stdout.readline() for _ in range(count)), daemon=True)
        reader.start()
        reader.join(PATIENCE)
        self.assertEqual(len(out), count, out)
        return out

    def watch_edits(self, watcher):
        self.assertEqual(json.loads(self.lines(watcher, 1)[0]), [{"op": "replace", "path": "", "value": EMPTY}])
        self.ok("doc", "set", "list", ".title", '"seen"')
        self.assertEqual(json.loads(self.lines(watcher, 1)[0]), [{"op": "replace", "path": "/title", "value": "seen"}])
        self.ok("doc", "patch", "list", given='[{"op":"add","path":"/tasks/-","value":{"title":"a"}}]')
        self.assertEqual(json.loads(self.lines(watcher, 1)[0]), [{"op": "add", "path": "/tasks/0", "value": {"title": "a", "done": False}}])

    def test_a_watcher_sees_what_another_process_does(self):
        node = self.run_node()
        watcher = self.start("watch", "list")
        self.watch_edits(watcher)
        part = self.start("watch", "list", ".title", "--json")
        first = json.loads(self.lines(part, 1)[0])
        self.assertEqual((first["snapshot"], first["patch"][0]["value"]), (True, "seen"))
        for process in (watcher, part):
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(PATIENCE), 0)
        self.assertIsNone(node.poll())

    def test_the_tree_is_shown_again_and_again(self):
        self.run_node()
        watcher = self.start("node", "tree", "--watch", "--json")
        first, second = (json.loads(line)["tree"] for line in self.lines(watcher, 2))
        self.assertEqual(first["path"], "/node")
        self.assertGreater(second["messages"], first["messages"])
        watcher.send_signal(signal.SIGINT)
        self.assertEqual(watcher.wait(PATIENCE), 0)

    def test_a_watcher_without_a_node_is_one_for_the_others(self):
        watcher = self.start("watch", "list")
        self.watch_edits(watcher)
        watcher.send_signal(signal.SIGTERM)
        self.assertEqual(watcher.wait(PATIENCE), 0)
        self.assertEqual(self.value("doc", "get", "list", ".title"), "seen")

    def test_a_watcher_is_told_when_its_document_is_deleted_and_when_the_node_goes(self):
        node = self.run_node()
        watcher = self.start("watch", "list")
        self.lines(watcher, 1)
        self.ok("doc", "delete", "list")
        self.assertNotEqual(watcher.wait(PATIENCE), 0)
        self.assertNotEqual(watcher.stderr.read(), "")
        self.create("second")
        watcher = self.start("watch", "second")
        self.lines(watcher, 1)
        node.send_signal(signal.SIGTERM)
        self.assertEqual(node.wait(PATIENCE), 0)
        self.assertEqual(watcher.wait(PATIENCE), 4)

    def test_what_is_not_there_cannot_be_watched(self):
        self.refused(1, "no document", "watch", "nothing")
        node = self.run_node()
        self.refused(1, "no document", "watch", "nothing")
        self.assertIsNone(node.poll())

    def test_every_edit_of_many_processes_reaches_the_watcher(self):
        self.run_node()
        watcher = self.start("watch", "list", ".people")
        value = json.loads(self.lines(watcher, 1)[0])[0]["value"]
        writers = [self.start("doc", "set", "list", f'.people["{i}"]', '{"name":"x"}') for i in range(8)]
        for writer in writers:
            self.assertEqual(writer.wait(PATIENCE), 0)
        end = time.monotonic() + PATIENCE
        while len(value) < 8 and time.monotonic() < end:
            for operation in json.loads(self.lines(watcher, 1)[0]):
                if operation["op"] == "add":
                    value[operation["path"].split("/")[1]] = operation["value"]
        self.assertEqual(sorted(value), [str(i) for i in range(8)])


class Trouble(Case):
    def test_a_node_that_is_killed_keeps_what_it_acknowledged(self):
        self.create()
        for i in range(8):
            node = self.run_node()
            self.ok("doc", "set", "list", f'.people["{i}"]', '{"name":"x"}')
            node.send_signal(signal.SIGKILL)
            node.wait(PATIENCE)
            self.assertTrue(stat.S_ISSOCK(os.lstat(os.path.join(self.data, "node.sock")).st_mode))
            # The socket that it left is no node.
            self.assertEqual(len(self.value("doc", "get", "list", ".people")), i + 1)
            self.ok("doc", "set", "list", ".count", str(i))
        self.assertEqual(self.value("doc", "get", "list", ".count"), 7)

    def test_one_node_runs_in_a_directory(self):
        node = self.run_node()
        code, out, err = self.tlfs("node", "run")
        self.assertEqual((code, out), (4, ""), err)
        self.assertIsNone(node.poll())
        self.ok("id")

    def test_a_node_that_holds_the_directory_and_is_silent_is_waited_for_and_named(self):
        node = self.run_node()
        node.send_signal(signal.SIGSTOP)
        os.remove(os.path.join(self.data, "node.sock"))
        self.refused(4, "another process has this data directory", "id")
        node.send_signal(signal.SIGCONT)

    def test_a_node_ends_cleanly_and_takes_its_socket_along(self):
        for which in (signal.SIGINT, signal.SIGTERM):
            node = self.run_node()
            socket = os.path.join(self.data, "node.sock")
            self.assertEqual(stat.S_IMODE(os.stat(socket).st_mode), 0o600)
            node.send_signal(which)
            self.assertEqual(node.wait(PATIENCE), 0)
            self.assertFalse(os.path.exists(socket))
            self.assertEqual(node.stderr.read().count("recovery key"), 1 if which == signal.SIGINT else 0)

    def test_garbage_on_the_socket_does_not_harm_the_node(self):
        import socket  # noqa: PLC0415

        node = self.run_node()
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x08\0\0\0garbage!", b"\x04\0\0\0\0\0\0\0", b"\x01"):
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as raw:
                raw.connect(os.path.join(self.data, "node.sock"))
                raw.sendall(garbage)
                raw.shutdown(socket.SHUT_WR)
                raw.settimeout(PATIENCE)
                with contextlib.suppress(ConnectionResetError):
                    while raw.recv(65536):
                        pass
        self.ok("id")
        self.assertIsNone(node.poll())

    def test_a_path_too_long_for_a_socket_is_said_to_be_and_commands_work_without(self):
        data = os.path.join(self.folder, "x" * 100)
        self.ok("id", data=data)
        code, _, err = self.tlfs("node", "run", data=data)
        self.assertEqual(code, 4)
        self.assertIn("too long for a socket's name", err)

    def test_a_directory_that_cannot_be_used_is_named(self):
        with open(os.path.join(self.folder, "file"), "w", encoding="utf-8"):
            pass
        code, _, err = self.tlfs("id", data=os.path.join(self.folder, "file"))
        self.assertEqual(code, 1)
        self.assertIn("is no directory", err)
        self.env.pop("HOME", None)
        run = subprocess.run([PROGRAM, "id"], capture_output=True, check=False, env=self.env, text=True, timeout=PATIENCE)
        self.assertEqual(run.returncode, 1)
        self.assertIn("name a data directory with --data", run.stderr)

    def test_too_few_files_that_may_be_open_are_said_to_be_too_few(self):
        self.create()
        for files in range(4, 7):
            limit = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (files, files))
            run = subprocess.run([PROGRAM, "--data", self.data, "id"], capture_output=True, check=False, env=self.env, text=True, timeout=PATIENCE,
                                 preexec_fn=limit)  # noqa: PLW1509
            if run.returncode != 0:
                self.assertEqual(run.returncode, 4, run.stderr)
                self.assertRegex(run.stderr, "[Tt]oo many (open files|files open)")
        self.ok("id")

    def test_a_node_that_may_open_no_more_files_answers_and_goes_on_when_it_may(self):
        if not hasattr(resource, "prlimit"):
            self.skipTest("limits of another process cannot be set here")
        self.create()
        for _ in range(3):  # so that reading the document has to open files
            self.ok("doc", "set", "list", ".text", "-", given=json.dumps(os.urandom(2_000_000).hex()))
        self.ok("doc", "set", "list", ".title", '"saved"')
        node = self.run_node()
        # One more, for the connection, and none for the store.
        taken = {int(name) for name in os.listdir(f"/proc/{node.pid}/fd")}
        free = next(number for number in range(1000) if number not in taken)
        most = resource.prlimit(node.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (free + 1, most))
        code, _, err = self.tlfs("doc", "get", "list")
        if code != 0:  # a file that it needs may be open already
            self.assertEqual(code, 4, err)
            self.assertIn("too many files open", err)
        resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (1024, most))
        self.assertEqual(self.value("doc", "get", "list", ".title"), "saved")
        self.ok("doc", "set", "list", ".title", '"later"')
        self.assertIsNone(node.poll())

    def test_the_directory_is_where_the_environment_says(self):
        def used(**variables):
            run = subprocess.run([PROGRAM, "id", "--json"], capture_output=True, check=False, env={**self.env, **variables}, text=True, timeout=PATIENCE)
            self.assertEqual(run.returncode, 0, run.stderr)
            return json.loads(run.stdout)["device"]

        home = os.path.join(self.folder, "home")
        os.mkdir(home)
        devices = [used(HOME=home), used(HOME=home, XDG_DATA_HOME=home + "/share"), used(HOME=home, TLFS_DATA=home + "/data")]
        self.assertEqual(len(set(devices)), 3)
        for place, device in zip((".local/share/tlfs", "share/tlfs", "data"), devices):
            self.assertEqual(json.loads(self.ok("id", "--json", data=os.path.join(home, place)))["device"], device)
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(home, place)).st_mode), 0o700)

    def test_a_full_disk_is_said_to_be_full_and_costs_nothing_that_was_saved(self):
        os.mkdir(self.data)
        if os.geteuid() != 0 or shutil.which("mount") is None:
            self.skipTest("only root can mount a small disk")
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", self.data], capture_output=True, check=False, timeout=PATIENCE)
        if mount.returncode != 0:
            self.skipTest("no small disk can be mounted here: " + mount.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.data], check=False, timeout=PATIENCE)
        self.create()
        self.ok("doc", "set", "list", ".title", '"saved"')
        node = self.run_node()
        filler = os.path.join(self.data, "filler")
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                pass
        code, _, err = self.tlfs("doc", "set", "list", ".text", "-", given=json.dumps("x" * 1_000_000))
        self.assertEqual(code, 4, err)
        self.assertEqual(self.value("doc", "get", "list", ".title"), "saved")
        os.remove(filler)
        end = time.monotonic() + PATIENCE
        while self.tlfs("doc", "set", "list", ".count", "1")[0] != 0:
            self.assertLess(time.monotonic(), end, "the node does not go on when there is room again")
            time.sleep(0.2)
        node.send_signal(signal.SIGKILL)
        node.wait(PATIENCE)
        self.assertEqual(self.value("doc", "get", "list", ".title"), "saved")
        self.assertEqual(self.value("doc", "get", "list", ".count"), 1)


class FirstUse(Case):
    def test_the_recovery_key_is_shown_once(self):
        code, out, err = self.tlfs("id")
        self.assertEqual(code, 0, err)
        keys = re.findall(r"^recovery key: ([0-9a-f]{64})$", err, re.MULTILINE)
        self.assertEqual(len(keys), 1, err)
        self.assertIn("get everything back when all your devices are lost", err)
        self.assertNotIn("recovery", out)
        self.assertEqual(self.tlfs("id"), (0, out, ""))
        key = bytes.fromhex(keys[0])
        for folder, _, files in os.walk(self.data):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                self.assertNotIn(key, content, name)
                self.assertNotIn(keys[0].encode(), content, name)

    def test_commands_that_begin_in_one_unused_directory_at_once_become_one_device(self):
        for number in range(5):
            data = os.path.join(self.folder, f"at-once-{number}")
            commands = [self.start("id", "--json", data=data) for _ in range(2)]
            devices = set()
            for command in commands:
                out, err = command.communicate(timeout=PATIENCE)
                self.assertEqual(command.returncode, 0, err)
                devices.add(json.loads(out)["device"])
            devices.add(json.loads(self.ok("id", "--json", data=data))["device"])
            self.assertEqual(len(devices), 1)

    def test_after_a_repair_the_device_goes_on_as_another_incarnation(self):
        self.create()
        self.ok("doc", "set", "list", ".title", '"before"')
        self.assertEqual(self.incarnations(), {0})
        store = os.path.join(self.data, "store")
        os.remove(os.path.join(store, "CURRENT"))
        repair = subprocess.run([PROGRAM, "store", "repair", "--data", self.data], capture_output=True, check=False, env=self.env, text=True,
                                timeout=PATIENCE)
        self.assertEqual(repair.returncode, 0, repair.stderr)
        self.assertIn(store + ".damaged-1", repair.stdout)
        self.assertEqual(self.value("doc", "get", "list", ".title"), "before")
        self.ok("doc", "set", "list", ".title", '"after"')
        self.assertEqual(len(self.incarnations()), 2)
        self.ok("doc", "set", "list", ".title", '"later"')
        self.assertEqual(len(self.incarnations()), 2)

    def incarnations(self):
        return {change["incarnation"] for change in self.value("doc", "history", "list", "--json")}

    def test_only_what_makes_something_begins_a_node(self):
        self.assertEqual(self.value("doc", "list", "--json"), [])
        self.assertEqual(self.ok("doc", "list"), "")
        for arguments in (("doc", "get", "list"), ("watch", "list"), ("node", "tree"), ("doc", "set", "list", ".", "{}")):
            self.refused(1, "no node has been here yet", *arguments)
        self.assertFalse(os.path.exists(self.data))
        self.create()
        self.assertEqual(len(self.value("doc", "list", "--json")), 1)

    def test_a_passphrase_locks_the_device_s_key(self):
        self.env["TLFS_PASSPHRASE"] = "tea at four"
        device = self.value("id", "--json")["device"]
        del self.env["TLFS_PASSPHRASE"]
        self.assertNotEqual(self.tlfs("id")[0], 0)
        self.refused(1, "passphrase", "id", given="wrong\n")
        self.assertEqual(json.loads(self.ok("id", "--json", given="tea at four\n"))["device"], device)
        file = os.path.join(self.folder, "phrase")
        with open(file, "w", encoding="utf-8") as out:
            out.write("tea at four\nnot this line")
        self.assertEqual(self.value("--passphrase-file", file, "id", "--json")["device"], device)
        self.assertEqual(self.value("id", "--json", "--passphrase-file", file)["device"], device)
        with open(file, "w", encoding="utf-8") as out:
            out.write("other")
        self.refused(1, "passphrase", "--passphrase-file", file, "id")


class Completion(Case):
    def complete(self, *words):
        script = subprocess.run([PROGRAM, "completion", "bash"], capture_output=True, check=True, timeout=PATIENCE, env=self.env).stdout.decode()
        script += f"""
PATH={os.path.dirname(PROGRAM)}:$PATH
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); __tlfs
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        run = subprocess.run(["bash", "-c", script, "bash", PROGRAM, *words], capture_output=True, check=False, text=True, timeout=PATIENCE,
                             env=self.env, cwd=self.folder)
        self.assertEqual(run.stderr, "")
        return sorted(run.stdout.split())

    def test_commands_options_and_files_are_completed(self):
        self.assertIn("doc", self.complete(""))
        self.assertEqual(self.complete("wa"), ["watch"])
        self.assertEqual(self.complete("doc", "s"), ["set", "status"])
        self.assertEqual(self.complete("--data", "/tmp", "doc", "h"), ["history"])
        self.assertEqual(self.complete("doc", "create", "--sch"), ["--schema"])
        self.assertIn("--json", self.complete("doc", "list", "--"))
        self.assertEqual(self.complete("doc", "create", "--schema", "tod"), ["todo.tlfs"])
        self.assertEqual(self.complete("grant", "x", "anyone", "wr"), ["write"])
        self.assertEqual(self.complete("grant", "x", "an"), ["anyone"])
        self.assertEqual(self.complete("completion", ""), ["bash"])

    def test_documents_are_completed_with_their_names_and_ids(self):
        id_ = self.create("groceries")
        self.assertEqual(self.complete("--data", self.data, "doc", "get", "gro"), ["groceries"])
        self.assertEqual(self.complete("doc", "set", "--data", self.data, id_[:6]), [id_])
        self.assertEqual(self.complete("--data", self.data, "doc", "get", "groceries", ""), [])


if __name__ == "__main__":
    unittest.main()
