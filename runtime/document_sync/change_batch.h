// Changes in causal order as one byte string, without what they repeat.
//
// Nothing that can be made again from the change itself, or from one before it in the batch, is written: the document,
// hashes of leaves that are there, a writer's next number and counter, its last change, the lamport time. A decoded
// header is encoded as its author did, and its hash comes from that, so the author's signature decides whether it is
// the same change; document::decode_header lets no header pass that has a second form, so there is nothing that this
// could not reproduce.
//
//   batch      u8 version, u8 packed, varint size of the plan, plan (zstd when `packed`), bulk
//   plan       varint count, then for each change its flags, numbers and lengths; references to digests and writers
//              that were there before
//   bulk       what no compression helps: digests and writers met for the first time, salts, payloads, signatures
//
// Of each writer only the last change in a batch needs a signature. Pure.
#pragma once

#include <functional>
#include <vector>

#include "runtime/document/change.h"
#include "runtime/document_sync/errc.h"

namespace tlfs::document_sync {

inline constexpr std::size_t kMaxBatchChanges = 4096;
inline constexpr std::size_t kMaxBatchBytes = document::kMaxChangeBytes + (1u << 20);
inline constexpr std::size_t kMaxInflation = 64;  // of the plan; a plan that packs better is sent as it is
inline constexpr std::size_t kMaxPlanBytes = 8u << 20;

// Takes away the signatures that are not needed, unless `every_signature`. At most kMaxBatchChanges; all of `document`.
Bytes encode_batch(std::vector<document::Change> changes, bool every_signature);
// malformed, limit_exceeded. Says nothing about signatures, nor whether parents are known.
Result<std::vector<document::Change>> decode_batch(ByteView bytes, const document::DocumentId& document);

// About how many bytes the change adds to a batch.
std::size_t weight(const document::Change& change);
// Whether each change is signed, is vouched for by a later one among them, or is known already: it comes for its
// leaves, which its hash speaks for.
bool vouched(const std::vector<document::Change>& changes,
             const std::function<bool(const document::ChangeHash&)>& known = {});

}  // namespace tlfs::document_sync
