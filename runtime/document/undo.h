// Undo: what takes an own transaction back, without touching what others did meanwhile.
//
// Each edit leaves a step that names the ids it made or removed. Characters and elements come back under their old ids,
// so that two people who undo the same deletion do not double it; a register goes back only while it still holds what
// the step's edit wrote.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "runtime/document/state.h"

namespace tlfs::document {

struct UndoStep {
  enum class Kind : std::uint8_t {
    reassign,        // register `address`: was `values`, `id` is the edit's assignment
    set_flag,        // flag: was `on`
    add,             // counter: add `amount`
    erase_elements,  // array: `count` from `id` on, which the edit inserted or restored
    restore_elements,
    erase_text,
    restore_text,
    move_back,  // array: element `subject` from place `id` back to place `slot`
    untouch,    // table entry that the edit touched
    retouch,
  };
  Kind kind;
  Address address = {};
  Lv id = kNoLv;
  std::uint32_t count = 1;
  Lv subject = kNoLv;
  Lv slot = kNoLv;
  Lv replaced = kNoLv;  // reassign, retouch: the only dot that the edit took away
  Lv within = kNoLv;    // only where this element came back before in the same entry
  std::vector<Value> values = {};
  bool on = false;
  std::int64_t amount = 0;
};

// The steps of one transaction, in the order of its edits; they are taken in reverse.
using UndoEntry = std::vector<UndoStep>;

// What an element held that was erased already when what encloses it was removed.
struct LostContent {
  Lv element = kNoLv;
  UndoEntry steps;
};

// Steps that bring back everything that lives in `cell` now, in its compartment. What lies in erased elements is no
// part of that; it goes to `lost`.
void capture(const State& state, const Cell& cell, UndoEntry& out, std::vector<LostContent>& lost);

// The assignment whose values a register has, when all are of one; else kNoLv.
Lv sole_dot(const RegisterCell& cell);
Lv sole_dot(const DotSet& dots);

inline constexpr std::size_t kMaxUndoEntries = 1000;  // per origin; the oldest is forgotten

// Old and new ids: an assignment, touch or move that was brought back is another operation than the one that older
// steps name.
using Revived = std::map<Lv, Lv>;
Lv current_id(const Revived& revived, Lv id);  // the id itself when nothing brought it back

// One pair of stacks for each origin (a window, a tool).
class UndoStacks {
 public:
  void did(const std::string& origin, UndoEntry entry);    // forgets what could be redone
  void undid(const std::string& origin, UndoEntry entry);  // goes to the redo stack
  void redid(const std::string& origin, UndoEntry entry);  // goes to the undo stack
  bool can_undo(const std::string& origin) const;
  bool can_redo(const std::string& origin) const;
  // From now on the steps that name an old id mean the new one. Cost: the number of steps in all stacks.
  void rename(const Revived& revived);
  // A removal took away what erased elements held. Whatever brings one of them back brings that back too. Cost: the
  // number of steps in all stacks, when anything was lost.
  void lost(const std::vector<LostContent>& content);
  UndoEntry take_undo(const std::string& origin);
  UndoEntry take_redo(const std::string& origin);

 private:
  struct Pair {
    std::deque<UndoEntry> undo, redo;
  };
  std::map<std::string, Pair> by_origin_;
};

}  // namespace tlfs::document
