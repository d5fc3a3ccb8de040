#include "runtime/document/operation.h"

#include <catch2/catch.hpp>

#include "tests/runtime/document/random_batch.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

OperationBatch batch_of(Operation op, std::string text = {}) {
  OperationBatch b;
  b.metadata.emplace_back();
  b.add_target(1, nullptr, 0);
  op.length = static_cast<std::uint32_t>(text.size());
  b.text = std::move(text);
  b.operations.push_back(op);
  b.transactions.push_back({op.id, 0});
  return b;
}

OperationBatch typed(Lv id, std::string letter, Lv parent, Side side = Side::right) {
  Operation op;
  op.kind = OperationKind::text_insert;
  op.id = id;
  op.parent = parent;
  op.side = side;
  return batch_of(op, std::move(letter));
}

OperationBatch acting(OperationKind kind, Lv id, Lv subject, std::uint32_t count = 1, bool backwards = false) {
  Operation op;
  op.kind = kind;
  op.id = id;
  op.subject = subject;
  op.count = count;
  op.backwards = backwards;
  return batch_of(op);
}

}  // namespace

TEST_CASE("typing becomes one run") {
  OperationBatch all;
  for (Lv i = 0; i < 100; ++i) all.append(typed(50 + i, i % 2 == 0 ? "a" : "\u00e9", i == 0 ? 7 : 49 + i));
  REQUIRE(all.operations.size() == 1);
  CHECK(all.operations[0].count == 100);
  CHECK(all.operations[0].parent == 7);
  CHECK(all.operations[0].length == 150);
  CHECK(all.targets.size() == 1);
  CHECK(all.transactions.size() == 100);
}

TEST_CASE("characters that do not follow each other in the text stay apart") {
  const auto count = [](const OperationBatch& second) {
    OperationBatch all = typed(10, "a", 3);
    all.append(second);
    return all.operations.size();
  };
  CHECK(count(typed(11, "b", 10)) == 1);
  CHECK(count(typed(11, "b", 9)) == 2);               // another place
  CHECK(count(typed(11, "b", 10, Side::left)) == 2);  // before it
  CHECK(count(typed(12, "b", 11)) == 2);              // an id between them belongs to something else
  OperationBatch elsewhere = typed(11, "b", 10);
  elsewhere.targets[0].node = 2;
  CHECK(count(elsewhere) == 2);
}

TEST_CASE("backspaces and deletions become runs, each in its direction") {
  OperationBatch back;
  for (Lv i = 0; i < 5; ++i) back.append(acting(OperationKind::text_erase, 100 + i, 40 - i));
  REQUIRE(back.operations.size() == 1);
  CHECK(back.operations[0].backwards);
  CHECK(back.operations[0].subject == 36);
  CHECK(back.operations[0].count == 5);

  OperationBatch forward;
  for (Lv i = 0; i < 5; ++i) forward.append(acting(OperationKind::text_erase, 100 + i, 40 + i));
  REQUIRE(forward.operations.size() == 1);
  CHECK_FALSE(forward.operations[0].backwards);
  CHECK(forward.operations[0].subject == 40);

  back.append(acting(OperationKind::text_erase, 105, 41));
  CHECK(back.operations.size() == 2);
}

TEST_CASE("array deletions and revivals become runs upwards only") {
  for (OperationKind kind : {OperationKind::erase, OperationKind::restore, OperationKind::text_restore}) {
    OperationBatch up = acting(kind, 100, 40);
    up.append(acting(kind, 101, 41));
    CHECK(up.operations.size() == 1);
    OperationBatch down = acting(kind, 100, 40);
    down.append(acting(kind, 101, 39));
    CHECK(down.operations.size() == 2);
  }
}

TEST_CASE("appending batches one by one means what they meant, whatever they are") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    OperationBatch all;
    std::vector<std::string> operations, transactions;
    Lv next = 5;
    for (int part = 0; part < 6; ++part) {
      const auto ids = static_cast<std::uint32_t>(1 + random.below(12));
      const OperationBatch one = random_batch(random, {0, next, ids});
      next += ids;
      for (const std::string& line : meaning(one))
        (line.starts_with("transaction") ? transactions : operations).push_back(line);
      all.append(one);
    }
    operations.insert(operations.end(), transactions.begin(), transactions.end());
    REQUIRE(meaning(all) == operations);
    all.clear();
    REQUIRE(meaning(all).empty());
  }
}
