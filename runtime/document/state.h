// The value of a document as a function of (set of changes, set of voided leaves).
//
// State applies operations in any causal order and keeps the tree of cells that they produce. An operation that refers
// to something it has not seen, that does not exist, or that has another kind, has no effect; which operations those
// are depends on the causal past alone, so all replicas agree. A voided operation has no effect either, but what it
// inserted stays as invisible anchors.
//
// Un-applying is not done here: Document builds a fresh State from history. While a transaction is open State notes
// what it touches, as it was before; PatchBuilder turns the notes into patches.
#pragma once

#include <deque>
#include <optional>

#include "runtime/document/cells.h"
#include "runtime/document/node_table.h"

namespace tlfs::document {

// A place: a schema node and the dynamic keys on the way to it.
struct Address {
  NodeIndex node = 0;
  std::vector<Key> keys;
  friend bool operator==(const Address&, const Address&) = default;
};

// Where the state finds the text of characters that come back to life.
class CharacterSource {
 public:
  virtual ~CharacterSource() = default;
  // The characters inserted under the ids `first` .. `first+count-1`, which one text_insert took.
  virtual std::string characters(Lv first, std::uint32_t count) const = 0;
};

// What a transaction touched, as it was before. Valid until the next transaction begins.
struct Notes {
  struct Note {
    Cell* cell;
    bool existed;             // entry, element: as part of the visible value
    std::uint32_t detail;     // reg, text: into the vectors below
    Lv slot = kNoLv;          // element
    std::int64_t number = 0;  // flag: 0 or 1; counter
  };
  struct TextRun {  // characters whose visibility changed, at the time of the change
    Lv id;
    std::uint32_t count;
    bool was_visible;
    std::uint64_t position;
    std::string removed;  // the characters, if was_visible
  };
  struct Birth {  // elements that were inserted
    ArrayCell* array;
    Lv id;
    std::uint32_t count;
  };
  Lv first = 0;  // ids from here on are younger than the transaction's beginning
  std::vector<Note> notes;
  std::vector<Birth> births;
  std::vector<std::vector<Value>> registers;  // the values before, winner first
  std::vector<std::vector<TextRun>> texts;    // the first text_count are in use; the others keep their memory
  std::size_t text_count = 0;
  void clear() {
    constexpr std::size_t kKept = 4096;
    if (notes.capacity() > kKept || texts.size() > kKept) {
      *this = {};
      return;
    }
    notes.clear();
    births.clear();
    registers.clear();
    for (std::size_t i = 0; i < text_count; ++i) texts[i].clear();
    text_count = 0;
  }
};

class State {
 public:
  struct Context {
    Past past;
    bool voided = false;
    std::uint32_t epoch = 0;                        // differs from change to change
    const std::vector<NodeIndex>* nodes = nullptr;  // of the batch's ordinals
  };

  State(const NodeTable& nodes, const ChangeGraph& graph, const CharacterSource& characters);

  // Applies operation number `index` of the batch.
  void apply(const OperationBatch& batch, std::size_t index, const Context& context);

  // Types `text` at visible index `at` of a text cell and returns where it was placed. An edit made here and now.
  Placement type(TextCell& cell, std::uint64_t at, Lv id, std::uint32_t count, std::string_view text);

  // Erases `count` visible characters that lie in one span, at `spot`, whose visible index is `at`. An edit made here
  // and now.
  void erase(TextCell& cell, const Sequence::Spot& spot, std::uint32_t count, std::uint64_t at);

  // Null when nothing was ever written there.
  Cell* root() const { return root_; }
  Cell* find(NodeIndex node, const Key* keys, std::size_t key_count) const;
  Cell* find(const Address& a) const { return find(a.node, a.keys.data(), a.keys.size()); }
  // The cell, made when it is not there. Null when the address makes no sense: an element that is not in that array, a
  // key of another type.
  Cell* reach(NodeIndex node, const Key* keys, std::size_t key_count, const Past& past);
  EntryCell* reach_entry(NodeIndex value_node, const Key* keys, std::size_t key_count, const Past& past);
  // The element that occupies a place of the array's sequence, or is named by its own id; null while it is only an item
  // of the sequence, and then the place is its id.
  ElementCell* element(Lv slot) const { return slots_.get(slot); }
  Address address_of(const Cell& cell) const;  // of a cell or of an entry's or element's value

  // Whether an entry or element is part of the visible value (its own liveness; not that of what encloses it).
  static bool exists(const Cell& cell);
  // Value that reading gives; monostate when unset.
  static const Value& winner(const RegisterCell& cell);

  // `first`: the Lv that the next operation will get.
  void begin_notes(Lv first);
  const Notes& notes() const { return notes_; }
  void end_notes() { noting_ = false; }
  const NodeTable& nodes() const { return *node_table_; }

  // Building blocks, for snapshots too.
  Cell* make_root();
  Cell* child(BranchCell& branch, NodeIndex node);  // made when it is not there
  EntryCell* entry(TableCell& table, const Value& key, NodeIndex value_node);
  ElementCell* materialize(ArrayCell& array, Lv id,
                           NodeIndex value_node);  // null when it is not an element of the array
  void bind_slot(Lv slot, ElementCell* element) { slots_.set(slot, element); }
  // Without looking whether it is there already.
  Cell* new_child(BranchCell& branch, NodeIndex node);
  ElementCell* new_element(ArrayCell& array, Lv id, NodeIndex value_node);
  static void adjust_live(Cell& cell, std::int64_t by);

 private:
  Cell* make_cell(NodeIndex node, Cell* parent);
  void add_to_elements(Cell& from, NodeIndex written, Lv dot, const Past& past);
  void show_element(ElementCell& element, bool visible);
  void kill(Cell& cell, const Past& past, NodeIndex compartment);
  void kill_text(TextCell& cell, const Past& past);
  void erase_characters(TextCell& cell, Lv first, std::uint32_t count, const Past& past);
  void assign(RegisterCell& cell, const OperationBatch& batch, const Operation& op, const Past& past);
  void insert_elements(ArrayCell& cell, const Operation& op, const Context& context);
  void move_element(ArrayCell& cell, const Operation& op, const Context& context);
  void insert_text(TextCell& cell, const OperationBatch& batch, const Operation& op, const Context& context);
  void restore_text(TextCell& cell, const Operation& op, const Past& past);
  bool key_fits(NodeIndex table, const Value& key) const;

  void note(Cell& cell);
  void note_text(TextCell& cell, Lv id, std::uint32_t count, bool was_visible, std::uint64_t position,
                 std::string removed);

  const NodeTable* node_table_;
  const ChangeGraph* graph_;
  const CharacterSource* characters_;
  Sequence::Order order_;

  Pool<StructCell> structs_;
  Pool<EntryCell> entries_;
  Pool<ElementCell> elements_;
  Pool<RegisterCell> registers_;
  Pool<FlagCell> flags_;
  Pool<CounterCell> counters_;
  Pool<TableCell> tables_;
  Pool<ArrayCell> arrays_;
  Pool<TextCell> texts_;
  PlaceTable places_;           // id of a character or slot -> leaf of its sequence
  LvTable<ElementCell> slots_;  // element or move id -> element
  Cell* root_ = nullptr;

  bool noting_ = false;
  std::uint32_t stamp_ = 0;
  Notes notes_;
};

}  // namespace tlfs::document
