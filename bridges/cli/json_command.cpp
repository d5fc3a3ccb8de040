#include "bridges/cli/json_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "bridges/cli/input.h"
#include "bridges/cli/schema_files.h"
#include "runtime/document/document.h"

namespace tlfs::cli {
namespace {

constexpr int kProblem = 1;
constexpr int kUsage = 2;

struct Options {
  std::string schema;
  std::string name;
  std::string version;
  std::string input;
  bool pretty = false;
};

int complain(int code, const std::string& message) {
  std::cerr << message << "\n";
  return code;
}

// The document's keys sign nothing that anyone sees.
Result<std::string> through_a_document(std::string_view text, std::shared_ptr<const schema::Package> package,
                                       std::shared_ptr<const schema::View> view, bool pretty) {
  const Result<document::Data> data = document::parse_json(text);
  if (!data) return data.error();
  crypto::SystemRandom random;
  document::Document::Settings settings;
  settings.id = document::new_document_id(random);
  settings.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
  settings.package = std::move(package);
  settings.view = std::move(view);
  settings.seal_after_ids = document::kMaxOperations;  // nobody asks for its changes
  document::Document doc(std::move(settings));
  const auto done = doc.transact({}, [&](document::Transaction& tx) { return tx.set(document::Path(), *data); });
  if (!done) return done.error();
  return doc.json(pretty);
}

int run(const Options& o) {
  const auto package = load_schema(o.schema, o.name);
  if (!package)
    return complain(package.error().is(FileErrc::no_such_schema) ? kUsage : kProblem, package.error().message());
  auto view = (*package)->latest();
  if (!o.version.empty()) {
    const auto chosen = (*package)->view(o.version);
    if (!chosen) return complain(kUsage, chosen.error().message());
    view = *chosen;
  }
  const bool piped = o.input == "-";
  const std::string name = piped ? "standard input" : o.input;
  const Result<Bytes> input =
      piped ? read_stream(std::cin, name, kMaxJsonInput) : read_file(name, kMaxJsonInput, "JSON");
  if (!input) return complain(kProblem, input.error().message());
  const Result<std::string> json = through_a_document(as_text(*input), *package, view, o.pretty);
  if (!json) return complain(kProblem, name + ": " + json.error().message());
  std::cout << *json << "\n";
  std::cout.flush();
  return std::cout ? 0 : complain(kProblem, "standard output cannot be written");
}

}  // namespace

void add_json_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<Options>();  // lives as long as the callback that holds it
  CLI::App* command = app.add_subcommand("json", "Import JSON into a fresh document and print the document as JSON.");
  command->add_option("--schema", options->schema, "a .tlfs text or a compiled package file")->required();
  command->add_option("--name", options->name, "which schema, when the file holds several");
  command->add_option("--version", options->version, "which version; the last one when not given");
  command->add_flag("--pretty", options->pretty, "with indentation");
  command->add_option("IN.json", options->input, "the JSON to import; - for standard input")->required();
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tlfs::cli
