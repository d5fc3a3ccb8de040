// The actor that owns the node's store: everything that is written to the disk goes through its mailbox.
//
// Accepts   Write, ReadDocument, ReadKind, RemoveDocument, ReadListings, ReadRegion, SettleDocument, GetStoreStatus
//           (store_messages.h).
// Replies   as said there. A disk that fails is an answer, not a crash: the store heals itself once the cause is gone.
// Emits     log events commit_failed, commit_recovered.
// Restart   permanent. What was asked and not answered is asked again by those who asked (SupervisedRef, idempotent).
// Survives  what was acknowledged.
// Thread    its own, since every commit waits for the disk.
//
// Group commit: a request to write joins those that wait and posts one note behind everything that is in the mailbox
// now. When the note is read, all that has gathered goes to the disk in one atomic, synced batch, in the order in which
// it came, and is answered. So a lone writer pays one sync, and many pay one together. Reads see all that was asked to
// be written before them.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include <spdlog/logger.h>
#include <caf/event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/store/store_messages.h"
#include "actors/supervision/child_spec.h"

namespace tlfs::store {

inline constexpr std::size_t kMaxCommitBytes = 32u << 20;  // of one commit, unless one request alone has more
inline constexpr std::size_t kMaxCommitRecords = 1u << 15;
inline constexpr std::size_t kMaxRemovedAtOnce = 4096;  // records

// Opens the store, for every incarnation of the actor. An error ends it, with that as the reason.
using OpenStore = std::function<Result<std::unique_ptr<storage::Store>>()>;

class StoreActor : public caf::event_based_actor {
 public:
  StoreActor(caf::actor_config& config, OpenStore open, std::shared_ptr<const supervision::ChildIdentity> identity);

  const char* name() const override { return "store"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct CommitNow : messaging::LocalOnly {};
  struct Waiting {
    std::shared_ptr<const storage::Batch> batch;
    caf::typed_response_promise<Done> promise;
  };

  caf::result<Done> write(const Write& request);
  void commit_all();
  void commit(std::size_t count);
  Status put(const storage::Batch& batch);
  DocumentRecords read(const ReadDocument& request);
  DocumentRecords read(const ReadKind& request);
  RegionRecords read(const ReadRegion& request);
  Status add_packages(DocumentRecords& out);
  Status scan(const storage::Range& range, replica::Records& out);
  Status remove(const RemoveDocument& request);

  OpenStore open_;
  std::shared_ptr<const supervision::ChildIdentity> identity_;
  std::unique_ptr<storage::Store> store_;
  std::deque<Waiting> waiting_;
  bool noted_ = false;  // a note is in the mailbox
  StoreCounters counters_;
  std::optional<Error> failing_;
};

inline constexpr const char* kStoreId = "store";

// The child spec of the store; its id is kStoreId.
supervision::ChildSpec store_spec(OpenStore open);

}  // namespace tlfs::store
