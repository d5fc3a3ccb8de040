#include "runtime/document/patch.h"

#include <algorithm>
#include <charconv>

namespace tlfs::document {
namespace {

void append_quoted(std::string& out, std::string_view text) { out += to_json(Data(Value(std::string(text)))); }

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

Error bad_path(std::string_view text, std::size_t at, std::string_view expected) {
  return Error(Errc::no_such_place, "path \"" + std::string(text) + "\", character " + std::to_string(at + 1) +
                                        ": expected " + std::string(expected));
}

// Ends just behind the closing quote of the JSON string that starts at `from`; npos when there is none.
std::size_t end_of_string(std::string_view text, std::size_t from) {
  for (std::size_t i = from + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

template <class T>
bool parse_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view kind_name(PatchKind k) {
  switch (k) {
    case PatchKind::set:
      return "set";
    case PatchKind::remove:
      return "remove";
    case PatchKind::insert:
      return "insert";
    case PatchKind::move:
      return "move";
    case PatchKind::splice:
      return "splice";
    case PatchKind::conflict:
      return "conflict";
  }
  return "?";
}

Data* child(Data& data, const PathStep& step) {
  switch (step.kind) {
    case PathStep::Kind::field:
      return data.find(step.name);
    case PathStep::Kind::key:
      return data.find(key_text(step.key));
    case PathStep::Kind::index: {
      Data::Array* a = data.array();
      return a && step.index < a->size() ? &(*a)[step.index] : nullptr;
    }
  }
  return nullptr;
}

Status apply(Data& root, const Patch& patch) {
  const auto misfit = [&](std::string_view why) {
    return Error(Errc::out_of_range, "patch " + to_json(patch) + " does not fit: " + std::string(why));
  };
  Data* place = &root;
  Path path = patch.path;
  // The last step of a set may name a key that appears, that of a remove without count a key that disappears.
  const bool on_key = !path.empty() && path.back().kind == PathStep::Kind::key &&
                      (patch.kind == PatchKind::set || (patch.kind == PatchKind::remove && patch.count == 0));
  if (on_key) path.pop_back();
  for (const PathStep& step : path) {
    place = child(*place, step);
    if (!place) return misfit("there is no such place");
  }
  if (on_key) {
    Data::Object* object = place->object();
    if (!object) return misfit("not a table");
    const std::string name = key_text(patch.path.back().key);
    auto at = std::find_if(object->begin(), object->end(), [&](const Member& m) { return m.name == name; });
    if (patch.kind == PatchKind::remove) {
      if (at == object->end()) return misfit("there is no such key");
      object->erase(at);
    } else if (at != object->end()) {
      at->value = patch.value;
    } else {
      // Keys stand in ascending order of the key itself, which for integers is not that of their text.
      const Value& key = patch.path.back().key;
      const auto before = [&](const Member& m) {
        if (const auto* i = std::get_if<std::int64_t>(&key)) {
          std::int64_t other = 0;
          return parse_number(m.name, other) && other < *i;
        }
        if (const auto* u = std::get_if<std::uint64_t>(&key)) {
          std::uint64_t other = 0;
          return parse_number(m.name, other) && other < *u;
        }
        return m.name < name;
      };
      object->insert(std::find_if_not(object->begin(), object->end(), before), {name, patch.value});
    }
    return {};
  }
  switch (patch.kind) {
    case PatchKind::set:
      *place = patch.value;
      return {};
    case PatchKind::conflict:
      return {};
    case PatchKind::splice: {
      const Value* v = place->value();
      if (!v || primitive_of(*v) != Primitive::string) return misfit("not a text");
      std::string text = std::get<std::string>(*v);
      const std::size_t from = byte_offset_of_code_point(text, patch.position.code_points);
      const TextLength before = measure(std::string_view(text).substr(0, from));
      const std::size_t bytes =
          byte_offset_of_code_point(std::string_view(text).substr(from), patch.removed.code_points);
      const TextLength gone = measure(std::string_view(text).substr(from, bytes));
      if (before != patch.position || gone != patch.removed) return misfit("positions outside of the text");
      text.replace(from, bytes, patch.text);
      *place = Value(std::move(text));
      return {};
    }
    default:
      break;
  }
  Data::Array* array = place->array();
  if (!array) return misfit("not an array");
  const auto offset = [&](std::uint64_t i) { return array->begin() + static_cast<std::ptrdiff_t>(i); };
  switch (patch.kind) {
    case PatchKind::insert:
      if (patch.index > array->size()) return misfit("index past the end");
      array->insert(offset(patch.index), patch.values.begin(), patch.values.end());
      return {};
    case PatchKind::remove:
      if (patch.index > array->size() || patch.count > array->size() - patch.index) return misfit("index past the end");
      array->erase(offset(patch.index), offset(patch.index + patch.count));
      return {};
    case PatchKind::move: {
      if (patch.index >= array->size() || patch.to >= array->size()) return misfit("index past the end");
      Data element = std::move((*array)[patch.index]);
      array->erase(offset(patch.index));
      array->insert(offset(patch.to), std::move(element));
      return {};
    }
    default:
      return misfit("unknown kind");
  }
}

// Signed numbers that are not negative as unsigned ones.
const Value& as_key(const Value& key, Value& buffer) {
  const auto* number = std::get_if<std::int64_t>(&key);
  if (!number || *number < 0) return key;
  return buffer = static_cast<std::uint64_t>(*number);
}

}  // namespace

bool operator==(const PathStep& a, const PathStep& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == PathStep::Kind::field) return a.name == b.name;
  if (a.kind == PathStep::Kind::index) return a.index == b.index;
  Value one, other;
  return as_key(a.key, one) == as_key(b.key, other);
}

std::string path_text(const Path& path) {
  if (path.empty()) return ".";
  std::string out;
  for (const PathStep& step : path) {
    switch (step.kind) {
      case PathStep::Kind::field:
        out += '.' + step.name;
        break;
      case PathStep::Kind::index:
        out += '[' + std::to_string(step.index) + ']';
        break;
      case PathStep::Kind::key:
        if (primitive_of(step.key) == Primitive::string) {
          out += '[';
          append_quoted(out, std::get<std::string>(step.key));
          out += ']';
        } else {
          out += '{' + key_text(step.key) + '}';
        }
        break;
    }
  }
  return out;
}

Result<Path> parse_path(std::string_view text) {
  Path path;
  if (text.empty() || (text[0] != '.' && text[0] != '[' && text[0] != '{'))
    return bad_path(text, 0, "a path that starts with '.'");
  if (text == ".") return path;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '.') {
      // A dot before a bracket, as in `.[0]`, stands for the root or is just spelling.
      if (i + 1 < text.size() && (text[i + 1] == '[' || text[i + 1] == '{')) {
        ++i;
        continue;
      }
      std::size_t end = ++i;
      if (end >= text.size() || !is_name_start(text[end])) return bad_path(text, i, "a field name after '.'");
      while (end < text.size() && is_name_part(text[end])) ++end;
      path.push_back(PathStep::field(std::string(text.substr(i, end - i))));
      i = end;
    } else if (text[i] == '[' && i + 1 < text.size() && text[i + 1] == '"') {
      const std::size_t end = end_of_string(text, i + 1);
      if (end == std::string_view::npos) return bad_path(text, text.size(), "a closing '\"'");
      if (end >= text.size() || text[end] != ']') return bad_path(text, end, "']'");
      Result<Data> key = parse_json(text.substr(i + 1, end - i - 1));
      if (!key) return bad_path(text, i + 1, "a JSON string");
      path.push_back(PathStep::of_key(*key->value()));
      i = end + 1;
    } else if (text[i] == '[') {
      const std::size_t end = text.find(']', i);
      if (end == std::string_view::npos) return bad_path(text, text.size(), "']'");
      PathStep step = PathStep::at(0);
      if (!parse_number(text.substr(i + 1, end - i - 1), step.index))
        return bad_path(text, i + 1, "an index or a quoted key");
      path.push_back(std::move(step));
      i = end + 1;
    } else if (text[i] == '{') {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos) return bad_path(text, text.size(), "'}'");
      const std::string_view inside = text.substr(i + 1, end - i - 1);
      std::int64_t number = 0;
      std::uint64_t large = 0;
      if (inside == "true" || inside == "false") {
        path.push_back(PathStep::of_key(Value(inside == "true")));
      } else if (parse_number(inside, number)) {
        path.push_back(PathStep::of_key(Value(number)));
      } else if (parse_number(inside, large)) {
        path.push_back(PathStep::of_key(Value(large)));
      } else {
        return bad_path(text, i + 1, "an integer, true or false");
      }
      i = end + 1;
    } else {
      return bad_path(text, i, "'.', '[' or '{'");
    }
  }
  return path;
}

const Data* find(const Data& data, const Path& path) {
  const Data* place = &data;
  for (const PathStep& step : path) {
    place = child(const_cast<Data&>(*place), step);  // which only looks
    if (!place) return nullptr;
  }
  return place;
}

Status apply_patches(Data& data, const std::vector<Patch>& patches) {
  for (const Patch& p : patches)
    if (Status s = apply(data, p); !s) return s;
  return {};
}

std::string to_json(const Patch& p) {
  const auto number = [](std::uint64_t n) { return Data(Value(n)); };
  Data::Object o;
  o.push_back({"kind", Value(std::string(kind_name(p.kind)))});
  o.push_back({"path", Value(path_text(p.path))});
  switch (p.kind) {
    case PatchKind::set:
      o.push_back({"value", p.value});
      break;
    case PatchKind::insert:
      o.push_back({"index", number(p.index)});
      o.push_back({"values", p.values});
      break;
    case PatchKind::remove:
      if (p.count > 0) {
        o.push_back({"index", number(p.index)});
        o.push_back({"count", number(p.count)});
      }
      break;
    case PatchKind::move:
      o.push_back({"index", number(p.index)});
      o.push_back({"to", number(p.to)});
      break;
    case PatchKind::splice:
      o.push_back({"position", number(p.position.code_points)});
      o.push_back({"removed", number(p.removed.code_points)});
      o.push_back({"text", Value(p.text)});
      break;
    case PatchKind::conflict:
      o.push_back({"values", p.values});
      break;
  }
  return to_json(Data(std::move(o)));
}

}  // namespace tlfs::document
