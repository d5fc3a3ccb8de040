#include "bridges/cli/ask.h"

#include <ctime>
#include <iostream>

#include "bridges/control/control_session.h"

namespace tlfs::cli {
namespace {

using control::FailureKind;
using document::Data;

int exit_code_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::USAGE:
      return kExitUsage;
    case FailureKind::DENIED:
      return kExitDenied;
    case FailureKind::UNAVAILABLE:
      return kExitUnavailable;
    default:
      return kExitProblem;
  }
}

const char* name_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::USAGE:
      return "usage";
    case FailureKind::DENIED:
      return "denied";
    case FailureKind::UNAVAILABLE:
      return "unavailable";
    default:
      return "input";
  }
}

int complain(FailureKind kind, std::string_view module, int code, const std::string& message, bool json) {
  if (json) {
    Data::Object out;
    out.push_back({"error", text_data(message)});
    out.push_back({"kind", text_data(name_of(kind))});
    out.push_back({"module", text_data(module)});
    out.push_back({"code", Data(Value(static_cast<std::int64_t>(code)))});
    std::cerr << document::to_json(Data(std::move(out))) << "\n";
  } else {
    std::cerr << message << "\n";
  }
  return exit_code_of(kind);
}

}  // namespace

int complain(const Error& error, bool json) {
  const FailureKind kind = control::kind_of(error);
  return complain(kind, error.module(), error.code(), error.message(), json);
}

int complain(messages::control::Failure::Reader failure, bool json) {
  return complain(failure.getKind(), from_text(failure.getModule()), failure.getCode(), from_text(failure.getMessage()),
                  json);
}

namespace {

int ask_over(const Result<std::unique_ptr<Channel>>& channel, bool json, RequestBuilder&& request,
             const std::function<int(ReplyReader)>& print) {
  if (!channel) return cli::complain(channel.error(), json);
  const Result<control::Reply> reply = (*channel)->ask(std::move(request));
  if (!reply) return cli::complain(reply.error(), json);
  const auto reading = reply->read();
  if (reading->isFailed()) return cli::complain(reading->getFailed(), json);
  return finished(print(*reading));
}

}  // namespace

int finished(int code) {
  std::cout.flush();
  return std::cout ? code : complain(Error(DataErrc::unusable, "standard output cannot be written"), false);
}

int ask(const CommandContext& context, bool json,
        const std::function<Status(messages::control::ControlRequest::Builder)>& fill,
        const std::function<int(ReplyReader)>& print) {
  return ask(context, json, fill, print, [&](const Error& error) { return complain(error, json); });
}

int ask(const CommandContext& context, bool json,
        const std::function<Status(messages::control::ControlRequest::Builder)>& fill,
        const std::function<int(ReplyReader)>& print, const std::function<int(const Error&)>& never_used) {
  RequestBuilder request;
  if (const Status s = fill(request.root()); !s) return complain(s.error(), json);
  const Result<std::unique_ptr<Channel>> channel = Channel::open(*context.data, {.begin = !never_used, .serve = false});
  if (!channel && channel.error().is(DataErrc::never_used)) return never_used(channel.error());
  return ask_over(channel, json, std::move(request), print);
}

int ask_running(const CommandContext& context, bool json,
                const std::function<Status(messages::control::ControlRequest::Builder)>& fill,
                const std::function<int(ReplyReader)>& print) {
  RequestBuilder request;
  if (const Status s = fill(request.root()); !s) return complain(s.error(), json);
  return ask_over(Channel::open(*context.data, {.running_only = true}), json, std::move(request), print);
}

CLI::App* add_node_verb(CLI::App& to, const CommandContext& context, const NodeVerb& verb, bool& json,
                        std::function<int()> run) {
  CLI::App* sub = to.add_subcommand(verb.name, verb.what);
  sub->fallthrough();  // to --data
  sub->add_flag("--json", json, "as data");
  sub->footer((*verb.more ? verb.more + std::string("\n\n") : std::string()) + "Example: " + verb.example);
  sub->callback([run = std::move(run), &exit_code = context.exit_code] { exit_code = run(); });
  return sub;
}

std::string time_text(std::int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "?";
  char out[32];
  return std::string(out, std::strftime(out, sizeof out, "%Y-%m-%d %H:%M:%SZ", &parts));
}

std::string hex_of(capnp::Data::Reader bytes) { return to_hex(framing::view_blob(bytes)); }

}  // namespace tlfs::cli
