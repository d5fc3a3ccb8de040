#include "actors/supervision/mailbox.h"

#include <utility>

namespace tlfs::supervision {

WaitingList::Added WaitingList::add(caf::mailbox_element_ptr element) {
  const bool one_way = !element->mid.is_request();
  std::string key;
  if (one_way && spec_.overflow == Overflow::coalesce && spec_.coalesce_key) {
    key = spec_.coalesce_key(element->content()).value_or("");
    const auto same = key.empty() ? by_key_.end() : by_key_.find(key);
    if (same != by_key_.end()) {
      std::swap(same->second->element, element);
      return {Outcome::took_over, std::move(element)};
    }
  }
  caf::mailbox_element_ptr oldest;
  if (entries_.size() >= spec_.limit) {
    if (spec_.overflow != Overflow::drop_oldest || one_way_.empty()) return {Outcome::refused, std::move(element)};
    oldest = std::move(one_way_.front()->element);
    entries_.erase(one_way_.front());
    one_way_.pop_front();
  }
  entries_.push_back({std::move(element), key});
  const auto place = std::prev(entries_.end());
  if (one_way && spec_.overflow == Overflow::drop_oldest) one_way_.push_back(place);
  if (!key.empty()) by_key_.emplace(std::move(key), place);
  if (!oldest) return {Outcome::added, nullptr};
  return {Outcome::took_over, std::move(oldest)};
}

caf::mailbox_element_ptr WaitingList::take() {
  if (entries_.empty()) return nullptr;
  if (!one_way_.empty() && one_way_.front() == entries_.begin()) one_way_.pop_front();
  Entry& first = entries_.front();
  if (!first.key.empty()) by_key_.erase(first.key);
  caf::mailbox_element_ptr element = std::move(first.element);
  entries_.pop_front();
  return element;
}

}  // namespace tlfs::supervision
