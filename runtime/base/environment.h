// The edge of the world: time and randomness come in here and nowhere else, so that a simulation can replace them.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

namespace tlfs {

class Clock {
 public:
  virtual ~Clock() = default;
  // Time since the Unix epoch, as the device believes; may jump in both directions. For people, never for decisions.
  virtual std::chrono::milliseconds wall() const = 0;
  // Monotonic; only differences mean something.
  virtual std::chrono::nanoseconds monotonic() const = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  // Fills `out` with unpredictable bytes (in tests: with bytes that the seed determines).
  virtual void fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t next_u64() {
    std::uint8_t b[8];
    fill(b);
    std::uint64_t v = 0;
    for (int i = 0; i < 8; ++i) v |= static_cast<std::uint64_t>(b[i]) << (8 * i);
    return v;
  }
};

// A deterministic Random for tests and simulations (xoshiro256**, Blackman and Vigna 2018). Never for keys that matter.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(std::span<std::uint8_t> out) override;
  std::uint64_t next();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  bool chance(double probability);

 private:
  std::uint64_t state_[4];
};

class SystemClock final : public Clock {
 public:
  std::chrono::milliseconds wall() const override;
  std::chrono::nanoseconds monotonic() const override;
};

}  // namespace tlfs
