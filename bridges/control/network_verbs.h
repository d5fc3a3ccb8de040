// The requests about other nodes: peers, invitations, offers, and how far synchronisation has come.
#pragma once

#include <atomic>

#include "actors/node/node.h"
#include "schema/messages/control.capnp.h"

namespace tlfs::control {

// Does one of them and fills the reply; malformed for any other request. Those that wait for somebody far away end with
// net::Errc::interrupted soon after `interrupted` is set.
Status run_network_verb(Node& node, messages::control::ControlRequest::Reader request,
                        messages::control::ControlReply::Builder reply, const std::atomic<bool>& interrupted);

void write_presences(const std::vector<Presence>& all, messages::control::ControlReply::Builder reply);

}  // namespace tlfs::control
