// Two devices that make one document equal over sessions, without sockets and disks: both sides' work is in the clock.
#include "bench/tlfs/documents.h"
#include "bench/tlfs/rows.h"
#include "runtime/document_sync/session.h"

namespace tlfs::bench {
namespace {

using access::ProtectedDocument;
using document_sync::SyncSession;

constexpr std::size_t kOperations = 100'000;
constexpr std::size_t kApart = 1000;
constexpr std::size_t kApartChanges = 10;
constexpr std::size_t kPulled = 20'000;  // changes of one edit each

struct Device {
  explicit Device(std::uint64_t number)
      : random(number), key(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random))) {}
  access::Principal principal() const { return access::Principal::of_key(key->public_key()); }
  ProtectedDocument::Settings settings(const document::DocumentId& id) {
    ProtectedDocument::Settings s;
    s.id = id;
    s.device = key;
    s.package = text_package();
    s.secrets = std::make_shared<access::EpochSecrets>();
    s.random = &random;
    return s;
  }
  void type(std::size_t edits, std::size_t per_change, bool sign, std::size_t at = 0) {
    const document::Address text = address(replica->content(), ".text");
    for (std::size_t i = 0; i < edits; ++i) {
      const auto done =
          replica->content().transact({}, [&](document::Transaction& tx) { return tx.splice(text, at + i, 0, "x"); });
      if (!done) require(false, done.error().message());
      if ((i + 1) % per_change != 0) continue;
      if (sign) replica->content().sign();
      replica->content().seal();
    }
  }
  SeededRandom random;
  std::shared_ptr<const crypto::SigningKey> key;
  std::unique_ptr<ProtectedDocument> replica;
};

struct Traffic {
  double bytes = 0;
  double turns = 0;      // how often one side spoke
  double taking_ms = 0;  // what was heard, on both sides
};

Traffic sync(Device& a, Device& b, bool likely_equal, bool every_signature) {
  const auto session = [&](const Device& self, const Device& peer) {
    SyncSession::Settings s;
    s.document = self.replica->id();
    s.peer = peer.key->public_key();
    s.likely_equal = likely_equal;
    s.every_signature = every_signature;
    return SyncSession(s);
  };
  SyncSession left = session(a, b), right = session(b, a);
  Traffic out;
  std::size_t silent = 0;
  for (bool turn = true; silent < 2; turn = !turn) {
    SyncSession& from = turn ? left : right;
    SyncSession& to = turn ? right : left;
    ProtectedDocument& target = *(turn ? b : a).replica;
    const std::vector<Bytes> messages = from.poll(*(turn ? a : b).replica, 1u << 20);
    silent = messages.empty() ? silent + 1 : 0;
    out.turns += messages.empty() ? 0 : 1;
    out.taking_ms += timed([&] {
                       for (const Bytes& m : messages) {
                         out.bytes += static_cast<double>(m.size());
                         auto got = to.receive(target, m);
                         if (got.nothing_to_take()) continue;
                         const auto taken = target.take(std::move(got.statements), std::move(got.changes));
                         require(taken.refused.empty(), "something was refused");
                         to.took(target, taken);
                       }
                       return true;
                     }).first;
  }
  require(!left.ended() && !right.ended(), "a session ended");
  require(document_sync::digest_of(*a.replica) == document_sync::digest_of(*b.replica), "the replicas differ");
  return out;
}

struct Two {
  Device alice{1}, bob{2};
  Two() {
    alice.replica = ProtectedDocument::create(alice.settings({}), crypto::SigningKey::generate(alice.random),
                                              alice.principal(), access::DocumentKind::ordinary, {});
    expect(alice.replica->grant({}, access::Level::write, bob.principal()), "the grant");
    bob.replica = std::make_unique<ProtectedDocument>(bob.settings(alice.replica->id()));
  }
};

Sample apart() {
  Two two;
  two.alice.type(kOperations, 100, false);
  sync(two.alice, two.bob, false, false);
  two.alice.type(kApart, kApart / kApartChanges, false, 50);
  two.bob.type(kApart, kApart / kApartChanges, false, kOperations / 2);
  const auto [ms, traffic] = timed([&] { return sync(two.alice, two.bob, false, false); });
  return {ms, {{"bytes", traffic.bytes}, {"turns", traffic.turns}}};
}

Sample idle() {
  Two two;
  two.alice.type(kApart, 100, false);
  sync(two.alice, two.bob, false, false);
  return {sync(two.alice, two.bob, true, false).bytes / 2, {}};
}

Sample pull(bool every_signature) {
  Two two;
  two.alice.type(kPulled, 1, every_signature);
  const auto [ms, traffic] = timed([&] { return sync(two.alice, two.bob, false, every_signature); });
  return {ms * 1000 / kPulled,
          {{"bytes_per_change", traffic.bytes / kPulled}, {"receiver_us", traffic.taking_ms * 1000 / kPulled}}};
}

template <class F>
Row row(std::string_view name, std::string_view unit, std::string_view inside, F&& run) {
  Row out;
  out.name = name;
  out.unit = unit;
  out.inside = inside;
  out.start = [run](const Arguments&) { return std::function<Sample()>(run); };
  return out;
}

}  // namespace

std::vector<Row> sync_rows() {
  return {
      row("sync_apart", "ms",
          "100,000 operations in common, 1,000 edits in 10 changes apart on each side: until both are equal", apart),
      row("sync_idle", "bytes", "two equal replicas find that they are: bytes each way", idle),
      row("sync_pull", "us",
          "20,000 changes of one edit, encrypted, one signature per batch: both sides' work per change",
          [] { return pull(false); }),
      row("sync_pull_signed", "us", "the same with every change signed", [] { return pull(true); })};
}

}  // namespace tlfs::bench
