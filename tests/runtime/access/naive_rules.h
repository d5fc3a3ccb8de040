// The rules of access once more, for tests: written from the text of the rules with sets and fixpoints, without any
// care for speed, and sharing nothing with runtime/access/rules.cpp but the types. What Rules answers must be what this
// answers.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/access/rules.h"

namespace tlfs::access::testing {

class NaiveRules {
 public:
  NaiveRules(const DocumentId& document, const Sightings& sightings) : document_(document), sightings_(sightings) {}

  // Indices as Rules gives them.
  Index add(Item item);
  std::size_t size() const { return items_.size(); }

  bool well_formed(Index grant);
  bool effective(Index revocation);
  bool live(Index grant);
  bool reaches(Index from, Index to) const { return past_[from].contains(to); }
  Level level(const Principal& who, const Scope& at);
  std::vector<Principal> holders(Level level, const Scope& at);
  std::vector<crypto::PublicKey> keys_of(const Principal& principal);
  // `heads` and everything they reach is what the change has seen.
  bool counts(const crypto::PublicKey& author, const std::vector<Index>& heads, LeafRef leaf,
              const std::vector<Scope>& addresses);

 private:
  using Set = std::set<Index>;
  struct Kept {  // a grant that a revocation keeps: which one, and for which name
    Index revocation;
    std::size_t name;
  };

  void evaluate();
  bool power(Index statement, Level needed, const Scope& at) const;
  bool is_member(const crypto::PublicKey& author, Index statement, const Principal& group) const;
  std::vector<Index> chain(Index grant) const;
  std::size_t depth(Index revocation) const;
  bool needs_membership(Index statement) const;
  bool hits(Index cut, Index statement) const;  // one of the statement's own links
  bool link_hit(Index cut, Index link) const;
  bool attacks(Index a, Index b) const;
  Set rule_three(const Set& taking_part) const;
  bool voided(Index statement) const;  // by an effective cut of its document
  bool lives(Index grant) const;
  bool link_lives(Index link) const;
  // The grants of the judged document that `who` holds by links that `usable` lets pass.
  template <class Usable>
  Set held(const Principal& who, Usable usable) const;

  DocumentId document_;
  const Sightings& sightings_;
  std::vector<Item> items_;
  std::vector<std::optional<Kept>> kept_;
  std::vector<Set> past_;

  bool evaluated_ = false;
  Set grants_;                   // well formed
  std::map<Index, Set> named_;   // by well-formed revocation
  std::map<Index, Index> cuts_;  // by well-formed cut: the revocation
  Set effective_;
};

}  // namespace tlfs::access::testing
