// Patches: what turns the visible value before a transaction into the value after it, in the names of one version.
//
// A list of patches is applied in order; each one's path and positions are those of the value as the patches before it
// have left it.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/utf.h"
#include "runtime/document/data.h"

namespace tlfs::document {

struct PathStep {
  enum class Kind : std::uint8_t { field = 0, key = 1, index = 2 };
  Kind kind = Kind::field;
  std::string name;         // field
  Value key;                // table key
  std::uint64_t index = 0;  // array index

  static PathStep field(std::string n) { return {Kind::field, std::move(n), {}, 0}; }
  static PathStep of_key(Value k) { return {Kind::key, {}, std::move(k), 0}; }
  static PathStep at(std::uint64_t i) { return {Kind::index, {}, {}, i}; }
  // A key is the same one whether its number came signed or not: paths that people write do not tell.
  friend bool operator==(const PathStep& a, const PathStep& b);
};
using Path = std::vector<PathStep>;

// `.tasks["k"].title`, `.items[0]`, `.` for the root. Integer keys stand without quotes in braces: `.years{1999}`, as
// do booleans.
std::string path_text(const Path& path);
// Errc::no_such_place with the offending part. Table keys that are not strings are written `{1999}`, `{-3}`, `{true}`.
Result<Path> parse_path(std::string_view text);

enum class PatchKind : std::uint8_t {
  set = 1,       // the place has `value` now; for a table key: it appears with `value` if it was not there
  remove = 2,    // a table key is gone; in an array: `count` elements from `index` on are gone
  insert = 3,    // `values` were inserted at `index` of the array at `path`
  move = 4,      // the element at `index` was taken out and put back so that it has index `to`
  splice = 5,    // text: at `position` `removed` went away and `text` came
  conflict = 6,  // concurrent values of a register, the winner first; one or none when the conflict is over. Does not
                 // change the value.
};

struct Patch {
  PatchKind kind = PatchKind::set;
  Path path;
  Data value;
  std::vector<Data> values;
  std::uint64_t index = 0;
  std::uint64_t count = 0;
  std::uint64_t to = 0;
  TextLength position;  // both units
  TextLength removed;
  std::string text;
  friend bool operator==(const Patch&, const Patch&) = default;
};

// Applies patches to a copy of an exported value. An error names the first patch that does not fit; `data` is then
// partly patched.
Status apply_patches(Data& data, const std::vector<Patch>& patches);

// The value at a place of an exported value; null when there is none.
const Data* find(const Data& data, const Path& path);

// {"kind":"splice","path":".text","position":3,...}; for people and tests.
std::string to_json(const Patch& patch);

}  // namespace tlfs::document
