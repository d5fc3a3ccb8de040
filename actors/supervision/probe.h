// What is known of one running actor from outside: where it stands, what it has done, what waits for it, and what it is
// doing right now.
//
// A probe is born with an incarnation and shared by its actor, its supervisor and whoever looks. The actor's thread and
// its senders write, anyone reads at any time; every number is an atomic of its own, so a reader may see one message
// counted that is not yet timed. Nothing here is a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <spdlog/logger.h>
#include <caf/type_erased_tuple.hpp>

#include "actors/supervision/actor_path.h"

namespace tlfs::supervision {

class Registry;

// Who a running child is. Immutable.
struct ChildIdentity {
  ActorPath path;
  std::uint64_t incarnation;  // never used twice in a node
  std::shared_ptr<spdlog::logger> logger;
};

enum class ChildKind : std::uint8_t { worker, supervisor };

// The type of a message's first element, in a word.
class MessageType {
 public:
  MessageType() = default;
  explicit MessageType(const caf::type_erased_tuple& content);
  // For a reader: "tlfs::supervision::StartChild"; "nothing" for an empty message or none.
  std::string name() const;

 private:
  friend class Probe;
  std::uintptr_t word_ = 0;  // 0, the number of a type that CAF knows, or a pointer to a type_info
};

// An actor handles at most this many messages before it makes room for others.
constexpr std::size_t kMessagesPerRun = 64;

class Probe {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  Probe(std::shared_ptr<Registry> registry, ChildIdentity identity, ChildKind kind, std::uint32_t restarts,
        std::size_t mailbox_limit);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  const std::string& path() const { return identity_.path.text(); }
  const ChildIdentity& identity() const { return identity_; }
  ChildKind kind() const { return kind_; }
  std::uint64_t incarnation() const { return identity_.incarnation; }
  std::uint32_t restarts() const { return restarts_; }
  Nanoseconds started_at() const { return started_at_; }
  std::size_t mailbox_limit() const { return mailbox_limit_; }

  std::uint64_t messages() const { return messages_.load(std::memory_order_relaxed); }
  // In handlers, and in CAF's way to them; brought up to date at the end of each run (kMessagesPerRun).
  Nanoseconds busy() const { return Nanoseconds(busy_.load(std::memory_order_relaxed)); }
  // Messages that wait, of those that count (mailbox.h).
  std::size_t depth() const;
  std::size_t high_water() const { return high_water_.load(std::memory_order_relaxed); }
  std::uint64_t rejected() const { return rejected_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  std::uint64_t coalesced() const { return coalesced_.load(std::memory_order_relaxed); }

  // How long it has been in the handler it is in, when that was found to be too long; zero otherwise.
  Nanoseconds stuck_for(Nanoseconds now) const;
  // What it is handling, or handled last.
  MessageType current() const;

  Registry& registry() const { return *registry_; }

  // Written by the actor's own thread.
  void begins(const caf::type_erased_tuple& content);
  struct Run {
    std::size_t slot;
    Nanoseconds began;
  };
  Run run_begins();
  void run_ends(const Run& run);  // by then another thread may have begun the next run
  // Written by senders and by the actor.
  std::size_t enters_mailbox();  // returns the depth with it
  void leaves_mailbox() { depth_.fetch_sub(1, std::memory_order_relaxed); }
  void note_rejected() { rejected_.fetch_add(1, std::memory_order_relaxed); }
  void note_dropped() { dropped_.fetch_add(1, std::memory_order_relaxed); }
  void note_coalesced() { coalesced_.fetch_add(1, std::memory_order_relaxed); }

 private:
  friend class Registry;

  const std::shared_ptr<Registry> registry_;
  const ChildIdentity identity_;
  const Nanoseconds started_at_;
  const std::size_t mailbox_limit_;
  const std::uint32_t restarts_;
  const ChildKind kind_;
  // The registry's list, guarded by its mutex.
  Probe* previous_ = nullptr;
  Probe* next_ = nullptr;

  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uintptr_t> current_{0};
  std::atomic<std::int64_t> busy_{0};
  std::atomic<std::int64_t> run_began_at_{0};
  std::atomic<std::uint64_t> run_began_with_{0};  // messages_ then
  std::atomic<std::int64_t> stuck_since_{-1};     // -1: it is not
  std::atomic<std::int64_t> depth_{0};
  std::atomic<std::size_t> high_water_{0};
  std::atomic<std::uint64_t> rejected_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> coalesced_{0};
};

}  // namespace tlfs::supervision
