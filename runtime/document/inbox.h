// Where changes wait until they may be applied: for their parents, for their package, for a signature that vouches for them.
//
// A change is vouched for by its own valid signature or by that of a later change of the same writer that reaches it through prev. Whatever waits
// counts against a bound on number and bytes; when it is full the newest offers are refused, and whoever sent them can send them again. Owned by Document.
#pragma once

#include <map>
#include <vector>

#include <tsl/robin_map.h>
#include <tsl/robin_set.h>

#include "runtime/document/change.h"

namespace tlfs::document {

class Inbox {
 public:
  // What is there already.
  class Known {
   public:
    virtual ~Known() = default;
    virtual bool has_change(const ChangeHash& hash) const = 0;
    virtual bool has_package(const crypto::Digest& hash) const = 0;
  };

  static constexpr std::size_t kMaxWaitingBytes = 256u << 20;
  explicit Inbox(std::size_t max_changes) : max_changes_(max_changes) {}

  // Takes changes that are not known yet, in any order, duplicates among them included, and gives back those that may be applied now, each after its
  // parents. The digests of an offered change have been checked (decode_change). What is thrown away is reported in `refused`.
  std::vector<Change> offer(std::vector<Change> changes, const Known& known, std::vector<Error>& refused);

  std::size_t size() const { return waiting_.size(); }
  std::size_t bytes() const { return bytes_; }
  // What the waiting changes need that is neither known nor waiting itself.
  std::vector<ChangeHash> missing_changes(const Known& known) const;
  std::vector<crypto::Digest> missing_packages(const Known& known) const;
  // Waiting for nothing but a signature.
  std::size_t unvouched() const;

 private:
  struct Waiting {
    Change change;
    bool vouched = false;
  };
  static std::size_t weight(const Change& change);
  void vouch(const ChangeHash& from);
  bool ready(const Waiting& w, const Known& known, const tsl::robin_set<ChangeHash, crypto::DigestHash>& released) const;
  template <class F>
  static void for_each_parent(const Change& c, F&& f) {
    if (c.header.prev) f(*c.header.prev);
    for (const ChangeHash& d : c.header.deps) f(d);
  }

  std::size_t max_changes_;
  std::size_t bytes_ = 0;
  tsl::robin_map<ChangeHash, Waiting, crypto::DigestHash> waiting_;
  tsl::robin_map<ChangeHash, std::vector<ChangeHash>, crypto::DigestHash> children_;  // of parents that were not known
};

}  // namespace tlfs::document
