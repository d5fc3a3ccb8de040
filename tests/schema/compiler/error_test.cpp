// Every mistake in a .tlfs text has a message of its own that names place, fault and remedy.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "schema/compiler/compile.h"

using tlfs::schema::compile;
using tlfs::schema::compile_with_diagnostics;

namespace {

// The whole error text, or "accepted".
std::string complaint(std::string_view text) {
  const auto result = compile(text, "t.tlfs");
  return result.ok() ? "accepted" : result.error().message();
}

// Exactly one complaint, at `place` (line:column), with this message and, in its last line, this expectation.
void rejects(std::string_view text, std::string_view place, std::string_view message, std::string_view expectation) {
  const std::string said = complaint(text);
  INFO("text:\n" << text << "\nsaid:\n" << said);
  CHECK(compile_with_diagnostics(text).diagnostics.size() == 1);
  const std::string first_line = said.substr(0, said.find('\n'));
  CHECK(first_line == "t.tlfs:" + std::string(place) + ": " + std::string(message));
  if (!expectation.empty()) CHECK(said.find("\n  expected " + std::string(expectation)) != std::string::npos);
}

// One version of a todo list with `statements` behind it.
std::string todo(std::string_view statements) {
  return "todo { 0.1.0 {\n.: Struct\n.title: MVReg<String>\n.tasks: Array\n.tasks.[]: Struct\n.tasks.[].done: EWFlag\n"
         ".people: Table<String>\n.people.{}: Text\n.attrs: Struct\n.attrs.size: MVReg<u64>\n.private: Struct "
         "@compartment\n"
         ".private.note: Text\n" +
         std::string(statements) + "\n} }";
}
// `statements` begin on this line of todo().
constexpr std::string_view kLine = "13:";

void rejects_statement(std::string_view statement, int column, std::string_view message, std::string_view expectation) {
  rejects(todo(statement), std::string(kLine) + std::to_string(column), message, expectation);
}

}  // namespace

TEST_CASE("An error shows file, line, column, the offending line with a caret, and what was expected") {
  CHECK(complaint("todo {\n  0.1.0 {\n\t.: Struct\n\t.title: MVReg<Strng>\n  }\n}\n") ==
        "t.tlfs:4:16: unknown type \"Strng\"\n"
        "  \t.title: MVReg<Strng>\n"
        "  \t              ^~~~~\n"
        "  expected bool, u64, i64, f64, String or Bytes; did you mean \"String\"?");
}

TEST_CASE("A column counts characters, not bytes, and the caret stands below its character") {
  CHECK(complaint("/* größer */ a { 0.1.0 { .: Strct } }") ==
        "t.tlfs:1:29: unknown type \"Strct\"\n"
        "  /* größer */ a { 0.1.0 { .: Strct } }\n"
        "                              ^~~~~\n"
        "  expected a type: Struct, Table<...>, Array, Text, MVReg<...>, EWFlag or Counter; did you mean \"Struct\"?");
  rejects("/* größer */ todo { 0.1.0 { .: Strct } }", "1:32", "unknown type \"Strct\"", "a type: Struct");
}

TEST_CASE("Several mistakes are reported together, and what only follows from one is not") {
  const std::string text = todo(".lists: Arry\n.lists.[]: Struct\n.lists.[].name: Text\n.titel.remove()");
  const auto found = compile_with_diagnostics(text);
  REQUIRE(found.diagnostics.size() == 2);
  CHECK(found.diagnostics[0].message == "unknown type \"Arry\"");
  CHECK(found.diagnostics[1].message == "there is no .titel");
}

TEST_CASE("The compiler stops after a bounded number of complaints") {
  std::string statements;
  for (int i = 0; i < 1000; ++i) statements += ".f" + std::to_string(i) + ": Nothing\n";
  CHECK(compile_with_diagnostics(todo(statements)).diagnostics.size() == tlfs::schema::kMaxDiagnostics);
}

TEST_CASE("Text that is not .tlfs is refused with what should stand there") {
  rejects("", "1:1", "there is no schema", "a schema: name {");
  rejects("// nothing\n", "1:1", "there is no schema", "a schema: name {");
  rejects("{", "1:1", "unexpected \"{\"", "the name of a schema");
  rejects("todo", "1:5", "the text ends here", "{ and the versions of this schema");
  rejects("todo 0.1.0 {", "1:6", "unexpected \"0\"", "{ and the versions of this schema");
  rejects("todo {\n  0.1.0 {\n  .: Struct\n", "4:1", "the text ends here", "a statement that begins with a dot, or }");
  rejects("todo { 0.1.0 { .: Struct title: Text } }", "1:26", "unexpected \"title\"",
          "a statement that begins with a dot");
  rejects("todo { .: Struct }", "1:8", "unexpected \".\"", "a version such as 0.1.0");
  rejects("todo { 0.1.0 .: Struct }", "1:14", "unexpected \".\"", "{ and the statements of this version");
  rejects("todo { 0.1.0 { .: Struct .a } }", "1:29", "unexpected \"}\"", "a colon and a type, or a method");
  rejects("todo { 0.1.0 { .: Struct .a: } }", "1:30", "unexpected \"}\"", "a type: Struct");
  rejects("todo { 0.1.0 { .: Struct .a: MVReg< } }", "1:37", "unexpected \"}\"", "bool, u64");
  rejects("todo { 0.1.0 { .: Struct .a: MVReg<u64 } }", "1:40", "unexpected \"}\"", ">");
  rejects("todo { 0.1.0 { .: Struct .a.[: Text } }", "1:30", "unexpected \":\"", "[], the values of an array");
  rejects("todo { 0.1.0 { .: Struct .a.{: Text } }", "1:30", "unexpected \":\"", "{}, the values of a table");
  rejects("todo { 0.1.0 { .: Struct .a.: Text } }", "1:29", "unexpected \":\"", "a field name, a method, [] or {}");
  rejects("todo { 0.1.0 { .: Struct .a.rename(b: Text } }", "1:37", "unexpected \":\"", "a name, a number, a string");
  rejects("todo { 0.1.0 { .: Struct .a.rename(b).c: Text } }", "1:39", ".rename(...) ends its statement",
          "a new statement");
  rejects("todo { 0.1.0 { .: Struct .a: Text @ } }", "1:36", "unexpected \" \"", "compartment");
  rejects("todo { 0.1.0 { .: Struct } } ü", "1:30", "unexpected \"ü\"", "the name of a schema");
  rejects("todo { 0.1.0 { .: Struct \xff } }", "1:26", "this is not UTF-8 text", "a text file in UTF-8");
}

TEST_CASE("A comment and a string that never end are shown where they began") {
  rejects("todo {\n  /* 0.1.0 {\n", "2:3", "this comment never ends", "*/");
  rejects("todo { 0.1.0 { .: MVReg<String> .default(\"x) } }\n\"", "1:42", "this string never ends",
          "\" on the same line");
}

TEST_CASE("A text beyond the limit of its size is refused") {
  CHECK(complaint(std::string(tlfs::schema::kMaxSourceBytes + 1, ' ')).find("this text is too long") !=
        std::string::npos);
}

TEST_CASE("Schemas of one file have different names") {
  rejects("a { 0.1.0 { .: Struct } } a { 0.1.0 { .: Text } }", "1:27", "there is a schema a already", "another name");
  rejects("a { }", "1:1", "schema a has no version", "a version such as 0.1.0");
  rejects(std::string(65, 'a').append(" { 0.1.0 { .: Text } }"), "1:1", "this name is too long",
          "at most 64 characters");
}

TEST_CASE("Versions are three numbers in ascending order") {
  rejects("a { 0.1 { .: Struct } }", "1:5", "\"0.1\" is not a version", "three numbers");
  rejects("a { 0.01.0 { .: Struct } }", "1:5", "\"0.01.0\" is not a version", "three numbers without leading zeros");
  rejects("a { 0.1.4294967296 { .: Struct } }", "1:5", "\"0.1.4294967296\" is not a version", "three numbers");
  rejects("a { 0.1.0 { .: Struct } 0.1.0 { } }", "1:25", "version 0.1.0 is there twice", "a version above 0.1.0");
  rejects("a { 0.10.0 { .: Struct } 0.9.0 { } }", "1:26", "version 0.9.0 stands after 0.10.0",
          "versions in ascending order");
}

TEST_CASE("The root is declared first, once, and stays") {
  rejects("a { 0.1.0 { } }", "1:5", "version 0.1.0 declares no root", ".: and its type");
  rejects("a { 0.1.0 { .x: Text } }", "1:13", "the root is not declared yet", ".: and its type");
  rejects("a { 0.1.0 { .remove() } }", "1:14", "the root is not declared yet", ".: and its type");
  rejects("a { 0.1.0 { .: Struct .: Array } }", "1:23", "the root is declared already, as Struct",
          "the root to be declared once");
  rejects("a { 0.1.0 { .: Struct @compartment } }", "1:24", "the root is a compartment already",
          "the mark on something below");
  rejects_statement(".remove()", 2, "the root cannot be removed", "the path of something below the root");
  rejects_statement(".rename(x)", 2, "the root cannot be renamed", "the path of something below the root");
  rejects_statement(".hoist()", 2, "the root cannot be hoisted", "the path of something below the root");
  rejects_statement(".plunge(attrs)", 2, "the root cannot be plunged", "the path of something below the root");
  rejects_statement(".restore()", 2, "the root cannot be restored", "the path of something below the root");
}

TEST_CASE("A type is one of seven kinds with what it holds") {
  rejects_statement(".x: Sturct", 5, "unknown type \"Sturct\"",
                    "a type: Struct, Table<...>, Array, Text, MVReg<...>, EWFlag or "
                    "Counter; did you mean \"Struct\"?");
  rejects_statement(".x: String", 5, "\"String\" is what a register holds, not a type of its own", "MVReg<String>");
  rejects_statement(".x: MVReg", 5, "MVReg does not say what it holds", "MVReg<...> with bool, u64");
  rejects_statement(".x: Table", 5, "Table does not say what its keys are", "Table<...> with bool, u64, i64 or String");
  rejects_statement(".x: Array<u64>", 11, "Array takes no type in < >", "Array alone");
  rejects_statement(".x: MVReg<int>", 11, "unknown type \"int\"", "bool, u64");
  rejects_statement(".x: Table<f64>", 11, "f64 cannot be the key of a table", "bool, u64, i64 or String");
  rejects_statement(".x: Table<Bytes>", 11, "Bytes cannot be the key of a table", "bool, u64, i64 or String");
}

TEST_CASE("A mark is @compartment, once") {
  rejects_statement(".x: Text @compartmnt", 11, "unknown mark @compartmnt",
                    "@compartment; did you mean \"compartment\"?");
  rejects_statement(".x: Text @compartment @compartment", 24, "@compartment is there twice", "the mark once");
}

TEST_CASE("A declaration needs a parent that can hold it") {
  rejects_statement(".lists.[]: Text", 2, "there is no .lists", "something declared before this line");
  rejects_statement(".task.[].x: Text", 2, "there is no .task",
                    "something declared before this line; did you mean \"tasks\"?");
  rejects_statement(".title.x: Text", 8, ".title is MVReg<String> and holds nothing below it",
                    "a parent that is a Struct, Array or Table");
  rejects_statement(".private.note.x: Text", 15, ".private.note is Text and holds nothing below it", "a parent that");
  rejects_statement(".tasks.{}: Text", 8, ".tasks is an Array: its values are written .tasks.[]", "[]");
  rejects_statement(".tasks.x: Text", 8, ".tasks is an Array: its values are written .tasks.[]", "[]");
  rejects_statement(".people.[]: Text", 9, ".people is a Table<String>: its values are written .people.{}", "{}");
  rejects_statement(".attrs.[]: Text", 8, ".attrs is a Struct and has fields, not []", "the name of a field");
  rejects_statement(".title: Text", 1, "there is a .title already, MVReg<String>", "a name that is not taken");
  rejects_statement(".tasks.[]: Text", 1, "there is a .tasks.[] already, Struct", "a name that is not taken");
  rejects_statement(std::string(".").append(65, 'x').append(": Text"), 2, "this name is too long",
                    "at most 64 characters");
}

TEST_CASE("Depth is limited") {
  std::string deep, path;
  for (int i = 0; i < 64; ++i) deep += (path += ".a") + ": Struct\n";
  CHECK(complaint("s { 0.1.0 { .: Struct\n" + deep + "} }") == "accepted");
  rejects("s { 0.1.0 { .: Struct\n" + deep + path + ".a: Text } }", "66:130", "this path is too deep",
          "at most 64 steps");
}

TEST_CASE("A field that would be moved too deep is refused") {
  std::string deep, path = ".b";
  for (int i = 0; i < 63; ++i) deep += (path += ".a") + ": Struct\n";
  rejects("s { 0.1.0 { .: Struct .c: Struct .b: Struct\n" + deep + "\n.b.plunge(c) } }", "66:1",
          "a place lies at most 64 steps below the root", "");
}

TEST_CASE("Only what is there can be removed") {
  rejects_statement(".titel.remove()", 2, "there is no .titel",
                    "something declared before this line; did you mean \"title\"?");
  rejects(todo(".title.remove()\n.title.rename(x)"), "14:2",
          "there is no .title: it was removed; .restore() shows it again", "something declared before this line");
}

TEST_CASE("A method is known and gets what it needs") {
  rejects_statement(".title.delete()", 8, "unknown method \"delete\"", "remove(), restore(), hoist()");
  rejects_statement(
      ".title.renam(x)", 8, "unknown method \"renam\"",
      "remove(), restore(), hoist(), rename(name), plunge(name) or default(value); did you mean \"rename\"?");
  rejects_statement(".title.rename()", 8, "rename needs an argument", ".rename(name) with the field's new name");
  rejects_statement(".title.remove(x)", 15, "remove takes no argument", ".remove() without an argument");
  rejects_statement(".title.rename(\"x\")", 15, "rename takes a name", ".rename(name) with the field's new name");
  rejects_statement(std::string(".title.rename(").append(65, 'x').append(")"), 15, "this name is too long",
                    "at most 64 characters");
}

TEST_CASE("A rename needs a field and a free name") {
  rejects_statement(".title.rename(tasks)", 15, "there is a .tasks already, Array", "a name that is not taken");
  rejects_statement(".title.rename(title)", 15, "there is a .title already, MVReg<String>", "a name that is not taken");
  rejects_statement(".tasks.[].rename(x)", 8, ".tasks.[] has no name of its own", "the path of a struct's field");
}

TEST_CASE("Hoist moves a field out of a struct in a struct, within one compartment") {
  rejects_statement(".title.hoist()", 2, "there is nothing above the root to hoist to",
                    "a field of a struct in a struct");
  rejects_statement(".tasks.[].hoist()", 8, ".tasks.[] is not a field", "the path of a field of a struct in a struct");
  rejects_statement(".tasks.[].done.hoist()", 11, "around .tasks.[] there is Array, not a Struct; keys never change",
                    "a field of a struct in a struct");
  rejects_statement(".private.note.hoist()", 10, ".private.note cannot cross the boundary of the compartment .private",
                    "both structs in one compartment");
  rejects_statement(".size: Text .attrs.size.hoist()", 20, "there is a .size already, Text",
                    "a name that is not taken");
}

TEST_CASE("Plunge moves a field into a struct beside it, within one compartment") {
  rejects_statement(".title.plunge(atrs)", 15, "there is no .atrs",
                    "the name of a struct beside .title; did you mean \"attrs\"?");
  rejects_statement(".title.plunge(tasks)", 15, ".tasks is Array, not a Struct", "the name of a struct beside .title");
  rejects_statement(".attrs.plunge(attrs)", 15, ".attrs cannot be plunged into itself",
                    "the name of a struct beside it");
  rejects_statement(".tasks.[].plunge(attrs)", 8, ".tasks.[] is not a field", "the path of a struct's field");
  rejects_statement(".title.plunge(private)", 15, ".title cannot cross the boundary of the compartment .private",
                    "both structs in one compartment");
  rejects_statement(".size: Text .size.plunge(attrs)", 14, "there is a .attrs.size already, MVReg<u64>",
                    "a name that is not taken");
}

TEST_CASE("A default is a value of the register's type") {
  rejects_statement(".attrs.default(1)", 1, ".attrs is Struct; only a register has a default",
                    "the path of an MVReg<...>");
  rejects_statement(".default(1)", 1, ". is Struct; only a register has a default", "the path of an MVReg<...>");
  rejects_statement(".title.default()", 8, "default needs an argument", ".default(value) with a value");
  rejects_statement(".title.default(1)", 16, "1 is not a default for MVReg<String>", "a string in double quotes");
  rejects_statement(".title.default(\"\\q\")", 16, "this string has an escape that means nothing", "one of");
  rejects_statement(".title.default(\"\\u{d800}\")", 16, "this string has an escape that means nothing", "one of");
  rejects_statement(".attrs.size.default(-1)", 21, "-1 is not a default for MVReg<u64>", "a whole number from 0");
  rejects_statement(".attrs.size.default(18446744073709551616)", 21,
                    "18446744073709551616 is not a default for MVReg<u64>", "a whole number from 0");
  rejects_statement(".b: MVReg<bool> .b.default(yes)", 28, "yes is not a default for MVReg<bool>", "true or false");
  rejects_statement(".i: MVReg<i64> .i.default(1.5)", 27, "1.5 is not a default for MVReg<i64>",
                    "a whole number from -");
  rejects_statement(".f: MVReg<f64> .f.default(1e999)", 27, "1e999 is not a default for MVReg<f64>",
                    "a number such as");
  rejects_statement(".h: MVReg<Bytes> .h.default(hex\"0\")", 29, "hex\"0\" is not a default for MVReg<Bytes>",
                    "bytes such as");
  rejects_statement(std::string(".title.default(\"").append(4097, 'x').append("\")"), 16,
                    "a default has at most 4096 bytes", "");
}

TEST_CASE("Restore brings back what was removed, where its name is free") {
  rejects_statement(".title.restore()", 1, ".title was not removed", "the path of something that was removed");
  rejects_statement(".gone.restore()", 1, "nothing called .gone was removed here",
                    "the path of something that was removed");
  rejects_statement(".title.remove() .title: Text .title.restore()", 30, ".title is taken by what is there now",
                    "the name to be free");
}
