// The invitations that this device has given out, and what became of them.
//
// Pure: whoever owns it writes a record to the store after each change, before anyone outside learns of it, and
// restores the records when it starts.
//
// An invitation that is over is kept for a while, so that whoever brings it is told why it is refused.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "runtime/invitation/invitation.h"

namespace tlfs::invitation {

inline constexpr std::size_t kMaxInvitations = 4'096;
inline constexpr std::uint32_t kMaxUses = 1'000;
inline constexpr std::size_t kMaxPathBytes = 1'024;
inline constexpr std::chrono::hours kKeptAfterExpiry{24 * 30};

// What is promised to whoever brings the link.
struct Terms {
  crypto::PublicKey document{};  // its id
  std::string path;              // where in it, as a person wrote it: "." for the root
  access::Level level = access::Level::read;
  std::string name;  // for people
  std::chrono::seconds expires{0};
  std::uint32_t uses = 1;  // devices
};

struct Use {
  crypto::PublicKey device{};
  std::chrono::seconds at{0};
  friend bool operator==(const Use&, const Use&) = default;
};

enum class State : std::uint8_t { open, used_up, expired, revoked };
std::string_view state_name(State state);

// For lists and for who decides; without the secret.
struct Given {
  InvitationId id{};
  Terms terms;
  State state = State::open;
  std::vector<Use> used_by;  // in order
  std::uint32_t uses_left() const { return terms.uses - static_cast<std::uint32_t>(used_by.size()); }
};

struct Granted {
  Terms terms;
  bool again = false;  // this device had used it before; it counts once
};

class InvitationBook {
 public:
  // Makes an invitation and keeps what is needed to honour it; the link's secret is in what is returned alone.
  // bad_terms (also: it would have expired already), full.
  Result<Invitation> give(const Terms& terms, const crypto::PublicKey& inviter, std::vector<std::string> addresses,
                          Random& random, std::chrono::milliseconds now);

  // What Invitation::psk() gives at the other end, also for an invitation that is over: the refusal is told inside the
  // handshake. Nothing for one that is unknown.
  std::optional<crypto::Secret> psk(std::span<const std::uint8_t> id) const;

  // A device brings it, having proved its key and the secret. Idempotent per device, so that a connection cut in the
  // middle costs nobody an invitation. unknown, revoked, expired, used_up.
  Result<Granted> use(const InvitationId& id, const crypto::PublicKey& device, std::chrono::milliseconds now);

  // From now on it is refused; what was granted stays. Again is no error. unknown.
  Status revoke(const InvitationId& id);

  std::optional<Given> find(const InvitationId& id, std::chrono::milliseconds now) const;
  // Those that expire first come first.
  std::vector<Given> list(std::chrono::milliseconds now) const;
  std::size_t size() const { return entries_.size(); }

  // For the store, one record per invitation; it holds the shared secret of the handshake. The id must be one of ours.
  Bytes record(const InvitationId& id) const;
  // Takes a record in, instead of what is known under its id. malformed, newer_version, full.
  Result<InvitationId> restore(ByteView record);
  // Forgets those that expired kKeptAfterExpiry ago; their records may go.
  std::vector<InvitationId> forget_old(std::chrono::milliseconds now);

 private:
  struct Entry {
    Terms terms;
    crypto::Secret psk;
    bool revoked = false;
    std::vector<Use> used_by;
  };
  static State state_of(const Entry& entry, std::chrono::milliseconds now);
  std::map<InvitationId, Entry> entries_;
};

}  // namespace tlfs::invitation
