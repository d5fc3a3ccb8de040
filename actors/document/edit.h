// Edits as data: what a write request carries, so that it can be sent, held during a restart, sent again, and mapped
// onto a newer revision.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/document/document.h"

namespace tlfs::document_actor {

// A dynamic step that means the same for ever.
struct PermanentKey {
  std::optional<document::OpId> element;  // of an array; else
  Value table_key;
  friend bool operator==(const PermanentKey&, const PermanentKey&) = default;
};

// A place that means the same for ever and everywhere.
struct PermanentAddress {
  schema::NodeId node{};
  std::vector<PermanentKey> keys;
  friend bool operator==(const PermanentAddress&, const PermanentAddress&) = default;
};

enum class EditKind : std::uint8_t { set, remove, insert, erase, move, splice, increment, reset, touch };

struct Edit {
  EditKind kind = EditKind::set;
  std::variant<document::Path, PermanentAddress> place;
  document::Data value;                // set
  std::vector<document::Data> values;  // insert
  // set, of a register: the values that whoever made the edit saw there. Others stay beside the new one, as concurrent.
  // Nothing: all are replaced.
  std::optional<std::vector<document::Data>> seen = {};
  std::uint64_t index = 0;  // insert, erase, move: of the first element; splice: position
  std::uint64_t count = 0;  // erase, splice: how many go
  std::uint64_t to = 0;     // move
  std::string text;         // splice
  std::int64_t amount = 0;  // increment
  friend bool operator==(const Edit&, const Edit&) = default;
};

inline constexpr std::size_t kMaxEditsPerWrite = 1u << 20;
inline constexpr std::size_t kMaxKeptValues = 64;  // of a register, beside one that is set; the winners among them

// Builds a list of edits. A path that cannot be parsed is remembered, and then the write is refused with what is wrong.
class Edits {
 public:
  Edits& set(std::string_view path, document::Data value);
  Edits& set(std::string_view path, Value value) { return set(path, document::Data(std::move(value))); }
  Edits& remove(std::string_view path);
  Edits& insert(std::string_view array, std::uint64_t index, std::vector<document::Data> values);
  Edits& erase(std::string_view array, std::uint64_t index, std::uint64_t count = 1);
  Edits& move(std::string_view array, std::uint64_t from, std::uint64_t to);
  Edits& splice(std::string_view text, std::uint64_t position, std::uint64_t removed, std::string inserted);
  Edits& increment(std::string_view counter, std::int64_t by);
  Edits& reset(std::string_view counter);
  Edits& touch(std::string_view entry);
  Edits& add(Edit edit);

  const std::vector<Edit>& list() const { return list_; }
  std::vector<Edit> take() && { return std::move(list_); }
  const Status& status() const { return status_; }

 private:
  Edit& at(EditKind kind, std::string_view path);
  std::vector<Edit> list_;
  Status status_;
};

// Does the edit. An error says what does not fit, and then the edit has changed nothing.
Status apply_edit(document::Transaction& tx, const Edit& edit, document::TextUnit unit,
                  const document::ChangeGraph& graph);

// The path of a permanent address now. Errc::gone when what it is in does not exist (any more), no_such_place when the
// view does not show it.
Result<document::Path> path_of(const document::Reader& reader, const document::ChangeGraph& graph,
                               const PermanentAddress& address);
// The permanent address of a path now.
Result<PermanentAddress> permanent(const document::Reader& reader, const document::ChangeGraph& graph,
                                   const document::Path& path);

}  // namespace tlfs::document_actor
