#include "runtime/access/explain.h"

namespace tlfs::access {
namespace {

std::string grant_text(const AuthorityLog& log, Index grant,
                       const std::function<std::string(const Principal&)>& name_of) {
  const Item& item = log.rules().at(grant);
  const std::string id = to_hex(log.name_of(grant).statement).substr(0, 8);
  if (item.kind == Item::Kind::genesis)
    return "the genesis (" + id + "), which makes " + name_of(item.to) + " the root";
  return name_of(Principal::of_key(item.author)) + "'s grant of " + std::string(level_name(item.level)) + " to " +
         name_of(item.to) + " (" + id + ")";
}

}  // namespace

std::string short_name(const Principal& p) {
  switch (p.kind) {
    case Principal::Kind::key:
      return "key " + to_hex(p.key).substr(0, 8);
    case Principal::Kind::anyone:
      return "anyone";
    case Principal::Kind::members:
      break;
  }
  if (p.level == Level::own && p.at.empty()) return "user " + to_hex(p.key).substr(0, 8);
  return "whoever may " + std::string(level_name(p.level)) + " document " + to_hex(p.key).substr(0, 8);
}

std::string sentence(const AuthorityLog& log, const Rules::Explanation& e, const Principal& who, Level level,
                     std::string_view place, const std::function<std::string(const Principal&)>& name_of) {
  using Why = Rules::Explanation::Why;
  const std::string subject = name_of(who);
  const std::string wish = " " + std::string(level_name(level)) + " at " + std::string(place);
  const auto grant = [&] { return e.grant == kNone ? std::string("no grant") : grant_text(log, e.grant, name_of); };
  const auto ended = [&] {
    if (e.ended_by == kNone) return std::string("something that came later");
    const SignedStatement& s = log.statement_of(e.ended_by);
    return "the " + std::string(kind_name(s.statement)) + " " + to_hex(s.hash).substr(0, 8) + " by " +
           name_of(Principal::of_key(s.statement.author));
  };
  switch (e.why) {
    case Why::allowed: {
      std::string out = subject + " may" + wish + ": ";
      for (std::size_t i = 0; i < e.chain.size(); ++i)
        out += (i ? ", then " : "") + grant_text(log, e.chain[i], name_of);
      for (const Index m : e.membership) out += "; a member by " + grant_text(log, m, name_of);
      return out;
    }
    case Why::no_grant:
      return subject + " may not" + wish + ": nobody ever granted it there or above";
    case Why::level_too_low:
      return subject + " may not" + wish + ": " + grant() + " covers it, and gives only " +
             std::string(level_name(e.level));
    case Why::not_above:
      return subject + " may not" + wish + ": " + grant() + " is for another place";
    case Why::ended:
      return subject + " may not" + wish + ": " + grant() + " was ended by " + ended();
    case Why::not_a_member:
      return subject + " may not" + wish + ": " + grant() + " is for a group that " + subject + " does not belong to";
    case Why::cut_off:
      return subject + " may not" + wish + ": the membership that " + grant() + " rests on was ended by " + ended();
  }
  return subject + " may not" + wish;
}

}  // namespace tlfs::access
