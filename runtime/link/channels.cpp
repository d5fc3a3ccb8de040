#include "runtime/link/channels.h"

#include <algorithm>
#include <limits>

#include "runtime/base/check.h"

namespace tlfs::link {
namespace {

// A caller's channels are odd, a callee's even; 0 is there from the start.
constexpr std::uint64_t kFirstOfCaller = 1;
constexpr std::uint64_t kFirstOfCallee = 2;
constexpr std::uint64_t kChannelStep = 2;
constexpr std::size_t kCreditFrameBytes = 1 + 5 + 6;
constexpr std::size_t kEndFrameBytes = 1 + 5;
constexpr std::size_t kOpenFrameHead = 1 + 5 + 1;
// Rather than a smaller piece at the end of a message of the transport, the next message is begun.
constexpr std::size_t kSmallestPiece = 1'024;
// Credit is given again when so much of the window has come free.
constexpr std::uint64_t kCreditParts = 4;

Error broken(std::string what) { return Error(Errc::malformed, std::move(what)); }
Error no_channel(ChannelId id) {
  return Error(Errc::unknown_channel, "channel " + std::to_string(id) + " is not open");
}

}  // namespace

Channels::Channels(bool caller, std::uint64_t window)
    : caller_(caller),
      window_(window),
      next_own_(caller ? kFirstOfCaller : kFirstOfCallee),
      next_of_peer_(caller ? kFirstOfCallee : kFirstOfCaller) {
  channels_[kControlChannel];
}

// ---- the application's calls ----

Result<ChannelId> Channels::open(std::string_view label) {
  const bool printable = std::all_of(label.begin(), label.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (label.empty() || label.size() > kMaxLabelBytes || !printable)
    return Error(Errc::bad_settings,
                 "a channel's label is 1 to " + std::to_string(kMaxLabelBytes) + " characters of printable ASCII");
  if (opened(true) == kMaxChannels)
    return Error(Errc::limit_exceeded, std::to_string(kMaxChannels) + " channels are open already");
  if (next_own_ > std::numeric_limits<ChannelId>::max())
    return Error(Errc::limit_exceeded, "this link has no more numbers for channels");
  const auto id = static_cast<ChannelId>(next_own_);
  next_own_ += kChannelStep;
  channels_[id].opened_by_us = true;
  to_open_.emplace_back(id, std::string(label));
  look_at_credit_ = true;
  return id;
}

Status Channels::send(ChannelId id, Bytes message) {
  const Entry entry = channels_.find(id);
  if (entry == channels_.end()) return no_channel(id);
  Channel& channel = entry->second;
  if (channel.closing) return Error(Errc::closed, "channel " + std::to_string(id) + " is closed on this side");
  if (message.size() > kMaxMessageBytes)
    return Error(Errc::limit_exceeded, "a message of " + std::to_string(message.size()) + " bytes, " +
                                           std::to_string(kMaxMessageBytes) + " is the most");
  if (queued_bytes_ + message.size() > kMaxQueuedBytes || queued_messages_ == kMaxQueuedMessages)
    return Error(Errc::queue_full, std::to_string(queued_bytes_) + " bytes in " + std::to_string(queued_messages_) +
                                       " messages wait to be sent already");
  queued_bytes_ += message.size();
  channel.queued_bytes += message.size();
  ++queued_messages_;
  channel.queue.push_back(std::move(message));
  queue_turn(id, channel);
  return {};
}

Status Channels::close(ChannelId id) {
  if (id == kControlChannel) return Error(Errc::bad_settings, "channel 0 lasts as long as the link");
  const Entry entry = channels_.find(id);
  if (entry == channels_.end()) return no_channel(id);
  if (entry->second.closing) return Error(Errc::closed, "channel " + std::to_string(id) + " is closed already");
  entry->second.closing = true;
  queue_turn(id, entry->second);
  return {};
}

void Channels::consumed(ChannelId id, std::size_t message_bytes) {
  const Entry entry = channels_.find(id);
  if (entry == channels_.end()) {
    TLFS_CHECK(known(id), "a channel that never was");
    return;
  }
  Channel& channel = entry->second;
  const std::uint64_t cost = message_bytes + kMessageCost;
  TLFS_CHECK(cost <= channel.delivered - channel.consumed, "more consumed than was received");
  channel.consumed += cost;
  unconsumed_ -= cost;
  look_at_credit_ = true;
}

std::size_t Channels::queued_bytes(ChannelId id) const {
  const auto entry = channels_.find(id);
  return entry == channels_.end() ? 0 : entry->second.queued_bytes;
}

bool Channels::known(ChannelId id) const {
  if (id == kControlChannel) return true;
  const bool of_caller = id % kChannelStep == kFirstOfCaller;
  return id < (of_caller == caller_ ? next_own_ : next_of_peer_);
}

std::size_t Channels::opened(bool by_us) const {
  return static_cast<std::size_t>(std::count_if(channels_.begin(), channels_.end(), [&](const auto& entry) {
    return entry.first != kControlChannel && entry.second.opened_by_us == by_us;
  }));
}

// ---- sending ----

// What can go now: a piece of the first message, its end, or the end of the channel.
bool Channels::sendable(const Channel& channel) const {
  if (channel.queue.empty()) return channel.closing && !channel.end_sent;
  if (channel.sent_of_first < channel.queue.front().size()) return channel.credit > 0;
  return channel.credit >= kMessageCost;
}

void Channels::queue_turn(ChannelId id, Channel& channel) {
  if (channel.in_turn || !sendable(channel)) return;
  channel.in_turn = true;
  turns_.push_back(id);
}

void Channels::pack(ByteWriter& out, std::size_t room) {
  const std::size_t end = out.size() + room;
  while (!to_open_.empty()) {
    const auto& [id, label] = to_open_.front();
    if (end - out.size() < kOpenFrameHead + label.size()) return;
    put_frame(out, {.kind = FrameKind::open, .channel = id, .bytes = as_bytes(label)});
    to_open_.pop_front();
  }
  pack_credit(out, end - out.size());
  pack_data(out, end - out.size());
}

void Channels::pack_credit(ByteWriter& out, std::size_t room) {
  if (!look_at_credit_) return;
  const std::size_t end = out.size() + room;
  if (beyond_window_) {
    const Entry entry = channels_.find(*beyond_window_);
    if (entry == channels_.end() || entry->second.partial.empty()) beyond_window_.reset();
  }
  for (auto& [id, channel] : channels_) {
    if (channel.ended_by_peer) continue;
    if (end - out.size() < kCreditFrameBytes) return;  // looked at again for the next message
    std::uint64_t target = channel.consumed + window_;
    // Shorter ones end within the window, once what came before is consumed.
    const bool long_message = channel.partial.size() >= window_ / 2 && channel.received + window_ > target;
    if (long_message && !beyond_window_ && unconsumed_ < kMaxUnconsumed) beyond_window_ = id;
    if (long_message && beyond_window_ == id) target = channel.received + window_;
    if (target < channel.granted + window_ / kCreditParts) continue;
    put_frame(out, {.kind = FrameKind::credit, .channel = id, .number = target - channel.granted});
    channel.granted = target;
  }
  look_at_credit_ = false;
}

void Channels::pack_data(ByteWriter& out, std::size_t room) {
  const std::size_t end = out.size() + room;
  while (!turns_.empty()) {
    const ChannelId id = turns_.front();
    Channel& channel = channels_.at(id);
    if (!sendable(channel)) {
      next_turn(id);
      continue;
    }
    if (!pack_one(channel, id, out, end - out.size())) return;
    if (channel.end_sent) {
      next_turn(id);
      forget_if_done(id);
    } else if (turn_left_ == 0 || !sendable(channel)) {
      next_turn(id);
    }
  }
}

void Channels::next_turn(ChannelId id) {
  turns_.pop_front();
  turn_left_ = kMaxFragmentBytes;
  Channel& channel = channels_.at(id);
  channel.in_turn = false;
  queue_turn(id, channel);
}

bool Channels::pack_one(Channel& channel, ChannelId id, ByteWriter& out, std::size_t room) {
  if (channel.queue.empty()) {
    if (room < kEndFrameBytes) return false;
    put_frame(out, {.kind = FrameKind::end, .channel = id});
    channel.end_sent = true;
    return true;
  }
  const ByteView rest = ByteView(channel.queue.front()).subspan(channel.sent_of_first);
  if (room < kFragmentHead + std::min(rest.size(), kSmallestPiece)) return false;
  const std::size_t size = std::min({rest.size(), turn_left_, room - kFragmentHead,
                                     static_cast<std::size_t>(std::min<std::uint64_t>(channel.credit, rest.size()))});
  const bool last = size == rest.size() && channel.credit >= size + kMessageCost;
  if (size > 0 || last) {
    put_frame(out, {.kind = last ? FrameKind::last : FrameKind::part, .channel = id, .bytes = rest.first(size)});
  }
  channel.credit -= size + (last ? kMessageCost : 0);
  channel.sent_of_first += size;
  channel.queued_bytes -= size;
  queued_bytes_ -= size;
  // Messages of nothing use up the turn as well.
  turn_left_ -= std::min<std::size_t>(turn_left_, size + (last ? kMessageCost : 0));
  if (last) {
    channel.queue.pop_front();
    channel.sent_of_first = 0;
    --queued_messages_;
  }
  return true;
}

void Channels::forget_if_done(ChannelId id) {
  const Entry entry = channels_.find(id);
  const Channel& channel = entry->second;
  if (!channel.end_sent || !channel.ended_by_peer) return;
  unconsumed_ -= channel.delivered - channel.consumed;
  channels_.erase(entry);
}

// ---- receiving ----

Status Channels::received(const Frame& frame, std::vector<Event>& events) {
  if (frame.kind == FrameKind::open) return receive_open(frame, events);
  const Entry entry = channels_.find(frame.channel);
  if (entry == channels_.end()) {
    // Credit may cross the end of its channel.
    if (frame.kind == FrameKind::credit && known(frame.channel)) return {};
    return broken("a frame on channel " + std::to_string(frame.channel) + ", which is not open");
  }
  Channel& channel = entry->second;
  if (frame.kind == FrameKind::credit) {
    if (frame.number > kMaxCredit - std::min(channel.credit, kMaxCredit)) return broken("credit beyond all need");
    channel.credit += frame.number;
    queue_turn(frame.channel, channel);
    return {};
  }
  if (channel.ended_by_peer) return broken("a frame on channel " + std::to_string(frame.channel) + " after its end");
  if (frame.kind == FrameKind::end) {
    if (frame.channel == kControlChannel) return broken("the end of channel 0");
    if (!channel.partial.empty()) return broken("a channel that ends within a message");
    channel.ended_by_peer = true;
    events.emplace_back(ChannelEnded{frame.channel});
    forget_if_done(frame.channel);
    return {};
  }
  return receive_data(frame, entry, events);
}

Status Channels::receive_open(const Frame& frame, std::vector<Event>& events) {
  if (frame.channel != next_of_peer_)
    return broken("channel " + std::to_string(frame.channel) + " was opened out of order");
  if (opened(false) == kMaxChannels)
    return Error(Errc::limit_exceeded, "more than " + std::to_string(kMaxChannels) + " channels were opened");
  next_of_peer_ += kChannelStep;
  channels_[frame.channel];
  look_at_credit_ = true;
  events.emplace_back(ChannelOpened{frame.channel, std::string(as_text(frame.bytes))});
  return {};
}

Status Channels::receive_data(const Frame& frame, Entry entry, std::vector<Event>& events) {
  const ChannelId id = entry->first;
  Channel& channel = entry->second;
  const bool last = frame.kind == FrameKind::last;
  const std::uint64_t cost = frame.bytes.size() + (last ? kMessageCost : 0);
  if (cost > channel.granted - channel.received)
    return Error(Errc::limit_exceeded, "more was sent on channel " + std::to_string(id) + " than there was credit for");
  if (frame.bytes.size() > kMaxMessageBytes - channel.partial.size())
    return Error(Errc::limit_exceeded, "a message of more than " + std::to_string(kMaxMessageBytes) + " bytes");
  channel.received += cost;
  look_at_credit_ = true;
  channel.partial.insert(channel.partial.end(), frame.bytes.begin(), frame.bytes.end());
  if (!last) return {};
  Bytes message = std::move(channel.partial);
  channel.partial = {};
  channel.delivered += message.size() + kMessageCost;
  unconsumed_ += message.size() + kMessageCost;
  events.emplace_back(Message{id, std::move(message)});
  return {};
}

}  // namespace tlfs::link
