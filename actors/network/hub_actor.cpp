#include "actors/network/hub_actor.h"

#include <algorithm>

#include "actors/document/document_actor.h"
#include "actors/network/hub_records.h"
#include "actors/store/store_actor.h"
#include "runtime/replica/records.h"
#include "runtime/storage/layout.h"

namespace tlfs::network {
namespace {

std::string short_name(const crypto::PublicKey& key) { return to_hex(key).substr(0, 16); }

}  // namespace

HubActor::HubActor(caf::actor_config& config, std::shared_ptr<const HubSettings> settings,
                   std::shared_ptr<const supervision::ChildIdentity> identity)
    : caf::event_based_actor(config), settings_(std::move(settings)), identity_(std::move(identity)) {}

HubActor::~HubActor() = default;

caf::behavior HubActor::make_behavior() {
  random_ = settings_->environment->random();
  life_ = random_->next_u64();
  store_ = supervision::SupervisedRef(this, settings_->environment->registry, supervision::kNodePath, store::kStoreId);
  load();
  return {
      [this](const Accepted& accepted) {
        if (ready_)
          accept(accepted);
        else
          early_.push_back(accepted);
      },
      [this](const LinkUp& event) { up(event); },
      [this](const LinkControl& message) { control(message); },
      [this](const LinkSyncState& state) { sync_state(state); },
      [this](const LinkDown& event) { down(event); },
      [this](const document_actor::DocumentNews& what) { news(what); },
      [this](const GetPeers&) { return peer_infos(); },
      [this](const Neighbours& message) { return neighbours(message); },
      [this](const WatchNetwork&) { watch_network(); },
      [this](const ListenAgain&) { open_transport(); },
      [this](const Connect& request) { return connect(request); },
      [this](const Join& request) { return join(request); },
      [this](const Invite& request) { return invite(request); },
      [this](const RevokeInvitation& request) { return revoke(request); },
      [this](const DecideOffer& request) { return decide(request); },
      [this](const GetInvitations&) { return Answer<Invitations>(all_invitations()); },
      [this](const GetSync& request) { return Answer<std::vector<SyncLine>>(sync_lines(request.also)); },
      [this](const Tick&) {
        armed_.reset();
        tick();
      },
      [this](const Expire& which) { expire(which.request); },
  };
}

void HubActor::on_exit() {
  transport_ = nullptr;
  for (auto& [name, entry] : links_)
    if (entry.actor) anon_send_exit(entry.actor, caf::exit_reason::user_shutdown);
  peers_.clear();
  links_.clear();
  requests_.clear();
  documents_.clear();
  store_ = {};
}

// ---- starting ----

// What is remembered, then how the documents stand, then the doors are opened.
void HubActor::load() {
  store::ReadRegion region;
  region.region = static_cast<std::uint8_t>(storage::Region::identity);
  store_.request<store::RegionRecords>(
      {.timeout = settings_->environment->request_timeout, .idempotent = true},
      [this](const Result<store::RegionRecords>& read) {
        if (!read || read->error) throw std::runtime_error((read ? *read->error : read.error()).message());
        loaded(*read);
        store::ReadRegion standings;
        standings.region = static_cast<std::uint8_t>(storage::Region::standing);
        store_.request<store::RegionRecords>(
            {.timeout = settings_->environment->request_timeout, .idempotent = true},
            [this](const Result<store::RegionRecords>& stand) {
              if (!stand || stand->error) throw std::runtime_error((stand ? *stand->error : stand.error()).message());
              for (const auto& [key, value] : stand->records) {
                const auto place = storage::parse_key(key);
                if (!place || !place->document || syncers_.contains(*place->document)) continue;
                auto standing = replica::Standing::decode(value, *place->document, *settings_->environment->at_rest);
                if (!standing) continue;  // told anew when the document is opened
                index_.put(*place->document, standing->heads);
                set_syncers(*place->document, std::move(standing->syncers));
                if (standing->lacking) lacking_.insert(*place->document);
                if (standing->unsealed) unsealed_.push_back(*place->document);
              }
              for (std::size_t i = 0; i < kOpenedAtOnce; ++i) open_unsealed();
              open_transport();
            },
            standings);
      },
      region);
}

void HubActor::loaded(const store::RegionRecords& identity) {
  for (const auto& [key, value] : identity.records) {
    const auto name = record_name(key);
    if (!name) continue;
    auto opened = replica::open_value(*settings_->environment->at_rest, key, value);
    const auto damaged = [&](const Error& why) {
      identity_->logger->warn("record_damaged path={} name={} error=\"{}\"", identity_->path.text(), *name,
                              why.message());
    };
    if (!opened) {
      damaged(opened.error());
    } else if (*name == kPeersRecord) {
      auto book = decode_address_book(*opened);
      if (book)
        book_ = std::move(*book);
      else
        damaged(book.error());
    } else if (*name == kBansRecord) {
      auto bans = link::BanList::decode(*opened);
      if (bans)
        bans_ = std::move(*bans);
      else
        damaged(bans.error());
    } else if (*name == kDeclinedRecord) {
      declined_ = decode_documents(*opened);
    } else if (name->starts_with(kInvitationRecords)) {
      if (const auto restored = invitations_.restore(*opened); !restored) damaged(restored.error());
    }
  }
}

void HubActor::open_transport() {
  // The transport's thread holds the actor only as long as the actor holds the transport.
  const auto self = caf::actor_cast<caf::actor_addr>(this);
  auto opened = settings_->transport([self](std::shared_ptr<net::MessageSocket> socket) {
    auto feed = std::make_shared<SocketFeed>();
    feed->set_socket(std::move(socket));
    if (const auto hub = caf::actor_cast<caf::actor>(self)) {
      Accepted accepted;
      accepted.feed = feed;
      caf::anon_send(hub, std::move(accepted));
    }
    return feed->handlers();
  });
  if (!opened) {
    settings_->listening(opened.error());
    if (listen_retry_ == kFirstListenRetry)  // said once
      identity_->logger->error("not_listening path={} error=\"{}\"", identity_->path.text(), opened.error().message());
    delayed_send(this, listen_retry_, ListenAgain());
    listen_retry_ = std::min(2 * listen_retry_, kLastListenRetry);
    return;
  }
  if (listen_retry_ != kFirstListenRetry)
    identity_->logger->info("listening_after_all path={}", identity_->path.text());
  transport_ = std::move(*opened);
  settings_->listening(transport_->addresses());
  ready_ = true;
  for (const auto& [key, contact] : book_) {
    Peer& peer = add_peer(key);
    peer.remembered = true;
    peer.user = contact.user;
    refresh_addresses(key);
    act(key);
  }
  std::deque<Accepted> early;
  early.swap(early_);
  for (const Accepted& accepted : early) accept(accepted);
  watch_network();
}

// ---- sockets and links ----

link::Link::Settings HubActor::link_settings(link::Moment moment) const {
  link::Link::Settings out;
  out.capabilities = {"sync.1"};
  out.payload = encode(Greeting{settings_->environment->user, moment, life_});
  return out;
}

void HubActor::accept(const Accepted& accepted) {
  std::size_t strangers = 0;
  for (const auto& [name, entry] : links_) strangers += entry.up ? 0 : 1;
  if (strangers >= kMaxStrangers) return accepted.feed->socket()->close("busy");
  link::Link::Settings how = link_settings();
  how.side = link::Link::Side::callee;
  // Asked on the link's thread: it gets what is known now. The secrets are few and small.
  auto secrets = std::make_shared<std::map<Bytes, crypto::Secret>>();
  for (const invitation::Given& given : invitations_.list(wall()))
    if (auto psk = invitations_.psk(given.id))
      secrets->emplace(Bytes(given.id.begin(), given.id.end()), std::move(*psk));
  how.find_invitation = [secrets](ByteView id) -> std::optional<crypto::Secret> {
    const auto at = secrets->find(Bytes(id.begin(), id.end()));
    if (at == secrets->end()) return std::nullopt;
    return at->second.copy();
  };
  const LinkName name = start_link(accepted.feed, std::move(how), true);
  links_[name].feed = accepted.feed;
}

LinkName HubActor::start_link(const std::shared_ptr<SocketFeed>& feed, link::Link::Settings how, bool opened) {
  auto settings = std::make_shared<LinkSettings>();
  settings->name = ++last_link_;
  settings->hub = caf::actor_cast<caf::actor_addr>(this);
  settings->feed = feed;
  settings->link = std::move(how);
  settings->opened = opened;
  settings->environment = settings_->environment;
  const LinkName name = settings->name;
  const auto supervisor = settings_->environment->registry->supervisor_at(supervision::kNetworkPath);
  supervision::StartChild start;
  start.spec = std::make_shared<const supervision::ChildSpec>(link_spec(std::move(settings)));
  const auto failed = [this, name, feed](const std::string& why) {
    if (const auto socket = feed->socket()) socket->close("failed");
    LinkDown event;
    event.link = name;
    event.reason = {link::CloseCode::other, why};
    down(event);
  };
  request(supervisor, settings_->environment->request_timeout, std::move(start))
      .then(
          [this, name, feed, failed](const supervision::ChildPhase& phase) {
            const auto at = links_.find(name);
            if (at != links_.end() && phase.handle)
              at->second.actor = phase.handle;
            else if (at != links_.end())
              failed("the link could not be started");
          },
          [failed](const caf::error& error) { failed(supervision::describe(error)); });
  return name;
}

void HubActor::dial(const std::string& address, LinkEntry entry, link::Link::Settings how) {
  how.side = link::Link::Side::caller;
  auto feed = std::make_shared<SocketFeed>();
  entry.feed = feed;
  entry.address = address;
  feed->set_socket(transport_->dial(address, feed->handlers()));
  const LinkName name = start_link(feed, std::move(how), false);
  links_.insert_or_assign(name, std::move(entry));
}

HubActor::Peer* HubActor::find_peer(const crypto::PublicKey& key) {
  const auto at = peers_.find(key);
  return at == peers_.end() ? nullptr : &at->second;
}

HubActor::Peer* HubActor::peer_of(LinkName link) {
  const auto at = links_.find(link);
  if (at == links_.end() || !at->second.up || !at->second.peer) return nullptr;
  Peer* peer = find_peer(*at->second.peer);
  return peer && peer->link == link ? peer : nullptr;
}

HubActor::Peer& HubActor::add_peer(const crypto::PublicKey& key) {
  const auto first = static_cast<link::Moment>(std::max<std::int64_t>(wall().count(), 0));
  return peers_.try_emplace(key, link::Connection(own(), key, first)).first->second;
}

void HubActor::forget_if_stranger(const crypto::PublicKey& key) {
  const Peer* peer = find_peer(key);
  if (peer && !peer->remembered && peer->brought.empty() && peer->link == 0 && !peer->connection.link())
    peers_.erase(key);
}

void HubActor::remember(const crypto::PublicKey& key, const std::vector<std::string>& addresses) {
  Peer& peer = add_peer(key);
  if (book_.size() >= kMaxRemembered && !book_.contains(key)) return;
  Contact& contact = book_[key];
  for (const std::string& address : addresses) {
    if (address.empty() || address.size() > link::kMaxAddressBytes) continue;
    std::erase(contact.addresses, address);
    contact.addresses.insert(contact.addresses.begin(), address);
  }
  if (contact.addresses.size() > link::kMaxAddresses) contact.addresses.resize(link::kMaxAddresses);
  contact.user = peer.user;
  peer.remembered = true;
  look_again_for(key);
  refresh_addresses(key);
  save_book();
  act(key);
}

// Does what the peer's connection says.
void HubActor::act(const crypto::PublicKey& key) {
  for (bool more = true; more;) {
    Peer* peer = find_peer(key);
    if (!peer) return;
    const std::vector<link::Action> actions = peer->connection.take_actions();
    more = !actions.empty();
    const auto named = [&](link::LinkNumber number) {
      return std::find_if(links_.begin(), links_.end(),
                          [&](const auto& l) { return l.second.peer == key && l.second.number == number; });
    };
    for (const link::Action& action : actions) {
      if (const auto* to = std::get_if<link::Dial>(&action)) {
        const auto url = url_of(to->address);
        if (!url || bans_.find(key, wall())) {
          peer->connection.dial_failed(to->link, *random_, now());
          continue;
        }
        LinkEntry entry;
        entry.peer = key;
        entry.number = to->link;
        link::Link::Settings how = link_settings(to->moment);
        how.peer = key;
        how.without_key = std::exchange(peer->without_key, false);
        entry.dialled = to->moment;
        dial(*url, std::move(entry), std::move(how));
      } else if (const auto* drop = std::get_if<link::Drop>(&action)) {
        const auto at = named(drop->link);
        if (at == links_.end()) continue;
        const bool duplicate = drop->why == link::Drop::Why::duplicate;
        if (peer->link == at->first) leave(key);
        close_link(at->first, duplicate ? link::CloseCode::duplicate : link::CloseCode::timeout,
                   duplicate ? "another link to this peer is kept" : "it took too long");
      } else if (const auto* it = std::get_if<link::Use>(&action)) {
        const auto at = named(it->link);
        if (at != links_.end()) use(key, at->first);
      } else if (const auto* ask = std::get_if<link::Probe>(&action)) {
        const auto at = named(ask->link);
        if (at != links_.end() && at->second.actor) send(at->second.actor, LinkProbe());
      }
    }
  }
  arm();
}

void HubActor::up(const LinkUp& event) {
  const auto at = links_.find(event.link);
  if (at == links_.end()) {
    LinkClose close;
    close.reason = {link::CloseCode::done, ""};
    return send(event.actor, close);
  }
  LinkEntry& entry = at->second;
  entry.actor = event.actor;
  const crypto::PublicKey key = event.with.peer;
  if (key == own()) {
    drop_request(entry.request, Error(Errc::unreachable, "this node itself answers there"));
    return close_link(event.link, link::CloseCode::done, "this is the same node");
  }
  if (const link::Ban* ban = bans_.find(key, wall())) {
    drop_request(entry.request, Error(Errc::banned, "the peer is banned: " + ban->reason));
    return close_link(event.link, link::CloseCode::banned, ban->reason);
  }
  if (!peers_.contains(key) && peers_.size() >= kMaxPeers)
    return close_link(event.link, link::CloseCode::too_busy, "too many peers");
  const bool attempted = entry.peer.has_value() && entry.number != 0;
  entry.peer = key;
  entry.up = true;
  Peer& peer = add_peer(key);
  link::Origin origin;
  for (std::size_t i = 0; i < sizeof origin.tie; ++i) origin.tie = origin.tie << 8 | event.with.handshake_hash[i];
  if (const auto greeting = decode_greeting(event.with.payload)) {
    peer.claimed = greeting->user;
    origin.moment = greeting->moment;
    origin.peer_life = greeting->life;
  }
  if (event.with.invitation) peer.brought.insert(*event.with.invitation);
  if (entry.dialled) {
    origin.dialled_here = true;
    origin.moment = *entry.dialled;
  }
  if (attempted)
    peer.connection.established(entry.number, origin.tie, origin.peer_life, now());
  else
    entry.number = peer.connection.joined(origin, now());
  identity_->logger->info("link_up path={} link={} peer={}", identity_->path.text(), event.link, short_name(key));
  request_up(entry);
  act(key);
  // If it goes on over the link that there was: there, it was settled who the peer is.
  if (const Peer* known = find_peer(key); known && known->link != 0 && known->settled) redeem(key);
}

// From now on this is the link to the peer.
void HubActor::use(const crypto::PublicKey& key, LinkName link) {
  leave(key);
  Peer& peer = peers_.at(key);
  peer.link = link;
  peer.problem.clear();
  peer.introduced = peer.considered = peer.settled = false;
  send(links_.at(link).actor, LinkUse());
  Introduction hello;
  for (const access::SignedStatement& s : settings_->environment->directory->known(settings_->environment->user))
    hello.statements.push_back(access::encode_statement(s));
  tell(key, hello);
  begin_session(key);
}

// What belongs to the link that was used.
void HubActor::leave(const crypto::PublicKey& key) {
  Peer& peer = peers_.at(key);
  if (peer.link == 0) return;
  peer.session = nullptr;
  index_.unlink(key);
  peer.link = 0;
  peer.behind.clear();
  peer.absent.clear();
  peer.leaves_asked = false;
  peer.documents.clear();
  peer.questions.clear();
}

void HubActor::down(const LinkDown& event) {
  const auto at = links_.find(event.link);
  if (at == links_.end()) return;
  const LinkEntry entry = std::move(at->second);
  links_.erase(at);
  const std::string why =
      event.reason.sentence.empty() ? std::string(link::sentence_of(event.reason.code)) : event.reason.sentence;
  request_down(entry, {event.reason.code, why});
  if (!entry.peer) return;
  const crypto::PublicKey key = *entry.peer;
  Peer* peer = find_peer(key);
  if (!peer) return;
  peer->problem = why;
  if (entry.up) {
    if (peer->link == event.link) leave(key);
    if (event.broke_rules) ban(key, why);
    peer->connection.closed(entry.number, *random_, now());
  } else if (entry.number != 0) {
    if (event.reason.code == link::CloseCode::unknown_key) peer->without_key = true;
    peer->connection.dial_failed(entry.number, *random_, now());
  }
  act(key);
  forget_if_stranger(key);
}

void HubActor::close_link(LinkName link, link::CloseCode code, const std::string& sentence, bool broke_rules) {
  const auto at = links_.find(link);
  if (at == links_.end()) return;
  if (!at->second.actor) {
    if (const auto socket = at->second.feed->socket()) socket->close("closed");
    return;
  }
  LinkClose close;
  close.reason = {code, link::clean_sentence(sentence)};
  close.broke_rules = broke_rules;
  send(at->second.actor, std::move(close));
}

void HubActor::ban(const crypto::PublicKey& key, const std::string& why) {
  bans_.forget_ended(wall());
  bans_.ban(key, {why, wall() + kBanned});
  save(kBansRecord, bans_.encode());
  identity_->logger->warn("peer_banned path={} peer={} reason=\"{}\"", identity_->path.text(), short_name(key), why);
}

void HubActor::tell(const crypto::PublicKey& key, const Control& message) {
  const Peer* peer = find_peer(key);
  if (!peer || peer->link == 0) return;
  LinkTell tell;
  tell.message = encode(message);
  send(links_.at(peer->link).actor, std::move(tell));
}

// ---- time ----

void HubActor::arm() {
  std::optional<link::Time> due;
  for (const auto& [key, peer] : peers_)
    if (const auto at = peer.connection.wait_until(); at && (!due || *at < *due)) due = at;
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = *due;
  delayed_send(this, std::max<link::Time>(*due - now(), std::chrono::milliseconds(1)), Tick());
}

void HubActor::tick() {
  std::vector<crypto::PublicKey> due;
  for (auto& [key, peer] : peers_)
    if (const auto at = peer.connection.wait_until(); at && *at <= now()) due.push_back(key);
  for (const crypto::PublicKey& key : due)
    if (Peer* peer = find_peer(key)) {
      peer->connection.tick(*random_, now());
      act(key);
    }
  arm();
}

// ---- the store ----

void HubActor::save(const std::string& name, std::optional<Bytes> value, std::function<void(const Status&)> finished) {
  auto batch = std::make_shared<storage::Batch>();
  const Bytes key = record_key(name);
  if (value)
    batch->put(key, replica::seal_value(*settings_->environment->at_rest, key, *value));
  else
    batch->remove(key);
  store::Write write;
  write.batch = std::move(batch);
  store_.request<store::Done>(
      {.timeout = settings_->environment->request_timeout, .idempotent = true},
      [this, name, finished = std::move(finished)](const Result<store::Done>& written) {
        const Status outcome = !written ? Status(written.error()) : written->error ? Status(*written->error) : Status();
        if (!outcome)
          identity_->logger->warn("not_saved path={} name={} error=\"{}\"", identity_->path.text(), name,
                                  outcome.error().message());
        if (finished) finished(outcome);
      },
      std::move(write));
}

void HubActor::save_book() { save(kPeersRecord, encode(book_)); }

supervision::ChildSpec hub_spec(std::shared_ptr<const HubSettings> settings) {
  supervision::ChildSpec spec;
  spec.id = kHubId;
  spec.restart = supervision::Restart::permanent;
  spec.start = [settings = std::move(settings)](supervision::ChildContext& context) {
    return context.spawn<HubActor>(settings, context.identity());
  };
  return spec;
}

}  // namespace tlfs::network
