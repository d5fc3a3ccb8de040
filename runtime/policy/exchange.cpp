// How people of a World meet: what each has for the others, in pieces, in an order that the seed decides.
#include <algorithm>

#include "runtime/policy/inhabitant.h"

namespace tlfs::policy {

using access::DocumentId;
using access::ProtectedDocument;
using access::Realm;
using access::SignedStatement;

namespace {

constexpr double kTwice = 0.15;    // of what is sent comes again
constexpr double kTendNow = 0.15;  // after a batch
constexpr double kOneByOne = 0.3;  // of batches are single items

std::vector<bool> leaves_of(const document::Change& change) {
  std::vector<bool> out;
  for (const auto& leaf : change.leaves) out.push_back(leaf.has_value());
  return out;
}

}  // namespace

void World::shuffle(auto& items) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[order_.below(i)]);
}

// Statements of user documents, as from a key directory.
bool World::learn_users(const std::vector<Inhabitant*>& who) {
  bool any = false;
  for (const auto& owner : people_) {
    if (!owner->first_device) continue;
    for (Inhabitant* from : who)
      for (Inhabitant* to : who) {
        const std::vector<SignedStatement>& theirs = from->realm->known(owner->user);
        const std::vector<SignedStatement>& known = to->realm->known(owner->user);
        if (from == to || theirs.empty()) continue;
        std::set<access::StatementHash> has;
        for (const SignedStatement& s : known) has.insert(s.hash);
        std::vector<SignedStatement> news;
        for (const SignedStatement& s : theirs)
          if (!has.contains(s.hash)) news.push_back(s);
        if (news.empty()) continue;
        to->realm->learn(std::move(news));
        to->realm->tend();
        any = true;
      }
  }
  return any;
}

// All that one has for another and the other does not have.
std::vector<World::Parcel> World::pack(Inhabitant& from, Inhabitant& to) {
  std::vector<Parcel> out;
  for (const DocumentId& id : from.realm->documents()) {
    if (is_user(id)) continue;
    const ProtectedDocument& theirs = *from.realm->find(id);
    const auto how_far = [&] {
      const auto had = from.had.find(id);
      return std::vector<std::size_t>{theirs.log().size(), theirs.content().graph().size(),
                                      had == from.had.end() ? 0 : had->second.size()};
    };
    const auto place = std::find_if(people_.begin(), people_.end(), [&](const auto& p) { return p.get() == &from; });
    std::vector<std::size_t>& offered = to.offered[{static_cast<std::size_t>(place - people_.begin()), id}];
    if (offered == how_far()) continue;
    Realm::Share share = from.realm->share(id, to.realm->device());
    offered = how_far();  // asking may have made it say something
    if (share.statements.empty() && share.changes.empty()) continue;
    const ProtectedDocument* replica = to.realm->find(id);
    for (SignedStatement& s : share.statements)
      if (!replica || !replica->log().has(s.hash)) out.push_back({id, std::move(s), std::nullopt});
    for (document::Change& c : share.changes) {
      const bool here = replica && replica->content().graph().find(c.hash) != document::kNoChange;
      const auto had = to.had.find(id);
      const bool own = here && c.header.writer.device == to.realm->device();
      const bool had_these = had != to.had.end() && had->second.contains({c.hash, leaves_of(c)});
      const bool had_all =
          had != to.had.end() && had->second.contains({c.hash, std::vector<bool>(c.leaves.size(), true)});
      if (own || (here && (had_these || had_all))) continue;
      out.push_back({id, std::nullopt, std::move(c)});
    }
  }
  return out;
}

void World::hand_over(Inhabitant& to, std::vector<Parcel> batch) {
  std::map<DocumentId, std::pair<std::vector<SignedStatement>, std::vector<document::Change>>> by_document;
  for (Parcel& p : batch) {
    auto& [statements, changes] = by_document[p.document];
    if (p.statement) statements.push_back(std::move(*p.statement));
    if (p.change) {
      to.had[p.document].insert({p.change->hash, leaves_of(*p.change)});
      changes.push_back(std::move(*p.change));
    }
  }
  for (auto& [id, items] : by_document) {
    to.realm->open(id, settings_.package);
    const ProtectedDocument::Taken taken = to.realm->take(id, std::move(items.first), std::move(items.second));
    if (!taken.refused.empty())
      throw Unmet(to.name + "'s node refused what an honest node sent: " + taken.refused.front().message());
  }
}

void World::deliver(std::vector<std::pair<Inhabitant*, std::vector<Parcel>>> post) {
  for (auto& [to, items] : post) {
    const std::size_t once = items.size();
    for (std::size_t i = 0; i < once; ++i)
      if (order_.chance(kTwice)) items.push_back(Parcel(items[i]));
    shuffle(items);
  }
  while (true) {
    std::erase_if(post, [](const auto& p) { return p.second.empty(); });
    if (post.empty()) return;
    auto& [to, items] = post[order_.below(post.size())];
    const std::size_t n = order_.chance(kOneByOne) ? 1 : 1 + order_.below(items.size());
    std::vector<Parcel> batch(std::make_move_iterator(items.end() - static_cast<std::ptrdiff_t>(n)),
                              std::make_move_iterator(items.end()));
    items.resize(items.size() - n);
    Inhabitant& receiver = *to;
    hand_over(receiver, std::move(batch));
    if (order_.chance(kTendNow)) receiver.realm->tend();
  }
}

void World::sync(const std::vector<std::string>& people) {
  std::vector<Inhabitant*> who;
  for (const std::string& name : people) {
    Inhabitant* p = find(name);
    if (!p) throw Unmet("there is nobody called \"" + name + "\" in this world");
    if (std::find(who.begin(), who.end(), p) == who.end()) who.push_back(p);
  }
  for (std::size_t round = 0; round < kMaxSyncRounds; ++round) {
    bool any = learn_users(who);
    shuffle(who);
    std::vector<std::pair<Inhabitant*, std::vector<Parcel>>> post;
    for (Inhabitant* to : who) {
      std::vector<Parcel> items;
      for (Inhabitant* from : who)
        if (from != to) {
          std::vector<Parcel> some = pack(*from, *to);
          std::move(some.begin(), some.end(), std::back_inserter(items));
        }
      any = any || !items.empty();
      post.push_back({to, std::move(items)});
    }
    deliver(std::move(post));
    for (Inhabitant* p : who) any = p->realm->tend() || any;
    if (!any) return;
  }
  throw Unmet("those who met still had something to say to each other after " + std::to_string(kMaxSyncRounds) +
              " rounds");
}

}  // namespace tlfs::policy
