#include "actors/supervision/probe.h"

#include <cstdlib>
#include <utility>

#include <cxxabi.h>
#include <caf/type_nr.hpp>

#include "actors/supervision/registry.h"

namespace tlfs::supervision {
MessageType::MessageType(const caf::type_erased_tuple& content) {
  if (content.empty()) return;
  const auto type = content.type(0);
  word_ = type.first != 0 ? type.first : reinterpret_cast<std::uintptr_t>(type.second);
}

std::string MessageType::name() const {
  if (word_ == 0) return "nothing";
  if (word_ <= caf::type_nrs) return caf::numbered_type_names[word_ - 1];
  const char* raw =
      reinterpret_cast<const std::type_info*>(word_)->name();  // NOLINT(performance-no-int-to-ptr): it was one
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable(abi::__cxa_demangle(raw, nullptr, nullptr, &status), std::free);
  return status == 0 ? readable.get() : raw;
}

Probe::Probe(std::shared_ptr<Registry> registry, ChildIdentity identity, ChildKind kind, std::uint32_t restarts,
             std::size_t mailbox_limit)
    : registry_(std::move(registry)),
      identity_(std::move(identity)),
      started_at_(registry_->now()),
      mailbox_limit_(mailbox_limit),
      restarts_(restarts),
      kind_(kind) {
  registry_->add(*this);
}

Probe::~Probe() { registry_->remove(*this); }

std::size_t Probe::depth() const {
  const auto depth = depth_.load(std::memory_order_relaxed);
  return depth > 0 ? static_cast<std::size_t>(depth) : 0;
}

Probe::Nanoseconds Probe::stuck_for(Nanoseconds now) const {
  const auto since = stuck_since_.load(std::memory_order_relaxed);
  return since < 0 ? Nanoseconds::zero() : now - Nanoseconds(since);
}

MessageType Probe::current() const {
  MessageType type;
  type.word_ = current_.load(std::memory_order_relaxed);
  return type;
}

void Probe::begins(const caf::type_erased_tuple& content) {
  current_.store(MessageType(content).word_, std::memory_order_relaxed);
  messages_.store(messages() + 1, std::memory_order_release);  // only this thread writes
}

Probe::Run Probe::run_begins() {
  const Nanoseconds now = registry_->now();
  run_began_at_.store(now.count(), std::memory_order_relaxed);
  run_began_with_.store(messages() + 1, std::memory_order_relaxed);
  return {registry_->enter(*this), now};
}

void Probe::run_ends(const Run& run) {
  if (run.slot < kRunSlots) registry_->leave(run.slot);
  const Nanoseconds now = registry_->now();
  busy_.fetch_add((now - run.began).count(), std::memory_order_relaxed);
  if (stuck_since_.load(std::memory_order_relaxed) >= 0) registry_->moves_again(*this);
}

std::size_t Probe::enters_mailbox() {
  const auto depth = static_cast<std::size_t>(depth_.fetch_add(1, std::memory_order_relaxed) + 1);
  auto high = high_water_.load(std::memory_order_relaxed);
  while (depth > high && !high_water_.compare_exchange_weak(high, depth, std::memory_order_relaxed)) {
  }
  return depth;
}

}  // namespace tlfs::supervision
