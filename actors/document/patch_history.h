// The last patches of a document, in one version's names: what subscribers that fell behind catch up with, and what
// positions of stale writes are mapped through. Without actors; owned by DocumentService.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "runtime/document/patch.h"

namespace tlfs::document_actor {

inline constexpr std::size_t kMaxRememberedRevisions = 1024;
inline constexpr std::size_t kMaxRememberedBytes = 4u << 20;  // of patches, as estimated; the oldest go

class PatchHistory {
 public:
  // Nothing before `revision` is remembered.
  explicit PatchHistory(std::uint64_t revision) : oldest_(revision), newest_(revision) {}

  // The patches that led from the newest revision to `revision`. Forgets the oldest when there are too many.
  void append(std::uint64_t revision, std::vector<document::Patch> patches);

  // What leads from `revision` to the newest; adjacent splices of one text are joined. Nothing when it is not
  // remembered.
  std::optional<std::vector<document::Patch>> since(std::uint64_t revision) const;

  bool reaches(std::uint64_t revision) const { return revision >= oldest_ && revision <= newest_; }
  std::uint64_t newest() const { return newest_; }
  std::size_t size() const { return steps_.size(); }

 private:
  struct Step {
    std::uint64_t revision;  // it leads to
    std::size_t bytes;
    std::vector<document::Patch> patches;
  };
  std::deque<Step> steps_;
  std::uint64_t oldest_;  // where the first step starts
  std::uint64_t newest_;
  std::size_t bytes_ = 0;
};

// Makes `later`, which follows `patch`, part of it when both are one splice, or one overwrites the other. False, and
// nothing changed, when not.
bool join_patches(document::Patch& patch, const document::Patch& later);

// The patches as somebody sees them who watches `prefix` alone: paths start there. Nothing when one of them adds,
// removes, moves or replaces what is around the place, so that the value must be read anew.
std::optional<std::vector<document::Patch>> relative_to(const document::Path& prefix,
                                                        std::vector<document::Patch> patches);

}  // namespace tlfs::document_actor
