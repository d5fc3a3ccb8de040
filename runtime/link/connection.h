// The connection to one peer through all its links: when to dial which address, which link to keep, how long to wait.
//
// Pure: inputs with the time, actions out. Owned by the peer's actor, which dials, runs the handshakes and reports.
// At most one attempt to dial is under way, and at most one link is kept.
//
//   disconnected ──wanted──▶ connecting ──dialled──▶ handshaking ──established──▶ syncing ──synced──▶ live
//        ▲                       ▲                       │                          │                 │
//        └──not wanted───────────┴───── backing_off ◀────┴─── failed, closed ───────┴─────────────────┘
//
// Two that dial each other at once end with one link: the one that the device with the smaller key has dialled. Both
// decide alike, because a device never dials while it has a link. So two links whose establishment lies further apart
// than kSimultaneous were not dialled at once, as when a peer comes back whose end was not noticed: the newer one is
// kept.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/environment.h"
#include "runtime/crypto/crypto.h"
#include "runtime/link/limits.h"

namespace tlfs::link {

inline constexpr std::size_t kMaxAddresses = 16;      // of one peer; the least lately successful go
inline constexpr std::size_t kMaxAddressBytes = 256;  // longer ones are not taken
inline constexpr Time kDialTimeout = std::chrono::seconds(10);
inline constexpr Time kHandshakeTimeout = std::chrono::seconds(30);
inline constexpr Time kSimultaneous = std::chrono::seconds(30);
inline constexpr Time kFirstBackoff = std::chrono::milliseconds(500);
inline constexpr Time kLongestBackoff = std::chrono::minutes(5);
// A link that lasted this long counts as a success: after it, backing off starts anew.
inline constexpr Time kSettled = std::chrono::seconds(30);

// An attempt to dial, and the link that comes of it; or a link that the peer has dialled. Never used twice.
using LinkNumber = std::uint64_t;

struct Dial {
  LinkNumber link = 0;
  std::string address;
};
// Give it up, with this reason if it is a link: an attempt that took too long, or one of two links.
struct Drop {
  enum class Why : std::uint8_t { too_slow, duplicate, not_wanted };
  LinkNumber link = 0;
  Why why = Why::too_slow;
};
// From now on this is the link to the peer.
struct Use {
  LinkNumber link = 0;
};
// Ask whether the peer is still there (Link::probe).
struct Probe {
  LinkNumber link = 0;
};
using Action = std::variant<Dial, Drop, Use, Probe>;

class Connection {
 public:
  enum class State : std::uint8_t { disconnected, connecting, handshaking, syncing, live, backing_off };

  Connection(const crypto::PublicKey& own, const crypto::PublicKey& peer) : own_is_smaller_(own < peer) {}

  // ---- inputs; `random` only makes the waits differ ----
  // Whether there should be a link. Without the wish the peer may still dial.
  void set_wanted(bool wanted, Time now);
  // Adds the new ones and drops those that are missing; what is known of the others stays.
  void set_addresses(const std::vector<std::string>& addresses, Time now);
  // The transport of an attempt is there; its handshake begins.
  void dialled(LinkNumber link, Time now);
  // An attempt has ended without a link: no transport, or no handshake.
  void dial_failed(LinkNumber link, Random& random, Time now);
  // The handshake of an attempt has proved the peer.
  void established(LinkNumber link, Time now);
  // A link that the peer has dialled has proved the peer. Its number.
  LinkNumber accepted(Time now);
  // The link has said all that there was to say.
  void synced(LinkNumber link, Time now);
  // A link has ended, whoever ended it.
  void closed(LinkNumber link, Random& random, Time now);
  // The network is there in another way than before, or is gone.
  void network_changed(bool available, Time now);
  void tick(Random& random, Time now);

  // ---- outputs ----
  std::vector<Action> take_actions();
  // When tick() is next needed.
  std::optional<Time> wait_until() const;

  State state() const;
  std::optional<LinkNumber> link() const;  // that is in use
  unsigned failed_rounds() const { return failed_rounds_; }
  // In the order in which they are tried: the last success first.
  std::vector<std::string> addresses() const;

 private:
  struct Address {
    std::string text;
    std::optional<Time> succeeded;
  };
  struct Attempt {
    LinkNumber link = 0;
    std::string address;
    bool handshaking = false;
    Time deadline{};
  };
  struct Kept {
    LinkNumber link = 0;
    bool dialled_by_us = false;
    Time since{};
    bool synced = false;
  };

  bool may_dial() const { return wanted_ && network_ && !kept_ && !attempt_ && !addresses_.empty(); }
  void begin_round(Time now);
  void dial_next(Time now);
  void attempt_ended(Random& random, Time now);
  void back_off(Random& random, Time now);
  void keep(LinkNumber link, bool dialled_by_us, Time now);
  void drop_attempt(Drop::Why why);
  bool newcomer_wins(bool dialled_by_us, Time now) const;

  bool own_is_smaller_;
  bool wanted_ = false;
  bool network_ = true;
  std::vector<Address> addresses_;
  std::vector<std::string> round_;  // still to be tried, the next one last
  std::optional<Attempt> attempt_;
  std::optional<Kept> kept_;
  std::optional<Time> retry_at_;
  unsigned failed_rounds_ = 0;
  LinkNumber last_number_ = 0;
  std::vector<Action> actions_;
};

std::string_view name_of(Connection::State state);

}  // namespace tlfs::link
