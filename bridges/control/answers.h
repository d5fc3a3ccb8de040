// Waiting for a node's answers, and finding what people call a document.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

#include "actors/net/errors.h"
#include "actors/node/node.h"
#include "bridges/control/errors.h"

namespace tlfs::control {

inline constexpr std::chrono::seconds kAnswerTimeout{90};  // beyond the node's own, so that a client is not left alone
inline constexpr std::chrono::milliseconds kInterruptCheck{20};

inline Error silent() { return Error(Errc::unreachable, "the node does not answer"); }

// Waits, but not for ever: a node answers every request in time, unless something is wrong with it.
template <class T>
Result<T> settled(std::future<Result<T>> future) {
  if (future.wait_for(kAnswerTimeout) == std::future_status::ready) return future.get();
  return silent();
}

// The same for what may take long by its nature; net::Errc::interrupted as soon as `interrupted` is set.
template <class T>
Result<T> settled(std::future<Result<T>> future, const std::atomic<bool>& interrupted) {
  const auto end = std::chrono::steady_clock::now() + kAnswerTimeout;
  while (std::chrono::steady_clock::now() < end) {
    if (future.wait_for(kInterruptCheck) == std::future_status::ready) return future.get();
    if (interrupted) return Error(net::Errc::interrupted, "the node is ending, or nobody waits for the answer");
  }
  return silent();
}

// As choose_document (names.h), of the node's documents.
Result<document::DocumentId> find_document(Node& node, capnp::Text::Reader name);

}  // namespace tlfs::control
