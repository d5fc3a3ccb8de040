// A sealed change: the unit of replication. Its bytes are made once, hashed, signed and never re-encoded.
//
//   header     doc, writer, seq, prev, deps[], lamport, first counter, ids taken, authority heads[], package hash, leaf
//   digests[] leaf       {compartment, epoch, salt, payload}; digest = H("tlfs leaf", compartment ‖ epoch ‖ size of
//   salt ‖ salt ‖ payload) hash       H("tlfs change", header); what deps and prev name signature  Ed25519 over the
//   hash, beside the header. A valid one vouches for all own ancestors through prev.
//
// Epoch 0 is the epoch without a key: its payload is the operation block itself and its salt is empty. In any other
// epoch payload and salt are what the document's guard made of the block (runtime/access).
#pragma once

#include <optional>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/document/ids.h"
#include "schema/lens/node.h"

namespace tlfs::document {

enum class Errc : int {
  ok = 0,
  malformed,       // bytes that are no change, block, snapshot ...
  limit_exceeded,  // a named limit
  bad_signature,   // signature, hash or digest does not fit
  wrong_document,
  unknown_package,     // waits until the package is there
  missing_dependency,  // waits until the deps are there
  no_such_place,       // a path or address that the schema does not have
  wrong_kind,          // the place exists but has another kind or type
  out_of_range,        // position, index, id that is not there
  invalid_text,        // not UTF-8, or a position inside a surrogate pair
  invalid_json,
  unknown_version,  // a version this replica does not hold
  nothing_to_undo,
  aborted,  // the transaction's function gave up
  no_key,   // what is encrypted cannot be read or made here
  denied,   // this device may not write there; the message says what is missing
};
constexpr std::string_view errc_module(Errc) { return "document"; }

using ChangeHash = crypto::Digest;

inline constexpr std::size_t kMaxDeps = 256;
inline constexpr std::size_t kMaxLeaves = 1024;
inline constexpr std::size_t kMaxAuthorityHeads = 256;
inline constexpr std::size_t kMaxLeafBytes = 16u << 20;
inline constexpr std::size_t kMaxHeaderBytes = 64u << 10;
inline constexpr std::size_t kMaxSaltBytes = 32;
inline constexpr std::uint32_t kMaxIdsPerChange = 1u << 24;
inline constexpr std::uint64_t kMaxCounter = 1ull
                                             << 62;  // of seq, lamport and first counter, so that sums cannot overflow
inline constexpr std::size_t kMaxChangeBytes = 64u << 20;  // of an encoded change, all leaves together

struct Header {
  DocumentId document{};
  WriterId writer;
  std::uint64_t seq = 0;                        // 0 for the writer's first change
  std::optional<ChangeHash> prev;               // own previous change; present exactly when seq > 0
  std::vector<ChangeHash> deps;                 // the other heads it was made on, sorted, without prev
  std::uint64_t lamport = 1;                    // 1 + the maximum over prev and deps
  std::uint64_t first_counter = 0;              // continues prev's counters
  std::uint32_t id_count = 0;                   // ids its operations take, in all leaves together; at least 1
  std::vector<crypto::Digest> authority_heads;  // sorted
  crypto::Digest package{};
  std::vector<crypto::Digest> leaf_digests;  // at least 1
  friend bool operator==(const Header&, const Header&) = default;
};

// What a leaf calls the compartment that it belongs to: a name that only those who may know it can tell the place of.
using CompartmentId = std::array<std::uint8_t, 16>;

struct Leaf {
  CompartmentId compartment{};
  std::uint64_t epoch = 0;
  Bytes salt;
  Bytes payload;
  friend bool operator==(const Leaf&, const Leaf&) = default;
};

// Which leaf: position in the header's list of digests.
struct LeafId {
  ChangeHash change{};
  std::uint32_t leaf = 0;
  friend auto operator<=>(const LeafId&, const LeafId&) = default;
};

struct Change {
  Bytes header_bytes;  // as first encoded
  ChangeHash hash{};
  Header header;
  std::vector<std::optional<Leaf>> leaves;  // in the order of leaf_digests; nothing where a peer sent the digest only
  std::optional<crypto::Signature> signature;
};

Bytes encode_header(const Header& header);
// Refuses everything that encode_header does not produce.
Result<Header> decode_header(ByteView bytes);
crypto::Digest leaf_digest(const Leaf& leaf);

// Builds a change without a signature.
Change make_change(Header header, std::vector<Leaf> leaves);  // fills header.leaf_digests
crypto::Signature sign_change(const ChangeHash& hash, const crypto::SigningKey& key);
bool verify_signature(const Change& change);  // false as well when there is none
// Takes away the signatures that a later one among the changes (in causal order) vouches for through prev.
void drop_vouched_signatures(std::vector<Change>& changes);

// A change as one self-contained byte string (schema/messages/change.capnp), and back: checks header form, limits and
// that every leaf fits its digest. Says nothing about the signature.
Bytes encode_change(const Change& change);
Result<Change> decode_change(ByteView bytes);

}  // namespace tlfs::document
