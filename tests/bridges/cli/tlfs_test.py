"""The program `tlfs` as a shell meets it: what it prints where, and its exit codes.

    tlfs_test.py PROGRAM
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


EVERY_KIND = """
every {
  0.1.0 {
    .: Struct  .flag: EWFlag  .count: Counter  .text: Text
    .bool: MVReg<bool>  .u: MVReg<u64>  .i: MVReg<i64>  .f: MVReg<f64>  .s: MVReg<String>  .bytes: MVReg<Bytes>
    .list: Array  .list.[]: Struct  .list.[].x: MVReg<String>
    .by: Table<u64>  .by.{}: Table<String>  .by.{}.{}: Array  .by.{}.{}.[]: Text
    .set: MVReg<i64>  .set.default(-7)
  }
  0.2.0 { .s.rename(word) }
}
other { 0.1.0 { .: Text } }
"""


def tlfs(*arguments, given=b""):
    given = given if isinstance(given, bytes) else given.encode()
    run = subprocess.run([PROGRAM, *arguments], capture_output=True, check=False, input=given, timeout=60)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


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


class Json(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.schema = os.path.join(cls.folder.name, "every.tlfs")
        with open(cls.schema, "w", encoding="utf-8") as out:
            out.write(EVERY_KIND)

    def json(self, given, *options, name="every"):
        return tlfs("json", "--schema", self.schema, "--name", name, *options, "-", given=given)

    def assert_refused(self, given, sentence, *options):
        self.assertEqual(self.json(given, *options), (1, "", "standard input: " + sentence + "\n"))

    def test_a_document_that_has_everything_comes_back_as_it_was(self):
        given = (
            '{"flag":true,"count":-3,"text":"e\u0301 \U0001f600","bool":false,"u":"18446744073709551615","i":"-9223372036854775808",'
            '"f":1.5,"word":"x","bytes":"AAECaw==","list":[{"x":"a"},{"x":null}],'
            '"by":{"7":{},"12":{"k":["p",""]},"18446744073709551615":{"":[]}},"set":0}'
        )
        self.assertEqual(self.json(given), (0, given + "\n", ""))
        code, pretty, err = self.json(given, "--pretty")
        self.assertEqual((code, json.loads(pretty), err), (0, json.loads(given), ""))
        self.assertIn('\n  "by": {\n    "7": {}', pretty)

    def test_integers_are_numbers_up_to_two_to_the_53(self):
        edge = '"u":9007199254740992,"i":-9007199254740992'
        self.assertIn(edge, self.json("{" + edge + "}")[1])
        beyond = '"u":"9007199254740993","i":"-9007199254740993"'
        self.assertIn(beyond, self.json("{" + beyond + "}")[1])

    def test_what_is_not_named_is_empty_and_defaults_show_where_nothing_is_set(self):
        nothing = (
            '{"flag":false,"count":0,"text":"","bool":null,"u":null,"i":null,"f":null,"word":null,"bytes":null,"list":[],'
            '"by":{},"set":-7}\n'
        )
        self.assertEqual(self.json("{}"), (0, nothing, ""))
        self.assertEqual(self.json(nothing.replace("-7", "null")), (0, nothing, ""))

    def test_a_version_has_its_own_names_and_a_schema_its_own_root(self):
        self.assertIn('"s":"x"', self.json('{"s":"x"}', "--version", "0.1.0")[1])
        self.assert_refused('{"s":"x"}', '.: version 0.2.0 has no field "s" here')
        self.assertEqual(self.json('"plain"', name="other"), (0, '"plain"\n', ""))

    def test_a_compiled_package_serves_as_well_as_the_text(self):
        package = os.path.join(self.folder.name, "every.tlfspkg")
        self.assertEqual(tlfs("schema", "compile", self.schema, "-o", package)[0], 0)
        self.assertEqual(tlfs("json", "--schema", package, "--name", "other", "-", given='"x"'), (0, '"x"\n', ""))

    def test_the_first_place_that_does_not_fit_is_named_with_what_was_expected(self):
        integer = "expected an integer of 64 bits (as a string beyond 2^53)"
        for given, sentence in (
            ("[]", ".: expected an object, found an array"),
            ('{"nope":1}', '.: version 0.2.0 has no field "nope" here'),
            ('{"flag":1}', ".flag: expected true or false, found the number 1"),
            ('{"flag":null}', ".flag: expected true or false, found null"),
            ('{"count":1.5}', f".count: {integer}, found the number 1.5"),
            ('{"text":null}', ".text: expected a string, found null"),
            ('{"bool":"true"}', '.bool: expected true, false or null, found the string "true"'),
            ('{"u":-1}', ".u: expected an integer from 0 to 2^64-1 (as a string beyond 2^53) or null, found the number -1"),
            ('{"i":9007199254740993}', f'.i: {integer} or null, found the number "9007199254740993"'),
            ('{"i":"7"}', f'.i: {integer} or null, found the string "7"'),
            ('{"f":"1"}', '.f: expected a finite number or null, found the string "1"'),
            ('{"word":[]}', ".word: expected a string or null, found an array"),
            ('{"bytes":"AAE"}', '.bytes: expected bytes as a base64 string or null, found the string "AAE"'),
            ('{"list":{}}', ".list: expected an array, found an object"),
            ('{"list":[{"x":"a"},{"x":3}]}', ".list[1].x: expected a string or null, found the number 3"),
            ('{"by":{"01":{}}}', '.by: expected a key of type u64, found "01"'),
            ('{"by":{"1":{"a b":["x",{}]}}}', '.by{1}["a b"][1]: expected a string, found an object'),
        ):
            with self.subTest(given):
                self.assert_refused(given, sentence)

    def test_what_is_no_json_is_refused_with_line_and_column(self):
        for given, sentence in (
            ("", "line 1, column 1: "),
            ('{\n  "u": 1,\n  "u": 2}', 'line 3, column 6: the name "u" occurs twice in one object'),
            ('{"u":1}x', "line 1, column 8: "),
            ('{"f":1e400}', "line 1, column 6: "),
            ('{"f":NaN}', "line 1, column 6: "),
            ('{"text":"\\ud800"}', "line 1, column "),
            ("[" * 129, "line 1, column 129: nested more than 128 deep"),
            ("[" * 1000000, "line 1, column 129: nested more than 128 deep"),
            (b'{"text":"\xff"}', "the text is not valid UTF-8"),
        ):
            with self.subTest(given[:40]):
                code, out, err = self.json(given)
                self.assertEqual((code, out), (1, ""))
                self.assertTrue(err.startswith("standard input: " + sentence), err)
                self.assertEqual(err.count("\n"), 1)

    def test_input_without_end_is_refused_before_memory_is(self):
        with open("/dev/zero", "rb") as endless:
            run = subprocess.run([PROGRAM, "json", "--schema", self.schema, "--name", "every", "-"], stdin=endless,
                                 capture_output=True, check=False, timeout=60)
        self.assertEqual((run.returncode, run.stdout), (1, b""))
        self.assertEqual(run.stderr, b"standard input: is larger than 67108864 bytes\n")

    def test_files_that_are_not_there_are_1_and_schemas_or_versions_that_are_not_there_are_2(self):
        missing = os.path.join(self.folder.name, "none")
        self.assertEqual(tlfs("json", "--schema", self.schema, "--name", "every", missing),
                         (1, "", missing + ": cannot be read; expected JSON\n"))
        self.assertEqual(tlfs("json", "--schema", missing, "--name", "every", "-")[0], 1)
        self.assertEqual(self.json("{}", name="nobody"),
                         (2, "", self.schema + " holds no schema nobody; it holds every, other\n"))
        self.assertEqual(tlfs("json", "--schema", self.schema, "-"),
                         (2, "", self.schema + " holds 2 schemas: every, other; choose one with --name\n"))
        self.assertEqual(self.json("{}", "--version", "9.0.0"),
                         (2, "", "schema every has no version 9.0.0; it has 0.1.0, 0.2.0\n"))
        self.assertEqual(tlfs("json")[0], 2)


class Replay(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def trace(self, content, pack=False):
        path = os.path.join(self.folder.name, "trace.json" + (".gz" if pack else ""))
        with (gzip.open if pack else open)(path, "wb") as out:
            out.write(json.dumps(content, ensure_ascii=False).encode())
        return path

    def test_a_trace_that_ends_as_it_says_is_0_and_its_figures_are_printed(self):
        content = {"startContent": "a\U0001f600", "endContent": "ab\U0001f600", "txns": [{"patches": [[1, 0, "b"]]}]}
        for pack in (False, True):
            path = self.trace(content, pack)
            code, out, err = tlfs("replay", path)
            self.assertEqual((code, err), (0, ""))
            self.assertRegex(out, r"(?s)one writer, 1 transaction\nedits +1\ntime .*/s\).*\nhistory +\d+ B in 1 change")
            for options in ((), ("--batch",)):
                code, out, err = tlfs("replay", "--json", *options, path)
                self.assertEqual((code, err, out.count("\n")), (0, "", 1))
                figures = json.loads(out)
                self.assertEqual((figures["edits"], figures["characters"], figures["matches"]), (1, 3, True))
                self.assertEqual(figures["batch"], bool(options))
                self.assertGreater(figures["seconds"], 0)
                self.assertGreater(figures["edits_per_second"], 0)
                self.assertGreater(figures["history_bytes"], 100)

    def test_a_trace_that_ends_otherwise_is_1_with_one_line_of_why(self):
        content = {"startContent": "", "endContent": "b", "txns": [{"patches": [[0, 0, "a"]]}]}
        for options in ((), ("--json",), ("--batch",)):
            path = self.trace(content)
            code, out, err = tlfs("replay", *options, path)
            self.assertEqual((code, out, err.count("\n")), (1, "", 1))
            self.assertTrue(err.startswith(path + ": the text of "), err)

    def test_a_patch_outside_the_text_is_1_and_names_the_transaction(self):
        path = self.trace({"kind": "concurrent", "endContent": "a", "numAgents": 2, "txns": [
            {"parents": [], "agent": 0, "patches": [[0, 0, "a"]]}, {"parents": [], "agent": 1, "patches": [[1, 0, "b"]]}]})
        self.assertEqual(tlfs("replay", path), (1, "", path + ": transaction 1: .text: positions 1 to 1 of a text of 0\n"))

    def test_what_is_no_trace_is_1_and_no_trace_at_all_is_2(self):
        self.assertEqual(tlfs("replay", os.path.join(self.folder.name, "none"))[0], 1)
        self.assertEqual(tlfs("replay", self.trace([]))[0], 1)
        self.assertEqual(tlfs("replay")[0], 2)


if __name__ == "__main__":
    unittest.main()
