// Random histories of five people of whom two lie, for property tests.
#pragma once

#include <algorithm>

#include "tests/runtime/access/people.h"

namespace tlfs::access::testing {

inline constexpr std::size_t kPeople = 5, kHonest = 3;
inline constexpr const char* kRows[] = {"a", "b", "c"};

struct Member {
  std::unique_ptr<SeededRandom> random;
  std::shared_ptr<const crypto::SigningKey> key;
  std::shared_ptr<EpochSecrets> secrets = std::make_shared<EpochSecrets>();
  std::unique_ptr<Realm> realm;

  explicit Member(std::uint64_t seed)
      : random(std::make_unique<SeededRandom>(seed)),
        key(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(*random))) {
    realm = std::make_unique<Realm>(Realm::Settings{key, random.get(), nullptr, secrets});
    realm->create_user(crypto::SigningKey::generate(*random), user_package());
    realm->tend();
  }
  Principal user() const { return Principal::user(*realm->user()); }
};

using Items = std::pair<std::vector<SignedStatement>, std::vector<document::Change>>;

class Story {
 public:
  explicit Story(std::uint64_t seed) : random_(seed) {
    for (std::size_t i = 0; i < kPeople; ++i) people_.emplace_back(seed * 16 + i);
    for (Member& a : people_)
      for (Member& b : people_)
        if (&a != &b) a.realm->learn(b.realm->known(*b.realm->user()));
    document_ = (*people_[0].realm->create(notes_package()))->id();
    // Everyone starts with something, so that there is something to abuse.
    ProtectedDocument& d = at(0);
    (void)d.grant({}, Level::own, people_[1].user());
    (void)d.grant({}, Level::write, people_[2].user());
    (void)d.grant({}, random_.chance(0.5) ? Level::own : Level::write, people_[3].user());
    (void)d.grant({}, Level::sync, people_[4].user());
    for (std::size_t i = 1; i < kPeople; ++i) pass(0, i);
  }

  void step() {
    const std::size_t who = random_.below(kPeople);
    switch (random_.below(who < kHonest ? 4 : 6)) {
      case 0:
      case 1:
        return write(who);
      case 2:
        return random_.chance(0.5) ? grant(who) : revoke(who);
      case 3: {
        const std::size_t other = random_.below(kPeople);
        if (other != who) pass(who, other);
        return;
      }
      case 4:
        return lie(who);
      default:
        return forge_write(who);
    }
  }

  Items everything() {
    std::map<StatementHash, SignedStatement> statements;
    std::map<ChangeHash, document::Change> changes;
    for (std::size_t i = 0; i < kPeople; ++i) {
      // Sealing what is pending may change the key first, so the changes are asked for before the statements.
      std::vector<document::Change> held = at(i).content().all_changes();
      for (const SignedStatement& s : at(i).statements()) statements.emplace(s.hash, s);
      for (document::Change& c : held) {
        auto [known, fresh] = changes.try_emplace(c.hash, c);
        if (fresh) continue;
        for (std::size_t l = 0; l < c.leaves.size(); ++l)
          if (!known->second.leaves[l]) known->second.leaves[l] = c.leaves[l];
        if (!known->second.signature) known->second.signature = c.signature;
      }
    }
    for (const Items& lies : lies_) {
      for (const SignedStatement& s : lies.first) statements.emplace(s.hash, s);
      for (const document::Change& c : lies.second) changes.emplace(c.hash, c);
    }
    Items out;
    for (auto& [hash, s] : statements) out.first.push_back(s);
    for (auto& [hash, c] : changes) out.second.push_back(c);
    return out;
  }

  // A replica of `who`, made anew from everything in an order of its own.
  std::unique_ptr<Realm> rebuilt(std::size_t who, Items items, std::uint64_t seed) {
    SeededRandom order(seed);
    shuffle(items.first, order);
    shuffle(items.second, order);
    auto realm = std::make_unique<Realm>(Realm::Settings{people_[who].key, &random_, nullptr, nullptr});
    realm->join_user(*people_[who].realm->user());
    realm->open(*realm->user(), user_package());
    realm->open(document_, notes_package());
    std::vector<SignedStatement> own;
    for (const SignedStatement& s : people_[who].realm->find(*realm->user())->statements()) own.push_back(s);
    const bool user_first = order.chance(0.5);
    if (user_first) (void)realm->take(*realm->user(), own, {});
    while (!items.first.empty() || !items.second.empty()) {
      std::vector<SignedStatement> s;
      std::vector<document::Change> c;
      for (std::uint64_t n = order.below(4); n > 0 && !items.first.empty(); --n) {
        s.push_back(items.first.back());
        if (!order.chance(0.1)) items.first.pop_back();  // some come twice
      }
      for (std::uint64_t n = order.below(4); n > 0 && !items.second.empty(); --n) {
        c.push_back(items.second.back());
        if (!order.chance(0.1)) items.second.pop_back();
      }
      (void)realm->take(document_, std::move(s), std::move(c));
    }
    if (!user_first) (void)realm->take(*realm->user(), own, {});
    (void)realm->take(document_, {}, {});
    return realm;
  }

  const DocumentId& document() const { return document_; }
  const Member& person(std::size_t i) const { return people_[i]; }

 private:
  template <class T>
  static void shuffle(std::vector<T>& list, SeededRandom& random) {
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(i)]);
  }
  ProtectedDocument& at(std::size_t who) { return *people_[who].realm->find(document_); }

  void pass(std::size_t from, std::size_t to) {
    if (from < kHonest) people_[from].realm->tend();
    Realm::Share share = people_[from].realm->share(document_, people_[to].realm->device());
    if (share.statements.empty() && !people_[to].realm->find(document_)) return;
    people_[to].realm->open(document_, notes_package());
    (void)people_[to].realm->take(document_, std::move(share.statements), std::move(share.changes));
    if (from >= kHonest)
      for (const Items& lies : lies_) (void)people_[to].realm->take(document_, lies.first, lies.second);
  }

  Address place(ProtectedDocument& d) {
    const char* paths[] = {".", ".title", ".private", ".rows[\"a\"]", ".rows[\"b\"]", ".rows[\"c\"]"};
    const auto found = d.address(paths[random_.below(6)]);
    return found ? *found : Address{};
  }
  Principal anybody() { return random_.chance(0.05) ? Principal::anyone() : people_[random_.below(kPeople)].user(); }
  Level some_level() { return static_cast<Level>(1 + random_.below(5)); }

  void write(std::size_t who) {
    const std::string word = "planted" + std::to_string(++words_);
    (void)at(who).content().transact({"t", "", std::nullopt}, [&](document::Transaction& tx) -> Status {
      switch (random_.below(4)) {
        case 0:
          return tx.set(".title", Value(word));
        case 1:
          return tx.set(".private.word", Value(word));
        case 2:
          return tx.splice(*tx.address(".body"), 0, 0, word);
        default:
          return tx.set(".rows[\"" + std::string(kRows[random_.below(3)]) + "\"].name", Value(word));
      }
    });
  }
  void grant(std::size_t who) { (void)at(who).grant(place(at(who)), some_level(), anybody()); }
  void revoke(std::size_t who) {
    const Address where = place(at(who));
    const Principal from = anybody();
    for (int level = 1; level <= 5; ++level)
      if (at(who).revoke(where, static_cast<Level>(level), from, random_.chance(0.2) ? Level::sync : Level::none).ok())
        return;
    if (random_.chance(0.3)) (void)at(who).admit_all(from);
  }

  // A statement that says what its author likes, on whatever it has seen.
  void lie(std::size_t who) {
    ProtectedDocument& d = at(who);
    const AuthorityLog& log = d.log();
    Statement s;
    s.document = document_;
    s.author = people_[who].realm->device();
    const auto any_statement = [&] {
      for (;;) {
        const SignedStatement& x = log.at(random_.below(log.size()));
        if (x.statement.document == document_) return x.hash;
      }
    };
    if (log.heads(document_).empty()) return;
    s.parents = random_.chance(0.5) ? log.heads(document_) : std::vector<StatementHash>{any_statement()};
    for (const StatementHash& h : log.heads(*people_[who].realm->user())) s.pins.push_back(h);
    std::sort(s.pins.begin(), s.pins.end());
    s.proof = GrantName{any_statement(), 0};
    if (const auto support = log.rules().support(s.author, Level::sync, {}); support && random_.chance(0.7)) {
      if (random_.chance(0.5)) s.proof = log.name_of(support->grant);
      for (const Index m : support->membership) s.membership.push_back(log.name_of(m));
    }
    switch (random_.below(3)) {
      case 0:
        s.says = Grant{anybody(), some_level(), {}, {}};
        break;
      case 1: {
        Revoke r;
        r.grants.push_back({any_statement(), 0});
        if (random_.chance(0.5)) r.frontier = d.content().version();
        s.says = r;
        break;
      }
      default: {
        Admit a;
        const document::ChangeGraph& graph = d.content().graph();
        if (graph.size() > 0)
          a.leaves.push_back({graph.at(static_cast<document::ChangeIndex>(random_.below(graph.size()))).hash, 0});
        s.says = a;
      }
    }
    std::vector<SignedStatement> one;
    one.push_back(sign_statement(std::move(s), *people_[who].key));
    lies_.push_back({one, {}});
    (void)people_[who].realm->take(document_, std::move(one), {});
  }

  // A change that the own node would have refused, under whatever authority it has ever heard of.
  void forge_write(std::size_t who) {
    ProtectedDocument& d = at(who);
    const Keyring keyring = [&] {
      Keyring k(*people_[who].key, people_[who].secrets);
      for (const SignedStatement& s : d.statements()) k.add(s, d.log().index_of(s.hash));
      return k;
    }();
    const auto epochs = keyring.epochs(document_, {});
    const EpochContent* content = nullptr;
    for (const Keyring::Epoch* e : epochs)
      if (keyring.content(e->id) && (!content || random_.chance(0.5))) content = keyring.content(e->id);
    if (!content) return;
    document::Document::Settings plain;
    plain.id = document_;
    plain.device = people_[who].key;
    plain.package = notes_package();
    plain.incarnation = 1000 + forged_++;
    document::Document scratch(plain);
    const std::string word = "planted" + std::to_string(++words_);
    REQUIRE(
        scratch
            .transact({"", "", std::nullopt}, [&](document::Transaction& tx) { return tx.set(".title", Value(word)); })
            .ok());
    document::Change made = scratch.all_changes().front();
    document::Header header = made.header;
    header.authority_heads.clear();
    const AuthorityLog& log = d.log();
    for (int i = 0; i < 3; ++i) header.authority_heads.push_back(log.at(random_.below(log.size())).hash);
    if (random_.chance(0.5)) header.authority_heads = log.heads(document_);
    std::sort(header.authority_heads.begin(), header.authority_heads.end());
    header.authority_heads.erase(std::unique(header.authority_heads.begin(), header.authority_heads.end()),
                                 header.authority_heads.end());
    ByteWriter data;
    data.raw(ByteView(document_));
    data.raw(ByteView(header.writer.device));
    data.fixed64(header.writer.incarnation);
    data.fixed64(header.seq);
    document::Leaf leaf;
    leaf.epoch = epoch_number(content->id());
    data.raw(ByteView(leaf.compartment));
    data.fixed64(leaf.epoch);
    crypto::Sealed sealed = crypto::seal(content->leaf_key, data.view(), made.leaves.front()->payload);
    leaf.salt.assign(sealed.nonce.begin(), sealed.nonce.end());
    leaf.payload = std::move(sealed.bytes);
    document::Change forged = document::make_change(header, {leaf});
    forged.signature = document::sign_change(forged.hash, *people_[who].key);
    lies_.push_back({{}, {forged}});
    (void)people_[who].realm->take(document_, {}, {forged});
  }

  SeededRandom random_;
  std::vector<Member> people_;
  DocumentId document_{};
  std::vector<Items> lies_;
  std::uint64_t words_ = 0, forged_ = 0;
};

}  // namespace tlfs::access::testing
