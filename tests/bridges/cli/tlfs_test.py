"""The program `tlfs` as a shell meets it: what it prints where, and its exit codes.

    tlfs_test.py PROGRAM
"""

import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)


def tlfs(*arguments):
    run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return run.returncode, run.stdout, run.stderr


class CommandLine(unittest.TestCase):
    def test_version_and_help_are_answers_and_go_to_standard_output(self):
        code, out, err = tlfs("--version")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^tlfs \d+\.\d+\.\d+\n$")
        code, out, err = tlfs("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("Exit codes: 0 all is well", out)

    def test_a_wrong_command_line_is_2_and_goes_to_standard_error(self):
        for arguments in ((), ("no-such-command",), ("--no-such-option",)):
            code, out, err = tlfs(*arguments)
            self.assertEqual((code, out), (2, ""), arguments)
            self.assertIn("--help", err)


if __name__ == "__main__":
    unittest.main()
