// The messages of schema/messages/sync.capnp as plain values, checked for everything that can be checked of one alone.
#pragma once

#include <variant>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/sync/pair_key.h"

namespace tlfs::sync {

// Of one message. Together they keep it below kMaxDifferenceBytes, which fits one frame of a link.
inline constexpr std::size_t kMaxParts = 512;
inline constexpr std::size_t kMaxSums = 2'048;
inline constexpr std::size_t kMaxPairs = 1'280;  // listed and told together
inline constexpr std::size_t kMaxAsked = 1'024;  // documents to be named
inline constexpr std::size_t kMaxDifferenceBytes = std::size_t{56} << 10;
inline constexpr unsigned kMaxFanOutBits = 8;
inline constexpr std::uint16_t kDifferenceVersion = 1;

// "At this position I hold this", with the leaf's low half; 0 is "nothing". Half a leaf is enough to compare: it errs
// once in 2^64, and nobody but the pair can aim.
struct Told {
  Position position;
  std::uint64_t leaf = 0;
  friend bool operator==(const Told&, const Told&) = default;
};

struct BranchPart {
  Prefix prefix;
  unsigned bits = 1;                // 2^bits children
  std::vector<std::uint64_t> sums;  // low halves, of the children in order
};
struct ListPart {
  Prefix prefix;
  std::vector<Told> entries;  // all that is held below prefix, ascending, none of them "nothing"
};

struct BeginMessage {
  Sum root;
};
// Parts of a kind are ascending and do not overlap.
struct TurnMessage {
  std::uint32_t waiting = 0;  // what the sender still has to say, after this
  std::vector<BranchPart> branches;
  std::vector<ListPart> lists;
  std::vector<Told> told;
};
struct DoneMessage {};
struct ChangedMessage {
  std::vector<Told> told;
};
struct AskMessage {
  std::vector<Position> positions;
};
struct NamedMessage {
  std::vector<DocumentId> documents;
};

using DifferenceMessage =
    std::variant<BeginMessage, TurnMessage, DoneMessage, ChangedMessage, AskMessage, NamedMessage>;

// At most kMaxDifferenceBytes when the limits above are kept.
Bytes encode_difference(const DifferenceMessage& message);
// malformed or over_limit, with what is wrong.
Result<DifferenceMessage> decode_difference(ByteView bytes);

}  // namespace tlfs::sync
