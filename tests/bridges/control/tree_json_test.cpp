// The live tree of a node as people and scripts see it.
#include "bridges/control/tree_json.h"

#include <capnp/message.h>
#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::control;

namespace {

struct Line {
  const char* path;
  std::uint16_t depth;
};

document::Data tree_of(const std::vector<Line>& lines) {
  capnp::MallocMessageBuilder builder;
  auto tree = builder.initRoot<messages::NodeTree>();
  tree.setDeadLetterCount(3);
  auto nodes = tree.initNodes(static_cast<unsigned>(lines.size()));
  for (unsigned i = 0; i < nodes.size(); ++i) {
    nodes[i].setPath(lines[i].path);
    nodes[i].setDepth(lines[i].depth);
    nodes[i].setMessages(i);
    if (i == 1) nodes[i].setLastError("it broke");
  }
  return tree_data(tree.asReader());
}

// Paths with their children in brackets.
std::string shape(const document::Data& node) {
  if (node.is_null()) return "-";
  std::string out = std::get<std::string>(*node.find("path")->value());
  if (const document::Data* children = node.find("children")) {
    out += "(";
    for (const document::Data& child : *children->array()) out += (out.back() == '(' ? "" : " ") + shape(child);
    out += ")";
  }
  return out;
}

std::string shape_of(const std::vector<Line>& lines) { return shape(*tree_of(lines).find("tree")); }

}  // namespace

TEST_CASE("a flat list of nodes with their depths becomes a tree") {
  CHECK(shape_of({}) == "-");
  CHECK(shape_of({{"n", 0}}) == "n");
  CHECK(shape_of({{"n", 0}, {"a", 1}, {"b", 1}}) == "n(a b)");
  CHECK(shape_of({{"n", 0}, {"a", 1}, {"x", 2}, {"y", 2}, {"b", 1}, {"z", 2}}) == "n(a(x y) b(z))");
  CHECK(shape_of({{"n", 0}, {"a", 1}, {"x", 2}, {"p", 3}}) == "n(a(x(p)))");
}

TEST_CASE("depths that make no tree still show every node") {
  CHECK(shape_of({{"n", 0}, {"a", 7}, {"b", 0}}) == "n(a b)");
  std::vector<Line> deep;
  for (std::uint16_t i = 0; i < 300; ++i) deep.push_back({"d", i});
  CHECK(document::parse_json(document::to_json(tree_of(deep))).ok());
}

TEST_CASE("the text has a line for each node, indented, and the last error") {
  const std::string text = tree_text(tree_of({{"n", 0}, {"a", 1}}));
  CHECK(text ==
        "n  running  messages 0  restarts 0  mailbox 0/0\n"
        "  a  running  messages 1  restarts 0  mailbox 0/0  last error: it broke\n"
        "dead letters 3  stuck 0\n");
}
