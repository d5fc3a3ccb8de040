// Every record damaged or lost, one at a time.
#include <catch2/catch.hpp>

#include "runtime/access/realm.h"
#include "tests/runtime/replica/workload.h"

using namespace tlfs;
using namespace tlfs::replica;
using namespace tlfs::replica::testing;

namespace {

// A document with all kinds of records.
void live(Workload& w) {
  for (int i = 0; i < 25; ++i) w.step();
  w.compact(false);
  for (int i = 0; i < 15; ++i) w.step();
  w.compact(true);
  for (int i = 0; i < 15; ++i) w.step();
  w.alice.content().seal();
  w.alice.replica->observe();
  w.alice.save();
  for (int i = 0; i < 3; ++i) REQUIRE(w.alice.set(".title", "not sealed " + std::to_string(i), {6, 1u + i}).ok());
  w.writes.clear();
}

// Opens, with the history when that is needed; null when it says clearly that it cannot.
std::unique_ptr<Replica> open_somehow(Device& device, const std::function<Records(bool)>& records, std::string& why) {
  for (const bool with_history : {false, true}) {
    try {
      auto opened = Replica::open(device.settings(device.id), records(with_history));
      if (opened) return std::move(*opened);
      why = opened.error().message();
      return nullptr;
    } catch (const HistoryNeeded&) {
      REQUIRE_FALSE(with_history);
    }
  }
  return nullptr;
}

// Writes, syncs with the other device, and opens again without complaint.
void goes_on(Device& device, std::unique_ptr<Replica> opened, Disk disk, Device& other) {
  Device& d = device;
  d.replica = std::move(opened);
  d.disk = std::move(disk);
  d.save();
  const std::string json = d.content().json();
  const document::WriterId writer = d.content().writer();
  d.reopen();
  CHECK(d.content().json() == json);
  CHECK(d.content().writer() == writer);
  const auto sync = [&] {
    const auto taken = d.replica->take(other.replica->document().statements(), other.content().all_changes());
    d.save();
  };
  try {
    sync();
  } catch (const HistoryNeeded&) {
    d.save();
    d.reopen(true);
    sync();
  }
}

}  // namespace

TEST_CASE("Any one record may be damaged or gone: what can be read opens, and what is lost is said") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Workload w(seed);
    live(w);
    const Disk whole = w.alice.disk;
    const std::string json = w.alice.content().json();
    const document::WriterId writer = w.alice.content().writer();
    w.alice.content().seal();
    w.alice.replica->observe();
    {  // the other device has everything that was ever sealed before the last three
      Device& a = w.alice;
      w.retry([&] { a.give(w.bob); });
    }
    const storage::Range range = storage::document_range(w.alice.id);
    for (auto at = whole.lower_bound(range.from); at != whole.end() && at->first < range.to; ++at) {
      const std::uint8_t kind = storage::parse_key(at->first)->kind;
      for (const std::string how : {"reported", "flipped", "dropped"}) {
        INFO("seed " << seed << ", " << storage::describe_key(at->first) << ", " << how);
        // What lies there as it travels has the store's checksum alone.
        const bool encrypted = kind >= static_cast<std::uint8_t>(storage::Kind::local) ||
                               kind == static_cast<std::uint8_t>(storage::Kind::snapshot);
        if (how == "flipped" && !encrypted) continue;
        Disk disk = whole;
        if (how == "flipped") disk[at->first][at->second.size() / 2] ^= 0x10;
        if (how == "dropped") disk.erase(at->first);
        std::string why;
        auto opened = open_somehow(
            w.alice,
            [&](bool with_history) {
              Records records = read(disk, w.alice.id, with_history);
              if (how == "reported")
                for (std::size_t i = 0; i < records.records.size(); ++i)
                  if (records.records[i].key == at->first) {
                    records.corrupt.push_back(at->first);
                    records.records.erase(records.records.begin() + static_cast<std::ptrdiff_t>(i));
                    break;
                  }
              return records;
            },
            why);
        if (!opened) {
          CHECK_FALSE(why.empty());
          continue;
        }
        const auto k = static_cast<storage::Kind>(kind);
        const bool last_local = k == storage::Kind::local && how == "dropped" &&
                                std::next(at)->first[33] != static_cast<std::uint8_t>(storage::Kind::local);
        if (k != storage::Kind::history && k != storage::Kind::package && !last_local)
          CHECK_FALSE(opened->lost().empty());
        if (k == storage::Kind::change || k == storage::Kind::statement) CHECK(opened->incomplete());
        if ((k == storage::Kind::change || k == storage::Kind::local) && !last_local)
          CHECK(opened->document().content().writer() != writer);
        if (k == storage::Kind::snapshot || k == storage::Kind::history || k == storage::Kind::package)
          CHECK(opened->document().content().json() == json);
        goes_on(w.alice, std::move(opened), std::move(disk), w.bob);
      }
    }
  }
}

TEST_CASE("A damaged statement of a user comes back from what this device knows elsewhere, and writing goes on") {
  Device alice(1);
  SeededRandom random(2);
  access::Realm realm(
      {std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(alice.seed())), &random, {}, {}});
  access::ProtectedDocument& user =
      realm.create_user(crypto::SigningKey::generate(random), document::testing::story_package());
  REQUIRE(realm.add_device(crypto::SigningKey::generate(random).public_key()).ok());
  struct Known final : access::Neighbours {
    std::vector<access::SignedStatement> statements;
    std::vector<access::SignedStatement> news_of(const DocumentId& document,
                                                 const access::AuthorityLog& log) const override {
      std::vector<access::SignedStatement> out;
      for (const access::SignedStatement& s : statements)
        if (s.statement.document == document && !log.has(s.hash)) out.push_back(s);
      return out;
    }
  } known;
  known.statements = user.statements();
  const auto settings = [&] {
    Replica::Settings s = alice.settings(alice.id);
    s.document.neighbours = &known;
    return s;
  };
  Replica::Settings first = settings();
  first.document.package = document::testing::story_package();
  alice.replica = Replica::create(std::move(first), crypto::SigningKey::generate(random), Principal::user(user.id()),
                                  access::DocumentKind::ordinary, known.statements);
  alice.id = alice.replica->document().id();
  alice.save();
  REQUIRE(alice.set(".title", "before").ok());

  const Disk whole = alice.disk;
  std::size_t tried = 0;
  for (const auto& [key, value] : whole) {
    const auto statement = access::decode_statement(value);
    if (!statement || statement->statement.document != user.id()) continue;
    ++tried;
    INFO(storage::describe_key(key));
    Disk disk = whole;
    disk.erase(key);
    auto opened = Replica::open(settings(), read(disk, alice.id, true));
    REQUIRE(opened.ok());
    CHECK_FALSE((*opened)->lost().empty());
    alice.disk = std::move(disk);
    alice.replica = std::move(*opened);
    alice.save();
    CHECK(alice.content().json().find("before") != std::string::npos);
    CHECK(alice.set(".title", "after").ok());
    // And from then on its own records are whole.
    opened = Replica::open(alice.settings(alice.id), read(alice.disk, alice.id, true));
    REQUIRE(opened.ok());
    CHECK((*opened)->lost().empty());
    CHECK((*opened)->document().content().json().find("after") != std::string::npos);
  }
  CHECK(tried >= 2);
}
