// A line between the documents' actors of two desks: does what two links and a transport would, and lets a test see it.
#pragma once

#include "tests/actors/document_desk.h"

namespace tlfs::document_actor::testing {

struct LineEnd {
  Desk* desk = nullptr;
  crypto::PublicKey peer{};
  SyncNumber number = 0;
  caf::actor document;
  std::vector<Bytes> said;
  std::vector<SyncProgress> progress;
  std::optional<SyncEnded> ended;
  bool down = false;  // the document's actor has ended
  std::size_t heard_bytes = 0, consumed = 0, without_room = 0, most_without_room = 0;

  bool says(std::string_view text) const {
    return std::any_of(said.begin(), said.end(),
                       [&](const Bytes& m) { return as_text(m).find(text) != std::string_view::npos; });
  }
  bool settled() const { return !progress.empty() && progress.back().caught_up && progress.back().peer_caught_up; }
};

struct LineState {
  LineEnd ends[2];
  bool gives_room = true;
  bool likely_equal = false;
};

class LineActor final : public caf::event_based_actor {
 public:
  LineActor(caf::actor_config& config, std::shared_ptr<LineState> state)
      : caf::event_based_actor(config), state_(std::move(state)) {
    set_down_handler([this](const caf::down_msg& down) {
      for (LineEnd& end : state_->ends)
        if (end.document && end.document.address() == down.source) {
          end.down = true;
          hang_up(end);
        }
    });
  }
  caf::behavior make_behavior() override {
    for (LineEnd& end : state_->ends) {
      monitor(end.document);
      OpenSync open;
      open.number = end.number;
      open.peer = end.peer;
      open.link = this;
      open.likely_equal = state_->likely_equal;
      send(end.document, std::move(open));
    }
    return {
        [this](const SyncSay& say) {
          LineEnd& from = end_of(say.number);
          LineEnd& to = other(from);
          for (const Bytes& m : say.messages) {
            from.said.push_back(m);
            from.without_room += m.size();
            to.heard_bytes += m.size();
            SyncHeard heard;
            heard.number = to.number;
            heard.message = m;
            send(to.document, std::move(heard));
          }
          from.most_without_room = std::max(from.most_without_room, from.without_room);
          if (state_->gives_room) give_room(from);
        },
        [this](const SyncConsumed& consumed) { end_of(consumed.number).consumed += consumed.bytes; },
        [this](const SyncProgress& progress) { end_of(progress.number).progress.push_back(progress); },
        [this](const SyncEnded& ended) {
          LineEnd& end = end_of(ended.number);
          end.ended = ended;
          hang_up(end);
        },
        [this](tlfs::testing::Do& job) { job.what(*this); },
    };
  }
  void on_exit() override {
    for (LineEnd& end : state_->ends) end.document = nullptr;
  }
  // As if the peer of that end had said it.
  void inject(LineEnd& to, Bytes message) {
    to.heard_bytes += message.size();
    SyncHeard heard;
    heard.number = to.number;
    heard.message = std::move(message);
    send(to.document, std::move(heard));
  }
  void give_room_to_all() {
    state_->gives_room = true;
    for (LineEnd& end : state_->ends) give_room(end);
  }

 private:
  LineEnd& end_of(SyncNumber number) { return state_->ends[number == state_->ends[0].number ? 0 : 1]; }
  LineEnd& other(LineEnd& end) { return state_->ends[&end == &state_->ends[0] ? 1 : 0]; }
  void give_room(LineEnd& end) {
    SyncRoom room;
    room.number = end.number;
    room.bytes = std::exchange(end.without_room, 0);
    send(end.document, std::move(room));
  }
  void hang_up(LineEnd& ended) {
    CloseSync close;
    close.number = other(ended).number;
    send(other(ended).document, std::move(close));
  }
  std::shared_ptr<LineState> state_;
};

class Line {
 public:
  Line(Desk& left, Desk& right, bool gives_room = true, bool likely_equal = false) : world_(left.world) {
    // Whoever was closed is opened.
    (void)left.get();
    (void)right.get();
    static SyncNumber last = 0;
    Desk* desks[] = {&left, &right};
    for (int i : {0, 1}) {
      LineEnd& end = state_->ends[i];
      end.desk = desks[i];
      end.document = desks[i]->actor;
      end.peer = desks[1 - i]->environment->device->public_key();
      end.number = ++last;
    }
    state_->gives_room = gives_room;
    state_->likely_equal = likely_equal;
    actor_ = world_.keep(world_.system().spawn<LineActor>(state_));
  }
  ~Line() { cut(); }
  Line(const Line&) = delete;

  // The link's actor ends.
  void cut() {
    if (actor_) caf::anon_send_exit(actor_, caf::exit_reason::kill);
    actor_ = nullptr;
  }
  void stop_room() { state_->gives_room = false; }
  void inject(LineEnd& to, Bytes message) {
    tlfs::testing::Do job;
    job.what = [&to, message = std::move(message)](caf::event_based_actor& self) {
      dynamic_cast<LineActor&>(self).inject(to, message);
    };
    caf::anon_send(actor_, std::move(job));
  }
  void give_room() {
    tlfs::testing::Do job;
    job.what = [](caf::event_based_actor& self) { dynamic_cast<LineActor&>(self).give_room_to_all(); };
    caf::anon_send(actor_, std::move(job));
  }
  LineEnd& left() { return state_->ends[0]; }
  LineEnd& right() { return state_->ends[1]; }
  bool settled() { return left().settled() && right().settled(); }

 private:
  World& world_;
  std::shared_ptr<LineState> state_ = std::make_shared<LineState>();
  caf::actor actor_;
};

constexpr auto kSoon = std::chrono::milliseconds(200);  // longer than an edit takes to be sealed and to cross a line

// Two desks that have the document, and a line between them that has come to rest.
struct Linked {
  tlfs::testing::World world;
  Desk a{world, 1}, b{world, 2};
  Line line{a, b};
  Linked() { world.pass(kSoon); }
};

inline Message<messages::Grant> grant_message(access::Level level, const access::Principal& to) {
  messaging::MessageBuilder<messages::Grant> builder;
  builder->setAt(".");
  builder->setLevel(static_cast<messages::Level>(level));
  write(to, builder->initTo());
  return std::move(builder).seal();
}

inline DocumentStatus status_of(Desk& desk) {
  return *desk.ask<DocumentStatus>(messaging::MessageBuilder<messages::GetStatus>().seal());
}

}  // namespace tlfs::document_actor::testing
