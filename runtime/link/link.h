// One encrypted connection between two devices, over any transport that delivers whole messages in order (WebSocket
// binary messages of at most kMaxTransportMessage bytes).
//
// Pure: bytes and the time in, bytes and events out; no socket, clock or thread. Whoever owns the transport owns the
// link and calls, on one thread: start() once; received() for each message; tick() when next_deadline() has come; and
// after any call take_output() until it is empty and take_events(). Nothing that the other side sends throws; what
// breaks the rules ends the link with a reason that both sides learn where that is still possible.
// runtime/link/README.md has the bytes.
//
// Both ends prove their device keys by a Noise handshake: XX when the caller does not know the callee's key, IK when it
// does, XXpsk3 with an invitation's secret. `Established` comes when the other side's key is proved and it is known
// that it takes part now, so nothing that was recorded earlier leads there.
//
// Messages travel on channels: channel 0 is always there, either side opens more. Each channel carries messages of
// at most kMaxMessageBytes in order and has a credit of its own in each direction: what is received counts against it
// until consumed(). Channels that have something to send take turns by fragments.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/environment.h"
#include "runtime/base/result.h"
#include "runtime/crypto/crypto.h"
#include "runtime/crypto/secret.h"
#include "runtime/link/close_reason.h"
#include "runtime/link/errors.h"
#include "runtime/link/hello.h"
#include "runtime/link/limits.h"

namespace tlfs::link {

using ChannelId = std::uint32_t;
inline constexpr ChannelId kControlChannel = 0;

using InvitationId = std::array<std::uint8_t, 16>;

struct Invitation {
  InvitationId id{};
  crypto::Secret secret;
};

struct Established {
  crypto::PublicKey peer{};
  std::uint16_t version = 0;
  std::vector<std::string> capabilities;          // that both have
  Bytes payload;                                  // of the peer's hello
  std::optional<InvitationId> invitation;         // that both have proved to know
  std::array<std::uint8_t, 64> handshake_hash{};  // the same on both sides, never the same again
};
struct ChannelOpened {  // by the peer
  ChannelId channel = 0;
  std::string label;  // not empty, printable ASCII
};
struct Message {
  ChannelId channel = 0;
  Bytes bytes;
};
// The peer sends nothing more on this channel. When this side has closed it as well, it is gone.
struct ChannelEnded {
  ChannelId channel = 0;
};
struct Closed {  // the last event of every link
  CloseReason reason;
  bool by_peer = false;
};
using Event = std::variant<Established, ChannelOpened, Message, ChannelEnded, Closed>;

struct LinkTraffic {
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_messages = 0;  // of the transport
  std::uint64_t received_messages = 0;
  std::uint64_t rekeys = 0;  // of the sending key
};

class Link {
 public:
  enum class Side : std::uint8_t { caller, callee };

  struct Settings {
    Side side = Side::caller;
    std::shared_ptr<const crypto::SigningKey> device;
    VersionRange versions;
    std::vector<std::string> capabilities;
    Bytes payload;
    std::uint64_t window = kDefaultWindow;  // kMinWindow to kMaxWindow
    // A caller's: the peer that has to answer. Without it anyone may.
    std::optional<crypto::PublicKey> peer;
    // A caller's: XX although the peer is known, after it has refused IK (CloseCode::unknown_key).
    bool without_key = false;
    // A caller's: the invitation that it was given.
    std::optional<Invitation> invitation;
    // A callee's: the secrets of the invitations that it has given. Asked once at most; must not throw.
    std::function<std::optional<crypto::Secret>(ByteView id)> find_invitation;
  };

  // bad_settings or limit_exceeded. `random` makes the ephemeral key and is not kept.
  static Result<Link> create(Settings settings, Random& random);
  Link(Link&&) noexcept;
  Link& operator=(Link&&) noexcept;
  ~Link();

  // The transport is there. Once.
  void start(Time now);
  // One whole message of the transport.
  void received(ByteView bytes, Time now);
  void tick(Time now);
  // Asks whether the peer is still there, as when the network has changed: it has kProbeTimeout to answer.
  void probe(Time now);
  // Ends the link. What is queued and not taken is dropped; the reason is sent.
  void close(CloseReason reason, Time now);
  // The transport has ended by itself.
  void transport_lost(Time now);

  // A new channel, known to the peer by `label` (1 to kMaxLabelBytes of printable ASCII).
  Result<ChannelId> open_channel(std::string_view label);
  // Queues one message, which may be empty.
  Status send(ChannelId channel, Bytes message);
  // Nothing more will be sent on it; what is queued still goes. Not for channel 0.
  Status close_channel(ChannelId channel);
  // A Message event of so many bytes has been dealt with: its credit goes back to the peer. More than was received is
  // a bug of the caller.
  void consumed(ChannelId channel, std::size_t message_bytes);

  // Messages for the transport, in order. Stops after at least one message once `limit` bytes are reached; empty when
  // nothing can be sent now. The caller takes no more than the transport has room for, and so what is urgent does not
  // wait behind what is not.
  std::vector<Bytes> take_output(Time now, std::size_t limit = kDefaultOutput);
  std::vector<Event> take_events();
  // When tick() is next needed.
  std::optional<Time> next_deadline() const;

  bool established() const;
  bool closed() const;               // what is left to take_output() is for saying why
  std::size_t queued_bytes() const;  // waiting to be sent, all channels
  std::size_t queued_bytes(ChannelId channel) const;
  std::optional<Time> round_trip() const;  // as last measured by a ping
  const LinkTraffic& traffic() const;

 private:
  class Parts;
  explicit Link(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tlfs::link
