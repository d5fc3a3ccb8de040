// Random histories of five people of whom two lie: whatever the order of arrival, replicas agree with each other and
// with an evaluator that was written independently, and nobody reads what was never theirs.
#include "tests/runtime/access/naive_rules.h"
#include "tests/runtime/access/story.h"
#include "tests/runtime/document/seeds.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

namespace {

// What the rules say, by the evaluator of the tests, for everything that a replica holds and can read.
class Judge : public Sightings {
 public:
  explicit Judge(ProtectedDocument& d) : d_(d), naive_(d.id(), *this) {
    for (const document::Change& c : d.content().all_changes()) {
      number_[c.hash] = static_cast<std::uint32_t>(changes_.size());
      std::set<ChangeHash> past{c.hash};
      const auto add = [&](const ChangeHash& h) { past.insert(pasts_[h].begin(), pasts_[h].end()); };
      if (c.header.prev) add(*c.header.prev);
      for (const ChangeHash& h : c.header.deps) add(h);
      pasts_[c.hash] = std::move(past);
      changes_.push_back(c);
    }
    const AuthorityLog& log = d.log();
    for (std::size_t i = 0; i < log.size(); ++i) {
      const SignedStatement& s = log.at(i);
      Item item = log.rules().at(log.index_of(s.hash));
      item.leaves.clear();
      if (const auto* admit = std::get_if<Admit>(&s.statement.says); admit && s.statement.document == d.id())
        for (const LeafId& leaf : admit->leaves)
          item.leaves.push_back({number_.contains(leaf.change) ? number_[leaf.change] : 1u << 30, leaf.leaf});
      frontiers_[log.index_of(s.hash)] = &s;
      REQUIRE(naive_.add(std::move(item)) == log.index_of(s.hash));
    }
  }

  bool saw(Index revocation, std::uint32_t change) const override {
    const Statement& s = frontiers_.at(revocation)->statement;
    const std::vector<ChangeHash>* frontier = nullptr;
    if (const auto* r = std::get_if<Revoke>(&s.says)) frontier = &r->frontier;
    if (const auto* c = std::get_if<Cut>(&s.says)) frontier = &c->frontier;
    return frontier && change < changes_.size() &&
           std::any_of(frontier->begin(), frontier->end(), [&](const ChangeHash& h) {
             const auto past = pasts_.find(h);
             return past != pasts_.end() && past->second.contains(changes_[change].hash);
           });
  }

  void check() {
    std::set<LeafId> withheld;
    for (const Withheld& w : d_.withheld_leaves()) withheld.insert(w.leaf);
    for (std::uint32_t c = 0; c < changes_.size(); ++c) {
      const auto places = d_.content().places(d_.content().graph().find(changes_[c].hash));
      std::vector<Index> heads;
      for (const StatementHash& h : changes_[c].header.authority_heads) heads.push_back(d_.log().index_of(h));
      for (std::uint32_t leaf = 0; leaf < places.size(); ++leaf) {
        if (places[leaf].empty()) continue;
        std::vector<Scope> scopes;
        for (const Address& at : places[leaf]) scopes.push_back(*d_.scope_of(at));
        const bool counts = naive_.counts(changes_[c].header.writer.device, heads, {c, leaf}, scopes);
        ++judged;
        if (!counts) ++refused;
        CHECK(counts == !withheld.contains({changes_[c].hash, leaf}));
      }
    }
  }

  // Whether anyone ever gave the user read there, by a grant that is well formed.
  bool ever_read(const Principal& user, const Scope& at) {
    for (Index i = 0; i < naive_.size(); ++i) {
      const Item& item = d_.log().rules().at(i);
      if (item.document != d_.id() || !naive_.well_formed(i)) continue;
      const Level level = item.kind == Item::Kind::genesis ? Level::own : item.level;
      if (level >= Level::read && covers(item.at, at) && (item.to == user || item.to == Principal::anyone()))
        return true;
    }
    return false;
  }

  std::size_t judged = 0, refused = 0;

 private:
  ProtectedDocument& d_;
  NaiveRules naive_;
  std::vector<document::Change> changes_;
  std::map<ChangeHash, std::uint32_t> number_;
  std::map<ChangeHash, std::set<ChangeHash>> pasts_;
  std::map<Index, const SignedStatement*> frontiers_;
};

}  // namespace

TEST_CASE("the same items give the same verdicts and values in every order, and they are the evaluator's") {
  std::size_t judged = 0, refused = 0;
  const auto seeds = document::testing::seeds(40);
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    INFO("seed " << seed);
    Story story(seed);
    for (int i = 0; i < 60; ++i) story.step();
    const Items items = story.everything();
    for (std::size_t who = 0; who < kPeople; ++who) {
      INFO("person " << who);
      std::optional<std::string> value;
      for (std::uint64_t order = 0; order < 3; ++order) {
        const std::unique_ptr<Realm> realm = story.rebuilt(who, items, seed * 100 + order);
        ProtectedDocument& d = *realm->find(story.document());
        CHECK(d.content().waiting() == 0);
        CHECK(d.log().waiting() == 0);
        const std::string seen = d.content().json();
        if (value) CHECK(seen == *value);
        value = seen;
        if (order > 0) continue;
        Judge judge(d);
        judge.check();
        judged += judge.judged;
        refused += judge.refused;
        // Nothing shows to someone who never had read there.
        for (const char* path : {".", ".private", ".rows[\"a\"]", ".rows[\"b\"]", ".rows[\"c\"]"}) {
          const Realm& owner = *story.person(0).realm;
          const ProtectedDocument& mine = *owner.find(story.document());
          const auto address = mine.address(path);
          if (!address) continue;
          const auto scope = mine.scope_of(*address);
          if (!scope || judge.ever_read(story.person(who).user(), *scope)) continue;
          const auto there = d.address(path);
          if (there) CHECK(!d.can_read(*there));
          if (std::string_view(path) != ".") continue;
          CHECK(document::to_json(*d.content().get(".title")) == "null");
          CHECK(document::to_json(*d.content().get(".body")) == "\"\"");
        }
      }
    }
  }
  CHECK(judged > (seeds.last - seeds.first + 1) * 10);
  CHECK(refused > (seeds.last - seeds.first + 1) / 2);  // the lies are among them
}

TEST_CASE("no planted word is in what a holder of sync stores") {
  const auto seeds = document::testing::seeds(20);
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    INFO("seed " << seed);
    Story story(seed);
    for (int i = 0; i < 50; ++i) story.step();
    const Items items = story.everything();
    std::size_t bytes = 0;
    const auto clean = [&](ByteView stored) {
      bytes += stored.size();
      const std::string_view text = as_text(stored);
      return text.find("planted") == std::string_view::npos;
    };
    for (const SignedStatement& s : items.first) CHECK(clean(encode_statement(s)));
    for (const document::Change& c : items.second) CHECK(clean(document::encode_change(c)));
    CHECK(bytes > 1000);
  }
}
