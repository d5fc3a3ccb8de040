// What a peer may cost, and who is banned.
#include "runtime/link/budget.h"

#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::link;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

BudgetRates small() { return {{100, 1'000}, {10, 50}, {0.5, 1}}; }

crypto::PublicKey key(std::size_t number) {
  return {static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
          static_cast<std::uint8_t>(number)};
}

}  // namespace

TEST_CASE("A bucket fills at its rate up to its burst, and debt is paid by waiting") {
  TokenBucket bucket({100, 1'000}, Time(0));
  CHECK(bucket.level(seconds(100)) == 1'000);
  bucket.spend(1'300, Time(0));
  CHECK(bucket.level(Time(0)) == -300);
  CHECK(bucket.free_at(Time(0)) == seconds(3));
  CHECK(bucket.level(seconds(4)) == Approx(100));
  CHECK(bucket.free_at(seconds(4)) == seconds(4));
  bucket.spend(50, seconds(4));
  bucket.spend(0, seconds(2));  // a clock that goes back
  CHECK(bucket.level(seconds(4)) == Approx(50));
}

TEST_CASE("A peer beyond its burst has to wait, one that goes on all the same is a flood") {
  Budget budget(small(), Time(0));
  CHECK(budget.spend({.bytes = 1'000, .messages = 1}, Time(0)) == Budget::Verdict::go_on);
  CHECK(budget.spend({.bytes = 500, .messages = 1}, Time(0)) == Budget::Verdict::wait);
  CHECK(budget.scarcest(Time(0)) == Budget::Kind::bytes);
  CHECK(budget.free_at(Time(0)) == seconds(5));
  CHECK(budget.spend({.messages = 1}, seconds(5)) == Budget::Verdict::go_on);
  CHECK(budget.spend({.bytes = 1'001}, seconds(5)) == Budget::Verdict::flood);
}

TEST_CASE("Messages and processor time count as bytes do") {
  Budget messages(small(), Time(0));
  CHECK(messages.spend({.messages = 51}, Time(0)) == Budget::Verdict::wait);
  CHECK(messages.scarcest(Time(0)) == Budget::Kind::messages);
  Budget time(small(), Time(0));
  CHECK(time.spend({.cpu = milliseconds(1'500)}, Time(0)) == Budget::Verdict::wait);
  CHECK(time.scarcest(Time(0)) == Budget::Kind::cpu);
  CHECK(time.free_at(Time(0)) == seconds(1));
  CHECK(name_of(Budget::Kind::cpu) == "processor time");
}

TEST_CASE("A ban holds until it ends; a longer one replaces a shorter one and not the other way round") {
  BanList list;
  list.ban(key(1), {"garbage", milliseconds(100)});
  REQUIRE(list.find(key(1), milliseconds(99)) != nullptr);
  CHECK(list.find(key(1), milliseconds(99))->reason == "garbage");
  CHECK(list.find(key(1), milliseconds(100)) == nullptr);
  CHECK(list.find(key(2), milliseconds(0)) == nullptr);
  list.ban(key(1), {"shorter", milliseconds(50)});
  CHECK(list.find(key(1), milliseconds(0))->reason == "garbage");
  list.ban(key(1), {"longer", milliseconds(200)});
  CHECK(list.find(key(1), milliseconds(150))->reason == "longer");
  list.lift(key(1));
  CHECK(list.find(key(1), milliseconds(0)) == nullptr);
  list.ban(key(1), {"a", milliseconds(10)});
  list.ban(key(2), {"b", milliseconds(20)});
  list.forget_ended(milliseconds(10));
  CHECK(list.size() == 1);
}

TEST_CASE("A full list of bans lets the one go that ends first") {
  BanList list;
  for (std::size_t i = 0; i < kMaxBans; ++i) list.ban(key(i), {"x", milliseconds(1'000 + i)});
  list.ban(key(kMaxBans), {"x", milliseconds(5'000)});
  CHECK(list.size() == kMaxBans);
  CHECK(list.find(key(0), milliseconds(0)) == nullptr);
  CHECK(list.find(key(kMaxBans), milliseconds(0)) != nullptr);
}

TEST_CASE("A list of bans comes back as it was, and other bytes are refused") {
  BanList list;
  list.ban(key(1), {"sent garbage", milliseconds(1'800'000'000'000)});
  list.ban(key(2), {std::string(kMaxBanReasonBytes + 50, 'x'), milliseconds(5)});
  list.ban(key(3), {"\xff", milliseconds(5)});
  CHECK(list.find(key(3), milliseconds(0))->reason.empty());
  const Bytes bytes = list.encode();
  CHECK(BanList::decode(bytes).value() == list);
  CHECK(BanList::decode(BanList().encode()).value() == BanList());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(BanList::decode(ByteView(bytes).first(size)).error().is(Errc::malformed));
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(BanList::decode(longer).ok());
  Bytes later = bytes;
  later[0] = 2;
  CHECK_FALSE(BanList::decode(later).ok());
  Bytes unsorted = bytes;
  unsorted[2 + 2] = 9;  // the first key
  CHECK_FALSE(BanList::decode(unsorted).ok());
}
