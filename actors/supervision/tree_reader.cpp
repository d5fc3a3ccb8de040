#include "actors/supervision/tree_reader.h"

#include <utility>
#include <vector>

#include <caf/response_handle.hpp>

#include "actors/supervision/supervisor_messages.h"
#include "runtime/base/utf.h"

namespace tlfs::supervision {
namespace {

using Kind = messages::TreeNode::Kind;
using State = messages::TreeNode::State;

// A place in the tree while it is being read.
struct Place {
  ChildStatus status;
  std::string family;
  bool silent = false;
  SupervisorCounters counters;
  std::vector<std::unique_ptr<Place>> children;
};

State state_of(ChildState state) {
  switch (state) {
    case ChildState::running:
      return State::RUNNING;
    case ChildState::waiting:
      return State::WAITING;
    case ChildState::stopping:
      return State::STOPPING;
    case ChildState::finished:
      return State::FINISHED;
    case ChildState::quarantined:
      return State::QUARANTINED;
  }
  return State::FINISHED;
}

class Walk : public std::enable_shared_from_this<Walk> {
 public:
  Walk(caf::event_based_actor& self, std::shared_ptr<const Registry> registry, const TreeOptions& options,
       std::function<void(TreeMessage)> done)
      : self_(self), registry_(std::move(registry)), options_(options), done_(std::move(done)) {}

  void start(const caf::actor& root, std::string path) {
    root_.status.path = root_.family = std::move(path);
    root_.status.kind = ChildKind::supervisor;
    ask(root_, root);
  }

 private:
  void ask(Place& place, const caf::actor& supervisor) {
    ++open_;
    self_.request(supervisor, caf::duration(options_.patience), GetStatus())
        .then([walk = shared_from_this(), &place](SupervisorStatus& status) { walk->answered(place, status); },
              [walk = shared_from_this(), &place](caf::error&) {
                place.silent = true;
                walk->settled();
              });
  }

  void answered(Place& place, SupervisorStatus& status) {
    place.counters = status.counters;
    if (&place == &root_) place.status.state = status.stopping ? ChildState::stopping : ChildState::running;
    for (auto& [family, totals] : status.retired) retired_.emplace_back(status.path + "/" + family, totals);
    for (ChildStatus& child : status.children) {
      if (count_ >= options_.max_nodes) {
        truncated_ = true;
        break;
      }
      ++count_;
      auto made = std::make_unique<Place>();
      made->family = status.path + "/" + std::string(family_of(child.id));
      made->status = std::move(child);
      place.children.push_back(std::move(made));
    }
    for (const auto& child : place.children)
      if (child->status.handle) ask(*child, std::exchange(child->status.handle, nullptr));
    settled();
  }

  void settled() {
    if (--open_ == 0) finish();
  }

  void finish() {
    now_ = registry_->now();
    messaging::MessageBuilder<messages::NodeTree> tree;
    tree->setTakenAt(now_.count());
    tree->setTruncated(truncated_);
    tree->setStuckCount(registry_->stuck_count());
    tree->setDeadLetterCount(registry_->dead_letter_count());

    const auto letters = registry_->dead_letters();
    auto notes = tree->initDeadLetters(static_cast<unsigned>(letters.size()));
    for (unsigned i = 0; i < notes.size(); ++i) {
      notes[i].setAt(letters[i].when.count());
      notes[i].setTo(letters[i].to);
      notes[i].setMessageType(letters[i].message_type);
      notes[i].setWhy(std::string(name_of(letters[i].why)));
    }
    auto retired = tree->initRetired(static_cast<unsigned>(retired_.size()));
    for (unsigned i = 0; i < retired.size(); ++i) {
      const RetiredTotals& totals = retired_[i].second;
      retired[i].setFamily(retired_[i].first);
      retired[i].setMessages(totals.messages);
      retired[i].setBusyNanoseconds(static_cast<std::uint64_t>(totals.busy.count()));
      retired[i].setRejected(totals.rejected);
      retired[i].setDropped(totals.dropped);
      retired[i].setCoalesced(totals.coalesced);
      retired[i].setRestarts(totals.restarts);
    }
    auto nodes = tree->initNodes(static_cast<unsigned>(count_));
    unsigned at = 0;
    write(root_, 0, nodes, at);
    done_(std::move(tree).seal());
  }

  // A tree is as deep as supervisors are nested, which is a matter of code, not of data.
  void write(const Place& place, std::uint16_t depth, capnp::List<messages::TreeNode>::Builder& nodes, unsigned& at) {
    write_node(place, depth, nodes[at++]);
    for (const auto& child : place.children) write(*child, static_cast<std::uint16_t>(depth + 1), nodes, at);
  }

  void write_node(const Place& place, std::uint16_t depth, messages::TreeNode::Builder node) {
    const ChildStatus& status = place.status;
    node.setPath(status.path);
    node.setFamily(place.family);
    node.setDepth(depth);
    node.setKind(status.kind == ChildKind::supervisor ? Kind::SUPERVISOR : Kind::WORKER);
    node.setState(state_of(status.state));
    node.setIncarnation(status.incarnation);
    node.setRestarts(status.restarts);
    node.setLastError(std::string(utf8_prefix(status.last_error, kMaxTreeText)));
    node.setStartedAt(status.started_at.count());
    node.setSilent(place.silent);
    node.setStarts(place.counters.starts);
    node.setChildRestarts(place.counters.restarts);
    node.setCrashes(place.counters.crashes);
    node.setQuarantined(place.counters.quarantined);
    node.setKilled(place.counters.killed);
    node.setAbandoned(place.counters.abandoned);
    // Nobody above the root has its probe.
    const auto reading = status.probe ? std::optional(read(*status.probe, now_))
                         : depth == 0 ? registry_->reading(status.path)
                                      : std::nullopt;
    if (!reading) return;
    node.setIncarnation(reading->incarnation);
    node.setStartedAt(reading->started_at.count());
    node.setMailboxDepth(reading->depth);
    node.setMailboxHighWater(reading->high_water);
    node.setMailboxLimit(reading->mailbox_limit);
    node.setMessages(reading->messages);
    node.setBusyNanoseconds(static_cast<std::uint64_t>(reading->busy.count()));
    node.setRejected(reading->rejected);
    node.setDropped(reading->dropped);
    node.setCoalesced(reading->coalesced);
    node.setStuckNanoseconds(static_cast<std::uint64_t>(reading->stuck_for.count()));
    if (!reading->stuck_on.empty()) node.setStuckOn(std::string(utf8_prefix(reading->stuck_on, kMaxTreeText)));
  }

  caf::event_based_actor& self_;
  const std::shared_ptr<const Registry> registry_;
  const TreeOptions options_;
  const std::function<void(TreeMessage)> done_;
  Place root_;
  std::size_t count_ = 1;
  std::size_t open_ = 0;
  bool truncated_ = false;
  std::vector<std::pair<std::string, RetiredTotals>> retired_;
  Nanoseconds now_{};
};

}  // namespace

void read_tree(caf::event_based_actor& self, const caf::actor& root, std::string root_path,
               std::shared_ptr<const Registry> registry, const TreeOptions& options,
               std::function<void(TreeMessage)> done) {
  std::make_shared<Walk>(self, std::move(registry), options, std::move(done))->start(root, std::move(root_path));
}

}  // namespace tlfs::supervision
