"""Nodes that talk to each other, as a shell meets them: each a process with a data directory of its own, on 127.0.0.1.

    network_test.py PROGRAM
"""

import contextlib
import json
import os
import pty
import signal
import socket
import stat
import subprocess
import time
import unittest

from node_test import EMPTY, PATIENCE, PROGRAM, Case


class Person:
    """Somebody's node and the commands that they give it."""

    def __init__(self, case, name):
        self.case = case
        self.data = os.path.join(case.folder, name)
        self.process = None
        self.address = None

    def run(self, *options):
        """Starts the node; again where it was, so that others find it."""
        self.process = self.case.start("node", "run", "--json", "--listen", self.address or "127.0.0.1:0", *options, data=self.data)
        line = self.process.stdout.readline()
        self.case.assertNotEqual(line, "", "the node has not started")
        started = json.loads(line)
        self.case.assertEqual(started["socket"], os.path.join(self.data, "node.sock"))
        self.device, self.address = started["device"], started["addresses"][0]
        return self

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def tlfs(self, *arguments, given=""):
        return self.case.tlfs(*arguments, given=given, data=self.data)

    def ok(self, *arguments, given=""):
        return self.case.ok(*arguments, given=given, data=self.data)

    def value(self, *arguments, given=""):
        return json.loads(self.ok(*arguments, given=given))

    def refused(self, code, sentence, *arguments, given=""):
        got, out, err = self.tlfs(*arguments, given=given)
        self.case.assertEqual((got, out), (code, ""), (arguments, err))
        self.case.assertRegex(err, sentence)

    def create(self, name="list"):
        return self.ok("doc", "create", "--schema", self.case.schema, "--name", name).strip()

    def invite(self, document="list", *options):
        return self.value("invite", document, "--json", *options)

    def join(self, invitation):
        return self.ok("join", "-", given=invitation["link"] + "\n").strip()

    def given(self, invitation):
        return next(g for g in self.value("invitations", "--json")["given"] if g["id"] == invitation["id"])

    def sees(self, document, path, expected):
        """Waits until the node shows that value there."""
        self.case.until(f"{path} is {expected!r}", lambda: self.shows(document, path), expected)

    def shows(self, document, path):
        code, out, err = self.tlfs("doc", "get", document, path)
        return json.loads(out) if code == 0 else err


class Network(Case):
    def person(self, name):
        return Person(self, name).run()

    def until(self, what, look, expected):
        end = time.monotonic() + PATIENCE
        while (seen := look()) != expected:
            self.assertLess(time.monotonic(), end, f"it does not come about that {what}; seen last: {seen!r}")
            time.sleep(0.1)

    def friends(self, level="write"):
        """Two nodes that share a document."""
        alice, bob = self.person("alice"), self.person("bob")
        document = alice.create()
        alice.ok("doc", "set", "list", ".title", '"food"')
        self.assertEqual(bob.join(alice.invite("list", "--level", level)), document)
        bob.sees(document, ".title", "food")
        return alice, bob, document


class Sharing(Network):
    def test_whoever_is_invited_joins_and_both_see_what_either_writes(self):
        alice, bob, document = self.friends()
        self.assertEqual([(d["id"], d["name"], d["package"]) for d in bob.value("doc", "list", "--json")], [(document, "list", "todo")])
        bob.ok("doc", "patch", document, given='[{"op":"add","path":"/tasks/-","value":{"title":"milk"}}]')
        alice.sees("list", ".tasks", [{"title": "milk", "done": False}])
        alice.ok("doc", "set", "list", ".tasks[0].done", "true")
        bob.sees(document, ".tasks[0].done", True)
        self.assertEqual(alice.value("doc", "get", "list"), {**EMPTY, "title": "food", "tasks": [{"title": "milk", "done": True}]})
        self.assertEqual(alice.value("doc", "get", "list"), bob.value("doc", "get", document))

    def test_presence_set_here_is_seen_there_until_it_is_cleared(self):
        alice, bob, document = self.friends()
        shows = lambda who, *more: [(p["device"], p["own"], p["shows"]) for p in who.value("presence", document, "--json", *more)]
        watch = self.start("presence", document, "--watch", "--json", data=bob.data)
        self.assertEqual(json.loads(watch.stdout.readline()), [])
        self.assertEqual(shows(alice, "--set", '{"name":"Ada","at":3}'), [(alice.device, True, {"name": "Ada", "at": 3})])
        self.until("the other node shows it", lambda: shows(bob), [(alice.device, False, {"name": "Ada", "at": 3})])
        seen = json.loads(watch.stdout.readline())
        self.assertEqual([(p["device"], p["shows"]) for p in seen], [(alice.device, {"name": "Ada", "at": 3})])
        self.assertIn(alice.device + '  {"name":"Ada","at":3}', bob.ok("presence", document))
        bob.refused(1, "JSON", "presence", document, "--set", "{")
        alice.ok("presence", document, "--clear")
        self.until("it is gone", lambda: shows(bob), [])
        self.assertEqual(json.loads(watch.stdout.readline()), [])
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(PATIENCE), 0)

    def test_presence_reaches_those_who_are_linked_only_through_a_third(self):
        alice, bob, document = self.friends("control")
        carol = self.person("carol")
        self.assertEqual(carol.join(bob.invite(document)), document)
        carol.sees(document, ".title", "food")
        shows = lambda: [(p["device"], p["shows"]) for p in carol.value("presence", document, "--json")]
        alice.ok("presence", document, "--set", '"here"')
        self.until("the far node shows it", shows, [(alice.device, "here")])
        alice.ok("presence", document, "--set", '"there"')
        self.until("the far node shows what came next", shows, [(alice.device, "there")])
        self.assertEqual([p["device"] for p in carol.value("peers", "--json")], [bob.device])
        alice.ok("presence", document, "--clear")
        self.until("it is gone", shows, [])

    def test_peers_and_how_far_they_agree_are_shown(self):
        alice, bob, document = self.friends()
        for one, other in ((alice, bob), (bob, alice)):
            user = other.value("id", "--json")["user"]
            shown = lambda one=one: [(p["device"], p["user"], p["state"], p["problem"]) for p in one.value("peers", "--json")]
            self.until("the peer is live", shown, [(other.device, user, "live", None)])
            counted = lambda one=one: [min(p["sent_bytes"], p["received_bytes"]) > 0 for p in one.value("peers", "--json")]
            self.until("bytes are counted", counted, [True])
            self.assertIn(other.device + "  live", one.ok("peers"))
            synced = lambda one=one: [l for l in one.value("sync", "status", "--json") if l["document"] == document]
            self.until("both have the same", synced, [{"document": document, "peer": other.device, "state": "synced"}])
            self.assertIn(f"{document}  with {other.device}  synced\n", one.ok("sync", "status"))

    def test_whoever_may_read_cannot_write(self):
        alice, bob, document = self.friends("read")
        self.assertEqual(bob.tlfs("doc", "set", document, ".title", '"mine"')[0], 3)
        alice.ok("doc", "set", "list", ".title", '"still mine"')
        bob.sees(document, ".title", "still mine")

    def test_a_document_that_is_deleted_here_is_not_brought_back_by_what_others_write_unless_that_is_asked_for(self):
        alice, bob, document = self.friends()
        bob.ok("doc", "delete", document)
        alice.ok("doc", "set", "list", ".title", '"food and drink"')
        told = lambda: [(o["document"], o["from"]) for o in bob.value("invitations", "--json")["pending"]]
        self.until("it is offered again, and no more than that", told, [(document, alice.device)])
        self.assertEqual(bob.value("doc", "list", "--json"), [])
        bob.end()
        bob.run()
        alice.ok("doc", "set", "list", ".title", '"food, drink and more"')
        self.until("it is offered again, and no more than that", told, [(document, alice.device)])
        self.assertEqual(bob.value("doc", "list", "--json"), [])
        bob.ok("accept", document)
        bob.sees(document, ".title", "food, drink and more")

    def test_what_was_edited_while_apart_comes_together(self):
        alice, bob, document = self.friends()
        bob.end()
        alice.ok("doc", "set", "list", '.people["a"]', '{"name":"from alice"}')
        bob.ok("doc", "set", document, '.people["b"]', '{"name":"from bob"}')
        bob.run()
        both = {"a": {"name": "from alice"}, "b": {"name": "from bob"}}
        alice.sees("list", ".people", both)
        bob.sees(document, ".people", both)

    def test_a_node_that_is_killed_and_comes_back_converges(self):
        alice, bob, document = self.friends()
        both = {}
        for turn, victim in enumerate((alice, bob, alice)):
            other = bob if victim is alice else alice
            victim.ok("doc", "set", document, f'.people["v{turn}"]', '{"name":"before"}')
            victim.end(signal.SIGKILL)
            other.ok("doc", "set", document, f'.people["o{turn}"]', '{"name":"meanwhile"}')
            victim.run()
            both |= {f"v{turn}": {"name": "before"}, f"o{turn}": {"name": "meanwhile"}}
            for one in (alice, bob):
                one.sees(document, ".people", both)

    def test_what_was_edited_while_no_node_ran_reaches_the_others_from_the_next_one(self):
        alice, bob, document = self.friends()
        alice.end(signal.SIGINT)
        alice.ok("doc", "set", "list", ".title", '"while away"')
        alice.run()
        bob.sees(document, ".title", "while away")

    def test_what_a_killed_node_had_not_told_anybody_goes_out_when_it_is_back_and_nobody_opens_the_document(self):
        alice, bob, document = self.friends()
        bob.end()
        alice.ok("doc", "set", "list", ".title", '"just saved"')
        alice.end(signal.SIGKILL)
        alice.run()
        bob.run()
        bob.sees(document, ".title", "just saved")

    def test_a_node_that_may_only_pass_on_carries_edits_between_two_that_never_meet(self):
        alice, bob, document = self.friends()
        server = self.person("server")
        self.assertEqual(server.join(alice.invite("list", "--level", "sync")), document)
        self.assertEqual(bob.ok("connect", server.address).strip(), server.device)
        alice.sees(document, ".title", "food")
        alice.ok("doc", "set", "list", ".count", "1")
        bob.sees(document, ".count", 1)
        for reader, writer, number in ((bob, alice, 2), (alice, bob, 3), (bob, alice, 4)):
            if reader.process.poll() is None:
                reader.end()
            if writer.process.poll() is not None:
                writer.run()
            writer.ok("doc", "set", document, ".count", str(number))
            written = len(writer.value("doc", "history", document, "--json"))
            self.until("the server has it", lambda: server.value("doc", "status", document, "--json")["changes"], written)
            writer.end()
            reader.run()
            reader.sees(document, ".count", number)
        # It stores what it cannot read.
        _, out, err = server.tlfs("doc", "get", document)
        self.assertNotIn("food", out + err)


class Invitations(Network):
    def test_a_link_that_was_used_up_is_refused(self):
        alice, bob, carol = (self.person(name) for name in ("alice", "bob", "carol"))
        document = alice.create()
        invitation = alice.invite("list", "--level", "write", "--uses", "1")
        self.assertEqual((alice.given(invitation)["state"], alice.given(invitation)["uses_left"]), ("open", 1))
        self.assertEqual(bob.join(invitation), document)
        self.assertEqual((alice.given(invitation)["state"], alice.given(invitation)["uses_left"]), ("used up", 0))
        carol.refused(3, r"\w+ \w+", "join", invitation["link"])
        self.assertEqual(carol.value("doc", "list", "--json"), [])

    def test_a_link_for_two_is_used_by_two(self):
        alice, bob, carol = (self.person(name) for name in ("alice", "bob", "carol"))
        document = alice.create()
        invitation = alice.invite("list", "--uses", "2")
        self.assertEqual([bob.join(invitation), carol.join(invitation)], [document] * 2)

    def test_a_link_that_was_revoked_is_refused(self):
        alice, bob = self.person("alice"), self.person("bob")
        alice.create()
        invitation = alice.invite()
        alice.refused(2, "no invitation", "invitations", "revoke", "ffff" if not invitation["id"].startswith("ffff") else "0000")
        self.assertEqual(alice.value("invitations", "revoke", invitation["id"][:12], "--json"), {"ok": True})
        self.assertEqual(alice.given(invitation)["state"], "revoked")
        bob.refused(3, r"\w+ \w+", "join", invitation["link"])
        self.assertEqual(bob.value("doc", "list", "--json"), [])

    def test_a_link_that_has_expired_is_refused(self):
        alice, bob = self.person("alice"), self.person("bob")
        alice.create()
        invitation = alice.invite("list", "--expires", "2s")
        self.assertLessEqual(invitation["expires"], time.time() + 3)
        self.until("it has expired", lambda: alice.given(invitation)["state"], "expired")
        bob.refused(3, "expired", "join", invitation["link"])

    def test_a_link_that_was_tampered_with_is_refused(self):
        alice, bob = self.person("alice"), self.person("bob")
        alice.create()
        link = alice.invite()["link"]
        middle = len(link) // 2
        changed = link[:middle] + ("A" if link[middle] != "A" else "B") + link[middle + 1 :]
        for text in (changed, link[:-10], "tlfs:", "https://example.org", link + link):
            with self.subTest(text=text[:20]):
                bob.refused(1, r"\w+ \w+", "join", text)
        bob.refused(1, "no link in standard input", "join", "-", given=" \n")
        self.assertEqual(bob.value("doc", "list", "--json"), [])
        self.assertIsNone(alice.process.poll())

    def test_an_invitation_is_listed_with_what_it_promises(self):
        alice = self.person("alice")
        document = alice.create("groceries")
        before = time.time()
        invitation = alice.invite("groceries", "--level", "write", "--expires", "12h", "--uses", "3")
        self.assertTrue(invitation["link"].startswith("tlfs:"))
        self.assertIn(alice.address, "\n".join(invitation["addresses"]))
        given = alice.given(invitation)
        self.assertAlmostEqual(given["expires"], before + 12 * 3600, delta=PATIENCE)
        self.assertEqual(given["expires"], invitation["expires"])
        self.assertEqual({k: v for k, v in given.items() if k not in ("id", "expires")},
                         {"document": document, "name": "groceries", "path": ".", "level": "write", "state": "open", "uses_left": 3})
        self.assertIn(f"given    {invitation['id']}  open  write .  3 uses left", alice.ok("invitations"))
        self.assertNotIn(invitation["link"], alice.ok("invitations", "--json"))

    def test_what_cannot_be_promised_is_refused(self):
        alice = self.person("alice")
        alice.create()
        alice.refused(1, "no document here", "invite", "nothing")
        alice.refused(2, "no level", "invite", "list", "--level", "admin")
        for wrong in (("--expires", "soon"), ("--expires", "0s"), ("--expires", "3651d"), ("--uses", "0")):
            alice.refused(2, wrong[0], "invite", "list", *wrong)
        self.assertEqual(alice.value("invitations", "--json"), {"given": [], "pending": []})

    def test_the_qr_code_is_drawn_on_a_terminal_and_into_a_file_for_its_owner_alone(self):
        alice = self.person("alice")
        alice.create()
        picture = os.path.join(self.folder, "link.svg")
        self.assertEqual(len(alice.ok("invite", "list", "--svg", picture).splitlines()), 1)
        with open(picture, encoding="utf-8") as file:
            self.assertIn("<svg", file.read())
        self.assertEqual(stat.S_IMODE(os.stat(picture).st_mode), 0o600)
        ours, theirs = pty.openpty()
        with subprocess.Popen([PROGRAM, "--data", alice.data, "invite", "list"], stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
                              env=self.env) as process:
            os.close(theirs)
            shown = b""
            with contextlib.suppress(OSError), open(ours, "rb", buffering=0) as terminal:
                while part := terminal.read(4096):
                    shown += part
            self.assertEqual(process.wait(PATIENCE), 0)
        self.assertIn("tlfs:", shown.decode())
        self.assertGreater(shown.decode().count("\u2580"), 50)


class Offers(Network):
    def offered(self, *names):
        """Documents that were granted to somebody who has a link to their owner, but got no invitation."""
        alice, bob = self.person("alice"), self.person("bob")
        alice.ok("people", "add", "-", given=bob.ok("people", "introduce"))
        bob.ok("people", "add", "-", given=alice.ok("people", "introduce"))
        self.assertEqual(bob.ok("connect", alice.address).strip(), alice.device)
        user = bob.value("id", "--json")["user"]
        documents = {}
        for name in names:
            documents[name] = alice.create(name)
            alice.ok("doc", "set", name, ".title", json.dumps(name))
            alice.ok("grant", name, "user:" + user, "write")
        pending = lambda: sorted(o["document"] for o in bob.value("invitations", "--json")["pending"])
        self.until("they are offered", pending, sorted(documents.values()))
        return alice, bob, documents, pending

    def test_what_is_offered_is_there_once_it_is_accepted_and_not_when_it_is_declined(self):
        _, bob, documents, pending = self.offered("wanted", "unwanted")
        self.assertEqual(bob.value("doc", "list", "--json"), [])
        bob.refused(1, "tlfs invitations", "accept", "other")
        self.assertEqual(bob.value("accept", "wanted", "--json"), {"ok": True})
        bob.sees(documents["wanted"], ".title", "wanted")
        bob.ok("decline", documents["unwanted"][:16])
        self.until("nothing is pending", pending, [])
        self.assertEqual([d["id"] for d in bob.value("doc", "list", "--json")], [documents["wanted"]])


    def test_a_name_that_a_peer_chose_does_nothing_to_the_terminal(self):
        _, bob, documents, _ = self.offered("red\033[31m")
        shown = bob.ok("invitations")
        self.assertIn(documents["red\033[31m"], shown)
        self.assertNotIn("\033", shown)


class Links(Network):
    def test_a_node_says_where_it_listens(self):
        node = self.start("node", "run", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", data=self.data)
        self.assertRegex(node.stdout.readline(), r" listens on \S+/node\.sock and 127\.0\.0\.1:[1-9]\d* and 127\.0\.0\.1:[1-9]\d*\n")

    def test_an_address_that_is_taken_or_none_is_refused(self):
        alice = self.person("alice")
        code, out, err = self.tlfs("node", "run", "--listen", alice.address)
        self.assertEqual((code, out), (4, ""), err)
        self.assertIn(alice.address, err)
        self.assertNotIn("threw", err)
        self.assertLessEqual(err.count("already in use"), 2, err)
        for wrong in ("nowhere", "127.0.0.1", "127.0.0.1:99999", ""):
            code, out, err = self.tlfs("node", "run", "--listen", wrong)
            self.assertEqual((code, out), (2, ""), (wrong, err))

    def test_a_peer_that_is_reached_is_named_and_one_that_is_not_is_complained_of(self):
        alice, bob = self.person("alice"), self.person("bob")
        self.assertEqual(alice.value("connect", bob.address, "--json"), {"device": bob.device})
        self.assertIn(alice.device, [p["device"] for p in bob.value("peers", "--json")])
        with contextlib.closing(socket.socket()) as closed:
            closed.bind(("127.0.0.1", 0))
            alice.refused(4, r"\w+ \w+", "connect", f"127.0.0.1:{closed.getsockname()[1]}")
        for wrong in (":4242", "ftp://127.0.0.1:1", "127.0.0.1:99999", "127.0.0.1:port"):
            alice.refused(2, r"\w+ \w+", "connect", wrong)

    def test_whoever_waits_for_a_silent_peer_keeps_nobody_else_waiting_and_not_the_node_from_ending(self):
        alice = self.person("alice")
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
            waiting = self.start("connect", f"127.0.0.1:{silent.getsockname()[1]}", data=alice.data)
            silent.settimeout(PATIENCE)
            with contextlib.closing(silent.accept()[0]):
                begun = time.monotonic()
                alice.ok("id")
                alice.ok("peers")
                self.assertIsNone(waiting.poll())
                self.assertEqual(alice.end(), 0)
                self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(waiting.wait(PATIENCE), 4)

    def test_without_a_node_that_has_links_it_is_said_how_to_start_one(self):
        commands = (("peers",), ("connect", "127.0.0.1:1"), ("invite", "list"), ("join", "tlfs:1.x"), ("invitations",),
                    ("invitations", "revoke", "abcd"), ("accept", "list"), ("decline", "list"), ("sync", "status"))
        for arguments in commands:
            self.refused(4, "tlfs node run --listen", *arguments)
        self.assertFalse(os.path.exists(self.data))
        self.run_node()
        self.create()
        for arguments in commands:
            self.refused(4, "tlfs node run --listen", *arguments)
        problem = json.loads(self.tlfs("peers", "--json")[2])
        self.assertEqual((problem["kind"], problem["module"]), ("unavailable", "network"))


if __name__ == "__main__":
    unittest.main()
