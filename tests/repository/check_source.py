"""The house rules that a machine can check in the text of the sources.

Run in a checkout: prints every breach as `path:line: sentence` and fails when there is one.
"""

import os
import re
import subprocess
import sys

MAX_LINES = 900
# Bytes kept as they are: inputs of decoders and what older versions wrote.
FIXTURES = ("tests/fuzz/corpus/", "tests/compat/")
CODE = (".h", ".cpp")

# What the files of a folder may include from this repository; the longest matching name of a folder decides.
MAY_INCLUDE = {
    "runtime/base": ("runtime/base",),
    "runtime/crypto": ("runtime/crypto", "runtime/base"),
    "schema": ("schema", "runtime/base", "runtime/crypto"),
    "runtime": ("runtime", "schema/framing", "schema/lens", "schema/messages"),
    "actors": ("actors", "runtime", "schema"),
    "bridges": ("bridges", "actors", "runtime", "schema"),
    "examples": ("examples", "bridges", "actors", "runtime", "schema"),
    "bench": ("bench", "bridges", "actors", "runtime", "schema"),
    "tests": ("tests", "examples", "bench", "bridges", "actors", "runtime", "schema"),
    "cmake": ("cmake",),
}

# (headers, folders that may not include them, folders excepted, sentence)
FOREIGN_HEADERS = (
    (r"caf/", ("schema/", "runtime/"), (), "CAF belongs to actors/ and above"),
    (r"leveldb/", ("",), ("runtime/storage/", "tests/", "bench/"), "LevelDB belongs to runtime/storage"),
    (r"sodium", ("",), ("runtime/crypto/", "tests/", "bench/"), "libsodium belongs to runtime/crypto"),
    (r"(sys/socket\.h|netinet/|boost/(asio|beast))", ("",), ("actors/net/", "tests/", "bench/"), "sockets belong to actors/net"),
    (r"(thread|mutex|shared_mutex|condition_variable|future|random)>", ("schema/", "runtime/"), (),
     "no threads and no random source of its own under schema/ and runtime/"),
)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">\n]+[">])', re.MULTILINE)
RAW_STRING = re.compile(r'R"([^(\s]*)\(.*?\)\1"', re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
# A code block that shows a file of the repository: the marker, then the block.
SHOWN_FILE = re.compile(r"^<!-- file: (\S+) -->\n+```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CLOCK = re.compile(r"_clock::now\b|\bstd::random_device\b|\bs?rand\(\)")
# Pieced together so that this file does not break its own rules.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME")) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.\-*])/(" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me")) + r")(/|\b)")


def breaches_of(path, text, read):
    """Yields (line, sentence) for one file; `read` returns the text of a file of the repository, None when there is none."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if line.rstrip("\r\n \t") != line:
            yield number, "white space at the end of the line"
        if "\t" in line:
            yield number, "a tab"
        if MACHINE_PATH.search(line):
            yield number, "a path of one particular machine"
        if UNFINISHED.search(line):
            yield number, "something unfinished; finish it or write down why not"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end of the file"

    if path.endswith(".md"):
        yield from breaches_of_page(path, text, read)
    if not path.endswith(CODE):
        return
    if len(lines) - 1 > MAX_LINES:
        yield MAX_LINES, f"more than {MAX_LINES} lines: probably two questions in one room"
    name = os.path.basename(path)
    if not re.fullmatch(r"[a-z0-9_]+(\.tlfs)?\.(h|cpp)", name):
        yield 1, "the name of a source file is lower case with underscores"
    if path.endswith(".h"):
        if not text.startswith(("// ", "/* ")):
            yield 1, "a header begins with a comment that says what it is"
        if not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield 1, "no #pragma once"

    # The lines of a raw string are data: a generator may hold includes. They keep their number.
    code = RAW_STRING.sub(lambda match: "\n" * match.group().count("\n"), text)
    for match in INCLUDE.finditer(code):
        number = code.count("\n", 0, match.start()) + 1
        quote, header = match.group(1), match.group(2)
        for headers, folders, excepted, sentence in FOREIGN_HEADERS:
            if re.match(headers, header) and path.startswith(folders) and not path.startswith(excepted or ("\0",)):
                yield number, sentence
        if quote == '"':
            for sentence in breaches_of_include(path, header.rstrip('"'), read):
                yield number, sentence
    if path.startswith(("schema/", "runtime/")) and path != "runtime/base/environment.cpp":
        for match in CLOCK.finditer(code):
            yield code.count("\n", 0, match.start()) + 1, "time and randomness come in through Clock and Random"


def breaches_of_page(path, text, read):
    # Code blocks keep their lines, so that numbers stay right, but a lambda in one is no link.
    prose = CODE_BLOCK.sub(lambda block: "\n" * block.group().count("\n"), text)
    for match in LINK.finditer(prose):
        target = match.group(1)
        if "://" not in target and read(os.path.normpath(os.path.join(os.path.dirname(path), target))) is None:
            yield prose.count("\n", 0, match.start()) + 1, f"a link to {target}, which is not in the repository"
    for match in SHOWN_FILE.finditer(text):
        if match.group(2) != read(match.group(1)):
            yield text.count("\n", 0, match.start()) + 1, f"the code shown is not what {match.group(1)} says"


def breaches_of_include(path, header, read):
    # What a test has generated for itself lies in its build directory.
    if path.startswith("tests/") and header.endswith((".capnp.h", ".tlfs.h")):
        return
    folder = header.split("/")[0]
    if "/" not in header or folder not in {f.split("/")[0] for f in MAY_INCLUDE}:
        yield f'"{header}" is not written from the root of the project'
        return
    generated = header.endswith(".capnp.h") and read(header.removesuffix(".h")) is not None
    if read(header) is None and not generated:
        yield f'"{header}" is not in the repository'
    home = max((f for f in MAY_INCLUDE if path.startswith(f + "/")), key=len, default=None)
    if home is None:
        yield "no rule says what this folder may include"
    elif not header.startswith(tuple(f + "/" for f in MAY_INCLUDE[home])):
        yield f'"{header}" is against the direction of dependencies: {home} does not see it'


def files():
    # safe.directory: whoever runs the tests need not be the owner of the checkout.
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listing.returncode != 0:
        print("skipped: this is not a git checkout, so it is not known which files belong to it")
        sys.exit(77)
    names = [name for name in listing.stdout.decode().split("\0") if name]
    return [name for name in names if os.path.isfile(name) and not name.startswith(FIXTURES)]


def read_file(path):
    """The text of a file, an empty one for a folder and for what is no text, None when there is nothing."""
    if os.path.isdir(path):
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        return ""
    except OSError:
        return None


def main():
    names = files()
    found = 0
    for path in names:
        with open(path, "rb") as file:
            content = file.read()
        if b"\0" in content:
            continue
        try:
            text = content.decode()
        except UnicodeDecodeError:
            print(f"{path}:1: not UTF-8")
            found += 1
            continue
        for line, sentence in breaches_of(path, text, read_file):
            print(f"{path}:{line}: {sentence}")
            found += 1
    if found:
        sys.exit(f"{found} breaches of the house rules")
    print(f"{len(names)} files keep the house rules.")


if __name__ == "__main__":
    main()
