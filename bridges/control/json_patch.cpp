#include "bridges/control/json_patch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace tlfs::control {
namespace {

using document::Data;
using document::Member;
using document::Patch;
using document::PatchKind;
using document::Path;
using document::PathStep;
using document::Reader;
using document::Transaction;
using schema::Kind;
using Operation = PatchOperation;

constexpr std::array<std::pair<std::string_view, Operation::Kind>, 7> kNames{{{"add", Operation::Kind::add},
                                                                              {"remove", Operation::Kind::remove},
                                                                              {"replace", Operation::Kind::replace},
                                                                              {"move", Operation::Kind::move},
                                                                              {"copy", Operation::Kind::copy},
                                                                              {"test", Operation::Kind::test},
                                                                              {"splice", Operation::Kind::splice}}};

std::string_view name_of(Operation::Kind kind) { return kNames[static_cast<std::size_t>(kind)].first; }

// ---- reading a patch ----

Error missing(std::string_view member, std::string_view what) {
  return Error(Errc::bad_patch, "\"" + std::string(member) + "\" must be " + std::string(what));
}

Result<std::string> string_member(const Data& operation, std::string_view name) {
  const Data* member = operation.find(name);
  const auto* text = member && member->value() ? std::get_if<std::string>(member->value()) : nullptr;
  if (!text) return missing(name, "a string");
  return *text;
}

Result<std::uint64_t> number_member(const Data& operation, std::string_view name) {
  const Data* member = operation.find(name);
  const std::optional<Value> number = member && member->value() && primitive_of(*member->value()) != Primitive::string
                                          ? document::coerce(*member->value(), Primitive::u64)
                                          : std::nullopt;
  if (!number) return missing(name, "a whole number, not below 0");
  return std::get<std::uint64_t>(*number);
}

Result<Pointer> pointer_member(const Data& operation, std::string_view name) {
  const Result<std::string> text = string_member(operation, name);
  if (!text) return text.error();
  return parse_pointer(*text);
}

Status read_splice(const Data& from, Operation& out) {
  const Result<std::uint64_t> position = number_member(from, "position");
  if (!position) return position.error();
  const Result<std::uint64_t> removed = number_member(from, "removed");
  if (!removed) return removed.error();
  Result<std::string> text = string_member(from, "text");
  if (!text) return text.error();
  out.position = *position;
  out.removed = *removed;
  out.text = std::move(*text);
  return {};
}

Result<Operation> read_operation(const Data& from) {
  if (!from.object()) return Error(Errc::bad_patch, "an operation must be an object");
  const Result<std::string> name = string_member(from, "op");
  if (!name) return name.error();
  Operation out;
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& n) { return n.first == *name; });
  if (found == kNames.end())
    return Error(Errc::bad_patch,
                 "\"op\" must be add, remove, replace, move, copy, test or splice, and is \"" + *name + "\"");
  out.kind = found->second;
  Result<Pointer> path = pointer_member(from, "path");
  if (!path) return path.error();
  out.path = std::move(*path);
  switch (out.kind) {
    case Operation::Kind::move:
    case Operation::Kind::copy: {
      Result<Pointer> source = pointer_member(from, "from");
      if (!source) return source.error();
      out.from = std::move(*source);
      break;
    }
    case Operation::Kind::add:
    case Operation::Kind::replace:
    case Operation::Kind::test: {
      const Data* value = from.find("value");
      if (!value) return missing("value", "there");
      out.value = *value;
      break;
    }
    case Operation::Kind::splice:
      if (const Status s = read_splice(from, out); !s) return s.error();
      break;
    case Operation::Kind::remove:
      break;
  }
  return out;
}

// ---- applying one ----

Error absent(const Pointer& pointer) {
  return Error(Errc::bad_patch, "\"" + pointer_text(pointer) + "\": there is no such place");
}

Result<Target> existing(const Transaction& tx, const Pointer& pointer) {
  Result<Target> target = resolve(tx, pointer);
  if (target && !target->exists) return absent(pointer);
  return target;
}

// As JSON has it, so that it can be written again anywhere.
Result<Data> read(const Transaction& tx, const Path& path) {
  const Result<Reader::Place> place = tx.reader().locate(path);
  if (!place) return place.error();
  return document::parse_json(tx.reader().json_at(*place));
}

// Empties the fields of structs in `data`, which has just been written to the place, that `data` does not name. Ends
// with the schema's depth.
Status clear_unnamed(Transaction& tx, std::uint32_t view_node, const Path& path, const Data& data) {
  const document::BoundView& view = tx.view();
  const schema::ViewNode& node = view.view->nodes()[view_node];
  const Kind kind = tx.state().nodes().at(view.node_of[view_node]).kind;
  if (kind == Kind::structure && data.object()) {
    for (const std::uint32_t field : node.children) {
      Path below = path;
      below.push_back(PathStep::field(view.view->nodes()[field].name));
      const Data* named = data.find(below.back().name);
      Status s = named ? clear_unnamed(tx, field, below, *named) : tx.remove(below);
      if (!s) return s;
    }
  } else if (kind == Kind::table && data.object() && !node.children.empty()) {
    const Primitive type = tx.state().nodes().at(view.node_of[view_node]).primitive;
    for (const Member& m : *data.object()) {
      const std::optional<Value> key =
          type == Primitive::boolean ? Value(m.name == "true") : document::coerce(m.name, type);
      if (!key) continue;  // was refused when it was written
      Path below = path;
      below.push_back(PathStep::of_key(*key));
      if (Status s = clear_unnamed(tx, node.children[0], below, m.value); !s) return s;
    }
  }
  return {};
}

Status put(Transaction& tx, const Target& target, const Data& value) {
  if (Status s = tx.set(target.path, value); !s) return s;
  return clear_unnamed(tx, target.view_node, target.path, value);
}

Status add(Transaction& tx, const Pointer& pointer, const Data& value) {
  const Result<Target> target = resolve(tx, pointer);
  if (!target) return target.error();
  if (!target->element) return put(tx, *target, value);
  Path array = target->path;
  array.pop_back();
  return tx.insert(array, target->path.back().index, {value});
}

Status remove(Transaction& tx, const Pointer& pointer) {
  const Result<Target> target = existing(tx, pointer);
  if (!target) return target.error();
  return tx.remove(target->path);
}

bool begins_with(const Pointer& pointer, const Pointer& start) {
  return pointer.size() >= start.size() && std::equal(start.begin(), start.end(), pointer.begin());
}

Status move(Transaction& tx, const Pointer& from, const Pointer& to) {
  const Result<Target> source = existing(tx, from);
  if (!source) return source.error();
  if (from == to) return {};
  if (begins_with(to, from))
    return Error(Errc::bad_patch,
                 "\"" + pointer_text(from) + "\" cannot be moved into itself, to \"" + pointer_text(to) + "\"");
  const bool siblings =
      source->element && from.size() == to.size() && std::equal(from.begin(), from.end() - 1, to.begin(), to.end() - 1);
  if (!siblings) {
    const Result<Data> value = read(tx, source->path);
    if (!value) return value.error();
    if (Status s = tx.remove(source->path); !s) return s;
    return add(tx, to, *value);
  }
  const Result<Target> target = resolve(tx, to);
  if (!target) return target.error();
  // The array has one element less when the element is put back.
  const std::uint64_t last = source->array_size - 1;
  const std::uint64_t index = to.back() == "-" ? last : target->path.back().index;
  if (index > last)
    return Error(Errc::bad_patch, "\"" + pointer_text(to) + "\": index " + std::to_string(index) + " of an array of " +
                                      std::to_string(last) + " once the element is taken out");
  Path array = source->path;
  array.pop_back();
  const auto address = tx.address(array);
  if (!address) return address.error();
  return tx.move(*address, source->path.back().index, index);
}

Status copy(Transaction& tx, const Pointer& from, const Pointer& to) {
  const Result<Target> source = existing(tx, from);
  if (!source) return source.error();
  const Result<Data> value = read(tx, source->path);
  if (!value) return value.error();
  return add(tx, to, *value);
}

std::string shortened(const Data& data) {
  constexpr std::size_t kShown = 60;
  std::string text = document::to_json(data);
  if (text.size() <= kShown) return text;
  std::size_t cut = kShown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
  return text.substr(0, cut) + "...";
}

Status test(Transaction& tx, const Pointer& pointer, const Data& value) {
  const Result<Target> target = existing(tx, pointer);
  if (!target) return target.error();
  const Result<Data> there = read(tx, target->path);
  if (!there) return there.error();
  if (equal_json(*there, value)) return {};
  return Error(Errc::test_failed, "the value is " + shortened(*there) + ", not " + shortened(value));
}

Status splice(Transaction& tx, const Operation& operation) {
  const Result<Target> target = existing(tx, operation.path);
  if (!target) return target.error();
  const auto address = tx.address(target->path);
  if (!address) return address.error();
  return tx.splice(*address, operation.position, operation.removed, operation.text);
}

Status apply(Transaction& tx, const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::add:
      return add(tx, operation.path, operation.value);
    case Operation::Kind::remove:
      return remove(tx, operation.path);
    case Operation::Kind::replace: {
      const Result<Target> target = existing(tx, operation.path);
      return target ? put(tx, *target, operation.value) : Status(target.error());
    }
    case Operation::Kind::move:
      return move(tx, operation.from, operation.path);
    case Operation::Kind::copy:
      return copy(tx, operation.from, operation.path);
    case Operation::Kind::test:
      return test(tx, operation.path, operation.value);
    case Operation::Kind::splice:
      return splice(tx, operation);
  }
  return {};
}

// ---- writing a patch ----

Data text(std::string s) { return Data(Value(std::move(s))); }
Data number(std::uint64_t n) { return Data(Value(n)); }

void write(const Patch& patch, Data::Array& out) {
  const std::string path = pointer_text(patch.path);
  const auto child = [&](std::uint64_t index) { return text(path + "/" + std::to_string(index)); };
  switch (patch.kind) {
    case PatchKind::set: {
      // A key may appear; everything else is there already.
      const bool key = !patch.path.empty() && patch.path.back().kind == PathStep::Kind::key;
      out.push_back(
          Data(Data::Object{{"op", text(key ? "add" : "replace")}, {"path", text(path)}, {"value", patch.value}}));
      break;
    }
    case PatchKind::remove:
      if (patch.count == 0) out.push_back(Data(Data::Object{{"op", text("remove")}, {"path", text(path)}}));
      for (std::uint64_t i = 0; i < patch.count; ++i)
        out.push_back(Data(Data::Object{{"op", text("remove")}, {"path", child(patch.index)}}));
      break;
    case PatchKind::insert:
      for (std::size_t i = 0; i < patch.values.size(); ++i)
        out.push_back(
            Data(Data::Object{{"op", text("add")}, {"path", child(patch.index + i)}, {"value", patch.values[i]}}));
      break;
    case PatchKind::move:
      out.push_back(Data(Data::Object{{"op", text("move")}, {"from", child(patch.index)}, {"path", child(patch.to)}}));
      break;
    case PatchKind::splice:
      out.push_back(Data(Data::Object{{"op", text("splice")},
                                      {"path", text(path)},
                                      {"position", number(patch.position.code_points)},
                                      {"removed", number(patch.removed.code_points)},
                                      {"text", text(patch.text)}}));
      break;
    case PatchKind::conflict:
      out.push_back(Data(Data::Object{{"op", text("conflict")}, {"path", text(path)}, {"values", Data(patch.values)}}));
      break;
  }
}

// ---- comparing ----

bool is_number(const Value& v) {
  const Primitive p = primitive_of(v);
  return p == Primitive::u64 || p == Primitive::i64 || p == Primitive::f64;
}

bool equal_numbers(const Value& a, const Value& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x && y) return *x == *y;
  if (x || y) {
    // A whole one equals an integer when it is exactly that.
    const double d = x ? *x : *y;
    const Value& other = x ? b : a;
    if (d != std::floor(d)) return false;
    if (const auto* i = std::get_if<std::int64_t>(&other))
      return d >= -0x1p63 && d < 0x1p63 && static_cast<std::int64_t>(d) == *i;
    return d >= 0 && d < 0x1p64 && static_cast<std::uint64_t>(d) == std::get<std::uint64_t>(other);
  }
  const auto* i = std::get_if<std::int64_t>(&a);
  const auto* j = std::get_if<std::int64_t>(&b);
  if (i && j) return *i == *j;
  if (i || j) {
    const std::int64_t s = i ? *i : *j;
    return s >= 0 && static_cast<std::uint64_t>(s) == std::get<std::uint64_t>(i ? b : a);
  }
  return a == b;
}

}  // namespace

bool equal_json(const Data& a, const Data& b) {
  if (const Value* v = a.value()) {
    const Value* w = b.value();
    if (!w) return false;
    return is_number(*v) && is_number(*w) ? equal_numbers(*v, *w) : *v == *w;
  }
  if (const Data::Array* x = a.array()) {
    const Data::Array* y = b.array();
    return y && std::equal(x->begin(), x->end(), y->begin(), y->end(), equal_json);
  }
  const Data::Object* x = a.object();
  const Data::Object* y = b.object();
  if (!y || x->size() != y->size()) return false;
  // Sorted, so that a large table costs no square.
  const auto sorted = [](const Data::Object& o) {
    std::vector<const Member*> out;
    for (const Member& m : o) out.push_back(&m);
    std::sort(out.begin(), out.end(), [](const Member* l, const Member* r) { return l->name < r->name; });
    return out;
  };
  const auto left = sorted(*x);
  const auto right = sorted(*y);
  return std::equal(left.begin(), left.end(), right.begin(), [](const Member* l, const Member* r) {
    return l->name == r->name && equal_json(l->value, r->value);
  });
}

Result<std::vector<PatchOperation>> parse_json_patch(const Data& patch) {
  const Data::Array* list = patch.array();
  if (!list) return Error(Errc::bad_patch, "a JSON patch is an array of operations");
  if (list->size() > kMaxPatchOperations)
    return Error(Errc::bad_patch, "more than " + std::to_string(kMaxPatchOperations) + " operations in one patch");
  std::vector<PatchOperation> out;
  out.reserve(list->size());
  for (const Data& one : *list) {
    Result<Operation> operation = read_operation(one);
    if (!operation) return operation.error().within("operation " + std::to_string(out.size() + 1));
    out.push_back(std::move(*operation));
  }
  return out;
}

Status apply_json_patch(Transaction& tx, const std::vector<PatchOperation>& operations) {
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& one = operations[i];
    if (const Status s = apply(tx, one); !s)
      return s.error().within("operation " + std::to_string(i + 1) + " (" + std::string(name_of(one.kind)) + " \"" +
                              pointer_text(one.path) + "\")");
  }
  return {};
}

Data as_json_patch(const std::vector<Patch>& patches) {
  Data::Array out;
  for (const Patch& p : patches) write(p, out);
  return Data(std::move(out));
}

Data as_json_patch(const Data& snapshot) {
  return Data(Data::Array{Data(Data::Object{{"op", text("replace")}, {"path", text("")}, {"value", snapshot}})});
}

}  // namespace tlfs::control
