// Typed accessors: what `tlfs schema generate --lang cpp` builds on, so that
// `tx.tasks().push_back().title().set("milk")` compiles and `tx.tasks().nope()` does not.
//
//   doc.transact(options, [](Transaction& tx) {
//     return edit<todoapp::Root>(tx, [](todoapp::Root root) { root.tasks().push_back().title().set("milk"); });
//   });
//   const auto root = read<todoapp::Root>(doc);
//
// Edits return nothing. The first one that fails is remembered, those after it do nothing, and edit() returns its
// error: so the transaction fails as a whole and nobody can forget to look. Reading never fails: a place that is not
// there, or not yet, reads as empty.
//
// An accessor is a place, cheap to copy. Those that edit() passes die with it; those of read() die with the document's
// next change. To edit through one of read() is a bug and throws InvariantViolation. Array elements are held by their
// id, so an accessor to one stays with it whatever is inserted, erased or moved around it.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/document/document.h"
#include "runtime/document/transaction.h"

namespace tlfs::document {

// What all accessors of one edit() or read() share.
struct TypedScope {
  const State* state = nullptr;
  const BoundView* view = nullptr;                // for defaults
  const std::vector<NodeIndex>* nodes = nullptr;  // by ordinal of the package that the accessors were generated from
  Transaction* tx = nullptr;                      // null: reading only
  std::optional<Error>* failure = nullptr;        // of tx
};

// A place in a document, as accessors hold it. For generated code and the classes below.
class TypedPlace {
 public:
  explicit TypedPlace(const TypedScope& scope) : TypedPlace(scope, Address()) {}

  TypedPlace field(schema::Ordinal node) const;
  TypedPlace entry(schema::Ordinal value, Value key) const;
  // A place that is not there when there is no such element; with a transaction that fails it.
  TypedPlace element(schema::Ordinal value, std::uint64_t index) const;
  TypedPlace inserted(schema::Ordinal value, std::uint64_t index) const;

  // Everything below is empty, zero or false where nothing was ever written.
  std::vector<Value> values() const;  // of a register; the winner first
  Value value_or_default() const;     // of a register; monostate when there is neither
  bool flag() const;
  std::int64_t count() const;
  std::uint64_t elements() const;  // of an array
  bool has_entry(const Value& key) const;
  std::vector<Value> keys() const;  // of a table, ascending
  std::string text() const;
  TextLength text_length() const;

  // Does `what` to the transaction, unless something failed before.
  template <class F>
  void edit(F&& what) const {
    Transaction* tx = begin();
    if (!tx) return;
    if (Status s = std::forward<F>(what)(*tx, address_); !s) fail(s.error());
  }

 private:
  TypedPlace(const TypedScope& scope, Address address, bool there = true)
      : scope_(scope), address_(std::move(address)), there_(there) {}
  TypedPlace below(schema::Ordinal node, Key key) const;
  TypedPlace nowhere() const { return {scope_, {}, false}; }
  Transaction* begin() const;  // null when something failed before or the place is not there
  void fail(const Error& why) const;
  template <class C>
  const C* cell(CellType type) const {
    const Cell* c = there_ ? scope_.state->find(address_) : nullptr;
    return c && c->type == type ? static_cast<const C*>(c) : nullptr;
  }

  TypedScope scope_;
  Address address_;
  bool there_;
};

// Base of every generated struct.
class StructField {
 public:
  explicit StructField(TypedPlace at) : at_(std::move(at)) {}

 protected:
  template <class Field>
  Field field(schema::Ordinal node) const {
    return Field(at_.field(node));
  }

 private:
  TypedPlace at_;
};

// What a register of T takes without a doubt: no text for a truth value, no truth value for a number. Numbers are
// checked for their range.
template <class V, class T>
concept Assignable = (std::same_as<T, bool> && std::same_as<std::remove_cvref_t<V>, bool>) ||
                     (std::integral<T> && !std::same_as<T, bool> && std::integral<std::remove_cvref_t<V>> &&
                      !std::same_as<std::remove_cvref_t<V>, bool>) ||
                     (std::same_as<T, double> && std::is_arithmetic_v<std::remove_cvref_t<V>> &&
                      !std::same_as<std::remove_cvref_t<V>, bool>) ||
                     (!std::is_arithmetic_v<T> && std::convertible_to<V, T>);

// T: bool, std::uint64_t, std::int64_t, double, std::string, Bytes.
template <class T>
class Register {
 public:
  explicit Register(TypedPlace at) : at_(std::move(at)) {}

  // The winning value; where nothing is set the default of the document's version; nothing where there is none. A value
  // that was written with another type is no value.
  std::optional<T> get() const { return as(at_.value_or_default()); }
  // All concurrent values, the winner first.
  std::vector<T> conflicts() const {
    std::vector<T> out;
    for (const Value& v : at_.values())
      if (std::optional<T> t = as(v)) out.push_back(std::move(*t));
    return out;
  }
  template <class V>
    requires Assignable<V, T>
  void set(V&& value) const {
    at_.edit([&](Transaction& tx, const Address& here) -> Status {
      if constexpr (std::integral<T> && !std::same_as<T, bool>) {
        if (!std::in_range<T>(value))
          return Error(Errc::out_of_range, std::to_string(value) + " does not fit a register of " +
                                               std::string(schema::primitive_name(primitive_of(Value(T{})))));
      }
      if constexpr (std::is_arithmetic_v<T>) {
        return tx.assign(here, Value(static_cast<T>(value)));
      } else {
        return tx.assign(here, Value(T(std::forward<V>(value))));
      }
    });
  }
  // Removes every value it has seen; the default shows again.
  void unset() const {
    at_.edit([](Transaction& tx, const Address& here) { return tx.unset(here); });
  }

 private:
  static std::optional<T> as(const Value& v) {
    const T* t = std::get_if<T>(&v);
    return t ? std::optional<T>(*t) : std::nullopt;
  }
  TypedPlace at_;
};

class Flag {
 public:
  explicit Flag(TypedPlace at) : at_(std::move(at)) {}
  bool get() const { return at_.flag(); }
  template <std::same_as<bool> B>
  void set(B on) const {
    at_.edit([&](Transaction& tx, const Address& here) { return tx.set_flag(here, on); });
  }
  void enable() const { set(true); }
  void disable() const { set(false); }

 private:
  TypedPlace at_;
};

class Counter {
 public:
  explicit Counter(TypedPlace at) : at_(std::move(at)) {}
  std::int64_t get() const { return at_.count(); }
  void increment(std::int64_t by = 1) const {
    at_.edit([&](Transaction& tx, const Address& here) { return tx.increment(here, by); });
  }
  // To zero: takes back the increments it has seen.
  void reset() const {
    at_.edit([](Transaction& tx, const Address& here) { return tx.reset(here); });
  }

 private:
  TypedPlace at_;
};

class TextField {
 public:
  explicit TextField(TypedPlace at) : at_(std::move(at)) {}
  std::string str() const { return at_.text(); }
  std::uint64_t size(TextUnit unit = TextUnit::code_points) const {
    const TextLength length = at_.text_length();
    return unit == TextUnit::utf16 ? length.utf16 : length.code_points;
  }
  // Erases `remove` and then inserts `insert` at `at`, both in `unit`.
  void splice(std::uint64_t at, std::uint64_t remove, std::string_view insert,
              TextUnit unit = TextUnit::code_points) const {
    at_.edit([&](Transaction& tx, const Address& here) { return tx.splice(here, at, remove, insert, unit); });
  }
  void append(std::string_view text) const { splice(size(), 0, text); }

 private:
  TypedPlace at_;
};

// Stands for the values of an array or table whose schema declares none: there is nothing to do with them.
class Undeclared {};

// kValue: the ordinal of the elements' schema node.
template <class Element, schema::Ordinal kValue = schema::kNoOrdinal>
class Array {
  static constexpr bool kDeclared = kValue != schema::kNoOrdinal;

 public:
  explicit Array(TypedPlace at) : at_(std::move(at)) {}

  std::uint64_t size() const { return at_.elements(); }
  bool empty() const { return size() == 0; }
  // index < size(); in a transaction anything else fails it.
  Element operator[](std::uint64_t index) const
    requires kDeclared
  {
    return Element(at_.element(kValue, index));
  }
  // A new, empty element that has the index `index` <= size().
  Element insert(std::uint64_t index) const
    requires kDeclared
  {
    return Element(at_.inserted(kValue, index));
  }
  Element push_back() const
    requires kDeclared
  {
    return insert(size());
  }
  void erase(std::uint64_t index, std::uint64_t count = 1) const {
    at_.edit([&](Transaction& tx, const Address& here) { return tx.erase(here, index, count); });
  }
  // Takes the element at `from` out and puts it back so that it has index `to`.
  void move(std::uint64_t from, std::uint64_t to) const {
    at_.edit([&](Transaction& tx, const Address& here) { return tx.move(here, from, to); });
  }

  // `for (auto task : root.tasks())`. Looks at the size at each step, so the body may erase and insert.
  struct End {};
  class Iterator {
   public:
    explicit Iterator(const Array& array) : array_(&array) {}
    Element operator*() const { return (*array_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(End) const { return index_ >= array_->size(); }

   private:
    const Array* array_;
    std::uint64_t index_ = 0;
  };
  Iterator begin() const
    requires kDeclared
  {
    return Iterator(*this);
  }
  End end() const { return {}; }

 private:
  TypedPlace at_;
};

// K: bool, std::uint64_t, std::int64_t, std::string. kValue: the ordinal of the values' schema node.
template <class K, class Element, schema::Ordinal kValue = schema::kNoOrdinal>
class Table {
  static constexpr bool kDeclared = kValue != schema::kNoOrdinal;

 public:
  explicit Table(TypedPlace at) : at_(std::move(at)) {}

  // The place under `key`. A key comes to exist with the first thing that is written below it, or by touch().
  Element operator[](const K& key) const
    requires kDeclared
  {
    return Element(at_.entry(kValue, Value(key)));
  }
  bool contains(const K& key) const { return at_.has_entry(Value(key)); }
  void touch(const K& key) const
    requires kDeclared
  {
    at_.entry(kValue, Value(key)).edit([](Transaction& tx, const Address& here) { return tx.touch(here); });
  }
  // The key and all that is in it; nothing happens when it is not there.
  void erase(const K& key) const
    requires kDeclared
  {
    at_.entry(kValue, Value(key)).edit([](Transaction& tx, const Address& here) { return tx.remove(here); });
  }
  std::uint64_t size() const { return at_.keys().size(); }
  // Ascending.
  std::vector<K> keys() const {
    std::vector<K> out;
    for (Value& v : at_.keys()) out.push_back(std::get<K>(std::move(v)));
    return out;
  }

 private:
  TypedPlace at_;
};

// The scope of accessors that were generated from the package with this hash (in hexadecimal). unknown_package when the
// document does not know that package (Document::add_package).
Result<TypedScope> typed_scope(const State& state, const BoundView& view, std::string_view package);

// A generated root knows its package.
template <class Root>
concept TypedRoot = std::constructible_from<Root, TypedPlace> && requires {
  { Root::kPackage } -> std::convertible_to<std::string_view>;
};

// Edits through accessors: `f(Root)` returns nothing, or a Status to give up. Returns the first edit's error, if one
// failed, else what f returns.
template <TypedRoot Root, class F>
Status edit(Transaction& tx, F&& f) {
  Result<TypedScope> scope = typed_scope(tx.state(), tx.view(), Root::kPackage);
  if (!scope) return scope.error();
  std::optional<Error> failure;
  scope->tx = &tx;
  scope->failure = &failure;
  Status given;
  if constexpr (std::is_void_v<std::invoke_result_t<F, Root>>) {
    std::invoke(std::forward<F>(f), Root(TypedPlace(*scope)));
  } else {
    given = std::invoke(std::forward<F>(f), Root(TypedPlace(*scope)));
  }
  return failure ? Status(*failure) : given;
}

// One transaction of such edits.
template <TypedRoot Root, class F>
Result<Commit> transact(Document& document, const TransactionOptions& options, F&& f) {
  return document.transact(options, [&](Transaction& tx) { return edit<Root>(tx, std::forward<F>(f)); });
}

// Accessors that read the document as it is; they die with its next change.
template <TypedRoot Root>
Result<Root> read(const Document& document) {
  const Result<TypedScope> scope = typed_scope(document.state(), document.view(), Root::kPackage);
  if (!scope) return scope.error();
  return Root(TypedPlace(*scope));
}

}  // namespace tlfs::document
