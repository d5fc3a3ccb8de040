// Waiting for what other threads and processes bring about.
#pragma once

#include <chrono>
#include <thread>

namespace tlfs::testing {

inline constexpr std::chrono::seconds kPatience{30};

template <class F>
bool comes_true(F what) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    if (what()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

}  // namespace tlfs::testing
