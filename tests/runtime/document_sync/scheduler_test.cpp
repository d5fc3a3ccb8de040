#include "runtime/document_sync/scheduler.h"

#include <catch2/catch.hpp>

namespace tlfs::document_sync {
namespace {

document::DocumentId number(std::uint8_t n) {
  document::DocumentId id{};
  id[0] = n;
  return id;
}

}  // namespace

TEST_CASE("documents that have much to send get equal shares") {
  Scheduler s;
  std::map<document::DocumentId, std::size_t> sent;
  for (std::uint8_t i = 0; i < 4; ++i) s.ready(number(i));
  for (int i = 0; i < 400; ++i) {
    const auto turn = s.next(1u << 20);
    REQUIRE(turn);
    sent[turn->document] += turn->bytes;
    s.done(turn->document, turn->bytes, true);
  }
  for (const auto& [id, bytes] : sent) CHECK(bytes == 100 * kTurnBytes);
  CHECK(sent.size() == 4);
}

TEST_CASE("whoever sends more than its share pays it back") {
  Scheduler s;
  std::map<document::DocumentId, std::size_t> sent;
  s.ready(number(1));
  s.ready(number(2));
  for (int i = 0; i < 1000; ++i) {
    const auto turn = s.next(1u << 20);
    REQUIRE(turn);
    const std::size_t bytes = turn->document == number(1) ? 10 * kTurnBytes : turn->bytes;
    sent[turn->document] += bytes;
    s.done(turn->document, bytes, true);
  }
  CHECK(sent[number(1)] <= sent[number(2)] + 10 * kTurnBytes);
  CHECK(sent[number(2)] <= sent[number(1)] + 10 * kTurnBytes);
}

TEST_CASE("a document that is alone, or has nothing more, neither waits nor is asked") {
  Scheduler s;
  CHECK_FALSE(s.next(100));
  s.ready(number(1));
  s.ready(number(1));
  CHECK(s.waiting() == 1);
  CHECK_FALSE(s.next(0));
  CHECK(s.next(100)->bytes == 100);
  s.done(number(1), 50 * kTurnBytes, true);
  CHECK(s.next(1u << 20)->document == number(1));
  s.done(number(1), 1, false);
  CHECK(s.idle());
  s.ready(number(2));
  s.remove(number(2));
  CHECK(s.idle());
}

}  // namespace tlfs::document_sync
