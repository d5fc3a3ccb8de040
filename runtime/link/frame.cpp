#include "runtime/link/frame.h"

#include <algorithm>
#include <limits>

namespace tlfs::link {
namespace {

constexpr std::uint64_t kMaxChannelNumber = std::numeric_limits<std::uint32_t>::max();

bool has_channel(FrameKind kind) { return kind >= FrameKind::open; }
bool has_number(FrameKind kind) {
  return kind == FrameKind::ping || kind == FrameKind::pong || kind == FrameKind::close || kind == FrameKind::credit;
}
bool has_bytes(FrameKind kind) {
  return kind == FrameKind::close || kind == FrameKind::open || kind == FrameKind::part || kind == FrameKind::last;
}

std::uint64_t largest_number(FrameKind kind) {
  if (kind == FrameKind::close) return std::numeric_limits<std::uint16_t>::max();
  if (kind == FrameKind::credit) return kMaxCredit;
  return std::numeric_limits<std::uint64_t>::max();
}

std::size_t most_bytes(FrameKind kind) {
  if (kind == FrameKind::close) return kMaxSentenceBytes;
  if (kind == FrameKind::open) return kMaxLabelBytes;
  return kMaxFragmentBytes;
}

bool is_label(ByteView label) {
  return !label.empty() && std::all_of(label.begin(), label.end(), [](auto c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

void put_frame(ByteWriter& out, const Frame& frame) {
  out.u8(static_cast<std::uint8_t>(frame.kind));
  if (has_channel(frame.kind)) out.varint(frame.channel);
  if (has_number(frame.kind)) out.varint(frame.number);
  if (has_bytes(frame.kind)) out.bytes(frame.bytes);
}

Result<Frame> FrameReader::next() {
  const auto fail = [&](Errc code, std::string what) {
    in_.fail();
    return Error(code, std::move(what));
  };
  Frame frame;
  const std::uint8_t kind = in_.u8();
  if (kind < static_cast<std::uint8_t>(FrameKind::ready) || kind > static_cast<std::uint8_t>(FrameKind::end))
    return fail(Errc::malformed, "a frame of unknown kind " + std::to_string(kind));
  frame.kind = static_cast<FrameKind>(kind);
  if (has_channel(frame.kind)) frame.channel = static_cast<std::uint32_t>(in_.bounded(kMaxChannelNumber));
  if (has_number(frame.kind)) frame.number = in_.bounded(largest_number(frame.kind));
  if (has_bytes(frame.kind)) frame.bytes = in_.bytes();
  if (in_.failed()) return fail(Errc::malformed, "a frame that is cut off or has a number beyond its limit");
  if (has_bytes(frame.kind) && frame.bytes.size() > most_bytes(frame.kind))
    return fail(Errc::limit_exceeded, "a frame with " + std::to_string(frame.bytes.size()) + " bytes");
  if (frame.kind == FrameKind::open && !is_label(frame.bytes))
    return fail(Errc::malformed, "a channel without a label");
  if (frame.kind == FrameKind::part && frame.bytes.empty()) return fail(Errc::malformed, "an empty part of a message");
  if (frame.kind == FrameKind::credit && frame.number == 0) return fail(Errc::malformed, "credit of nothing");
  return frame;
}

}  // namespace tlfs::link
