// What lies inside a transport message once it is decrypted: frames, one after the other, to its end.
//
// For the sources of this folder and its tests. Pure functions; README.md has the bytes.
#pragma once

#include <optional>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/base/varint.h"
#include "runtime/link/close_reason.h"
#include "runtime/link/errors.h"
#include "runtime/link/limits.h"

namespace tlfs::link {

enum class FrameKind : std::uint8_t {
  ready = 1,   // the first of each side: its sender knows the keys
  ping = 2,    // number
  pong = 3,    // number, of a ping
  rekey = 4,   // the last of its message: the next one is under a new key
  close = 5,   // number: code; bytes: sentence
  open = 6,    // channel, bytes: label
  credit = 7,  // channel, number: more credit
  part = 8,    // channel, bytes: of a message that goes on
  last = 9,    // channel, bytes: the rest of a message, or all of it
  end = 10,    // channel
};

struct Frame {
  FrameKind kind = FrameKind::ready;
  std::uint32_t channel = 0;
  std::uint64_t number = 0;
  ByteView bytes = {};
};

// The limits hold already; `out` grows by the frame.
void put_frame(ByteWriter& out, const Frame& frame);
// Bytes that put_frame() writes at most before `bytes` of a part or last frame.
inline constexpr std::size_t kFragmentHead = 1 + 5 + 3;

// The frames of one message in order. `bytes` of a frame lie in the message.
class FrameReader {
 public:
  explicit FrameReader(ByteView message) : in_(message) {}
  bool at_end() const { return in_.at_end(); }
  // malformed or limit_exceeded; afterwards the rest cannot be read.
  Result<Frame> next();

 private:
  ByteReader in_;
};

}  // namespace tlfs::link
