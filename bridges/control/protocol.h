// The messages of schema/messages/control.capnp between a node and the programs beside it, and who answers them.
#pragma once

#include <functional>
#include <string_view>

#include "actors/messaging/message.h"
#include "bridges/control/errors.h"
#include "schema/messages/control.capnp.h"

namespace tlfs::control {

using Request = messaging::Message<messages::control::ControlRequest>;
using Reply = messaging::Message<messages::control::ControlReply>;
using FailureKind = messages::control::FailureKind;
using Emit = std::function<void(const Reply&)>;

// A reply that a request has failed. Number 0 stands for the connection: it ends.
Reply failure(std::uint64_t number, const Error& error, FailureKind kind);
// The last reply of a request that gives nothing else.
Reply done(std::uint64_t number);

// Who handles the requests of one client. Belongs to one thread.
class Session {
 public:
  virtual ~Session() = default;
  // Blocks. Replies are emitted: the first one before this returns, more perhaps later, from other threads.
  virtual void handle(const Request& request) = 0;
  // Whether replies may still come without a request. Any thread.
  virtual bool watching() const = 0;
  // Nobody waits for what is being handled any more: what may take long ends soon. Any thread.
  virtual void interrupt() {}
};

}  // namespace tlfs::control
