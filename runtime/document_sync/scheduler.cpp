#include "runtime/document_sync/scheduler.h"

#include <algorithm>

namespace tlfs::document_sync {

void Scheduler::ready(const document::DocumentId& document) {
  if (!balance_.try_emplace(document, 0).second) return;
  turns_.push_back(document);
}

void Scheduler::remove(const document::DocumentId& document) {
  if (balance_.erase(document) > 0) std::erase(turns_, document);
}

std::optional<Scheduler::Turn> Scheduler::next(std::size_t credit) {
  if (turns_.empty() || credit == 0) return std::nullopt;
  // Whoever has overdrawn waits until its turns have paid for it; somebody's balance becomes positive in the end.
  for (;;) {
    const document::DocumentId first = turns_.front();
    std::int64_t& balance = balance_.at(first);
    balance = std::min<std::int64_t>(balance + static_cast<std::int64_t>(kTurnBytes), kTurnBytes);
    if (balance > 0 || turns_.size() == 1)
      return Turn{first, std::min(credit, balance > 0 ? static_cast<std::size_t>(balance) : kTurnBytes)};
    turns_.pop_front();
    turns_.push_back(first);
  }
}

void Scheduler::done(const document::DocumentId& document, std::size_t sent, bool more) {
  const auto found = balance_.find(document);
  if (found == balance_.end()) return;
  std::erase(turns_, document);
  if (!more) {
    balance_.erase(found);
    return;
  }
  found->second -= static_cast<std::int64_t>(sent);
  turns_.push_back(document);
}

}  // namespace tlfs::document_sync
