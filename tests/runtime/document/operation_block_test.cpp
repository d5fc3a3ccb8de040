#include "runtime/document/operation_block.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "runtime/base/varint.h"
#include "runtime/document/block_format.h"
#include "runtime/document/sections.h"
#include "tests/runtime/document/random_batch.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

// A document of `writers` writers, the last `own` ids of which are the block's.
struct World {
  World(std::uint64_t seed, std::uint32_t writers, std::uint32_t before, std::uint32_t own)
      : random(seed), directory(ids) {
    fill_ids(ids, random, writers, before);
    scope = {0, ids.size(), own};
    std::uint64_t next = 0;
    for (Lv lv = 0; lv < ids.size(); ++lv)
      if (ids.agent_of(lv) == 0) next = ids.counter_of(lv) + 1;
    ids.append(0, next, own);
  }
  Bytes encode(const OperationBatch& b, const BlockOptions& o = {}) const {
    return encode_block(b, scope, ids, directory, o);
  }
  Result<OperationBatch> decode(ByteView bytes) const { return decode_block(bytes, scope, ids, directory); }

  SeededRandom random;
  IdSpace ids;
  PlainWriters directory;
  BlockScope scope;
};

struct TextWorld {
  TextWorld() : directory(ids) {
    ids.add_agent(writer_number(1));
    ids.append(0, 0, 1000);
  }
  static OperationBatch one_character(Lv id) {
    OperationBatch b;
    b.text = "x";
    b.add_target(3, nullptr, 0);
    Operation op;
    op.kind = OperationKind::text_insert;
    op.id = id;
    op.parent = id - 1;
    op.length = 1;
    b.operations.push_back(op);
    b.transactions.push_back({id, 0});
    return b;
  }
  IdSpace ids;
  PlainWriters directory;
};

// A block of raw sections.
Bytes block_of(const std::vector<std::pair<std::uint64_t, Bytes>>& sections) {
  ByteWriter w;
  w.u8(block::kVersion);
  for (const auto& [number, content] : sections) {
    w.varint(number);
    w.u8(kRaw);
    w.bytes(content);
  }
  return w.take();
}

}  // namespace

TEST_CASE("a block says what its batch said, and encoding it again gives the same bytes") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    World world(seed, static_cast<std::uint32_t>(1 + seed % 5), static_cast<std::uint32_t>(seed * 3 % 400),
                static_cast<std::uint32_t>(1 + seed % 97));
    const OperationBatch batch = random_batch(world.random, world.scope);
    const Bytes bytes = world.encode(batch, {3, seed % 2 == 0 ? 40u : 256u});
    Result<OperationBatch> back = world.decode(bytes);
    REQUIRE(back.ok());
    REQUIRE(meaning(*back) == meaning(batch));
    REQUIRE(world.encode(*back, {3, seed % 2 == 0 ? 40u : 256u}) == bytes);
  }
}

TEST_CASE("a transaction of one typed character takes fewer than 25 bytes") {
  TextWorld world;
  const BlockScope scope{0, 700, 1};
  const Bytes bytes = encode_block(TextWorld::one_character(700), scope, world.ids, world.directory);
  CHECK(bytes.size() < 25);
  REQUIRE(decode_block(bytes, scope, world.ids, world.directory).ok());
}

TEST_CASE(
    "a run whose ids reached this replica at different times is one operation on the wire and several in memory") {
  //  author:  W2 types 0..9 at once, W1 erases all ten backwards
  //  reader:  has W2's characters as Lvs 0..4 and 7..11, with W3's between them
  IdSpace author;
  for (std::uint8_t w = 1; w <= 3; ++w) author.add_agent(writer_number(w));
  author.append(1, 0, 10);
  author.append(2, 0, 2);
  author.append(0, 0, 10);
  IdSpace reader;
  for (std::uint8_t w = 1; w <= 3; ++w) reader.add_agent(writer_number(w));
  reader.append(1, 0, 5);
  reader.append(2, 0, 2);
  reader.append(1, 5, 5);
  reader.append(0, 0, 10);

  OperationBatch batch;
  batch.add_target(1, nullptr, 0);
  Operation op;
  op.kind = OperationKind::text_erase;
  op.id = 12;
  op.count = 10;
  op.subject = 0;
  op.backwards = true;
  batch.operations.push_back(op);
  batch.transactions.push_back({12, 0});

  const Bytes bytes = encode_block(batch, {0, 12, 10}, author, PlainWriters(author));
  const Result<OperationBatch> read = decode_block(bytes, {0, 12, 10}, reader, PlainWriters(reader));
  REQUIRE(read.ok());
  REQUIRE(read->operations.size() == 2);
  CHECK(read->operations[0].subject == 7);
  CHECK(read->operations[0].count == 5);
  CHECK(read->operations[0].backwards);
  CHECK(read->operations[1].subject == 0);
  CHECK(read->operations[1].id == 17);
  CHECK(encode_block(*read, {0, 12, 10}, reader, PlainWriters(reader)) == bytes);
}

TEST_CASE("references to what this replica does not have leave the rest of a block readable") {
  World world(7, 4, 300, 60);
  const OperationBatch batch = random_batch(world.random, world.scope);
  const Bytes bytes = world.encode(batch);
  IdSpace poor;  // only the author's ids
  poor.add_agent(writer_number(1));
  poor.append(0, world.ids.counter_of(world.scope.base), 60);
  const Result<OperationBatch> read = decode_block(bytes, {0, 0, 60}, poor, PlainWriters(poor));
  REQUIRE(read.ok());
  std::uint32_t ids = 0;
  std::uint32_t expected = 0;
  for (const Operation& op : read->operations) ids += op.count;
  for (const Operation& op : batch.operations) expected += op.count;
  CHECK(ids == expected);
  CHECK(read->text == batch.text);
}

TEST_CASE("operations of unknown kinds make nothing but their ids stay taken") {
  TextWorld world;
  // Order: 2 operations of kind 77 that take 5 ids, then one `enable`.
  ByteWriter order;
  order.varint(2);
  for (const std::vector<std::uint64_t>& column : {std::vector<std::uint64_t>{77, 3}, {2, 1}, {3, 0}}) {
    order.varint(3);
    order.varint(2 << 1);
    for (std::uint64_t v : column) order.varint(v);
  }
  const Bytes bytes = block_of({{block::kOrder, order.take()},
                                {block::kTargets, {1, 4, 0}},
                                {block::kFirstKind + 3, {0}},
                                {block::kFirstKind + 77, {1, 2, 3}}});
  const Result<OperationBatch> read = decode_block(bytes, {0, 100, 6}, world.ids, world.directory);
  REQUIRE(read.ok());
  REQUIRE(read->operations.size() == 1);
  CHECK(read->operations[0].kind == OperationKind::enable);
  CHECK(read->operations[0].id == 105);
  CHECK_FALSE(decode_block(bytes, {0, 100, 5}, world.ids, world.directory).ok());
}

TEST_CASE("unknown sections are skipped") {
  TextWorld world;
  const BlockScope scope{0, 700, 1};
  Bytes bytes = encode_block(TextWorld::one_character(700), scope, world.ids, world.directory);
  const Bytes plain = bytes;
  for (std::uint8_t b : {200, 1, 0, 2, 9, 9}) bytes.push_back(b);
  const Result<OperationBatch> read = decode_block(bytes, scope, world.ids, world.directory);
  REQUIRE(read.ok());
  CHECK(meaning(*read) == meaning(*decode_block(plain, scope, world.ids, world.directory)));
}

TEST_CASE("a compressed section that unpacks to more than the limit, or to another size than it says, is refused") {
  TextWorld world;
  const BlockScope scope{0, 0, 1000};
  OperationBatch batch = TextWorld::one_character(0);
  batch.text = std::string(1000, 'x');
  batch.operations[0].count = batch.operations[0].length = 1000;
  const Bytes good = encode_block(batch, scope, world.ids, world.directory);
  REQUIRE(good.size() < 100);
  REQUIRE(decode_block(good, scope, world.ids, world.directory).ok());
  // The section's head: number, packing, varint of 1005 or so in two bytes.
  const Bytes mark = {28, 1};
  const auto head = std::search(good.begin(), good.end(), mark.begin(), mark.end());
  REQUIRE(head != good.end());
  const auto at = static_cast<std::size_t>(head - good.begin()) + 2;
  Bytes lies = good;
  lies[at] ^= 1;
  CHECK_FALSE(decode_block(lies, scope, world.ids, world.directory).ok());
  Bytes bomb = good;
  bomb.erase(bomb.begin() + static_cast<std::ptrdiff_t>(at), bomb.begin() + static_cast<std::ptrdiff_t>(at) + 2);
  const Bytes huge = {0xff, 0xff, 0xff, 0xff, 0x7f};
  bomb.insert(bomb.begin() + static_cast<std::ptrdiff_t>(at), huge.begin(), huge.end());
  const Result<OperationBatch> refused = decode_block(bomb, scope, world.ids, world.directory);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().is(Errc::limit_exceeded));
}

TEST_CASE("bytes changed, cut off or added never crash a decoder, and what it accepts stays within its scope") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    World world(seed, 3, 100, static_cast<std::uint32_t>(1 + seed % 50));
    const Bytes good = world.encode(random_batch(world.random, world.scope), {3, seed % 2 == 0 ? 30u : 1000u});
    for (int round = 0; round < 100; ++round) {
      Bytes bytes = good;
      for (std::uint64_t n = 1 + world.random.below(3); n > 0; --n) {
        const std::size_t at = world.random.below(bytes.size());
        switch (world.random.below(4)) {
          case 0:
            bytes[at] = static_cast<std::uint8_t>(world.random.below(256));
            break;
          case 1:
            bytes[at] ^= static_cast<std::uint8_t>(1u << world.random.below(8));
            break;
          case 2:
            bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                         static_cast<std::uint8_t>(world.random.below(256)));
            break;
          default:
            if (bytes.size() > 1) bytes.resize(at + 1);
        }
      }
      const Result<OperationBatch> read = world.decode(bytes);
      if (!read.ok()) continue;
      std::uint64_t next = world.scope.base;
      for (const Operation& op : read->operations) {
        REQUIRE(op.id >= next);
        next = std::uint64_t{op.id} + op.count;
        REQUIRE(next <= world.ids.size());
        REQUIRE(op.target < read->targets.size());
        if (op.subject != kNoLv) REQUIRE(std::uint64_t{op.subject} + op.count <= world.ids.size());
      }
      REQUIRE(is_valid_utf8(read->text));
      (void)meaning(*read);
      (void)world.encode(*read);
    }
  }
}

TEST_CASE("a list of 100,000 todos costs a few bytes beyond its words") {
  constexpr std::uint32_t kTodos = 100'000;
  IdSpace ids;
  ids.add_agent(writer_number(1));
  ids.append(0, 0, 3 * kTodos);
  PlainWriters writers(ids);
  OperationBatch batch;
  std::size_t words = 0;
  for (std::uint32_t i = 0; i < kTodos; ++i) {
    const Lv id = 3 * i;
    const Key element = Key::of_element(id);
    Operation op;
    op.kind = OperationKind::insert;
    op.id = id;
    op.parent = i == 0 ? kNoLv : id - 3;
    op.target = batch.add_target(1, nullptr, 0);
    batch.operations.push_back(op);
    op = {};
    op.kind = OperationKind::assign;
    op.id = id + 1;
    op.target = batch.add_target(2, &element, 1);
    op.first = static_cast<std::uint32_t>(batch.values.size());
    op.length = 1;
    batch.values.push_back("todo number " + std::to_string(i));
    words += std::get<std::string>(batch.values.back()).size();
    batch.operations.push_back(op);
    op = {};
    op.kind = OperationKind::enable;
    op.id = id + 2;
    op.target = batch.add_target(3, &element, 1);
    batch.operations.push_back(op);
  }
  batch.transactions.push_back({0, 0});
  const BlockScope scope{0, 0, 3 * kTodos};
  const Bytes bytes = encode_block(batch, scope, ids, writers, {3, kMaxBlockBytes});
  CHECK(bytes.size() < words + 1000);
  const Result<OperationBatch> read = decode_block(bytes, scope, ids, writers);
  REQUIRE(read.ok());
  CHECK(meaning(*read) == meaning(batch));
}
