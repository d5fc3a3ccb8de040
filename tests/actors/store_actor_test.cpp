// The store actor alone, over a store in memory that does what a test tells it.
#include "actors/store/store_actor.h"

#include <catch2/catch.hpp>

#include "actors/testing/world.h"
#include "runtime/storage/layout.h"
#include "runtime/storage/memory_store.h"
#include "tests/runtime/storage/wrapped_store.h"

namespace tlfs::store {
namespace {

using tlfs::testing::World;
using namespace std::chrono_literals;

constexpr storage::DocumentId kDocument{7};

struct Disk {
  std::shared_ptr<storage::MemoryDisk> records = std::make_shared<storage::MemoryDisk>();
  std::vector<std::vector<std::string>> commits;  // values of each write that was asked for, in order
  std::function<void()> before_write = [] {};
  bool throws = false, throws_after = false;  // the next write
};

class WatchedStore final : public storage::WrappedStore {
 public:
  WatchedStore(std::shared_ptr<Disk> disk, std::unique_ptr<storage::Store> inside)
      : WrappedStore(std::move(inside)), disk_(std::move(disk)) {}

  Status write(const storage::Batch& batch) override {
    disk_->before_write();
    std::vector<std::string> values;
    for (const auto& w : batch.writes())
      values.push_back(w.value ? std::string(w.value->begin(), w.value->end()) : "-");
    disk_->commits.push_back(std::move(values));
    if (std::exchange(disk_->throws, false)) throw std::runtime_error("the disk hummed a tune");
    Status status = inside().write(batch);
    if (std::exchange(disk_->throws_after, false)) throw std::runtime_error("the disk hummed a tune");
    return status;
  }

 private:
  std::shared_ptr<Disk> disk_;
};

std::shared_ptr<const storage::Batch> batch_of(const std::string& name, const std::string& value) {
  auto out = std::make_shared<storage::Batch>();
  out->put(storage::note_key(kDocument, name), Bytes(value.begin(), value.end()));
  return out;
}

// A store under a supervisor, and somebody who writes.
struct Desk {
  explicit Desk(std::uint64_t seed = 1) : world(seed) {
    auto config = world.supervisor_config({store_spec([disk = disk]() -> Result<std::unique_ptr<storage::Store>> {
      auto inside = storage::open_memory_store(disk->records);
      if (!inside) return inside.error();
      return std::unique_ptr<storage::Store>(std::make_unique<WatchedStore>(disk, std::move(*inside)));
    })});
    root = world.spawn_supervisor(std::move(config));
    client = world.spawn_client();
    world.pass(10ms);
  }
  caf::actor store() {
    supervision::WatchChild question;
    question.id = kStoreId;
    question.known = supervision::PhaseKind::waiting;
    return world.ask<supervision::ChildPhase>(root, std::move(question)).handle;
  }
  // Sends them one after the other, before the store gets to any.
  void write(std::vector<std::shared_ptr<const storage::Batch>> batches) {
    const caf::actor to = store();
    World::let(client, [this, to, batches](caf::event_based_actor& self) {
      for (const auto& batch : batches) {
        const std::size_t at = outcomes.size();
        outcomes.push_back("no answer");
        Write request;
        request.batch = batch;
        self.request(to, caf::infinite, std::move(request))
            .then(
                [this, at](const Done& done) {
                  ++answered;
                  outcomes[at] = done.error ? done.error->message() : "saved";
                  if (done.error) errors.emplace(at, *done.error);
                },
                [this, at](caf::error&) {
                  ++answered;
                  outcomes[at] = "lost";
                });
      }
    });
    world.step();  // the client: all of them are in the mailbox
  }
  std::string value(const std::string& name) {
    const auto found = disk->records->records.find(storage::note_key(kDocument, name));
    if (found == disk->records->records.end()) return "none";
    return std::string(found->second.begin() + 9, found->second.end());  // after its frame
  }
  StoreStatus status() { return world.ask<StoreStatus>(store(), GetStoreStatus()); }

  World world;
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();
  caf::actor root, client;
  std::vector<std::string> outcomes;
  std::map<std::size_t, Error> errors;
  std::size_t answered = 0;
};

using Names = std::vector<std::string>;

TEST_CASE("requests that wait together are one commit, and nobody is answered before it") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Desk desk(seed);
    std::vector<std::size_t> answered_before;
    desk.disk->before_write = [&] { answered_before.push_back(desk.answered); };
    desk.write({batch_of("a", "1"), batch_of("b", "2"), batch_of("c", "3")});
    desk.world.run();
    CHECK(desk.outcomes == Names{"saved", "saved", "saved"});
    REQUIRE(desk.disk->commits.size() == 1);
    CHECK(desk.disk->commits[0] == Names{"1", "2", "3"});
    CHECK(answered_before == std::vector<std::size_t>{0});
    const StoreCounters counters = desk.status().counters;
    CHECK(counters.requests == 3);
    CHECK(counters.commits == 1);
    CHECK(counters.greatest_group == 3);
  }
}

TEST_CASE("the last of several writes to one record is what is there") {
  Desk desk;
  std::vector<std::shared_ptr<const storage::Batch>> batches;
  for (int n = 0; n < 20; ++n) batches.push_back(batch_of("a", std::to_string(n)));
  desk.write(batches);
  desk.world.run();
  CHECK(desk.value("a") == "19");
  desk.write({batch_of("a", "then")});
  desk.write({batch_of("a", "at last")});
  desk.world.run();
  CHECK(desk.value("a") == "at last");
}

TEST_CASE("a request that the store refuses as it is does not take others with it") {
  Desk desk;
  auto bad = std::make_shared<storage::Batch>();
  bad->put(storage::sequence_key(), {1});  // the store's own
  desk.write({batch_of("a", "1"), bad, batch_of("c", "3")});
  desk.world.run();
  REQUIRE(desk.outcomes.size() == 3);
  CHECK(desk.outcomes[0] == "saved");
  REQUIRE(desk.errors.contains(1));
  CHECK(desk.errors.at(1).is(storage::Errc::bad_key));
  CHECK(desk.outcomes[2] == "saved");
  CHECK(desk.value("a") == "1");
  CHECK(desk.value("c") == "3");
  CHECK_FALSE(desk.status().failing.has_value());
}

TEST_CASE("a full disk is said to everyone who waits, and writing goes on when there is room") {
  Desk desk;
  desk.disk->records->fails_with = storage::Errc::full;
  desk.write({batch_of("a", "1"), batch_of("b", "2")});
  desk.world.run();
  REQUIRE(desk.errors.size() == 2);
  for (const auto& [at, error] : desk.errors) CHECK(error.is(storage::Errc::full));
  CHECK(desk.value("a") == "none");
  REQUIRE(desk.status().failing.has_value());
  desk.disk->records->fails_with.reset();
  desk.write({batch_of("a", "1")});
  desk.world.run();
  CHECK(desk.outcomes.back() == "saved");
  CHECK(desk.value("a") == "1");
  CHECK_FALSE(desk.status().failing.has_value());
}

TEST_CASE("a crash inside a commit answers nobody that it is saved, and leaves all of the group or nothing") {
  for (const bool after : {false, true}) {
    INFO("after the write " << after);
    Desk desk;
    (after ? desk.disk->throws_after : desk.disk->throws) = true;
    desk.write({batch_of("a", "1"), batch_of("b", "2")});
    desk.world.pass(10s);
    CHECK(desk.outcomes == Names{"no answer", "no answer"});  // its asker sees it end (supervised_ref.h)
    CHECK(desk.value("a") == (after ? "1" : "none"));
    CHECK(desk.value("b") == (after ? "2" : "none"));
    desk.write({batch_of("c", "3")});
    desk.world.run();
    CHECK(desk.outcomes.back() == "saved");
    CHECK(desk.value("c") == "3");
  }
}

TEST_CASE("who reads sees everything that was asked to be written before") {
  Desk desk;
  const caf::actor store = desk.store();
  std::optional<std::size_t> records;
  desk.write({batch_of("a", "1"), batch_of("b", "2")});
  World::let(desk.client, [&records, store](caf::event_based_actor& self) {
    ReadKind question;
    question.document = kDocument;
    question.kind = static_cast<std::uint8_t>(storage::Kind::note);
    self.request(store, caf::infinite, std::move(question)).then([&records](const DocumentRecords& read) {
      records = read.records->records.size();
    });
  });
  desk.world.run();
  CHECK(records == 2u);
}

}  // namespace
}  // namespace tlfs::store
