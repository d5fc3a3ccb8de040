"""`tlfs key` as a shell and a terminal meet it.

    key_test.py PROGRAM
"""

import base64
import os
import pty
import select
import stat
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
PHRASE = "tea at four in the garden"


class Keys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.said = b""  # everything that the program printed in this test

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def key(self, *arguments, given="", phrase=None, new_phrase=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TLFS_")}
        if phrase is not None:
            environment["TLFS_PASSPHRASE"] = phrase
        if new_phrase is not None:
            environment["TLFS_NEW_PASSPHRASE"] = new_phrase
        run = subprocess.run([PROGRAM, "key", *arguments], capture_output=True, check=False, input=given.encode(),
                             env=environment, cwd=self.folder, timeout=60)
        self.said += run.stdout + run.stderr
        return run.returncode, run.stdout.decode(), run.stderr.decode()

    def make(self, *arguments, phrase=PHRASE, **more):
        code, out, err = self.key("new", "device.key", *arguments, phrase=phrase, **more)
        self.assertEqual((code, err), (0, ""))
        return out

    def assert_refused(self, run, sentence, code=1):
        self.assertEqual(run[:2], (code, ""))
        self.assertIn(sentence, run[2])

    def assert_files(self, *names):
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))

    def test_a_new_key_is_shown_with_its_label_and_lock_and_is_the_owner_s_alone(self):
        out = self.make("--label", "Alice's laptop")
        self.assertRegex(out, r"\Apublic key  [0-9a-f]{64}\nlabel       Alice's laptop\n"
                              r"locked by   a passphrase \(Argon2id, 3 passes over 65536 KiB\)\n\Z")
        self.assertEqual(self.key("show", "device.key"), (0, out, ""))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("device.key")).st_mode), 0o600)
        self.assert_files("device.key")

    def test_every_new_key_is_another(self):
        first = self.make("--lock", "stick")
        os.remove(self.path("device.key"))
        self.assertNotEqual(self.make("--lock", "stick"), first)

    def test_a_key_without_a_label_says_so(self):
        self.assertIn("label       (none)\n", self.make())

    def test_an_existing_file_is_never_overwritten(self):
        for content in (b"precious", b""):
            with open(self.path("device.key"), "wb") as file:
                file.write(content)
            self.assert_refused(self.key("new", "device.key", phrase=PHRASE), "device.key: exists, and is never overwritten")
            self.assert_refused(self.key("new", "device.key", "--lock", "stick"), "never overwritten")
            self.assertEqual(self.read("device.key"), content)
            self.assert_files("device.key")

    def test_a_dangling_link_is_not_written_through(self):
        os.symlink(self.path("elsewhere"), self.path("device.key"))
        self.assert_refused(self.key("new", "device.key", phrase=PHRASE), "never overwritten")
        self.assert_files("device.key")

    def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_left(self):
        self.assert_refused(self.key("new", "no/such/device.key", phrase=PHRASE), "no/such/device.key: cannot be written")
        self.assert_refused(self.key("new", "no/device.key", "--lock", "stick"), "no/device.key: cannot be written")
        self.assert_refused(self.key("new", "/proc/device.key", phrase=PHRASE), "/proc/device.key: cannot be written")
        self.assert_files()

    def test_the_passphrase_may_come_as_a_line_of_standard_input(self):
        self.assertEqual(self.key("new", "device.key", given=PHRASE + "\n")[0], 0)
        self.assertEqual(self.key("relock", "device.key", "--lock", "stick", phrase=PHRASE)[0], 0)

    def test_no_passphrase_an_empty_one_and_an_endless_one_make_no_key(self):
        self.assert_refused(self.key("new", "device.key"), "new passphrase: nothing was entered")
        self.assert_refused(self.key("new", "device.key", given="\n"), "empty")
        self.assert_refused(self.key("new", "device.key", phrase=""), "empty")
        self.assert_refused(self.key("new", "device.key", given="x" * 1025), "longer than 1024 bytes")
        self.assert_refused(self.key("new", "device.key", phrase="x" * 1025), "longer than 1024 bytes")
        self.assert_files()

    def test_a_label_that_would_move_the_cursor_is_a_wrong_command_line(self):
        self.assert_refused(self.key("new", "device.key", "--label", "\x1b[2J", phrase=PHRASE), "not printable", code=2)
        self.assert_refused(self.key("new", "device.key", "--label", "a" * 129, phrase=PHRASE), "at most 128", code=2)
        self.assert_files()

    def test_the_passphrase_changes_and_the_key_and_label_stay(self):
        out = self.make("--label", "laptop")
        self.assertEqual(self.key("relock", "device.key", "--lock", "passphrase", phrase=PHRASE, new_phrase="another"), (0, out, ""))
        before = self.read("device.key")
        self.assert_refused(self.key("relock", "device.key", "--lock", "passphrase", phrase=PHRASE, new_phrase="x"),
                            "device.key: the passphrase does not open this key file")
        self.assert_refused(self.key("relock", "device.key", "--lock", "passphrase", given="x" * 2000),
                            "passphrase: is longer than 1024 bytes")
        self.assertEqual(self.read("device.key"), before)
        self.assertEqual(self.key("relock", "device.key", "--lock", "passphrase", given="another\nthird\n"), (0, out, ""))
        self.assertEqual(self.key("relock", "device.key", "--lock", "stick", phrase="third")[0], 0)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("device.key")).st_mode), 0o600)

    def test_relocking_through_a_link_keeps_the_link(self):
        self.make("--lock", "stick")
        os.symlink("device.key", self.path("link"))
        before = self.read("device.key")
        self.assertEqual(self.key("relock", "link", "--lock", "other", "--unlock", "stick")[0], 0)
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertNotEqual(self.read("device.key"), before)

    def test_an_unlock_key_is_made_once_used_again_and_needed_to_relock(self):
        out = self.make("--lock", "stick", phrase=None)
        self.assertIn("locked by   an unlock key in another file\n", out)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("stick")).st_mode), 0o600)
        stick = self.read("stick")
        self.assertEqual(len(stick), 32)
        self.assertEqual(self.key("new", "second.key", "--lock", "stick")[0], 0)
        self.assertEqual(self.read("stick"), stick)

        def relock(*arguments):
            return self.key("relock", "device.key", "--lock", "passphrase", *arguments, new_phrase="new")

        before = self.read("device.key")
        with open(self.path("wrong"), "wb") as file:
            file.write(bytes(32))
        with open(self.path("short"), "wb") as file:
            file.write(bytes(31))
        self.assert_refused(relock(), "device.key: is locked with an unlock key; name its file with --unlock")
        self.assert_refused(relock("--unlock", "wrong"), "the unlock key is not the one of this key file")
        self.assert_refused(relock("--unlock", "short"), "it has 31 bytes, and an unlock key has 32")
        self.assert_refused(relock("--unlock", "nothing"), "nothing: cannot be read")
        self.assertEqual(self.read("device.key"), before)
        code, shown, _ = relock("--unlock", "stick")
        self.assertEqual((code, shown.split("\n")[0]), (0, out.split("\n")[0]))
        self.assert_refused(relock("--unlock", "stick"), "is locked with a passphrase; leave --unlock away")
        self.assert_refused(self.key("new", "same", "--lock", "./same"), "must lie in another file", code=2)

    def test_a_truncated_key_file_and_something_else_are_called_so(self):
        self.make("--lock", "stick")
        whole = self.read("device.key")
        for content in (b"", whole[:4], whole[:60], whole[:-1], whole + b"x", b"{}", bytes(10_000)):
            with open(self.path("device.key"), "wb") as file:
                file.write(content)
            for arguments in (("show", "device.key"), ("relock", "device.key", "--lock", "other", "--unlock", "stick")):
                self.assert_refused(self.key(*arguments), "device.key: ")
            self.assertEqual(self.read("device.key"), content)
        self.assert_refused(self.key("show", "nothing"), "nothing: cannot be read; expected a key file")
        self.assert_files("device.key", "stick")

    def test_nothing_that_is_printed_holds_a_passphrase_an_unlock_key_or_the_key(self):
        self.make("--lock", "stick")
        self.key("show", "device.key")
        self.key("relock", "device.key", "--lock", "passphrase", "--unlock", "stick", new_phrase=PHRASE)
        self.key("relock", "device.key", "--lock", "stick", phrase=PHRASE + "!")
        self.key("relock", "device.key", "--lock", "stick", phrase=PHRASE)
        stick = self.read("stick")
        for secret in (PHRASE.encode(), stick, self.seed(stick)):
            for form in (secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret)):
                self.assertNotIn(form, self.said)
        self.assertIn(self.public_key(self.seed(stick)), self.said.decode())

    def seed(self, stick):
        """The key itself: the file is opened here a second time, from the description of its format."""
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../runtime/crypto"))
        import reference  # noqa: PLC0415

        file = self.read("device.key")
        nonce, sealed = file[-108:-84], file[-84:]
        under = reference.derive(stick, "tlfs key file")
        keys = reference.keyed("tlfs seal keys", under, nonce, size=64)
        self.assertEqual(sealed[:32], keys[32:])
        # A stream cipher: sealing the ciphertext opens it.
        text = reference.xchacha20_poly1305(keys[:32], nonce, file[:-108], sealed[32:-16])[:-16]
        self.assertEqual(reference.seal(under, file[:-108], text[:32]), (nonce, sealed))
        self.assertEqual(text[32:], b"\x80\0\0\0")
        return text[:32]

    def public_key(self, seed):
        """RFC 8032 section 5.1.5."""
        import hashlib  # noqa: PLC0415

        p = 2**255 - 19
        d = -121665 * pow(121666, p - 2, p) % p
        y = 4 * pow(5, p - 2, p) % p
        x2 = (y * y - 1) * pow(d * y * y + 1, p - 2, p) % p
        x = pow(x2, (p + 3) // 8, p)
        if x * x % p != x2:
            x = x * pow(2, (p - 1) // 4, p) % p
        x = x if x % 2 == 0 else p - x

        def add(a, b):
            k = d * a[0] * b[0] * a[1] * b[1] % p
            return ((a[0] * b[1] + a[1] * b[0]) * pow(1 + k, p - 2, p) % p, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, p - 2, p) % p)

        scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little") & ((1 << 254) - 8) | 1 << 254
        out, power = (0, 1), (x, y)
        while scalar:
            out = add(out, power) if scalar & 1 else out
            power = add(power, power)
            scalar >>= 1
        return (out[1] | (out[0] & 1) << 255).to_bytes(32, "little").hex()


class Terminal(Keys):
    """What a person sees. Only these tests: the others are those of Keys."""

    def type(self, *lines, arguments=("new", "device.key"), meanwhile=lambda: None):
        """Answers each prompt with a line; what the terminal showed, and the exit code. `meanwhile` happens at the first prompt."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            for name in ("TLFS_PASSPHRASE", "TLFS_NEW_PASSPHRASE"):
                os.environ.pop(name, None)
            try:
                os.execv(PROGRAM, [PROGRAM, "key", *arguments])
            finally:
                os._exit(127)
        shown, answered, end = b"", 0, time.monotonic() + 60
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    block = os.read(terminal, 4096)
                except OSError:  # the program has gone
                    break
                if not block:
                    break
                shown += block
            if answered < len(lines) and shown.count(b": ") > answered:
                if answered == 0:
                    meanwhile()
                os.write(terminal, lines[answered])
                answered += 1
        os.close(terminal)
        return shown.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_a_person_types_the_passphrase_twice_and_never_sees_it(self):
        phrase = PHRASE.encode() + b"\n"
        shown, code = self.type(phrase, phrase)
        self.assertEqual(code, 0, shown)
        self.assertTrue(shown.startswith("new passphrase: \nnew passphrase, again: \npublic key  "), shown)
        self.assertNotIn("tea", shown)
        self.assertEqual(self.key("relock", "device.key", "--lock", "stick", phrase=PHRASE)[0], 0)

    def test_a_slip_of_the_finger_makes_no_key(self):
        shown, code = self.type(b"one\n", b"two\n")
        self.assertEqual(code, 1)
        self.assertIn("the two are not the same", shown)
        self.assert_files()

    def test_a_file_that_appears_while_somebody_types_is_not_overwritten(self):
        def appear():
            with open(self.path("device.key"), "wb") as file:
                file.write(b"precious")

        shown, code = self.type(b"one\n", b"one\n", meanwhile=appear)
        self.assertEqual(code, 1)
        self.assertIn("device.key: exists, and is never overwritten", shown)
        self.assertEqual(self.read("device.key"), b"precious")
        self.assert_files("device.key")

    def test_control_c_cancels_at_once(self):
        shown, code = self.type(b"half\x03")
        self.assertEqual(code, 1)
        self.assertIn("cancelled", shown)
        self.assertNotIn("half", shown)
        self.assert_files()


def load_tests(loader, _tests, _pattern):
    suite = loader.loadTestsFromTestCase(Keys)
    own = [name for name in loader.getTestCaseNames(Terminal) if name not in loader.getTestCaseNames(Keys)]
    suite.addTests(Terminal(name) for name in own)
    return suite


if __name__ == "__main__":
    unittest.main()
