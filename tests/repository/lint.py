"""Runs clang-tidy over the sources of a build directory, several at a time, and fails when it finds anything.

Without file names it takes every source of ours that the build compiles, tests left out: they are macros of the test
framework for the most part, and would take more time than all the rest. The compile commands are copied with what only
the compiler of that build understands (its precompiled headers, the names of some warnings) taken out.
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

FOLDERS = ("schema/", "runtime/", "actors/", "bridges/", "examples/", "bench/")
# Cap'n Proto's headers need it on a newer clang; a build with g++ does not name it.
FORCED = "cmake/kj_cxx20.h"
FOREIGN = re.compile(r" (-Winvalid-pch|-Wno-restrict|-Wno-stringop-overflow|-include \S*cmake_pch\.hxx|-include-pch \S+|-fpch-\S+)(?= )")


def commands(build, root):
    """The compile commands of our own sources, by path from the root."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    ours = {}
    for entry in entries:
        path = os.path.relpath(entry["file"], root)
        # Generated code lies under build/, third-party code outside.
        if path.startswith(FOLDERS + ("tests/",)):
            entry["command"] = FOREIGN.sub("", entry["command"])
            if FORCED not in entry["command"]:
                entry["command"] += " -include " + os.path.join(root, FORCED)
            ours.setdefault(path, entry)
    return ours


def check(tidy, database, path):
    started = time.monotonic()
    run = subprocess.run([tidy, "--quiet", "-p", database, path], capture_output=True, text=True, check=False)
    return path, run.returncode, run.stdout.strip() or run.stderr.strip(), time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="a build directory with compile_commands.json")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--tidy", default="clang-tidy-16")
    parser.add_argument("--times", action="store_true", help="print how long each file took")
    parser.add_argument("files", nargs="*", help="paths from the root (default: every source of ours but the tests)")
    arguments = parser.parse_args()

    root = os.getcwd()
    ours = commands(arguments.build, root)
    files = [os.path.relpath(f, root) for f in arguments.files] or [p for p in ours if p.startswith(FOLDERS)]
    unknown = [f for f in files if f not in ours]
    if unknown:
        sys.exit("not compiled by " + arguments.build + ": " + ", ".join(unknown))
    if not files:
        sys.exit("no sources in " + arguments.build + "; build first")

    database = os.path.join(arguments.build, "lint")
    os.makedirs(database, exist_ok=True)
    with open(os.path.join(database, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(list(ours.values()), file, indent=1)

    # The largest first, so that none is left alone at the end.
    files.sort(key=os.path.getsize, reverse=True)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(check, arguments.tidy, database, f) for f in files]):
            path, code, output, seconds = done.result()
            if arguments.times:
                print(f"{seconds:6.1f} s  {path}", flush=True)
            if code != 0:
                failed.append(path)
                print(output, flush=True)
    if failed:
        sys.exit("clang-tidy objects to " + ", ".join(sorted(failed)))
    print(f"clang-tidy has nothing to say about {len(files)} files.")


if __name__ == "__main__":
    main()
