// Rules against the executable reference of the design, on random histories.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "runtime/access/rules.h"

namespace tlfs::access {
namespace {

using Kind = Item::Kind;

struct ReferenceItem {
  std::uint32_t id = 0;
  std::string kind, author, to;
  Level level = Level::none;
  Scope at;
  std::optional<std::uint32_t> proof;
  std::vector<std::uint32_t> heads, names, frontier;
};

struct LevelAt {
  std::string who;
  Scope at;
  Level level;
};

struct ReferenceHistory {
  std::uint64_t seed = 0;
  std::map<std::uint32_t, ReferenceItem> items;
  std::set<std::uint32_t> effective, live, counts;
  std::vector<LevelAt> levels;
};

std::vector<std::uint32_t> ids(const std::string& list) {
  std::vector<std::uint32_t> out;
  std::istringstream in(list == "-" ? "" : list);
  for (std::string id; std::getline(in, id, ',');) out.push_back(static_cast<std::uint32_t>(std::stoul(id)));
  return out;
}

std::set<std::uint32_t> id_set(const std::string& list) {
  const std::vector<std::uint32_t> all = ids(list);
  return {all.begin(), all.end()};
}

Scope scope(const std::string& address) {  // "/xy"
  Scope out;
  for (const char step : address.substr(1)) out.push_back(Token{static_cast<std::uint8_t>(step)});
  return out;
}

Level level_of(const std::string& number) { return static_cast<Level>(std::stoi(number)); }

crypto::PublicKey key_of(const std::string& name) {
  crypto::PublicKey key{};
  std::copy_n(name.begin(), std::min(name.size(), key.size()), key.begin());
  return key;
}

std::vector<ReferenceHistory> parse(std::istream& in) {
  std::vector<ReferenceHistory> out;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::vector<std::string> w;
    for (std::string word; words >> word;) w.push_back(word);
    REQUIRE_FALSE(w.empty());
    if (w[0] == "history") out.emplace_back().seed = std::stoull(w.at(1));
    ReferenceHistory& history = out.back();
    if (w[0] == "item") {
      REQUIRE(w.size() == 11);
      ReferenceItem item{static_cast<std::uint32_t>(std::stoul(w[1])),
                         w[2],
                         w[3],
                         w[5],
                         level_of(w[6]),
                         scope(w[7]),
                         std::nullopt,
                         ids(w[4]),
                         ids(w[9]),
                         ids(w[10])};
      if (w[8] != "-") item.proof = static_cast<std::uint32_t>(std::stoul(w[8]));
      history.items.emplace(item.id, item);
    }
    if (w[0] == "effective") history.effective = id_set(w.at(1));
    if (w[0] == "live") history.live = id_set(w.at(1));
    if (w[0] == "counts") history.counts = id_set(w.at(1));
    if (w[0] == "level") history.levels.push_back({w.at(1), scope(w.at(2)), level_of(w.at(3))});
  }
  return out;
}

class Frontiers : public Sightings {
 public:
  bool saw(Index revocation, std::uint32_t change) const override { return seen.at(revocation).contains(change); }
  std::map<Index, std::set<std::uint32_t>> seen;
};

// The history fed to Rules in a causal order that `rng` draws. A leaf is no item there: what it has seen is a context,
// and what has seen it has seen that.
class Replay {
 public:
  Replay(const ReferenceHistory& history, std::mt19937_64& rng) : history_(history), rules_(document(), frontiers_) {
    std::vector<std::uint32_t> left;
    for (const auto& [id, item] : history.items) left.push_back(id);
    while (!left.empty()) {
      std::vector<std::size_t> ready;
      for (std::size_t k = 0; k < left.size(); ++k) {
        const std::vector<std::uint32_t>& heads = history.items.at(left[k]).heads;
        if (std::all_of(heads.begin(), heads.end(), [&](std::uint32_t h) { return heads_.contains(h); }))
          ready.push_back(k);
      }
      const std::size_t k = ready[rng() % ready.size()];
      take(history.items.at(left[k]));
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(k));
    }
  }

  void check() {
    for (const auto& [id, item] : history_.items) {
      INFO(item.kind << " " << id);
      if (item.kind == "revoke") CHECK(rules_.effective(index_.at(id)) == history_.effective.contains(id));
      if (item.kind == "grant") CHECK(rules_.live(index_.at(id)) == history_.live.contains(id));
      if (item.kind != "leaf") continue;
      const Rules::Context context = rules_.context(heads_.at(id));
      CHECK(rules_.counts(key_of(item.author), context, {id, 0}, {item.at}) == history_.counts.contains(id));
    }
    for (const LevelAt& l : history_.levels) {
      INFO(l.who << " at " << l.at.size() << " steps");
      CHECK(rules_.level(Principal::of_key(key_of(l.who)), l.at) == l.level);
    }
  }

 private:
  static DocumentId document() { return key_of("document"); }

  void take(const ReferenceItem& from) {
    std::vector<Index> parents;
    for (const std::uint32_t h : from.heads) parents.insert(parents.end(), heads_.at(h).begin(), heads_.at(h).end());
    if (from.kind == "leaf") {
      heads_[from.id] = parents;
      return;
    }
    Item item;
    item.document = document();
    item.author = key_of(from.author);
    item.parents = parents;
    item.level = from.kind == "grant" ? from.level : Level::none;
    item.to = Principal::of_key(key_of(from.to));
    item.at = from.at;
    if (from.proof && index_.contains(*from.proof)) item.proof = index_.at(*from.proof);
    if (from.kind == "grant") item.kind = from.proof ? Kind::grant : Kind::genesis;
    if (from.kind == "revoke") {
      item.kind = Kind::revoke;
      for (const std::uint32_t name : from.names) item.names.push_back(index_.at(name));
    }
    if (from.kind == "admit") {
      item.kind = Kind::admit;
      for (const std::uint32_t leaf : from.names) item.leaves.push_back({leaf, 0});
    }
    const Index i = static_cast<Index>(rules_.size());
    frontiers_.seen[i] = {from.frontier.begin(), from.frontier.end()};
    REQUIRE(rules_.add(item) == i);
    index_[from.id] = i;
    heads_[from.id] = {i};
  }

  const ReferenceHistory& history_;
  Frontiers frontiers_;
  Rules rules_;
  std::map<std::uint32_t, Index> index_;               // of what is no leaf
  std::map<std::uint32_t, std::vector<Index>> heads_;  // what somebody who has seen this has seen
};

}  // namespace

TEST_CASE("Rules and the reference of the design give the same verdicts on random histories") {
  const std::string reference = TLFS_SHARED_DIR "/model/access_rules.py";
  if (!std::ifstream(reference)) {
    WARN("not compared: there is no " << reference);
    return;
  }
  const std::string command =
      "python3 " TLFS_SOURCE_DIR "/tests/runtime/access/reference_histories.py " + reference + " 3000";
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::string text;
  char buffer[65536];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) != 0;) text.append(buffer, n);
  REQUIRE(pclose(pipe) == 0);
  std::istringstream in(text);
  const std::vector<ReferenceHistory> histories = parse(in);
  REQUIRE(histories.size() == 3000);
  std::size_t effective = 0, revocations = 0, counting = 0, leaves = 0;
  for (const ReferenceHistory& history : histories) {
    INFO("history " << history.seed);
    std::mt19937_64 rng(history.seed);
    for (int order = 0; order < 3; ++order) Replay(history, rng).check();
    effective += history.effective.size();
    counting += history.counts.size();
    for (const auto& [id, item] : history.items) {
      revocations += item.kind == "revoke";
      leaves += item.kind == "leaf";
    }
  }
  // Histories in which everything or nothing holds would compare nothing.
  CHECK(effective > 1000);
  CHECK(revocations > effective + 1000);
  CHECK(counting > 1000);
  CHECK(leaves > counting + 1000);
}

}  // namespace tlfs::access
