// Who can open an epoch: by a box, by what is published, by a newer epoch; and what pretends to.
#include "runtime/access/keyring.h"

#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::access;

namespace {

const DocumentId kDocument{1}, kOther{2};
const Scope kPlace{Token{5}};

struct Device {
  crypto::SigningKey key;
  std::shared_ptr<EpochSecrets> secrets = std::make_shared<EpochSecrets>();
  Keyring ring;
  Index next = 0;

  explicit Device(std::uint8_t number) : key(make_key(number)), ring(key, secrets) {}
  static crypto::SigningKey make_key(std::uint8_t number) {
    std::array<std::uint8_t, 32> seed{};
    seed.fill(number);
    return crypto::SigningKey::from_seed(seed);
  }
  Opener opener() const { return {KeyBox::For::device, key.public_key()}; }
  // Hears a statement of its own making; the keyring looks at no signature.
  std::vector<EpochId> hear(std::vector<Rotation> rotations, std::vector<KeyBox> boxes,
                            const DocumentId& document = kDocument) {
    Statement s;
    s.document = document;
    s.author = key.public_key();
    s.rotations = std::move(rotations);
    s.boxes = std::move(boxes);
    ring.add(sign_statement(std::move(s), key), next++);
    return ring.open();
  }
  bool opens(const EpochContent& content) const { return ring.content(content.id()) != nullptr; }
};

EpochContent content(std::uint64_t seed, std::uint64_t naming = 77) {
  SeededRandom random(seed), naming_random(naming);
  return EpochContent::make(crypto::Secret::generate(random), crypto::Secret::generate(naming_random), {1, 2, 3});
}
Rotation rotation(const EpochContent& c, const std::vector<const EpochContent*>& parents = {}, bool published = false,
                  const Scope& at = kPlace) {
  return Keyring::rotation(c, kDocument, at, parents, published);
}
Opener to_epoch(const EpochContent& c) { return {KeyBox::For::epoch, c.id().bytes}; }
bool always(const Keyring::Epoch&) { return true; }

}  // namespace

TEST_CASE("a box for a device opens for that device, with names and place, and for nobody else") {
  Device alice(1), bob(2), carol(3);
  const EpochContent epoch = content(1);
  const KeyBox box = alice.ring.box(epoch, kDocument, bob.opener());
  CHECK(bob.hear({rotation(epoch)}, {box}) == std::vector<EpochId>{epoch.id()});
  CHECK(carol.hear({rotation(epoch)}, {box}).empty());
  const EpochContent* got = bob.ring.content(epoch.id());
  REQUIRE(got);
  CHECK(got->secret == epoch.secret);
  CHECK(got->leaf_key == epoch.leaf_key);
  CHECK(got->naming == epoch.naming);
  CHECK(got->place == epoch.place);
  CHECK_FALSE(carol.opens(epoch));
  CHECK(bob.hear({}, {box}).empty());  // nothing new
}

TEST_CASE("a box that says it is for somebody and was made for another opens for neither") {
  Device alice(1), bob(2), carol(3);
  const EpochContent epoch = content(1);
  KeyBox box = alice.ring.box(epoch, kDocument, bob.opener());
  box.to = carol.key.public_key();
  bob.hear({rotation(epoch)}, {box});
  carol.hear({rotation(epoch)}, {box});
  CHECK_FALSE(bob.opens(epoch));
  CHECK_FALSE(carol.opens(epoch));
}

TEST_CASE("a box for an epoch opens for those who have that epoch, along a chain of them, in any order of arrival") {
  Device alice(1);
  const EpochContent outer = content(1), middle = content(2), inner = content(3);
  const Scope below{Token{5}, Token{6}}, deepest{Token{5}, Token{6}, Token{7}};
  for (const bool key_last : {true, false}) {
    Device bob(2);
    const auto first = [&] { bob.hear({rotation(outer)}, {alice.ring.box(outer, kDocument, bob.opener())}); };
    if (!key_last) first();
    bob.hear({rotation(inner, {}, false, deepest)}, {alice.ring.box(inner, kDocument, to_epoch(middle))});
    bob.hear({rotation(middle, {}, false, below)}, {alice.ring.box(middle, kDocument, to_epoch(outer))});
    CHECK(bob.opens(inner) == !key_last);
    if (key_last) first();
    CHECK(bob.opens(inner));
    CHECK(bob.opens(middle));
  }
}

TEST_CASE("a published epoch is everybody's") {
  Device stranger(9);
  const EpochContent epoch = content(1);
  stranger.hear({rotation(epoch, {}, true)}, {});
  CHECK(stranger.opens(epoch));
}

TEST_CASE("a newer epoch opens those it follows, not the other way round") {
  Device alice(1), late(2), early(3);
  const EpochContent first = content(1), second = content(2), third = content(3);
  const std::vector<Rotation> all{rotation(first), rotation(second, {&first}), rotation(third, {&second})};
  late.hear(all, {alice.ring.box(third, kDocument, late.opener())});
  CHECK((late.opens(first) && late.opens(second) && late.opens(third)));
  CHECK(late.ring.content(first.id())->naming == first.naming);
  early.hear(all, {alice.ring.box(first, kDocument, early.opener())});
  CHECK(early.opens(first));
  CHECK_FALSE(early.opens(second));
  CHECK_FALSE(early.opens(third));
}

TEST_CASE("an epoch's parents are of its own compartment and document, whatever it says") {
  Device alice(1), bob(2);
  const EpochContent elsewhere = content(1), epoch = content(2);
  bob.hear({rotation(elsewhere, {}, false, Scope{Token{8}}), rotation(epoch, {&elsewhere})},
           {alice.ring.box(epoch, kDocument, bob.opener())});
  CHECK(bob.opens(epoch));
  CHECK_FALSE(bob.opens(elsewhere));
}

TEST_CASE("junk is no box: cut off, flipped, of another epoch, or empty") {
  Device alice(1);
  const EpochContent epoch = content(1), wrong = content(2);
  Device bob(2);
  const KeyBox good = alice.ring.box(epoch, kDocument, bob.opener());
  KeyBox cut = good, flipped = good, other = alice.ring.box(wrong, kDocument, bob.opener()), empty = good,
         of_document = alice.ring.box(epoch, kOther, bob.opener());
  cut.box.pop_back();
  flipped.box[flipped.box.size() / 2] ^= 1;
  other.epoch = epoch.id();
  empty.box.clear();
  bob.hear({rotation(epoch)}, {cut, flipped, other, empty, of_document});
  CHECK_FALSE(bob.opens(epoch));
  // Whoever has the content can prove it of each, and a good one heals.
  bob.hear({}, {good});
  REQUIRE(bob.opens(epoch));
  const Keyring::Epoch* e = bob.ring.find(epoch.id());
  REQUIRE(e->boxes.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    INFO("box " << i);
    CHECK(bob.ring.genuine(*e, i, *bob.ring.content(epoch.id())) == (i == 5));
    CHECK(bob.ring.genuine(*e, i, *bob.ring.content(epoch.id())) == (i == 5));  // and remembers
  }
}

TEST_CASE("a key whose names are not those that the rotation committed to is not taken") {
  Device alice(1), bob(2);
  const EpochContent epoch = content(1);
  const EpochContent other_names = content(1, 78);  // the same secret
  REQUIRE(epoch.id() == other_names.id());
  bob.hear({rotation(epoch)}, {alice.ring.box(other_names, kDocument, bob.opener())});
  CHECK_FALSE(bob.opens(epoch));
  Rotation lying = rotation(epoch, {}, true);
  lying.published = other_names.encode();
  Device carol(3);
  carol.hear({lying}, {});
  CHECK_FALSE(carol.opens(epoch));
}

TEST_CASE("a copy of someone's rotation says nothing: the first author and the first parents stay") {
  Device alice(1), bob(2);
  const EpochContent old = content(1), epoch = content(2);
  alice.hear({rotation(old)}, {});
  alice.hear({rotation(epoch, {&old})}, {});
  const crypto::PublicKey author = alice.ring.find(epoch.id())->author;
  Statement s;
  s.document = kDocument;
  s.author = bob.key.public_key();
  s.rotations = {rotation(epoch, {}, true, Scope{Token{8}})};
  alice.ring.add(sign_statement(s, bob.key), 9);
  const Keyring::Epoch* e = alice.ring.find(epoch.id());
  CHECK(e->author == author);
  CHECK(e->compartment == kPlace);
  CHECK(e->parents.size() == 1);
  CHECK(e->published.empty());
  CHECK(alice.ring.epochs(kDocument, Scope{Token{8}}).empty());
}

TEST_CASE("boxes that come before their rotation are kept for it, if they are of its document") {
  Device alice(1), bob(2), carol(3);
  const EpochContent epoch = content(1);
  CHECK(bob.hear({}, {alice.ring.box(epoch, kDocument, bob.opener())}).empty());
  CHECK(bob.hear({rotation(epoch)}, {}).size() == 1);
  CHECK(bob.opens(epoch));
  carol.hear({}, {alice.ring.box(epoch, kDocument, carol.opener())}, kOther);
  carol.hear({rotation(epoch)}, {});
  CHECK(carol.ring.find(epoch.id())->boxes.empty());
  carol.hear({}, {alice.ring.box(epoch, kDocument, carol.opener())}, kOther);
  CHECK(carol.ring.find(epoch.id())->boxes.empty());
}

TEST_CASE("the newest epochs are those that no valid one follows; concurrent ones are both") {
  Device alice(1);
  const EpochContent first = content(1), left = content(2), right = content(3), joined = content(4);
  const auto latest = [&](auto&& valid) {
    std::set<EpochId> out;
    for (const Keyring::Epoch* e : alice.ring.latest(kDocument, kPlace, valid)) out.insert(e->id);
    return out;
  };
  alice.hear({rotation(first)}, {});
  CHECK(latest(always) == std::set{first.id()});
  alice.hear({rotation(left, {&first})}, {});
  alice.hear({rotation(right, {&first})}, {});
  CHECK(latest(always) == std::set{left.id(), right.id()});
  alice.hear({rotation(joined, {&left, &right})}, {});
  CHECK(latest(always) == std::set{joined.id()});
  // One that does not count supersedes nothing.
  CHECK(latest([&](const Keyring::Epoch& e) { return e.id != joined.id(); }) == std::set{left.id(), right.id()});
  CHECK(alice.ring.epochs(kDocument, kPlace).size() == 4);
  CHECK(alice.ring.epochs(kOther, kPlace).empty());
  std::size_t followers = 0;
  for (const Keyring::Epoch* e : alice.ring.followers(*alice.ring.find(left.id()), always))
    followers += e->id == left.id() || e->id == joined.id() ? 1 : 10;
  CHECK(followers == 2);
}

TEST_CASE("a leaf finds its epoch by compartment and number") {
  Device alice(1);
  const EpochContent epoch = content(1);
  alice.hear({rotation(epoch)}, {});
  const auto found = alice.ring.named(kPlace.back(), epoch_number(epoch.id()));
  REQUIRE(found.size() == 1);
  CHECK(found[0]->id == epoch.id());
  CHECK(alice.ring.named(kPlace.back(), epoch_number(epoch.id()) + 1).empty());
  CHECK(alice.ring.named(Token{}, epoch_number(epoch.id())).empty());
  CHECK(epoch_number(EpochId{}) != 0);
}

TEST_CASE("a secret that another document of the device brought opens what it can here") {
  Device alice(1), bob(2);
  const EpochContent group = content(1), epoch = content(2);
  CHECK(bob.hear({rotation(epoch)}, {alice.ring.box(epoch, kDocument, to_epoch(group))}).empty());
  bob.secrets->emplace(group.id(), EpochContent::make(group.secret, group.naming, group.place));
  CHECK(bob.ring.open() == std::vector<EpochId>{epoch.id()});
}

TEST_CASE("to a key that is no point of the curve no box can be made, and none is") {
  Device alice(1);
  const EpochContent epoch = content(1);
  CHECK(alice.ring.box(epoch, kDocument, {KeyBox::For::epoch, {}}).box.empty());
}
