// The document's actor among its peers: conversations, sealing what they are to get, and what the network is told.
#include <algorithm>

#include <caf/send.hpp>

#include "actors/document/document_actor.h"
#include "actors/document/request_message.h"
#include "runtime/storage/layout.h"

namespace tlfs::document_actor {
namespace {

constexpr std::size_t kSyncTurns = 16;  // pieces of work for conversations before others have their turn
// While the peers are behind, edits gather; from so long on they are sealed in any case.
constexpr std::chrono::milliseconds kSealAnyway{1000};

}  // namespace

caf::message_handler DocumentActor::sync_handlers() {
  return {
      [this](const OpenSync& request) { open_sync(request); },
      [this](const SyncHeard& what) {
        desk_->heard(what, environment_->clock->monotonic());
        sync();
      },
      [this](const SyncRoom& what) {
        desk_->room(what);
        sync();
      },
      [this](const CloseSync& what) {
        desk_->close(what.number);
        tend_presence();
      },
      [this](SyncOn) {
        syncing_ = false;
        sync();
      },
      [this](SealNow) {
        --seal_timers_;
        seal_now();
      },
  };
}

void DocumentActor::open_sync(const OpenSync& request) {
  if (state_ == State::reading || state_ == State::open) {
    desk_->open(request, environment_->clock->monotonic());
    return sync();
  }
  SyncEnded ended;
  ended.number = request.number;
  ended.again = state_ == State::closing;
  ended.reason = ended.again || state_ == State::stopping ? "closed" : kNotHere;
  send(request.link, std::move(ended));
}

// Each piece of work is brought to the disk by itself: what a conversation says rests on the document as it was then,
// and must not be lost when the next piece needs history and the document is opened anew.
void DocumentActor::sync() {
  converse();
  tend_presence();
}

void DocumentActor::converse() {
  for (std::size_t turn = 0; desk_->has_work() || desk_->tending(); ++turn) {
    if (state_ != State::open || gate_.failing() || gate_.crowded()) return;  // goes on when that is over
    if (turn == kSyncTurns) {
      if (!std::exchange(syncing_, true)) send(this, SyncOn());
      return;
    }
    try {
      if (desk_->tending()) {
        service_->tend();
        desk_->tended();
      } else {
        desk_->work(*service_, *environment_->packages, environment_->clock->monotonic());
      }
    } catch (const replica::HistoryNeeded&) {
      return reload();
    } catch (const document::HistoryLost& lost) {
      desk_->tended();
      return desk_->end_all(history_lost(lost).message());
    }
    flush();
    tell(service_->due());
  }
}

// Something has come to the disk. Edits wait for their time; everything else is said at once.
void DocumentActor::sync_saved() {
  if (gate_.idle()) {
    desk_->durable(desk_->staged());
    saved_standing_ = standing_;
    announce();
  }
  if (state_ != State::open) return;
  seal_later();
  if (gate_.idle() && !unsealed_since_) desk_->all_speak();
}

// ---- presence ----

caf::message_handler DocumentActor::presence_handlers() {
  return {
      [this](const Message<messages::SetPresence>& message) {
        return serve(When::at_once, false, [this, message](DocumentService&) {
          const auto in = message.read();
          std::optional<std::string> json = from_text(in->getJson());
          if (json->empty()) json.reset();
          const Status shown =
              desk_->presence().show(in->getWindow(), std::move(json), environment_->clock->monotonic());
          tend_presence();
          return to_reply(shown);
        });
      },
      [this](const Message<messages::GetPresence>&) {
        return serve(When::at_once, false, [this](DocumentService&) { return present(); });
      },
      [this](PresenceTick) {
        presence_timer_at_.reset();
        tend_presence();
      },
  };
}

ReplyMessage DocumentActor::present() {
  return to_reply(Result<std::vector<Presence>>(desk_->presence().presences(
      service_->replica().document(), {environment_->device, environment_->user}, environment_->clock->monotonic())));
}

// What a peer is told leaves, as all that it is told, when what it rests on is on the disk.
void DocumentActor::tend_presence() {
  if (state_ != State::open) return;
  PresenceDesk& presence = desk_->presence();
  const access::ProtectedDocument& document = service_->replica().document();
  const std::chrono::nanoseconds now = environment_->clock->monotonic();
  presence.turn(document, {environment_->device, environment_->user}, environment_->clock->wall().count(), now);
  if (!gate_.failing()) {
    desk_->speak_presence(document);
    if (desk_->staged() > awaited_) flush();
  }
  if (presence.changed()) tell(service_->due_presence());
  const auto due = presence.next_turn();
  if (!due || (presence_timer_at_ && *presence_timer_at_ <= *due)) return;
  presence_timer_at_ = *due;
  delayed_send(this, std::max<std::chrono::nanoseconds>(*due - now, std::chrono::milliseconds(1)), PresenceTick());
}

// ---- sealing ----

void DocumentActor::seal_later() {
  if (!service_->unsealed()) {
    unsealed_since_.reset();
    return;
  }
  const bool heard = !desk_->empty();
  if (!heard && !environment_->networked) return;
  const std::chrono::nanoseconds now = environment_->clock->monotonic();
  if (!unsealed_since_) unsealed_since_ = now;
  seal_at_ = std::min<std::chrono::nanoseconds>(now + (heard ? kSealAfter : kLoneSealAfter),
                                                *unsealed_since_ + (heard ? kSealAtLatest : kLoneSealAtLatest));
  seal_at_ = std::max(seal_at_, now);
  if (seal_timers_ > 0 && seal_timer_at_ <= seal_at_) return;
  seal_timer_at_ = seal_at_;
  ++seal_timers_;
  delayed_send(this, seal_at_ - now, SealNow());
}

void DocumentActor::seal_now() {
  if (!unsealed_since_ || state_ != State::open || gate_.failing()) return;  // later, when something is saved again
  const std::chrono::nanoseconds now = environment_->clock->monotonic();
  if (now < seal_at_) {
    if (seal_timers_ > 0) return;
    seal_timer_at_ = seal_at_;
    ++seal_timers_;
    delayed_send(this, seal_at_ - now, SealNow());
    return;
  }
  if (desk_->empty() || now - *unsealed_since_ >= kSealAnyway) {
    try {
      service_->seal();
    } catch (const replica::HistoryNeeded&) {
      return reload();
    }
    flush();
  }
  desk_->all_speak();
  sync();
  if (state_ != State::open) return;
  if (!service_->unsealed()) {
    unsealed_since_.reset();
  } else if (unsealed_since_) {
    seal_timer_at_ = seal_at_ = now + kSealAtLatest;
    ++seal_timers_;
    delayed_send(this, kSealAtLatest, SealNow());
  }
}

// ---- the network ----

// Goes to the disk with what has changed it.
void DocumentActor::note_standing(storage::Batch& writes) {
  const access::ProtectedDocument& document = service_->replica().document();
  const document::Document& content = document.content();
  // What the disk said is true until the document knows better.
  const bool lacking = content.lacks_leaves().value_or(standing_ && standing_->lacking);
  const std::pair made_of{content.graph().size(), document.log().size()};
  const bool same = standing_ && made_of == standing_of_;
  if (same && standing_->lacking == lacking && standing_->unsealed == service_->unsealed()) return;
  standing_of_ = made_of;
  std::optional<replica::Standing> now = same ? standing_ : replica::Standing::of(document);
  now->lacking = lacking;
  now->unsealed = service_->unsealed();
  if (standing_ == now) return;
  standing_ = std::move(now);
  writes.put(storage::standing_key(id_), standing_->encode(id_, *environment_->at_rest));
}

void DocumentActor::announce() {
  if (!environment_->networked || !saved_standing_) return;
  replica::Standing standing = *saved_standing_;
  standing.unsealed = false;  // nothing that others need to know
  const std::uint64_t leaves = service_ ? service_->replica().document().content().leaves_added() : 0;
  if (told_standing_ == standing && told_leaves_ == leaves) return;
  const caf::actor hub = hub_.phase().handle;
  if (!hub) return;
  DocumentNews news;
  news.document = id_;
  news.heads = standing.heads;
  news.syncers = standing.syncers;
  news.lacking = standing.lacking;
  news.leaves_came = std::exchange(told_leaves_, leaves) != leaves;
  told_standing_ = std::move(standing);
  send(hub, std::move(news));
}

void DocumentActor::announce_gone() {
  if (!environment_->networked) return;
  const caf::actor hub = hub_.phase().handle;
  if (!hub) return;
  DocumentNews news;
  news.document = id_;
  news.gone = true;
  send(hub, std::move(news));
}

}  // namespace tlfs::document_actor
