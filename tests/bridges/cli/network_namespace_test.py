"""Nodes on a network that is a real one to them: each in a network namespace of its own, with an address of its own, on
one bridge whose cables can be pulled. Where namespaces are not permitted the test is skipped (exit code 77).

    network_namespace_test.py PROGRAM
"""

import concurrent.futures
import json
import os
import random
import shutil
import subprocess
import sys
import time
import unittest

INSIDE = "TLFS_IN_OWN_NETWORK"
SKIPPED = 77


def enter():
    """Begins anew in namespaces of this process's own, which go with it."""
    needed = ("unshare", "nsenter", "ip", "mount")
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin" + os.pathsep + "/sbin"
    for tool in needed:
        if not shutil.which(tool, path=path):
            print(f"skipped: there is no {tool} here")
            sys.exit(SKIPPED)
    os.environ["PATH"] = path
    for how in (["--net", "--mount"], ["--user", "--map-root-user", "--net", "--mount"]):
        if subprocess.run(["unshare", *how, "sh", "-c", "mount -t tmpfs none /run && ip netns add x && nsenter --net=/run/netns/x ip link set lo up"],
                          capture_output=True, check=False).returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", ["unshare", *how, sys.executable, *sys.argv])
    print("skipped: network namespaces are not permitted here")
    sys.exit(SKIPPED)


if INSIDE not in os.environ:
    enter()

from network_test import Network, Person, PROGRAM  # noqa: E402  (takes the name from the command line)

del os.environ[INSIDE]
subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)  # where `ip netns` keeps its names


def sh(command):
    done = subprocess.run(command.split(), capture_output=True, check=False, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr}")
    return done.stdout


def inside(name, command):
    return sh(f"nsenter --net=/run/netns/{name} {command}")


class Machine(Person):
    """A node in a namespace, with a cable to the bridge."""

    def __init__(self, case, number):
        super().__init__(case, f"n{number}")
        self.name, self.port = f"n{number}", f"v{number}"
        sh(f"ip netns add {self.name}")
        case.addCleanup(sh, f"ip netns del {self.name}")
        sh(f"ip link add {self.port} type veth peer name eth0 netns {self.name}")
        case.addCleanup(sh, f"ip link del {self.port}")  # with its namespace it would go at some later time
        sh(f"ip link set {self.port} master bridge up")
        inside(self.name, "ip link set lo up")
        self.move(number)

    def move(self, number):
        """Another address from now on, as when one walks into another network."""
        inside(self.name, "ip addr flush dev eth0 scope global")
        inside(self.name, "ip link set eth0 up")
        inside(self.name, f"ip addr add 10.77.0.{number}/24 dev eth0")
        inside(self.name, "ip route add default via 10.77.0.254")
        self.ip = f"10.77.0.{number}"

    def cable(self, is_in):
        sh(f"ip link set {self.port} {'up' if is_in else 'down'}")

    def run(self, *options):
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.name}", PROGRAM, "--data", self.data, "node", "run", "--json", "--listen",
             "0.0.0.0:0", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.case.env, text=True)
        self.case.addCleanup(self.case.end, self.process)
        line = self.process.stdout.readline()
        self.case.assertNotEqual(line, "", "the node has not started")
        started = json.loads(line)
        self.device = started["device"]
        self.address = self.ip + ":" + started["addresses"][0].rpartition(":")[2]
        return self


class RealNetwork(Network):
    def setUp(self):
        super().setUp()
        sh("ip link add bridge type bridge mcast_snooping 0")
        self.addCleanup(sh, "ip link del bridge")
        sh("ip link set bridge up")

    def machine(self, number, *options):
        return Machine(self, number).run(*options)

    def pair(self, *options):
        """Two that share a document and know each other; alice has invited."""
        alice, bob = self.machine(1, *options), self.machine(2, *options)
        document = alice.create()
        alice.ok("doc", "set", "list", ".title", '"first"')
        self.assertEqual(bob.join(alice.invite("list", "--level", "write")), document)
        bob.sees(document, ".title", "first")
        return alice, bob, document

    def crosses(self, document, writer, reader, value, within):
        """What one writes comes to the other. Seconds that it took."""
        begun = time.monotonic()
        writer.ok("doc", "set", document, ".title", json.dumps(value))
        reader.sees(document, ".title", value)
        took = time.monotonic() - begun
        self.assertLess(took, within, f"{value} took {took:.1f} s")
        return took


class Finding(RealNetwork):
    def test_the_first_shared_value_is_there_within_three_seconds_of_a_start(self):
        alice, bob, document = self.pair()
        bob.end()
        alice.ok("doc", "set", document, ".title", '"meanwhile"')
        begun = time.monotonic()
        bob.run()
        bob.sees(document, ".title", "meanwhile")
        self.assertLess(time.monotonic() - begun, 3)

    def test_a_known_peer_that_comes_back_at_another_address_is_found(self):
        alice, bob, document = self.pair("--discover")
        known = alice.address
        alice.end()
        alice.move(50)
        alice.run("--discover")
        self.assertNotEqual(alice.address, known)
        self.crosses(document, alice, bob, "from elsewhere", 15)

    def test_a_stranger_who_is_visible_is_listed_and_reached_by_its_key(self):
        alice, bob = self.machine(1, "--visible", "Alice's desk"), self.machine(2, "--discover")
        near = lambda: [(p["device"], p["state"], p["name"]) for p in bob.value("peers", "--json")]
        self.until("she is seen", near, [(alice.device, "nearby", "Alice's desk")])
        # She listens by IPv4 only, so that no IPv6 address of hers leads anywhere.
        self.assertEqual([p["addresses"] for p in bob.value("peers", "--json")], [["ws://" + alice.address]])
        self.assertIn(alice.device + '  nearby  "Alice\'s desk"', bob.ok("peers"))
        self.assertEqual(alice.value("peers", "--json"), [])
        self.assertEqual(bob.ok("connect", alice.device).strip(), alice.device)
        self.until("there is a link", near, [(alice.device, "live", "Alice's desk")])


class Changing(RealNetwork):
    def test_a_cable_that_is_pulled_and_put_back_and_a_walk_to_another_address(self):
        alice, bob, document = self.pair("--discover")
        bob.cable(False)
        alice.ok("doc", "set", document, '.people["a"]', '{"name":"alice"}')
        bob.ok("doc", "set", document, '.people["b"]', '{"name":"bob"}')
        time.sleep(6)
        self.assertEqual(bob.shows(document, ".people"), {"b": {"name": "bob"}})
        bob.cable(True)
        begun = time.monotonic()
        for one in (alice, bob):
            one.sees(document, ".people", {"a": {"name": "alice"}, "b": {"name": "bob"}})
        self.assertLess(time.monotonic() - begun, 15)
        bob.move(60)
        self.crosses(document, alice, bob, "to the new address", 15)
        self.crosses(document, bob, alice, "from the new address", 15)
        alice.move(61)
        self.crosses(document, bob, alice, "to hers", 15)
        self.crosses(document, alice, bob, "from hers", 15)


class Many(RealNetwork):
    def test_two_that_cannot_reach_each_other_share_through_a_third(self):
        alice, bob, document = self.pair()
        relay = self.machine(3)
        relay.join(alice.invite("list", "--level", "sync"))
        bob.ok("connect", relay.address)
        alice.ok("connect", relay.address)
        for one in (alice, bob):
            sh(f"bridge link set dev {one.port} isolated on")
        for one in (alice, bob):  # neither holds on to what it had
            one.end()
            one.run()
        self.crosses(document, alice, bob, "there", 10)
        self.crosses(document, bob, alice, "and back", 10)
        # Not over a link of their own.
        for one, other in ((alice, bob), (bob, alice)):
            self.assertNotIn("live", [p["state"] for p in one.value("peers", "--json") if p["device"] == other.device])

    def test_ten_that_edit_at_once_over_a_bad_network_end_equal(self):
        with concurrent.futures.ThreadPoolExecutor(10) as hands:
            machines = [Machine(self, number) for number in range(1, 11)]
            for m in machines:
                try:
                    inside(m.name, "tc qdisc add dev eth0 root netem delay 10ms 5ms loss 1%")
                except (RuntimeError, FileNotFoundError) as why:
                    print(f"without delay and loss: {why}")
                    break
            list(hands.map(lambda m: m.run(), machines))
            first = machines[0]
            document = first.create()
            invitation = first.invite("list", "--level", "write", "--uses", "9")
            list(hands.map(lambda m: m.join(invitation), machines[1:]))
            for i, m in enumerate(machines):
                list(hands.map(lambda other, m=m: m.ok("connect", other.address), machines[i + 1 :]))
            seed = random.randrange(1 << 32)
            print(f"seed {seed}")

            def edit(number):
                dice, m, edits = random.Random(seed + number), machines[number], 0
                end = time.monotonic() + 3
                while time.monotonic() < end:
                    m.ok("doc", "set", document, f'.people["{dice.randrange(12)}"].name', json.dumps(f"{number}.{edits}"))
                    edits += 1
                m.ok("doc", "set", document, f'.people["last {number}"]', '{"name":"done"}')
                return edits

            for m in range(12):
                first.ok("doc", "set", document, f'.people["{m}"]', '{"name":"nobody"}')
            for m in machines:
                self.until("the keys are there", lambda m=m: len(m.shows(document, ".people")), 12)
            self.assertGreater(sum(hands.map(edit, range(10))), 10)

            def equal():
                values = list(hands.map(lambda m: m.ok("doc", "get", document), machines))
                return len(set(values)), len(json.loads(values[0])["people"])

            self.until("all are equal", equal, (1, 12 + 10))


if __name__ == "__main__":
    unittest.main()
