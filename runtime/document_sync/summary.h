// What a replica holds of a document, in so few bytes that a peer can tell what it lacks.
//
// A replica that holds a change holds everything before it. So for each writer its last change says all: its hash where
// the other has it, its number where the other does not. Of the authority log some statements are named: the newest
// ones, and ever fewer of the older ones (as a block locator does in Bitcoin), so that whoever knows more finds one
// that both know not far below where they part.
//
//   summary    u8 version
//              varint count of chains, each: writer (8 bytes of a hash), varint number of changes, hash of the last
//              (32) varint count of statements, varint count of names, names (32 each) varint count of packages, each
//              16 bytes of its hash
//
// Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "runtime/access/protected_document.h"
#include "runtime/document_sync/errc.h"

namespace tlfs::document_sync {

inline constexpr std::size_t kMaxChains = 1u << 16;
inline constexpr std::size_t kMaxLocator = 128;
inline constexpr std::size_t kMaxListedPackages = 1024;

using ShortDigest = std::array<std::uint8_t, 16>;
using WriterTag = std::array<std::uint8_t, 8>;

WriterTag tag_of(const document::WriterId& writer);
ShortDigest shortened(const crypto::Digest& digest);

struct Summary {
  struct Chain {
    WriterTag writer{};
    std::uint64_t count = 0;  // changes in it
    document::ChangeHash last{};
    friend auto operator<=>(const Chain&, const Chain&) = default;
  };
  std::vector<Chain> chains;  // sorted; of a writer that forked one for each branch
  std::uint64_t statements = 0;
  std::vector<access::StatementHash> locator;  // newest first
  std::set<ShortDigest> packages;
};

// Only what is sealed counts: seals nothing itself.
Summary summarise(const access::ProtectedDocument& document);
// Equal exactly when changes and statements are.
ShortDigest digest_of(const access::ProtectedDocument& document);

Bytes encode_summary(const Summary& summary);
// malformed, limit_exceeded.
Result<Summary> decode_summary(ByteView bytes);

// What of a document another replica holds, as far as its summary tells.
struct Holdings {
  std::vector<bool> changes;                   // by ChangeIndex
  std::vector<bool> statements;                // by position in the log
  std::vector<Summary::Chain> unknown;         // chains whose last change is not here
  std::vector<document::ChangeIndex> assumed;  // tips that it must have if those chains continue them, and no fork
};
Holdings holdings_of(const Summary& summary, const access::ProtectedDocument& document);

}  // namespace tlfs::document_sync
