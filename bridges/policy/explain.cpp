#include "bridges/policy/explain.h"

#include <algorithm>

#include "bridges/policy/runner.h"

namespace tlfs::policy {
namespace {

using document::Data;

Link link(const World& world, const access::AuthorityLog& log, const access::StatementHash& hash) {
  const access::Statement& s = log.at(hash).statement;
  Link out;
  out.statement = to_hex(hash);
  out.kind = access::kind_name(s);
  out.author = world.name_of(access::Principal::of_key(s.author));
  if (const auto* genesis = std::get_if<access::Genesis>(&s.says)) {
    out.author = "the document's own key";
    out.to = world.name_of(genesis->root);
    out.level = "own";
  } else if (const auto* grant = std::get_if<access::Grant>(&s.says)) {
    out.to = world.name_of(grant->to);
    out.level = level_name(grant->level);
  }
  return out;
}

std::string line(const Link& l) {
  std::string out = l.statement.substr(0, 8) + "  " + l.kind;
  if (!l.level.empty()) out += " of " + l.level + " to " + l.to;
  return out + ", by " + l.author;
}

Data as_data(const Link& l) {
  Data::Object out;
  const auto put = [&](std::string name, const std::string& value) {
    if (!value.empty()) out.push_back({std::move(name), Data(Value(value))});
  };
  put("statement", l.statement);
  put("kind", l.kind);
  put("by", l.author);
  put("level", l.level);
  put("to", l.to);
  return Data(std::move(out));
}

}  // namespace

Result<Reason> explain(const Scenario& scenario, const Question& q) {
  const auto bad = [](std::string what) { return Error(ScenarioErrc::malformed, std::move(what)); };
  const auto person = [&](const std::string& name) { return std::ranges::count(scenario.people, name) > 0; };
  if (q.who != kAnyone && !person(q.who)) return bad("there is nobody called \"" + q.who + "\" in it");
  if (!q.as.empty() && !person(q.as)) return bad("there is nobody called \"" + q.as + "\" in it");
  const Run run = run_once(scenario, q.seed, q.after);
  if (run.failure)
    return Error(ScenarioErrc::failed, "it does not come that far: step " + std::to_string(run.failure->step) + " " +
                                           run.failure->text + ": " + run.failure->seen +
                                           (run.failure->explanation.empty() ? "" : ": " + run.failure->explanation));
  World& world = *run.world;
  if (!std::ranges::count(world.documents(), q.document))
    return bad("there is no document called \"" + q.document + "\" after that step");
  const Person asked = world.as(q.as.empty() ? world.creator(q.document) : q.as).in(q.document);
  const access::ProtectedDocument* d = asked.replica();
  if (!d) return bad(asked.name() + " has no replica of " + q.document + " after that step");
  const Result<access::Explanation> e = asked.explain(Who(q.who), q.level, q.path);
  if (!e) return bad(e.error().message());
  Reason out;
  out.allowed = e->allowed;
  out.who = q.who;
  out.level = level_name(q.level);
  out.document = q.document;
  out.path = q.path;
  out.as = asked.name();
  out.has = level_name(e->level);
  out.sentence = e->sentence;
  for (const access::GrantName& g : e->chain) out.chain.push_back(link(world, d->log(), g.statement));
  for (const access::GrantName& g : e->membership) out.membership.push_back(link(world, d->log(), g.statement));
  if (e->ended_by) out.ended_by = link(world, d->log(), *e->ended_by);
  return out;
}

std::string to_text(const Reason& r) {
  std::string out = std::string(r.allowed ? "yes: " : "no: ") + r.sentence;
  for (const Link& l : r.chain) out += "\n  " + line(l);
  for (const Link& l : r.membership) out += "\n  member by " + line(l);
  if (r.ended_by) out += "\n  ended by " + line(*r.ended_by);
  return out;
}

std::string to_json(const Reason& r) {
  const auto text = [](const std::string& s) { return Data(Value(s)); };
  const auto links = [](const std::vector<Link>& from) {
    Data::Array to;
    for (const Link& l : from) to.push_back(as_data(l));
    return Data(std::move(to));
  };
  Data::Object out;
  out.push_back({"allowed", Data(Value(r.allowed))});
  out.push_back({"who", text(r.who)});
  out.push_back({"level", text(r.level)});
  out.push_back({"doc", text(r.document)});
  out.push_back({"at", text(r.path)});
  out.push_back({"as", text(r.as)});
  out.push_back({"has", text(r.has)});
  out.push_back({"sentence", text(r.sentence)});
  out.push_back({"chain", links(r.chain)});
  out.push_back({"membership", links(r.membership)});
  out.push_back({"ended_by", r.ended_by ? as_data(*r.ended_by) : Data()});
  return document::to_json(Data(std::move(out)));
}

}  // namespace tlfs::policy
