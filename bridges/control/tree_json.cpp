#include "bridges/control/tree_json.h"

#include <algorithm>

namespace tlfs::control {
namespace {

using document::Data;

// As JSON nests; supervisors do not go as deep as that.
constexpr std::size_t kMaxDepth = document::kMaxJsonDepth / 2 - 2;

Data text(capnp::Text::Reader t) { return Data(Value(std::string(t.begin(), t.end()))); }
Data text(const char* t) { return Data(Value(std::string(t))); }
Data number(std::uint64_t n) { return Data(Value(n)); }

const char* kind_name(messages::TreeNode::Kind kind) {
  return kind == messages::TreeNode::Kind::SUPERVISOR ? "supervisor" : "worker";
}

const char* state_name(messages::TreeNode::State state) {
  using State = messages::TreeNode::State;
  switch (state) {
    case State::RUNNING:
      return "running";
    case State::WAITING:
      return "waiting";
    case State::STOPPING:
      return "stopping";
    case State::FINISHED:
      return "finished";
    case State::QUARANTINED:
      return "quarantined";
  }
  return "unknown";
}

Data node_data(messages::TreeNode::Reader in) {
  Data::Object out;
  out.push_back({"path", text(in.getPath())});
  out.push_back({"kind", text(kind_name(in.getKind()))});
  out.push_back({"state", text(state_name(in.getState()))});
  out.push_back({"incarnation", number(in.getIncarnation())});
  out.push_back({"restarts", number(in.getRestarts())});
  out.push_back({"messages", number(in.getMessages())});
  out.push_back({"busy_ns", number(in.getBusyNanoseconds())});
  out.push_back({"mailbox", Data(Data::Object{{"depth", number(in.getMailboxDepth())},
                                              {"high_water", number(in.getMailboxHighWater())},
                                              {"limit", number(in.getMailboxLimit())}})});
  out.push_back({"rejected", number(in.getRejected())});
  out.push_back({"dropped", number(in.getDropped())});
  out.push_back({"coalesced", number(in.getCoalesced())});
  if (in.getLastError().size() > 0) out.push_back({"last_error", text(in.getLastError())});
  if (in.getStuckNanoseconds() > 0) {
    out.push_back({"stuck_ns", number(in.getStuckNanoseconds())});
    out.push_back({"stuck_on", text(in.getStuckOn())});
  }
  if (in.getSilent()) out.push_back({"silent", Data(Value(true))});
  return Data(std::move(out));
}

void put_into(Data& parent, Data child) {
  if (!parent.find("children")) parent.object()->push_back({"children", Data(Data::Array())});
  parent.find("children")->array()->push_back(std::move(child));
}

std::string field(const Data& node, std::string_view name) {
  const Data* member = node.find(name);
  const auto* s = member && member->value() ? std::get_if<std::string>(member->value()) : nullptr;
  return s ? *s : member ? document::to_json(*member) : std::string();
}

void write_lines(const Data& node, std::size_t depth, std::string& out) {
  out.append(2 * depth, ' ').append(field(node, "path")).append("  ").append(field(node, "state"));
  out.append("  messages ").append(field(node, "messages")).append("  restarts ").append(field(node, "restarts"));
  const Data* mailbox = node.find("mailbox");
  if (mailbox) out.append("  mailbox ").append(field(*mailbox, "depth")).append("/").append(field(*mailbox, "limit"));
  if (node.find("silent")) out.append("  silent");
  if (node.find("stuck_on")) out.append("  stuck on ").append(field(node, "stuck_on"));
  if (node.find("last_error")) out.append("  last error: ").append(field(node, "last_error"));
  out += '\n';
  const Data* children = node.find("children");
  if (children && children->array())
    for (const Data& child : *children->array()) write_lines(child, depth + 1, out);
}

}  // namespace

Data tree_data(messages::NodeTree::Reader tree) {
  // The path from the root to the node that was read last; parents come before their children.
  std::vector<Data> open;
  const auto close = [&](std::size_t depth) {
    while (open.size() > depth) {
      Data done = std::move(open.back());
      open.pop_back();
      if (open.empty()) {
        open.push_back(std::move(done));
        return;
      }
      put_into(open.back(), std::move(done));
    }
  };
  for (const auto node : tree.getNodes()) {
    const std::size_t depth = std::min<std::size_t>({node.getDepth(), open.size(), kMaxDepth});
    if (!open.empty()) close(std::max<std::size_t>(depth, 1));
    open.push_back(node_data(node));
  }
  close(1);
  Data::Object out;
  out.push_back({"dead_letters", number(tree.getDeadLetterCount())});
  out.push_back({"stuck", number(tree.getStuckCount())});
  out.push_back({"truncated", Data(Value(tree.getTruncated()))});
  out.push_back({"tree", open.empty() ? Data() : std::move(open.front())});
  return Data(std::move(out));
}

std::string tree_text(const Data& tree) {
  std::string out;
  const Data* root = tree.find("tree");
  if (root && root->object()) write_lines(*root, 0, out);
  out.append("dead letters ").append(field(tree, "dead_letters")).append("  stuck ").append(field(tree, "stuck"));
  if (field(tree, "truncated") == "true") out.append("  (not all of it is shown)");
  return out + '\n';
}

}  // namespace tlfs::control
