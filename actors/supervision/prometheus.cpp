#include "actors/supervision/prometheus.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <string_view>

namespace tlfs::supervision {
namespace {

using Kind = messages::TreeNode::Kind;
using State = messages::TreeNode::State;

struct Family {
  std::map<State, std::uint64_t> actors;
  bool supervisor = false;
  std::uint64_t messages = 0, busy = 0, restarts = 0, rejected = 0, dropped = 0, coalesced = 0;
  std::uint64_t depth = 0, high_water = 0, stuck = 0, silent = 0, crashes = 0;
};
using Families = std::map<std::string, Family, std::less<>>;

Families gather(messages::NodeTree::Reader tree) {
  Families families;
  for (const auto node : tree.getNodes()) {
    Family& f = families[node.getFamily().cStr()];
    ++f.actors[node.getState()];
    f.supervisor = f.supervisor || node.getKind() == Kind::SUPERVISOR;
    f.messages += node.getMessages();
    f.busy += node.getBusyNanoseconds();
    f.restarts += node.getRestarts();
    f.rejected += node.getRejected();
    f.dropped += node.getDropped();
    f.coalesced += node.getCoalesced();
    f.depth += node.getMailboxDepth();
    f.high_water = std::max(f.high_water, node.getMailboxHighWater());
    f.stuck += node.getStuckNanoseconds() > 0;
    f.silent += node.getSilent();
    f.crashes += node.getCrashes();
  }
  for (const auto totals : tree.getRetired()) {
    Family& f = families[totals.getFamily().cStr()];
    f.messages += totals.getMessages();
    f.busy += totals.getBusyNanoseconds();
    f.restarts += totals.getRestarts();
    f.rejected += totals.getRejected();
    f.dropped += totals.getDropped();
    f.coalesced += totals.getCoalesced();
  }
  return families;
}

std::string_view name_of(State state) {
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

std::string escaped(std::string_view label) {
  std::string out;
  for (const char c : label) {
    if (c == '\\' || c == '"')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

class Page {
 public:
  void head(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    ((((text_ += "# HELP ") += name) += ' ') += help) += '\n';
    ((((text_ += "# TYPE ") += name) += ' ') += type) += '\n';
  }
  void line(std::string_view labels, std::uint64_t value) { write(labels, std::to_string(value)); }
  // Nanoseconds as seconds, exact.
  void seconds(std::string_view labels, std::uint64_t nanoseconds) {
    std::string part = std::to_string(nanoseconds % 1'000'000'000);
    part.insert(0, 9 - part.size(), '0');
    write(labels, std::to_string(nanoseconds / 1'000'000'000) + "." + part);
  }
  std::string take() { return std::move(text_); }

 private:
  void write(std::string_view labels, const std::string& value) {
    text_ += name_;
    if (!labels.empty()) ((text_ += '{') += labels) += '}';
    ((text_ += ' ') += value) += '\n';
  }

  std::string name_;
  std::string text_;
};

std::string actor_label(const std::string& family) { return "actor=\"" + escaped(family) + "\""; }

}  // namespace

std::string prometheus_text(messages::NodeTree::Reader tree) {
  const Families families = gather(tree);
  Page page;
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        std::uint64_t Family::*number, bool supervisors_only = false) {
    page.head(name, type, help);
    for (const auto& [path, family] : families)
      if (!supervisors_only || family.supervisor) page.line(actor_label(path), family.*number);
  };

  page.head("tlfs_actors", "gauge", "Actors in the supervision tree, by family and state.");
  for (const auto& [path, family] : families)
    for (const auto& [state, count] : family.actors)
      page.line(actor_label(path) + ",state=\"" + std::string(name_of(state)) + "\"", count);
  each("tlfs_actor_messages_total", "counter", "Messages handled.", &Family::messages);
  page.head("tlfs_actor_busy_seconds_total", "counter", "Time spent in handlers.");
  for (const auto& [path, family] : families) page.seconds(actor_label(path), family.busy);
  each("tlfs_actor_restarts_total", "counter", "Restarts by a supervisor.", &Family::restarts);
  each("tlfs_actor_mailbox_depth", "gauge", "Messages that wait.", &Family::depth);
  each("tlfs_actor_mailbox_high_water", "gauge", "The most messages that ever waited for one living actor.",
       &Family::high_water);
  each("tlfs_actor_rejected_total", "counter", "Messages refused by a full mailbox.", &Family::rejected);
  each("tlfs_actor_dropped_total", "counter", "Messages that made room for later ones.", &Family::dropped);
  each("tlfs_actor_coalesced_total", "counter", "Messages replaced by later ones with the same key.",
       &Family::coalesced);
  each("tlfs_actor_stuck", "gauge", "Actors that sit in one handler for too long.", &Family::stuck);
  each("tlfs_supervisor_crashes_total", "counter", "Children that ended by themselves with an error.", &Family::crashes,
       true);
  each("tlfs_supervisor_silent", "gauge", "Supervisors that did not answer in time.", &Family::silent, true);
  page.head("tlfs_dead_letters_total", "counter", "Messages that reached nobody.");
  page.line("", tree.getDeadLetterCount());
  page.head("tlfs_stuck_handlers_total", "counter", "Handlers that ran too long.");
  page.line("", tree.getStuckCount());
  return page.take();
}

}  // namespace tlfs::supervision
