#include "bridges/websocket/edits_json.h"

#include <array>
#include <utility>

#include "bridges/control/errors.h"
#include "runtime/document/data.h"

namespace tlfs::websocket_bridge {
namespace {

using document::Data;
using document_actor::Edit;
using document_actor::EditKind;

constexpr std::size_t kMaxSteps = 256;

Error malformed(const std::string& what) { return {control::Errc::malformed, what}; }

// So that text which is small does not become values that are large: separators outside strings are counted.
Status check_parts(std::string_view json) {
  std::size_t parts = 0;
  bool inside = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (inside) {
      if (c == '\\') ++i;
      if (c == '"') inside = false;
    } else if (c == '"') {
      inside = true;
    } else if (c == ',' || c == '[' || c == '{' || c == ':') {
      if (++parts > kMaxJsonParts)
        return malformed("more than " + std::to_string(kMaxJsonParts) + " values in one request");
    }
  }
  return {};
}

// Numbers of JSON come as i64 where they fit.
std::optional<std::uint64_t> whole(const Data& data) {
  const Value* value = data.value();
  if (!value) return std::nullopt;
  if (const auto* i = std::get_if<std::int64_t>(value); i && *i >= 0) return static_cast<std::uint64_t>(*i);
  if (const auto* u = std::get_if<std::uint64_t>(value)) return *u;
  return std::nullopt;
}

const std::string* text(const Data& data) {
  const Value* value = data.value();
  return value ? std::get_if<std::string>(value) : nullptr;
}

Result<document::PathStep> step_of(const Data& data) {
  if (const std::string* name = text(data)) return document::PathStep::field(*name);
  if (const auto index = whole(data)) return document::PathStep::at(*index);
  if (const auto* array = data.array(); array && array->size() == 1) {
    if (const Value* key = array->front().value()) {
      const Primitive kind = primitive_of(*key);
      if (kind == Primitive::string || kind == Primitive::boolean || kind == Primitive::i64 || kind == Primitive::u64)
        return document::PathStep::of_key(*key);
    }
  }
  return malformed("a step of a path is a name, an index, or [key]");
}

Result<document::Path> path_of(const Data& data) {
  const auto* array = data.array();
  if (!array) return malformed("a path is an array of steps");
  if (array->size() > kMaxSteps) return malformed("a path has at most " + std::to_string(kMaxSteps) + " steps");
  document::Path out;
  out.reserve(array->size());
  for (const Data& one : *array) {
    auto step = step_of(one);
    if (!step) return step.error();
    out.push_back(std::move(*step));
  }
  return out;
}

struct Form {
  std::string_view name;
  EditKind kind;
  std::size_t size;  // of the array
};
constexpr std::array<Form, 9> kForms{{{"set", EditKind::set, 3},
                                      {"remove", EditKind::remove, 2},
                                      {"insert", EditKind::insert, 4},
                                      {"erase", EditKind::erase, 4},
                                      {"move", EditKind::move, 4},
                                      {"splice", EditKind::splice, 5},
                                      {"increment", EditKind::increment, 3},
                                      {"reset", EditKind::reset, 2},
                                      {"touch", EditKind::touch, 2}}};

Status read_number(const Data& data, std::uint64_t& out) {
  const auto number = whole(data);
  if (!number) return malformed("a position or a count is a whole number");
  out = *number;
  return {};
}

Status read_numbers(Data::Array& parts, std::uint64_t& first, std::uint64_t& second) {
  if (Status s = read_number(parts[2], first); !s) return s;
  return read_number(parts[3], second);
}

Result<Edit> edit_of(Data& data) {
  Data::Array* parts = data.array();
  const std::string* name = parts && !parts->empty() ? text(parts->front()) : nullptr;
  if (!name) return malformed("an edit is an array that begins with its name");
  const Form* form = nullptr;
  for (const Form& one : kForms)
    if (one.name == *name) form = &one;
  if (!form) return malformed("there is no edit of that name");
  const bool beside = form->kind == EditKind::set && parts->size() == form->size + 1;
  if (parts->size() != form->size && !beside)
    return malformed(std::string(form->name) + " has " + std::to_string(form->size) + " parts");
  auto path = path_of((*parts)[1]);
  if (!path) return path.error();
  Edit edit;
  edit.kind = form->kind;
  edit.place = std::move(*path);
  Status s;
  switch (edit.kind) {
    case EditKind::set:
      edit.value = std::move((*parts)[2]);
      if (beside) {
        Data::Array* seen = (*parts)[3].array();
        if (!seen) return malformed("what was seen in a register is an array of values");
        edit.seen = std::move(*seen);
      }
      break;
    case EditKind::insert: {
      s = read_number((*parts)[2], edit.index);
      Data::Array* values = (*parts)[3].array();
      if (s && !values) s = malformed("insert has an array of values");
      if (s) edit.values = std::move(*values);
      break;
    }
    case EditKind::erase:
      s = read_numbers(*parts, edit.index, edit.count);
      break;
    case EditKind::move:
      s = read_numbers(*parts, edit.index, edit.to);
      break;
    case EditKind::splice: {
      s = read_numbers(*parts, edit.index, edit.count);
      const std::string* inserted = text((*parts)[4]);
      if (s && !inserted) s = malformed("splice has a text");
      if (s) edit.text = *inserted;
      break;
    }
    case EditKind::increment: {
      const Value* by = (*parts)[2].value();
      const auto* amount = by ? std::get_if<std::int64_t>(by) : nullptr;
      if (!amount) return malformed("increment has a whole number");
      edit.amount = *amount;
      break;
    }
    case EditKind::remove:
    case EditKind::reset:
    case EditKind::touch:
      break;
  }
  if (!s) return s.error();
  return edit;
}

}  // namespace

Result<std::vector<Edit>> parse_edits(std::string_view json) {
  if (const Status s = check_parts(json); !s) return s.error();
  Result<Data> data = document::parse_json(json);
  if (!data) return data.error();
  Data::Array* list = data->array();
  if (!list) return malformed("edits are an array");
  std::vector<Edit> out;
  out.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    Result<Edit> edit = edit_of((*list)[i]);
    if (!edit) return edit.error().within("edit " + std::to_string(i + 1));
    out.push_back(std::move(*edit));
  }
  return out;
}

}  // namespace tlfs::websocket_bridge
