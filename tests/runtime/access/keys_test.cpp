// Epochs that went wrong, and how they heal.
#include "runtime/access/keyring.h"
#include "tests/runtime/access/people.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

namespace {

// Bob, who keeps to no rule: his realm's secrets are in the open, and he signs whatever he likes.
class Liar {
 public:
  explicit Liar(std::uint64_t number)
      : random(number),
        key(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random))),
        secrets(std::make_shared<EpochSecrets>()),
        realm({key, &random, {}, secrets}) {
    realm.create_user(crypto::SigningKey::generate(random), user_package());
  }
  Principal user() const { return Principal::user(*realm.user()); }
  Statement statement(const DocumentId& d) {
    Statement s;
    s.document = d;
    s.author = realm.device();
    s.parents = realm.find(d)->log().heads(d);
    return s;
  }

  SeededRandom random;
  std::shared_ptr<const crypto::SigningKey> key;
  std::shared_ptr<EpochSecrets> secrets;
  Realm realm;
};

void give_all(Realm& from, Realm& to, const DocumentId& d) {
  Realm::Share share = from.share(d, to.device());
  to.open(d, notes_package());
  (void)to.take(d, std::move(share.statements), std::move(share.changes));
}

// A rotation of the root that follows the newest epoch that the liar has, sealed to whomever he likes.
EpochContent next_epoch(Liar& liar, const DocumentId& d, Statement& s, const std::vector<Opener>& openers,
                        bool published = false) {
  const Keyring keyring = [&] {
    Keyring k(*liar.key, liar.secrets);
    for (const SignedStatement& known : liar.realm.find(d)->statements())
      k.add(known, liar.realm.find(d)->log().index_of(known.hash));
    return k;
  }();
  const auto latest = keyring.latest(d, {}, [&](const Keyring::Epoch& e) { return keyring.content(e.id) != nullptr; });
  REQUIRE(!latest.empty());
  const EpochContent* before = keyring.content(latest.front()->id);
  EpochContent content = EpochContent::make(crypto::Secret::generate(liar.random), before->naming, {});
  s.rotations.push_back(Keyring::rotation(content, d, {}, {before}, published));
  for (const Opener& o : openers) s.boxes.push_back(keyring.box(content, d, o));
  return content;
}

Status write_as(Liar& liar, const DocumentId& d, std::string word) {
  const auto done = liar.realm.find(d)->content().transact(
      {"test", "", std::nullopt}, [&](document::Transaction& tx) { return tx.set(".title", Value(std::move(word))); });
  return done ? Status() : Status(done.error());
}

Opener box_of(const Person& p) { return {KeyBox::For::device, const_cast<Person&>(p).realm().device()}; }

}  // namespace

TEST_CASE("a rotation that leaves one reader out is healed by another reader") {
  const auto alice = Person::alone(1), carol = Person::alone(3);
  Liar bob(2);
  know({alice.get(), carol.get()});
  for (Person* p : {alice.get(), carol.get()}) {
    p->realm().learn(bob.realm.known(*bob.realm.user()));
    bob.realm.tend();
    p->realm().learn(bob.realm.known(*bob.realm.user()));
  }
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob.user())) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::write, carol->user())) == "done");
  give_all(alice->realm(), carol->realm(), d);
  give_all(alice->realm(), bob.realm, d);

  // For Alice and himself, in the open; for Carol nothing.
  Statement s = bob.statement(d);
  const EpochContent lie = next_epoch(bob, d, s, {{KeyBox::For::device, bob.realm.device()}, box_of(*alice)});
  const SignedStatement said = sign_statement(s, *bob.key);
  (void)bob.realm.take(d, {said}, {});
  REQUIRE(write_as(bob, d, "not for carol").ok());

  give_all(bob.realm, carol->realm(), d);
  carol->realm().tend();
  CHECK(carol->see(d, ".title") == "null");
  CHECK(carol->at(d).unreadable() == 1);
  give_all(bob.realm, alice->realm(), d);
  alice->realm().tend();
  CHECK(alice->see(d, ".title") == "\"not for carol\"");
  const std::vector<SignedStatement> after = alice->at(d).statements();
  CHECK(std::any_of(after.begin(), after.end(), [&](const SignedStatement& x) {
    return x.statement.author == alice->realm().device() && !x.statement.boxes.empty() &&
           x.statement.boxes.front().epoch == lie.id();
  }));
  give_all(alice->realm(), carol->realm(), d);
  CHECK(carol->see(d, ".title") == "\"not for carol\"");
  CHECK(carol->at(d).unreadable() == 0);
  const std::size_t settled = alice->at(d).log().size();
  alice->realm().tend();
  CHECK(alice->at(d).log().size() == settled);
}

TEST_CASE("a rotation that seals junk to one reader is told apart by every other and healed") {
  const auto alice = Person::alone(1), carol = Person::alone(3);
  Liar bob(2);
  bob.realm.tend();
  know({alice.get(), carol.get()});
  for (Person* p : {alice.get(), carol.get()}) p->realm().learn(bob.realm.known(*bob.realm.user()));
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob.user())) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::write, Principal::of_key(carol->realm().device()))) == "done");
  give_all(alice->realm(), carol->realm(), d);
  give_all(alice->realm(), bob.realm, d);

  Statement s = bob.statement(d);
  (void)next_epoch(bob, d, s, {{KeyBox::For::device, bob.realm.device()}, box_of(*alice), box_of(*carol)});
  s.boxes.back().box[40] ^= 1;
  (void)bob.realm.take(d, {sign_statement(s, *bob.key)}, {});
  REQUIRE(write_as(bob, d, "junk for carol").ok());
  give_all(bob.realm, carol->realm(), d);
  CHECK(carol->see(d, ".title") == "null");
  give_all(bob.realm, alice->realm(), d);
  alice->realm().tend();
  give_all(alice->realm(), carol->realm(), d);
  CHECK(carol->see(d, ".title") == "\"junk for carol\"");
}

TEST_CASE("a key that a removed reader smuggles in is not written under") {
  const auto alice = Person::alone(1);
  Liar bob(2);
  bob.realm.tend();
  alice->realm().tend();
  alice->realm().learn(bob.realm.known(*bob.realm.user()));
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob.user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "one")) == "done");
  give_all(alice->realm(), bob.realm, d);
  // Concurrent with his removal, in the order of his own making: a new epoch that he can open.
  Statement s = bob.statement(d);
  const EpochContent smuggled = next_epoch(bob, d, s, {box_of(*alice)});  // he knows it without a box
  REQUIRE(why(alice->revoke(d, ".", Level::write, bob.user())) == "done");
  (void)alice->realm().take(d, {sign_statement(s, *bob.key)}, {});
  REQUIRE(why(alice->set(d, ".title", "two")) == "done");
  const document::Change last = alice->at(d).content().all_changes().back();
  CHECK(last.leaves.front()->epoch != epoch_number(smuggled.id()));
  Realm::Share share;
  share.statements = alice->at(d).statements();
  std::vector<document::Change> whole = alice->at(d).content().all_changes();  // as if someone leaked the ciphertext
  (void)bob.realm.take(d, std::move(share.statements), std::move(whole));
  CHECK(bob.realm.find(d)->content().json().find("two") == std::string::npos);
}

TEST_CASE("a key that a writer publishes unasked is not written under") {
  const auto alice = Person::alone(1), carol = Person::alone(3);
  Liar bob(2);
  bob.realm.tend();
  alice->realm().tend();
  alice->realm().learn(bob.realm.known(*bob.realm.user()));
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob.user())) == "done");
  give_all(alice->realm(), bob.realm, d);
  Statement s = bob.statement(d);
  const EpochContent published = next_epoch(bob, d, s, {box_of(*alice)}, true);
  (void)alice->realm().take(d, {sign_statement(s, *bob.key)}, {});
  REQUIRE(why(alice->set(d, ".title", "not for everyone")) == "done");
  carol->realm().open(d, notes_package());
  std::vector<document::Change> whole = alice->at(d).content().all_changes();
  (void)carol->realm().take(d, alice->at(d).statements(), std::move(whole));
  CHECK(carol->see(d, ".title") == "null");
  CHECK(alice->at(d).content().all_changes().back().leaves.front()->epoch != epoch_number(published.id()));
}

TEST_CASE("a group's key that an outsider has is not sealed to: its members get boxes of their own") {
  const auto alice = Person::alone(1), carol = Person::alone(3);
  Liar bob(2), mallory(9);
  bob.realm.tend();
  mallory.realm.tend();
  know({alice.get(), carol.get()});
  alice->realm().learn(bob.realm.known(*bob.realm.user()));
  const DocumentId group = alice->create();
  REQUIRE(why(alice->grant(group, ".", Level::write, bob.user())) == "done");
  REQUIRE(why(alice->grant(group, ".", Level::read, carol->user())) == "done");
  give_all(alice->realm(), bob.realm, group);
  Statement s = bob.statement(group);
  const EpochContent leaked = next_epoch(
      bob, group, s,
      {{KeyBox::For::device, bob.realm.device()}, {KeyBox::For::device, mallory.realm.device()}, box_of(*alice)});
  // The group's newest epoch is one that Mallory can open.
  const SignedStatement said = sign_statement(s, *bob.key);
  (void)alice->realm().take(group, {said}, {});
  alice->realm().tend();
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::read, Principal::members(group, {}, Level::read))) == "done");
  REQUIRE(why(alice->set(d, ".title", "for the group")) == "done");
  sync({alice.get(), carol.get()});
  CHECK(carol->see(d, ".title") == "\"for the group\"");
  mallory.realm.open(group, notes_package());
  mallory.realm.open(d, notes_package());
  (void)mallory.realm.take(group, alice->at(group).statements(), alice->at(group).content().all_changes());
  REQUIRE(mallory.secrets->contains(leaked.id()));
  std::vector<document::Change> whole = alice->at(d).content().all_changes();
  (void)mallory.realm.take(d, alice->at(d).statements(), std::move(whole));
  CHECK(document::to_json(*mallory.realm.find(d)->content().get(".title")) == "null");
}

TEST_CASE("two rotations that did not know of each other are followed by one that suits both") {
  const auto alice = Person::alone(1), erin = Person::alone(5), bob = Person::alone(2), carol = Person::alone(3);
  know({alice.get(), erin.get(), bob.get(), carol.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::own, erin->user())) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::read, bob->user())) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::read, carol->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "all")) == "done");
  sync({alice.get(), erin.get(), bob.get(), carol.get()});
  REQUIRE(why(alice->revoke(d, ".", Level::read, bob->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "without bob")) == "done");
  const Level low = Level::control;
  REQUIRE(why(alice->grant(d, ".", low, erin->user())) == "done");
  REQUIRE(why(erin->set(d, ".body", "erin")) == "done");
  sync({alice.get(), erin.get(), bob.get(), carol.get()});
  for (Person* p : {alice.get(), erin.get(), carol.get()}) CHECK(p->see(d, ".title") == "\"without bob\"");
  CHECK(bob->see(d, ".title") == "\"all\"");
}

TEST_CASE("a document for anyone is read by anyone, and taking that back closes what comes after") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->set(d, ".title", "public")) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::read, Principal::anyone())) == "done");
  sync({alice.get(), bob.get()});
  CHECK(bob->see(d, ".title") == "\"public\"");
  REQUIRE(why(alice->revoke(d, ".", Level::read, Principal::anyone())) == "done");
  REQUIRE(why(alice->set(d, ".title", "closed")) == "done");
  sync({alice.get(), bob.get()});
  Realm::Share share = alice->realm().share(d, alice->realm().device());
  (void)bob->realm().take(d, std::move(share.statements), std::move(share.changes));
  CHECK(bob->see(d, ".title") == "\"public\"");
}

TEST_CASE("no lens changes anyone's access: renamed, hoisted and plunged places keep the grants of their birth") {
  const auto old_package = document::testing::compile_package(R"(notes {
    0.1.0 { .: Struct .title: MVReg<String> .meta: Struct .meta.tag: MVReg<String> .other: MVReg<String> } })");
  const auto new_package = document::testing::compile_package(R"(notes {
    0.1.0 { .: Struct .title: MVReg<String> .meta: Struct .meta.tag: MVReg<String> .other: MVReg<String> }
    0.2.0 { .title.rename(name) .meta.tag.hoist() .other.plunge(meta) } })");
  SeededRandom random(7);
  const auto realm = [&](std::uint64_t) {
    return std::make_unique<Realm>(Realm::Settings{
        std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random)), &random, {}, nullptr});
  };
  const auto alice = realm(1), bob = realm(2);
  alice->create_user(crypto::SigningKey::generate(random), user_package());
  bob->create_user(crypto::SigningKey::generate(random), user_package());
  alice->tend(), bob->tend();
  alice->learn(bob->known(*bob->user()));
  ProtectedDocument& a = **alice->create(old_package);
  const Principal him = Principal::user(*bob->user());
  REQUIRE(a.grant({}, Level::read, him).ok());
  REQUIRE(a.grant(*a.address(".title"), Level::write, him).ok());
  REQUIRE(a.grant(*a.address(".meta"), Level::write, him).ok());
  ProtectedDocument& b = bob->open(a.id(), new_package);
  Realm::Share share = alice->share(a.id(), bob->device());
  (void)bob->take(a.id(), std::move(share.statements), std::move(share.changes));
  REQUIRE(a.content().add_package(new_package).ok());
  const auto write = [&](std::string_view path) {
    return b.content().transact({"t", "", std::nullopt},
                                [&](document::Transaction& tx) { return tx.set(path, Value(std::string("x"))); });
  };
  CHECK(write(".name").ok());                 // .title by birth
  CHECK(write(".tag").ok());                  // .meta.tag by birth, at the root now
  const auto plunged = write(".meta.other");  // .other by birth, inside .meta now
  REQUIRE(!plunged.ok());
  CHECK(plunged.error().is(access::Errc::denied));
  share = bob->share(a.id(), alice->device());
  (void)alice->take(a.id(), std::move(share.statements), std::move(share.changes));
  CHECK(a.content().json() == R"({"title":"x","meta":{"tag":"x"},"other":null})");
  CHECK(a.withheld_leaves().empty());
}
