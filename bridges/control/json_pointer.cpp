#include "bridges/control/json_pointer.h"

#include <algorithm>
#include <charconv>

namespace tlfs::control {
namespace {

using document::ArrayCell;
using document::Path;
using document::PathStep;
using document::Reader;
using schema::Kind;

Error nowhere(const Pointer& pointer, std::size_t token, const std::string& why) {
  const Pointer before(pointer.begin(), pointer.begin() + static_cast<std::ptrdiff_t>(token));
  return Error(Errc::bad_patch, "\"" + pointer_text(pointer) + "\": " + why + " (at \"" + pointer_text(before) + "\")");
}

void append_token(std::string& out, std::string_view token) {
  out += '/';
  for (const char c : token) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
}

// An array index as RFC 6901 spells it: no sign, no leading zeros.
std::optional<std::uint64_t> index_of(std::string_view token) {
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size() || token != std::to_string(index)) return std::nullopt;
  return index;
}

class Walk {
 public:
  Walk(const document::Transaction& tx, const Pointer& pointer) : tx_(tx), pointer_(pointer) {}

  Result<Target> run() {
    for (std::size_t i = 0; i < pointer_.size(); ++i) {
      if (!at_.exists) return nowhere(pointer_, i, "there is no such place");
      if (const Status s = step(i); !s) return s.error();
    }
    return std::move(at_);
  }

 private:
  const schema::ViewNode& shown() const { return tx_.view().view->nodes()[at_.view_node]; }

  Status step(std::size_t i) {
    const document::NodeInfo& info = tx_.state().nodes().at(tx_.view().node_of[at_.view_node]);
    at_.element = false;
    switch (info.kind) {
      case Kind::structure:
        return field(i);
      case Kind::table:
        return key(i, info.primitive);
      case Kind::array:
        return element(i);
      default:
        return nowhere(pointer_, i, "a " + schema::type_name(info.kind, info.primitive) + " has nothing inside");
    }
  }

  Status field(std::size_t i) {
    const std::uint32_t field = tx_.view().view->field(at_.view_node, pointer_[i]);
    if (field == schema::kNoOrdinal)
      return nowhere(pointer_, i, "version " + tx_.view().view->version() + " has no field \"" + pointer_[i] + "\"");
    at_.view_node = field;
    at_.path.push_back(PathStep::field(pointer_[i]));
    return {};
  }

  Status key(std::size_t i, Primitive type) {
    if (shown().children.empty()) return nowhere(pointer_, i, "the table's values have no declared type");
    std::optional<Value> key = document::coerce(Value(pointer_[i]), type);
    if (type == Primitive::boolean && (pointer_[i] == "true" || pointer_[i] == "false"))
      key = Value(pointer_[i] == "true");
    if (!key)
      return nowhere(pointer_, i,
                     "the table's keys are of type " + std::string(schema::primitive_name(type)) + ", and \"" +
                         pointer_[i] + "\" is none");
    at_.view_node = shown().children[0];
    at_.path.push_back(PathStep::of_key(std::move(*key)));
    const Result<Reader::Place> place = tx_.reader().locate(at_.path);
    if (!place) return place.error();
    at_.exists = place->present;
    return {};
  }

  Status element(std::size_t i) {
    if (shown().children.empty()) return nowhere(pointer_, i, "the array's values have no declared type");
    const Result<Reader::Place> place = tx_.reader().locate(at_.path);
    if (!place) return place.error();
    const auto* array = static_cast<const ArrayCell*>(place->cell);
    at_.array_size = array ? array->sequence.visible() : 0;
    const bool end = pointer_[i] == "-";
    const std::optional<std::uint64_t> index = end ? std::optional(at_.array_size) : index_of(pointer_[i]);
    if (!index) return nowhere(pointer_, i, "\"" + pointer_[i] + "\" is no index of an array");
    if (*index > at_.array_size)
      return nowhere(pointer_, i,
                     "index " + std::to_string(*index) + " of an array of " + std::to_string(at_.array_size));
    at_.element = true;
    at_.exists = *index < at_.array_size;
    at_.view_node = shown().children[0];
    at_.path.push_back(PathStep::at(*index));
    return {};
  }

  const document::Transaction& tx_;
  const Pointer& pointer_;
  Target at_;
};

}  // namespace

Result<Pointer> parse_pointer(std::string_view text) {
  const auto bad = [&](const std::string& why) {
    return Error(Errc::bad_patch, "\"" + std::string(text) + "\" is no JSON pointer: " + why);
  };
  Pointer out;
  if (text.empty()) return out;
  if (text[0] != '/') return bad("it starts with '/', or is empty for the whole document");
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      if (out.size() == kMaxPointerTokens) return bad("more than " + std::to_string(kMaxPointerTokens) + " tokens");
      out.emplace_back();
    } else if (text[i] != '~') {
      out.back() += text[i];
    } else {
      const char next = i + 1 < text.size() ? text[++i] : ' ';
      if (next != '0' && next != '1') return bad("'~' is followed by 0 (for '~') or 1 (for '/')");
      out.back() += next == '0' ? '~' : '/';
    }
  }
  return out;
}

std::string pointer_text(const Pointer& pointer) {
  std::string out;
  for (const std::string& token : pointer) append_token(out, token);
  return out;
}

std::string pointer_text(const Path& path) {
  std::string out;
  for (const PathStep& step : path) {
    switch (step.kind) {
      case PathStep::Kind::field:
        append_token(out, step.name);
        break;
      case PathStep::Kind::key:
        append_token(out, document::key_text(step.key));
        break;
      case PathStep::Kind::index:
        append_token(out, std::to_string(step.index));
        break;
    }
  }
  return out;
}

Result<Target> resolve(const document::Transaction& tx, const Pointer& pointer) { return Walk(tx, pointer).run(); }

}  // namespace tlfs::control
