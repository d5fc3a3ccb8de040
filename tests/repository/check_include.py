"""Compiles a file of one include and tells whether a target with the given directories sees the header.

    check_include.py COMPILER sees|does-not-see HEADER [DIRECTORY...]

A header that is not seen must be missing for the compiler (any other failure is one), and must be in the repository.
"""

import os
import subprocess
import sys


def main():
    compiler, expectation, header, *directories = sys.argv[1:]
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    if not os.path.exists(os.path.join(root, header)):
        sys.exit(header + " is not in the repository, so this test shows nothing")
    source = f'#include "{header}"\nint main() {{}}\n'
    command = [compiler, "-std=c++20", "-fsyntax-only", *("-I" + d for d in directories if d), "-x", "c++", "-"]
    run = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    missing = run.returncode != 0 and header in run.stderr and ("No such file" in run.stderr or "file not found" in run.stderr)
    if expectation == "sees" and run.returncode != 0:
        sys.exit("a header that should be seen does not compile:\n" + run.stderr)
    if expectation == "does-not-see" and not missing:
        sys.exit("a header that should be out of sight was found" if run.returncode == 0 else run.stderr)


if __name__ == "__main__":
    main()
