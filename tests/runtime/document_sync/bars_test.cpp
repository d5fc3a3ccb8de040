// What DESIGN.md section 13 asks of sync, as far as it is counted and not timed.
#include "tests/runtime/document_sync/lines.h"

namespace tlfs::document_sync::testing {
namespace {

void type(Device& device, std::size_t edits, std::size_t changes, std::size_t at) {
  for (std::size_t c = 0; c < changes; ++c) {
    for (std::size_t i = 0; i < edits / changes; ++i) {
      const Status done = device.edit(
          [&](document::Transaction& tx) { return tx.splice(*tx.address(".text"), at + i, 0, "x"); }, {}, "");
      REQUIRE(done.ok());
    }
    device.content().seal();
    device.replica->observe();
    device.save();
  }
}

}  // namespace

TEST_CASE("a thousand edits on each side take one round trip and at most 25 KB") {
  Pair p;
  type(p.alice, 20'000, 200, 0);
  p.sync();
  type(p.alice, 1000, 10, 50);
  type(p.bob, 1000, 10, 15'000);
  Line line(p.alice, p.bob);
  // Hello; hello and all that alice lacks; all that bob lacks.
  line.pass(line.left, line.right);
  line.pass(line.right, line.left);
  CHECK(line.left.received == 10);
  line.pass(line.left, line.right);
  CHECK(line.right.received == 10);
  CHECK(p.alice.content().json() == p.bob.content().json());
  line.run();
  check_fine(line);
  INFO(line.from_left.bytes << " and " << line.from_right.bytes << " bytes");
  CHECK(line.from_left.bytes + line.from_right.bytes <= 25'000);
}

TEST_CASE("a fresh pull carries one signature per writer and batch") {
  Pair p;
  type(p.alice, 1000, 1000, 0);
  Line line(p.alice, p.bob);
  line.run();
  check_fine(line);
  REQUIRE(line.right.received == 1000);
  std::size_t signatures = 0, changes = 0;
  for (const Bytes& m : line.from_left.messages) {
    const auto decoded = decode_message(m);
    const auto* batch = std::get_if<message::Batch>(&*decoded);
    if (!batch) continue;
    const auto opened = decode_batch(batch->bytes, p.alice.id);
    REQUIRE(opened.ok());
    for (const document::Change& c : *opened) {
      ++changes;
      signatures += c.signature ? 1 : 0;
    }
  }
  CHECK(changes == 1000);
  CHECK(signatures == line.from_left.batches());
  CHECK(line.from_left.batches() <= 3);
}

TEST_CASE("with every change signed the window holds as well") {
  Pair p;
  for (std::size_t i = 0; i < 9000; ++i) {
    REQUIRE(p.alice.set(".title", std::to_string(i)).ok());
    p.alice.content().sign();
  }
  Line line(p.alice, p.bob);
  SyncSession::Settings s;
  s.document = p.alice.id;
  s.peer = p.bob.public_key();
  s.every_signature = true;
  line.left.session.emplace(s);
  line.run();
  check_fine(line);
  CHECK(line.from_left.bytes > kWindowBytes);
  CHECK(line.right.received == 9000);
}

TEST_CASE("what repeats in changes is not sent: at most 30 bytes beside salt and payload") {
  Pair p;
  type(p.alice, 1000, 1000, 0);
  Line line(p.alice, p.bob);
  line.run();
  std::size_t sealed = 0;
  for (const document::Change& c : p.alice.content().all_changes())
    for (const auto& leaf : c.leaves) sealed += leaf->salt.size() + leaf->payload.size();
  INFO(line.from_left.bytes << " bytes, of which " << sealed << " are salt and payload");
  CHECK(line.from_left.bytes <= sealed + 1000 * 30);
}

}  // namespace tlfs::document_sync::testing
