// The actor of one link: keeps its encryption, carries the hub's messages on the control channel, and each document's
// conversation between its actor and the peer on a channel of its own.
//
// Accepts   SocketOpened, SocketMessage, SocketWritable, SocketClosed (transport.h); LinkUse, LinkClose, LinkTell,
//           LinkSync, LinkProbe, GetLinkFigures (link_messages.h); SyncSay, SyncConsumed, SyncProgress, SyncEnded
//           (actors/document/sync_messages.h).
// Emits     LinkUp, LinkControl, LinkSyncState, LinkDown, to the hub; OpenSync, SyncHeard, SyncRoom, CloseSync, to
//           documents, which it starts.
// Restart   temporary: a link that is lost is made anew by the hub.
// Thread    any worker, one at a time.
//
// A document's channel is labelled with its id in hex and opened by whichever side learns first that it differs. When
// both do at once, the one that the device with the smaller key has opened is kept. At most kMaxConversations are open;
// beyond that, documents wait until others have nothing more to say. A document's actor that ends (a crash, or it was
// idle) ends its conversation; it is opened again here when the actor had crashed or was just about to end.
//
// The peer's bytes, messages and the time they cost are counted (link::Budget): over budget it is not read for a while,
// far over it the link ends.
#pragma once

#include <deque>
#include <map>

#include <caf/event_based_actor.hpp>

#include "actors/document/document_environment.h"
#include "actors/network/link_messages.h"
#include "actors/network/transport.h"
#include "actors/supervision/child_spec.h"
#include "actors/supervision/supervised_ref.h"
#include "runtime/link/budget.h"

namespace tlfs::network {

// Of either side's opening; below link::kMaxChannels, which counts those that are closing too.
inline constexpr std::size_t kMaxConversations = 48;
inline constexpr std::size_t kMaxWaitingDocuments = 1u << 20;
// Of one document on one link, after its actor has ended; anew when both sides have caught up.
inline constexpr std::size_t kMaxReopenings = 16;
inline constexpr std::chrono::milliseconds kFirstReopening{100};  // after so long; then twice as long, and so on
inline constexpr std::chrono::milliseconds kLastReopening{10'000};

struct LinkSettings {
  LinkName name = 0;
  caf::actor_addr hub;
  std::shared_ptr<SocketFeed> feed;
  link::Link::Settings link;
  bool opened = false;  // the socket is there already
  std::shared_ptr<const document_actor::DocumentEnvironment> environment;
};

class LinkActor : public caf::event_based_actor {
 public:
  LinkActor(caf::actor_config& config, std::shared_ptr<LinkSettings> settings,
            std::shared_ptr<const supervision::ChildIdentity> identity);
  ~LinkActor() override;

  const char* name() const override { return "link"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Tick : messaging::LocalOnly {};
  struct Resume : messaging::LocalOnly {};
  struct Reopen : messaging::LocalOnly {
    document::DocumentId document{};
  };
  // One document's channel.
  struct Conversation {
    document::DocumentId document{};
    document_actor::SyncNumber number = 0;
    supervision::SupervisedRef actor;
    std::uint64_t incarnation = 0;  // of the document's actor that has it
    std::deque<Bytes> heard;        // before the document's actor had answered
    std::size_t said_bytes = 0;     // queued at the link since it last had room
    bool opened_here = false;
    bool ready = false;  // the document's actor has it
    bool caught_up = false, peer_caught_up = false;
  };
  using Conversations = std::map<link::ChannelId, std::unique_ptr<Conversation>>;

  link::Time now() const;
  void handle(const SocketMessage& message);
  void pump();
  void events();
  void on(link::Established& event);
  void on(const link::ChannelOpened& event);
  void on(link::Message& event);
  void on(const link::ChannelEnded& event);
  void on(const link::Closed& event);
  void end(link::CloseReason reason, bool by_peer);
  void close(link::CloseReason reason, bool broke_rules);
  void arm();
  void spend(std::size_t bytes, std::chrono::nanoseconds cpu);

  void talk(const document::DocumentId& document);
  void talk_on();
  void begin(link::ChannelId channel, const document::DocumentId& document, bool opened_here);
  void reopen(const document::DocumentId& document);
  void hand_over(Conversation& conversation, Bytes message);
  void give_room();
  // Ends the channel and the document's part of it.
  void hang_up(Conversations::iterator at, bool tell_document);
  Conversations::iterator find(document_actor::SyncNumber number);
  void tell_state(const Conversation& conversation, bool open);
  void make_room();
  template <class T>
  void tell_hub(T message);

  std::shared_ptr<LinkSettings> settings_;
  std::shared_ptr<const supervision::ChildIdentity> identity_;
  std::shared_ptr<Random> random_;
  std::shared_ptr<net::MessageSocket> socket_;
  std::optional<link::Link> link_;
  std::optional<link::Budget> budget_;
  crypto::PublicKey peer_{};
  bool in_use_ = false;
  bool blocked_ = false;  // the socket's queue is full
  bool over_ = false;
  bool broke_rules_ = false;
  std::optional<link::Time> armed_;
  std::deque<Bytes> unsent_;  // the socket had no room
  Conversations conversations_;
  std::map<document::DocumentId, link::ChannelId> by_document_;
  std::map<document_actor::SyncNumber, link::ChannelId> by_number_;
  std::deque<document::DocumentId> waiting_;
  std::set<document::DocumentId> is_waiting_;
  std::map<document::DocumentId, std::size_t> reopened_;
  std::deque<Bytes> early_;  // control messages that came before LinkUse
};

supervision::ChildSpec link_spec(std::shared_ptr<LinkSettings> settings);

}  // namespace tlfs::network
