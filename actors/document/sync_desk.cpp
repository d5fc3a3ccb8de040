#include "actors/document/sync_desk.h"

#include <algorithm>

namespace tlfs::document_actor {

using document_sync::SyncSession;
using document_sync::Verdict;

namespace {

constexpr std::string_view kNoPresence = "what it says of who is present is none of that";

}  // namespace

// ---- from links ----

void SyncDesk::open(const OpenSync& request, Nanoseconds now) {
  if (conversations_.contains(request.number)) return;
  if (conversations_.size() >= kMaxSyncs)
    return tell_ended(request.number, request.link, false,
                      "too many conversations about the document are under way already");
  const auto same = [&](const auto& c) { return c.second.link == request.link; };
  if (std::none_of(conversations_.begin(), conversations_.end(), same)) owner_->monitor(request.link);
  SyncSession::Settings s;
  s.document = document_;
  s.peer = request.peer;
  s.likely_equal = request.likely_equal;
  Conversation c{request.link, SyncSession(s), {}, 0, {}, true, {}, 0, 0, {}, false, now};
  conversations_.emplace(request.number, std::move(c));
  presence_.opened(request.number, request.peer, now);
}

void SyncDesk::heard(const SyncHeard& what, Nanoseconds now) {
  const auto at = conversations_.find(what.number);
  if (at == conversations_.end()) return;
  Conversation& c = at->second;
  c.last_active = now;
  c.heard_bytes += what.message.size();
  if (c.heard_bytes > kMaxSyncHeard) {
    tell_ended(at->first, c.link, true, "it sent more than there was room for");
    return forget(at);
  }
  c.heard.push_back(what.message);
}

void SyncDesk::room(const SyncRoom& what) {
  const auto at = conversations_.find(what.number);
  if (at == conversations_.end()) return;
  at->second.on_its_way -= std::min(at->second.on_its_way, what.bytes);
  // One that had nothing left to say has nothing now; what has happened since makes it speak in its own time.
  at->second.speak = at->second.speak || !at->second.session.peer_caught_up();
  say(at);
}

void SyncDesk::close(SyncNumber number) {
  if (const auto at = conversations_.find(number); at != conversations_.end()) forget(at);
}

void SyncDesk::link_ended(const caf::actor_addr& link) {
  std::erase_if(conversations_, [&](const auto& c) {
    if (c.second.link.address() != link) return false;
    presence_.closed(c.first);
    return true;
  });
}

// ---- from the actor ----

bool SyncDesk::has_work() const {
  return std::any_of(conversations_.begin(), conversations_.end(),
                     [](const auto& c) { return !c.second.heard.empty() || c.second.speak; });
}

// What was heard comes first, so that what is said answers all of it; how much that can be is limited by the peer's
// window, since nothing is acknowledged meanwhile.
void SyncDesk::work(DocumentService& service, PackageShelf& packages, Nanoseconds now) {
  const auto next = [&](const auto& wanted) {
    for (auto at = conversations_.upper_bound(turn_); at != conversations_.end(); ++at)
      if (wanted(at->second)) return at;
    for (auto at = conversations_.begin(); at != conversations_.end(); ++at)
      if (wanted(at->second)) return at;
    return conversations_.end();
  };
  if (auto at = next([](const Conversation& c) { return !c.heard.empty(); }); at != conversations_.end()) {
    turn_ = at->first;
    hear(at, service, packages, now);
  } else if (at = next([](const Conversation& c) { return c.speak; }); at != conversations_.end()) {
    speak(at->first, at->second, service, now);
    turn_ = at->first;
  }
}

// When taking throws, what the session gave stays in hand for the document that comes.
bool SyncDesk::hear(Conversations::iterator at, DocumentService& service, PackageShelf& packages, Nanoseconds now) {
  Conversation& c = at->second;
  if (!c.in_hand) c.in_hand = c.session.receive(service.replica().document(), c.heard.front());
  if (!c.in_hand->nothing_to_take()) {
    for (const auto& package : c.in_hand->packages) packages.add(package);
    const auto taken = service.take(c.in_hand->packages, c.in_hand->statements, c.in_hand->changes);
    c.session.took(service.replica().document(), taken);
    tend_ = tend_ || taken.statements > 0;
    all_speak();
  }
  // Presence alone changes nothing that would have to be said.
  c.speak = c.speak || c.in_hand->presence.empty() || !c.in_hand->nothing_to_take();
  for (const Bytes& message : c.in_hand->presence)
    if (!presence_.heard(at->first, service.replica().document(), message, device_, now)) {
      tell_ended(at->first, c.link, true, std::string(kNoPresence));
      forget(at);
      return false;
    }
  c.in_hand.reset();
  SyncConsumed consumed;
  consumed.number = at->first;
  consumed.bytes = c.heard.front().size();
  c.heard_bytes -= consumed.bytes;
  c.heard.pop_front();
  owner_->send(c.link, consumed);
  return true;
}

void SyncDesk::speak_presence(const access::ProtectedDocument& document) {
  for (auto& [number, c] : conversations_) {
    const std::size_t used = c.on_its_way + c.out_bytes;
    if (c.over || c.session.ended() || used >= kPresenceWindow) continue;
    for (Bytes& message : presence_.to_say(number, document, kPresenceWindow - used)) stage(c, std::move(message));
  }
}

void SyncDesk::speak(SyncNumber number, Conversation& c, DocumentService& service, Nanoseconds now) {
  if (!c.over) {
    const std::size_t used = c.on_its_way + c.out_bytes;
    std::vector<Bytes> messages =
        c.session.poll(service.replica().document(), used < kSyncWindow ? kSyncWindow - used : 0);
    service.replica().observe();
    if (!messages.empty()) c.last_active = now;
    for (Bytes& m : messages) stage(c, std::move(m));
    const Progress now_at{c.session.caught_up(), c.session.peer_caught_up()};
    if (!c.session.ended() && c.noted != now_at) stage(c, c.noted = now_at);
    if (c.noted.peer_caught_up) presence_.caught_up(number);
    if (c.session.finished()) {
      stage(c, *c.session.ended());
      c.over = true;
    }
  }
  c.speak = false;
}

void SyncDesk::opened_anew() {
  for (auto& [number, c] : conversations_) c.session.opened_anew();
}

void SyncDesk::stage(Conversation& c, decltype(Staged::what) what) {
  if (const auto* message = std::get_if<Bytes>(&what)) c.out_bytes += message->size();
  c.out.push_back({++staged_, std::move(what)});
}

void SyncDesk::all_speak() {
  for (auto& [number, c] : conversations_) c.speak = true;
}

void SyncDesk::durable(std::uint64_t number) {
  durable_ = std::max(durable_, number);
  for (auto at = conversations_.begin(); at != conversations_.end();) say(at++);
}

bool SyncDesk::say(Conversations::iterator at) {
  Conversation& c = at->second;
  SyncSay words;
  words.number = at->first;
  const auto speak_out = [&] {
    if (words.messages.empty()) return;
    SyncSay now;
    now.number = words.number;
    now.messages = std::exchange(words.messages, {});
    owner_->send(c.link, std::move(now));
  };
  while (!c.out.empty() && c.out.front().number <= durable_) {
    auto& what = c.out.front().what;
    if (auto* message = std::get_if<Bytes>(&what)) {
      if (c.on_its_way > 0 && c.on_its_way + message->size() > kSyncWindow) break;
      c.on_its_way += message->size();
      c.out_bytes -= message->size();
      words.messages.push_back(std::move(*message));
    } else if (const auto* progress = std::get_if<Progress>(&what)) {
      speak_out();
      SyncProgress told;
      told.number = at->first;
      told.caught_up = progress->caught_up;
      told.peer_caught_up = progress->peer_caught_up;
      owner_->send(c.link, told);
    } else {
      speak_out();
      auto& verdict = std::get<Verdict>(what);
      tell_ended(at->first, c.link, verdict.cut, std::move(verdict.reason));
      forget(at);
      return false;
    }
    c.out.pop_front();
  }
  speak_out();
  return true;
}

void SyncDesk::forget(Conversations::iterator at) {
  const caf::actor link = at->second.link;
  presence_.closed(at->first);
  conversations_.erase(at);
  const auto same = [&](const auto& c) { return c.second.link == link; };
  if (std::none_of(conversations_.begin(), conversations_.end(), same)) owner_->demonitor(link);
}

void SyncDesk::end_all(const std::string& reason, bool again) {
  while (!conversations_.empty()) {
    const auto at = conversations_.begin();
    tell_ended(at->first, at->second.link, false, reason, again);
    forget(at);
  }
}

void SyncDesk::tell_ended(SyncNumber number, const caf::actor& link, bool cut, std::string reason, bool again) {
  SyncEnded ended;
  ended.number = number;
  ended.cut = cut;
  ended.again = again;
  ended.reason = std::move(reason);
  owner_->send(link, std::move(ended));
}

void SyncDesk::fall_behind() {
  for (auto& [number, c] : conversations_) {
    if (c.over || !c.noted.peer_caught_up) continue;
    c.noted.peer_caught_up = false;
    SyncProgress told;
    told.number = number;
    told.caught_up = c.noted.caught_up;
    owner_->send(c.link, told);
  }
}

bool SyncDesk::quiet(Nanoseconds since) const {
  return std::all_of(conversations_.begin(), conversations_.end(), [&](const auto& entry) {
    const Conversation& c = entry.second;
    return c.heard.empty() && !c.speak && c.out.empty() && c.noted.caught_up && c.noted.peer_caught_up &&
           c.last_active <= since;
  });
}

}  // namespace tlfs::document_actor
