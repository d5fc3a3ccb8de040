#include "runtime/link/budget.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.h"
#include "runtime/base/utf.h"
#include "runtime/base/varint.h"

namespace tlfs::link {
namespace {

constexpr std::uint8_t kBanListVersion = 1;
constexpr std::array<Budget::Kind, 3> kKinds = {Budget::Kind::bytes, Budget::Kind::messages, Budget::Kind::cpu};
// Longer waits are as good as for ever, and fit a Time.
constexpr double kLongestWaitSeconds = 86'400;

double seconds(Time time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

double TokenBucket::level(Time now) const {
  // A clock that goes back fills nothing.
  const double waited = std::max(0.0, seconds(now - filled_));
  return std::min(rate_.burst, level_ + waited * rate_.per_second);
}

void TokenBucket::spend(double amount, Time now) {
  level_ = level(now) - amount;
  filled_ = std::max(filled_, now);
}

Time TokenBucket::free_at(Time now) const {
  const double there = level(now);
  if (there >= 0) return now;
  const double wait = std::min(-there / rate_.per_second, kLongestWaitSeconds);
  return now + Time(static_cast<Time::rep>(std::ceil(wait * 1e9)));
}

Budget::Budget(const BudgetRates& rates, Time now)
    : buckets_{TokenBucket(rates.bytes, now), TokenBucket(rates.messages, now), TokenBucket(rates.cpu_seconds, now)} {
  for (const TokenBucket& bucket : buckets_)
    TLFS_CHECK(bucket.rate().per_second > 0 && bucket.rate().burst > 0, "a bucket that never fills");
}

Budget::Verdict Budget::spend(const Spent& spent, Time now) {
  buckets_[0].spend(static_cast<double>(spent.bytes), now);
  buckets_[1].spend(static_cast<double>(spent.messages), now);
  buckets_[2].spend(seconds(spent.cpu), now);
  Verdict verdict = Verdict::go_on;
  for (const TokenBucket& bucket : buckets_) {
    const double level = bucket.level(now);
    if (level < -kFloodBursts * bucket.rate().burst) return Verdict::flood;
    if (level < 0) verdict = Verdict::wait;
  }
  return verdict;
}

Time Budget::free_at(Time now) const {
  Time at = now;
  for (const TokenBucket& bucket : buckets_) at = std::max(at, bucket.free_at(now));
  return at;
}

Budget::Kind Budget::scarcest(Time now) const {
  std::size_t worst = 0;
  const auto share = [&](std::size_t i) { return buckets_[i].level(now) / buckets_[i].rate().burst; };
  for (std::size_t i = 1; i < buckets_.size(); ++i)
    if (share(i) < share(worst)) worst = i;
  return kKinds[worst];
}

std::string_view name_of(Budget::Kind kind) {
  switch (kind) {
    case Budget::Kind::bytes:
      return "bytes";
    case Budget::Kind::messages:
      return "messages";
    case Budget::Kind::cpu:
      return "processor time";
  }
  return "unknown";
}

void BanList::ban(const crypto::PublicKey& peer, Ban ban) {
  if (!is_valid_utf8(ban.reason)) ban.reason.clear();
  ban.reason.resize(utf8_prefix(ban.reason, kMaxBanReasonBytes).size());
  ban.until = std::max(ban.until, std::chrono::milliseconds(0));
  const auto found = bans_.find(peer);
  if (found != bans_.end()) {
    if (found->second.until <= ban.until) found->second = std::move(ban);
    return;
  }
  bans_.emplace(peer, std::move(ban));
  if (bans_.size() <= kMaxBans) return;
  bans_.erase(std::min_element(bans_.begin(), bans_.end(),
                               [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
}

void BanList::lift(const crypto::PublicKey& peer) { bans_.erase(peer); }

const Ban* BanList::find(const crypto::PublicKey& peer, std::chrono::milliseconds wall) const {
  const auto found = bans_.find(peer);
  return found == bans_.end() || found->second.until <= wall ? nullptr : &found->second;
}

void BanList::forget_ended(std::chrono::milliseconds wall) {
  std::erase_if(bans_, [&](const auto& entry) { return entry.second.until <= wall; });
}

Bytes BanList::encode() const {
  ByteWriter out;
  out.u8(kBanListVersion);
  out.varint(bans_.size());
  for (const auto& [peer, ban] : bans_) {
    out.raw(peer);
    out.varint(static_cast<std::uint64_t>(ban.until.count()));
    out.text(ban.reason);
  }
  return out.take();
}

Result<BanList> BanList::decode(ByteView bytes) {
  const Error malformed(Errc::malformed, "these bytes are no list of bans that this version has written");
  ByteReader in(bytes);
  if (in.u8() != kBanListVersion) return malformed;
  const std::uint64_t count = in.bounded(kMaxBans);
  BanList list;
  for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
    crypto::PublicKey peer{};
    const ByteView key = in.raw(peer.size());
    std::copy(key.begin(), key.end(), peer.begin());
    Ban ban;
    ban.until = std::chrono::milliseconds(
        static_cast<std::int64_t>(in.bounded(static_cast<std::uint64_t>(std::chrono::milliseconds::max().count()))));
    ban.reason = in.text();
    if (in.failed() || ban.reason.size() > kMaxBanReasonBytes || !is_valid_utf8(ban.reason)) return malformed;
    if (!list.bans_.empty() && list.bans_.rbegin()->first >= peer) return malformed;  // encode() sorts
    list.bans_.emplace_hint(list.bans_.end(), peer, std::move(ban));
  }
  if (!in.finished()) return malformed;
  return list;
}

}  // namespace tlfs::link
