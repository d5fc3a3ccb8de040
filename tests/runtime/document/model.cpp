#include "tests/runtime/document/model.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace tlfs::document::testing {

using schema::Kind;

namespace {

bool is_addition(OperationKind kind) {
  switch (kind) {
    case OperationKind::assign:
    case OperationKind::enable:
    case OperationKind::increment:
    case OperationKind::touch:
    case OperationKind::insert:
    case OperationKind::restore:
    case OperationKind::text_insert:
    case OperationKind::text_restore:
      return true;
    default:
      return false;
  }
}

bool is_item(OperationKind kind) {
  return kind == OperationKind::insert || kind == OperationKind::move || kind == OperationKind::text_insert;
}

}  // namespace

Model::Model(std::vector<ModelNode> nodes, std::vector<ModelOperation> operations, std::vector<std::vector<bool>> pasts)
    : nodes_(std::move(nodes)), operations_(std::move(operations)), pasts_(std::move(pasts)) {
  placed_.assign(operations_.size(), false);
  acts_.assign(operations_.size(), false);
  for (int op = 0; op < static_cast<int>(operations_.size()); ++op) {
    if (!has_effect(op)) continue;
    placed_[op] = is_item(operations_[op].kind);
    acts_[op] = !operations_[op].voided;
  }
}

bool Model::saw(int a, int b) const {
  const int in = operations_[a].change, of = operations_[b].change;
  return in == of ? b < a : pasts_[in][of];
}

bool Model::is_above(int node, int below) const {
  for (; below >= 0; below = nodes_[below].parent)
    if (below == node) return true;
  return false;
}

bool Model::is_below(const ModelPlace& place, int node, const std::vector<ModelKey>& keys) const {
  return is_above(node, place.node) && place.keys.size() >= keys.size() &&
         std::equal(keys.begin(), keys.end(), place.keys.begin());
}

// ---- which operations have an effect
// ----------------------------------------------------------------------------------

// The keys are those that the node's tables and arrays want, and its elements were there for the operation to see.
bool Model::address_fits(int op) const {
  const ModelPlace& place = operations_[op].place;
  std::vector<int> containers;  // tables and arrays strictly above, outermost first
  for (int n = nodes_[place.node].parent; n >= 0; n = nodes_[n].parent)
    if (nodes_[n].kind == Kind::table || nodes_[n].kind == Kind::array) containers.insert(containers.begin(), n);
  if (containers.size() != place.keys.size()) return false;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const ModelNode& above = nodes_[containers[i]];
    if (above.kind == Kind::table) {
      const Value* key = std::get_if<Value>(&place.keys[i]);
      if (!key || primitive_of(*key) != above.primitive) return false;
    } else {
      const int* element = std::get_if<int>(&place.keys[i]);
      const ModelPlace array{containers[i], {place.keys.begin(), place.keys.begin() + static_cast<std::ptrdiff_t>(i)}};
      if (!element || *element < 0 || !saw(op, *element)) return false;
      if (operations_[*element].kind != OperationKind::insert || !in_sequence(*element, array)) return false;
    }
  }
  return true;
}

bool Model::in_sequence(int item, const ModelPlace& place) const {
  return placed_[item] && operations_[item].place == place;
}

bool Model::has_effect(int op) const {
  const ModelOperation& o = operations_[op];
  if (o.kind == OperationKind::remove) return true;
  if (!address_fits(op)) return false;
  const ModelNode& node = nodes_[o.place.node];
  const auto seen_item = [&](int item) { return item >= 0 && saw(op, item) && in_sequence(item, o.place); };
  const bool place_fits = o.parent == kBeginning ? o.side == Side::right : seen_item(o.parent);
  switch (o.kind) {
    case OperationKind::assign:
      return node.kind == Kind::reg && std::all_of(o.values.begin(), o.values.end(), [&](const Value& v) {
               return primitive_of(v) == node.primitive &&
                      (node.primitive != Primitive::f64 || std::isfinite(std::get<double>(v)));
             });
    case OperationKind::enable:
    case OperationKind::disable:
      return node.kind == Kind::flag;
    case OperationKind::increment:
    case OperationKind::reset:
      return node.kind == Kind::counter;
    case OperationKind::touch:
      return node.parent >= 0 && nodes_[node.parent].kind == Kind::table;
    case OperationKind::insert:
      return node.kind == Kind::array && place_fits;
    case OperationKind::text_insert:
      return node.kind == Kind::text && place_fits;
    case OperationKind::move:
      return node.kind == Kind::array && place_fits && seen_item(o.subject) &&
             operations_[o.subject].kind == OperationKind::insert;
    case OperationKind::erase:
    case OperationKind::restore:
      return node.kind == Kind::array && seen_item(o.subject) && operations_[o.subject].kind == OperationKind::insert;
    case OperationKind::text_erase:
    case OperationKind::text_restore:
      return node.kind == Kind::text && seen_item(o.subject);
    default:
      return false;
  }
}

// ---- what is removed
// --------------------------------------------------------------------------------------------------

// A removal of a table entry takes the entry with it; any other one what is at the place and below. Both stay in their
// compartment.
bool Model::covers(const ModelOperation& remove, const ModelPlace& place) const {
  const int node = remove.place.node;
  if (nodes_[node].compartment != nodes_[place.node].compartment) return false;
  const int above = nodes_[node].parent;
  const bool entry = above >= 0 && nodes_[above].kind == Kind::table;
  return is_below(place, entry ? above : node, remove.place.keys);
}

bool Model::removes(int remover, int addition) const {
  const ModelOperation &r = operations_[remover], &a = operations_[addition];
  if (!acts_[remover] || !saw(remover, addition)) return false;
  if (r.kind == OperationKind::remove) return covers(r, a.place);
  if (!(r.place == a.place)) return false;
  switch (a.kind) {
    case OperationKind::assign:
      return r.kind == OperationKind::assign;
    case OperationKind::enable:
      return r.kind == OperationKind::disable;
    case OperationKind::increment:
      return r.kind == OperationKind::reset;
    case OperationKind::text_insert:
      return r.kind == OperationKind::text_erase && r.subject == addition;
    case OperationKind::text_restore:
      return r.kind == OperationKind::text_erase && r.subject == a.subject;
    default:
      return false;
  }
}

bool Model::is_live(int addition) const {
  if (!acts_[addition]) return false;
  for (int r = 0; r < static_cast<int>(operations_.size()); ++r)
    if (removes(r, addition)) return false;
  return true;
}

// ---- arrays and texts
// -------------------------------------------------------------------------------------------------

// Its insertion, a restore of it, or an addition below it in the array's compartment.
bool Model::keeps_alive(int addition, int element) const {
  const ModelOperation &a = operations_[addition], &e = operations_[element];
  if (!acts_[addition] || !is_addition(a.kind)) return false;
  if (addition == element) return true;
  if (a.kind == OperationKind::restore && a.subject == element) return true;
  std::vector<ModelKey> inside = e.place.keys;
  inside.emplace_back(element);
  return nodes_[a.place.node].compartment == nodes_[e.place.node].compartment &&
         is_below(a.place, e.place.node, inside);
}

bool Model::kills(int remover, int element) const {
  const ModelOperation& r = operations_[remover];
  if (!acts_[remover]) return false;
  return r.kind == OperationKind::remove ? covers(r, operations_[element].place)
                                         : r.kind == OperationKind::erase && r.subject == element;
}

// Update wins over delete: alive while one addition is concurrent with, or later than, every removal.
bool Model::is_alive(int element) const {
  for (int a = element; a < static_cast<int>(operations_.size()); ++a) {
    if (!keeps_alive(a, element)) continue;
    bool survives = true;
    for (int r = a; survives && r < static_cast<int>(operations_.size()); ++r)
      survives = !(saw(r, a) && kills(r, element));
    if (survives) return true;
  }
  return false;
}

bool Model::is_shown(int character) const {
  if (is_live(character)) return true;
  for (int r = character; r < static_cast<int>(operations_.size()); ++r)
    if (operations_[r].kind == OperationKind::text_restore && operations_[r].subject == character && is_live(r))
      return true;
  return false;
}

// The highest move decides; without one the insertion.
int Model::slot_of(int element) const {
  int slot = element;
  for (int m = element; m < static_cast<int>(operations_.size()); ++m) {
    if (!acts_[m] || operations_[m].kind != OperationKind::move || operations_[m].subject != element) continue;
    if (slot == element || operations_[m].rank > operations_[slot].rank) slot = m;
  }
  return slot;
}

// The tree of places, read from left to right.
std::vector<int> Model::in_order(const ModelPlace& sequence) const {
  std::vector<int> items;
  for (int i = 0; i < static_cast<int>(operations_.size()); ++i)
    if (in_sequence(i, sequence)) items.push_back(i);
  std::sort(items.begin(), items.end(), [&](int a, int b) { return operations_[a].rank < operations_[b].rank; });
  std::vector<int> out;
  for (int item : items)
    if (operations_[item].parent == kBeginning) visit(item, items, out);
  return out;
}

void Model::visit(int item, const std::vector<int>& items, std::vector<int>& out) const {
  for (int child : items)
    if (operations_[child].parent == item && operations_[child].side == Side::left) visit(child, items, out);
  out.push_back(item);
  for (int child : items)
    if (operations_[child].parent == item && operations_[child].side == Side::right) visit(child, items, out);
}

// ---- tables and registers
// ---------------------------------------------------------------------------------------------

// A key exists while it is touched or something below it is there; an element counts as one thing, whatever is in it.
bool Model::exists(int table, const std::vector<ModelKey>& keys) const {
  for (int i = 0; i < static_cast<int>(operations_.size()); ++i) {
    const ModelOperation& o = operations_[i];
    if (!is_below(o.place, table, keys)) continue;
    const bool in_element =
        std::any_of(o.place.keys.begin() + static_cast<std::ptrdiff_t>(keys.size()), o.place.keys.end(),
                    [](const ModelKey& k) { return std::holds_alternative<int>(k); });
    if (in_element) continue;
    // An element whose insertion is voided may live by what was added below it.
    if (o.kind == OperationKind::insert ? placed_[i] && is_alive(i)
                                        : o.kind != OperationKind::restore && is_addition(o.kind) && is_live(i))
      return true;
  }
  return false;
}

std::vector<Value> Model::keys_of(const ModelPlace& table) const {
  std::set<Value> keys;
  for (int i = 0; i < static_cast<int>(operations_.size()); ++i) {
    const ModelPlace& place = operations_[i].place;
    if (place.keys.size() <= table.keys.size() || !is_below(place, table.node, table.keys)) continue;
    if (const Value* key = std::get_if<Value>(&place.keys[table.keys.size()])) keys.insert(*key);
  }
  std::vector<Value> out;
  for (const Value& key : keys) {
    std::vector<ModelKey> below = table.keys;
    below.emplace_back(key);
    if (exists(table.node, below)) out.push_back(key);
  }
  return out;
}

std::vector<Value> Model::values_of(const ModelPlace& reg) const {
  std::vector<int> live;
  for (int i = 0; i < static_cast<int>(operations_.size()); ++i)
    if (operations_[i].kind == OperationKind::assign && operations_[i].place == reg && is_live(i)) live.push_back(i);
  std::sort(live.begin(), live.end(), [&](int a, int b) { return operations_[a].rank > operations_[b].rank; });
  std::vector<Value> out;
  for (int i : live) out.insert(out.end(), operations_[i].values.begin(), operations_[i].values.end());
  return out;
}

// ---- the value
// --------------------------------------------------------------------------------------------------------

struct Model::Render {
  const Model& model;
  const schema::Package& package;
  const schema::View& view;
  std::vector<std::vector<Value>> assignments;

  int node_of(std::uint32_t view_node) const {
    const schema::NodeId& id = package.nodes()[view.nodes()[view_node].node].id;
    for (std::size_t i = 0; i < model.nodes_.size(); ++i)
      if (model.nodes_[i].id == id) return static_cast<int>(i);
    return -1;
  }

  Data at(std::uint32_t view_node, const std::vector<ModelKey>& keys) {
    const schema::ViewNode& shown = view.nodes()[view_node];
    const ModelPlace place{node_of(view_node), keys};
    const auto inside = [&](ModelKey key) {
      std::vector<ModelKey> all = keys;
      all.push_back(std::move(key));
      return all;
    };
    switch (model.nodes_[place.node].kind) {
      case Kind::structure: {
        Data::Object object;
        for (std::uint32_t field : shown.children) object.push_back({view.nodes()[field].name, at(field, keys)});
        return object;
      }
      case Kind::table: {
        Data::Object object;
        for (const Value& key : model.keys_of(place))
          object.push_back({key_text(key), shown.children.empty() ? Data() : at(shown.children[0], inside(key))});
        return object;
      }
      case Kind::array: {
        Data::Array array;
        if (shown.children.empty()) return array;
        for (int item : model.in_order(place)) {
          const ModelOperation& o = model.operations_[item];
          const int element = o.kind == OperationKind::move ? o.subject : item;
          if (model.slot_of(element) == item && model.is_alive(element))
            array.push_back(at(shown.children[0], inside(element)));
        }
        return array;
      }
      case Kind::text: {
        std::string text;
        for (int item : model.in_order(place))
          if (model.is_shown(item)) text += model.operations_[item].text;
        return Value(text);
      }
      case Kind::reg: {
        std::vector<Value> values = model.values_of(place);
        if (values.empty()) return shown.default_value;
        assignments.push_back(values);
        return values.front();
      }
      case Kind::flag: {
        bool on = false;
        for (int i = 0; i < static_cast<int>(model.operations_.size()); ++i)
          on = on || (model.operations_[i].kind == OperationKind::enable && model.operations_[i].place == place &&
                      model.is_live(i));
        return Value(on);
      }
      case Kind::counter: {
        std::uint64_t sum = 0;
        for (int i = 0; i < static_cast<int>(model.operations_.size()); ++i)
          if (model.operations_[i].kind == OperationKind::increment && model.operations_[i].place == place &&
              model.is_live(i))
            sum += static_cast<std::uint64_t>(model.operations_[i].amount);
        return Value(static_cast<std::int64_t>(sum));
      }
    }
    return {};
  }
};

Data Model::value(const schema::Package& package, const schema::View& view) const {
  return Render{*this, package, view, {}}.at(0, {});
}

std::vector<std::vector<Value>> Model::assignments(const schema::Package& package, const schema::View& view) const {
  Render render{*this, package, view, {}};
  render.at(0, {});
  return std::move(render.assignments);
}

}  // namespace tlfs::document::testing
