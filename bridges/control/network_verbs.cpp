#include "bridges/control/network_verbs.h"

#include "bridges/control/answers.h"
#include "bridges/control/names.h"
#include "runtime/invitation/display_text.h"
#include "schema/framing/fields.h"

namespace tlfs::control {
namespace {

using framing::from_text;
using framing::to_blob;
using messages::control::ControlReply;
using messages::control::ControlRequest;

// What a peer may have chosen, so that it does nothing to the terminal that it is shown on.
std::string plain(std::string text) {
  if (!invitation::is_display_text(text))
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

class NetworkVerb {
 public:
  NetworkVerb(Node& node, ControlReply::Builder reply, const std::atomic<bool>& interrupted)
      : node_(node), reply_(reply), interrupted_(interrupted) {}

  Status run(ControlRequest::Reader request);

 private:
  Status peers();
  Status connect(capnp::Text::Reader address);
  Status invite(messages::control::GiveInvitation::Reader in);
  Status revoke(capnp::Text::Reader invitation);
  Status join(capnp::Text::Reader link);
  Status invitations();
  Status decide(messages::control::DecideOffer::Reader in);
  Status sync();
  Status presence(messages::control::AskPresence::Reader in);

  template <class T>
  Result<T> settle(std::future<Result<T>> future) {
    return settled(std::move(future), interrupted_);
  }
  Status done(std::future<Status> future);

  Node& node_;
  ControlReply::Builder reply_;
  const std::atomic<bool>& interrupted_;
};

Status NetworkVerb::run(ControlRequest::Reader request) {
  switch (request.which()) {
    case ControlRequest::PEERS:
      return peers();
    case ControlRequest::CONNECT:
      return connect(request.getConnect());
    case ControlRequest::INVITE:
      return invite(request.getInvite());
    case ControlRequest::REVOKE_INVITATION:
      return revoke(request.getRevokeInvitation());
    case ControlRequest::JOIN:
      return join(request.getJoin());
    case ControlRequest::LIST_INVITATIONS:
      return invitations();
    case ControlRequest::DECIDE_OFFER:
      return decide(request.getDecideOffer());
    case ControlRequest::SYNC_STATUS:
      return sync();
    case ControlRequest::PRESENCE:
      return presence(request.getPresence());
    default:
      return Error(Errc::malformed, "this request is not about other nodes");
  }
}

// A watch's replies come from the watch.
Status NetworkVerb::presence(messages::control::AskPresence::Reader in) {
  const auto id = find_document(node_, in.getDocument());
  if (!id) return id.error();
  std::string json = from_text(in.getSet());
  if (!json.empty() || in.getClear()) {
    const bool clear = in.getClear();
    Status shown = settle(node_.set_presence(*id, clear ? std::nullopt : std::optional<std::string>(std::move(json))));
    if (!shown) return shown;
  }
  if (in.getWatch()) return {};
  const auto all = settle(node_.presences(*id));
  if (!all) return all.error();
  write_presences(*all, reply_);
  return {};
}

Status NetworkVerb::done(std::future<Status> future) {
  Status s = settle(std::move(future));
  if (s) reply_.setDone();
  return s;
}

Status NetworkVerb::peers() {
  const auto peers = settle(node_.peers());
  if (!peers) return peers.error();
  auto out = reply_.initPeers(static_cast<unsigned>(peers->size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    const network::PeerInfo& p = (*peers)[i];
    out[i].setDevice(to_blob(p.device));
    if (p.user) out[i].setUser(to_blob(*p.user));
    out[i].setState(plain(p.state));
    out[i].setName(plain(p.name));
    auto addresses = out[i].initAddresses(static_cast<unsigned>(p.addresses.size()));
    for (unsigned a = 0; a < addresses.size(); ++a) addresses.set(a, plain(p.addresses[a]));
    out[i].setProblem(plain(p.problem));
    out[i].setSentBytes(p.sent_bytes);
    out[i].setReceivedBytes(p.received_bytes);
    out[i].setMeasured(p.round_trip.has_value());
    if (p.round_trip)
      out[i].setRoundTripMs(static_cast<std::uint64_t>(std::max<std::int64_t>(p.round_trip->count(), 0)));
  }
  return {};
}

Status NetworkVerb::connect(capnp::Text::Reader address) {
  const auto device = settle(node_.connect(from_text(address)));
  if (!device) return device.error();
  reply_.setConnected(to_blob(*device));
  return {};
}

Status NetworkVerb::invite(messages::control::GiveInvitation::Reader in) {
  const auto level = parse_level(from_text(in.getLevel()));
  if (!level) return level.error();
  const auto id = find_document(node_, in.getPlace().getDocument());
  if (!id) return id.error();
  network::InviteOptions options;
  if (in.getPlace().getPath().size() > 0) options.path = from_text(in.getPlace().getPath());
  options.level = *level;
  options.expires_in = std::chrono::seconds(in.getExpiresInSeconds());
  options.uses = in.getUses();
  const auto link = settle(node_.invite(*id, std::move(options)));
  if (!link) return link.error();
  reply_.setLink(*link);
  return {};
}

Status NetworkVerb::revoke(capnp::Text::Reader invitation) {
  const auto known = settle(node_.invitations());
  if (!known) return known.error();
  std::vector<InvitationId> ids;
  for (const network::GivenInvitation& given : known->given) ids.push_back(given.id);
  const auto id = choose_invitation(from_text(invitation), ids);
  return id ? done(node_.revoke_invitation(*id)) : Status(id.error());
}

Status NetworkVerb::join(capnp::Text::Reader link) {
  const auto id = settle(node_.join(from_text(link)));
  if (!id) return id.error();
  reply_.setJoined(to_blob(*id));
  return {};
}

Status NetworkVerb::invitations() {
  const auto known = settle(node_.invitations());
  if (!known) return known.error();
  auto out = reply_.initInvitations();
  auto given = out.initGiven(static_cast<unsigned>(known->given.size()));
  for (unsigned i = 0; i < given.size(); ++i) {
    const network::GivenInvitation& g = known->given[i];
    given[i].setId(to_blob(g.id));
    given[i].setDocument(to_blob(g.document));
    given[i].setName(plain(g.name));
    given[i].setPath(plain(g.path));
    given[i].setLevel(std::string(access::level_name(g.level)));
    given[i].setState(plain(g.state));
    given[i].setUsesLeft(g.uses_left);
    given[i].setExpires(g.expires.count());
  }
  auto pending = out.initPending(static_cast<unsigned>(known->pending.size()));
  for (unsigned i = 0; i < pending.size(); ++i) {
    const network::Offer& o = known->pending[i];
    pending[i].setDocument(to_blob(o.document));
    pending[i].setFrom(to_blob(o.from));
    pending[i].setName(plain(o.name));
    pending[i].setPackage(plain(o.package));
  }
  return {};
}

Status NetworkVerb::decide(messages::control::DecideOffer::Reader in) {
  const auto known = settle(node_.invitations());
  if (!known) return known.error();
  std::vector<Named> named;
  for (const network::Offer& offer : known->pending) {
    // Several devices may offer the same document.
    const auto same = [&](const Named& n) { return n.id == offer.document; };
    if (std::none_of(named.begin(), named.end(), same)) named.push_back({offer.document, plain(offer.name)});
  }
  const auto id = choose_offer(from_text(in.getDocument()), named);
  if (!id) return id.error();
  return done(in.getAccept() ? node_.accept(*id) : node_.decline(*id));
}

Status NetworkVerb::sync() {
  const auto lines = settle(node_.sync_status());
  if (!lines) return lines.error();
  auto out = reply_.initSync(static_cast<unsigned>(lines->size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setDocument(to_blob((*lines)[i].document));
    out[i].setPeer(to_blob((*lines)[i].peer));
    out[i].setState(plain((*lines)[i].state));
  }
  return {};
}

}  // namespace

void write_presences(const std::vector<Presence>& all, ControlReply::Builder reply) {
  auto out = reply.initPresences(static_cast<unsigned>(all.size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    const Presence& p = all[i];
    out[i].setDevice(to_blob(p.device));
    if (p.user) out[i].setUser(to_blob(*p.user));
    out[i].setJson(p.json);
    out[i].setAgeMs(static_cast<std::uint64_t>(std::max<std::int64_t>(p.age.count(), 0)));
    out[i].setOwn(p.own);
  }
}

Status run_network_verb(Node& node, ControlRequest::Reader request, ControlReply::Builder reply,
                        const std::atomic<bool>& interrupted) {
  Status s = NetworkVerb(node, reply, interrupted).run(request);
  if (s) return s;
  const Error& e = s.error();
  if (!e.is(network::Errc::off)) {
    // Its sentence may be the other side's.
    return e.module() == network::errc_module(network::Errc::ok)
               ? Error(static_cast<network::Errc>(e.code()), plain(e.message()))
               : e;
  }
  return Error(network::Errc::off,
               "this node has no links to others; start it with `tlfs node run --listen ADDRESS`, as 0.0.0.0:4242");
}

}  // namespace tlfs::control
