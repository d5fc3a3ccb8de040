// Two devices with disks and a line between them, on which every message can be seen, held back and cut off.
#pragma once

#include "runtime/document_sync/change_batch.h"
#include "runtime/document_sync/session.h"
#include "tests/runtime/replica/devices.h"

namespace tlfs::document_sync::testing {

using access::Level;
using replica::testing::Device;

inline std::shared_ptr<const schema::Package> parts_package() {
  return document::testing::compile_package(R"(parts {
    0.1.0 {
      .: Struct
      .title: MVReg<String>
      .text: Text
      .open: Struct @compartment
      .open.word: MVReg<String>
      .private: Struct @compartment
      .private.word: MVReg<String>
    }
  })");
}

// What the actor of a document does with a session.
class End {
 public:
  End(Device& of, const Device& peer, bool likely_equal = false) : device(of) {
    SyncSession::Settings s;
    s.document = of.id;
    s.peer = peer.public_key();
    s.likely_equal = likely_equal;
    session.emplace(s);
  }

  std::vector<Bytes> poll(std::size_t credit = 1u << 20) {
    std::vector<Bytes> out;
    retry([&] { out = session->poll(device.replica->document(), credit); });
    device.replica->observe();
    device.save();
    return out;
  }
  void receive(ByteView message) {
    SyncSession::Received got;
    retry([&] { got = session->receive(device.replica->document(), message); });
    for (Bytes& p : got.presence) presence.push_back(std::move(p));
    for (const auto& p : got.packages) (void)device.content().add_package(p);
    device.replica->observe();
    if (got.nothing_to_take()) return;
    received += got.changes.size();
    access::ProtectedDocument::Taken taken;
    retry([&] { taken = device.replica->take(got.statements, got.changes); });
    for (const Error& e : taken.refused) refused.push_back(e.message());
    device.save();
    session->took(device.replica->document(), taken);
  }
  bool cut() const { return session->ended() && session->ended()->cut; }
  std::string why() const { return session->ended() ? session->ended()->reason : "it has not ended"; }

  Device& device;
  std::optional<SyncSession> session;
  std::size_t received = 0;  // changes
  std::size_t history_needed = 0;
  std::vector<std::string> refused;
  std::vector<Bytes> presence;

 private:
  template <class F>
  void retry(F&& f) {
    try {
      f();
    } catch (const replica::HistoryNeeded&) {
      ++history_needed;
      device.save();
      device.reopen(true);
      session->opened_anew();
      f();
    }
  }
};

class Line {
 public:
  Line(Device& a, Device& b, bool likely_equal = false) : left(a, b, likely_equal), right(b, a, likely_equal) {}

  // Everything that one side has to say now, to the other. Returns how many messages.
  std::size_t pass(End& from, End& to, std::size_t credit = 1u << 20) {
    std::vector<Bytes> said = from.poll(credit);
    for (const Bytes& m : said) {
      Side& side = &from == &left ? from_left : from_right;
      side.bytes += m.size();
      side.messages.push_back(m);
      to.receive(m);
    }
    return said.size();
  }
  // Left and right in turn until nobody says anything. Returns how often one of them spoke.
  std::size_t run(std::size_t most = 2000) {
    std::size_t turns = 0, silent = 0;
    for (bool left_speaks = true; silent < 2 && turns < most; left_speaks = !left_speaks) {
      const bool spoke = (left_speaks ? pass(left, right) : pass(right, left)) > 0;
      silent = spoke ? 0 : silent + 1;
      turns += spoke ? 1 : 0;
    }
    REQUIRE(turns < most);
    return turns;
  }

  struct Side {
    std::size_t bytes = 0;
    std::vector<Bytes> messages;
    std::size_t batches() const {
      return static_cast<std::size_t>(std::count_if(messages.begin(), messages.end(), [](const Bytes& m) {
        const auto decoded = decode_message(m);
        return decoded && std::holds_alternative<message::Batch>(*decoded);
      }));
    }
    bool contains(ByteView needle) const {
      return std::any_of(messages.begin(), messages.end(), [&](const Bytes& m) {
        return std::search(m.begin(), m.end(), needle.begin(), needle.end()) != m.end();
      });
    }
  };
  End left, right;
  Side from_left, from_right;
};

inline void check_fine(const Line& line) {
  INFO(line.left.why() << " / " << line.right.why());
  CHECK_FALSE(line.left.session->ended());
  CHECK_FALSE(line.right.session->ended());
  for (const std::string& e : line.left.refused) FAIL_CHECK(e);
  for (const std::string& e : line.right.refused) FAIL_CHECK(e);
}

// Alice's document, which Bob may write to.
struct Pair {
  explicit Pair(std::shared_ptr<const schema::Package> package = document::testing::story_package(),
                std::uint64_t number = 1)
      : alice(number, package), bob(number + 1, package) {
    alice.create();
    REQUIRE(alice.grant(Level::write, bob.principal()).ok());
    bob.join(alice);
  }
  // A session from first to last.
  void sync() {
    Line line(alice, bob);
    line.run();
    check_fine(line);
  }
  Device alice, bob;
};

}  // namespace tlfs::document_sync::testing
