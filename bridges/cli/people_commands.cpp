#include "bridges/cli/people_commands.h"

#include <iostream>
#include <sstream>

#include "actors/auth/people.h"
#include "bridges/cli/input.h"

namespace tlfs::cli {
namespace {

using document::Data;
using RequestRoot = messages::control::ControlRequest::Builder;

// Base64 takes four bytes for three, and each line ends.
constexpr std::size_t kMaxInput = auth::kMaxIntroductionBytes / 3 * 4 + 4 * auth::kMaxIntroduced;

struct Options {
  std::string file;
  bool json = false;
};

// One statement in base64 to a line, so that it goes through a mail.
int print_introduction(const Options& o, capnp::List<capnp::Data>::Reader statements) {
  Data::Array out;
  for (const capnp::Data::Reader s : statements) {
    const std::string text = to_base64({s.begin(), s.size()});
    if (o.json)
      out.push_back(text_data(text));
    else
      std::cout << text << "\n";
  }
  if (o.json) std::cout << document::to_json(Data(std::move(out))) << "\n";
  return kExitOk;
}

Result<std::vector<Bytes>> read_introduction(const std::string& file) {
  const Result<Bytes> input = file == "-" ? read_stream(std::cin, "standard input", kMaxInput)
                                          : read_file(file, kMaxInput, "what `tlfs people introduce` printed");
  if (!input) return input.error();
  std::vector<Bytes> out;
  std::istringstream lines{std::string(as_text(*input))};
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    auto statement = from_base64(line);
    if (!statement)
      return Error(access::Errc::malformed, (file == "-" ? std::string("standard input") : file) + ", line " +
                                                std::to_string(out.size() + 1) +
                                                ", is not what `tlfs people introduce` printed");
    out.push_back(std::move(*statement));
  }
  if (out.empty()) return Error(access::Errc::malformed, "there is no introduction in what was given");
  return out;
}

int print_people(const Options& o, capnp::List<capnp::Data>::Reader people) {
  Data::Array out;
  for (const capnp::Data::Reader user : people) {
    if (o.json)
      out.push_back(text_data(hex_of(user)));
    else
      std::cout << "user:" << hex_of(user) << "\n";
  }
  if (o.json) std::cout << document::to_json(Data(std::move(out))) << "\n";
  return kExitOk;
}

int introduce(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json, [](RequestRoot request) { return request.setIntroduction(), Status(); },
      [&](ReplyReader reply) { return print_introduction(o, reply.getIntroduction()); }, {});
}

int add(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [&](RequestRoot request) -> Status {
        const auto statements = read_introduction(o.file);
        if (!statements) return statements.error();
        auto out = request.initLearn(static_cast<unsigned>(statements->size()));
        for (unsigned i = 0; i < out.size(); ++i) out.set(i, {(*statements)[i].data(), (*statements)[i].size()});
        return {};
      },
      [&](ReplyReader reply) { return print_people(o, reply.getPeople()); }, {});
}

int list(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json, [](RequestRoot request) { return request.setListPeople(), Status(); },
      [&](ReplyReader reply) { return print_people(o, reply.getPeople()); },
      [&](const Error&) { return finished(print_people(o, {})); });
}

}  // namespace

void add_people_commands(CLI::App& app, const CommandContext& context) {
  CLI::App* group = app.add_subcommand("people", "Introduce yourself, and remember whom you can grant something to.");
  group->require_subcommand(1);
  group->fallthrough();
  const auto o = std::make_shared<Options>();  // lives as long as the callbacks that hold it
  add_node_verb(*group, context,
                {"introduce", "Print what others need to know to grant you something.",
                 "tlfs people introduce > me.txt", "There is no secret in it."},
                o->json, [context, o] { return introduce(context, *o); });
  CLI::App* sub = add_node_verb(
      *group, context,
      {"add", "Remember whoever is introduced in a file, and print who that is.", "tlfs people add ada.txt",
       "Make sure that the file comes from whom you think: the printed id is the person."},
      o->json, [context, o] { return add(context, *o); });
  sub->add_option("FILE", o->file, "what `tlfs people introduce` printed; - for standard input")->required();
  add_node_verb(*group, context, {"list", "Print the people that are remembered.", "tlfs people list"}, o->json,
                [context, o] { return list(context, *o); });
}

}  // namespace tlfs::cli
