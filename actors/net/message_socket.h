// A connection that carries whole messages in both directions, whatever lies below it: what a link between two devices
// needs, and all that it sees of the network.
//
// The other end is a stranger until the link on top has proved who it is. Whoever implements this bounds what the
// stranger can make us keep: messages have a limit, the queue of those to be sent has one, silence has one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/net/errors.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::net {

// As many bytes as a Noise transport message may have.
inline constexpr std::size_t kMaxMessageBytes = 65'535;
// What is said of the end of a connection, to the other end and of it. More is cut off.
inline constexpr std::size_t kMaxReasonBytes = 120;

// Any thread. May be kept for ever: after the end everything does nothing.
class MessageSocket {
 public:
  virtual ~MessageSocket() = default;

  // Queues a message of at most kMaxMessageBytes (more is a bug and throws) and returns at once. False: the queue is
  // full and nothing was queued; `writable` is called when at most half of it is left. Before `opened` messages wait in
  // the queue. After the end it is true, and the message is lost like any other on its way.
  virtual bool send(Bytes message) = 0;

  // Ends the connection, or the attempt to make one; the first call counts. `reason` is told to the other end in clear
  // (UTF-8), so it is nothing confidential. What was queued before is sent, as far as the time for closing allows.
  virtual void close(std::string reason) = 0;

  // For a receiver that is slower than the network: no message is read until resume(), and the other end's queue fills
  // up. One message may still come after pause(). The time between does not count as idle.
  virtual void pause() = 0;
  virtual void resume() = 0;

  // The other end's address, "192.0.2.7:4242" or "[2001:db8::7]:4242"; what was dialled until it is known. For people.
  virtual std::string remote() const = 0;
};

// Called one after the other, on the transport's thread; nothing here may block. Functions that are not given are not
// called. They are dropped after `closed`, which is called exactly once, and is the last.
struct MessageHandlers {
  std::function<void()> opened;  // messages flow; not called when an attempt fails
  std::function<void(Bytes)> message;
  std::function<void()> writable;  // after a send() that returned false
  // Why, as a sentence: interrupted (close() was called here), closed (there; with the reason it gave, made printable),
  // timeout, too_large, broken, and before `opened` also bad_address, unknown_name, unreachable, nobody, untrusted,
  // busy, failed.
  std::function<void(const Error& why)> closed;
};

}  // namespace tlfs::net
