// What the records of a document hold: their values, as bytes and back. Where they lie is said in
// runtime/storage/layout.h.
//
//   statement   encode_statement(), as it travels
//   change      encode_change(), as it travels
//   package     empty in a document (a reference); the encoded package in the region of that name
//   local       LocalRecord          note "progress"  Progress
//   snapshot    block 0: SnapshotRoot; the others: pieces of the snapshot, compressed
//   history     HistoryPart          note "done N"    DoneSegment
//   listing     Listing                      standing         Standing
//
// From `local` on everything is encrypted under the device's key, with the record's key as associated data, so that no
// value opens in another place:
//
//   format (1 byte)   fingerprint of the device's key (4)   nonce (24)   crypto::seal() of the content
//
// Statements and changes are not verified again when they are read: that their bytes are those that were written is the
// store's promise (frame.h).
//
// Every function that decodes takes any bytes. A later format gets another first byte.
#pragma once

#include "runtime/access/statement.h"
#include "runtime/crypto/secret.h"
#include "runtime/replica/replica.h"

namespace tlfs::replica {

inline constexpr std::uint8_t kValueFormat = 1;
inline constexpr std::size_t kMaxPackages = 4096;  // that one document refers to
inline constexpr std::size_t kMaxSnapshotBlocks = 1u << 16;
inline constexpr std::size_t kDonePerSegment = 64;

// Encrypted for the place that `key` names.
Bytes seal_value(const crypto::Secret& at_rest, ByteView key, ByteView content);
// damaged; wrong_key when it was encrypted under another key, or its fingerprint is damaged.
Result<Bytes> open_value(const crypto::Secret& at_rest, ByteView key, ByteView value);

// A named write that was done. Serials grow by one with each, in the order in which they were done.
struct DoneEntry {
  WriteId write;
  std::uint64_t revision = 0;
  std::uint64_t serial = 0;
  friend bool operator==(const DoneEntry&, const DoneEntry&) = default;
};

// An own transaction that is in no change yet.
struct LocalRecord {
  document::Document::Logged transaction;
  std::uint64_t revision = 0;
  WriteId write;
  std::uint64_t serial = 0;  // of the write among the named ones; 0 when it is not named
  Bytes encode() const;
  static Result<LocalRecord> decode(ByteView bytes);
};

// Where everything stands. Written with every batch that does more than add one local record.
struct Progress {
  std::uint64_t incarnation = 0;
  std::uint64_t loss = 0;  // Settings::new_incarnation that has been obeyed
  std::uint64_t revision = 0;
  crypto::Digest package{};      // that own changes are written under
  std::uint64_t statements = 0;  // records there are
  std::uint64_t changes = 0;     // records there are that no snapshot contains
  std::uint64_t local_from = 0;  // number of the first local record that is in no change, if there is one
  std::uint64_t done_from = 0;   // segments of done writes: from .. end
  std::uint64_t done_end = 0;
  std::uint64_t snapshot = 0;      // generation of the snapshot; 0: there is none
  std::uint64_t history_from = 0;  // records of the history: from .. end. Others are left over and mean nothing
  std::uint64_t history_end = 0;
  std::uint64_t archive_bytes = 0;  // of the history's archive
  std::uint64_t group_bytes = 0;    // of its groups
  Bytes encode() const;
  static Result<Progress> decode(ByteView bytes);
  friend bool operator==(const Progress&, const Progress&) = default;
};

struct DoneSegment {
  std::vector<DoneEntry> entries;  // at most kDonePerSegment
  Bytes encode() const;
  static Result<DoneSegment> decode(ByteView bytes);
};

// Names of notes.
inline constexpr std::string_view kProgressNote = "progress";
std::string done_note(std::uint64_t segment);
std::optional<std::uint64_t> done_segment_of(std::string_view note);

// What a snapshot is made of.
struct SnapshotRoot {
  struct Block {
    std::uint64_t id = 0;    // its record's number
    crypto::Digest hash{};   // of the piece, as it is in the snapshot
    std::uint32_t size = 0;  // of the piece
    friend bool operator==(const Block&, const Block&) = default;
  };
  std::uint64_t generation = 0;     // grows by one with each snapshot
  std::uint64_t next_block = 1;     // ids from here on were never used
  std::uint64_t stored_bytes = 0;   // of all block records
  std::uint64_t changes_below = 0;  // change records below this number are in it, where they are in its graph at all
  std::vector<crypto::Digest> packages;
  std::vector<Block> blocks;
  Bytes encode() const;
  static Result<SnapshotRoot> decode(ByteView bytes);
};

// One record of the history: a part of a segment. A segment is an archive of all changes up to some point, or a group
// of later ones.
struct HistoryPart {
  enum class Kind : std::uint8_t { archive = 1, group = 2 };
  Kind kind = Kind::group;
  std::uint32_t part = 0;   // of the segment, from 0; the parts of one have numbers that follow each other
  std::uint32_t parts = 1;  // that the segment has
  Bytes bytes;
  Bytes encode() const;
  static Result<HistoryPart> decode(ByteView bytes);
};

// What a node's list of documents shows of one.
struct Listing {
  std::string name;             // what a user calls it
  crypto::Digest package{};     // that the app opened it with
  std::string version;          // of that package
  std::int64_t created_ms = 0;  // since the Unix epoch
  bool forgotten = false;       // not wanted here any more
  Bytes encode(const DocumentId& document, const crypto::Secret& at_rest) const;
  static Result<Listing> decode(ByteView bytes, const DocumentId& document, const crypto::Secret& at_rest);
  friend bool operator==(const Listing&, const Listing&) = default;
};

inline constexpr std::size_t kMaxSyncers = 1u << 16;

// How a document stands, for whoever decides with whom to sync it without opening it.
struct Standing {
  // Equal on two devices exactly when they hold the same changes and statements, whatever came in which order. What
  // does not count: transactions that are not sealed, changes and statements that wait for others, and which leaves of
  // a change are here.
  crypto::Digest heads{};
  std::vector<access::Principal> syncers;  // ProtectedDocument::syncers()
  // Whether leaves lack here: another device with the same heads may have them.
  bool lacking = false;
  // Whether there are transactions that are not sealed: no peer can know of them before the document is opened.
  bool unsealed = false;
  // `lacking` is false where the document does not know it (Document::lacks_leaves).
  static Standing of(const access::ProtectedDocument& document);
  Bytes encode(const DocumentId& document, const crypto::Secret& at_rest) const;
  static Result<Standing> decode(ByteView bytes, const DocumentId& document, const crypto::Secret& at_rest);
  friend bool operator==(const Standing&, const Standing&) = default;
};
// The first part alone.
crypto::Digest heads_digest(const access::ProtectedDocument& document);

// compress() and back; decompress refuses what is longer than `limit` with damaged.
Bytes compress(ByteView bytes);
Result<Bytes> decompress(ByteView bytes, std::size_t limit);

}  // namespace tlfs::replica
