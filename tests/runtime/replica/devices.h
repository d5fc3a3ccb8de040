// Devices with disks: replicas whose batches go into maps, for tests that close, damage and reopen them.
#pragma once

#include <catch2/catch.hpp>

#include "runtime/crypto/secret.h"
#include "runtime/replica/replica.h"
#include "tests/runtime/document/people.h"

namespace tlfs::replica::testing {

using access::Level;
using access::Principal;

// The records of a store, without frames and counts.
using Disk = std::map<Bytes, Bytes>;

inline void write(Disk& disk, const storage::Batch& batch) {
  for (const storage::Batch::Write& w : batch.writes()) {
    if (w.value) {
      disk[w.key] = *w.value;
    } else {
      disk.erase(w.key);
    }
  }
}

inline Records read(const Disk& disk, const DocumentId& document, bool with_history) {
  const storage::Range range = with_history ? storage::document_range(document) : storage::opening_range(document);
  Records out;
  out.with_history = with_history;
  for (auto at = disk.lower_bound(range.from); at != disk.end() && at->first < range.to; ++at)
    out.records.push_back({at->first, at->second});
  return out;
}

class Device {
 public:
  explicit Device(std::uint64_t number,
                  std::shared_ptr<const schema::Package> package = document::testing::story_package())
      : random_(number),
        key_(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random_))),
        at_rest_(std::make_shared<const crypto::Secret>(crypto::Secret::generate(random_))),
        package_(std::move(package)) {}

  Replica::Settings settings(const DocumentId& document) {
    Replica::Settings s;
    s.document.id = document;
    s.document.device = key_;
    s.document.secrets = std::make_shared<access::EpochSecrets>();
    s.document.random = &random_;
    s.at_rest = at_rest_;
    s.new_incarnation = new_incarnation;
    s.package = [package = package_](const crypto::Digest& hash) {
      return hash == package->hash() ? package : nullptr;
    };
    return s;
  }

  // A document of which this device is the root.
  void create() {
    Replica::Settings s = settings({});
    s.document.package = package_;
    replica = Replica::create(std::move(s), crypto::SigningKey::generate(random_), principal(),
                              access::DocumentKind::ordinary, {});
    id = replica->document().id();
    save();
  }
  void join(const Device& other) {
    Replica::Settings s = settings(other.id);
    s.document.package = package_;
    replica = Replica::join(std::move(s));
    id = other.id;
    save();
  }

  // Everything that is to be written, to the disk.
  void save() {
    for (storage::Batch b = replica->take_writes(); !b.empty(); b = replica->take_writes()) {
      write(disk, b);
      batches.push_back(std::move(b));
    }
  }
  Result<std::unique_ptr<Replica>> open(const Disk& from, bool with_history = false) {
    return Replica::open(settings(id), read(from, id, with_history));
  }
  // Opens with the history when it is needed.
  std::unique_ptr<Replica> must_open(const Disk& from, bool with_history = false) {
    try {
      auto opened = open(from, with_history);
      INFO((opened ? std::string() : opened.error().message()));
      REQUIRE(opened.ok());
      return std::move(*opened);
    } catch (const HistoryNeeded&) {
      REQUIRE_FALSE(with_history);
      return must_open(from, true);
    }
  }
  void reopen(bool with_history = false) {
    replica.reset();
    replica = must_open(disk, with_history);
    save();
  }

  Status edit(const std::function<Status(document::Transaction&)>& f, const WriteId& write = {},
              const std::string& origin = "window") {
    const auto done = replica->run(write, [&](document::Document& d) {
      return d.transact({origin, "", std::nullopt}, f);
    });
    save();
    return done ? Status() : Status(done.error());
  }
  Status set(std::string_view path, std::string value, const WriteId& write = {}) {
    return edit([&](document::Transaction& tx) { return tx.set(path, Value(std::move(value))); }, write);
  }
  Status grant(Level level, const Principal& to) {
    const Status done = replica->document().grant({}, level, to);
    replica->observe();
    save();
    return done;
  }
  // Gives everything to another device.
  void give(Device& to) {
    auto changes = replica->document().content().all_changes();
    replica->observe();
    save();
    const auto taken = to.replica->take(replica->document().statements(), std::move(changes));
    for (const Error& e : taken.refused) FAIL(e.message());
    to.save();
  }

  Principal principal() const { return Principal::of_key(key_->public_key()); }
  const crypto::PublicKey& public_key() const { return key_->public_key(); }
  document::Document& content() { return replica->document().content(); }
  std::array<std::uint8_t, 32> seed() const {
    std::array<std::uint8_t, 32> out{};
    const crypto::Secret secret = key_->seed();
    std::copy(secret.expose().begin(), secret.expose().end(), out.begin());
    return out;
  }
  SeededRandom& random() { return random_; }
  const crypto::Secret& at_rest() const { return *at_rest_; }
  void lose_key() { at_rest_ = std::make_shared<const crypto::Secret>(crypto::Secret::generate(random_)); }

  DocumentId id{};
  std::unique_ptr<Replica> replica;
  Disk disk;
  std::vector<storage::Batch> batches;  // all that were ever written
  std::uint64_t new_incarnation = 0;

 private:
  SeededRandom random_;
  std::shared_ptr<const crypto::SigningKey> key_;
  std::shared_ptr<const crypto::Secret> at_rest_;
  std::shared_ptr<const schema::Package> package_;
};

// What a replica is, as far as it must come back: everything that reading, writing and syncing rest on.
struct Picture {
  std::string json;
  std::uint64_t revision = 0;
  document::WriterId writer;
  document::Lv next_id = 0;
  document::Lv sealed = 0;
  std::vector<Bytes> changes;  // sealed ones, without signatures that others vouch for
  std::vector<Bytes> statements;
  friend bool operator==(const Picture&, const Picture&) = default;
};

// Does not seal; changes whose bytes are not in memory are taken from `past`.
inline Picture picture_of(Replica& replica) {
  Picture out;
  const document::Document& d = replica.document().content();
  out.json = d.json();
  out.revision = d.revision();
  out.writer = d.writer();
  out.next_id = d.graph().ids().size();
  out.sealed = d.graph().first_unsealed();
  for (document::ChangeIndex i = 0; i < d.graph().size(); ++i) {
    document::Change c = d.history().change(i).value();
    c.signature.reset();
    out.changes.push_back(document::encode_change(c));
  }
  for (const access::SignedStatement& s : replica.document().statements())
    out.statements.push_back(access::encode_statement(s));
  return out;
}

}  // namespace tlfs::replica::testing
