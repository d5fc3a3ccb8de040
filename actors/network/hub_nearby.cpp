// The hub's eyes: known peers that are seen on the local network, strangers that show themselves there, and this
// machine's own addresses, which change when its network does.
#include <algorithm>

#include "actors/network/hub_actor.h"

namespace tlfs::network {

// Everything that is seen, each time; what is as it was costs next to nothing.
caf::result<Answer<std::vector<std::string>>> HubActor::neighbours(const Neighbours& message) {
  // Until then it is not known who is remembered; all this will be told again.
  if (!ready_) return Answer<std::vector<std::string>>(std::vector<std::string>());
  std::map<std::string, Nearby> next;
  for (const Neighbour& one : message.all) {
    if (next.size() >= kMaxNearby) break;
    Nearby nearby;
    nearby.presence = one.presence;
    for (const std::string& address : one.addresses)
      if (auto url = url_of(address); url && nearby.addresses.size() < kMaxNearbyAddresses)
        nearby.addresses.push_back(std::move(*url));
    if (const auto known = nearby_.find(one.instance);
        known != nearby_.end() && known->second.presence == one.presence) {
      nearby.device = known->second.device;
      nearby.compared = known->second.compared;
    }
    next.insert_or_assign(one.instance, std::move(nearby));
  }
  std::map<crypto::PublicKey, std::vector<std::string>> before;
  for (const auto& [instance, nearby] : nearby_)
    if (nearby.device) before.try_emplace(*nearby.device, nearby_addresses(*nearby.device));
  nearby_ = std::move(next);
  recognise_nearby();
  std::set<crypto::PublicKey> touched;
  for (const auto& [key, addresses] : before) touched.insert(key);
  for (const auto& [instance, nearby] : nearby_)
    if (nearby.device) touched.insert(*nearby.device);
  for (const crypto::PublicKey& key : touched)
    if (const std::vector<std::string> after = nearby_addresses(key); after != before[key])
      nearby_changed(key, before[key], after);
  return Answer<std::vector<std::string>>(transport_->addresses());
}

// Ids are anybody's to make up, and each costs a hash per peer that is remembered: only so many are computed at once,
// the others next time.
void HubActor::recognise_nearby() {
  std::vector<crypto::PublicKey> known;
  known.reserve(book_.size());
  for (const auto& [key, contact] : book_) known.push_back(key);
  std::size_t hashes = 0;
  for (auto& [instance, nearby] : nearby_) {
    if (nearby.compared || hashes > kMaxHashesAtOnce) continue;
    nearby.compared = true;
    if (const auto* visible = std::get_if<invitation::Visible>(&nearby.presence)) {
      if (visible->device != own()) nearby.device = visible->device;
      continue;
    }
    hashes += known.size();
    if (const auto at = invitation::recognise(known, std::get<invitation::BlindedId>(nearby.presence), wall()))
      nearby.device = known[*at];
  }
}

std::vector<std::string> HubActor::nearby_addresses(const crypto::PublicKey& key) const {
  std::vector<std::string> out;
  for (const auto& [instance, nearby] : nearby_) {
    if (nearby.device != key) continue;
    for (const std::string& address : nearby.addresses)
      if (out.size() < kMaxNearbyAddresses && std::find(out.begin(), out.end(), address) == out.end())
        out.push_back(address);
  }
  return out;
}

// Where the peer was seen just now, and where it was reached before.
std::vector<std::string> HubActor::addresses_of(const crypto::PublicKey& key) const {
  std::vector<std::string> out = nearby_addresses(key);
  if (const auto contact = book_.find(key); contact != book_.end())
    for (const std::string& address : contact->second.addresses)
      if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  return out;
}

void HubActor::refresh_addresses(const crypto::PublicKey& key) {
  Peer& peer = peers_.at(key);
  const std::vector<std::string> all = addresses_of(key);
  peer.connection.set_addresses(all, now());
  // Stays so: a link that the peer has dialled is good without any address of it.
  if (!all.empty()) peer.connection.set_wanted(true, now());
}

void HubActor::nearby_changed(const crypto::PublicKey& key, const std::vector<std::string>& before,
                              const std::vector<std::string>& after) {
  Peer* peer = find_peer(key);
  if (!peer || !peer->remembered) return;
  const bool news = std::any_of(after.begin(), after.end(), [&](const std::string& address) {
    return std::find(before.begin(), before.end(), address) == before.end();
  });
  if (news) {
    // It is seen where it was not before: that is dialled ahead of where it used to be, which may not even refuse. Or
    // if there is a link, perhaps that one leads to where it was.
    give_up_dial(*peer);
    if (!peer->connection.link()) peer->connection.set_addresses(after, now());
    peer->connection.network_changed(true, now());
  }
  refresh_addresses(key);
  act(key);
}

// Until its network_changed(true): a dial that goes on over the old network, or to the old place, is not waited for.
// But not often, lest someone who makes things change keeps every dial from its end.
void HubActor::give_up_dial(Peer& peer) {
  if (peer.connection.state() == link::Connection::State::connecting &&
      (!peer.hurried || now() - *peer.hurried >= link::kDialTimeout)) {
    peer.hurried = now();
    peer.connection.network_changed(false, now());
  }
}

void HubActor::watch_network() {
  if (!settings_->own_addresses) return;
  delayed_send(this, kWatchInterval, WatchNetwork());
  std::vector<std::string> addresses = settings_->own_addresses();
  if (!own_addresses_) own_addresses_ = addresses;
  if (*own_addresses_ == addresses) return;
  identity_->logger->info("network_changed path={} addresses={}", identity_->path.text(), addresses.size());
  own_addresses_ = std::move(addresses);
  std::vector<crypto::PublicKey> keys;
  for (const auto& [key, peer] : peers_) keys.push_back(key);
  for (const crypto::PublicKey& key : keys)
    if (Peer* peer = find_peer(key)) {
      give_up_dial(*peer);
      peer->connection.network_changed(true, now());
      act(key);
    }
}

// Who is remembered from now on may have been seen before.
void HubActor::look_again_for(const crypto::PublicKey& key) {
  for (auto& [instance, nearby] : nearby_) {
    const auto* id = std::get_if<invitation::BlindedId>(&nearby.presence);
    if (id && !nearby.device && invitation::recognise({&key, 1}, *id, wall())) nearby.device = key;
  }
}

void HubActor::add_strangers(std::vector<PeerInfo>& out) const {
  std::set<crypto::PublicKey> listed;
  for (PeerInfo& info : out) listed.insert(info.device);
  for (const auto& [instance, nearby] : nearby_) {
    const auto* visible = std::get_if<invitation::Visible>(&nearby.presence);
    if (!visible || !nearby.device) continue;
    if (listed.insert(visible->device).second) {
      PeerInfo info;
      info.device = visible->device;
      info.state = "nearby";
      info.addresses = nearby_addresses(visible->device);
      out.push_back(std::move(info));
    }
    for (PeerInfo& info : out)
      if (info.device == visible->device) info.name = visible->name;
  }
}

}  // namespace tlfs::network
