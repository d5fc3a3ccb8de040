#include "runtime/document/typed.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::document {

Result<TypedScope> typed_scope(const State& state, const BoundView& view, std::string_view package) {
  const std::optional<Bytes> bytes = from_hex(package);
  crypto::Digest hash{};
  TLFS_CHECK(bytes && bytes->size() == hash.size(), "a package is named by its hash");
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  if (!state.nodes().has(hash))
    return Error(Errc::unknown_package, "these accessors were generated from package " + std::string(package) +
                                            ", which the document does not know; it uses " + view.package->name() +
                                            " " + to_hex(view.package->hash()));
  TypedScope scope;
  scope.state = &state;
  scope.view = &view;
  scope.nodes = &state.nodes().nodes_of(hash);
  return scope;
}

TypedPlace TypedPlace::field(schema::Ordinal node) const {
  if (!there_) return nowhere();
  return {scope_, Address{scope_.nodes->at(node), address_.keys}};
}

TypedPlace TypedPlace::below(schema::Ordinal node, Key key) const {
  TypedPlace out = field(node);
  out.address_.keys.push_back(std::move(key));
  return out;
}

TypedPlace TypedPlace::entry(schema::Ordinal value, Value key) const {
  return there_ ? below(value, Key::of_table(std::move(key))) : nowhere();
}

TypedPlace TypedPlace::element(schema::Ordinal value, std::uint64_t index) const {
  const auto* array = cell<ArrayCell>(CellType::array);
  const std::uint64_t size = array ? array->sequence.visible() : 0;
  if (index >= size) {
    if (scope_.tx && begin())
      fail(Error(Errc::out_of_range, "index " + std::to_string(index) + " of an array of " + std::to_string(size)));
    return nowhere();
  }
  const Lv slot = array->sequence.id(array->sequence.at(index));
  const ElementCell* e = scope_.state->element(slot);
  return below(value, Key::of_element(e ? e->id : slot));
}

TypedPlace TypedPlace::inserted(schema::Ordinal value, std::uint64_t index) const {
  std::optional<Lv> id;
  edit([&](Transaction& tx, const Address& here) -> Status {
    const Result<Lv> made = tx.insert(here, index);
    if (!made) return made.error();
    id = *made;
    return {};
  });
  return id ? below(value, Key::of_element(*id)) : nowhere();
}

std::vector<Value> TypedPlace::values() const {
  std::vector<Value> out;
  if (const auto* reg = cell<RegisterCell>(CellType::reg))
    for (const auto& a : reg->values) out.push_back(a.value);
  return out;
}

Value TypedPlace::value_or_default() const {
  if (const auto* reg = cell<RegisterCell>(CellType::reg))
    if (const Value& v = State::winner(*reg); primitive_of(v) != Primitive::none) return v;
  const std::uint32_t shown = there_ ? scope_.view->shown(address_.node) : schema::kNoOrdinal;
  return shown == schema::kNoOrdinal ? Value() : scope_.view->view->nodes()[shown].default_value;
}

bool TypedPlace::flag() const {
  const auto* flag = cell<FlagCell>(CellType::flag);
  return flag && !flag->enables.empty();
}

std::int64_t TypedPlace::count() const {
  const auto* counter = cell<CounterCell>(CellType::counter);
  return counter ? counter->value() : 0;
}

std::uint64_t TypedPlace::elements() const {
  const auto* array = cell<ArrayCell>(CellType::array);
  return array ? array->sequence.visible() : 0;
}

bool TypedPlace::has_entry(const Value& key) const {
  const auto* table = cell<TableCell>(CellType::table);
  const EntryCell* entry = table ? table->find(key) : nullptr;
  return entry && State::exists(*entry);
}

std::vector<Value> TypedPlace::keys() const {
  std::vector<Value> out;
  if (const auto* table = cell<TableCell>(CellType::table))
    for (const EntryCell* e : Reader::entries(*table)) out.push_back(e->key);
  return out;
}

std::string TypedPlace::text() const {
  std::string out;
  if (const auto* text = cell<TextCell>(CellType::text)) text->sequence.append_text(out);
  return out;
}

TextLength TypedPlace::text_length() const {
  const auto* text = cell<TextCell>(CellType::text);
  return text ? TextLength{text->sequence.visible(), text->sequence.utf16()} : TextLength{};
}

Transaction* TypedPlace::begin() const {
  TLFS_CHECK(scope_.tx, "these accessors read; edits are made with those that edit() passes");
  if (scope_.failure->has_value()) return nullptr;
  TLFS_CHECK(there_, "in a transaction a place that is not there fails it");
  return scope_.tx;
}

void TypedPlace::fail(const Error& why) const { *scope_.failure = why; }

}  // namespace tlfs::document
