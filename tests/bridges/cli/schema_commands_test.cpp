// `tlfs schema ...` from its command line to files, output and exit codes.
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "bridges/cli/schema_commands.h"
#include "bridges/cli/schema_files.h"
#include "schema/lens/package_file.h"

namespace fs = std::filesystem;

namespace {

// Points a stream somewhere else for as long as it lives.
class Redirect {
 public:
  Redirect(std::ostream& stream, std::ostream& to) : stream_(stream), before_(stream.rdbuf(to.rdbuf())) {}
  ~Redirect() { stream_.rdbuf(before_); }
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;

 private:
  std::ostream& stream_;
  std::streambuf* before_;
};

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome tlfs_schema(std::vector<std::string> arguments) {
  CLI::App app("test", "tlfs");
  int code = 0;
  tlfs::cli::add_schema_commands(app, code);
  std::ostringstream out, err;
  const Redirect o(std::cout, out), e(std::cerr, err);
  arguments.insert(arguments.begin(), "schema");
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes a vector
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError&) {
    code = 2;
  }
  return {code, out.str(), err.str()};
}

struct Folder {
  fs::path path = fs::temp_directory_path() / ("tlfs_schema_commands_" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return (path / name).string();
  }
  std::string at(const std::string& name) const { return (path / name).string(); }
};

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const std::string kText = "todo { 0.1.0 { .: Struct .a: Text } 0.2.0 { .a.rename(b) } }";

}  // namespace

TEST_CASE("check accepts a good file and sums it up, and refuses a bad one with its place") {
  const Folder folder;
  const Outcome good = tlfs_schema({"check", folder.file("good.tlfs", kText)});
  CHECK(good.code == 0);
  CHECK(good.out.starts_with("todo 0.2.0: 2 versions, 2 places, package "));
  CHECK(good.err.empty());

  const std::string bad = folder.file("bad.tlfs", "todo { 0.1.0 { .: Strct } }");
  const Outcome refused = tlfs_schema({"check", bad});
  CHECK(refused.code == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err.starts_with(bad + ":1:19: unknown type \"Strct\"\n"));
}

TEST_CASE("A file that is not there or not a file is a problem that names it") {
  const Folder folder;
  CHECK(tlfs_schema({"check", folder.at("none.tlfs")}).code == 1);
  CHECK(tlfs_schema({"check", folder.at("none.tlfs")}).err.find("none.tlfs: cannot be read") != std::string::npos);
  CHECK(tlfs_schema({"check", folder.at("")}).err.find("this is a directory") != std::string::npos);
  CHECK(tlfs_schema({"check", folder.file("broken.tlfspkg", std::string(64, '\0'))}).code == 1);
}

TEST_CASE("check --against passes an extension of a text or a package file and fails anything else") {
  const Folder folder;
  const std::string old_text = folder.file("old.tlfs", kText), old_packages = folder.at("old.tlfspkg");
  REQUIRE(tlfs_schema({"compile", old_text, "-o", old_packages}).code == 0);
  const std::string longer =
      folder.file("longer.tlfs", "todo { 0.1.0 { .: Struct .a: Text } 0.2.0 { .a.rename(b) } 0.3.0 { .c: Text } }");
  const std::string other = folder.file("other.tlfs", "todo { 0.1.0 { .: Struct .a: Text } 0.2.0 { .a.remove() } }");
  const std::string renamed = folder.file("renamed.tlfs", "tudu { 0.1.0 { .: Struct } }");
  for (const std::string& old : {old_text, old_packages}) {
    CHECK(tlfs_schema({"check", "--against", old, longer}).code == 0);
    const Outcome refused = tlfs_schema({"check", "--against", old, other});
    CHECK(refused.code == 1);
    CHECK(refused.err == other + ": not an extension of " + old +
                             ": schema todo, version 0.2.0, step 1: was `rename .a to b` and is `remove .a`\n");
    const Outcome missing = tlfs_schema({"check", "--against", old, renamed});
    CHECK(missing.code == 1);
    CHECK(missing.err == renamed + ": schema todo is missing; " + old + " has it\n");
  }
}

TEST_CASE("compile writes a package file that holds what the text says") {
  const Folder folder;
  const std::string text = folder.file("two.tlfs", kText + " note { 1.0.0 { .: Text } }");
  REQUIRE(tlfs_schema({"compile", text, "-o", folder.at("two.tlfspkg")}).code == 0);
  const auto from_text = tlfs::cli::load_schemas(text);
  const auto from_file = tlfs::cli::load_schemas(folder.at("two.tlfspkg"));
  REQUIRE(from_text.ok());
  REQUIRE(from_file.ok());
  REQUIRE(from_file->size() == 2);
  CHECK((*from_file)[0]->hash() == (*from_text)[0]->hash());
  CHECK((*from_file)[1]->hash() == (*from_text)[1]->hash());
  CHECK(tlfs_schema({"compile", text, "-o", folder.at("no/such/folder")}).code == 1);
  CHECK(tlfs_schema({"compile", text}).code == 2);
}

TEST_CASE("show prints the version asked for, as text or JSON") {
  const Folder folder;
  const std::string text = folder.file("t.tlfs", kText);
  CHECK(tlfs_schema({"show", text}).out == ".: Struct\n.b: Text\n");
  CHECK(tlfs_schema({"show", text, "--version", "0.1.0"}).out == ".: Struct\n.a: Text\n");
  CHECK(tlfs_schema({"show", text, "--format", "json"})
            .out.starts_with("{\n  \"name\": \"todo\",\n  \"version\": \"0.2.0\""));
  CHECK(tlfs_schema({"show", text, "--format", "xml"}).code == 2);
  const Outcome missing = tlfs_schema({"show", text, "--version", "9.9.9"});
  CHECK(missing.code == 2);
  CHECK(missing.err == "schema todo has no version 9.9.9; it has 0.1.0, 0.2.0\n");
}

TEST_CASE("Of several schemas in a file --name chooses one") {
  const Folder folder;
  const std::string text = folder.file("two.tlfs", kText + " note { 1.0.0 { .: Text } }");
  CHECK(tlfs_schema({"show", text, "--name", "note"}).out == ".: Text\n");
  CHECK(tlfs_schema({"show", text}).code == 2);
  CHECK(tlfs_schema({"show", text}).err == text + " holds 2 schemas: todo, note; choose one with --name\n");
  CHECK(tlfs_schema({"show", text, "--name", "x"}).err == text + " holds no schema x; it holds todo, note\n");
}

TEST_CASE("diff prints what changed between two versions") {
  const Folder folder;
  const std::string text = folder.file("t.tlfs", kText);
  CHECK(tlfs_schema({"diff", text, "0.1.0", "0.2.0"}).out == "~ .a -> .b (renamed)\n");
  CHECK(tlfs_schema({"diff", text, "0.1.0"}).code == 2);
  CHECK(tlfs_schema({"diff", text, "0.1.0", "0.3.0"}).code == 2);
}

TEST_CASE("generate writes a header per schema into a directory that it creates") {
  const Folder folder;
  const std::string text = folder.file("two.tlfs", kText + " note { 1.0.0 { .: Text } }");
  const Outcome done = tlfs_schema({"generate", "--lang", "cpp", text, "-o", folder.at("new/generated")});
  CHECK(done.code == 0);
  CHECK(read(folder.at("new/generated/todo.tlfs.h")).find("class Root : public ::tlfs::document::StructField") !=
        std::string::npos);
  CHECK(read(folder.at("new/generated/note.tlfs.h")).find("class Root : public ::tlfs::document::TextField") !=
        std::string::npos);
  CHECK(tlfs_schema({"generate", "--lang", "cobol", text, "-o", folder.at("x")}).code == 2);
}

TEST_CASE("generate writes a TypeScript module per schema") {
  const Folder folder;
  const std::string text = folder.file("two.tlfs", kText + " note { 1.0.0 { .: Text } }");
  const Outcome done = tlfs_schema({"generate", "--lang", "ts", text, "-o", folder.at("generated")});
  CHECK(done.code == 0);
  CHECK(done.out == folder.at("generated/todo.tlfs.ts") + "\n" + folder.at("generated/note.tlfs.ts") + "\n");
  CHECK(read(folder.at("generated/todo.tlfs.ts")).find("export interface TodoModel {") != std::string::npos);
  CHECK(read(folder.at("generated/note.tlfs.ts")).find("export type NoteModel = Text;") != std::string::npos);
}
