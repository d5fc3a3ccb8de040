// Whether a JSON value fits a place of a schema, before anything is written.
#include <charconv>
#include <cmath>

#include "runtime/base/utf.h"
#include "runtime/document/transaction.h"

namespace tlfs::document {
namespace {

using schema::Kind;

template <class T>
std::optional<Value> from_text(const std::string& text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text != std::to_string(number)) return std::nullopt;
  return Value(number);
}

std::string described(const Data& data) {
  if (data.array()) return "an array";
  if (data.object()) return "an object";
  std::string text = to_json(data);
  constexpr std::size_t kShown = 40;
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  switch (primitive_of(*data.value())) {
    case Primitive::none:
      return "null";
    case Primitive::boolean:
      return text;
    case Primitive::string:
      return "the string " + text;
    default:
      return "the number " + text;
  }
}

// Integers up to 2^53 are written as numbers, larger ones as strings, so that what is imported is what is exported.
bool is_written_as_expected(const Value& v, Primitive type) {
  if (type != Primitive::u64 && type != Primitive::i64) return true;
  const std::optional<Value> value = coerce(v, type);
  const auto* i = value ? std::get_if<std::int64_t>(&*value) : nullptr;
  const auto* u = value ? std::get_if<std::uint64_t>(&*value) : nullptr;
  const std::uint64_t size = u   ? *u
                             : i ? (*i < 0 ? 0 - static_cast<std::uint64_t>(*i) : static_cast<std::uint64_t>(*i))
                                 : 0;
  return std::holds_alternative<std::string>(v) == (size > kMaxJsonInteger);
}

}  // namespace

std::optional<Value> coerce(const Value& from, Primitive to) {
  if (primitive_of(from) == to) {
    if (to == Primitive::f64 && !std::isfinite(std::get<double>(from))) return std::nullopt;
    return from;
  }
  const auto* text = std::get_if<std::string>(&from);
  const auto* i = std::get_if<std::int64_t>(&from);
  const auto* u = std::get_if<std::uint64_t>(&from);
  const auto* d = std::get_if<double>(&from);
  switch (to) {
    case Primitive::u64:
      if (i && *i >= 0) return Value(static_cast<std::uint64_t>(*i));
      if (text) return from_text<std::uint64_t>(*text);
      break;
    case Primitive::i64:
      if (text) return from_text<std::int64_t>(*text);
      break;
    case Primitive::f64:
      // Exactly representable integers only; anything else would come back as another number.
      if (i && static_cast<std::int64_t>(static_cast<double>(*i)) == *i && std::abs(static_cast<double>(*i)) <= 0x1p53)
        return Value(static_cast<double>(*i));
      if (u || d) return u ? std::nullopt : std::optional<Value>(Value(*d));
      break;
    case Primitive::bytes:
      if (text)
        if (auto bytes = from_base64(*text)) return Value(std::move(*bytes));
      break;
    case Primitive::boolean:
      if (text && (*text == "true" || *text == "false")) return Value(*text == "true");
      break;
    default:
      break;
  }
  return std::nullopt;
}

Status check_data(const NodeTable& nodes, const BoundView& view, std::uint32_t view_node, const Data& data,
                  const Path& at) {
  const schema::ViewNode& node = view.view->nodes()[view_node];
  const NodeInfo& info = nodes.at(view.node_of[view_node]);
  const auto misfit = [&](const std::string& expected) {
    return Error(Errc::invalid_json, path_text(at) + ": expected " + expected + ", found " + described(data));
  };
  Path below = at;
  switch (info.kind) {
    case Kind::structure: {
      if (!data.object()) return misfit("an object");
      for (const Member& m : *data.object()) {
        const std::uint32_t field = view.view->field(view_node, m.name);
        if (field == schema::kNoOrdinal)
          return Error(Errc::invalid_json, path_text(at) + ": version " + view.view->version() + " has no field " +
                                               to_json(Data(Value(m.name))) + " here");
        below.push_back(PathStep::field(m.name));
        if (Status s = check_data(nodes, view, field, m.value, below); !s) return s;
        below.pop_back();
      }
      return {};
    }
    case Kind::table: {
      if (!data.object()) return misfit("an object");
      if (node.children.empty() && !data.object()->empty())
        return Error(Errc::invalid_json,
                     path_text(at) + ": the table's values have no declared type, so it can hold no keys");
      for (const Member& m : *data.object()) {
        const std::optional<Value> key = coerce(Value(m.name), info.primitive);
        if (!key)
          return Error(Errc::invalid_json, path_text(at) + ": expected a key of type " +
                                               std::string(schema::primitive_name(info.primitive)) + ", found " +
                                               to_json(Data(Value(m.name))));
        if (m.name.size() > kMaxKeyBytes)
          return Error(Errc::limit_exceeded,
                       path_text(at) + ": a key has at most " + std::to_string(kMaxKeyBytes) + " bytes");
        if (!is_valid_utf8(m.name)) return Error(Errc::invalid_text, path_text(at) + ": a key is not valid UTF-8");
        below.push_back(PathStep::of_key(*key));
        if (Status s = check_data(nodes, view, node.children[0], m.value, below); !s) return s;
        below.pop_back();
      }
      return {};
    }
    case Kind::array: {
      if (!data.array()) return misfit("an array");
      if (node.children.empty() && !data.array()->empty())
        return Error(Errc::invalid_json,
                     path_text(at) + ": the array's values have no declared type, so it can hold no elements");
      for (std::size_t i = 0; i < data.array()->size(); ++i) {
        below.push_back(PathStep::at(i));
        if (Status s = check_data(nodes, view, node.children[0], (*data.array())[i], below); !s) return s;
        below.pop_back();
      }
      return {};
    }
    case Kind::text:
      if (!data.value() || primitive_of(*data.value()) != Primitive::string) return misfit("a string");
      if (const auto& text = std::get<std::string>(*data.value()); text.size() > kMaxTextBytes) {
        return Error(Errc::limit_exceeded,
                     path_text(at) + ": at most " + std::to_string(kMaxTextBytes) + " bytes of text at once");
      } else if (!is_valid_utf8(text)) {
        return Error(Errc::invalid_text, path_text(at) + ": the text is not valid UTF-8");
      }
      return {};
    case Kind::flag:
      if (!data.value() || primitive_of(*data.value()) != Primitive::boolean) return misfit("true or false");
      return {};
    case Kind::counter:
      if (!data.value() || !coerce(*data.value(), Primitive::i64) ||
          !is_written_as_expected(*data.value(), Primitive::i64))
        return misfit("an integer of 64 bits (as a string beyond 2^53)");
      return {};
    case Kind::reg: {
      if (data.is_null()) return {};
      if (data.value() && info.primitive == Primitive::boolean && primitive_of(*data.value()) == Primitive::string)
        return misfit("true, false or null");
      if (!data.value() || !coerce(*data.value(), info.primitive) ||
          !is_written_as_expected(*data.value(), info.primitive)) {
        switch (info.primitive) {
          case Primitive::boolean:
            return misfit("true, false or null");
          case Primitive::u64:
            return misfit("an integer from 0 to 2^64-1 (as a string beyond 2^53) or null");
          case Primitive::i64:
            return misfit("an integer of 64 bits (as a string beyond 2^53) or null");
          case Primitive::f64:
            return misfit("a finite number or null");
          case Primitive::string:
            return misfit("a string or null");
          case Primitive::bytes:
            return misfit("bytes as a base64 string or null");
          default:
            break;
        }
      }
      const auto* text = std::get_if<std::string>(data.value());
      if (text && text->size() > kMaxValueBytes)
        return Error(Errc::limit_exceeded,
                     path_text(at) + ": a value has at most " + std::to_string(kMaxValueBytes) + " bytes");
      if (text && info.primitive == Primitive::string && !is_valid_utf8(*text))
        return Error(Errc::invalid_text, path_text(at) + ": the value is not valid UTF-8");
      return {};
    }
  }
  return {};
}

}  // namespace tlfs::document
