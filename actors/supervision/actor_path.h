// Where an actor stands in the supervision tree: "/node/documents/document/7f3a". A path names a place, not an
// incarnation: what is restarted keeps its path.
#pragma once

#include <string>
#include <string_view>

namespace tlfs::supervision {

// Where a node's tree begins.
inline constexpr const char* kNodePath = "/node";
inline constexpr const char* kDocumentsPath = "/node/documents";
inline constexpr const char* kNetworkPath = "/node/network";
inline constexpr const char* kAppsPath = "/node/apps";
inline constexpr const char* kBridgesPath = "/node/bridges";

class ActorPath {
 public:
  // No place yet.
  ActorPath() = default;
  // The root of a tree, for example ActorPath("node").
  explicit ActorPath(std::string_view root) : text_("/" + std::string(root)) {}

  ActorPath child(std::string_view id) const {
    ActorPath path;
    // Of exactly this length: there is one in memory for every actor.
    path.text_ = std::string(text_.size() + 1 + id.size(), '/');
    text_.copy(path.text_.data(), text_.size());
    id.copy(path.text_.data() + text_.size() + 1, id.size());
    return path;
  }
  const std::string& text() const { return text_; }
  bool operator==(const ActorPath&) const = default;

 private:
  std::string text_;
};

}  // namespace tlfs::supervision
