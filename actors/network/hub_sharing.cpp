// What the hub says on control channels: which documents differ, who was invited to what, what is offered.
#include <algorithm>

#include "actors/auth/people.h"
#include "actors/document/document_actor.h"
#include "actors/document/document_messages.h"
#include "actors/document/request_message.h"
#include "actors/network/hub_actor.h"
#include "actors/network/hub_records.h"
#include "runtime/replica/records.h"
#include "schema/messages/document.capnp.h"

namespace tlfs::network {
namespace {

using document_actor::ReplyMessage;
using messaging::message_of;

std::string invitation_name(const InvitationId& id) { return kInvitationRecords + to_hex(id); }

bool is_user(const access::Principal& principal) {
  return principal.kind == access::Principal::Kind::members &&
         principal == access::Principal::user(principal.document());
}

}  // namespace

template <class Message>
void HubActor::ask_document(const DocumentId& document, Message message,
                            std::function<void(Result<ReplyMessage>)> finished) {
  auto at = documents_.find(document);
  if (at == documents_.end()) {
    if (documents_.size() >= kMaxDocumentRefs) documents_.clear();
    supervision::RefOptions options;
    options.start_when_absent =
        std::make_shared<const supervision::ChildSpec>(document_actor::document_spec(document, settings_->environment));
    at = documents_
             .emplace(document,
                      supervision::SupervisedRef(this, settings_->environment->registry, supervision::kDocumentsPath,
                                                 document_actor::document_child_id(document), options))
             .first;
  }
  at->second.request<ReplyMessage>({.timeout = settings_->environment->request_timeout, .idempotent = true},
                                   std::move(finished), std::move(message));
}

// The process that made these edits has ended before it sealed them. A document that is opened does that by itself.
void HubActor::open_unsealed() {
  if (unsealed_.empty()) return;
  const DocumentId document = unsealed_.front();
  unsealed_.pop_front();
  auto explain = message_of<messages::Explain>([&](messages::Explain::Builder& out) {
    out.setAt(".");
    out.setLevel(messages::Level::READ);
    document_actor::write(access::Principal::of_key(own()), out.initWho());
  });
  ask_document(document, std::move(explain), [this](const Result<ReplyMessage>&) { open_unsealed(); });
}

// ---- control channel ----

void HubActor::control(const LinkControl& message) {
  const Peer* peer = peer_of(message.link);
  if (!peer) return;
  const crypto::PublicKey key = *links_.at(message.link).peer;
  auto decoded = decode_control(message.message);
  if (!decoded) return close_link(message.link, link::CloseCode::protocol_error, decoded.error().message(), true);
  std::visit([&](auto& one) { on(key, one); }, *decoded);
}

void HubActor::on(const crypto::PublicKey& key, Introduction& message) {
  Peer& peer = peers_.at(key);
  if (peer.introduced) return close_link(peer.link, link::CloseCode::protocol_error, "introduced twice", true);
  peer.introduced = true;
  std::size_t bytes = 0;
  for (const Bytes& statement : message.statements) bytes += statement.size();
  if (bytes <= kMaxIntroductionKept) peer.introduction = std::move(message.statements);
  if (!consider_user(key)) user_settled(key);
}

// A stranger's user is of no interest, and must not cost any room on the disk.
bool HubActor::consider_user(const crypto::PublicKey& key) {
  Peer& peer = peers_.at(key);
  if (!peer.claimed || !peer.introduced || peer.considered) return false;
  const DocumentId user = *peer.claimed;
  const bool own_user = user == settings_->environment->user;
  const bool known = own_user || index_.documents().find(user);
  if (!known && !peer.remembered && peer.brought.empty() && !granted_.contains(user)) return false;
  peer.considered = true;
  verify_user(key, user, own_user ? std::vector<Bytes>() : std::move(peer.introduction));
  peer.introduction.clear();
  return true;
}

// Takes the user's statements in, and asks the user's document whether the device is one of the user's.
void HubActor::verify_user(const crypto::PublicKey& key, const DocumentId& user, std::vector<Bytes> statements) {
  const auto ask = [this, key, user](const Status& here) {
    if (!here) return user_settled(key);
    auto explain = message_of<messages::Explain>([&](messages::Explain::Builder& out) {
      out.setAt(".");
      out.setLevel(messages::Level::OWN);
      document_actor::write(access::Principal::of_key(key), out.initWho());
    });
    ask_document(user, std::move(explain), [this, key, user](const Result<ReplyMessage>& reply) {
      const auto explained = reply ? document_actor::from_reply<document_actor::Explained>(*reply) : reply.error();
      if (Peer* peer = find_peer(key)) {
        const bool proved = explained && explained->allowed;
        if (proved) peer->user = user;
        if (proved && peer->remembered && book_[key].user != user) {
          book_[key].user = user;
          save_book();
        }
      }
      user_settled(key);
    });
  };
  if (statements.empty()) return ask({});
  const auto introduced = auth::read_introduction(statements);
  if (!introduced || !introduced->contains(user)) return ask(Error(Errc::bad_introduction, "no introduction"));
  settings_->environment->directory->learn(introduced->at(user));
  Description what;
  what.document = user;
  const auto package = auth::user_package();
  what.package = Bytes(package->encoded().begin(), package->encoded().end());
  begin_document(what, [this, user, ask, statements](const Status& begun) {
    if (!begun) return ask(begun);
    auto import = message_of<messages::ImportChanges>([&](messages::ImportChanges::Builder& out) {
      out.initChanges(0);
      document_actor::write(statements, out.initStatements(static_cast<unsigned>(statements.size())));
    });
    ask_document(user, std::move(import), [ask](const Result<ReplyMessage>& reply) {
      const auto taken = reply ? document_actor::from_reply<document_actor::Imported>(*reply) : reply.error();
      ask(taken ? Status() : Status(taken.error()));
    });
  });
}

void HubActor::user_settled(const crypto::PublicKey& key) {
  Peer* peer = find_peer(key);
  if (!peer || peer->link == 0) return;
  peer->settled = true;
  refresh_rights(key);
  flush_session(key);
  if (peer->session && peer->session->compared() && !std::exchange(peer->leaves_asked, true)) complete(key, lacking_);
  redeem(key);
}

// ---- which documents differ ----

bool HubActor::may_know(const DocumentId& document, const std::vector<access::Principal>& syncers,
                        const crypto::PublicKey& key, const Peer& peer, bool surely) const {
  if (peer.user && *peer.user == document) return true;  // their own
  return std::any_of(syncers.begin(), syncers.end(), [&](const access::Principal& p) {
    switch (p.kind) {
      case access::Principal::Kind::anyone:
        return true;
      case access::Principal::Kind::key:
        return p.key == key;
      case access::Principal::Kind::members:
        // Of a group it is the document's actor that knows; here all users that are known might belong to it.
        return is_user(p) ? peer.user == p.document() : !surely && peer.user.has_value();
    }
    return false;
  });
}

std::vector<crypto::PublicKey> HubActor::peers_of(const DocumentId& document) const {
  std::vector<crypto::PublicKey> out;
  const auto at = syncers_.find(document);
  if (at == syncers_.end()) return out;
  for (const auto& [key, peer] : peers_)
    if (peer.link != 0 && may_know(document, at->second, key, peer)) out.push_back(key);
  return out;
}

void HubActor::news(const document_actor::DocumentNews& what) {
  bool incomplete = false;  // here, or perhaps elsewhere
  if (what.gone) {
    index_.remove(what.document);
    set_syncers(what.document, {});
    syncers_.erase(what.document);
    lacking_.erase(what.document);
  } else {
    offers_.erase(what.document);
    const auto row = index_.documents().find(what.document);
    const bool known = row && index_.documents().row(*row).heads == what.heads && lacking_.contains(what.document);
    if (what.lacking)
      lacking_.insert(what.document);
    else
      lacking_.erase(what.document);
    incomplete = what.leaves_came || (what.lacking && !known);
    index_.put(what.document, what.heads);
    set_syncers(what.document, what.syncers);
    index_.set_peers(what.document, peers_of(what.document));
  }
  std::vector<crypto::PublicKey> linked;
  for (const auto& [key, peer] : peers_)
    if (peer.session) linked.push_back(key);
  for (const crypto::PublicKey& key : linked) {
    (void)consider_user(key);  // it may be that something is shared with them now
    flush_session(key);
    if (incomplete) complete(key, {what.document});
  }
}

void HubActor::set_syncers(const DocumentId& document, std::vector<access::Principal> syncers) {
  const auto count = [this](const std::vector<access::Principal>& all, int by) {
    for (const access::Principal& p : all) {
      if (p.kind != access::Principal::Kind::members) continue;
      if ((granted_[p.document()] += by) == 0) granted_.erase(p.document());
    }
  };
  count(syncers, 1);
  std::vector<access::Principal>& known = syncers_[document];
  count(known, -1);
  known = std::move(syncers);
}

// All documents anew, for one peer of whom more is known than before.
void HubActor::refresh_rights(const crypto::PublicKey& key) {
  const Peer& peer = peers_.at(key);
  for (const auto& [document, syncers] : syncers_) {
    if (may_know(document, syncers, key, peer))
      index_.allow(document, key);
    else
      index_.deny(document, key);
  }
}

void HubActor::begin_session(const crypto::PublicKey& key) {
  Peer& peer = peers_.at(key);
  auto pair = sync::PairKey::between(settings_->environment->device->box_key(), key);
  if (!pair) return close_link(peer.link, link::CloseCode::protocol_error, pair.error().message(), true);
  refresh_rights(key);
  sync::DocumentIndex::Linked& linked = index_.link(key, std::move(*pair));
  peer.session = std::make_unique<sync::DifferenceSession>(linked.key, linked.tree, index_.documents());
  // One of the two begins; which one does not matter as long as both agree.
  if (own() < key) tell(key, DifferenceBytes{peer.session->start()});
}

void HubActor::flush_session(const crypto::PublicKey& key) {
  Peer* peer = find_peer(key);
  if (!peer || !peer->session) return;
  while (auto message = peer->session->flush()) tell(key, DifferenceBytes{std::move(*message)});
}

void HubActor::on(const crypto::PublicKey& key, DifferenceBytes& message) {
  Peer& peer = peers_.at(key);
  if (!peer.session) return;
  auto heard = peer.session->received(message.message);
  if (!heard) return close_link(peer.link, link::CloseCode::protocol_error, heard.error().message(), true);
  for (Bytes& bytes : heard->send) tell(key, DifferenceBytes{std::move(bytes)});
  differences(key, *heard);
  if (peer.session->compared() && peer.settled && !std::exchange(peer.leaves_asked, true)) complete(key, lacking_);
  flush_session(key);
  ask_next(key);
  settle(key);
}

void HubActor::differences(const crypto::PublicKey& key, const sync::DifferenceSession::Heard& heard) {
  Peer& peer = peers_.at(key);
  std::vector<DocumentId> talk, unknown;
  for (const sync::Difference& d : heard.differences) {
    switch (d.kind) {
      case sync::Difference::Kind::differs:
        peer.absent.erase(*d.document);
        peer.behind.insert(*d.document);
        talk.push_back(*d.document);
        break;
      case sync::Difference::Kind::equal:
        if (d.document) {
          peer.behind.erase(*d.document);
          peer.absent.erase(*d.document);
        }
        break;
      case sync::Difference::Kind::only_theirs:
        if (peer.questions.size() < kMaxQuestions) peer.questions.push_back(d.position);
        break;
      case sync::Difference::Kind::only_ours:
        peer.absent.insert(*d.document);  // the peer asks when it wants to know
        break;
    }
  }
  for (const DocumentId& document : heard.named) {
    if (index_.documents().find(document)) {
      peer.behind.insert(document);  // here, but without a sign yet that the peer may have it
      talk.push_back(document);
    } else if (!declined_.contains(document) && !offers_.contains(document)) {
      unknown.push_back(document);
    }
  }
  if (!talk.empty()) sync(key, talk);
  for (std::size_t at = 0; at < unknown.size(); at += kMaxDescribed) {
    Describe question;
    question.documents.assign(
        unknown.begin() + static_cast<std::ptrdiff_t>(at),
        unknown.begin() + static_cast<std::ptrdiff_t>(std::min(unknown.size(), at + kMaxDescribed)));
    tell(key, question);
  }
}

void HubActor::ask_next(const crypto::PublicKey& key) {
  Peer& peer = peers_.at(key);
  if (!peer.session || peer.session->asking() || peer.questions.empty()) return;
  std::vector<sync::Position> positions;
  while (!peer.questions.empty() && positions.size() < sync::kMaxAsked) {
    positions.push_back(peer.questions.front());
    peer.questions.pop_front();
  }
  tell(key, DifferenceBytes{peer.session->ask(positions)});
}

void HubActor::sync(const crypto::PublicKey& key, const std::vector<DocumentId>& documents) {
  const Peer* peer = find_peer(key);
  if (!peer || peer->link == 0) return;
  LinkSync which;
  which.documents = documents;
  send(links_.at(peer->link).actor, std::move(which));
}

void HubActor::sync_state(const LinkSyncState& state) {
  Peer* peer = peer_of(state.link);
  if (!peer) return;
  if (state.open)
    peer->documents[state.document] = {true, state.caught_up, state.peer_caught_up};
  else
    peer->documents.erase(state.document);
  if (state.caught_up && state.peer_caught_up) peer->behind.erase(state.document);
  if (state.open && state.caught_up) joined(state.document, {});
  settle(*links_.at(state.link).peer);
}

void HubActor::settle(const crypto::PublicKey& key) {
  Peer* peer = find_peer(key);
  if (!peer || peer->link == 0 || !peer->session || !peer->session->compared() || !peer->behind.empty()) return;
  const auto at = links_.find(peer->link);
  if (at != links_.end()) peer->connection.synced(at->second.number, now());
}

// Equal heads say nothing of leaves: whoever got a change by way of somebody who may not read all of it lacks some. So
// these documents are talked about once on every link, and when their leaves come, with whoever has the document too.
void HubActor::complete(const crypto::PublicKey& key, const std::set<DocumentId>& documents) {
  const Peer* peer = find_peer(key);
  if (!peer || peer->link == 0 || !peer->session || !peer->session->compared()) return;
  std::vector<DocumentId> shared;
  for (const DocumentId& document : documents) {
    const auto at = syncers_.find(document);
    if (at != syncers_.end() && !peer->absent.contains(document) && may_know(document, at->second, key, *peer, true))
      shared.push_back(document);
  }
  if (!shared.empty()) sync(key, shared);
}

std::vector<SyncLine> HubActor::sync_lines(const std::vector<DocumentId>& also) const {
  std::vector<SyncLine> out;
  for (const DocumentId& document : also)
    for (const crypto::PublicKey& key : peers_of(document)) {
      const Peer& peer = peers_.at(key);
      // Until both have compared what they hold, nobody knows.
      if (!peer.documents.contains(document) && !peer.behind.contains(document))
        out.push_back({document, key, peer.session && peer.session->compared() ? "synced" : "syncing"});
    }
  for (const auto& [key, peer] : peers_) {
    if (peer.link == 0) continue;
    std::map<DocumentId, std::string> states;
    for (const auto& [document, state] : peer.documents)
      states[document] = state.caught_up && state.peer_caught_up ? "synced" : "syncing";
    for (const DocumentId& document : peer.behind)
      if (!states.contains(document)) states[document] = "differs";
    for (auto& [document, state] : states) out.push_back({document, key, std::move(state)});
  }
  return out;
}

// ---- documents of others ----

void HubActor::begin_document(const Description& what, std::function<void(const Status&)> finished) {
  auto package = schema::Package::decode(what.package);
  if (!package) return finished(package.error());
  document_actor::Begin begin;
  begin.package = *package;
  begin.view = begin.package->latest();
  // Its side's version, where the package has it.
  if (const auto view = begin.package->view(what.version); view && !what.version.empty()) {
    begin.view = *view;
    begin.version = what.version;
  }
  begin.name = what.name;
  begin.again = true;
  ask_document(what.document, std::move(begin), [finished = std::move(finished)](const Result<ReplyMessage>& reply) {
    finished(reply ? document_actor::from_reply<void>(*reply) : Status(reply.error()));
  });
}

// How this side calls the document, and the package it is opened with.
void HubActor::describe(const DocumentId& document, std::function<void(Result<Description>)> finished) {
  store_.request<store::Listings>(
      {.timeout = settings_->environment->request_timeout, .idempotent = true},
      [this, document, finished = std::move(finished)](const Result<store::Listings>& read) {
        if (!read) return finished(read.error());
        if (read->error) return finished(*read->error);
        for (const auto& [id, bytes] : read->listings) {
          if (id != document) continue;
          const auto listing = replica::Listing::decode(bytes, id, *settings_->environment->at_rest);
          if (!listing) return finished(listing.error());
          const auto package = settings_->environment->packages->find(listing->package);
          if (!package || listing->forgotten) break;
          return finished(Description{id, listing->name, Bytes(package->encoded().begin(), package->encoded().end()),
                                      listing->version});
        }
        finished(Error(document_actor::Errc::no_such_document, "there is no document " + to_hex(document) + " here"));
      },
      store::ReadListings());
}

void HubActor::on(const crypto::PublicKey& key, Describe& message) {
  for (const DocumentId& document : message.documents) {
    const auto at = syncers_.find(document);
    if (at == syncers_.end() || !may_know(document, at->second, key, peers_.at(key))) continue;
    describe(document, [this, key](Result<Description> what) {
      if (what) tell(key, Described{std::move(*what)});
    });
  }
}

void HubActor::on(const crypto::PublicKey& key, Described& message) {
  const Peer& peer = peers_.at(key);
  const DocumentId document = message.what.document;
  if (index_.documents().find(document) || declined_.contains(document)) return;
  const auto package = schema::Package::decode(message.what.package);
  if (!package) return close_link(peer.link, link::CloseCode::protocol_error, package.error().message(), true);
  // Who people are comes with their introductions.
  if ((*package)->hash() == auth::user_package()->hash()) return;
  // What a device of the same user has belongs to this one too.
  if (peer.user && *peer.user == settings_->environment->user) {
    begin_document(message.what, [this, key, document](const Status& begun) {
      if (begun) sync(key, {document});
    });
    return;
  }
  if (offers_.size() >= kMaxOffers) return;
  Offer offer{document, key, message.what.name, (*package)->name()};
  offers_.insert_or_assign(document, PendingOffer{std::move(offer), std::move(message.what)});
}

caf::result<Answer<void>> HubActor::decide(const DecideOffer& request) {
  const auto at = offers_.find(request.document);
  if (at == offers_.end())
    return Answer<void>(
        Error(Errc::no_such_offer, "no invitation to " + to_hex(request.document).substr(0, 16) +
                                       " waits for a decision; `tlfs invitations` shows those that do"));
  const PendingOffer offer = at->second;
  auto promise = make_response_promise<Answer<void>>();
  auto answer = [promise](const Status& s) mutable { promise.deliver(Answer<void>(s)); };
  if (request.accept) {
    begin_document(offer.what, [this, offer, answer](const Status& begun) mutable {
      if (begun) {
        offers_.erase(offer.offer.document);
        sync(offer.offer.from, {offer.offer.document});
      }
      answer(begun);
    });
  } else {
    offers_.erase(at);
    declined_.insert(request.document);
    save(kDeclinedRecord, encode_documents(declined_), answer);
  }
  return promise;
}

// ---- invitations ----

caf::result<Answer<std::string>> HubActor::invite(const Invite& request) {
  if (!ready_) return Answer<std::string>(Error(Errc::timeout, "the network is not up yet"));
  auto promise = make_response_promise<Answer<std::string>>();
  // Whoever may not grant it must not promise it.
  auto explain = message_of<messages::Explain>([&](messages::Explain::Builder& out) {
    out.setAt(request.options.path);
    out.setLevel(messages::Level::CONTROL);
    document_actor::write(access::Principal::of_key(own()), out.initWho());
  });
  ask_document(request.document, std::move(explain), [this, request, promise](const Result<ReplyMessage>& reply) {
    const auto answer = [promise](Result<std::string> link) {
      auto to = promise;
      to.deliver(Answer<std::string>(std::move(link)));
    };
    const auto explained = reply ? document_actor::from_reply<document_actor::Explained>(*reply) : reply.error();
    if (!explained) return answer(explained.error());
    if (!explained->allowed)
      return answer(Error(access::Errc::denied, "this device may not grant anything at " + request.options.path + ": " +
                                                    explained->sentence));
    describe(request.document, [this, request, answer](const Result<Description>& what) {
      if (!what) return answer(what.error());
      invitation::Terms terms;
      terms.document = request.document;
      terms.path = request.options.path;
      terms.level = request.options.level;
      terms.name = what->name;
      terms.expires = std::chrono::duration_cast<std::chrono::seconds>(wall()) + request.options.expires_in;
      terms.uses = request.options.uses;
      const auto given = invitations_.give(terms, own(), reachable_at(transport_->addresses()), *random_, wall());
      if (!given) return answer(given.error());
      const auto link = invitation::encode_link(*given);
      if (!link) return answer(link.error());
      save(invitation_name(given->id), invitations_.record(given->id), [answer, text = *link](const Status& saved) {
        answer(saved ? Result<std::string>(text) : Result<std::string>(saved.error()));
      });
    });
  });
  return promise;
}

caf::result<Answer<void>> HubActor::revoke(const RevokeInvitation& request) {
  if (const Status s = invitations_.revoke(request.id); !s) return Answer<void>(s);
  auto promise = make_response_promise<Answer<void>>();
  save(invitation_name(request.id), invitations_.record(request.id),
       [promise](const Status& saved) mutable { promise.deliver(Answer<void>(saved)); });
  return promise;
}

// What the peer has brought, once it is known who it is.
void HubActor::redeem(const crypto::PublicKey& key) {
  for (const InvitationId& id : std::exchange(peers_.at(key).brought, {})) redeem(key, id);
}

void HubActor::redeem(const crypto::PublicKey& key, const InvitationId& id) {
  const Peer& peer = peers_.at(key);
  const auto refuse = [this, key, id](const Error& why) { tell(key, Refused{id, why.message()}); };
  const auto granted = invitations_.use(id, key, wall());
  if (!granted) return refuse(granted.error());
  remember(key, {});
  const access::Principal who = peer.user ? access::Principal::user(*peer.user) : access::Principal::of_key(key);
  const invitation::Terms terms = granted->terms;
  save(invitation_name(id), invitations_.record(id), [this, key, id, terms, who, refuse](const Status& saved) {
    if (!saved) return refuse(saved.error());
    auto grant = message_of<messages::Grant>([&](messages::Grant::Builder& out) {
      out.setAt(terms.path);
      out.setLevel(static_cast<messages::Level>(terms.level));
      document_actor::write(who, out.initTo());
    });
    ask_document(terms.document, std::move(grant), [this, key, id, terms, refuse](const Result<ReplyMessage>& reply) {
      const Status granted_now = reply ? document_actor::from_reply<void>(*reply) : Status(reply.error());
      if (!granted_now) return refuse(granted_now.error());
      describe(terms.document, [this, key, id, refuse](Result<Description> what) {
        if (!what) return refuse(what.error());
        tell(key, Invited{id, std::move(*what)});
      });
    });
  });
}

void HubActor::on(const crypto::PublicKey& key, Invited& message) {
  for (auto& [number, request] : requests_) {
    if (!request.awaits(key, message.invitation)) continue;
    request.document = message.what.document;
    declined_.erase(message.what.document);
    offers_.erase(message.what.document);
    begin_document(message.what, [this, key, number = number, document = message.what.document](const Status& begun) {
      if (!begun) return joined(document, begun);
      Expire expire;
      expire.request = number;
      delayed_send(this, kFirstSync, expire);
      sync(key, {document});
    });
    return;
  }
}

void HubActor::on(const crypto::PublicKey& key, Refused& message) {
  for (auto& [number, request] : requests_)
    if (request.awaits(key, message.invitation))
      return drop_request(number,
                          Error(Errc::refused, "the other side refuses: " + link::clean_sentence(message.sentence)));
}

void HubActor::joined(const DocumentId& document, const Status& outcome) {
  for (auto at = requests_.begin(); at != requests_.end(); ++at) {
    if (at->second.document != document || !at->second.join.pending()) continue;
    at->second.join.deliver(
        Answer<DocumentId>(outcome ? Result<DocumentId>(document) : Result<DocumentId>(outcome.error())));
    requests_.erase(at);
    return;
  }
}

Invitations HubActor::all_invitations() const {
  Invitations out;
  for (const invitation::Given& given : invitations_.list(wall()))
    out.given.push_back({given.id, given.terms.document, given.terms.name, given.terms.path, given.terms.level,
                         std::string(invitation::state_name(given.state)), given.uses_left(), given.terms.expires});
  for (const auto& [document, pending] : offers_) out.pending.push_back(pending.offer);
  return out;
}

}  // namespace tlfs::network
