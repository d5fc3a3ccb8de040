#include "runtime/link/connection.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tlfs::link {
namespace {

// Uniform from nothing to a bound that doubles with each round ("full jitter": Brooker, "Exponential Backoff And
// Jitter", AWS Architecture Blog, 2015).
Time wait_after(unsigned rounds, Random& random) {
  constexpr unsigned kMostDoublings = 20;
  Time bound = kFirstBackoff;
  for (unsigned i = 1; i < std::min(rounds, kMostDoublings) && bound < kLongestBackoff; ++i) bound *= 2;
  bound = std::min(bound, kLongestBackoff);
  return Time(static_cast<Time::rep>(random.next_u64() % (static_cast<std::uint64_t>(bound.count()) + 1)));
}

}  // namespace

std::string_view name_of(Connection::State state) {
  switch (state) {
    case Connection::State::disconnected:
      return "disconnected";
    case Connection::State::connecting:
      return "connecting";
    case Connection::State::handshaking:
      return "handshaking";
    case Connection::State::syncing:
      return "syncing";
    case Connection::State::live:
      return "live";
    case Connection::State::backing_off:
      return "backing_off";
  }
  return "unknown";
}

Connection::State Connection::state() const {
  if (kept_) return kept_->synced ? State::live : State::syncing;
  if (attempt_) return attempt_->handshaking ? State::handshaking : State::connecting;
  return retry_at_ ? State::backing_off : State::disconnected;
}

std::optional<LinkNumber> Connection::link() const {
  if (!kept_) return std::nullopt;
  return kept_->link;
}

std::vector<std::string> Connection::addresses() const {
  std::vector<std::string> out;
  for (const Address& address : addresses_) out.push_back(address.text);
  return out;
}

std::vector<Action> Connection::take_actions() { return std::exchange(actions_, {}); }

std::optional<Time> Connection::wait_until() const {
  if (attempt_) return attempt_->deadline;
  return retry_at_;
}

// ---- inputs ----

void Connection::set_wanted(bool wanted, Time now) {
  if (wanted == wanted_) return;
  wanted_ = wanted;
  if (wanted) return begin_round(now);
  retry_at_.reset();
  failed_rounds_ = 0;
  drop_attempt(Drop::Why::not_wanted);
  if (kept_) actions_.emplace_back(Drop{std::exchange(kept_, std::nullopt)->link, Drop::Why::not_wanted});
}

void Connection::set_addresses(const std::vector<std::string>& addresses, Time now) {
  std::vector<Address> next;
  const auto holds = [](const std::vector<Address>& list, const std::string& text) {
    return std::any_of(list.begin(), list.end(), [&](const Address& a) { return a.text == text; });
  };
  for (const Address& known : addresses_)
    if (std::find(addresses.begin(), addresses.end(), known.text) != addresses.end()) next.push_back(known);
  bool news = false;
  for (const std::string& text : addresses) {
    if (text.empty() || text.size() > kMaxAddressBytes || holds(next, text)) continue;
    news = news || !holds(addresses_, text);
    next.push_back({text, std::nullopt});
  }
  if (next.size() > kMaxAddresses) next.resize(kMaxAddresses);
  addresses_ = std::move(next);
  std::erase_if(round_, [&](const std::string& text) { return !holds(addresses_, text); });
  // An address that was not there when the others failed is worth a try at once.
  if (news) begin_round(now);
}

void Connection::dialled(LinkNumber link, Time now) {
  if (!attempt_ || attempt_->link != link || attempt_->handshaking) return;
  attempt_->handshaking = true;
  attempt_->deadline = now + kHandshakeTimeout;
}

void Connection::dial_failed(LinkNumber link, Random& random, Time now) {
  if (attempt_ && attempt_->link == link) attempt_ended(random, now);
}

void Connection::established(LinkNumber link, std::uint64_t tie, std::uint64_t peer_life, Time now) {
  if (!attempt_ || attempt_->link != link) {
    // Given up in the meantime; its owner has been told to drop it.
    return;
  }
  const auto found = std::find_if(addresses_.begin(), addresses_.end(),
                                  [&](const Address& address) { return address.text == attempt_->address; });
  if (found != addresses_.end()) {
    found->succeeded = now;
    std::rotate(addresses_.begin(), found, found + 1);
  }
  const Origin origin{true, attempt_->moment, tie, peer_life};
  attempt_.reset();
  keep(link, origin, now);
}

LinkNumber Connection::joined(const Origin& origin, Time now) {
  const LinkNumber link = ++last_number_;
  keep(link, origin, now);
  return link;
}

// A peer that counts as far as there are numbers only makes it harder for itself.
Moment Connection::next_moment() {
  if (last_moment_ < std::numeric_limits<Moment>::max()) ++last_moment_;
  return last_moment_;
}

void Connection::synced(LinkNumber link, Time) {
  if (kept_ && kept_->link == link) kept_->synced = true;
}

void Connection::closed(LinkNumber link, Random& random, Time now) {
  if (attempt_ && attempt_->link == link) return attempt_ended(random, now);
  if (!kept_ || kept_->link != link) return;
  const bool settled = now - kept_->since >= kSettled;
  kept_.reset();
  if (settled) failed_rounds_ = 0;
  // An attempt that goes on beside it may still bring a link.
  if (!attempt_) back_off(random, now);
}

void Connection::network_changed(bool available, Time now) {
  network_ = available;
  if (!available) {
    retry_at_.reset();
    drop_attempt(Drop::Why::not_wanted);
    return;
  }
  failed_rounds_ = 0;
  if (kept_) actions_.emplace_back(Probe{kept_->link});
  begin_round(now);
}

void Connection::tick(Random& random, Time now) {
  if (attempt_ && now >= attempt_->deadline) {
    actions_.emplace_back(Drop{attempt_->link, Drop::Why::too_slow});
    attempt_ended(random, now);
  } else if (retry_at_ && now >= *retry_at_) {
    begin_round(now);
  }
}

// ---- dialling ----

void Connection::begin_round(Time now) {
  if (!may_dial()) return;
  retry_at_.reset();
  round_ = addresses();
  std::reverse(round_.begin(), round_.end());
  dial_next(now);
}

void Connection::dial_next(Time now) {
  const LinkNumber link = ++last_number_;
  attempt_ = Attempt{link, std::move(round_.back()), next_moment(), false, now + kDialTimeout};
  round_.pop_back();
  actions_.emplace_back(Dial{link, attempt_->address, attempt_->moment});
}

void Connection::attempt_ended(Random& random, Time now) {
  attempt_.reset();
  if (!round_.empty() && may_dial()) return dial_next(now);
  back_off(random, now);
}

void Connection::back_off(Random& random, Time now) {
  round_.clear();
  if (!may_dial()) return;
  ++failed_rounds_;
  retry_at_ = now + wait_after(failed_rounds_, random);
}

void Connection::drop_attempt(Drop::Why why) {
  round_.clear();
  if (!attempt_) return;
  actions_.emplace_back(Drop{attempt_->link, why});
  attempt_.reset();
}

// ---- one link ----

// Whether `a` is kept of the two.
bool Connection::later(const Origin& a, const Origin& b) const {
  if (a.moment != b.moment) return a.moment > b.moment;
  if (a.dialled_here != b.dialled_here) return a.dialled_here == own_is_smaller_;
  return a.tie > b.tie;
}

void Connection::keep(LinkNumber link, const Origin& origin, Time now) {
  last_moment_ = std::max(last_moment_, origin.moment);
  if (kept_ && kept_->origin.peer_life == origin.peer_life && !later(origin, kept_->origin)) {
    actions_.emplace_back(Drop{link, Drop::Why::duplicate});
    return;
  }
  if (kept_) actions_.emplace_back(Drop{kept_->link, Drop::Why::duplicate});
  kept_ = Kept{link, origin, now, false};
  retry_at_.reset();
  round_.clear();
  // An attempt that would lose against this link is given up. One that would win goes on: the peer decides alike.
  if (attempt_ && !later({true, attempt_->moment, std::numeric_limits<std::uint64_t>::max(), 0}, origin))
    drop_attempt(Drop::Why::duplicate);
  actions_.emplace_back(Use{link});
}

}  // namespace tlfs::link
