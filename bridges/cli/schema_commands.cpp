#include "bridges/cli/schema_commands.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "bridges/cli/schema_files.h"
#include "schema/compiler/cpp_generator.h"
#include "schema/compiler/typescript_generator.h"
#include "schema/lens/package_file.h"
#include "schema/show/difference.h"
#include "schema/show/show.h"

namespace tlfs::cli {
namespace {

constexpr int kOk = 0;
constexpr int kProblem = 1;
constexpr int kUsage = 2;

using PackagePtr = std::shared_ptr<const schema::Package>;

// What the options of one invocation say.
struct Options {
  std::string file;
  std::string name;
  std::string against;
  std::string out;
  std::string version;
  std::string second_version;
  std::string format = "text";
  std::string language;
};

int complain(int code, const std::string& message) {
  std::cerr << message << "\n";
  return code;
}

PackagePtr find(const Packages& packages, const std::string& name) {
  const auto found = std::ranges::find(packages, name, &schema::Package::name);
  return found == packages.end() ? nullptr : *found;
}

std::string count(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string summary(const schema::Package& p) {
  return p.name() + " " + p.latest()->version() + ": " + count(p.versions().size(), "version") + ", " +
         count(p.nodes().size(), "place") + ", package " + to_hex(p.hash());
}

// The schema that --name means, or the only one of the file; else says what to do and sets `code`.
PackagePtr choose(const Options& o, int& code) {
  const Result<PackagePtr> package = load_schema(o.file, o.name);
  if (package) return *package;
  code = complain(package.error().is(FileErrc::no_such_schema) ? kUsage : kProblem, package.error().message());
  return nullptr;
}

std::shared_ptr<const schema::View> choose_view(const schema::Package& package, const std::string& version, int& code) {
  if (version.empty()) return package.latest();
  Result<std::shared_ptr<const schema::View>> view = package.view(version);
  if (view) return *view;
  code = complain(kUsage, view.error().message());
  return nullptr;
}

int check(const Options& o) {
  const Result<Packages> packages = load_schemas(o.file);
  if (!packages) return complain(kProblem, packages.error().message());
  int code = kOk;
  if (!o.against.empty()) {
    const Result<Packages> old = load_schemas(o.against);
    if (!old) return complain(kProblem, old.error().message());
    for (const PackagePtr& was : *old) {
      const PackagePtr is = find(*packages, was->name());
      if (!is) {
        code = complain(kProblem, o.file + ": schema " + was->name() + " is missing; " + o.against + " has it");
      } else if (const Status s = is->extends(*was); !s) {
        code = complain(kProblem, o.file + ": not an extension of " + o.against + ": " + s.error().message());
      }
    }
  }
  if (code != kOk) return code;
  for (const PackagePtr& p : *packages) std::cout << summary(*p) << "\n";
  return kOk;
}

int compile(const Options& o) {
  const Result<Packages> packages = load_schemas(o.file);
  if (!packages) return complain(kProblem, packages.error().message());
  const Bytes bytes = schema::encode_package_file(*packages);
  if (const Status s = write_file(o.out, bytes); !s) return complain(kProblem, s.error().message());
  for (const PackagePtr& p : *packages) std::cout << summary(*p) << "\n";
  return kOk;
}

int show(const Options& o) {
  int code = kOk;
  const PackagePtr package = choose(o, code);
  if (!package) return code;
  const auto view = choose_view(*package, o.version, code);
  if (!view) return code;
  std::cout << (o.format == "json" ? schema::show_json(*package, *view) : schema::show_text(*package, *view));
  return kOk;
}

int diff(const Options& o) {
  int code = kOk;
  const PackagePtr package = choose(o, code);
  if (!package) return code;
  const auto from = choose_view(*package, o.version, code);
  if (!from) return code;
  const auto to = choose_view(*package, o.second_version, code);
  if (!to) return code;
  std::cout << schema::show_differences(*package, *from, *to);
  return kOk;
}

int generate(const Options& o) {
  const Result<Packages> packages = load_schemas(o.file);
  if (!packages) return complain(kProblem, packages.error().message());
  std::error_code error;
  std::filesystem::create_directories(o.out, error);
  if (error) return complain(kProblem, o.out + ": cannot be created: " + error.message());
  for (const PackagePtr& p : *packages) {
    // As todo.tlfs.h, so that a folder of these on an include path hides no header of the system.
    const bool cpp = o.language == "cpp";
    const std::filesystem::path target = std::filesystem::path(o.out) / (p->name() + (cpp ? ".tlfs.h" : ".tlfs.ts"));
    const std::string text =
        cpp ? schema::generate_cpp(*p, *p->latest()) : schema::generate_typescript(*p, *p->latest());
    if (const Status s = write_file(target, as_bytes(text)); !s) return complain(kProblem, s.error().message());
    std::cout << target.string() << "\n";
  }
  return kOk;
}

}  // namespace

void add_schema_commands(CLI::App& app, int& exit_code) {
  CLI::App* group = app.add_subcommand("schema", "Check, compile, show and compare schemas; generate typed accessors.");
  group->require_subcommand(1);
  const auto options = std::make_shared<Options>();  // lives as long as the callbacks that hold it

  const auto command = [&](const char* name, const char* what, int (*run)(const Options&)) {
    CLI::App* sub = group->add_subcommand(name, what);
    sub->add_option("FILE", options->file, "a .tlfs text or a compiled package file")->required();
    sub->callback([options, run, &exit_code] { exit_code = run(*options); });
    return sub;
  };
  const auto with_name = [&](CLI::App* sub) {
    sub->add_option("--name", options->name, "which schema, when the file holds several");
  };

  CLI::App* checking = command("check", "Check every schema of a file.", check);
  checking->add_option("--against", options->against,
                       "fail unless FILE extends every schema of this text or package file");

  CLI::App* compiling = command("compile", "Compile every schema of a file into one package file.", compile);
  compiling->add_option("-o,--output", options->out, "the package file to write")->required();

  CLI::App* showing = command("show", "Show what one version of a schema looks like.", show);
  with_name(showing);
  showing->add_option("--version", options->version, "which version; the last one when not given");
  showing->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));

  CLI::App* comparing = command("diff", "Show what changed between two versions of a schema.", diff);
  comparing->add_option("V1", options->version, "a version")->required();
  comparing->add_option("V2", options->second_version, "another version")->required();
  with_name(comparing);

  CLI::App* generating =
      command("generate", "Generate typed accessors for the last version of every schema.", generate);
  generating->add_option("--lang", options->language, "the language: cpp (NAME.tlfs.h) or ts (NAME.tlfs.ts)")
      ->required()
      ->check(CLI::IsMember({"cpp", "ts"}));
  generating->add_option("-o,--output", options->out, "the directory to write to")->required();
}

}  // namespace tlfs::cli
