"""Each house rule is shown a breach and must see it, and something close to a breach and must let it pass."""

import unittest

from check_source import breaches_of

PRESENT = dict.fromkeys(("runtime/base/result.h", "runtime/document/document.h", "actors/node/node.h", "docs/README.md",
                         "schema/messages/change.capnp", "schema/lens/package.h"), "")
PRESENT["examples/a.cpp"] = "int main() {\n}\n"
HEADER = "// A thing.\n#pragma once\n"


def breaches(path, text):
    return [sentence for _, sentence in breaches_of(path, text, PRESENT.get)]


class HouseRules(unittest.TestCase):
    def assert_breach(self, path, text, part):
        found = breaches(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])

    def assert_clean(self, path, text):
        self.assertEqual(breaches(path, text), [])

    def test_caf_stays_out_of_schema_and_runtime(self):
        self.assert_breach("runtime/document/a.cpp", "#include <caf/actor.hpp>\n", "CAF")
        self.assert_breach("schema/lens/a.cpp", '#  include <caf/all.hpp>\n', "CAF")
        self.assert_clean("actors/node/a.cpp", "#include <caf/actor.hpp>\n")
        self.assert_clean("runtime/document/a.cpp", "// #include <caf/actor.hpp> would be wrong here\n")

    def test_storage_crypto_and_sockets_have_one_home_each(self):
        self.assert_breach("actors/store/a.cpp", "#include <leveldb/db.h>\n", "LevelDB")
        self.assert_clean("runtime/storage/a.cpp", "#include <leveldb/db.h>\n")
        self.assert_breach("runtime/document/a.cpp", "#include <sodium.h>\n", "libsodium")
        self.assert_clean("runtime/crypto/a.cpp", "#include <sodium.h>\n")
        self.assert_breach("bridges/websocket/a.cpp", "#include <boost/beast/core.hpp>\n", "sockets")
        self.assert_clean("actors/net/a.cpp", "#include <sys/socket.h>\n")

    def test_the_runtime_has_no_threads_clocks_or_dice(self):
        self.assert_breach("runtime/sync/a.cpp", "#include <thread>\n", "threads")
        self.assert_breach("runtime/sync/a.cpp", "auto t = std::chrono::steady_clock::now();\n", "Clock")
        self.assert_clean("runtime/base/environment.cpp", "auto t = std::chrono::steady_clock::now();\n")
        self.assert_clean("actors/node/a.cpp", "#include <thread>\n")

    def test_includes_follow_the_direction(self):
        self.assert_breach("runtime/document/a.cpp", '#include "actors/node/node.h"\n', "direction")
        self.assert_breach("schema/compiler/a.cpp", '#include "runtime/document/document.h"\n', "direction")
        self.assert_breach("runtime/crypto/a.cpp", '#include "schema/lens/package.h"\n', "direction")
        self.assert_clean("actors/node/a.cpp", '#include "runtime/document/document.h"\n')
        self.assert_clean("runtime/document/a.cpp", '#include "schema/lens/package.h"\n')

    def test_includes_are_written_from_the_root_and_lead_somewhere(self):
        self.assert_breach("runtime/base/a.cpp", '#include "result.h"\n', "root of the project")
        self.assert_breach("runtime/base/a.cpp", '#include "../base/result.h"\n', "root of the project")
        self.assert_breach("runtime/base/a.cpp", '#include "runtime/base/results.h"\n', "not in the repository")
        self.assert_clean("runtime/document/a.cpp", '#include "schema/messages/change.capnp.h"\n')
        self.assert_clean("tests/actors/a.cpp", '#include "note.capnp.h"\n')
        self.assert_breach("actors/node/a.cpp", '#include "note.capnp.h"\n', "root of the project")

    def test_includes_inside_a_raw_string_are_data(self):
        self.assert_clean("schema/compiler/a.cpp", 'auto s = R"(\n#include "runtime/document/document.h"\n)";\n')

    def test_a_header_says_what_it_is_and_is_read_once(self):
        self.assert_clean("runtime/base/a.h", HEADER)
        self.assert_breach("runtime/base/a.h", "#pragma once\n", "begins with a comment")
        self.assert_breach("runtime/base/a.h", "// A thing.\n", "#pragma once")

    def test_links_of_a_page_lead_somewhere(self):
        self.assert_clean("docs/a.md", "[a](README.md#top) [b](../runtime/base/result.h) [c](https://example.org/x)\n")
        self.assert_breach("docs/a.md", "[a](runtime/base/result.h)\n", "link")
        self.assert_clean("docs/a.md", "```cpp\nf([](int a) {});\n```\n")
        self.assert_breach("docs/a.md", "```\n[](x)\n```\n[a](x)\n```\n```\n", "a link to x")

    def test_code_shown_on_a_page_is_the_code_of_its_file(self):
        page = "Text\n\n<!-- file: examples/a.cpp -->\n```cpp\nint main() {\n}\n```\n"
        self.assert_clean("README.md", page)
        self.assert_breach("README.md", page.replace("main", "mine"), "not what examples/a.cpp says")
        self.assert_breach("README.md", page.replace("a.cpp", "b.cpp"), "not what examples/b.cpp says")

    def test_no_file_is_too_long(self):
        self.assert_clean("runtime/base/a.cpp", "x\n" * 900)
        self.assert_breach("runtime/base/a.cpp", "x\n" * 901, "900 lines")

    def test_source_files_have_plain_names(self):
        self.assert_breach("runtime/base/MyFile.cpp", "x\n", "lower case")

    def test_nothing_unfinished_no_machine_paths_no_stray_white_space(self):
        self.assert_breach("README.md", "TO" "DO: more\n", "unfinished")
        self.assert_breach("a.txt", "see /ro" "ot/x\n", "machine")
        self.assert_breach("a.txt", "/ho" "me/me/x\n", "machine")
        self.assert_clean("a.txt", "x/wo" "rk/y and net" "work/peers and ho" "me/x\n")
        self.assert_breach("a.txt", "x \n", "end of the line")
        self.assert_breach("a.txt", "x\r\n", "end of the line")
        self.assert_breach("a.txt", "a\tb\n", "tab")
        self.assert_breach("a.txt", "x", "no newline")

    def test_breaches_carry_the_number_of_their_line(self):
        text = 'auto s = R"(\n\n)";\n#include <caf/actor.hpp>\n'
        self.assertEqual([line for line, _ in breaches_of("runtime/base/a.cpp", text, PRESENT.get)], [4])


if __name__ == "__main__":
    unittest.main()
