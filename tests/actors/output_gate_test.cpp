#include "actors/store/output_gate.h"

#include <catch2/catch.hpp>

#include "runtime/storage/layout.h"

namespace tlfs::store {
namespace {

Bytes key_of(std::uint8_t n) { return {n}; }

storage::Batch batch_of(std::uint8_t n, std::size_t bytes = 1) {
  storage::Batch out;
  out.put(key_of(n), Bytes(bytes, n));
  return out;
}

// First bytes of the keys of a request, in order.
std::vector<int> written(const std::shared_ptr<const storage::Batch>& request) {
  std::vector<int> out;
  if (request)
    for (const auto& w : request->writes()) out.push_back(w.key[0]);
  return out;
}

const Error kFull(storage::Errc::full, "no room");

struct Waiter {
  std::vector<std::string> heard;
  OutputGate::Release release(std::string name) {
    return [this, name = std::move(name)](const Status& saved) { heard.push_back(name + (saved ? " saved" : " not")); };
  }
};

TEST_CASE("who waits at a gate passes at once when there is nothing to write, and else when it is durable") {
  OutputGate gate;
  Waiter waiter;
  gate.wait(waiter.release("first"));
  CHECK(waiter.heard == std::vector<std::string>{"first saved"});
  gate.add(batch_of(1));
  gate.wait(waiter.release("second"));
  CHECK_FALSE(gate.idle());
  REQUIRE(gate.next() != nullptr);
  CHECK(waiter.heard.size() == 1);
  gate.succeeded();
  CHECK(waiter.heard.back() == "second saved");
  CHECK(gate.idle());
}

TEST_CASE("one request is under way at a time, and what is added meanwhile is joined into the next, in order") {
  OutputGate gate;
  Waiter waiter;
  gate.add(batch_of(1));
  CHECK(written(gate.next()) == std::vector<int>{1});
  for (const std::uint8_t n : {2, 3, 4}) {
    gate.add(batch_of(n));
    gate.wait(waiter.release(std::to_string(n)));
    CHECK(gate.next() == nullptr);
  }
  gate.succeeded();
  CHECK(waiter.heard.empty());
  CHECK(written(gate.next()) == std::vector<int>{2, 3, 4});
  gate.succeeded();
  CHECK(waiter.heard == std::vector<std::string>{"2 saved", "3 saved", "4 saved"});
  CHECK(gate.next() == nullptr);
}

TEST_CASE("a request that failed is made again with the same writes before any later one") {
  OutputGate gate;
  gate.add(batch_of(1));
  const auto first = gate.next();
  gate.add(batch_of(2));
  gate.failed(kFull);
  CHECK(gate.next() == first);
  gate.failed(kFull);
  CHECK(gate.next() == first);
  gate.succeeded();
  CHECK(written(gate.next()) == std::vector<int>{2});
  gate.succeeded();
  CHECK(gate.idle());
}

TEST_CASE("while the disk takes nothing those who wait hear it at once, and what they wrote is saved later") {
  OutputGate gate;
  Waiter waiter;
  gate.add(batch_of(1));
  gate.wait(waiter.release("first"));
  REQUIRE(gate.next() != nullptr);
  gate.add(batch_of(2));
  gate.wait(waiter.release("behind"));
  gate.failed(kFull);
  CHECK(waiter.heard == std::vector<std::string>{"first not", "behind not"});
  REQUIRE(gate.failing().has_value());
  CHECK(gate.failing()->is(storage::Errc::full));
  gate.wait(waiter.release("late"));
  CHECK(waiter.heard.back() == "late not");
  REQUIRE(gate.next() != nullptr);
  CHECK(gate.failing().has_value());  // it is not known yet
  gate.succeeded();
  CHECK_FALSE(gate.failing().has_value());
  CHECK_FALSE(gate.idle());
  gate.wait(waiter.release("new"));
  CHECK(waiter.heard.back() == "late not");
  CHECK(written(gate.next()) == std::vector<int>{2});
  gate.succeeded();
  CHECK(waiter.heard.back() == "new saved");
  CHECK(gate.idle());
}

TEST_CASE("requests stay within what may be joined, unless one operation alone is larger") {
  OutputGate gate;
  gate.add(batch_of(1, kMaxJoinedBytes - 100));
  gate.add(batch_of(2, 200));
  gate.add(batch_of(3, 2 * kMaxJoinedBytes));
  gate.add(batch_of(4));
  for (const int n : {1, 2, 3, 4}) {
    CHECK(written(gate.next()) == std::vector<int>{n});
    gate.succeeded();
  }
  for (std::size_t n = 0; n <= kMaxJoinedRecords; ++n) gate.add(batch_of(1));
  CHECK(gate.next()->writes().size() == kMaxJoinedRecords);
  gate.succeeded();
  CHECK(gate.next()->writes().size() == 1);
}

TEST_CASE("a gate is crowded while too many bytes wait, those under way included") {
  OutputGate gate;
  for (std::size_t bytes = 0; bytes <= kMaxWaitingBytes; bytes += kMaxJoinedBytes)
    gate.add(batch_of(1, kMaxJoinedBytes));
  CHECK(gate.crowded());
  REQUIRE(gate.next() != nullptr);
  CHECK(gate.crowded());
  gate.failed(kFull);
  CHECK(gate.crowded());
  for (int n = 0; n < 2; ++n) {
    REQUIRE(gate.next() != nullptr);
    gate.succeeded();
  }
  CHECK_FALSE(gate.crowded());
}

TEST_CASE("who waits again while being released stands behind what was added since") {
  OutputGate gate;
  Waiter waiter;
  gate.add(batch_of(1));
  gate.wait([&](const Status&) {
    gate.add(batch_of(2));
    gate.wait(waiter.release("again"));
  });
  REQUIRE(gate.next() != nullptr);
  gate.succeeded();
  CHECK(waiter.heard.empty());
  CHECK(written(gate.next()) == std::vector<int>{2});
  gate.succeeded();
  CHECK(waiter.heard == std::vector<std::string>{"again saved"});
}

}  // namespace
}  // namespace tlfs::store
