// What a node does with other nodes: asks its network's hub.
#include <caf/send.hpp>

#include "actors/network/hub_actor.h"
#include "actors/node/node.h"
#include "actors/node/node_actors.h"

namespace tlfs {
namespace {

// Longer than whatever the hub takes for it.
constexpr std::chrono::seconds kPatience{60};

Error off() {
  return Error(network::Errc::off, "this node has no network; `tlfs node run --listen 0.0.0.0:4242` gives it one");
}

// Sends the request to the hub, once, and keeps the outcome for whoever holds the future.
template <class T, class Request>
std::future<Result<T>> ask_hub(Node::Actors& actors, Request request) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  if (!actors.settings.network) {
    promise->set_value(off());
    return future;
  }
  actors.system->spawn([promise, registry = actors.tree.registry,
                        request = std::move(request)](caf::event_based_actor* self) {
    auto hub = std::make_shared<supervision::SupervisedRef>(self, registry, supervision::kNetworkPath, network::kHubId);
    hub->request<network::Answer<T>>(
        {.timeout = kPatience},
        [promise, self, hub](const Result<network::Answer<T>>& answer) {
          self->quit();
          promise->set_value(answer ? answer->outcome : Result<T>(answer.error()));
        },
        request);
  });
  return future;
}

}  // namespace

std::vector<std::string> Node::addresses() const {
  const std::lock_guard lock(actors_->listening_mutex);
  return actors_->listening;
}

std::future<Result<std::vector<network::PeerInfo>>> Node::peers() {
  return ask_hub<std::vector<network::PeerInfo>>(*actors_, network::GetPeers());
}

std::future<Result<crypto::PublicKey>> Node::connect(std::string address) {
  network::Connect request;
  request.address = std::move(address);
  return ask_hub<crypto::PublicKey>(*actors_, std::move(request));
}

std::future<Result<std::string>> Node::invite(const document::DocumentId& id, network::InviteOptions options) {
  network::Invite request;
  request.document = id;
  request.options = std::move(options);
  return ask_hub<std::string>(*actors_, std::move(request));
}

std::future<Status> Node::revoke_invitation(const network::InvitationId& id) {
  network::RevokeInvitation request;
  request.id = id;
  return ask_hub<void>(*actors_, request);
}

std::future<Result<document::DocumentId>> Node::join(std::string link) {
  network::Join request;
  request.link = std::move(link);
  return ask_hub<document::DocumentId>(*actors_, std::move(request));
}

std::future<Result<network::Invitations>> Node::invitations() {
  return ask_hub<network::Invitations>(*actors_, network::GetInvitations());
}

std::future<Status> Node::accept(const document::DocumentId& offered) {
  network::DecideOffer request;
  request.document = offered;
  request.accept = true;
  return ask_hub<void>(*actors_, request);
}

std::future<Status> Node::decline(const document::DocumentId& offered) {
  network::DecideOffer request;
  request.document = offered;
  return ask_hub<void>(*actors_, request);
}

std::future<Result<std::vector<network::SyncLine>>> Node::sync_status(std::vector<document::DocumentId> also) {
  network::GetSync request;
  request.also = std::move(also);
  return ask_hub<std::vector<network::SyncLine>>(*actors_, std::move(request));
}

}  // namespace tlfs
