// Requests of one client, as schema/messages/control.capnp has them, done on a node. Each verb of the protocol is here,
// once, whether it comes over the socket or from the same process.
//
// Belongs to one thread, which handle() blocks. Replies are given to `emit`: the first one of a request before handle()
// returns, further ones of a watch from the node's threads. Calls of `emit` do not overlap.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "actors/node/node.h"
#include "bridges/control/protocol.h"

namespace tlfs::control {

inline constexpr std::size_t kMaxWatches = 256;          // of one client
inline constexpr std::uint32_t kMaxHistory = 1u << 20;   // changes in one answer
inline constexpr std::size_t kMaxJsonBytes = 48u << 20;  // of a value or patch in a reply

class ControlSession final : public Session {
 public:
  // The node outlives this.
  ControlSession(Node& node, Emit emit);
  // Ends the watches; no call of `emit` runs or follows.
  ~ControlSession() override;
  void handle(const Request& request) override;
  bool watching() const override;
  void interrupt() override { interrupted_ = true; }

 private:
  struct Watches;
  // Subscribes to a document, with what tells of failure, and keeps the subscription's number.
  using Subscribe =
      std::function<Result<std::uint64_t>(const document::DocumentId&, std::function<void(const Error&)>)>;
  void watch(std::uint64_t number, capnp::Text::Reader document, const Subscribe& subscribe);
  void watch_value(std::uint64_t number, messages::control::Place::Reader place);
  void watch_presence(std::uint64_t number, messages::control::AskPresence::Reader in);
  void unwatch(std::uint64_t number, std::uint64_t watch);

  Node& node_;
  std::atomic<bool> interrupted_{false};
  std::shared_ptr<Watches> watches_;
};

// What a script wants to tell apart.
FailureKind kind_of(const Error& error);

}  // namespace tlfs::control
