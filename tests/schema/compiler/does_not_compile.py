"""What generated accessors must refuse to compile, each beside what they must take.

    does_not_compile.py COMPILER GENERATED [DIRECTORY...]
"""

import subprocess
import sys
import unittest

COMPILER, GENERATED, *DIRECTORIES = sys.argv[1:]

CASES = (
    # what compiles, what does not, what the compiler's complaint names
    ('tx.tasks().push_back().title().set("milk");', "tx.tasks().nope();", "nope"),
    ('tx.tasks()[0].title().set("milk");', "tx.tasks()[0].title().set(7);", "set"),
    ("tx.tasks()[0].complete().set(true);", 'tx.tasks()[0].complete().set("yes");', "set"),
)


def compile_function(body):
    source = f'#include "todoapp.tlfs.h"\nvoid f(todoapp::Root tx) {{ {body} }}\n'
    command = [COMPILER, "-std=c++20", "-fsyntax-only", "-I" + GENERATED, *("-I" + d for d in DIRECTORIES if d), "-x", "c++", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=False, timeout=120)


class Accessors(unittest.TestCase):
    def test_what_the_schema_has_compiles(self):
        run = compile_function(" ".join(good for good, _, _ in CASES))
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_what_the_schema_does_not_have_does_not_compile(self):
        for _, bad, named in CASES:
            with self.subTest(bad):
                run = compile_function(bad)
                self.assertNotEqual(run.returncode, 0)
                self.assertRegex(run.stderr, rf"error: .*{named}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
