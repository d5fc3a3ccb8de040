// The archive: a document's whole history in as few bytes as can be, from which every sealed change comes back bit by
// bit.
//
// Changes repeat themselves: headers follow from their predecessors, and their operation blocks, each tiny, say
// together what one large block says better. So an archive keeps the header fields as columns of what does not follow,
// the operations of many changes as one block each (in which an id is the place of its operation in the archive, so
// that writers cost nothing), and whatever would not come back exactly as it is: encrypted leaves without a key, blocks
// that another encoder wrote, blocks with compressed sections (another release of the compressor may write other
// bytes). What an archive promises is checked when it is made.
//
// Whoever has the keys of a document may give them (LeafCipher): its leaves then lie in the archive as operations like
// those in the clear, and are sealed again when they are taken out. Such an archive is plaintext; whoever keeps it
// encrypts it as a whole.
//
// runtime/document/README.md describes the bytes.
#pragma once

#include <span>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/document/change.h"
#include "runtime/document/leaf_cipher.h"

namespace tlfs::document {

inline constexpr std::size_t kMaxChangesPerArchive = 1u << 22;
inline constexpr std::size_t kMaxArchiveBytes = std::size_t{1} << 30;  // after decompression

// The changes of one document in causal order, each once, all their ancestors among them.
// Errc::wrong_document, Errc::missing_dependency or Errc::limit_exceeded when they are not that. Costs a few
// microseconds per change and the compression: for the background.
Result<Bytes> encode_archive(std::span<const Change> changes, const LeafCipher* cipher = nullptr);

// The changes as they were, in that order. Accepts any bytes: what it returns has been checked against the digest of
// all hashes that the archive holds. Signatures come back but are not verified. Errc::no_key when it was made with a
// cipher and this one cannot seal some leaf again.
Result<std::vector<Change>> decode_archive(ByteView bytes, const LeafCipher* cipher = nullptr);

}  // namespace tlfs::document
