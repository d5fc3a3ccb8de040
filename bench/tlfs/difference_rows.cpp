// Which documents differ: building a peer's tree, an edit, and the whole conversation of two sides in one process.
#include <memory>
#include <set>

#include "bench/tlfs/rows.h"
#include "runtime/sync/difference_index.h"
#include "runtime/sync/difference_session.h"

namespace tlfs::bench {
namespace {

using namespace sync;

constexpr std::size_t kDifferent = 10;
constexpr std::size_t kUpdates = 100'000;
constexpr std::size_t kCount = 100'000;  // documents, where a row does not say otherwise

crypto::Digest digest_of(std::string_view what, std::uint64_t n) {
  return crypto::hash(what, {ByteView(reinterpret_cast<const std::uint8_t*>(&n), sizeof n)});
}

// One node with `count` documents, all of which the other may sync.
struct Side {
  Side(std::uint64_t own, std::uint64_t other, std::size_t count)
      : key(crypto::SigningKey::from_seed(digest_of("device", own))),
        peer(crypto::SigningKey::from_seed(digest_of("device", other)).public_key()) {
    for (std::size_t n = 0; n < count; ++n) {
      const DocumentId id = digest_of("document", n);
      index.put(id, digest_of("heads", n));
      index.allow(id, peer);
    }
  }
  DocumentIndex::Linked& link() {
    return index.link(peer, expect(PairKey::between(key.box_key(), peer), "the key of the pair"));
  }
  crypto::SigningKey key;
  crypto::PublicKey peer;
  DocumentIndex index;
};

struct Both {
  explicit Both(std::size_t documents) : count(documents), a(1, 2, documents), b(2, 1, documents) {
    a.link();
    b.link();
  }
  std::size_t count;
  std::uint64_t edits = 0;
  Side a;
  Side b;
};

struct Talk {
  std::size_t messages = 0;
  std::size_t bytes = 0;
  std::set<Position> found_by_a;
  std::set<Position> found_by_b;
};

Talk compare(Both& both) {
  Talk talk;
  DocumentIndex::Linked& at_a = *both.a.index.linked(both.a.peer);
  DocumentIndex::Linked& at_b = *both.b.index.linked(both.b.peer);
  DifferenceSession a(at_a.key, at_a.tree, both.a.index.documents());
  DifferenceSession b(at_b.key, at_b.tree, both.b.index.documents());
  std::vector<Bytes> sent = {a.start()};
  for (bool to_b = true; !sent.empty(); to_b = !to_b) {
    std::vector<Bytes> answers;
    for (const Bytes& message : sent) {
      ++talk.messages;
      talk.bytes += message.size();
      auto heard = expect((to_b ? b : a).received(message), "a message of an honest peer");
      for (Bytes& answer : heard.send) answers.push_back(std::move(answer));
      for (const Difference& each : heard.differences) (to_b ? talk.found_by_b : talk.found_by_a).insert(each.position);
    }
    sent = std::move(answers);
  }
  require(a.compared() && b.compared(), "the comparing did not end");
  return talk;
}

Sample sync_sample(Both& both) {
  // Ten documents drawn evenly, other ones each time; B then catches up with all others.
  for (std::size_t i = 0; i < kDifferent; ++i) {
    const std::uint64_t n = (++both.edits * 7'919 + i * (both.count / kDifferent)) % both.count;
    both.a.index.put(digest_of("document", n), digest_of("edited", both.edits));
  }
  const auto [ms, talk] = timed([&] { return compare(both); });
  require(talk.found_by_a == talk.found_by_b && talk.found_by_a.size() == kDifferent, "not what differs was found");
  const PairKey& key = both.a.index.linked(both.a.peer)->key;
  for (DocumentNumber number = 0; number < both.a.index.documents().end(); ++number) {
    const auto& row = both.a.index.documents().row(number);
    if (talk.found_by_b.contains(key.position(row.id))) both.b.index.put(row.id, row.heads);
  }
  const auto [idle_ms, idle] = timed([&] { return compare(both); });
  require(idle.found_by_a.empty() && idle.messages == 2, "what had been caught up with differs");
  const std::size_t round_trips = (talk.messages + 1) / 2;
  return {ms,
          {{"bytes", static_cast<double>(talk.bytes)},
           {"round_trips", static_cast<double>(round_trips)},
           {"idle_ms", idle_ms},
           {"idle_bytes", static_cast<double>(idle.bytes)}}};
}

Sample build_sample(Side& side) {
  side.index.unlink(side.peer);
  const auto [ms, tree] = timed([&] { return &side.link().tree; });
  require(tree->count() == side.index.documents().count(), "a document is missing");
  return {ms, {{"tree_bytes", static_cast<double>(tree->memory_bytes())}}};
}

Sample update_sample(Side& side, std::uint64_t& edited) {
  const std::size_t count = side.index.documents().count();
  std::vector<std::pair<DocumentId, crypto::Digest>> edits;
  for (std::size_t i = 0; i < kUpdates; ++i)
    edits.emplace_back(digest_of("document", i * 7'919 % count), digest_of("edited", ++edited));
  const Sum before = side.link().tree.sum();
  const auto [ms, done] = timed([&] {
    for (const auto& [id, heads] : edits) side.index.put(id, heads);
    return true;
  });
  require(done && side.link().tree.count() == count, "an edit changed the number of documents");
  const auto [moving_ms, moved] = timed([&] {
    for (const auto& [id, heads] : edits) (void)(side.index.deny(id, side.peer) && side.index.allow(id, side.peer));
    return true;
  });
  require(moved && !(side.link().tree.sum() == before), "the edits are not in the sum");
  return {1e3 * ms / kUpdates, {{"revoke_and_grant_us", 1e3 * moving_ms / kUpdates}}};
}

Row sync_row(std::string_view name, std::size_t count) {
  return {.name = name,
          .unit = "ms",
          .inside = "10 documents differ: all messages of both sides, until both know which; trees warm",
          .start = [count](const Arguments&) {
            return [both = std::make_shared<Both>(count)] { return sync_sample(*both); };
          }};
}

}  // namespace

std::vector<Row> difference_rows() {
  return {sync_row("documents_differ_1k", 1'000),
          sync_row("documents_differ_100k", kCount),
          sync_row("documents_differ_1m", 1'000'000),
          {.name = "documents_first_build_100k",
           .unit = "ms",
           .inside = "the key of the pair, 200,000 hashes, the tree of a peer that may sync 100,000 documents",
           .start =
               [](const Arguments&) {
                 return [side = std::make_shared<Side>(1, 2, kCount)] { return build_sample(*side); };
               }},
          {.name = "documents_edit",
           .unit = "us",
           .inside = "one document of 100,000 has other heads, one linked peer: the mean of 100,000",
           .start = [](const Arguments&) {
             auto side = std::make_shared<Side>(1, 2, kCount);
             side->link();
             return [side, edited = std::uint64_t{0}]() mutable { return update_sample(*side, edited); };
           }}};
}

}  // namespace tlfs::bench
