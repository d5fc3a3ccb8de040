#include "schema/lens/shape.h"

#include "schema/lens/value_json.h"

namespace tlfs::schema {
namespace {

// As in the shape, which calls String "string".
std::string_view primitive_word(Primitive primitive) {
  if (primitive == Primitive::string) return "string";
  if (primitive == Primitive::bytes) return "bytes";
  return primitive_name(primitive);
}

// Depth is bounded by kMaxDepth.
class ShapeWriter {
 public:
  ShapeWriter(const Package& package, const View& view) : package_(package), view_(view) {}

  void type(std::uint32_t at) {
    const ViewNode& shown = view_.nodes()[at];
    const Node& node = package_.nodes()[shown.node];
    switch (node.kind) {
      case Kind::structure:
        out_ += R"({"kind":"struct","fields":{)";
        for (const std::uint32_t child : shown.children) {
          if (child != shown.children.front()) out_ += ',';
          out_.append(json_string(view_.nodes()[child].name)).append(":");
          type(child);
        }
        out_ += '}';
        break;
      case Kind::table:
        out_.append(R"({"kind":"table","key":")").append(primitive_word(node.primitive)).append("\"");
        held("value", shown);
        break;
      case Kind::array:
        out_ += R"({"kind":"array")";
        held("element", shown);
        break;
      case Kind::reg:
        out_.append(R"({"kind":"register","primitive":")").append(primitive_word(node.primitive)).append("\"");
        if (shown.default_value != Value{}) out_.append(R"(,"default":)").append(value_json(shown.default_value));
        break;
      case Kind::text:
        out_ += R"({"kind":"text")";
        break;
      case Kind::flag:
        out_ += R"({"kind":"flag")";
        break;
      case Kind::counter:
        out_ += R"({"kind":"counter")";
        break;
    }
    out_ += '}';
  }

  std::string take() { return std::move(out_); }

 private:
  void held(std::string_view member, const ViewNode& shown) {
    if (shown.children.empty()) return;
    out_.append(",\"").append(member).append("\":");
    type(shown.children.front());
  }

  const Package& package_;
  const View& view_;
  std::string out_;
};

}  // namespace

std::string root_shape_json(const Package& package, const View& view) {
  ShapeWriter writer(package, view);
  writer.type(0);
  return writer.take();
}

std::string shape_json(const Package& package, const View& view) {
  return R"({"package":)" + json_string(package.name()) + R"(,"version":)" + json_string(view.version()) +
         R"(,"root":)" + root_shape_json(package, view) + "}";
}

}  // namespace tlfs::schema
