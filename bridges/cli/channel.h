// A way to a node: to the one that runs, or to one that is started here for the time being.
//
// Belongs to one thread, but for interrupt().
#pragma once

#include <memory>

#include "bridges/cli/data_directory.h"
#include "bridges/control/protocol.h"

namespace tlfs::cli {

using RequestBuilder = messaging::MessageBuilder<messages::control::ControlRequest>;

class Channel {
 public:
  struct Open {
    bool begin = false;  // a directory that was never used may be used for the first time; else DataErrc::never_used
    bool serve = false;  // a node that is started here lets others talk to it too, because it will stay for long
    bool running_only = false;  // none is started: network::Errc::off where none runs
  };
  // Waits a while for another process that has the directory and does not answer; then control::Errc::unreachable.
  static Result<std::unique_ptr<Channel>> open(const DataOptions& options, Open how);
  virtual ~Channel() = default;

  // Numbers the request, sends it, and waits for its first reply, which may be a failure. An error means that the node
  // could not be asked.
  Result<control::Reply> ask(RequestBuilder&& request);
  // The next reply of a watch; waits for ever.
  virtual Result<control::Reply> next() = 0;
  // From any thread, also from one that handles a signal: what waits ends with net::Errc::interrupted.
  virtual void interrupt() = 0;

 protected:
  virtual Result<control::Reply> exchange(const control::Request& request, std::uint64_t number) = 0;

 private:
  std::uint64_t last_number_ = 0;
};

}  // namespace tlfs::cli
