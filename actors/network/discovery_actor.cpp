#include "actors/network/discovery_actor.h"

#include <algorithm>
#include <charconv>

#include <caf/send.hpp>

#include "actors/network/hub_actor.h"
#include "runtime/crypto/crypto.h"

namespace tlfs::network {

std::optional<Door> door_to_announce(const std::vector<std::string>& listening) {
  std::optional<Door> out;
  for (const std::string& address : listening) {
    if (address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("localhost")) continue;
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) continue;
    std::uint16_t port = 0;
    const char* end = address.data() + address.size();
    const auto [rest, wrong] = std::from_chars(address.data() + colon + 1, end, port);
    if (wrong != std::errc() || rest != end || port == 0 || (out && out->port != port)) continue;
    if (!out) out.emplace().port = port;
    (address.starts_with('[') ? out->ipv6 : out->ipv4) = true;
  }
  return out;
}

DiscoveryActor::DiscoveryActor(caf::actor_config& config, std::shared_ptr<const DiscoverySettings> settings,
                               std::shared_ptr<const supervision::ChildIdentity> identity)
    : caf::event_based_actor(config), settings_(std::move(settings)), identity_(std::move(identity)) {}

DiscoveryActor::~DiscoveryActor() = default;

caf::behavior DiscoveryActor::make_behavior() {
  random_ = settings_->environment->random();
  hub_ = supervision::SupervisedRef(this, settings_->environment->registry, supervision::kNetworkPath, kHubId);
  look();
  tell_hub();
  delayed_send(this, kDiscoveryTick, Tick());
  return {
      [this](const Tick&) {
        tick();
        delayed_send(this, kDiscoveryTick, Tick());
      },
      [this](const Changed&) { changed(); },
  };
}

// Here and not in the destructor: the last reference may go on the neighbourhood's own thread.
void DiscoveryActor::on_exit() {
  neighbourhood_ = nullptr;
  hub_ = {};
}

void DiscoveryActor::tick() {
  if (!neighbourhood_ && (!look_at_ || now() >= *look_at_)) look();
  if (!told_at_ || now() - *told_at_ >= (news_ || !door_ ? kTellApart : kTellAgain)) tell_hub();
  show();
}

void DiscoveryActor::look() {
  auto seen = std::make_shared<Seen>();
  // Its thread holds the actor only for the moment of a note.
  const auto note = [seen, self = caf::actor_cast<caf::actor_addr>(this)](const std::function<void(Seen&)>& change) {
    {
      const std::lock_guard lock(seen->mutex);
      change(*seen);
      if (std::exchange(seen->noted, true)) return;
    }
    if (const auto actor = caf::actor_cast<caf::actor>(self)) caf::anon_send(actor, Changed());
  };
  net::Discovery::Settings settings;
  settings.found = [note](const net::FoundService& service) {
    note([&](Seen& s) {
      if (s.services.size() < net::kMaxServicesFound || s.services.contains(service.instance))
        s.services.insert_or_assign(service.instance, service);
    });
  };
  settings.lost = [note](const std::string& instance) { note([&](Seen& s) { s.services.erase(instance); }); };
  settings.failed = [note](const Error& why) { note([&](Seen& s) { s.failed = why; }); };
  seen_ = seen;
  shown_.reset();
  look_at_ = now() + kLookAgain;
  auto started = settings_->surroundings->look(std::move(settings));
  const std::string problem = started ? std::string() : started.error().message();
  if (!problem.empty() && problem != problem_)
    identity_->logger->info("discovery_waits path={} why=\"{}\"", identity_->path.text(), problem);
  problem_ = problem;
  if (started) neighbourhood_ = std::move(*started);
}

void DiscoveryActor::changed() {
  std::optional<Error> failed;
  {
    const std::lock_guard lock(seen_->mutex);
    seen_->noted = false;
    failed = seen_->failed;
  }
  if (failed && neighbourhood_) {
    identity_->logger->warn("discovery_failed path={} why=\"{}\"", identity_->path.text(), failed->message());
    neighbourhood_ = nullptr;
    seen_ = std::make_shared<Seen>();
    shown_.reset();
    look_at_ = now() + kLookAgain;
  }
  news_ = true;
  if (!told_at_ || now() - *told_at_ >= kTellApart) tell_hub();
}

void DiscoveryActor::tell_hub() {
  if (telling_) return;
  Neighbours message;
  {
    const std::lock_guard lock(seen_->mutex);
    for (const auto& [instance, service] : seen_->services)
      // Whoever announces something else is no node of ours.
      if (auto presence = invitation::read_txt(service.txt))
        message.all.push_back({instance, service.addresses, std::move(*presence)});
  }
  telling_ = true;
  news_ = false;
  told_at_ = now();
  hub_.request<Answer<std::vector<std::string>>>(
      {.timeout = settings_->environment->request_timeout, .idempotent = true},
      [this](const Result<Answer<std::vector<std::string>>>& answer) {
        telling_ = false;
        if (!answer || !answer->outcome) return;
        door_ = door_to_announce(*answer->outcome);
        show();
      },
      std::move(message));
}

// Announces what is due.
void DiscoveryActor::show() {
  if (!neighbourhood_) return;
  const std::chrono::milliseconds wall = settings_->environment->clock->wall();
  const bool ended = wall >= shown_until_ || wall < shown_until_ - invitation::kBlindedPeriod;
  if (door_ == shown_ && (!shown_ || settings_->visible_as || !ended)) return;
  shown_ = door_;
  if (!door_) {
    (void)neighbourhood_->announce({});
    return;
  }
  const crypto::PublicKey& device = settings_->environment->device->public_key();
  shown_until_ = invitation::end_of_period(wall);
  invitation::Presence presence = settings_->visible_as
                                      ? invitation::Presence(invitation::Visible{device, *settings_->visible_as})
                                      : invitation::Presence(invitation::make_blinded_id(device, *random_, wall));
  auto txt = invitation::write_txt(presence);
  Status shown = txt ? Status() : Status(txt.error());
  if (txt)
    shown = neighbourhood_->announce(net::Announcement{.instance = invitation::random_label(*random_),
                                                       .host = invitation::random_label(*random_),
                                                       .port = door_->port,
                                                       .ipv4 = door_->ipv4,
                                                       .ipv6 = door_->ipv6,
                                                       .txt = std::move(*txt)});
  if (!shown)
    identity_->logger->warn("not_announced path={} why=\"{}\"", identity_->path.text(), shown.error().message());
}

supervision::ChildSpec discovery_spec(std::shared_ptr<const DiscoverySettings> settings) {
  supervision::ChildSpec spec;
  spec.id = kDiscoveryId;
  spec.restart = supervision::Restart::permanent;
  spec.start = [settings = std::move(settings)](supervision::ChildContext& context) {
    return context.spawn<DiscoveryActor>(settings, context.identity());
  };
  return spec;
}

}  // namespace tlfs::network
