// Which value belongs to which actor, for very many actors: sixteen bytes each.
//
// Made for an owner that spawns its actors itself, so that their ids come in ascending order: then adding is cheap.
// A removal leaves a hole; the holes go when they are more than what is left, so each removal costs little on average.
//
// Owned by one actor, on its thread. Does not own the values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <caf/fwd.hpp>

namespace tlfs::supervision {

template <class T>
class ActorIndex {
 public:
  // Keeps the value that is there already.
  void add(caf::actor_id id, T& value) {
    const auto at = place(id);
    if (at != entries_.end() && at->id == id) {
      if (at->value) return;
      at->value = &value;
    } else {
      entries_.insert(at, {id, &value});
    }
    ++live_;
  }

  // Null when there is none.
  T* find(caf::actor_id id) const {
    const auto at = const_cast<ActorIndex*>(this)->place(id);
    return at != entries_.end() && at->id == id ? at->value : nullptr;
  }

  void remove(caf::actor_id id) {
    const auto at = place(id);
    if (at == entries_.end() || at->id != id || !at->value) return;
    at->value = nullptr;
    if (--live_ >= entries_.size() / 2) return;
    std::erase_if(entries_, [](const Entry& entry) { return !entry.value; });
    entries_.shrink_to_fit();
  }

  bool empty() const { return live_ == 0; }
  void clear() {
    entries_.clear();
    live_ = 0;
  }

 private:
  struct Entry {
    caf::actor_id id;
    T* value;  // null: removed
  };

  typename std::vector<Entry>::iterator place(caf::actor_id id) {
    if (entries_.empty() || entries_.back().id < id) return entries_.end();
    return std::lower_bound(entries_.begin(), entries_.end(), id,
                            [](const Entry& entry, caf::actor_id wanted) { return entry.id < wanted; });
  }

  std::vector<Entry> entries_;  // ascending by id
  std::size_t live_ = 0;        // of them
};

}  // namespace tlfs::supervision
