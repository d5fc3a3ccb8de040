#include "actors/document/edit.h"

#include <algorithm>

#include "actors/document/errors.h"

namespace tlfs::document_actor {

using document::Address;
using document::Path;
using document::Transaction;

Edit& Edits::at(EditKind kind, std::string_view path) {
  Edit& edit = list_.emplace_back();
  edit.kind = kind;
  Result<Path> parsed = document::parse_path(path);
  if (parsed) {
    edit.place = std::move(*parsed);
  } else if (status_) {
    status_ = parsed.error();
  }
  return edit;
}

Edits& Edits::set(std::string_view path, document::Data value) {
  at(EditKind::set, path).value = std::move(value);
  return *this;
}
Edits& Edits::remove(std::string_view path) {
  at(EditKind::remove, path);
  return *this;
}
Edits& Edits::insert(std::string_view array, std::uint64_t index, std::vector<document::Data> values) {
  Edit& edit = at(EditKind::insert, array);
  edit.index = index;
  edit.values = std::move(values);
  return *this;
}
Edits& Edits::erase(std::string_view array, std::uint64_t index, std::uint64_t count) {
  Edit& edit = at(EditKind::erase, array);
  edit.index = index;
  edit.count = count;
  return *this;
}
Edits& Edits::move(std::string_view array, std::uint64_t from, std::uint64_t to) {
  Edit& edit = at(EditKind::move, array);
  edit.index = from;
  edit.to = to;
  return *this;
}
Edits& Edits::splice(std::string_view text, std::uint64_t position, std::uint64_t removed, std::string inserted) {
  Edit& edit = at(EditKind::splice, text);
  edit.index = position;
  edit.count = removed;
  edit.text = std::move(inserted);
  return *this;
}
Edits& Edits::increment(std::string_view counter, std::int64_t by) {
  at(EditKind::increment, counter).amount = by;
  return *this;
}
Edits& Edits::reset(std::string_view counter) {
  at(EditKind::reset, counter);
  return *this;
}
Edits& Edits::touch(std::string_view entry) {
  at(EditKind::touch, entry);
  return *this;
}
Edits& Edits::add(Edit edit) {
  list_.push_back(std::move(edit));
  return *this;
}

namespace {

// Sets a register and keeps what whoever made the edit had not seen.
Status set_beside(Transaction& tx, const Edit& edit, const Path& path) {
  const Result<document::Reader::Place> place = tx.reader().locate(path);
  if (!place) return place.error();
  const document::NodeInfo& info = tx.state().nodes().at(place->address.node);
  if (info.kind != schema::Kind::reg)
    return Error(Errc::malformed,
                 document::path_text(path) + ": only a register is set beside what was not seen there");
  const auto value_of = [&](const document::Data& data) {
    return data.value() ? document::coerce(*data.value(), info.primitive) : std::nullopt;
  };
  std::vector<Value> gone;
  for (const document::Data& data : *edit.seen)
    if (auto value = value_of(data)) gone.push_back(std::move(*value));
  std::vector<Value> kept;
  std::size_t there = 0;
  const std::optional<Value> fresh = value_of(edit.value);
  if (const auto* cell = static_cast<const document::RegisterCell*>(place->cell)) {
    there = cell->values.size();
    for (const document::Assignment& a : cell->values)
      if (kept.size() < kMaxKeptValues && a.value != fresh &&
          std::find(gone.begin(), gone.end(), a.value) == gone.end())
        kept.push_back(a.value);
  }
  if (kept.empty() || (!fresh && !edit.value.is_null())) return tx.set(path, edit.value);
  if (!fresh && kept.size() == there) return {};
  if (fresh) kept.insert(kept.begin(), *fresh);
  return tx.assign(place->address, std::move(kept));
}

Status apply_at(Transaction& tx, const Edit& edit, const Path& path, document::TextUnit unit) {
  switch (edit.kind) {
    case EditKind::set:
      return edit.seen ? set_beside(tx, edit, path) : tx.set(path, edit.value);
    case EditKind::remove:
      return tx.remove(path);
    case EditKind::insert:
      return tx.insert(path, edit.index, edit.values);
    default:
      break;
  }
  const Result<Address> address = tx.address(path);
  if (!address) return address.error();
  switch (edit.kind) {
    case EditKind::erase:
      return tx.erase(*address, edit.index, edit.count);
    case EditKind::move:
      return tx.move(*address, edit.index, edit.to);
    case EditKind::splice:
      return tx.splice(*address, edit.index, edit.count, edit.text, unit);
    case EditKind::increment:
      return tx.increment(*address, edit.amount);
    case EditKind::reset:
      return tx.reset(*address);
    case EditKind::touch:
      return tx.touch(*address);
    default:
      return Error(Errc::malformed, "an edit of unknown kind");
  }
}

}  // namespace

Status apply_edit(Transaction& tx, const Edit& edit, document::TextUnit unit, const document::ChangeGraph& graph) {
  if (const auto* path = std::get_if<Path>(&edit.place)) return apply_at(tx, edit, *path, unit);
  const Result<Path> path = path_of(tx.reader(), graph, std::get<PermanentAddress>(edit.place));
  return path ? apply_at(tx, edit, *path, unit) : Status(path.error());
}

Result<Path> path_of(const document::Reader& reader, const document::ChangeGraph& graph,
                     const PermanentAddress& address) {
  const document::NodeTable& nodes = reader.state().nodes();
  document::NodeIndex node = 0;
  while (node < nodes.size() && nodes.at(node).id != address.node) ++node;
  if (node == nodes.size() || reader.view().shown(node) == schema::kNoOrdinal)
    return Error(document::Errc::no_such_place, "the document's version shows no such place");
  if (nodes.at(node).key_count != address.keys.size())
    return Error(Errc::malformed, "an address with " + std::to_string(address.keys.size()) + " keys where " +
                                      std::to_string(nodes.at(node).key_count) + " lead to the place");
  std::vector<document::Key> keys;
  for (const PermanentKey& key : address.keys) {
    if (!key.element) {
      keys.push_back(document::Key::of_table(key.table_key));
      continue;
    }
    const document::AgentIndex agent = graph.agent_of_writer(key.element->writer);
    const document::Lv lv =
        agent == document::kNoAgent ? document::kNoLv : graph.ids().lv_of(agent, key.element->counter);
    if (lv == document::kNoLv) return Error(Errc::gone, "the array element is not known here");
    keys.push_back(document::Key::of_element(lv));
  }
  const Error gone(Errc::gone, "what the place was in does not exist any more");
  const auto whole = [&](document::NodeIndex at) -> std::optional<Path> {  // of a place that needs no key of its own
    const document::Cell* cell = reader.state().find(at, keys.data(), nodes.at(at).key_count);
    return cell ? reader.path_of(*cell) : std::nullopt;
  };
  if (keys.empty()) return *reader.path_of(reader.view().shown(node), nullptr);
  // The value of the innermost table or array on the way; what is between it and the place are fields.
  document::NodeIndex value = node;
  for (const document::NodeIndex n : nodes.at(node).chain)
    if (nodes.at(n).key_count == keys.size()) {
      value = n;
      break;
    }
  const document::NodeIndex container = nodes.at(value).parent;
  std::optional<Path> path =
      nodes.at(container).key_count > 0 ? whole(container) : reader.path_of(reader.view().shown(container), nullptr);
  if (!path) return gone;
  const document::Key& last = keys.back();
  if (last.is_element()) {
    const document::Cell* cell = reader.state().find(container, keys.data(), keys.size() - 1);
    if (!cell || cell->type != document::CellType::array) return gone;
    const document::Sequence& sequence = static_cast<const document::ArrayCell*>(cell)->sequence;
    const document::ElementCell* element = reader.state().element(last.element);
    const document::Sequence::Spot spot = sequence.find(element ? element->slot : last.element);
    if (!spot || !sequence.span(spot).visible) return gone;
    path->push_back(document::PathStep::at(sequence.position(spot)));
  } else {
    path->push_back(document::PathStep::of_key(last.table_key));
  }
  const auto& shown = reader.view().view->nodes();
  std::vector<document::PathStep> fields;
  for (std::uint32_t at = reader.view().shown(node); reader.view().node_of[at] != value; at = shown[at].parent) {
    if (at == 0) return gone;
    fields.push_back(document::PathStep::field(shown[at].name));
  }
  path->insert(path->end(), fields.rbegin(), fields.rend());
  return std::move(*path);
}

Result<PermanentAddress> permanent(const document::Reader& reader, const document::ChangeGraph& graph,
                                   const Path& path) {
  const Result<document::Reader::Place> place = reader.locate(path);
  if (!place) return place.error();
  PermanentAddress out;
  out.node = reader.state().nodes().at(place->address.node).id;
  for (const document::Key& key : place->address.keys) {
    PermanentKey& to = out.keys.emplace_back();
    if (key.is_element()) {
      to.element = graph.ids().id_of(key.element);
    } else {
      to.table_key = key.table_key;
    }
  }
  return out;
}

}  // namespace tlfs::document_actor
