// The authority log: any order of arrival, what waits and for how long, what is refused and why.
#include "runtime/access/authority_log.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/runtime/document/seeds.h"

using namespace tlfs;
using namespace tlfs::access;

namespace {

crypto::SigningKey key_of(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(number);
  return crypto::SigningKey::from_seed(seed);
}

class NothingSeen final : public Sightings {
 public:
  bool saw(Index, std::uint32_t) const override { return false; }
};

struct World {
  crypto::SigningKey document = key_of(1), group = key_of(2), alice = key_of(3), bob = key_of(4), mallory = key_of(5);
  NothingSeen sightings;

  AuthorityLog log() const {
    return AuthorityLog(document.public_key(), sightings, [](const ChangeHash&) { return 0u; });
  }
  static SignedStatement genesis(const crypto::SigningKey& of, const Principal& root,
                                 DocumentKind kind = DocumentKind::ordinary) {
    Statement s;
    s.document = s.author = of.public_key();
    s.says = Genesis{root, kind};
    return sign_statement(std::move(s), of);
  }
  SignedStatement genesis() const { return genesis(document, Principal::of_key(alice.public_key())); }
  static Statement after(std::vector<SignedStatement> parents, const crypto::SigningKey& author) {
    Statement s;
    s.document = parents.front().statement.document;
    s.author = author.public_key();
    for (const SignedStatement& p : parents) s.parents.push_back(p.hash);
    std::sort(s.parents.begin(), s.parents.end());
    return s;
  }
  static SignedStatement grant(const SignedStatement& proof, std::vector<SignedStatement> parents,
                               const crypto::SigningKey& author, const Principal& to, Level level) {
    Statement s = after(std::move(parents), author);
    s.says = Grant{to, level, {}, {}};
    s.proof = GrantName{proof.hash, 0};
    return sign_statement(std::move(s), author);
  }
};

Principal one(const crypto::SigningKey& key) { return Principal::of_key(key.public_key()); }

}  // namespace

TEST_CASE("statements in any order, some twice, make the same log") {
  const World w;
  // Two lines of grants that meet now and then.
  std::vector<SignedStatement> all{w.genesis()};
  std::vector<SignedStatement> line{all[0], all[0]};
  for (std::uint8_t i = 0; i < 30; ++i) {
    std::vector<SignedStatement> parents{line[i % 2]};
    if (i % 7 == 6) parents = line;
    parents.erase(std::unique(parents.begin(), parents.end(), [](auto& a, auto& b) { return a.hash == b.hash; }),
                  parents.end());
    line[i % 2] = World::grant(all[0], parents, w.alice, one(key_of(static_cast<std::uint8_t>(50 + i))),
                               i % 3 ? Level::write : Level::read);
    all.push_back(line[i % 2]);
  }
  AuthorityLog straight = w.log();
  REQUIRE(straight.take(all).added.size() == all.size());
  const auto seeds = document::testing::seeds(20);
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    std::vector<SignedStatement> order = all;
    order.insert(order.end(), all.begin(), all.begin() + 5);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.next_u64() % i]);
    AuthorityLog log = w.log();
    std::vector<StatementHash> added;
    for (SignedStatement& s : order) {
      const AuthorityLog::Taken taken = log.take({std::move(s)});
      REQUIRE(taken.refused.empty());
      added.insert(added.end(), taken.added.begin(), taken.added.end());
    }
    REQUIRE(added.size() == all.size());  // each once
    CHECK(log.waiting() == 0);
    CHECK(log.missing().empty());
    CHECK(log.heads(w.document.public_key()) == straight.heads(w.document.public_key()));
    // In causal order, in the report and in the log.
    std::set<StatementHash> before;
    for (std::size_t i = 0; i < log.size(); ++i) {
      CHECK(log.at(i).hash == added[i]);
      for (const StatementHash& p : log.at(i).statement.parents) CHECK(before.contains(p));
      before.insert(log.at(i).hash);
    }
    for (std::uint8_t i = 0; i < 30; ++i) {
      const Principal who = one(key_of(static_cast<std::uint8_t>(50 + i)));
      CHECK(log.rules().level(who, {}) == straight.rules().level(who, {}));
      CHECK(log.rules().level(who, {}) == (i % 3 ? Level::write : Level::read));
    }
  }
}

TEST_CASE("what waits says what it waits for") {
  const World w;
  const SignedStatement root = w.genesis();
  const SignedStatement first = World::grant(root, {root}, w.alice, one(w.bob), Level::read);
  const SignedStatement second = World::grant(root, {first}, w.alice, one(w.bob), Level::write);
  AuthorityLog log = w.log();
  CHECK(log.take({second}).added.empty());
  CHECK(log.waiting() == 1);
  CHECK(log.missing() == std::vector<StatementHash>{first.hash});
  CHECK(log.take({first}).added.empty());
  CHECK(log.missing() == std::vector<StatementHash>{root.hash});  // `first` is here, only not ready
  CHECK(log.take({root}).added == std::vector<StatementHash>{root.hash, first.hash, second.hash});
  CHECK(log.missing().empty());
  CHECK(log.rules().level(one(w.bob), {}) == Level::write);
}

TEST_CASE("a pin is waited for like a parent") {
  const World w;
  const SignedStatement group = World::genesis(w.group, one(w.bob));
  Statement s;
  s.document = s.author = w.document.public_key();
  s.says = Genesis{Principal::members(w.group.public_key(), {}, Level::own), DocumentKind::ordinary};
  s.pins = {group.hash};
  const SignedStatement root = sign_statement(s, w.document);
  AuthorityLog log = w.log();
  CHECK(log.take({root}).added.empty());
  CHECK(log.missing() == std::vector<StatementHash>{group.hash});
  CHECK(log.take({group}).added == std::vector<StatementHash>{group.hash, root.hash});
  CHECK(log.rules().level(one(w.bob), {}) == Level::own);
}

TEST_CASE("waiting is bounded, and what can take its place is let in all the same") {
  const World w;
  const SignedStatement root = w.genesis();
  AuthorityLog log = w.log();
  std::vector<SignedStatement> orphans;
  for (std::size_t i = 0; i <= kMaxWaitingStatements; ++i) {
    Statement s;
    s.document = w.document.public_key();
    s.author = w.alice.public_key();
    StatementHash nowhere{};
    nowhere[0] = static_cast<std::uint8_t>(i);
    nowhere[1] = static_cast<std::uint8_t>(i >> 8);
    nowhere[2] = 1;
    s.parents = {nowhere};
    orphans.push_back(sign_statement(std::move(s), w.alice));
  }
  const AuthorityLog::Taken taken = log.take(orphans);
  CHECK(log.waiting() == kMaxWaitingStatements);
  REQUIRE(taken.refused.size() == 1);
  CHECK(taken.refused[0].is(access::Errc::limit_exceeded));
  CHECK(log.take({root}).added.size() == 1);
  CHECK(log.take({World::grant(root, {root}, w.alice, one(w.bob), Level::read)}).added.size() == 1);
}

TEST_CASE("what waits takes only so much memory, however large each of it is") {
  const World w;
  const SignedStatement root = w.genesis();
  AuthorityLog log = w.log();
  std::size_t kept = 0, refused = 0;
  std::vector<SignedStatement> large;
  for (std::uint8_t i = 0; i < 40; ++i) {
    Statement s = World::after({root}, w.alice);
    s.boxes.resize(120);
    for (KeyBox& b : s.boxes) b.box.assign(kMaxHintBytes, i);
    large.push_back(sign_statement(std::move(s), w.alice));
    const auto taken = log.take({large.back()});
    kept += taken.refused.empty() ? large.back().body.size() : 0;
    for (const Error& e : taken.refused) refused += e.is(access::Errc::limit_exceeded) ? 1 : 0;
  }
  CHECK(refused == 40 - log.waiting());
  CHECK(refused > 0);
  CHECK(kept <= kMaxWaitingStatementBytes);
  CHECK(kept > kMaxWaitingStatementBytes - kMaxStatementBytes);
  // What nothing is missing for is taken, and makes room.
  const std::size_t waited = log.waiting();
  CHECK(log.take({root}).added.size() == 1 + waited);
  CHECK(log.waiting() == 0);
  CHECK(log.take(large).added.size() == refused);
}

TEST_CASE("statements of other documents are let in when something here mentions them, or they are expected") {
  const World w;
  const SignedStatement group = World::genesis(w.group, one(w.bob));
  const SignedStatement root = w.genesis();
  AuthorityLog log = w.log();
  CHECK(log.take({group, root}).added == std::vector<StatementHash>{root.hash});
  CHECK(log.waiting() == 1);
  CHECK_FALSE(log.concerns(w.group.public_key()));
  const SignedStatement grant =
      World::grant(root, {root}, w.alice, Principal::members(w.group.public_key(), {}, Level::read), Level::write);
  const auto added = log.take({grant}).added;
  CHECK(added.size() == 2);  // the group's genesis had waited
  CHECK(log.concerns(w.group.public_key()));
  CHECK(log.count(w.group.public_key()) == 1);
  CHECK(log.rules().level(one(w.bob), {}) == Level::write);

  AuthorityLog expecting = w.log();
  expecting.expect(w.group.public_key());
  CHECK(expecting.take({group}).added.size() == 1);
}

TEST_CASE("a signature that does not fit is refused, whoever the author is said to be") {
  const World w;
  AuthorityLog log = w.log();
  const SignedStatement root = w.genesis();
  log.take({root});
  SignedStatement forged = World::grant(root, {root}, w.mallory, one(w.mallory), Level::own);
  forged.statement.author = w.alice.public_key();
  Statement s = forged.statement;
  const SignedStatement by_mallory = sign_statement(s, w.mallory);  // says alice, signed by mallory
  const auto taken = log.take({by_mallory});
  CHECK(taken.added.empty());
  REQUIRE(taken.refused.size() == 1);
  CHECK(taken.refused[0].is(access::Errc::bad_signature));
  CHECK(log.rules().level(one(w.mallory), {}) == Level::none);
}

TEST_CASE("a genesis is the document's own first statement, and there is one") {
  const World w;
  AuthorityLog log = w.log();
  // Somebody else's beginning of the document.
  Statement s;
  s.document = w.document.public_key();
  s.author = w.mallory.public_key();
  s.says = Genesis{one(w.mallory), DocumentKind::ordinary};
  CHECK(log.take({sign_statement(s, w.mallory)}).refused.at(0).is(access::Errc::bad_signature));
  const SignedStatement root = w.genesis();
  CHECK(log.take({root}).added.size() == 1);
  // A second one by the document's key.
  const auto second = log.take({World::genesis(w.document, one(w.mallory), DocumentKind::user)});
  CHECK(second.added.empty());
  CHECK(second.refused.at(0).is(access::Errc::useless));
  CHECK(log.kind_of(w.document.public_key()) == DocumentKind::ordinary);
  CHECK(log.rules().level(one(w.mallory), {}) == Level::none);
  // One that has something before it.
  s = World::after({root}, w.document);
  s.says = Genesis{one(w.mallory), DocumentKind::ordinary};
  CHECK(log.take({sign_statement(s, w.document)}).refused.at(0).is(access::Errc::bad_signature));
  // And something else that has nothing before it.
  s = Statement{};
  s.document = w.document.public_key();
  s.author = w.alice.public_key();
  CHECK(log.take({sign_statement(s, w.alice)}).refused.at(0).is(access::Errc::malformed));
}

TEST_CASE("who never held anything says nothing here, and who was removed may still be heard") {
  const World w;
  AuthorityLog log = w.log();
  const SignedStatement root = w.genesis();
  const SignedStatement grant = World::grant(root, {root}, w.alice, one(w.bob), Level::write);
  log.take({root, grant});
  const SignedStatement noise = sign_statement(World::after({grant}, w.mallory), w.mallory);
  CHECK(log.take({noise}).refused.at(0).is(access::Errc::useless));
  CHECK_FALSE(log.has(noise.hash));
  Statement s = World::after({grant}, w.alice);
  s.says = Revoke{{{grant.hash, 0}}, Level::none, {}};
  s.proof = GrantName{root.hash, 0};
  const SignedStatement revoke = sign_statement(s, w.alice);
  CHECK(log.take({revoke}).added.size() == 1);
  CHECK(log.rules().level(one(w.bob), {}) == Level::none);
  CHECK(log.take({sign_statement(World::after({revoke}, w.bob), w.bob)}).added.size() == 1);
}

TEST_CASE("a parent is of the same document") {
  const World w;
  AuthorityLog log = w.log();
  log.expect(w.group.public_key());
  const SignedStatement root = w.genesis(), group = World::genesis(w.group, one(w.bob));
  log.take({root, group});
  Statement s = World::after({root}, w.alice);
  s.parents = {group.hash};
  CHECK(log.take({sign_statement(s, w.alice)}).refused.at(0).is(access::Errc::malformed));
}

TEST_CASE("a grant has one name, also one that a revocation kept") {
  const World w;
  AuthorityLog log = w.log();
  const SignedStatement root = w.genesis();
  const SignedStatement grant = World::grant(root, {root}, w.alice, one(w.bob), Level::write);
  Statement s = World::after({grant}, w.alice);
  s.says = Revoke{{{grant.hash, 0}}, Level::read, {}};
  s.proof = GrantName{root.hash, 0};
  const SignedStatement revoke = sign_statement(s, w.alice);
  log.take({root, grant, revoke});
  CHECK(log.rules().level(one(w.bob), {}) == Level::read);
  CHECK(log.name_of(log.index_of(GrantName{grant.hash, 0})) == GrantName{grant.hash, 0});
  CHECK(log.name_of(log.index_of(GrantName{revoke.hash, 1})) == GrantName{revoke.hash, 1});
  CHECK(log.index_of(GrantName{revoke.hash, 0}) == kNone);  // a revocation itself is no grant
  CHECK(log.index_of(GrantName{revoke.hash, 2}) == kNone);  // it names one grant
  CHECK(log.index_of(GrantName{grant.hash, 1}) == kNone);   // a grant keeps nothing
  CHECK(log.index_of(GrantName{{7}, 0}) == kNone);          // nobody said that
}

TEST_CASE("one author may say so much in one document, and others go on") {
  const World w;
  AuthorityLog log = w.log();
  const SignedStatement root = w.genesis();
  const SignedStatement grant = World::grant(root, {root}, w.alice, one(w.bob), Level::write);
  log.take({root, grant});
  std::size_t refused = 0;
  SignedStatement last = grant;
  for (std::size_t i = 0; i <= kMaxStatementsPerAuthor; ++i) {
    SignedStatement next = sign_statement(World::after({last}, w.bob), w.bob);
    const auto taken = log.take({next});
    if (taken.added.empty()) {
      ++refused;
      CHECK(taken.refused.at(0).is(access::Errc::limit_exceeded));
    } else {
      last = std::move(next);
    }
  }
  CHECK(refused == 1);
  CHECK(log.take({sign_statement(World::after({last}, w.alice), w.alice)}).added.size() == 1);
}
