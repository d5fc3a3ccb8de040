// What one peer may cost: token buckets of bytes, messages and processor time, and the list of those who are banned.
//
// Pure and small; owned by the peer's actor (Budget) and by whoever owns the peers (BanList).
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/crypto/crypto.h"
#include "runtime/link/errors.h"
#include "runtime/link/limits.h"

namespace tlfs::link {

// Fills by `per_second` up to `burst`. What is spent was spent already, so it may go into debt.
struct BucketRate {
  double per_second = 0;  // more than zero
  double burst = 0;       // more than zero
};

class TokenBucket {
 public:
  TokenBucket(BucketRate rate, Time now) : rate_(rate), level_(rate.burst), filled_(now) {}
  void spend(double amount, Time now);
  double level(Time now) const;  // less than zero: in debt
  // When the debt is paid; `now` when there is none.
  Time free_at(Time now) const;
  const BucketRate& rate() const { return rate_; }

 private:
  BucketRate rate_;
  double level_;
  Time filled_;
};

struct BudgetRates {
  BucketRate bytes{4.0 * (1 << 20), 64.0 * (1 << 20)};
  BucketRate messages{2'000, 20'000};
  BucketRate cpu_seconds{0.25, 5};
};

struct Spent {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  std::chrono::nanoseconds cpu{0};
};

// A debt of this many bursts is no longer a busy peer but a flood: the peer had been told to wait by not being read.
inline constexpr double kFloodBursts = 1;

class Budget {
 public:
  enum class Verdict : std::uint8_t { go_on, wait, flood };
  enum class Kind : std::uint8_t { bytes, messages, cpu };

  Budget(const BudgetRates& rates, Time now);
  // wait: read nothing more from the peer until free_at(). flood: end the link (CloseCode::budget_exceeded).
  Verdict spend(const Spent& spent, Time now);
  Time free_at(Time now) const;
  // Which bucket is emptiest, measured in bursts.
  Kind scarcest(Time now) const;

 private:
  std::array<TokenBucket, 3> buckets_;
};
std::string_view name_of(Budget::Kind kind);

inline constexpr std::size_t kMaxBans = 10'000;  // beyond it the one that ends first goes
inline constexpr std::size_t kMaxBanReasonBytes = 200;

struct Ban {
  std::string reason;                  // a sentence, UTF-8
  std::chrono::milliseconds until{0};  // since the Unix epoch: it has to outlive the process
  friend bool operator==(const Ban&, const Ban&) = default;
};

class BanList {
 public:
  // A ban that is there is replaced when the new one ends later. The reason is cut to its limit.
  void ban(const crypto::PublicKey& peer, Ban ban);
  void lift(const crypto::PublicKey& peer);
  // The ban, unless it has ended.
  const Ban* find(const crypto::PublicKey& peer, std::chrono::milliseconds wall) const;
  void forget_ended(std::chrono::milliseconds wall);
  std::size_t size() const { return bans_.size(); }

  // For a store.
  Bytes encode() const;
  static Result<BanList> decode(ByteView bytes);
  friend bool operator==(const BanList&, const BanList&) = default;

 private:
  std::map<crypto::PublicKey, Ban> bans_;
};

}  // namespace tlfs::link
