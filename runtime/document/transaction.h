// Edits that become visible together. Made by Document::transact; dies with it.
//
// Every edit is checked before it changes anything: an error leaves the document as it was before that edit, and the
// transaction may go on or give up. Positions and indices are those of the value as the transaction's earlier edits
// have left it.
#pragma once

#include <set>
#include <span>
#include <string_view>

#include "runtime/document/operation.h"
#include "runtime/document/patch.h"
#include "runtime/document/reader.h"
#include "runtime/document/undo.h"

namespace tlfs::document {

enum class TextUnit : std::uint8_t { code_points = 0, utf16 = 1 };

inline constexpr std::size_t kMaxTextBytes = 64u << 20;       // of one splice
inline constexpr std::size_t kMaxValueBytes = 4u << 20;       // of one string or bytes value
inline constexpr std::size_t kMaxKeyBytes = 4u << 10;         // of a table key
inline constexpr std::size_t kMaxElementsPerEdit = 1u << 20;  // array elements in one edit

// What a transaction works on; everything outlives it.
struct EditContext {
  State& state;
  ChangeGraph& graph;
  const BoundView& view;
  const std::vector<NodeIndex>& nodes;           // by ordinal of the package that changes are written under
  const std::vector<schema::Ordinal>& ordinals;  // and back, by node
  AgentIndex agent;
  std::uint64_t next_counter;
  std::uint32_t epoch;
  bool with_undo;
  OperationBatch& batch;  // empty; receives the operations
};

class Transaction {
 public:
  explicit Transaction(const EditContext& context);

  // ---- by address ----
  Status assign(const Address& reg, Value value);
  Status assign(const Address& reg, std::vector<Value> values);  // several values: a conflict, as undo needs it
  Status unset(const Address& reg);
  Status set_flag(const Address& flag, bool on);
  Status increment(const Address& counter, std::int64_t by);
  Status reset(const Address& counter);
  Status touch(const Address& entry);  // a table entry, by the address of its value
  Status remove(
      const Address& place);  // a table entry with all that is in it; elsewhere: everything below, which is then empty
  // Inserts `count` empty elements so that the first one has index `index`; returns its id.
  Result<Lv> insert(const Address& array, std::uint64_t index, std::uint32_t count = 1);
  Status erase(const Address& array, std::uint64_t index, std::uint64_t count = 1);
  // Takes the element at `from` out and puts it back so that it has index `to`.
  Status move(const Address& array, std::uint64_t from, std::uint64_t to);
  // Erases `remove` and then inserts `text` at `at`, both in `unit`.
  Status splice(const Address& text, std::uint64_t at, std::uint64_t remove, std::string_view insert,
                TextUnit unit = TextUnit::code_points);

  // ---- by path, in the names of the document's version ----
  // Makes the place equal to `data`: registers, flags, counters, texts (replaced as a whole), structs (named fields
  // only; others stay), tables (keys that are not named go), arrays (replaced). Checked as a whole before anything
  // changes.
  Status set(const Path& path, const Data& data);
  Status set(std::string_view path, const Data& data);
  Status set(std::string_view path, Value value) { return set(path, Data(std::move(value))); }
  Status remove(const Path& path);  // a table key, an array element, or the contents of anything else
  Status insert(const Path& array, std::uint64_t index, const std::vector<Data>& values);
  Result<Address> address(const Path& path) const;
  Result<Address> address(std::string_view path) const;

  Status take_back(const UndoEntry& entry);

  Reader reader() const { return Reader(state_, view_); }
  const BoundView& view() const { return view_; }
  const State& state() const { return state_; }

  const Revived& revived() const { return revived_; }
  UndoEntry take_undo() { return std::move(undo_); }
  const std::vector<LostContent>& lost() const { return lost_; }
  Lv first() const { return first_; }
  std::uint32_t id_count() const { return id_count_; }

 private:
  Operation& add(OperationKind kind, const Address& at, std::uint32_t ids = 1);
  Lv new_ids(std::uint32_t count);
  void apply_last();
  Result<const NodeInfo*> expect(const Address& at, schema::Kind kind) const;
  Status place_exists(const Address& at) const;
  Status write(std::uint32_t view_node, const Address& at, const Data& data, bool fresh);
  Status write_array(std::uint32_t view_node, const Address& at, const Data::Array& values);
  Status undo_step(const UndoStep& step);
  const EntryCell* entry_at(const Address& value) const;  // null where it is no table entry or was never written
  ArrayCell* array_at(const Address& at) const;
  Result<TextCell*> text_at(const Address& at);
  std::string where(const Address& at) const;

  EditContext in_;
  State& state_;
  const BoundView& view_;
  UndoEntry undo_;
  std::vector<LostContent> lost_;
  std::set<Lv> came_back_;  // elements, by the steps of take_back()
  Revived revived_;
  NodeIndex text_node_ = kNoNode;  // typing goes on in the same text: the last one, if it has no dynamic keys
  TextCell* text_cell_ = nullptr;
  Lv first_;
  std::uint32_t id_count_ = 0;
};

// Errc::invalid_json or wrong_kind with the path of the first thing that does not fit the place.
Status check_data(const NodeTable& nodes, const BoundView& view, std::uint32_t view_node, const Data& data,
                  const Path& at);
// A JSON primitive as the register's or counter's type wants it: 64-bit integers and bytes may come as strings. Nothing
// when it does not fit.
std::optional<Value> coerce(const Value& from, Primitive to);

}  // namespace tlfs::document
