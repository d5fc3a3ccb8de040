// Operations in memory: a batch of them, as a transaction makes them, as a block carries them, as the state applies
// them.
//
// A batch is a handful of flat arrays, so that applying or encoding a quarter of a million operations touches memory in
// order and allocates next to nothing. Operations are run-length encoded where users produce runs: typing n characters
// in a row is one text_insert that takes n ids, erasing n neighbours one text_erase that takes n ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/value.h"
#include "runtime/document/ids.h"
#include "schema/lens/node.h"

namespace tlfs::document {

// The numbers are part of the format. Unknown kinds are kept, forwarded and skipped.
enum class OperationKind : std::uint8_t {
  assign = 1,         // register := values [first, first+length) of the batch; replaces what it has seen
  remove = 2,         // whatever lives at the target and below, in its compartment, and was seen, is gone
  enable = 3,         // flag
  disable = 4,        // flag: removes the enables it has seen
  increment = 5,      // counter += amount (two's complement, wraps)
  reset = 6,          // counter: removes the increments it has seen
  touch = 7,          // the table key that the target names exists
  insert = 8,         // array: `count` new elements with ids id, id+1, ... placed as a run at (parent, side)
  erase = 9,          // array: deletes the elements `subject` .. `subject+count-1`
  move = 10,          // array: element `subject` goes to (parent, side)
  restore = 11,       // array: revives the elements `subject` .. `subject+count-1` under their ids
  text_insert = 12,   // text: `count` code points, ids id, id+1, ... placed as a run at (parent, side)
  text_erase = 13,    // text: deletes the characters `subject` .. `subject+count-1`
  text_restore = 14,  // text: revives them
  // Reserved: 15 text mark, 16 move between containers, 17 blob reference {hash, size, key}.
};
inline constexpr std::uint8_t kLastKnownKind = 14;

// Where a run is placed: as a child of `parent` in the sequence's tree, before it or after it (Weidner and Kleppmann,
// "The Art of the Fugue", 2023). parent == kNoLv stands for the beginning of the sequence, which has only right
// children.
enum class Side : std::uint8_t { right = 0, left = 1 };

struct Operation {
  OperationKind kind{};
  Side side = Side::right;
  // text_erase only: id+i deletes subject+count-1-i instead of subject+i (a run of backspaces). The effect is the same.
  bool backwards = false;
  Lv id = 0;                 // first id it takes
  std::uint32_t count = 1;   // ids it takes; one per element or character where it acts on a run
  std::uint32_t target = 0;  // index into OperationBatch::targets
  Lv parent = kNoLv;         // insert, text_insert, move
  Lv subject = kNoLv;        // erase, restore, text_erase, text_restore, move: first element or character
  std::uint32_t first = 0;   // assign: into values. text_insert: byte offset into text
  std::uint32_t length = 0;  // assign: number of values, at least 1. text_insert: bytes
  std::int64_t amount = 0;   // increment
};

// A dynamic step of an address: a table key or an array element.
struct Key {
  Lv element = kNoLv;  // array element id, or kNoLv
  Value table_key;     // else a bool, u64, i64 or string
  static Key of_element(Lv e) { return {e, {}}; }
  static Key of_table(Value v) { return {kNoLv, std::move(v)}; }
  bool is_element() const { return element != kNoLv; }
  friend bool operator==(const Key&, const Key&) = default;
};

// A schema node with the dynamic keys on the way to it, outermost first. For `touch` and `remove` on a table entry or
// for anything inside an array element the keys include the last one: the node is then the entry's value node.
struct Target {
  schema::Ordinal node = 0;     // relative to the package that the header names
  std::uint32_t first_key = 0;  // into OperationBatch::keys
  std::uint32_t key_count = 0;
};

// Who did it, when, in which words; all optional. Encrypted like the operations.
struct TransactionMetadata {
  std::optional<std::int64_t> time_ms;  // since the Unix epoch
  std::string origin;                   // window or tool
  std::string label;
  friend bool operator==(const TransactionMetadata&, const TransactionMetadata&) = default;
};

// A transaction covers the ids from `first` to the next mark's.
struct TransactionMark {
  Lv first = 0;
  std::uint32_t metadata = 0;  // into OperationBatch::metadata; 0 is always the empty one
};

struct OperationBatch {
  std::vector<Operation> operations;  // ids ascending, not overlapping; gaps belong to other leaves or unknown kinds
  std::vector<Target> targets;
  std::vector<Key> keys;
  std::vector<Value> values;
  std::string text;                           // valid UTF-8
  std::vector<TransactionMark> transactions;  // ascending
  std::vector<TransactionMetadata> metadata;

  // Keeps memory for the next small batch, not that of a large one.
  void clear();
  bool empty() const { return operations.empty(); }
  // Index of the target, reusing the last one when equal.
  std::uint32_t add_target(schema::Ordinal node, const Key* keys, std::size_t key_count);
  // Appends a later batch (its ids follow ours), joining runs that continue each other.
  void append(const OperationBatch& later);
};

// Makes `op` part of `last` when both together are one run of the same meaning: same kind and target, ids that follow
// each other, and places, subjects and text that do so too. False, and nothing changed, when they are not.
bool join_operations(Operation& last, const Operation& op);

}  // namespace tlfs::document
