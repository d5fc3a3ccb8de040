// What a device keeps of the invitations that it has given out, and whom it grants them.
#include "runtime/invitation/invitation_book.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::invitation;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kNow = 1'700'000'000s;

crypto::PublicKey key(std::uint8_t n) {
  crypto::PublicKey out{};
  out.fill(n);
  return out;
}

Terms terms(std::uint32_t uses = 1, std::chrono::seconds expires = 1'700'003'600s) {
  return {key(0xd0), ".tasks", access::Level::write, "Einkäufe", expires, uses};
}

struct Desk {
  InvitationBook book;
  SeededRandom random{1};
  Invitation give(const Terms& t = terms()) {
    auto out = book.give(t, key(0xa1), {"192.0.2.7:4242"}, random, kNow);
    REQUIRE(out.ok());
    return std::move(*out);
  }
  Errc use(const InvitationId& id, std::uint8_t device, std::chrono::milliseconds now = kNow) {
    const auto out = book.use(id, key(device), now);
    if (out) return Errc::ok;
    CHECK(out.error().message().size() > 20);
    for (const Errc c : {Errc::unknown, Errc::expired, Errc::used_up, Errc::revoked})
      if (out.error().is(c)) return c;
    FAIL("another kind of error");
    return Errc::ok;
  }
};

}  // namespace

TEST_CASE("Whoever brings an invitation first gets what was promised; the second one is refused") {
  Desk desk;
  const Invitation given = desk.give();
  CHECK(given.expires == terms().expires);
  const auto granted = desk.book.use(given.id, key(1), kNow);
  REQUIRE(granted.ok());
  CHECK(granted->terms.document == key(0xd0));
  CHECK(granted->terms.path == ".tasks");
  CHECK(granted->terms.level == access::Level::write);
  CHECK_FALSE(granted->again);
  CHECK(desk.use(given.id, 2) == Errc::used_up);
  CHECK(desk.book.find(given.id, kNow)->state == State::used_up);
  CHECK(desk.book.find(given.id, kNow)->uses_left() == 0);
}

TEST_CASE("A device whose connection was cut may bring its invitation again, and it counts once") {
  Desk desk;
  const Invitation given = desk.give(terms(2));
  CHECK(desk.use(given.id, 1) == Errc::ok);
  CHECK(desk.book.use(given.id, key(1), kNow)->again);
  CHECK(desk.book.find(given.id, kNow)->uses_left() == 1);
  CHECK(desk.use(given.id, 2) == Errc::ok);
  CHECK(desk.use(given.id, 1) == Errc::ok);
  CHECK(desk.use(given.id, 3) == Errc::used_up);
  const auto listed = desk.book.find(given.id, kNow);
  REQUIRE(listed->used_by.size() == 2);
  CHECK(listed->used_by[1] == Use{key(2), 1'700'000'000s});
}

TEST_CASE("Expired, revoked and unknown invitations are refused, each in its own words") {
  Desk desk;
  const Invitation expires = desk.give(), revoked = desk.give(terms(3));
  CHECK(desk.use(expires.id, 1, 1'700'003'600s) == Errc::expired);
  CHECK(desk.use(revoked.id, 1) == Errc::ok);
  REQUIRE(desk.book.revoke(revoked.id).ok());
  REQUIRE(desk.book.revoke(revoked.id).ok());
  CHECK(desk.use(revoked.id, 1) == Errc::revoked);
  CHECK(desk.use(revoked.id, 2) == Errc::revoked);
  CHECK(desk.use(revoked.id, 2, 1'800'000'000s) == Errc::revoked);
  InvitationId nobody{};
  CHECK(desk.use(nobody, 1) == Errc::unknown);
  CHECK(desk.book.revoke(nobody).error().is(Errc::unknown));
}

TEST_CASE("Both ends of a handshake have the same key, also when the invitation is over") {
  Desk desk;
  const Invitation given = desk.give();
  const Invitation carried = *decode_link(*encode_link(given), kNow);
  REQUIRE(desk.book.psk(given.id));
  CHECK(*desk.book.psk(given.id) == carried.psk());
  REQUIRE(desk.book.revoke(given.id).ok());
  CHECK(desk.book.psk(given.id));
  CHECK_FALSE(desk.book.psk(InvitationId{}));
  CHECK_FALSE(desk.book.psk(std::span(given.id).first(15)));
  CHECK_FALSE(desk.book.psk({}));
}

TEST_CASE("The book survives a restart record by record, and its records hold no link's secret") {
  Desk desk;
  std::vector<Invitation> given;
  for (std::uint32_t uses = 1; uses <= 3; ++uses) given.push_back(desk.give(terms(uses, 1'700'003'600s + uses * 1s)));
  desk.use(given[1].id, 9);
  REQUIRE(desk.book.revoke(given[2].id).ok());
  InvitationBook again;
  for (const Invitation& i : given) {
    const Bytes record = desk.book.record(i.id);
    const auto secret = i.secret.expose();
    CHECK(std::search(record.begin(), record.end(), secret.begin(), secret.end()) == record.end());
    CHECK(*again.restore(record) == i.id);
    CHECK(again.record(i.id) == record);
    CHECK(*again.psk(i.id) == *desk.book.psk(i.id));
  }
  const auto before = desk.book.list(kNow), after = again.list(kNow);
  REQUIRE(after.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(after[i].id == given[i].id);  // by expiry
    CHECK(after[i].state == before[i].state);
    CHECK(after[i].used_by == before[i].used_by);
  }
  CHECK(after[2].state == State::revoked);
  CHECK(state_name(after[2].state) == "revoked");
  CHECK(again.restore(desk.book.record(given[0].id)).ok());
  CHECK(again.size() == 3);
}

TEST_CASE("A damaged record is refused, and changes nothing") {
  Desk desk;
  const Invitation given = desk.give(terms(2));
  desk.use(given.id, 1);
  const Bytes record = desk.book.record(given.id);
  InvitationBook other;
  for (std::size_t n = 0; n < record.size(); ++n) CHECK(!other.restore(ByteView(record).first(n)));
  Bytes longer = record;
  longer.push_back(0);
  CHECK(!other.restore(longer));
  Bytes newer = record;
  newer[0] = 2;
  CHECK(other.restore(newer).error().is(Errc::newer_version));
  CHECK(other.size() == 0);
  SeededRandom random(3);
  for (int i = 0; i < 20'000; ++i) {
    Bytes changed = record;
    changed[random.below(changed.size())] = static_cast<std::uint8_t>(random.next());
    InvitationBook book;
    const auto id = book.restore(changed);
    if (id) CHECK(book.record(*id) == changed);
  }
}

TEST_CASE("What is over is forgotten after a month, and what is not stays") {
  Desk desk;
  const Invitation old = desk.give(), young = desk.give(terms(1, 1'700'090'000s));
  const auto later = terms().expires + kKeptAfterExpiry;
  CHECK(desk.book.forget_old(later - 1s).empty());
  CHECK(desk.book.forget_old(later) == std::vector<InvitationId>{old.id});
  CHECK(desk.use(old.id, 1) == Errc::unknown);
  CHECK(desk.book.find(young.id, kNow));
}

TEST_CASE("Promises that cannot be kept are not given") {
  Desk desk;
  const auto bad = [&](auto change) {
    Terms t = terms();
    change(t);
    const auto out = desk.book.give(t, key(1), {}, desk.random, kNow);
    return !out && out.error().is(Errc::bad_terms);
  };
  CHECK(bad([](Terms& t) { t.uses = 0; }));
  CHECK(bad([](Terms& t) { t.uses = kMaxUses + 1; }));
  CHECK(bad([](Terms& t) { t.path.clear(); }));
  CHECK(bad([](Terms& t) { t.path = "\xff"; }));
  CHECK(bad([](Terms& t) { t.level = access::Level::none; }));
  CHECK(bad([](Terms& t) { t.expires = 1'700'000'000s; }));
  CHECK(bad([](Terms& t) { t.name = "\x1b"; }));
  CHECK(!desk.book.give(terms(), key(1), {"a b"}, desk.random, kNow));
  CHECK(desk.book.size() == 0);
  for (std::size_t i = 0; i < kMaxInvitations; ++i) desk.give();
  CHECK(desk.book.give(terms(), key(1), {}, desk.random, kNow).error().is(Errc::full));
}
