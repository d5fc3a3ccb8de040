// How keys are laid out: one flat, ordered key space for everything a node keeps.
//
//   01                          format      the version of all this
//   02                          sequence    the number of the last batch
//   03                          manifest    what there is outside documents, and how many documents (manifest.h)
//   10 name                     identity    of the node: device key file, incarnations, settings
//   20 hash                     package     schema packages by their hash, once for all documents
//   30 document                 listing     the documents that this node knows, with what a list shows of them
//   38 document                 standing    how a document stands, for the network, so that it need not be opened
//   40 document kind subkey     the documents, see below
//   70 batch index              quarantine  damaged records as they were found, and notes of missing ones
//
// A document's records lie together, in the order in which opening it wants them, so that opening is one range scan
// from front_of(document) to history_of(document):
//
//   00                          manifest    how many records of each kind there must be: a reader knows at once what to
//   expect 10 hash                     package     references to packages 20 arrival                  statement   of
//   the authority log, as they arrived, which is a causal order 30 block                    snapshot    blocks of the
//   state; those that did not change are not rewritten 40 arrival                  change      sealed changes that no
//   snapshot contains yet, as they arrived 50 arrival                  local       own transactions that are in no
//   change yet 60 name                     note        what the document's actor keeps for itself: incarnation,
//   revision, writes done 70 arrival                  history     sealed changes that a snapshot contains, compacted;
//   not needed for opening
//
// A snapshot stands before the changes because they build on it; history stands last because it is by far the longest
// and opening must not read it. When a snapshot is taken, one batch replaces its blocks and moves the changes it
// contains to the history. Forgetting a document is removing the range from front_of(document) to end_of(document), its
// listing aside; and its standing.
//
// Numbers are big-endian so that the order of keys is the order of numbers. Documents and hashes are 32 bytes. First
// bytes and kinds not named here are for later versions; such records are counted and kept, never touched. 01, 02, 03,
// the manifests and the quarantine belong to the store: others read them, and may remove what lies in quarantine.
#pragma once

#include "runtime/storage/store.h"

namespace tlfs::storage {

using PackageHash = std::array<std::uint8_t, 32>;

// The first byte of a key.
enum class Region : std::uint8_t {
  format = 0x01,
  sequence = 0x02,
  manifest = 0x03,
  identity = 0x10,
  package = 0x20,
  listing = 0x30,
  standing = 0x38,
  document = 0x40,
  quarantine = 0x70,
};

// Of a record in a document.
enum class Kind : std::uint8_t {
  manifest = 0x00,
  package = 0x10,
  statement = 0x20,
  snapshot = 0x30,
  change = 0x40,
  local = 0x50,
  note = 0x60,
  history = 0x70,
};

std::string region_name(std::uint8_t region);  // its hexadecimal number when it has no name
std::string kind_name(std::uint8_t kind);

Bytes format_key();
Bytes sequence_key();
Bytes node_manifest_key();
Bytes identity_key(std::string_view name);
Bytes package_key(const PackageHash& hash);
Bytes listing_key(const DocumentId& document);
Bytes standing_key(const DocumentId& document);
Bytes quarantine_key(std::uint64_t batch, std::uint32_t index);

Bytes document_manifest_key(const DocumentId& document);
Bytes document_package_key(const DocumentId& document, const PackageHash& hash);
Bytes note_key(const DocumentId& document, std::string_view name);
// For the kinds that are numbered: statement, snapshot, change, local, history.
Bytes numbered_key(const DocumentId& document, Kind kind, std::uint64_t number);

struct Range {
  Bytes from, to;  // from <= key < to
};
// All that opening needs / all of a document / one kind of it.
Range opening_range(const DocumentId& document);
Range document_range(const DocumentId& document);
Range kind_range(const DocumentId& document, Kind kind);
// All keys of a region.
Range region_range(Region region);

// A key taken apart.
struct Place {
  std::uint8_t region = 0;
  std::optional<DocumentId> document;   // of a record in a document, a listing, a standing
  std::uint8_t kind = 0;                // of a record in a document
  std::optional<std::uint64_t> number;  // arrival, block, or batch of a quarantined record
  Bytes rest;                           // name or hash
};
// Refuses with corrupt what no version may write: an empty key, a document or hash cut short, a number of a wrong
// length.
Result<Place> parse_key(ByteView key);
// For people: `document 3fa9...: change 17`. Any bytes will do.
std::string describe_key(ByteView key);

}  // namespace tlfs::storage
