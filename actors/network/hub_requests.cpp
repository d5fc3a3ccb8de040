// What the node asks its hub for: a link to somebody, a document that somebody invited it to, who the peers are.
#include <algorithm>

#include "actors/network/hub_actor.h"

namespace tlfs::network {
namespace {

constexpr std::chrono::seconds kFiguresTimeout{1};

// A device that is named by its key.
std::optional<crypto::PublicKey> device_of(const std::string& text) {
  const auto bytes = from_hex(text);
  crypto::PublicKey out{};
  if (!bytes || bytes->size() != out.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

}  // namespace

caf::result<Answer<crypto::PublicKey>> HubActor::connect(const Connect& request) {
  const auto url = url_of(request.address);
  const std::optional<crypto::PublicKey> device = device_of(request.address);
  const auto no = [](const Error& why) { return Answer<crypto::PublicKey>(why); };
  if (!url && !device) return no(url.error());
  if (!ready_) return no(Error(Errc::timeout, "the network is not up yet"));
  const std::vector<std::string> addresses = device ? addresses_of(*device) : std::vector<std::string>{*url};
  if (addresses.empty())
    return no(Error(Errc::no_such_peer, "no device with this key is seen nearby, and no address of it is known"));
  if (requests_.size() >= kMaxJoins) return no(Error(Errc::too_many, "too many attempts are under way"));
  Request open;
  const auto promise = open.connect = make_response_promise<Answer<crypto::PublicKey>>();
  open.addresses.assign(addresses.begin(), addresses.end());
  open.expected = device;
  begin_request(std::move(open), kConnectTimeout);
  return promise;
}

caf::result<Answer<DocumentId>> HubActor::join(const Join& request) {
  auto invitation = invitation::decode_link(request.link, wall());
  const auto no = [](const Error& why) { return Answer<DocumentId>(why); };
  if (!invitation) return no(invitation.error());
  if (!ready_) return no(Error(Errc::timeout, "the network is not up yet"));
  if (invitation->inviter == own())
    return no(Error(Errc::refused, "this invitation was given out by this very device"));
  if (requests_.size() >= kMaxJoins) return no(Error(Errc::too_many, "too many attempts are under way"));
  Request open;
  const auto promise = open.join = make_response_promise<Answer<DocumentId>>();
  for (const std::string& address : invitation->addresses)
    if (const auto url = url_of(address)) open.addresses.push_back(*url);
  open.expected = invitation->inviter;
  open.problem = "the invitation names no address, and none is known of whoever gave it out";
  open.invitation.emplace(std::move(*invitation));
  begin_request(std::move(open), kJoinTimeout);
  return promise;
}

void HubActor::begin_request(Request request, std::chrono::seconds patience) {
  const std::uint64_t number = ++last_request_;
  requests_.emplace(number, std::move(request));
  Expire expire;
  expire.request = number;
  delayed_send(this, patience, expire);
  request_dial(number);
}

// The next address of a request; without one it has failed. Where the peer is may have become known meanwhile.
void HubActor::request_dial(std::uint64_t number) {
  Request& request = requests_.at(number);
  if (request.addresses.empty() && request.expected)
    for (std::string& address : addresses_of(*request.expected))
      if (!request.tried.contains(address)) request.addresses.push_back(std::move(address));
  if (request.addresses.empty()) return drop_request(number, Error(Errc::unreachable, request.problem));
  const std::string address = std::move(request.addresses.front());
  request.addresses.pop_front();
  request.tried.insert(address);
  request.problem = address + ": no answer yet";
  LinkEntry entry;
  entry.request = number;
  // Of whoever answers at an address nothing is known that a moment would have to come after.
  Peer* known = request.expected ? find_peer(*request.expected) : nullptr;
  entry.dialled = known ? known->connection.next_moment() : static_cast<link::Moment>(wall().count());
  link::Link::Settings how = link_settings(*entry.dialled);
  how.peer = request.expected;
  if (request.invitation) how.invitation = link::Invitation{request.invitation->id, request.invitation->psk()};
  dial(address, std::move(entry), std::move(how));
}

// A link has proved who answers it.
void HubActor::request_up(LinkEntry& entry) {
  const auto at = requests_.find(entry.request);
  if (at == requests_.end()) return;
  at->second.peer = entry.peer;
  remember(*entry.peer, {entry.address});
  if (!at->second.connect.pending()) return;
  at->second.connect.deliver(Answer<crypto::PublicKey>(*entry.peer));
  requests_.erase(at);
}

void HubActor::request_down(const LinkEntry& entry, const link::CloseReason& reason) {
  const auto at = requests_.find(entry.request);
  if (at == requests_.end()) return;
  // An invitation counts as brought when the handshake has ended on the other side too. It has when that side, or this
  // one in order, says that it keeps another link; it may not have when the link merely broke.
  if (entry.up) {
    if (at->second.document || reason.code == link::CloseCode::duplicate) return;
    if (at->second.repeated) return;
    at->second.repeated = true;
    at->second.addresses.push_front(entry.address);
  }
  at->second.problem = entry.address + ": " + reason.sentence;
  request_dial(entry.request);
}

void HubActor::drop_request(std::uint64_t number, const Error& why) {
  const auto at = requests_.find(number);
  if (at == requests_.end()) return;
  if (at->second.connect.pending()) at->second.connect.deliver(Answer<crypto::PublicKey>(why));
  if (at->second.join.pending()) at->second.join.deliver(Answer<DocumentId>(why));
  requests_.erase(at);
}

// Whoever joins has waited long enough for all of the document: what is there is shown, and the rest comes as it does.
void HubActor::expire(std::uint64_t number) {
  const auto at = requests_.find(number);
  if (at == requests_.end()) return;
  if (at->second.document) return joined(*at->second.document, {});
  const std::string& problem = at->second.problem;
  drop_request(number,
               Error(Errc::timeout, "nobody answered in time" + (problem.empty() ? std::string() : "; " + problem)));
}

// The links are asked for their figures; one that does not answer at once is shown without.
caf::result<Answer<std::vector<PeerInfo>>> HubActor::peer_infos() {
  struct Gathered {
    Promise<std::vector<PeerInfo>> promise;
    std::vector<PeerInfo> infos;
    std::size_t missing = 1;
    void settle() {
      if (--missing > 0) return;
      promise.deliver(Answer<std::vector<PeerInfo>>(std::move(infos)));
    }
  };
  const auto gathered = std::make_shared<Gathered>();
  gathered->promise = make_response_promise<Answer<std::vector<PeerInfo>>>();
  const auto promise = gathered->promise;
  gathered->infos.reserve(peers_.size());
  for (const auto& [key, peer] : peers_) {
    PeerInfo info;
    info.device = key;
    info.user = peer.user;
    info.state = bans_.find(key, wall()) ? std::string("banned") : std::string(link::name_of(peer.connection.state()));
    info.addresses = peer.connection.addresses();
    info.problem = peer.problem;
    gathered->infos.push_back(std::move(info));
    if (peer.link == 0) continue;
    ++gathered->missing;
    const std::size_t at = gathered->infos.size() - 1;
    request(links_.at(peer.link).actor, kFiguresTimeout, GetLinkFigures())
        .then(
            [gathered, at](const LinkFigures& figures) {
              PeerInfo& shown = gathered->infos[at];
              shown.sent_bytes = figures.traffic.sent_bytes;
              shown.received_bytes = figures.traffic.received_bytes;
              if (figures.round_trip)
                shown.round_trip = std::chrono::duration_cast<std::chrono::milliseconds>(*figures.round_trip);
              gathered->settle();
            },
            [gathered](const caf::error&) { gathered->settle(); });
  }
  add_strangers(gathered->infos);
  gathered->settle();
  return promise;
}

}  // namespace tlfs::network
