// Two devices, their documents, and the channel between them, for the tests of comparing.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>

#include "runtime/sync/difference_index.h"
#include "runtime/sync/difference_session.h"

namespace tlfs::sync {

inline crypto::SigningKey device(std::uint8_t seed) {
  std::array<std::uint8_t, 32> bytes{};
  bytes[0] = seed;
  return crypto::SigningKey::from_seed(bytes);
}

inline PairKey pair_key(const crypto::SigningKey& own, const crypto::SigningKey& peer) {
  return std::move(PairKey::between(own.box_key(), peer.public_key())).value();
}

// Document number `n`, and heads that the number of its edits determines.
inline DocumentId numbered(std::uint64_t n) {
  DocumentId id = crypto::hash("test document", {ByteView(reinterpret_cast<const std::uint8_t*>(&n), sizeof n)});
  return id;
}
inline crypto::Digest heads(std::uint64_t edits) {
  return crypto::hash("test heads", {ByteView(reinterpret_cast<const std::uint8_t*>(&edits), sizeof edits)});
}

struct Device {
  Device(const crypto::SigningKey& own, const crypto::SigningKey& other)
      : peer(other.public_key()), linked(index.link(peer, pair_key(own, other))) {}

  void hold(std::uint64_t n, std::uint64_t edits) {
    index.put(numbered(n), heads(edits));
    index.allow(numbered(n), peer);
    held[n] = edits;
    touched.insert(numbered(n));
  }
  void drop(std::uint64_t n) {
    index.deny(numbered(n), peer);
    held.erase(n);
    touched.insert(numbered(n));
  }
  void begin() {
    touched.clear();
    session = std::make_unique<DifferenceSession>(linked.key, linked.tree, index.documents());
  }

  DocumentIndex index;
  crypto::PublicKey peer;
  DocumentIndex::Linked& linked;
  std::map<std::uint64_t, std::uint64_t> held;
  std::set<DocumentId> touched;  // by this device, since begin()
  std::unique_ptr<DifferenceSession> session;
  std::set<Position> found;  // not yet equal again
};

struct Pair {
  Device a{device(1), device(2)};
  Device b{device(2), device(1)};
  struct Sent {
    bool by_a;
    Bytes bytes;
  };
  std::deque<Sent> under_way;
  std::size_t messages = 0;
  std::size_t bytes = 0;
  std::size_t largest = 0;

  void post(bool by_a, Bytes message) {
    ++messages;
    bytes += message.size();
    largest = std::max(largest, message.size());
    under_way.push_back({by_a, std::move(message)});
  }
  void begin() {
    a.begin();
    b.begin();
    post(true, a.session->start());
  }
  // Delivers the oldest message; whether there was one.
  bool step() {
    if (under_way.empty()) return false;
    const Sent sent = std::move(under_way.front());
    under_way.pop_front();
    Device& to = sent.by_a ? b : a;
    auto heard = to.session->received(sent.bytes);
    if (!heard) throw std::runtime_error(heard.error().message());
    for (Bytes& message : heard->send) post(!sent.by_a, std::move(message));
    for (const Difference& each : heard->differences) {
      if (each.kind == Difference::Kind::equal)
        to.found.erase(each.position);
      else
        to.found.insert(each.position);
    }
    return true;
  }
  void flush() {
    while (auto message = a.session->flush()) post(true, std::move(*message));
    while (auto message = b.session->flush()) post(false, std::move(*message));
  }
  void run() {
    while (step()) {
    }
  }
  // Where the two devices hold something else.
  std::set<Position> truth() const {
    std::set<Position> out;
    const auto one_way = [&](const Device& from, const Device& to) {
      for (const auto& [n, edits] : from.held) {
        const auto at = to.held.find(n);
        if (at == to.held.end() || at->second != edits) out.insert(a.linked.key.position(numbered(n)));
      }
    };
    one_way(a, b);
    one_way(b, a);
    return out;
  }
  // The same `count` documents, with the same heads.
  void hold_both(std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) {
      a.hold(n, 0);
      b.hold(n, 0);
    }
  }
};

}  // namespace tlfs::sync
