#include "schema/show/show.h"

#include <algorithm>
#include <cstdio>

#include "schema/lens/value_json.h"

namespace tlfs::schema {
namespace {

std::string hex_digits(unsigned value, int width) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%0*x", width, value);
  return buffer;
}

std::string spell_string(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append("\\").append(1, c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      out.append("\\u{").append(hex_digits(byte, 1)).append("}");
    } else {
      out += c;
    }
  }
  return out + "\"";
}

struct Speller {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(std::uint64_t v) const { return std::to_string(v); }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return spell_f64(v); }
  std::string operator()(const std::string& v) const { return spell_string(v); }
  std::string operator()(const Bytes& v) const { return "hex\"" + to_hex(v) + "\""; }
};

// Depth is bounded by kMaxDepth.
class JsonPrinter {
 public:
  JsonPrinter(const Package& package, const View& view) : package_(package), view_(view) {}

  std::string print() {
    out_ = "{\n  \"name\": " + json_string(package_.name()) + ",\n  \"version\": " + json_string(view_.version()) +
           ",\n  \"package\": " + json_string(to_hex(package_.hash())) + ",\n  \"root\": ";
    place(0, 2);
    return out_ + "\n}\n";
  }

 private:
  void member(std::size_t indent, std::string_view key, const std::string& json) {
    out_.append(",\n").append(indent, ' ').append("\"").append(key).append("\": ").append(json);
  }

  void place(std::uint32_t at, std::size_t indent) {
    const ViewNode& shown = view_.nodes()[at];
    const Node& node = package_.nodes()[shown.node];
    const std::size_t inner = indent + 2;
    out_.append("{\n").append(inner, ' ');
    const bool named = !shown.name.empty();
    out_ += named ? "\"name\": " + json_string(shown.name) : "\"ordinal\": " + std::to_string(shown.node);
    if (named) member(inner, "ordinal", std::to_string(shown.node));
    member(inner, "id", json_string(to_hex(node.id)));
    const std::string type = type_name(node.kind, node.primitive);
    member(inner, "kind", json_string(type.substr(0, type.find('<'))));
    if (node.primitive != Primitive::none) member(inner, "primitive", json_string(primitive_name(node.primitive)));
    if (node.compartment) member(inner, "compartment", "true");
    if (shown.default_value != Value{}) member(inner, "default", value_json(shown.default_value));
    if (node.kind == Kind::structure) {
      member(inner, "fields", "[");
      for (std::uint32_t child : shown.children) {
        if (child != shown.children.front()) out_ += ", ";
        place(child, inner);
      }
      out_ += "]";
    } else if (!shown.children.empty()) {
      member(inner, "value", "");
      place(shown.children.front(), inner);
    }
    out_.append("\n").append(indent, ' ').append("}");
  }

  const Package& package_;
  const View& view_;
  std::string out_;
};

}  // namespace

std::string spell(const Value& value) { return std::visit(Speller{}, value); }

std::string show_text(const Package& package, const View& view) {
  std::string out;
  for (std::uint32_t i = 0; i < view.nodes().size(); ++i) {
    const ViewNode& shown = view.nodes()[i];
    const Node& node = package.nodes()[shown.node];
    const std::string path = view.path(i);
    out.append(path).append(": ").append(type_name(node.kind, node.primitive));
    if (node.compartment) out += " @compartment";
    if (shown.default_value != Value{})
      out.append("  ").append(path).append(".default(").append(spell(shown.default_value)).append(")");
    out += "\n";
  }
  return out;
}

std::string show_json(const Package& package, const View& view) { return JsonPrinter(package, view).print(); }

}  // namespace tlfs::schema
