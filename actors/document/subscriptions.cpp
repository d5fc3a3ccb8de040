#include "actors/document/subscriptions.h"

#include <algorithm>

namespace tlfs::document_actor {

std::uint64_t Subscriptions::add(Watched watched, bool up_to_date) {
  const std::uint64_t id = ++last_;
  all_[id].watched = std::move(watched);
  if (up_to_date) pulled(id);
  return id;
}

const Subscriptions::Watched* Subscriptions::find(std::uint64_t id) const {
  const auto at = all_.find(id);
  return at == all_.end() ? nullptr : &at->second.watched;
}

bool Subscriptions::watches(const std::string& version) const {
  return std::any_of(all_.begin(), all_.end(), [&](const auto& e) { return e.second.watched.version == version; });
}

void Subscriptions::pulled(std::uint64_t id) {
  const auto at = all_.find(id);
  if (at == all_.end() || at->second.listening) return;
  at->second.listening = true;
  // Those that have ended leave when they are more than those that have not.
  std::vector<std::uint64_t>& idle = at->second.watched.presence ? idle_presence_ : idle_;
  if (idle.size() >= 2 * all_.size()) std::erase_if(idle, [&](std::uint64_t i) { return !all_.contains(i); });
  idle.push_back(id);
}

std::vector<std::uint64_t> Subscriptions::changed() { return take(idle_); }
std::vector<std::uint64_t> Subscriptions::presence_changed() { return take(idle_presence_); }

std::vector<std::uint64_t> Subscriptions::take(std::vector<std::uint64_t>& idle) {
  std::vector<std::uint64_t> tell;
  tell.swap(idle);
  std::erase_if(tell, [&](std::uint64_t id) {
    const auto at = all_.find(id);
    if (at == all_.end()) return true;
    at->second.listening = false;
    return false;
  });
  return tell;
}

bool Subscriptions::tell(std::uint64_t id) {
  const auto at = all_.find(id);
  if (at == all_.end() || !at->second.listening) return false;
  at->second.listening = false;
  std::erase(idle_, id);
  return true;
}

}  // namespace tlfs::document_actor
