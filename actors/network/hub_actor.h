// The actor that keeps a node's network together: which peers there are and how they are reached, which link to each is
// used, which documents differ, who was invited to what.
//
// Accepts   Accepted (from the transport's thread); LinkUp, LinkControl, LinkSyncState, LinkDown (link_messages.h);
//           DocumentNews (actors/document/sync_messages.h); Neighbours (discovery_messages.h); the node's requests
//           (network_messages.h).
// Replies   an Answer to each request.
// Emits     LinkUse, LinkClose, LinkTell, LinkSync, LinkProbe; requests to the store and to documents, which it starts.
// Restart   permanent. Its links end with it, and are made anew.
// Survives  address book, bans, invitations, declined offers, and how documents stand: they are in the store.
// Thread    any worker, one at a time.
//
// What a link's peer says is believed as far as it is proved: that it has its device key, that its device belongs to a
// user (that user's document says so), that it knows an invitation's secret. Which documents it may know of follows
// from that and from their grants; the last word has each document's own actor.
#pragma once

#include <deque>
#include <map>
#include <set>

#include <caf/event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/document/document_environment.h"
#include "actors/document/reply_message.h"
#include "actors/document/sync_messages.h"
#include "actors/net/discovery.h"
#include "actors/network/address_book.h"
#include "actors/network/control_message.h"
#include "actors/network/discovery_messages.h"
#include "actors/network/link_actor.h"
#include "actors/network/network_messages.h"
#include "actors/network/transport.h"
#include "actors/store/store_messages.h"
#include "actors/supervision/child_spec.h"
#include "actors/supervision/supervised_ref.h"
#include "runtime/invitation/invitation_book.h"
#include "runtime/link/budget.h"
#include "runtime/link/connection.h"
#include "runtime/sync/difference_index.h"
#include "runtime/sync/difference_session.h"

namespace tlfs::network {

using document_actor::kHubId;
inline constexpr std::size_t kMaxPeers = 4'096;                 // linked or remembered
inline constexpr std::size_t kMaxStrangers = 512;               // links that have not proved their peer yet
inline constexpr std::size_t kMaxOffers = 1'024;                // that wait for a decision
inline constexpr std::size_t kMaxQuestions = 1u << 16;          // positions of one peer that wait to be asked about
inline constexpr std::size_t kMaxIntroductionKept = 64u << 10;  // of a peer with whom nothing is shared
inline constexpr std::size_t kMaxJoins = 64;                    // under way
inline constexpr std::size_t kMaxDocumentRefs = 256;            // references to documents' actors that are kept
inline constexpr std::size_t kOpenedAtOnce = 8;                 // of the documents that have to be opened at the start
inline constexpr std::size_t kMaxNearby = net::kMaxServicesFound;
inline constexpr std::size_t kMaxNearbyAddresses = 8;    // of one peer
inline constexpr std::size_t kMaxHashesAtOnce = 16'384;  // to recognise who is nearby; and those of one more
inline constexpr std::chrono::minutes kBanned{10};
inline constexpr std::chrono::seconds kConnectTimeout{20};
// Until it is tried again to listen where that was not possible; then twice as long, and so on.
inline constexpr std::chrono::milliseconds kFirstListenRetry{250};
inline constexpr std::chrono::milliseconds kLastListenRetry{30'000};
inline constexpr std::chrono::seconds kWatchInterval{2};  // of this machine's own addresses
inline constexpr std::chrono::seconds kJoinTimeout{30};
// How long a join that was granted waits for what the document holds.
inline constexpr std::chrono::seconds kFirstSync{10};

struct HubSettings {
  std::shared_ptr<const document_actor::DocumentEnvironment> environment;
  std::function<Result<std::unique_ptr<Transport>>(Transport::Accept)> transport;
  // Told with the addresses that were chosen, or why there are none; then it is tried again, and told again.
  std::function<void(const Result<std::vector<std::string>>&)> listening;
  // This machine's, to notice when its network changes; null: that is not watched.
  std::function<std::vector<std::string>()> own_addresses = {};
};

class HubActor : public caf::event_based_actor {
 public:
  HubActor(caf::actor_config& config, std::shared_ptr<const HubSettings> settings,
           std::shared_ptr<const supervision::ChildIdentity> identity);
  ~HubActor() override;

  const char* name() const override { return "hub"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Accepted : messaging::LocalOnly {
    std::shared_ptr<SocketFeed> feed;
  };
  struct Tick : messaging::LocalOnly {};
  struct WatchNetwork : messaging::LocalOnly {};
  struct ListenAgain : messaging::LocalOnly {};
  struct Expire : messaging::LocalOnly {
    std::uint64_t request = 0;
  };
  template <class T>
  using Promise = caf::typed_response_promise<Answer<T>>;

  // One link, from its socket on.
  struct LinkEntry {
    caf::actor actor;
    std::shared_ptr<SocketFeed> feed;
    std::optional<crypto::PublicKey> peer;  // that is expected, or proved
    link::LinkNumber number = 0;            // of the peer's Connection
    std::uint64_t request = 0;              // Connect or Join that has dialled it; 0: none
    std::string address;                    // dialled
    std::optional<link::Moment> dialled;    // this device has dialled it, then
    bool up = false;
  };
  struct SyncState {
    bool open = false, caught_up = false, peer_caught_up = false;
  };
  struct Peer {
    explicit Peer(link::Connection c) : connection(std::move(c)) {}
    link::Connection connection;
    bool remembered = false;
    std::optional<DocumentId> claimed;  // user, as its hello says
    std::optional<DocumentId> user;     // proved
    std::set<InvitationId> brought;     // not redeemed yet
    bool introduced = false;
    bool settled = false;               // whose device it is; or that this is of no interest, or cannot be known
    bool considered = false;            // it was or is being checked whose device it is
    std::vector<Bytes> introduction;    // until then
    bool without_key = false;           // the next dial does not use IK
    std::optional<link::Time> hurried;  // a dial of it was given up for another
    std::string problem;
    // While a link is in use:
    LinkName link = 0;
    std::unique_ptr<sync::DifferenceSession> session;
    std::set<DocumentId> behind;  // differ, and are not caught up
    std::set<DocumentId> absent;  // the peer has not got them
    bool leaves_asked = false;    // for what lacks leaves
    std::map<DocumentId, SyncState> documents;
    std::deque<sync::Position> questions;
  };
  // A Connect or Join that is not answered yet.
  struct Request {
    Promise<crypto::PublicKey> connect;
    Promise<DocumentId> join;
    std::optional<invitation::Invitation> invitation;
    std::deque<std::string> addresses;  // still to be tried
    std::set<std::string> tried;
    bool repeated = false;  // the link broke before the invitation was answered, and was dialled once more
    std::string problem;
    std::optional<crypto::PublicKey> expected;  // whoever else answers is not meant
    std::optional<crypto::PublicKey> peer;
    std::optional<DocumentId> document;  // granted, and being fetched

    bool awaits(const crypto::PublicKey& from, const InvitationId& id) const {
      return invitation && invitation->id == id && peer == from && !document;
    }
  };
  struct PendingOffer {
    Offer offer;
    Description what;
  };

  // A service on the local network.
  struct Nearby {
    invitation::Presence presence;
    std::vector<std::string> addresses;
    std::optional<crypto::PublicKey> device;  // that it shows, or by which it was recognised
    bool compared = false;                    // with those who are remembered
  };

  // hub_actor.cpp: starting, sockets, links, peers.
  void load();
  void open_unsealed();
  void loaded(const store::RegionRecords& identity);
  void open_transport();
  void accept(const Accepted& accepted);
  LinkName start_link(const std::shared_ptr<SocketFeed>& feed, link::Link::Settings how, bool opened);
  void dial(const std::string& address, LinkEntry entry, link::Link::Settings how);
  link::Link::Settings link_settings(link::Moment moment = 0) const;
  Peer* find_peer(const crypto::PublicKey& key);
  Peer* peer_of(LinkName link);
  Peer& add_peer(const crypto::PublicKey& key);
  void forget_if_stranger(const crypto::PublicKey& key);
  void remember(const crypto::PublicKey& key, const std::vector<std::string>& addresses);
  void act(const crypto::PublicKey& key);
  void up(const LinkUp& event);
  void use(const crypto::PublicKey& key, LinkName link);
  void leave(const crypto::PublicKey& key);
  void down(const LinkDown& event);
  void close_link(LinkName link, link::CloseCode code, const std::string& sentence, bool broke_rules = false);
  void ban(const crypto::PublicKey& key, const std::string& why);
  void tell(const crypto::PublicKey& key, const Control& message);
  void arm();
  void tick();

  // hub_nearby.cpp: who is around, and this machine's own addresses.
  caf::result<Answer<std::vector<std::string>>> neighbours(const Neighbours& message);
  void recognise_nearby();
  void look_again_for(const crypto::PublicKey& key);
  std::vector<std::string> nearby_addresses(const crypto::PublicKey& key) const;
  std::vector<std::string> addresses_of(const crypto::PublicKey& key) const;
  void refresh_addresses(const crypto::PublicKey& key);
  void nearby_changed(const crypto::PublicKey& key, const std::vector<std::string>& before,
                      const std::vector<std::string>& after);
  void give_up_dial(Peer& peer);
  void watch_network();
  void add_strangers(std::vector<PeerInfo>& out) const;

  // hub_sharing.cpp: what is said on the control channel, documents, invitations.
  void control(const LinkControl& message);
  void on(const crypto::PublicKey& key, Introduction& message);
  void on(const crypto::PublicKey& key, DifferenceBytes& message);
  void on(const crypto::PublicKey& key, Invited& message);
  void on(const crypto::PublicKey& key, Refused& message);
  void on(const crypto::PublicKey& key, Describe& message);
  void on(const crypto::PublicKey& key, Described& message);
  bool consider_user(const crypto::PublicKey& key);
  void verify_user(const crypto::PublicKey& key, const DocumentId& user, std::vector<Bytes> statements);
  void user_settled(const crypto::PublicKey& key);
  void redeem(const crypto::PublicKey& key);
  void redeem(const crypto::PublicKey& key, const InvitationId& id);
  void news(const document_actor::DocumentNews& what);
  bool may_know(const DocumentId& document, const std::vector<access::Principal>& syncers, const crypto::PublicKey& key,
                const Peer& peer, bool surely = false) const;
  void set_syncers(const DocumentId& document, std::vector<access::Principal> syncers);
  std::vector<crypto::PublicKey> peers_of(const DocumentId& document) const;
  void refresh_rights(const crypto::PublicKey& key);
  void begin_session(const crypto::PublicKey& key);
  void flush_session(const crypto::PublicKey& key);
  void differences(const crypto::PublicKey& key, const sync::DifferenceSession::Heard& heard);
  void ask_next(const crypto::PublicKey& key);
  void sync(const crypto::PublicKey& key, const std::vector<DocumentId>& documents);
  void sync_state(const LinkSyncState& state);
  void settle(const crypto::PublicKey& key);
  void complete(const crypto::PublicKey& key, const std::set<DocumentId>& documents);
  void begin_document(const Description& what, std::function<void(const Status&)> finished);
  void describe(const DocumentId& document, std::function<void(Result<Description>)> finished);
  void joined(const DocumentId& document, const Status& outcome);

  // hub_requests.cpp: what the node asks for.
  caf::result<Answer<crypto::PublicKey>> connect(const Connect& request);
  caf::result<Answer<DocumentId>> join(const Join& request);
  void begin_request(Request request, std::chrono::seconds patience);
  void request_dial(std::uint64_t number);
  void request_up(LinkEntry& entry);
  void request_down(const LinkEntry& entry, const link::CloseReason& reason);
  void drop_request(std::uint64_t number, const Error& why);
  void expire(std::uint64_t number);
  caf::result<Answer<std::string>> invite(const Invite& request);
  caf::result<Answer<void>> revoke(const RevokeInvitation& request);
  caf::result<Answer<void>> decide(const DecideOffer& request);
  caf::result<Answer<std::vector<PeerInfo>>> peer_infos();

  Invitations all_invitations() const;
  std::vector<SyncLine> sync_lines(const std::vector<DocumentId>& also) const;

  // Others.
  template <class Message>
  void ask_document(const DocumentId& document, Message message,
                    std::function<void(Result<document_actor::ReplyMessage>)> finished);
  void save(const std::string& name, std::optional<Bytes> value, std::function<void(const Status&)> finished = {});
  void save_book();
  link::Time now() const { return settings_->environment->clock->monotonic(); }
  std::chrono::milliseconds wall() const { return settings_->environment->clock->wall(); }
  const crypto::PublicKey& own() const { return settings_->environment->device->public_key(); }

  std::shared_ptr<const HubSettings> settings_;
  std::shared_ptr<const supervision::ChildIdentity> identity_;
  std::shared_ptr<Random> random_;
  supervision::SupervisedRef store_;
  std::unique_ptr<Transport> transport_;
  bool ready_ = false;
  std::uint64_t life_ = 0;  // told to peers; another one whenever the hub has begun anew
  std::chrono::milliseconds listen_retry_ = kFirstListenRetry;
  std::deque<Accepted> early_;

  std::map<crypto::PublicKey, Peer> peers_;
  std::map<LinkName, LinkEntry> links_;
  LinkName last_link_ = 0;
  std::map<std::uint64_t, Request> requests_;
  std::uint64_t last_request_ = 0;
  std::optional<link::Time> armed_;
  std::map<std::string, Nearby> nearby_;  // by instance
  std::optional<std::vector<std::string>> own_addresses_;

  AddressBook book_;
  link::BanList bans_;
  invitation::InvitationBook invitations_;
  std::map<DocumentId, PendingOffer> offers_;
  std::set<DocumentId> declined_;

  sync::DocumentIndex index_;
  std::map<DocumentId, std::vector<access::Principal>> syncers_;
  std::set<DocumentId> lacking_;       // documents that lack leaves here
  std::deque<DocumentId> unsealed_;    // that have edits which no peer can know of before they are opened
  std::map<DocumentId, int> granted_;  // users and groups that some document here is shared with, and with how many
  std::map<DocumentId, supervision::SupervisedRef> documents_;
};

supervision::ChildSpec hub_spec(std::shared_ptr<const HubSettings> settings);

}  // namespace tlfs::network
