// A lens: one reversible step of schema evolution, as data.
//
// Lenses change how places are shown, never where data lies. Make, Hide, Show, Rename, Hoist, Plunge and SetDefault act
// on a Tree (tree.h) through apply_lens(), and reverse() turns each into the lens that takes its effect on the view
// back: Hide reverses Make and Show, Show reverses Hide, Hoist and Plunge reverse each other, Rename and SetDefault
// themselves. A lens therefore carries both its before and its after; the factories in tree.h fill that in.
#pragma once

#include <string>
#include <variant>

#include "schema/lens/node.h"

namespace tlfs::schema {

// Gives birth to a node and shows it, last among its parent's children.
struct Make {
  Ordinal node = kNoOrdinal;    // the next ordinal
  Ordinal parent = kNoOrdinal;  // kNoOrdinal: the root
  Kind kind = Kind::structure;
  Primitive primitive = Primitive::none;
  bool compartment = false;
  std::string name;  // field name, "[]", "{}" or ""
  friend bool operator==(const Make&, const Make&) = default;
};

struct Hide {
  Ordinal node = kNoOrdinal;
  friend bool operator==(const Hide&, const Hide&) = default;
};

// The hidden node comes back under the name and at the position it had.
struct Show {
  Ordinal node = kNoOrdinal;
  friend bool operator==(const Show&, const Show&) = default;
};

struct Rename {
  Ordinal node = kNoOrdinal;
  std::string from;
  std::string to;
  friend bool operator==(const Rename&, const Rename&) = default;
};

// Moves a field out of the struct `host` into the struct around it. Positions count all children, hidden ones included.
struct Hoist {
  Ordinal node = kNoOrdinal;
  Ordinal host = kNoOrdinal;
  std::uint32_t inside = 0;   // position in host, while there
  std::uint32_t outside = 0;  // position in the struct around host, while there
  friend bool operator==(const Hoist&, const Hoist&) = default;
};

// Moves a field into the struct `host`, a sibling of it. Positions as for Hoist.
struct Plunge {
  Ordinal node = kNoOrdinal;
  Ordinal host = kNoOrdinal;
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  friend bool operator==(const Plunge&, const Plunge&) = default;
};

// What an unset register reads as; monostate: nothing.
struct SetDefault {
  Ordinal node = kNoOrdinal;
  Value from;
  Value to;
  friend bool operator==(const SetDefault&, const SetDefault&) = default;
};

using Lens = std::variant<Make, Hide, Show, Rename, Hoist, Plunge, SetDefault>;

// The lens that takes back what `lens` does to the view.
Lens reverse(const Lens& lens);

// The node a lens acts upon.
Ordinal target(const Lens& lens);

}  // namespace tlfs::schema
