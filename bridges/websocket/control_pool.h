// Threads on which the verbs of control.capnp are done for browsers, so that no actor blocks on them.
//
// Two lanes: one for verbs that wait for somebody far away (connect, join), one for the rest, so that the former do not
// keep the latter from their turn. Each has kPoolThreads threads and room for kPoolQueue requests; more are refused
// with control::Errc::busy. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "bridges/control/control_session.h"

namespace tlfs::websocket_bridge {

inline constexpr std::size_t kPoolThreads = 3;  // of each lane
inline constexpr std::size_t kPoolQueue = 256;  // of each lane

// One request on its way. Whoever gave it may give it up.
class ControlTask {
 public:
  virtual ~ControlTask() = default;
  // Nobody waits any more: it ends soon, and `done` is not called unless it is being called.
  virtual void give_up() = 0;
};

class ControlPool {
 public:
  // The node outlives it.
  explicit ControlPool(Node& node);
  ~ControlPool();
  // Gives up what is under way and waits for it; from then on it is busy. Not on a thread of its own.
  void stop();
  ControlPool(const ControlPool&) = delete;
  ControlPool& operator=(const ControlPool&) = delete;

  // `done` is called once, on a thread of the pool. Busy when there is no room. Watches are not for this.
  Result<std::shared_ptr<ControlTask>> run(control::Request request, std::function<void(const control::Reply&)> done);

 private:
  struct Lane;
  std::unique_ptr<Lane> quick_, patient_;
};

}  // namespace tlfs::websocket_bridge
