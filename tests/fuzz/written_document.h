// A document of one device as its disk holds it, with records of every kind; the same in every process. For targets
// that damage it. Owned by the target, for ever.
#pragma once

#include <map>

#include "runtime/base/check.h"
#include "runtime/replica/records.h"
#include "schema/compiler/compile.h"

namespace tlfs::fuzz {

class WrittenDocument {
 public:
  using Disk = std::map<Bytes, Bytes>;

  WrittenDocument()
      : package_(schema::compile("story { 0.1.0 { .: Struct .title: MVReg<String> .done: EWFlag .votes: Counter "
                                 ".text: Text .list: Array .list.[]: Struct .list.[].name: MVReg<String> "
                                 ".list.[].secret: Struct @compartment .list.[].secret.word: MVReg<String> "
                                 ".table: Table<String> .table.{}: MVReg<u64> } }",
                                 "story.tlfs")
                     ->front()
                     .package),
        key_(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random_))),
        at_rest_(std::make_shared<const crypto::Secret>(crypto::Secret::generate(random_))) {
    replica::Replica::Settings s = settings();
    s.document.package = package_;
    replica_ = replica::Replica::create(std::move(s), crypto::SigningKey::generate(random_), me(),
                                        access::DocumentKind::ordinary, {});
    id_ = replica_->document().id();
    save();
    for (int i = 0; i < 3; ++i) {
      for (int n = 0; n < 4; ++n) edit();
      seal();
      replica_->compact(i == 1);  // an archive and groups
      save();
    }
    TLFS_CHECK(replica_->document().grant({}, access::Level::read, somebody()).ok(), "a root grants");
    replica_->observe();
    save();
    edit();
    seal();
    edit();  // stays a record of its own
  }

  replica::Replica::Settings settings() {
    replica::Replica::Settings s;
    s.document.id = id_;
    s.document.device = key_;
    s.document.secrets = std::make_shared<access::EpochSecrets>();
    s.document.random = &random_;
    s.at_rest = at_rest_;
    s.package = [package = package_](const crypto::Digest& hash) {
      return hash == package->hash() ? package : nullptr;
    };
    return s;
  }

  static void write(Disk& disk, const storage::Batch& batch) {
    for (const storage::Batch::Write& w : batch.writes()) {
      if (w.value) {
        disk[w.key] = *w.value;
      } else {
        disk.erase(w.key);
      }
    }
  }
  replica::Records records(const Disk& disk, bool with_history) const {
    const storage::Range range = with_history ? storage::document_range(id_) : storage::opening_range(id_);
    replica::Records out;
    out.with_history = with_history;
    for (auto at = disk.lower_bound(range.from); at != disk.end() && at->first < range.to; ++at)
      out.records.push_back({at->first, at->second});
    return out;
  }

  const Disk& disk() const { return disk_; }
  replica::Replica& replica() { return *replica_; }
  const crypto::Secret& at_rest() const { return *at_rest_; }
  const storage::DocumentId& id() const { return id_; }
  const std::shared_ptr<const schema::Package>& package() const { return package_; }

 private:
  access::Principal me() const { return access::Principal::of_key(key_->public_key()); }
  access::Principal somebody() { return access::Principal::of_key(crypto::SigningKey::generate(random_).public_key()); }
  void edit() {
    const std::uint64_t n = ++edits_;
    const auto done = replica_->run({7, n}, [n](document::Document& d) {
      return d.transact({"window", "", std::nullopt}, [n](document::Transaction& tx) -> Status {
        const std::string text = std::to_string(n);
        if (const auto made = tx.insert(tx.address(".list").value(), 0, 1); !made) return made.error();
        if (Status s = tx.splice(tx.address(".text").value(), 0, 0, "words " + text); !s) return s;
        if (Status s = tx.increment(tx.address(".votes").value(), 1); !s) return s;
        if (Status s = tx.set(".title", Value("title " + text)); !s) return s;
        if (Status s = tx.set(".list[0].name", Value("name " + text)); !s) return s;
        if (Status s = tx.set(".list[0].secret.word", Value("word " + text)); !s) return s;
        if (Status s = tx.set(".table[\"" + text + "\"]", Value(n)); !s) return s;
        return {};
      });
    });
    TLFS_CHECK(done.ok(), done ? "" : done.error().message());
    save();
  }
  void seal() {
    replica_->document().content().seal();
    replica_->observe();
    save();
  }
  void save() {
    for (storage::Batch b = replica_->take_writes(); !b.empty(); b = replica_->take_writes()) write(disk_, b);
  }

  SeededRandom random_{0xd15c};
  std::shared_ptr<const schema::Package> package_;
  std::shared_ptr<const crypto::SigningKey> key_;
  std::shared_ptr<const crypto::Secret> at_rest_;
  storage::DocumentId id_{};
  std::unique_ptr<replica::Replica> replica_;
  Disk disk_;
  std::uint64_t edits_ = 0;
};

// Bytes of an input, one after the other; zeros when there are no more.
class Script {
 public:
  explicit Script(ByteView bytes) : bytes_(bytes) {}
  bool more() const { return at_ < bytes_.size(); }
  std::size_t next() { return more() ? bytes_[at_++] : 0; }
  std::size_t below(std::size_t n) {
    const std::size_t high = next();
    return n == 0 ? 0 : (high << 8 | next()) % n;
  }
  ByteView take(std::size_t n) {
    const ByteView out = bytes_.subspan(at_, std::min(n, bytes_.size() - at_));
    at_ += out.size();
    return out;
  }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

// One change of some bytes, as the script says.
inline void mutate(Bytes& bytes, Script& script) {
  const std::size_t what = script.next() % 4;
  const std::size_t at = script.below(bytes.size() + 1);
  const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  switch (what) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<std::uint8_t>(script.next());
      break;
    case 1: {
      const ByteView more = script.take(script.next() % 16);
      bytes.insert(place, more.begin(), more.end());
      break;
    }
    case 2:
      bytes.erase(place, place + static_cast<std::ptrdiff_t>(std::min(script.next() % 16, bytes.size() - at)));
      break;
    default:
      bytes.resize(at);
      break;
  }
}

}  // namespace tlfs::fuzz
