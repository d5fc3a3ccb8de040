// The inside of Rules. Private to this folder; the rules themselves are at the head of rules.cpp.
//
// rules.cpp takes items in (rules 1 and 2) and answers the plain questions; rules_effect.cpp settles which revocations
// and cuts take effect (rule 3); rules_search.cpp looks upwards from a key through groups (rules 4 to 7 and 9);
// rules_explain.cpp explains (rule 10).
#pragma once

#include <tsl/robin_map.h>

#include <map>
#include <unordered_map>
#include <utility>

#include "runtime/access/pasts.h"
#include "runtime/access/rules.h"

namespace tlfs::access {

// Longer chains of proofs are not well formed.
inline constexpr std::size_t kMaxChain = 64;

class Rules::Engine {
 public:
  Engine(const DocumentId& document, const Sightings& sightings);

  Index add(Item item);
  void settle();  // rule 3, for what has come since

  // ---- plain questions, in rules.cpp; effects must be settled ----
  bool is_grant(Index i) const { return i < nodes_.size() && nodes_[i].is_grant(); }
  bool effective(Index i) const { return (nodes_[i].effect & kFinal) != 0; }
  bool live(Index grant) const;
  std::vector<Index> chain(Index grant) const;  // from the grant up to the root

  // ---- rules_search.cpp ----
  Level level(const Principal& who, const Scope& at);
  std::vector<Principal> holders(Level level, const Scope& at) const;
  std::vector<crypto::PublicKey> keys_of(const Principal& principal);
  std::vector<Index> grants(const Principal& to, Level level, const Scope& at) const;
  std::optional<Support> support(const Principal& who, Level level, const Scope& at);
  Context context(std::vector<Index> heads);
  bool counts(const crypto::PublicKey& author, Context context, LeafRef leaf, const std::vector<Scope>& addresses);
  std::uint64_t basis(const crypto::PublicKey& author, Context context, const std::vector<Scope>& addresses);
  bool could_write_near(const crypto::PublicKey& author, Context context, const Scope& at);
  bool held_anything(const crypto::PublicKey& author, const std::vector<Index>& parents);

  // ---- rules_explain.cpp ----
  Explanation explain(const Principal& who, Level level, const Scope& at);
  Explanation explain_leaf(const crypto::PublicKey& author, Context context, LeafRef leaf, const Scope& at);

  std::vector<Index> take_changed();

 private:
  friend class Rules;
  using DocumentNumber = std::uint32_t;
  using PrincipalNumber = std::uint32_t;
  // Bit k of a mask: whether it takes effect in round k of the evaluation (see rules_effect.cpp).
  using Effect = std::uint16_t;
  static constexpr Effect kFinal = Effect{1} << kMaxNesting;
  static constexpr Effect kAllRounds = (Effect{1} << (kMaxNesting + 1)) - 1;
  static constexpr DocumentNumber kJudged = 0;

  struct Node {
    Item item;
    DocumentNumber document = 0;
    bool well_formed = false;
    bool by_membership = false;  // it needs Item::membership
    // Of a grant: of its chain. Of what cites a proof: of the proof's chain. 0: it cites none and needs none.
    std::uint16_t length = 0;
    Effect effect = 0;         // of a revocation or cut; of an admission all or nothing
    Index ended_by = kNone;    // of a grant: an effective revocation that names it, or a cut that voids it
    std::vector<Index> named;  // of a revocation: what rule 2 leaves of its names; of a cut: the revocation
    // Of a grant, in order of arrival:
    std::vector<Index> named_by;  // well-formed revocations
    std::vector<Index>
        dependants;              // well-formed revocations, cuts and admissions with the grant in their proof's chain
    std::vector<Index> resting;  // well-formed statements with the grant in the chain of a link of their membership
    // Of a revocation: well-formed cuts that name it.
    std::vector<Index> cuts;

    bool is_grant() const { return well_formed && item.gives(); }
    bool is_root() const { return item.kind == Item::Kind::genesis; }
    bool is_revocation() const { return well_formed && item.kind == Item::Kind::revoke; }
    bool is_cut() const { return well_formed && item.kind == Item::Kind::cut; }
    bool takes_effect() const { return is_revocation() || is_cut(); }
  };
  struct Document {
    DocumentId id;
    bool begun = false;                    // there is a genesis
    std::uint32_t cuts = 0;                // well-formed ones in it
    std::vector<Index> grants;             // well-formed ones in it
    std::vector<PrincipalNumber> members;  // principals that are members of it
  };
  struct Named {  // a principal that some well-formed grant names
    Principal principal;
    std::vector<Index> grants;  // of the judged document
    std::vector<Index> links;   // of other documents
  };
  struct PrincipalHash {
    std::size_t operator()(const Principal& p) const;
  };
  // One principal found by looking upwards; `link` brought us here from `from`.
  struct Step {
    PrincipalNumber principal;
    Index link;
    std::uint32_t from;
    std::uint32_t depth;
  };
  struct Found {
    Index grant;
    std::uint32_t step;
  };
  static constexpr std::uint32_t kNoStep = 0xffffffff;

  // ---- taking in, in rules.cpp ----
  DocumentNumber document_number(const DocumentId& id);
  PrincipalNumber principal_number(const Principal& principal);
  bool membership_fits(Index self, const Principal& group) const;
  bool author_fits(Index self, const Node& proof) const;
  // Whether the item's proof supports `needed` at `at`.
  bool proves(Index self, Level needed, const Scope& at) const;
  bool on_chain(Index grant, Index of) const;
  void take_grant(Index i);
  void take_revocation(Index i);
  void keep(Index revocation);
  void take_admission(Index i);
  void take_cut(Index i);
  void enter_statement(Index i);  // into `dependants` and `resting`

  // ---- rule 3, in rules_effect.cpp ----
  template <class Each>
  void each_attacked(Index attacker, Each each) const;
  std::vector<Index> attackers(Index of) const;
  std::vector<Index> closure(std::vector<Index> seeds) const;
  void decide_round(std::size_t round, const std::vector<Index>& affected, std::vector<Index>& changed);
  void decide_equals(std::vector<Index> members, Effect bit,
                     const std::unordered_map<Index, std::vector<Index>>& attackers_of);
  // Effects that other questions keep in view: `ended_by` and whether admissions stand.
  void after_change(Index changed, std::vector<Index>& grants);
  Index find_end(Index grant) const;
  void review_admission(Index admission);
  bool admission_stands(Index admission) const;

  // The effective cuts of `document` that hit the link; until `each` says true, which is then the answer.
  template <class Each>
  bool any_cut(Index link, DocumentNumber document, Each each) const {
    if (documents_[document].cuts == 0) return false;
    for (Index g = link; g != kNone; g = nodes_[g].item.proof)
      for (const Index r : nodes_[g].named_by)
        for (const Index c : nodes_[r].cuts)
          if (nodes_[c].document == document && effective(c) && each(c)) return true;
    return false;
  }

  // ---- looking upwards, in rules_search.h and rules_search.cpp ----
  template <class Usable>
  void look_up(const Principal& who, Usable usable, std::vector<Step>& steps);
  template <class Fits>
  bool any_grant(const std::vector<Step>& steps, Fits fits) const;
  template <class Fits>
  std::optional<Found> best_grant(const std::vector<Step>& steps, Fits fits) const;
  std::vector<Index> membership_of(const std::vector<Step>& steps, std::uint32_t step) const;
  bool link_lives(Index link) const;                 // now
  bool link_stands(Index link, LeafRef leaf) const;  // no effective cut takes it from the leaf
  Index taken_by(Index grant, LeafRef leaf) const;   // what takes the grant's chain from the leaf
  Index admitted_by(LeafRef leaf, const std::vector<Scope>& addresses) const;

  // ---- explaining, in rules_explain.cpp ----
  void show(const Found& found, Explanation& explanation) const;
  Index end_of_chain(Index grant) const;
  Index end_of_membership(const std::vector<Index>& links) const;
  template <class Fits>
  std::optional<Found> grant_to_a_group(Fits fits) const;
  template <class Known>
  void show_missing(Level level, const Scope& at, Known known, Explanation& out) const;

  const Sightings& sightings_;
  Pasts pasts_;
  std::vector<Node> nodes_;
  std::vector<Document> documents_;  // the judged one first
  tsl::robin_map<DocumentId, DocumentNumber, crypto::DigestHash> document_numbers_;
  std::vector<Named> principals_;
  std::unordered_map<Principal, PrincipalNumber, PrincipalHash> principal_numbers_;
  std::map<LeafRef, std::vector<Index>> admissions_;  // well-formed ones of the judged document, by leaf

  std::vector<Index> unsettled_;
  std::vector<Index> changed_;
  bool has_cuts_ = false;

  std::vector<Pasts::Set> contexts_;
  std::map<std::vector<Index>, Context> context_numbers_;
  std::map<std::vector<std::vector<Index>>, std::uint64_t> bases_;

  std::vector<std::uint32_t> visited_;  // by principal: the last search that came by
  std::uint32_t search_ = 0;
  std::vector<Step> steps_;  // of the search under way
};

}  // namespace tlfs::access
