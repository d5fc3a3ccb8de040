// A value of a document apart from the document: what patches carry, what reading a place gives, what JSON becomes.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/value.h"
#include "runtime/document/change.h"

namespace tlfs::document {

struct Member;

// Null (monostate), a primitive, an array, or an object whose members are unique and keep their order.
struct Data {
  using Array = std::vector<Data>;
  using Object = std::vector<Member>;
  std::variant<Value, Array, Object> is;

  // Defined below, where Member is complete.
  Data();
  Data(Value v);
  Data(Array a);
  Data(Object o);
  Data(const Data&);
  Data(Data&&) noexcept;
  Data& operator=(const Data&);
  Data& operator=(Data&&) noexcept;
  ~Data();

  bool is_null() const { return std::holds_alternative<Value>(is) && std::get<Value>(is).index() == 0; }
  const Value* value() const { return std::get_if<Value>(&is); }
  const Array* array() const { return std::get_if<Array>(&is); }
  const Object* object() const { return std::get_if<Object>(&is); }
  Array* array() { return std::get_if<Array>(&is); }
  Object* object() { return std::get_if<Object>(&is); }
  // The member called `name`; null when this is no object or has none.
  const Data* find(std::string_view name) const;
  Data* find(std::string_view name);
  friend bool operator==(const Data&, const Data&);
};

struct Member {
  std::string name;
  Data value;
  friend bool operator==(const Member&, const Member&) = default;
};

inline Data::Data() = default;
inline Data::Data(Value v) : is(std::move(v)) {}
inline Data::Data(Array a) : is(std::move(a)) {}
inline Data::Data(Object o) : is(std::move(o)) {}
inline Data::Data(const Data&) = default;
inline Data::Data(Data&&) noexcept = default;
inline Data& Data::operator=(const Data&) = default;
inline Data& Data::operator=(Data&&) noexcept = default;
inline Data::~Data() = default;

inline constexpr std::size_t kMaxJsonDepth = 128;
// Integers beyond this size are written as strings, because JavaScript would round them.
inline constexpr std::uint64_t kMaxJsonInteger = std::uint64_t{1} << 53;

// JSON text (RFC 8259), without spaces or, with `pretty`, indented. Integers beyond 2^53 and bytes (base64) become
// strings.
std::string to_json(const Data& data, bool pretty = false);

// Any bytes are safe. Numbers stay exact: integers as i64 or u64, others as f64; numbers out of range, duplicate names
// and nesting beyond kMaxJsonDepth are refused with line and column.
Result<Data> parse_json(std::string_view text);

// Table keys as JSON writes them: strings as they are, integers in decimal, true, false.
std::string key_text(const Value& key);

}  // namespace tlfs::document
