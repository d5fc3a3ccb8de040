#include "bridges/cli/grant_commands.h"

#include <iostream>

namespace tlfs::cli {
namespace {

struct Options {
  std::string document, principal, level, path, keep;
  bool json = false;
};

int change(const CommandContext& context, const Options& o, bool grant) {
  return ask(
      context, o.json,
      [&](messages::control::ControlRequest::Builder request) {
        auto out = grant ? request.initGrant() : request.initRevoke();
        out.initPlace().setDocument(o.document);
        out.getPlace().setPath(o.path);
        out.setPrincipal(o.principal);
        out.setLevel(o.level);
        out.setKeep(o.keep);
        return Status();
      },
      [&](ReplyReader) {
        if (o.json) std::cout << "{\"ok\":true}\n";
        return static_cast<int>(kExitOk);
      });
}

}  // namespace

void add_grant_commands(CLI::App& app, const CommandContext& context) {
  const auto add = [&](const NodeVerb& verb, bool grant) {
    const auto o = std::make_shared<Options>();  // lives as long as the callback that holds it
    CLI::App* sub =
        add_node_verb(app, context, verb, o->json, [context, o, grant] { return change(context, *o, grant); });
    sub->add_option("DOC", o->document, "its name, its id, or the first digits of that")->required();
    sub->add_option("PRINCIPAL", o->principal, "anyone, device:HEX or user:HEX")->required();
    sub->add_option("LEVEL", o->level, "sync, read, write, control or own")->required();
    sub->add_option("PATH", o->path, "a place, as .tasks; the whole document when not given");
    if (!grant) sub->add_option("--keep", o->keep, "a lower level that stays");
  };
  add({"grant", "Let somebody do something in a document.", "tlfs grant groceries anyone read"}, true);
  add({"revoke", "Take back what was granted.", "tlfs revoke groceries anyone read"}, false);
}

}  // namespace tlfs::cli
