// The connection to one peer through all its links: when to dial which address, which link to keep, how long to wait.
//
// Pure: inputs with the time, actions out. Owned by the peer's actor, which dials, runs the handshakes and reports.
// At most one attempt to dial is under way, and at most one link is kept.
//
//   disconnected ──wanted──▶ connecting ──dialled──▶ handshaking ──established──▶ syncing ──synced──▶ live
//        ▲                       ▲                       │                          │                 │
//        └──not wanted───────────┴───── backing_off ◀────┴─── failed, closed ───────┴─────────────────┘
//
// Of two links the one that was dialled later is kept, and of two that were dialled at once the one that the device
// with the smaller key has dialled. Both ends decide alike, whatever order and whatever time they learn of the links
// at, because they look only at what both know: who has dialled, and the moment that the dialler has put into its
// greeting. A moment is greater than that of every link to this peer that the dialler knew of (Lamport's clock), so a
// peer that comes back while its old link is not yet given up is taken over on the new one. A peer that has begun anew,
// as its greeting shows, has no older link at all, whatever moments it counts with.
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
inline constexpr Time kFirstBackoff = std::chrono::milliseconds(500);
inline constexpr Time kLongestBackoff = std::chrono::minutes(5);
// A link that lasted this long counts as a success: after it, backing off starts anew.
inline constexpr Time kSettled = std::chrono::seconds(30);

// An attempt to dial, and the link that comes of it; or a link that the peer has dialled. Never used twice.
using LinkNumber = std::uint64_t;

// When a link was dialled, as its dialler counts.
using Moment = std::uint64_t;

// What both ends know of a link.
struct Origin {
  bool dialled_here = false;
  Moment moment = 0;            // of the dialler's
  std::uint64_t tie = 0;        // the same at both ends, and of no other link (from the handshake's hash)
  std::uint64_t peer_life = 0;  // as the peer's greeting names it; another one whenever the peer has begun anew
};

struct Dial {
  LinkNumber link = 0;
  std::string address;
  Moment moment = 0;
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

  // `first` is a moment that lies after all that an earlier Connection to this peer gave, if there was one.
  Connection(const crypto::PublicKey& own, const crypto::PublicKey& peer, Moment first)
      : own_is_smaller_(own < peer), last_moment_(first) {}

  // ---- inputs; `random` only makes the waits differ ----
  // Whether there should be a link. Without the wish the peer may still dial.
  void set_wanted(bool wanted, Time now);
  // Adds the new ones and drops those that are missing; what is known of the others stays.
  void set_addresses(const std::vector<std::string>& addresses, Time now);
  // The transport of an attempt is there; its handshake begins.
  void dialled(LinkNumber link, Time now);
  // An attempt has ended without a link: no transport, or no handshake.
  void dial_failed(LinkNumber link, Random& random, Time now);
  // The handshake of an attempt has proved the peer; the tie and the life of its origin.
  void established(LinkNumber link, std::uint64_t tie, std::uint64_t peer_life, Time now);
  // A link that is none of these attempts has proved the peer: the peer has dialled it, or this device for a purpose of
  // its own. Its number.
  LinkNumber joined(const Origin& origin, Time now);
  // For a link to this peer that this device dials for a purpose of its own.
  Moment next_moment();
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
    Moment moment = 0;
    bool handshaking = false;
    Time deadline{};
  };
  struct Kept {
    LinkNumber link = 0;
    Origin origin;
    Time since{};
    bool synced = false;
  };

  bool may_dial() const { return wanted_ && network_ && !kept_ && !attempt_ && !addresses_.empty(); }
  void begin_round(Time now);
  void dial_next(Time now);
  void attempt_ended(Random& random, Time now);
  void back_off(Random& random, Time now);
  void keep(LinkNumber link, const Origin& origin, Time now);
  void drop_attempt(Drop::Why why);
  bool later(const Origin& a, const Origin& b) const;

  bool own_is_smaller_;
  Moment last_moment_;  // of all that are known of
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
