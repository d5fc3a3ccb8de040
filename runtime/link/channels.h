// The channels of one link: messages cut into fragments and put together again, credit, and whose turn it is.
//
// For the sources of this folder. Pure; owned by a Link, which encrypts what pack() writes and hands in what it has
// decrypted.
//
// Credit is counted in bytes of messages plus kMessageCost for each. The receiver lets the sender have what is not yet
// consumed() up to the window. A message of more than half the window gets more as it comes in; only one channel at a
// time has that, so that all of them together hold at most a window each and one message.
//
// Sending channels stand in a queue. The one in front may send a fragment's worth of bytes, then it goes to the back.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "runtime/link/frame.h"
#include "runtime/link/link.h"

namespace tlfs::link {

class Channels {
 public:
  Channels(bool caller, std::uint64_t window);

  // ---- the application's calls; see Link ----
  Result<ChannelId> open(std::string_view label);
  Status send(ChannelId id, Bytes message);
  Status close(ChannelId id);
  void consumed(ChannelId id, std::size_t message_bytes);
  std::size_t queued_bytes() const { return queued_bytes_; }
  std::size_t queued_bytes(ChannelId id) const;

  // ---- for the link ----
  // Frames of at most `room` bytes, news of channels and credit first. Nothing when nothing can be sent now.
  void pack(ByteWriter& out, std::size_t room);
  // A frame that names a channel. malformed or limit_exceeded: the peer has broken the rules.
  Status received(const Frame& frame, std::vector<Event>& events);

 private:
  struct Channel {
    bool opened_by_us = false;
    // sending
    std::deque<Bytes> queue;
    std::size_t sent_of_first = 0;
    std::size_t queued_bytes = 0;
    std::uint64_t credit = kInitialCredit;
    bool in_turn = false;
    bool closing = false;
    bool end_sent = false;
    // receiving; all since the channel was opened
    std::uint64_t granted = kInitialCredit;
    std::uint64_t received = 0;
    std::uint64_t delivered = 0;
    std::uint64_t consumed = 0;
    Bytes partial;
    bool ended_by_peer = false;
  };
  using Entry = std::map<ChannelId, Channel>::iterator;

  bool sendable(const Channel& channel) const;
  void queue_turn(ChannelId id, Channel& channel);
  void pack_credit(ByteWriter& out, std::size_t room);
  void pack_data(ByteWriter& out, std::size_t room);
  // One frame of the channel in front; false when the room does not suffice.
  bool pack_one(Channel& channel, ChannelId id, ByteWriter& out, std::size_t room);
  void next_turn(ChannelId id);
  void forget_if_done(ChannelId id);
  bool known(ChannelId id) const;
  std::size_t opened(bool by_us) const;
  Status receive_open(const Frame& frame, std::vector<Event>& events);
  Status receive_data(const Frame& frame, Entry entry, std::vector<Event>& events);

  const bool caller_;
  const std::uint64_t window_;
  std::map<ChannelId, Channel> channels_;
  std::uint64_t next_own_;
  std::uint64_t next_of_peer_;
  std::deque<std::pair<ChannelId, std::string>> to_open_;
  std::deque<ChannelId> turns_;
  std::size_t turn_left_ = kMaxFragmentBytes;
  std::size_t queued_bytes_ = 0;
  std::size_t queued_messages_ = 0;
  std::uint64_t unconsumed_ = 0;            // delivered and not consumed, all channels
  bool look_at_credit_ = true;              // something has changed since it was last given
  std::optional<ChannelId> beyond_window_;  // the channel that gets credit for a large message
};

}  // namespace tlfs::link
