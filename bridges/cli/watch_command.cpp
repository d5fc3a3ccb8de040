#include "bridges/cli/watch_command.h"

#include <iostream>

#include "bridges/cli/stop_signal.h"

namespace tlfs::cli {
namespace {

struct Options {
  std::string document, path;
  bool json = false;
};

void print(const Options& o, messages::control::Updated::Reader update) {
  const std::string patch = from_text(update.getPatch());
  if (o.json)
    std::cout << "{\"from\":" << update.getFrom() << ",\"to\":" << update.getTo()
              << ",\"durable\":" << update.getDurable() << ",\"snapshot\":" << (update.getSnapshot() ? "true" : "false")
              << ",\"patch\":" << patch << "}\n";
  else if (patch != "[]")  // without: only what is durable has changed
    std::cout << patch << "\n";
  std::cout.flush();
}

int watch(const CommandContext& context, const Options& o) {
  StopSignal stop;
  const Result<std::unique_ptr<Channel>> channel = Channel::open(*context.data, {.begin = false, .serve = true});
  if (!channel) return complain(channel.error(), o.json);
  // Until the end of this function, whatever way it ends.
  struct Call {
    StopSignal& stop;
    ~Call() { stop.call({}); }
  } call{stop};
  stop.call([&] { (*channel)->interrupt(); });

  RequestBuilder request;
  auto place = request->initWatch();
  place.setDocument(o.document);
  place.setPath(o.path);
  Result<control::Reply> reply = (*channel)->ask(std::move(request));
  while (reply) {
    const auto reading = reply->read();
    if (reading->isFailed()) return complain(reading->getFailed(), o.json);
    if (reading->isDone()) return kExitOk;
    if (reading->isUpdated()) print(o, reading->getUpdated());
    if (!std::cout) return kExitProblem;  // whoever read it has gone
    reply = (*channel)->next();
  }
  return stop.came() ? static_cast<int>(kExitOk) : complain(reply.error(), o.json);
}

}  // namespace

void add_watch_command(CLI::App& app, const CommandContext& context) {
  const auto o = std::make_shared<Options>();  // lives as long as the callback that holds it
  CLI::App* sub = add_node_verb(
      app, context,
      {"watch", "Print what happens to a document, a JSON patch in each line.", "tlfs watch groceries .tasks",
       "The first patch replaces everything. Beside the operations of RFC 6902 there are splice, which edits a text "
       "and "
       "counts code points, and conflict, which shows concurrent values and changes nothing. Ends when it is "
       "interrupted."},
      o->json, [context, o] { return watch(context, *o); });
  sub->add_option("DOC", o->document, "its name, its id, or the first digits of that")->required();
  sub->add_option("PATH", o->path, "a place, as .tasks; the whole document when not given");
}

}  // namespace tlfs::cli
