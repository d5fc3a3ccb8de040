// The rules of access. A pure, total function of a set of items: nothing here knows of bytes, keys, clocks or networks.
//
// The head of rules.cpp will carry the rules themselves; this is the contract.
//
// Items are statements of a document's authority log and of the logs of the groups and users that it refers to, in
// causal order: an item's parents are there before it. Its *past* is everything it reaches. Whatever makes no sense is
// kept and has no effect.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/access/principal.h"

namespace tlfs::access {

// Position of an item, in order of arrival. Local to one Rules; never part of a verdict.
using Index = std::uint32_t;
inline constexpr Index kNone = 0xffffffff;

// Groups in groups deeper than this add no support.
inline constexpr std::size_t kMaxNesting = 8;

// A leaf: the change it is in, by a number that the caller gives to changes, and its place there.
struct LeafRef {
  std::uint32_t change = 0;
  std::uint32_t leaf = 0;
  friend auto operator<=>(const LeafRef&, const LeafRef&) = default;
};

struct Item {
  enum class Kind : std::uint8_t {
    genesis,  // a grant of `own` on everything to `to`; the first genesis of its document, without a proof
    grant,    // `to` may `level` at `at`, because of `proof`
    revoke,   // the grants `names` end; because of `proof`. With `keep` each gets a new grant of that level instead.
    admit,    // leaves count again; because of `proof`
    cut,      // `names` one revocation of another document (a group); because of `proof`, or of being its author
    other,    // rotate, reseal: only a link in the past
  };
  bool gives() const { return kind == Kind::genesis || kind == Kind::grant; }
  Kind kind = Kind::other;
  DocumentId document{};
  crypto::PublicKey author{};
  std::vector<Index> parents;     // of the own document, and of others what it pins
  Principal to;                   // genesis, grant
  Level level = Level::none;      // grant; of a revocation: what it keeps, none for nothing
  Scope at;                       // grant
  Index proof = kNone;            // a grant of the same document ...
  std::vector<Index> membership;  // ... and when that is not to the author itself: the grants that make the author a
                                  // member, from the group that `proof` names down to a grant to the author's key
  std::vector<Index> names;
  std::vector<LeafRef> leaves;  // admit
};

// What the caller knows about contents.
class Sightings {
 public:
  virtual ~Sightings() = default;
  // Whether the change lies in the frontier that the revocation or cut names.
  virtual bool saw(Index revocation, std::uint32_t change) const = 0;
};

class Rules {
 public:
  // The document that is judged. Other documents' items are here as far as they are pinned.
  Rules(const DocumentId& document, const Sightings& sightings);
  ~Rules();
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  // All parents are there. Returns the item's index; a revocation that keeps a level takes one more index for each
  // grant it names, right after its own.
  Index add(Item item);
  std::size_t size() const;
  const Item& at(Index item) const;  // of an index that a revocation's `keep` made: that grant

  // Rule 1. Whether a grant stands on proofs up to genesis.
  bool well_formed(Index grant) const;
  // From the grant to its document's genesis, both included.
  std::vector<Index> chain(Index grant) const;
  // Rule 3. Revocations (and cuts) that take effect. Computed when asked for after something that can matter has come.
  bool effective(Index revocation) const;
  // Rule 4, in the judged document.
  bool live(Index grant) const;
  // Whether an item's past contains another.
  bool reaches(Index from, Index to) const;

  // Rule 5. The highest level that `who` has at `at` now: through grants to itself, to anyone, and through groups as
  // far as their items are here.
  Level level(const Principal& who, const Scope& at) const;
  // Everyone who has at least `level` at `at` by a live grant: the principals as the grants name them. Ascending.
  std::vector<Principal> holders(Level level, const Scope& at) const;
  // The keys that are members of the principal now, through groups in groups; itself if it is a key. Ascending.
  std::vector<crypto::PublicKey> keys_of(const Principal& principal) const;
  // Grants that live now, to exactly this principal, of exactly this level and scope. Ascending.
  std::vector<Index> grants(const Principal& to, Level level, const Scope& at) const;

  // What a statement has to cite: the author's best support for `level` at `at`, live, shortest chain first.
  struct Support {
    Index grant = kNone;            // of the judged document; to the principal, to anyone, or to a group it belongs to
    std::vector<Index> membership;  // as Item::membership
  };
  std::optional<Support> support(const crypto::PublicKey& key, Level level, const Scope& at) const;

  // A context: the past of a change, by the items that its header names. Contexts are kept and equal ones are one.
  using Context = std::uint32_t;
  Context context(std::vector<Index> heads) const;
  // Rules 6 and 7. `addresses`: of everything the leaf writes to.
  bool counts(const crypto::PublicKey& author, Context context, LeafRef leaf,
              const std::vector<Scope>& addresses) const;
  // What the leaf rests on: one number for the same set of grants and memberships that the author held in the context,
  // whatever became of them. 0 when there is none for some address. Transactions with different numbers are not sealed
  // into one leaf.
  std::uint64_t basis(const crypto::PublicKey& author, Context context, const std::vector<Scope>& addresses) const;
  // Rule 8. Whether the author held write in the context at the scope, above it or below it: all that one who cannot
  // read can check.
  bool could_write_near(const crypto::PublicKey& author, Context context, const Scope& at) const;
  // Whether the author ever held anything that gives this item a reason to be here: some well-formed grant in its past.
  bool held_anything(const crypto::PublicKey& author, const std::vector<Index>& parents) const;

  // Rule 10.
  struct Explanation {
    enum class Why : std::uint8_t {
      allowed,
      no_grant,       // nothing that covers the address was ever granted
      level_too_low,  // `grant` covers it with a lower level
      not_above,      // `grant` has the level, elsewhere: below or beside the address
      ended,          // `grant` was revoked, or stood on one that was: by `ended_by`
      not_a_member,   // `grant` has the level and covers it, but is for a group that the principal does not belong to
      cut_off,        // as above, and once belonged: `ended_by` is the revocation or cut
    };
    Why why = Why::no_grant;
    Level level = Level::none;  // what the principal has
    Index grant = kNone;
    std::vector<Index> chain;       // of `grant`, genesis first
    std::vector<Index> membership;  // as Item::membership
    Index ended_by = kNone;
  };
  Explanation explain(const Principal& who, Level level, const Scope& at) const;
  // The same for a leaf: why it does not count, or what makes it count. When that is an admission, `ended_by` is the
  // admission, and `grant` what the author held.
  Explanation explain_leaf(const crypto::PublicKey& author, Context context, LeafRef leaf, const Scope& at) const;

  // Items whose effect has changed since the last call, for judging anew: revocations and cuts that took or lost
  // effect, admissions that came or went. Empty when nothing can have changed a verdict on a leaf.
  std::vector<Index> take_changed();

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tlfs::access
