#include "runtime/document/reader.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "runtime/document/json_writer.h"

namespace tlfs::document {
namespace {

using schema::Kind;

// Writes JSON text.
template <class Writer>
struct JsonSink {
  Writer& out;
  void begin_object() { out.StartObject(); }
  void key(std::string_view name) { out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void end_object() { out.EndObject(); }
  void begin_array() { out.StartArray(); }
  void end_array() { out.EndArray(); }
  void value(const Value& v) { write_json_value(out, v); }
  void text(const Sequence& s) {
    std::string all;
    s.append_text(all);
    write_json_string(out, all);
  }
  void concurrent(const RegisterCell& /*reg*/) {}
};

// Builds a Data.
struct DataSink {
  std::vector<Data> stack;
  Data result;
  std::vector<const RegisterCell*>* conflicts = nullptr;  // null: nobody asks

  void put(Data d) {
    if (stack.empty()) {
      result = std::move(d);
    } else if (Data::Array* a = stack.back().array()) {
      a->push_back(std::move(d));
    } else {
      stack.back().object()->back().value = std::move(d);
    }
  }
  void close() {
    Data d = std::move(stack.back());
    stack.pop_back();
    put(std::move(d));
  }
  void begin_object() { stack.emplace_back(Data::Object()); }
  void key(std::string_view name) { stack.back().object()->push_back({std::string(name), {}}); }
  void end_object() { close(); }
  void begin_array() { stack.emplace_back(Data::Array()); }
  void end_array() { close(); }
  void value(const Value& v) { put(Data(v)); }
  void text(const Sequence& s) {
    std::string all;
    s.append_text(all);
    put(Data(Value(std::move(all))));
  }
  void concurrent(const RegisterCell& reg) {
    if (conflicts && conflicts->size() < kMaxConflictsOfValue) conflicts->push_back(&reg);
  }
};

}  // namespace

std::vector<const EntryCell*> Reader::entries(const TableCell& table) {
  std::vector<const EntryCell*> out;
  for (const EntryCell* e : table.entries)
    if (State::exists(*e)) out.push_back(e);
  std::sort(out.begin(), out.end(), [](const EntryCell* a, const EntryCell* b) { return key_before(a->key, b->key); });
  return out;
}

// The cell of a node within a dynamic context. Hoisting and plunging move names only between structs, so every field of
// a view's struct is reached from the entry, element or root around it by birth names.
const Cell* Reader::cell_in(const BranchCell* context, NodeIndex node) const {
  const std::vector<NodeIndex>& chain = state_.nodes().at(node).chain;
  std::size_t i = chain.size() - 1;
  while (i > 0) {
    const Kind above = state_.nodes().at(chain[i - 1]).kind;
    if (above == Kind::table || above == Kind::array) break;
    --i;
  }
  const Cell* cell = i == 0 ? state_.root() : context ? context->child(chain[i]) : nullptr;
  while (cell && ++i < chain.size())
    cell = cell->type == CellType::structure ? static_cast<const BranchCell*>(cell)->child(chain[i]) : nullptr;
  return cell;
}

template <class Sink>
void Reader::walk(Sink& sink, std::uint32_t view_node, const BranchCell* context, const Cell* cell) const {
  const schema::ViewNode& place = shown(view_node);
  const NodeIndex node = view_.node_of[view_node];
  const std::uint32_t below = place.children.empty() ? schema::kNoOrdinal : place.children[0];
  switch (state_.nodes().at(node).kind) {
    case Kind::structure:
      sink.begin_object();
      for (std::uint32_t field : place.children) {
        sink.key(shown(field).name);
        const NodeIndex n = view_.node_of[field];
        // The usual field was born here; one that was hoisted or plunged has to be looked for.
        const bool here = state_.nodes().at(n).parent == node;
        walk(sink, field, context,
             !here  ? cell_in(context, n)
             : cell ? static_cast<const BranchCell*>(cell)->child(n)
                    : nullptr);
      }
      sink.end_object();
      return;
    case Kind::table:
      sink.begin_object();
      if (cell) {
        for (const EntryCell* e : entries(static_cast<const TableCell&>(*cell))) {
          sink.key(key_text(e->key));
          if (below == schema::kNoOrdinal) {
            sink.value(Value());
          } else {
            walk(sink, below, e, e->child(view_.node_of[below]));
          }
        }
      }
      sink.end_object();
      return;
    case Kind::array:
      sink.begin_array();
      if (cell && below != schema::kNoOrdinal) {
        const NodeIndex n = view_.node_of[below];
        static_cast<const ArrayCell&>(*cell).sequence.for_each_span([&](const Span& s, std::string_view) {
          if (!s.visible) return;
          for (Lv slot = s.id; slot < s.id + s.length; ++slot) {
            const ElementCell* e = state_.element(slot);
            walk(sink, below, e, e ? e->child(n) : nullptr);
          }
        });
      }
      sink.end_array();
      return;
    case Kind::text:
      if (cell) {
        sink.text(static_cast<const TextCell&>(*cell).sequence);
      } else {
        sink.value(Value(std::string()));
      }
      return;
    case Kind::reg: {
      const Value& v = cell ? State::winner(static_cast<const RegisterCell&>(*cell)) : place.default_value;
      sink.value(v.index() == 0 ? place.default_value : v);
      if (cell && static_cast<const RegisterCell&>(*cell).values.size() > 1)
        sink.concurrent(static_cast<const RegisterCell&>(*cell));
      return;
    }
    case Kind::flag:
      sink.value(Value(cell && !static_cast<const FlagCell&>(*cell).enables.empty()));
      return;
    case Kind::counter:
      sink.value(Value(cell ? static_cast<const CounterCell&>(*cell).value() : std::int64_t{0}));
      return;
  }
}

Data Reader::data_at(std::uint32_t view_node, const BranchCell* context, const Cell* cell) const {
  DataSink sink;
  walk(sink, view_node, context, cell);
  return std::move(sink.result);
}

Data Reader::data_at(std::uint32_t view_node, const BranchCell* context, const Cell* cell,
                     std::vector<Patch>& conflicts) const {
  std::vector<const RegisterCell*> found;
  DataSink sink;
  sink.conflicts = &found;
  walk(sink, view_node, context, cell);
  for (const RegisterCell* reg : found) {
    if (conflicts.size() >= kMaxConflictsOfValue) break;
    std::optional<Path> path = path_of(*reg);
    if (!path) continue;
    Patch& patch = conflicts.emplace_back();
    patch.kind = PatchKind::conflict;
    patch.path = std::move(*path);
    for (const Assignment& a : reg->values) patch.values.emplace_back(a.value);
  }
  return std::move(sink.result);
}

std::string Reader::json_at(const Place& place, bool pretty) const {
  rapidjson::StringBuffer buffer;
  if (pretty) {
    rapidjson::PrettyWriter<rapidjson::StringBuffer> out(buffer);
    out.SetIndent(' ', 2);
    JsonSink<decltype(out)> sink{out};
    walk(sink, place.view_node, place.context, place.cell);
  } else {
    rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
    JsonSink<decltype(out)> sink{out};
    walk(sink, place.view_node, place.context, place.cell);
  }
  return {buffer.GetString(), buffer.GetSize()};
}

std::string Reader::json(bool pretty) const { return json_at({0, nullptr, state_.root(), true, {}}, pretty); }

Result<Reader::Place> Reader::locate(const Path& path) const {
  Place at;
  at.cell = state_.root();
  at.address.node = view_.node_of[0];
  for (std::size_t i = 0; i < path.size(); ++i) {
    const PathStep& step = path[i];
    const auto fail = [&](Errc code, const std::string& what) {
      return Error(code, path_text(path) + ": " + what + " (at " +
                             path_text(Path(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(i))) + ")");
    };
    const NodeInfo& info = state_.nodes().at(view_.node_of[at.view_node]);
    const auto& children = shown(at.view_node).children;
    switch (step.kind) {
      case PathStep::Kind::field: {
        if (info.kind != Kind::structure)
          return fail(Errc::no_such_place, "a " + schema::type_name(info.kind, info.primitive) + " has no fields");
        const std::uint32_t field = view_.view->field(at.view_node, step.name);
        if (field == schema::kNoOrdinal)
          return fail(Errc::no_such_place, "version " + view_.view->version() + " has no field \"" + step.name + "\"");
        at.view_node = field;
        at.address.node = view_.node_of[field];
        at.cell = cell_in(at.context, at.address.node);
        break;
      }
      case PathStep::Kind::key: {
        if (info.kind != Kind::table)
          return fail(Errc::no_such_place, "a " + schema::type_name(info.kind, info.primitive) + " has no keys");
        if (children.empty()) return fail(Errc::no_such_place, "the table's values have no declared type");
        Value key = step.key;
        if (info.primitive == Primitive::u64 && primitive_of(key) == Primitive::i64 && std::get<std::int64_t>(key) >= 0)
          key = static_cast<std::uint64_t>(std::get<std::int64_t>(key));
        if (primitive_of(key) != info.primitive)
          return fail(Errc::wrong_kind,
                      "the table's keys are of type " + std::string(schema::primitive_name(info.primitive)));
        const EntryCell* e = at.cell ? static_cast<const TableCell*>(at.cell)->find(key) : nullptr;
        at.view_node = children[0];
        at.address.node = view_.node_of[at.view_node];
        at.address.keys.push_back(Key::of_table(std::move(key)));
        at.context = e;
        at.cell = e ? e->child(at.address.node) : nullptr;
        at.present = at.present && e && State::exists(*e);
        break;
      }
      case PathStep::Kind::index: {
        if (info.kind != Kind::array)
          return fail(Errc::no_such_place, "a " + schema::type_name(info.kind, info.primitive) + " has no elements");
        if (children.empty()) return fail(Errc::no_such_place, "the array's values have no declared type");
        const auto* array = static_cast<const ArrayCell*>(at.cell);
        const std::uint64_t size = array ? array->sequence.visible() : 0;
        if (step.index >= size)
          return fail(Errc::out_of_range,
                      "index " + std::to_string(step.index) + " of an array of " + std::to_string(size));
        const Lv slot = array->sequence.id(array->sequence.at(step.index));
        const ElementCell* e = state_.element(slot);
        at.view_node = children[0];
        at.address.node = view_.node_of[at.view_node];
        at.address.keys.push_back(Key::of_element(e ? e->id : slot));
        at.context = e;
        at.cell = e ? e->child(at.address.node) : nullptr;
        break;
      }
    }
  }
  return at;
}

std::optional<Path> Reader::path_of(const Cell& cell) const {
  const std::uint32_t place = view_.shown(cell.node);
  if (place == schema::kNoOrdinal) return std::nullopt;
  return path_of(place, cell.parent);
}

std::optional<Path> Reader::path_of(std::uint32_t view_node, const Cell* context) const {
  Path path;
  while (view_node != 0) {
    const schema::ViewNode& place = shown(view_node);
    const Kind above = state_.nodes().at(view_.node_of[place.parent]).kind;
    if (above == Kind::structure) {
      path.push_back(PathStep::field(place.name));
    } else {
      while (context && context->type != CellType::entry && context->type != CellType::element)
        context = context->parent;
      if (!context || !State::exists(*context)) return std::nullopt;
      if (above == Kind::table) {
        path.push_back(PathStep::of_key(static_cast<const EntryCell*>(context)->key));
      } else {
        const auto* e = static_cast<const ElementCell*>(context);
        const Sequence& sequence = static_cast<const ArrayCell*>(e->parent)->sequence;
        path.push_back(PathStep::at(sequence.position(sequence.find(e->slot))));
      }
      context = context->parent;
    }
    view_node = place.parent;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace tlfs::document
