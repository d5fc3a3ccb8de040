// How many messages may wait for an actor, and what happens to the next one.
//
// What counts: requests and one-way messages from others. Responses, exits, downs, timeouts and what an actor sends
// itself (its timers) neither count nor are ever refused.
//
//   reject       a request is answered with Errc::overloaded at once; a one-way message is dropped.
//   drop_oldest  the one-way message that waits longest makes room. When only requests wait, as reject.
//   coalesce     a one-way message takes the place of a waiting one with the same key. When full, as reject.
//
// Whatever is dropped or refused is counted in the actor's probe and becomes a dead letter (a coalesced message is only
// counted). With drop_oldest and coalesce messages of high priority wait in line with the others.
//
// Reject is a counter beside CAF's mailbox, which has no lock. For the other two, what counts waits in a list under a
// mutex, and the mailbox holds one token for each entry of the list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include <caf/mailbox_element.hpp>
#include <caf/type_erased_tuple.hpp>

#include "actors/messaging/local_only.h"
#include "actors/supervision/probe.h"

namespace tlfs::supervision {

enum class Overflow : std::uint8_t { reject, drop_oldest, coalesce };

constexpr std::size_t kDefaultMailboxLimit = 65'536;

struct MailboxSpec {
  std::size_t limit = kDefaultMailboxLimit;  // positive
  Overflow overflow = Overflow::reject;
  // The key of a one-way message; nothing: it is kept for itself. Called on the sender's thread; a function of the
  // message alone.
  std::optional<std::string> (*coalesce_key)(const caf::type_erased_tuple&) = nullptr;
};

// What waits in the order in which it is to be handled. Thread-safe by its users: `mutex` guards everything else than
// `handling`.
class WaitingList {
 public:
  explicit WaitingList(const MailboxSpec& spec) : spec_(spec) {}

  struct Entry {
    caf::mailbox_element_ptr element;
    std::string key;  // empty: none
  };
  enum class Outcome : std::uint8_t {
    added,      // it waits, and needs a token
    took_over,  // it waits in the place, and with the token, of `replaced`
    refused,    // it is in `replaced`
  };
  struct Added {
    Outcome outcome;
    caf::mailbox_element_ptr replaced;
  };

  Added add(caf::mailbox_element_ptr element);
  caf::mailbox_element_ptr take();  // null when empty
  bool coalesces() const { return spec_.overflow == Overflow::coalesce; }

  std::mutex mutex;
  bool closed = false;
  // Taken and not done with; CAF refers to it until the next one. Not guarded: the actor's thread alone uses it.
  std::shared_ptr<caf::mailbox_element> handling;

 private:
  using Entries = std::list<Entry>;

  const MailboxSpec spec_;
  Entries entries_;
  std::list<Entries::iterator> one_way_;  // those of entries_ that may be dropped, in the same order
  std::unordered_map<std::string, Entries::iterator> by_key_;
};

// Stands in CAF's mailbox for the first entry of the list.
struct MailboxToken : messaging::LocalOnly {
  // An entry that its actor was not ready for (caf::skip) stays with its token.
  std::shared_ptr<caf::mailbox_element> skipped;
};

}  // namespace tlfs::supervision
