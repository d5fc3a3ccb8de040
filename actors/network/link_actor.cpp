#include "actors/network/link_actor.h"

#include <atomic>
#include <utility>

#include <caf/scheduled_actor.hpp>

#include "actors/document/document_actor.h"

namespace tlfs::network {
namespace {

using document_actor::CloseSync;
using document_actor::OpenSync;
using document_actor::SyncHeard;
using document_actor::SyncNumber;
using document_actor::SyncRoom;

constexpr std::size_t kMaxEarly = 16;  // control messages before the hub has decided

// Over all links of a process; only has to differ.
SyncNumber next_number() {
  static std::atomic<SyncNumber> last{0};
  return ++last;
}

std::optional<document::DocumentId> document_of(std::string_view label) {
  document::DocumentId id{};
  const auto bytes = from_hex(label);
  if (!bytes || bytes->size() != id.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), id.begin());
  return id;
}

}  // namespace

LinkActor::LinkActor(caf::actor_config& config, std::shared_ptr<LinkSettings> settings,
                     std::shared_ptr<const supervision::ChildIdentity> identity)
    : caf::event_based_actor(config), settings_(std::move(settings)), identity_(std::move(identity)) {}

LinkActor::~LinkActor() = default;

link::Time LinkActor::now() const { return settings_->environment->clock->monotonic(); }

template <class T>
void LinkActor::tell_hub(T message) {
  if (const auto hub = caf::actor_cast<caf::actor>(settings_->hub)) send(hub, std::move(message));
}

caf::behavior LinkActor::make_behavior() {
  random_ = settings_->environment->random();
  socket_ = settings_->feed->socket();
  link::Link::Settings how = std::move(settings_->link);
  how.device = settings_->environment->device;
  auto made = link::Link::create(std::move(how), *random_);
  if (!made) throw std::runtime_error(made.error().message());
  link_.emplace(std::move(*made));
  budget_.emplace(link::BudgetRates(), now());
  set_exit_handler([this](caf::exit_msg& exit) {
    close({link::CloseCode::shutting_down, "the node stops"}, false);
    quit(std::move(exit.reason));
  });
  if (settings_->opened) {
    link_->start(now());
    pump();
  }
  settings_->feed->attach(caf::actor_cast<caf::actor>(this));
  return {
      [this](const SocketOpened&) {
        if (over_ || settings_->opened) return;
        link_->start(now());
        pump();
      },
      [this](const SocketMessage& message) { handle(message); },
      [this](const SocketWritable&) {
        blocked_ = false;
        pump();
      },
      [this](const SocketClosed& closed) {
        if (over_) return quit();
        link_->transport_lost(now());
        events();
        end({link::CloseCode::transport_lost, closed.why}, false);
      },
      [this](const LinkUse&) {
        in_use_ = true;
        for (Bytes& message : early_) {
          LinkControl control;
          control.link = settings_->name;
          control.message = std::move(message);
          tell_hub(std::move(control));
        }
        early_.clear();
      },
      [this](const LinkClose& why) { close(why.reason, why.broke_rules); },
      [this](const LinkTell& what) {
        if (over_) return;
        if (const Status s = link_->send(link::kControlChannel, what.message); !s)
          return close({link::CloseCode::too_busy, s.error().message()}, false);
        pump();
      },
      [this](const LinkSync& which) {
        if (over_) return;
        for (const document::DocumentId& document : which.documents) talk(document);
        pump();
      },
      [this](const LinkProbe&) {
        if (over_) return;
        link_->probe(now());
        pump();
      },
      [this](const GetLinkFigures&) {
        LinkFigures out;
        out.traffic = link_->traffic();
        out.round_trip = link_->round_trip();
        return out;
      },
      [this](const document_actor::SyncSay& what) {
        const auto at = find(what.number);
        if (over_ || at == conversations_.end()) return;
        for (const Bytes& message : what.messages) {
          at->second->said_bytes += message.size();
          if (const Status s = link_->send(at->first, message); !s)
            return close({link::CloseCode::too_busy, s.error().message()}, false);
        }
        pump();
      },
      [this](const document_actor::SyncConsumed& what) {
        const auto at = find(what.number);
        if (over_ || at == conversations_.end()) return;
        link_->consumed(at->first, what.bytes);
        pump();
      },
      [this](const document_actor::SyncProgress& what) {
        const auto at = find(what.number);
        if (over_ || at == conversations_.end()) return;
        at->second->caught_up = what.caught_up;
        at->second->peer_caught_up = what.peer_caught_up;
        if (what.caught_up && what.peer_caught_up) reopened_.erase(at->second->document);
        tell_state(*at->second, true);
        make_room();
        pump();
      },
      [this](const document_actor::SyncEnded& what) {
        const auto at = find(what.number);
        if (over_ || at == conversations_.end()) return;
        if (what.cut) return close({link::CloseCode::protocol_error, link::clean_sentence(what.reason)}, true);
        if (what.again) reopen(at->second->document);
        hang_up(at, false);
        talk_on();
        pump();
      },
      [this](const Tick&) {
        armed_.reset();
        if (over_) return;
        link_->tick(now());
        pump();
      },
      [this](const Resume&) {
        if (!over_) settings_->feed->hold(false);
      },
      [this](const Reopen& which) {
        if (over_) return;
        talk(which.document);
        pump();
      },
  };
}

void LinkActor::on_exit() {
  if (!std::exchange(over_, true)) {  // a crash: the hub would keep a link that is gone
    LinkDown down;
    down.link = settings_->name;
    down.reason = {link::CloseCode::transport_lost, "the link's actor has ended"};
    if (const auto hub = caf::actor_cast<caf::actor>(settings_->hub)) caf::anon_send(hub, std::move(down));
  }
  if (socket_) socket_->close("the node stops");
  conversations_.clear();
  socket_ = nullptr;
  link_.reset();
}

// ---- the socket ----

void LinkActor::handle(const SocketMessage& message) {
  settings_->feed->handled();
  if (over_) return;
  const link::Time began = now();
  link_->received(message.bytes, began);
  pump();
  if (!over_) spend(message.bytes.size(), now() - began);
}

void LinkActor::spend(std::size_t bytes, std::chrono::nanoseconds cpu) {
  link::Spent spent;
  spent.bytes = bytes;
  spent.messages = 1;
  spent.cpu = cpu;
  switch (budget_->spend(spent, now())) {
    case link::Budget::Verdict::go_on:
      return;
    case link::Budget::Verdict::wait: {
      settings_->feed->hold(true);
      const link::Time wait = budget_->free_at(now()) - now();
      delayed_send(this, std::max<link::Time>(wait, std::chrono::milliseconds(1)), Resume());
      return;
    }
    case link::Budget::Verdict::flood:
      return close({link::CloseCode::budget_exceeded,
                    "more " + std::string(link::name_of(budget_->scarcest(now()))) + " than a peer may cost"},
                   true);
  }
}

// Whatever was done to the link: its events, its output, its clock.
void LinkActor::pump() {
  if (over_) return;
  events();
  while (!over_ && !blocked_) {
    if (unsent_.empty()) {
      for (Bytes& message : link_->take_output(now())) unsent_.push_back(std::move(message));
      if (unsent_.empty()) break;
      give_room();
    }
    while (!unsent_.empty() && !blocked_) {
      if (socket_->send(unsent_.front()))
        unsent_.pop_front();
      else
        blocked_ = true;
    }
  }
  if (!over_) arm();
}

void LinkActor::arm() {
  const std::optional<link::Time> due = link_->next_deadline();
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = *due;
  delayed_send(this, std::max<link::Time>(*due - now(), std::chrono::milliseconds(1)), Tick());
}

void LinkActor::events() {
  for (bool more = true; more && !over_;) {
    std::vector<link::Event> events = link_->take_events();
    more = !events.empty();
    for (link::Event& event : events) {
      std::visit([this](auto& one) { on(one); }, event);
      if (over_) return;
    }
  }
}

void LinkActor::on(link::Established& event) {
  peer_ = event.peer;
  LinkUp up;
  up.link = settings_->name;
  up.actor = caf::actor_cast<caf::actor>(this);
  up.with = std::move(event);
  tell_hub(std::move(up));
}

void LinkActor::on(const link::Closed& event) { end(event.reason, event.by_peer); }

void LinkActor::close(link::CloseReason reason, bool broke_rules) {
  if (over_) return;
  broke_rules_ = broke_rules_ || broke_rules;
  link_->close(std::move(reason), now());
  pump();
}

// The last words are sent as far as the socket takes them.
void LinkActor::end(link::CloseReason reason, bool by_peer) {
  if (over_) return;
  over_ = true;
  for (Bytes& message : unsent_) (void)socket_->send(std::move(message));
  for (Bytes& message : link_->take_output(now())) (void)socket_->send(std::move(message));
  for (auto& [channel, conversation] : conversations_) {
    if (const caf::actor document = conversation->actor.phase().handle) {
      CloseSync close;
      close.number = conversation->number;
      send(document, close);
    }
    tell_state(*conversation, false);
  }
  conversations_.clear();
  by_document_.clear();
  by_number_.clear();
  socket_->close(std::string(link::name_of(reason.code)));
  LinkDown down;
  down.link = settings_->name;
  const bool rules = reason.code == link::CloseCode::protocol_error && !by_peer;
  down.broke_rules = broke_rules_ || rules;
  down.by_peer = by_peer;
  down.reason = std::move(reason);
  identity_->logger->info("link_ended path={} reason={} by_peer={} sentence=\"{}\"", identity_->path.text(),
                          link::name_of(down.reason.code), by_peer, down.reason.sentence);
  tell_hub(std::move(down));
  quit();
}

// ---- channels ----

void LinkActor::on(link::Message& event) {
  if (event.channel == link::kControlChannel) {
    link_->consumed(event.channel, event.bytes.size());
    if (!in_use_) {
      if (early_.size() >= kMaxEarly) return close({link::CloseCode::protocol_error, "too much too early"}, true);
      early_.push_back(std::move(event.bytes));
      return;
    }
    LinkControl control;
    control.link = settings_->name;
    control.message = std::move(event.bytes);
    return tell_hub(std::move(control));
  }
  const auto at = conversations_.find(event.channel);
  if (at == conversations_.end()) return link_->consumed(event.channel, event.bytes.size());  // it was given up here
  hand_over(*at->second, std::move(event.bytes));
}

void LinkActor::on(const link::ChannelOpened& event) {
  const auto document = document_of(event.label);
  if (!document) return close({link::CloseCode::protocol_error, "a channel of no document"}, true);
  if (const auto known = by_document_.find(*document); known != by_document_.end()) {
    const auto at = conversations_.find(known->second);
    if (!at->second->opened_here) return close({link::CloseCode::protocol_error, "two channels of one document"}, true);
    if (settings_->environment->device->public_key() < peer_) {
      (void)link_->close_channel(event.channel);  // ours is kept
      return;
    }
    hang_up(at, true);
  }
  begin(event.channel, *document, false);
}

void LinkActor::on(const link::ChannelEnded& event) {
  const auto at = conversations_.find(event.channel);
  if (at != conversations_.end()) {
    hang_up(at, true);
    talk_on();
  } else {
    (void)link_->close_channel(event.channel);
  }
}

void LinkActor::talk(const document::DocumentId& document) {
  if (by_document_.contains(document) || is_waiting_.size() >= kMaxWaitingDocuments) return;
  if (is_waiting_.insert(document).second) waiting_.push_back(document);
  make_room();
  talk_on();
}

void LinkActor::talk_on() {
  while (!over_ && !waiting_.empty() && conversations_.size() < kMaxConversations) {
    const document::DocumentId document = waiting_.front();
    waiting_.pop_front();
    is_waiting_.erase(document);
    if (by_document_.contains(document)) continue;
    const Result<link::ChannelId> channel = link_->open_channel(to_hex(document));
    if (!channel) {  // those that are closing still count
      waiting_.push_front(document);
      is_waiting_.insert(document);
      return;
    }
    begin(*channel, document, true);
  }
}

// When documents wait, one that has nothing more to say gives up its channel.
void LinkActor::make_room() {
  if (waiting_.empty() || conversations_.size() < kMaxConversations) return;
  for (auto at = conversations_.begin(); at != conversations_.end(); ++at) {
    if (!at->second->caught_up || !at->second->peer_caught_up) continue;
    hang_up(at, true);
    return talk_on();
  }
}

void LinkActor::begin(link::ChannelId channel, const document::DocumentId& document, bool opened_here) {
  auto made = std::make_unique<Conversation>();
  Conversation& conversation = *made;
  conversation.document = document;
  conversation.number = next_number();
  conversation.opened_here = opened_here;
  const auto& environment = settings_->environment;
  supervision::RefOptions options;
  options.start_when_absent =
      std::make_shared<const supervision::ChildSpec>(document_actor::document_spec(document, environment));
  conversation.actor = supervision::SupervisedRef(this, environment->registry, supervision::kDocumentsPath,
                                                  document_actor::document_child_id(document), options);
  conversations_.emplace(channel, std::move(made));
  by_document_.emplace(document, channel);
  by_number_.emplace(conversation.number, channel);
  tell_state(conversation, true);
  conversation.actor.on_phase([this, number = conversation.number](const supervision::ChildPhase& phase) {
    const auto at = find(number);
    if (over_ || at == conversations_.end() || !at->second->ready) return;
    if (phase.kind == supervision::PhaseKind::up && phase.incarnation == at->second->incarnation) return;
    // Its part of the conversation is gone with it. Hung up later: this is called from inside the reference.
    document_actor::SyncEnded ended;
    ended.number = number;
    ended.again = phase.kind != supervision::PhaseKind::absent;
    send(this, std::move(ended));
  });
  OpenSync open;
  open.number = conversation.number;
  open.peer = peer_;
  open.link = caf::actor_cast<caf::actor>(this);
  conversation.actor.request<void>(
      {.timeout = environment->request_timeout, .idempotent = true},
      [this, number = conversation.number](const Result<void>& taken) {
        const auto at = find(number);
        if (over_ || at == conversations_.end()) return;
        Conversation& c = *at->second;
        if (!taken) {  // it crashes, or the machine is busy
          reopen(c.document);
          hang_up(at, false);
          talk_on();
          return pump();
        }
        c.ready = true;
        c.incarnation = c.actor.phase().incarnation;
        std::deque<Bytes> heard = std::move(c.heard);
        c.heard.clear();
        for (Bytes& message : heard) hand_over(c, std::move(message));
      },
      open);
}

// The conversation is to be begun anew, later.
void LinkActor::reopen(const document::DocumentId& document) {
  const std::size_t times = reopened_[document]++;
  if (times == kMaxReopenings) return;
  Reopen again;
  again.document = document;
  delayed_send(this, std::min(kFirstReopening * (1u << std::min<std::size_t>(times, 16)), kLastReopening), again);
}

void LinkActor::hand_over(Conversation& conversation, Bytes message) {
  const caf::actor document = conversation.ready ? conversation.actor.phase().handle : nullptr;
  if (!document) {
    conversation.heard.push_back(std::move(message));  // bounded by the channel's credit
    return;
  }
  SyncHeard heard;
  heard.number = conversation.number;
  heard.message = std::move(message);
  send(document, std::move(heard));
}

// What has left the link's queues makes room for more.
void LinkActor::give_room() {
  for (auto& [channel, conversation] : conversations_) {
    if (conversation->said_bytes == 0) continue;
    const std::size_t queued = link_->queued_bytes(channel);
    if (queued >= conversation->said_bytes) continue;
    SyncRoom room;
    room.number = conversation->number;
    room.bytes = conversation->said_bytes - queued;
    conversation->said_bytes = queued;
    if (const caf::actor document = conversation->actor.phase().handle) send(document, room);
  }
}

void LinkActor::hang_up(Conversations::iterator at, bool tell_document) {
  const std::unique_ptr<Conversation> conversation = std::move(at->second);
  (void)link_->close_channel(at->first);
  by_document_.erase(conversation->document);
  by_number_.erase(conversation->number);
  conversations_.erase(at);
  if (const caf::actor document = conversation->actor.phase().handle; tell_document && document) {
    CloseSync close;
    close.number = conversation->number;
    send(document, close);
  }
  tell_state(*conversation, false);
}

LinkActor::Conversations::iterator LinkActor::find(SyncNumber number) {
  const auto channel = by_number_.find(number);
  return channel == by_number_.end() ? conversations_.end() : conversations_.find(channel->second);
}

void LinkActor::tell_state(const Conversation& conversation, bool open) {
  LinkSyncState state;
  state.link = settings_->name;
  state.document = conversation.document;
  state.open = open;
  state.caught_up = conversation.caught_up;
  state.peer_caught_up = conversation.peer_caught_up;
  tell_hub(state);
}

supervision::ChildSpec link_spec(std::shared_ptr<LinkSettings> settings) {
  supervision::ChildSpec spec;
  spec.id = "link/" + std::to_string(settings->name);
  spec.restart = supervision::Restart::temporary;
  spec.start = [settings = std::move(settings)](supervision::ChildContext& context) {
    return context.spawn<LinkActor>(settings, context.identity());
  };
  return spec;
}

}  // namespace tlfs::network
