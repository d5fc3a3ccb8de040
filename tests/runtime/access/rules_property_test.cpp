// Rules against the naive evaluator on random histories of several documents that refer to each other, circles
// included.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <numeric>
#include <random>

#include "tests/runtime/access/naive_rules.h"
#include "tests/runtime/document/seeds.h"

namespace tlfs::access::testing {
namespace {

using Kind = Item::Kind;
using Rng = std::mt19937_64;

constexpr std::uint32_t kChanges = 6;

std::size_t below(Rng& rng, std::size_t n) { return static_cast<std::size_t>(rng() % n); }
template <class T>
const T& one_of(Rng& rng, const std::vector<T>& from) {
  return from[below(rng, from.size())];
}
bool chance(Rng& rng, std::size_t percent) { return below(rng, 100) < percent; }

crypto::PublicKey id_of(std::uint8_t n) {
  crypto::PublicKey key{};
  key[0] = n;
  return key;
}
Scope scope(std::string_view steps) {
  Scope out;
  for (const char step : steps) out.push_back(Token{static_cast<std::uint8_t>(step)});
  return out;
}

const std::vector<crypto::PublicKey> kDevices = {id_of(1), id_of(2), id_of(3), id_of(4), id_of(5)};
const std::vector<DocumentId> kDocuments = {id_of(101), id_of(102), id_of(103)};  // the first is judged
const std::vector<Scope> kScopes = {scope(""), scope("x"), scope("xy"), scope("z")};
const std::vector<Level> kLevels = {Level::sync, Level::read, Level::write, Level::control, Level::own};

// A history in an order of its own: `items` refer to each other by position here, kept grants as (revocation, name).
struct History {
  std::uint64_t seed = 0;
  std::vector<Item> items;
};

// Whoever saw what: decided by the seed, for changes beside and before a revocation alike, so authors may lie.
class Frontiers : public Sightings {
 public:
  Frontiers(std::uint64_t seed, const std::vector<Index>& original) : seed_(seed), original_(original) {}
  bool saw(Index revocation, std::uint32_t change) const override {
    std::uint64_t h = seed_ * 1000003 + original_.at(revocation) * 8191 + change;
    h ^= h >> 31;
    h *= 0x9e3779b97f4a7c15u;
    return (h >> 40) % 3 != 0;
  }

 private:
  std::uint64_t seed_;
  const std::vector<Index>& original_;
};

Principal random_principal(Rng& rng) {
  if (chance(rng, 5)) return Principal::anyone();
  if (chance(rng, 55)) return Principal::of_key(one_of(rng, kDevices));
  return Principal::members(one_of(rng, kDocuments), one_of(rng, std::vector<Scope>{scope(""), scope(""), scope("x")}),
                            one_of(rng, std::vector<Level>{Level::read, Level::write, Level::own}));
}

// Mostly honest: authors cite what they hold, with a membership that fits if there is one.
class Author {
 public:
  Author(Rng& rng, NaiveRules& rules, bool quarrel) : rng_(rng), rules_(rules), quarrel_(quarrel) {}

  Item next(std::vector<Item>& all) {
    Item item;
    item.document = one_of(rng_, kDocuments);
    std::vector<Index> everything(rules_.size());
    std::iota(everything.begin(), everything.end(), Index{0});
    for (std::size_t n = 1 + below(rng_, 3); n > 0; --n) item.parents.push_back(one_of(rng_, everything));
    if (chance(rng_, quarrel_ ? 20 : 60)) item.parents.push_back(static_cast<Index>(rules_.size() - 1));
    std::vector<Index> past, grants, proofs, revocations;
    for (const Index i : everything)
      if (sees(item.parents, i)) past.push_back(i);
    for (const Index i : past) {
      const Item& seen = all[i];
      if (rules_.well_formed(i) && seen.document == item.document) {
        grants.push_back(i);
        if (seen.level >= Level::control) proofs.push_back(i);
      }
      if (seen.kind == Kind::revoke && seen.document != item.document && (rules_.effective(i) || chance(rng_, 20)))
        revocations.push_back(i);
    }
    item.kind =
        one_of(rng_, quarrel_ ? std::vector<Kind>{Kind::grant, Kind::grant, Kind::revoke, Kind::revoke, Kind::revoke,
                                                  Kind::admit, Kind::cut, Kind::cut, Kind::cut}
                              : std::vector<Kind>{Kind::grant, Kind::grant, Kind::grant, Kind::grant, Kind::revoke,
                                                  Kind::revoke, Kind::revoke, Kind::admit, Kind::cut, Kind::cut});
    if (chance(rng_, 3)) item.kind = one_of(rng_, std::vector<Kind>{Kind::other, Kind::genesis});
    if (!proofs.empty()) item.proof = one_of(rng_, proofs);
    if (chance(rng_, 4)) item.proof = one_of(rng_, everything);
    item.author = one_of(rng_, kDevices);
    if (item.proof != kNone) authorise(item, all, past);
    item.to = random_principal(rng_);
    item.level = one_of(rng_, kLevels);
    if (quarrel_ && item.kind == Kind::grant && chance(rng_, 70)) {
      item.level = chance(rng_, 50) ? Level::own : Level::control;
      item.to = Principal::of_key(one_of(rng_, kDevices));
    }
    const Scope proven = item.proof == kNone ? Scope() : all[item.proof].at;
    item.at = chance(rng_, 70) ? proven : one_of(rng_, kScopes);
    switch (item.kind) {
      case Kind::revoke:
        item.level = chance(rng_, 25) ? item.level : Level::none;
        for (std::size_t n = 1 + below(rng_, 2); n > 0 && !grants.empty(); --n)
          item.names.push_back(one_of(rng_, grants));
        if (chance(rng_, 4)) item.names.push_back(one_of(rng_, everything));
        break;
      case Kind::cut:
        if (!revocations.empty()) item.names.push_back(one_of(rng_, revocations));
        if (!revocations.empty() && chance(rng_, 40)) {
          item.author = all[item.names[0]].author;
          if (chance(rng_, 50)) item.proof = kNone;
        }
        break;
      case Kind::admit:
        for (std::uint32_t change = 0; change < kChanges; ++change)
          if (chance(rng_, 70)) item.leaves.push_back({change, 0});
        break;
      default:
        break;
    }
    if (chance(rng_, 3)) item.author = one_of(rng_, kDevices);
    return item;
  }

 private:
  bool sees(const std::vector<Index>& heads, Index i) const {
    return std::any_of(heads.begin(), heads.end(), [&](Index h) { return h == i || rules_.reaches(h, i); });
  }

  // An author whom the proof is for, and how it is one of them: down from the group as chance leads.
  void authorise(Item& item, const std::vector<Item>& all, const std::vector<Index>& past) {
    Principal wanted = all[item.proof].to;
    for (std::size_t links = 0; links < 4 && wanted.kind == Principal::Kind::members; ++links) {
      std::vector<Index> fitting;
      for (const Index m : past)
        if (rules_.well_formed(m) && all[m].document == wanted.document() && all[m].level >= wanted.level &&
            covers(all[m].at, wanted.at))
          fitting.push_back(m);
      if (fitting.empty()) return;
      item.membership.push_back(one_of(rng_, fitting));
      wanted = all[item.membership.back()].to;
    }
    if (wanted.kind == Principal::Kind::key) item.author = wanted.key;
  }

  Rng& rng_;
  NaiveRules& rules_;
  bool quarrel_;
};

std::size_t indices_of(const Item& item) {
  return 1 + (item.kind == Kind::revoke && item.level != Level::none ? item.names.size() : 0);
}

// The items with kept grants in their places, as both evaluators number them.
History random_history(std::uint64_t seed, std::size_t steps) {
  Rng rng(seed);
  History history{seed, {}};
  const std::vector<Index> none;
  Frontiers nobody(seed, none);
  NaiveRules rules(kDocuments[0], nobody);
  std::vector<Item> all;  // by index
  const auto take = [&](const Item& item) {
    history.items.push_back(item);
    const Index i = rules.add(item);
    rules.well_formed(i);
    all.push_back(item);
    for (std::size_t k = 1; k < indices_of(item); ++k) {
      Item kept = item;  // near enough for whoever chooses a proof
      kept.kind = Kind::grant;
      kept.to = item.names[k - 1] < all.size() ? all[item.names[k - 1]].to : Principal();
      kept.at = item.names[k - 1] < all.size() ? all[item.names[k - 1]].at : Scope();
      all.push_back(kept);
    }
  };
  for (const DocumentId& document : kDocuments) {
    Item genesis;
    genesis.kind = Kind::genesis;
    genesis.document = document;
    genesis.author = document;
    genesis.level = Level::own;
    genesis.to = seed % 2 == 0     ? Principal::of_key(kDevices[history.items.size()])
                 : chance(rng, 70) ? Principal::of_key(one_of(rng, kDevices))
                                   : random_principal(rng);
    if (!all.empty() && chance(rng, 50)) genesis.parents = {static_cast<Index>(all.size() - 1)};
    take(genesis);
  }
  // Half of the histories begin with owners, and groups of owners, who then mostly remove each other.
  const bool quarrel = seed % 2 == 0;
  if (quarrel)
    for (Index root = 0; root < kDocuments.size(); ++root) {
      const auto appoint = [&](const Principal& owner) {
        Item item;
        item.kind = Kind::grant;
        item.document = kDocuments[root];
        item.author = kDevices[root];
        item.parents = {static_cast<Index>(all.size() - 1)};
        item.proof = root;
        item.to = owner;
        item.level = Level::own;
        take(item);
      };
      for (std::size_t n = 1 + below(rng, 3); n > 0; --n) appoint(Principal::of_key(one_of(rng, kDevices)));
      if (chance(rng, 80)) appoint(Principal::members(kDocuments[(root + 1) % 3], {}, Level::own));
      if (chance(rng, 30)) appoint(Principal::members(kDocuments[(root + 2) % 3], {}, Level::own));
    }
  const std::size_t end = history.items.size() + steps;
  Author author(rng, rules, quarrel);
  while (history.items.size() < end) take(author.next(all));
  return history;
}

// Feeds a history in some causal order and translates between its numbers and those of that order.
template <class Evaluator>
struct Fed {
  using AfterEach = std::function<void(Evaluator&)>;
  Fed(const History& history, Rng* shuffle, const AfterEach& after_each = {})
      : frontiers(history.seed, original), evaluator(kDocuments[0], frontiers), number(total(history), kNone) {
    std::vector<bool> done(history.items.size());
    std::vector<Index> first;  // of each item, in the history's numbers
    for (std::size_t k = 0, at = 0; k < history.items.size(); at += indices_of(history.items[k]), ++k)
      first.push_back(static_cast<Index>(at));
    // A genesis comes before whatever else there is of its document, as items of a document follow from it.
    const auto ready = [&](std::size_t k) {
      const Item& item = history.items[k];
      if (done[k]) return false;
      if (k >= kDocuments.size() && !(done[0] && done[1] && done[2])) return false;
      for (const Index parent : item.parents)
        if (number[parent] == kNone) return false;
      return true;
    };
    for (std::size_t n = 0; n < history.items.size(); ++n) {
      std::vector<std::size_t> possible;
      for (std::size_t k = 0; k < history.items.size(); ++k)
        if (ready(k)) possible.push_back(k);
      const std::size_t k = shuffle ? one_of(*shuffle, possible) : possible.front();
      done[k] = true;
      Item item = history.items[k];
      const auto translate = [&](Index& i) { i = i < number.size() ? number[i] : kNone; };
      for (Index& i : item.parents) translate(i);
      for (Index& i : item.names) translate(i);
      for (Index& i : item.membership) translate(i);
      translate(item.proof);
      const Index at = static_cast<Index>(original.size());
      for (std::size_t j = 0; j < indices_of(item); ++j) {
        number[first[k] + j] = static_cast<Index>(at + j);
        original.push_back(static_cast<Index>(first[k] + j));
      }
      REQUIRE(evaluator.add(item) == at);
      if (after_each) after_each(evaluator);
    }
  }
  static std::size_t total(const History& history) {
    std::size_t n = 0;
    for (const Item& item : history.items) n += indices_of(item);
    return n;
  }

  std::vector<Index> original;  // by number here
  Frontiers frontiers;
  Evaluator evaluator;
  std::vector<Index> number;  // by number in the history
};

struct Leaf {
  crypto::PublicKey author;
  std::vector<Index> heads;
  LeafRef ref;
  std::vector<Scope> addresses;
};

Leaf random_leaf(Rng& rng, std::size_t items) {
  Leaf leaf{one_of(rng, kDevices), {}, {static_cast<std::uint32_t>(below(rng, kChanges)), 0}, {one_of(rng, kScopes)}};
  for (std::size_t n = 1 + below(rng, 3); n > 0; --n) leaf.heads.push_back(static_cast<Index>(below(rng, items)));
  if (chance(rng, 30)) leaf.addresses.push_back(one_of(rng, kScopes));
  return leaf;
}

std::vector<Index> translated(const std::vector<Index>& from, const std::vector<Index>& numbers) {
  std::vector<Index> out;
  for (const Index i : from) out.push_back(numbers[i]);
  return out;
}

struct Tally {
  std::size_t effective_revocations = 0, void_revocations = 0, effective_cuts = 0, void_cuts = 0, kept = 0;
  std::size_t counting = 0, withheld = 0, by_membership = 0, admitted = 0, dead = 0, alive = 0;
};

void compare(NaiveRules& naive, Fed<Rules>& fed, Rng& rng, Tally& tally) {
  Rules& rules = fed.evaluator;
  REQUIRE(rules.size() == naive.size());
  for (Index i = 0; i < naive.size(); ++i) {
    INFO("item " << i << ", here " << fed.number[i]);
    const Index here = fed.number[i];
    CHECK(rules.well_formed(here) == naive.well_formed(i));
    CHECK(rules.live(here) == naive.live(i));
    const Kind kind = rules.at(here).kind;
    if (kind == Kind::revoke || kind == Kind::cut) {
      CHECK(rules.effective(here) == naive.effective(i));
      (kind == Kind::cut ? (naive.effective(i) ? tally.effective_cuts : tally.void_cuts)
                         : (naive.effective(i) ? tally.effective_revocations : tally.void_revocations))++;
    }
    if (naive.well_formed(i)) (naive.live(i) ? tally.alive : tally.dead)++;
    for (Index j = 0; j < naive.size(); ++j) CHECK(rules.reaches(here, fed.number[j]) == naive.reaches(i, j));
  }
  std::vector<Principal> people = {Principal::anyone()};
  for (const crypto::PublicKey& key : kDevices) people.push_back(Principal::of_key(key));
  for (int n = 0; n < 3; ++n) people.push_back(random_principal(rng));
  for (const Principal& who : people) {
    CHECK(rules.keys_of(who) == naive.keys_of(who));
    for (const Scope& at : kScopes) {
      const Level has = naive.level(who, at);
      CHECK(rules.level(who, at) == has);
      for (const Level wanted : kLevels) {
        const Rules::Explanation why = rules.explain(who, wanted, at);
        CHECK((why.why == Rules::Explanation::Why::allowed) == (has >= wanted));
        CHECK(why.level == has);
        using Why = Rules::Explanation::Why;
        if (why.why == Why::ended || why.why == Why::cut_off) CHECK(why.ended_by != kNone);
        if (why.why != Why::no_grant) {
          REQUIRE_FALSE(why.chain.empty());
          CHECK(why.chain.back() == why.grant);
          CHECK(rules.at(why.chain.front()).kind == Kind::genesis);
        }
      }
    }
  }
  for (const Scope& at : kScopes)
    for (const Level wanted : kLevels) CHECK(rules.holders(wanted, at) == naive.holders(wanted, at));
  for (int n = 0; n < 40; ++n) {
    const Leaf leaf = random_leaf(rng, naive.size());
    const bool expected = naive.counts(leaf.author, leaf.heads, leaf.ref, leaf.addresses);
    const Rules::Context context = rules.context(translated(leaf.heads, fed.number));
    CHECK(rules.counts(leaf.author, context, leaf.ref, leaf.addresses) == expected);
    (expected ? tally.counting : tally.withheld)++;
    const std::uint64_t basis = rules.basis(leaf.author, context, leaf.addresses);
    if (expected) CHECK(basis != 0);
    if (leaf.addresses.size() == 1) {
      const auto why = rules.explain_leaf(leaf.author, context, leaf.ref, leaf.addresses[0]);
      CHECK((why.why == Rules::Explanation::Why::allowed) == expected);
      if (expected && !why.membership.empty()) ++tally.by_membership;
      if (expected && why.ended_by != kNone) ++tally.admitted;
      if (expected) CHECK(rules.could_write_near(leaf.author, context, leaf.addresses[0]));
    }
  }
}

// Somebody who asks after every item, so that nothing is ever decided all at once.
class Asked {
 public:
  explicit Asked(Rng& rng) : rng_(rng) {}
  void after_item(Rules& rules) {
    bool verdict_changed = false;
    for (auto& [leaf, context, before] : leaves_) {
      const bool counts = rules.counts(leaf.author, context, leaf.ref, leaf.addresses);
      if (counts != before) verdict_changed = true;
      before = counts;
    }
    const std::vector<Index> changed = rules.take_changed();
    if (verdict_changed) CHECK_FALSE(changed.empty());
    CHECK(rules.take_changed().empty());
    const Leaf leaf = random_leaf(rng_, rules.size());
    const Rules::Context context = rules.context(leaf.heads);
    leaves_.push_back({leaf, context, rules.counts(leaf.author, context, leaf.ref, leaf.addresses)});
  }

 private:
  struct Known {
    Leaf leaf;
    Rules::Context context;
    bool counts;
  };
  Rng& rng_;
  std::vector<Known> leaves_;
};

}  // namespace

TEST_CASE("Rules answer what a naive evaluation of the text of the rules answers, in any order of arrival") {
  Tally tally;
  const auto range = document::testing::seeds(2500);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO("seed " << seed);
    const History history = random_history(seed, 5 + seed % 29);
    Rng rng(seed * 7919);
    Fed<NaiveRules> naive(history, nullptr);
    Fed<Rules> shuffled(history, &rng);
    compare(naive.evaluator, shuffled, rng, tally);
    Asked asked(rng);
    Fed<Rules> asked_often(history, &rng, [&](Rules& rules) { asked.after_item(rules); });
    compare(naive.evaluator, asked_often, rng, tally);
  }
  if (range.last - range.first < 2000) return;
  // The comparison is worth something only if the histories have something of everything.
  CHECK(tally.effective_revocations > 1000);
  CHECK(tally.void_revocations > 1000);
  CHECK(tally.effective_cuts > 1000);
  CHECK(tally.void_cuts > 300);
  CHECK(tally.dead > 1000);
  CHECK(tally.counting > 1000);
  CHECK(tally.withheld > 1000);
  CHECK(tally.by_membership > 300);
  CHECK(tally.admitted > 100);
}

}  // namespace tlfs::access::testing
