"""Whether examples/c_todo builds and runs against an installed package alone: by find_package and by pkg-config.

Usage: installed_test.py CMAKE BUILD EXAMPLE
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, timeout=100,
                          **options).stdout


def main():
    cmake, build, example = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = folder / "prefix"
        try:
            run(cmake, "--install", build, "--component", "c", "--prefix", prefix)
            # Away from the sources, so that nothing but the package is found.
            shutil.copytree(example, folder / "c_todo")
            run(cmake, "-S", folder / "c_todo", "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
            run(cmake, "--build", folder / "build")
            data = folder / "data"
            run(folder / "build" / "c_todo", data, "add", "milk")
            run(folder / "build" / "c_todo", data, "add", "bread")
            shown = run(folder / "build" / "c_todo", data, "list")

            pc = next(prefix.glob("lib*/**/tlfs.pc")).parent
            flags = run("pkg-config", "--cflags", "--libs", "tlfs", env={**os.environ, "PKG_CONFIG_PATH": str(pc)}).split()
            library = next(prefix.glob("lib*/**/libtlfs.so")).parent
            run("cc", "-std=c11", example + "/c_todo.c", "-o", folder / "by_pkg_config", *flags, f"-Wl,-rpath,{library}")
            again = run(folder / "by_pkg_config", data, "list")
        except subprocess.CalledProcessError as problem:
            print(problem.cmd, problem.stdout, problem.stderr, sep="\n")
            return 1
    expected = "0 milk\n1 bread\n"
    print(shown)
    return 0 if shown == expected and again == expected else 1


if __name__ == "__main__":
    sys.exit(main())
