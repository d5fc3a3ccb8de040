#include "bridges/cli/presence_command.h"

#include <iostream>

#include "bridges/cli/stop_signal.h"

namespace tlfs::cli {
namespace {

using document::Data;

struct Options {
  std::string document, set;
  bool clear = false, watch = false, json = false;
};

void fill(const Options& o, messages::control::AskPresence::Builder out) {
  out.setDocument(o.document);
  out.setSet(o.set);
  out.setClear(o.clear);
  out.setWatch(o.watch);
}

// With --json one line, so that each line of a watch is all that there is.
void print(const Options& o, capnp::List<messages::control::PresenceLine>::Reader all) {
  Data::Array out;
  for (const auto p : all) {
    const std::string json = from_text(p.getJson());
    if (!o.json) {
      std::cout << hex_of(p.getDevice()) << (p.getOwn() ? "  here  " : "  ") << json << "\n";
      continue;
    }
    const auto shown = document::parse_json(json);
    out.push_back(Data(Data::Object{{"device", text_data(hex_of(p.getDevice()))},
                                    {"user", p.getUser().size() > 0 ? text_data(hex_of(p.getUser())) : Data()},
                                    {"own", Data(Value(p.getOwn()))},
                                    {"age_ms", number_data(p.getAgeMs())},
                                    {"shows", shown ? *shown : Data()}}));
  }
  if (o.json)
    std::cout << document::to_json(Data(std::move(out))) << "\n";
  else if (o.watch)
    std::cout << "\n";  // between what was and what is
  std::cout.flush();
}

int show(const CommandContext& context, const Options& o) {
  return ask_running(
      context, o.json,
      [&](messages::control::ControlRequest::Builder request) { return fill(o, request.initPresence()), Status(); },
      [&](ReplyReader reply) {
        print(o, reply.getPresences());
        return static_cast<int>(kExitOk);
      });
}

int watch(const CommandContext& context, const Options& o) {
  StopSignal stop;
  const Result<std::unique_ptr<Channel>> channel = Channel::open(*context.data, {.running_only = true});
  if (!channel) return complain(channel.error(), o.json);
  // Until the end of this function, whatever way it ends.
  struct Call {
    StopSignal& stop;
    ~Call() { stop.call({}); }
  } call{stop};
  stop.call([&] { (*channel)->interrupt(); });

  RequestBuilder request;
  fill(o, request->initPresence());
  Result<control::Reply> reply = (*channel)->ask(std::move(request));
  while (reply) {
    const auto reading = reply->read();
    if (reading->isFailed()) return complain(reading->getFailed(), o.json);
    if (reading->isDone()) return kExitOk;
    if (reading->isPresences()) print(o, reading->getPresences());
    if (!std::cout) return kExitProblem;  // whoever read it has gone
    reply = (*channel)->next();
  }
  return stop.came() ? static_cast<int>(kExitOk) : complain(reply.error(), o.json);
}

}  // namespace

void add_presence_command(CLI::App& app, const CommandContext& context) {
  const auto o = std::make_shared<Options>();  // lives as long as the callback that holds it
  CLI::App* sub = add_node_verb(
      app, context,
      {"presence", "Show who is in a document, and what each shows of itself.",
       "tlfs presence groceries --set '{\"name\":\"Ada\"}'",
       "What is set is seen by those who may read the document, until it is set anew, cleared, or the node ends. It is "
       "kept nowhere. Needs a node that runs."},
      o->json, [context, o] { return o->watch ? watch(context, *o) : show(context, *o); });
  sub->add_option("DOC", o->document, "its name, its id, or the first digits of that")->required();
  CLI::Option* set = sub->add_option("--set", o->set, "what this node shows from now on, as JSON");
  sub->add_flag("--clear", o->clear, "this node shows nothing from now on")->excludes(set);
  sub->add_flag("--watch", o->watch, "again whenever it differs, until interrupted");
}

}  // namespace tlfs::cli
