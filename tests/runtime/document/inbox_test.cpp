#include "runtime/document/inbox.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace tlfs;
using namespace tlfs::document;

namespace {

struct Shelf final : Holdings {
  std::set<ChangeHash> changes;
  std::set<crypto::Digest> packages;
  bool has_change(const ChangeHash& h) const override { return changes.contains(h); }
  bool has_package(const crypto::Digest& p) const override { return packages.contains(p); }
  void hold(const std::vector<Change>& released) {
    for (const Change& c : released) {
      if (c.header.prev) REQUIRE(changes.contains(*c.header.prev));
      for (const ChangeHash& d : c.header.deps) REQUIRE(changes.contains(d));
      REQUIRE(packages.contains(c.header.package));
      REQUIRE(changes.insert(c.hash).second);
    }
  }
};

const DocumentId kDocument{{7}};
const crypto::Digest kPackage{{8}};

struct Device {
  explicit Device(std::uint8_t n) : key(crypto::SigningKey::from_seed(seed(n))) {}
  static std::array<std::uint8_t, 32> seed(std::uint8_t n) {
    std::array<std::uint8_t, 32> s{};
    s[0] = n;
    return s;
  }
  Change write(std::vector<const Change*> deps, bool sign, crypto::Digest package = kPackage) {
    Header h;
    h.document = kDocument;
    h.writer.device = key.public_key();
    h.package = package;
    h.id_count = 1;
    if (last) {
      h.prev = last->hash;
      h.seq = last->header.seq + 1;
      h.first_counter = h.seq;
      h.lamport = last->header.lamport + 1;
    }
    for (const Change* d : deps) {
      if (last && d->hash == last->hash) continue;
      h.deps.push_back(d->hash);
      h.lamport = std::max(h.lamport, d->header.lamport + 1);
    }
    std::sort(h.deps.begin(), h.deps.end());
    h.deps.erase(std::unique(h.deps.begin(), h.deps.end()), h.deps.end());
    Change c = make_change(h, {Leaf{}});
    if (sign) c.signature = sign_change(c.hash, key);
    last = c;
    return c;
  }
  crypto::SigningKey key;
  std::optional<Change> last;
};

}  // namespace

TEST_CASE("changes come out once each and in causal order, whatever the order they came in") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    std::vector<Device> devices;
    for (std::uint8_t d = 1; d <= 3; ++d) devices.emplace_back(d);
    std::vector<Change> all;
    for (int i = 0; i < 30; ++i) {
      std::vector<const Change*> deps;
      for (std::uint64_t n = random.below(3); n > 0 && !all.empty(); --n)
        deps.push_back(&all[random.below(all.size())]);
      Change c = devices[random.below(3)].write(deps, random.chance(0.4));
      all.push_back(std::move(c));
    }
    for (Device& d : devices)  // the last of each is signed, so that all are vouched for
      if (d.last) all.push_back(d.write({}, true));
    std::vector<Change> arriving = all;
    arriving.insert(arriving.end(), all.begin(), all.begin() + 10);
    for (std::size_t i = arriving.size(); i > 1; --i) std::swap(arriving[i - 1], arriving[random.below(i)]);

    Shelf shelf;
    shelf.packages.insert(kPackage);
    Inbox inbox(kDocument);
    for (std::size_t i = 0; i < arriving.size();) {
      const std::size_t n = std::min<std::size_t>(arriving.size() - i, 1 + random.below(5));
      auto released = inbox.offer(
          {arriving.begin() + static_cast<std::ptrdiff_t>(i), arriving.begin() + static_cast<std::ptrdiff_t>(i + n)},
          shelf);
      REQUIRE(released.ok());
      shelf.hold(*released);
      i += n;
    }
    CHECK(shelf.changes.size() == all.size());
    CHECK(inbox.waiting() == 0);
    CHECK(inbox.waiting_bytes() == 0);
    CHECK(inbox.missing_changes().empty());
  }
}

TEST_CASE("a change waits for its parents, and the inbox says which are missing") {
  Device alice(1), bob(2);
  const Change a = alice.write({}, true);
  const Change b = bob.write({&a}, true);
  const Change b2 = bob.write({}, true);
  Shelf shelf;
  shelf.packages.insert(kPackage);
  Inbox inbox(kDocument);
  CHECK(inbox.offer({b2, b}, shelf)->empty());
  CHECK(inbox.waiting() == 2);
  CHECK(inbox.missing_changes() == std::vector<ChangeHash>{a.hash});
  const auto released = inbox.offer({a}, shelf);
  REQUIRE(released.ok());
  REQUIRE(released->size() == 3);
  shelf.hold(*released);
}

TEST_CASE("a change waits for its package, and so does what depends on it") {
  const crypto::Digest unknown{{9}};
  Device alice(1);
  const Change a = alice.write({}, true, unknown);
  const Change a2 = alice.write({}, true);
  Shelf shelf;
  shelf.packages.insert(kPackage);
  Inbox inbox(kDocument);
  CHECK(inbox.offer({a, a2}, shelf)->empty());
  CHECK(inbox.missing_packages() == std::vector<crypto::Digest>{unknown});
  CHECK(inbox.package_arrived(unknown, shelf).empty());  // not there after all
  shelf.packages.insert(unknown);
  const auto released = inbox.package_arrived(unknown, shelf);
  CHECK(released.size() == 2);
  shelf.hold(released);
}

TEST_CASE("unsigned changes wait until a signed one of the same writer vouches for them") {
  Device alice(1), bob(2);
  const Change a0 = alice.write({}, false);
  const Change a1 = alice.write({}, false);
  const Change b = bob.write({&a1}, true);
  const Change a2 = alice.write({}, true);
  Shelf shelf;
  shelf.packages.insert(kPackage);
  Inbox inbox(kDocument);
  CHECK(inbox.offer({a0}, shelf)->empty());
  CHECK(inbox.offer({a1}, shelf)->empty());
  CHECK(inbox.offer({b}, shelf)->empty());  // Bob's signature says nothing about Alice's changes
  CHECK(inbox.unvouched() == 2);
  const auto released = inbox.offer({a2}, shelf);
  REQUIRE(released->size() == 4);
  shelf.hold(*released);
}

TEST_CASE("the signature may come first, or later with the same change") {
  Device alice(1);
  const Change a0 = alice.write({}, false);
  const Change a1 = alice.write({}, true);
  Shelf shelf;
  shelf.packages.insert(kPackage);
  SECTION("first") {
    Inbox inbox(kDocument);
    CHECK(inbox.offer({a1}, shelf)->empty());
    CHECK(inbox.offer({a0}, shelf)->size() == 2);
  }
  SECTION("later") {
    Inbox inbox(kDocument);
    Change bare = a1;
    bare.signature.reset();
    CHECK(inbox.offer({a0, bare}, shelf)->empty());
    const auto released = inbox.offer({a1}, shelf);
    REQUIRE(released->size() == 2);
    CHECK(released->back().signature == a1.signature);
  }
}

TEST_CASE("a bad signature is refused by name, and nothing of its batch is taken") {
  Device alice(1), mallory(2);
  const Change a0 = alice.write({}, true);
  Change forged = alice.write({}, true);
  forged.signature = sign_change(forged.hash, mallory.key);
  Shelf shelf;
  shelf.packages.insert(kPackage);
  Inbox inbox(kDocument);
  const auto refused = inbox.offer({a0, forged}, shelf);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().is(Errc::bad_signature));
  CHECK(refused.error().message().find(to_hex(alice.key.public_key())) != std::string::npos);
  CHECK(refused.error().message().find("change 1") != std::string::npos);
  CHECK(inbox.waiting() == 0);
}

TEST_CASE("a change of another document is refused") {
  Device alice(1);
  const Change a = alice.write({}, true);
  Shelf shelf;
  Inbox inbox(DocumentId{{1}});
  CHECK(inbox.offer({a}, shelf).error().is(Errc::wrong_document));
}

TEST_CASE("a full inbox refuses the newest, counts them, and works on") {
  Device alice(1);
  std::vector<Change> chain;
  for (int i = 0; i < 20; ++i) chain.push_back(alice.write({}, true));
  Shelf shelf;
  shelf.packages.insert(kPackage);
  Inbox::Options options;
  SECTION("in number") { options.max_changes = 5; }
  SECTION("in bytes") { options.max_bytes = 5 * (chain[1].header_bytes.size() + 64) + 40; }
  Inbox inbox(kDocument, options);
  for (std::size_t i = 1; i < chain.size(); ++i) CHECK(inbox.offer({chain[i]}, shelf)->empty());
  CHECK(inbox.waiting() == 5);
  CHECK(inbox.refused_for_room() == 14);
  CHECK(inbox.missing_changes() == std::vector<ChangeHash>{chain[0].hash});
  auto released = inbox.offer({chain[0]}, shelf);
  REQUIRE(released->size() == 6);
  shelf.hold(*released);
  CHECK(inbox.missing_changes().empty());
  released = inbox.offer({chain.begin() + 6, chain.end()}, shelf);  // a batch that is ready at once needs no room
  CHECK(released->size() == 14);
}

TEST_CASE("naming another writer's change as one's own last vouches for nothing") {
  Device alice(1), mallory(2);
  const Change a = alice.write({}, false);
  Header h = a.header;
  h.writer.device = mallory.key.public_key();
  h.seq = 1;
  h.prev = a.hash;
  h.lamport = 2;
  h.first_counter = 1;
  Change claim = make_change(h, {Leaf{}});
  claim.signature = sign_change(claim.hash, mallory.key);
  Shelf shelf;
  shelf.packages.insert(kPackage);
  for (const std::vector<Change>& batch : {std::vector<Change>{a, claim}, std::vector<Change>{claim, a}}) {
    Inbox inbox(kDocument);
    CHECK(inbox.offer(std::vector<Change>(batch), shelf)->empty());
    CHECK(inbox.unvouched() == 1);
  }
}
