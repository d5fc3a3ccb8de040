// How commands ask a node and say what went wrong.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "bridges/cli/channel.h"
#include "bridges/cli/exit_code.h"
#include "runtime/document/data.h"
#include "schema/framing/fields.h"

namespace tlfs::cli {

using framing::from_text;

using ReplyReader = messages::control::ControlReply::Reader;

// What each command over a node is made with. Outlives the parsing.
struct CommandContext {
  std::shared_ptr<DataOptions> data;
  int& exit_code;
};

// The problem on stderr, as a sentence or with `json` as an object with the keys error, kind, module and code; its exit
// code.
int complain(const Error& error, bool json);
int complain(messages::control::Failure::Reader failure, bool json);

// Flushes stdout; kExitProblem when it cannot be written.
int finished(int code);

// Asks the directory's node and gives the reply to `print`; failures are complained of. `print` gets no failure.
// `never_used` says what to do where no node was before; null: a first one begins.
int ask(const CommandContext& context, bool json,
        const std::function<Status(messages::control::ControlRequest::Builder)>& fill,
        const std::function<int(ReplyReader)>& print, const std::function<int(const Error&)>& never_used);
int ask(const CommandContext& context, bool json,
        const std::function<Status(messages::control::ControlRequest::Builder)>& fill,
        const std::function<int(ReplyReader)>& print);  // complains of it

// The same for what only a node that runs can do; network::Errc::off where none does.
int ask_running(const CommandContext& context, bool json,
                const std::function<Status(messages::control::ControlRequest::Builder)>& fill,
                const std::function<int(ReplyReader)>& print);

// A subcommand of a node's that takes --json and runs `run`.
struct NodeVerb {
  const char* name;
  const char* what;  // in one line
  const char* example;
  const char* more = "";  // for its own help
};
CLI::App* add_node_verb(CLI::App& to, const CommandContext& context, const NodeVerb& verb, bool& json,
                        std::function<int()> run);

// For building what --json prints.
inline document::Data text_data(std::string_view text) { return document::Data(Value(std::string(text))); }
inline document::Data number_data(std::uint64_t number) { return document::Data(Value(number)); }
std::string hex_of(capnp::Data::Reader bytes);
std::string time_text(std::int64_t ms);  // since the Unix epoch

}  // namespace tlfs::cli
