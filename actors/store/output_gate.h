// The output gate of one writer: nothing that it tells the world passes before what it rests on is on the disk.
//
// A document answers a transaction, hands out changes or reports something as saved only when all of its writes up to
// that moment are durable. So every operation first adds its writes, then waits; the gate lets at most one request to
// the store be under way and joins everything that was added meanwhile into the next. That keeps the order of writes
// whatever fails in between: a request whose fate is unknown is sent again, with the same writes, before any later one
// (records are put and removed by key, so writing twice is writing once), and no later write can overtake it and leave
// a gap. While one request is under way many waiters gather behind the next, which is the first half of group commit;
// the store actor joins the requests of different writers, which is the second.
//
// When the store says that the disk takes nothing, the gate is `failing`: those who wait get the error at once (they
// must not believe that they are safe), the writes stay, in order, and are tried again when the owner says so. The
// owner accepts no new work meanwhile, so what stays is bounded.
//
// Plain data without actors or clocks; owned by one actor, on its thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "runtime/storage/store.h"

namespace tlfs::store {

// Joined into one request to the store, unless one operation alone has more.
inline constexpr std::size_t kMaxJoinedBytes = 16u << 20;
inline constexpr std::size_t kMaxJoinedRecords = 1u << 14;
// Of writes that wait, from which on the gate is crowded.
inline constexpr std::size_t kMaxWaitingBytes = 64u << 20;

class OutputGate {
 public:
  // Called once, with an error when the writes are not durable and the caller should not be kept waiting.
  using Release = std::function<void(const Status&)>;

  void add(storage::Batch batch);
  // Runs when everything that was added so far is durable: at once when it is already.
  void wait(Release release);

  // What to send to the store now; nothing when a request is under way, or there is nothing to write. The same batch
  // until it has succeeded.
  std::shared_ptr<const storage::Batch> next();
  // The outcome of the request under way. After a failure next() gives the same writes again.
  void succeeded();
  void failed(const Error& error);

  // Why the last request failed; nothing once one has succeeded.
  const std::optional<Error>& failing() const { return failing_; }
  // Everything is durable and nobody waits.
  bool idle() const { return !batch_ && queue_.empty() && waiters_.empty(); }
  bool crowded() const { return waiting_bytes_ > kMaxWaitingBytes; }

 private:
  struct Waiter {
    std::uint64_t ticket = 0;
    Release release;
  };
  void release_up_to(std::uint64_t ticket, const Status& status);

  std::deque<storage::Batch> queue_;             // not sent yet; the last one has ticket added_
  std::shared_ptr<const storage::Batch> batch_;  // under way or to be tried again
  bool under_way_ = false;
  std::uint64_t added_ = 0, sent_ = 0, durable_ = 0;  // tickets: one for each batch added
  std::size_t waiting_bytes_ = 0;
  std::deque<Waiter> waiters_;  // ascending by ticket
  std::optional<Error> failing_;
};

}  // namespace tlfs::store
