#include "actors/document/document_client.h"

#include <algorithm>

#include <caf/others.hpp>

#include "actors/document/request_message.h"

namespace tlfs::document_actor {

// What there is to do with one document.
struct DocumentClient::Place {
  supervision::SupervisedRef ref;
  std::map<std::uint64_t, Entry> watches;
  std::size_t asked = 0;  // requests without an answer yet
  std::uint64_t last_incarnation = 0;
  std::uint64_t used = 0;
  std::string shown;     // JSON; empty: nothing
  bool closing = false;  // it was asked to close and nothing was asked of it since
  bool idle() const { return watches.empty() && shown.empty(); }
};

DocumentClient::DocumentClient(caf::actor_config& config, std::shared_ptr<supervision::Registry> registry,
                               std::string path, SpecOf spec_of, Settings settings)
    : caf::event_based_actor(config),
      registry_(std::move(registry)),
      path_(std::move(path)),
      spec_of_(std::move(spec_of)),
      settings_(settings) {}

DocumentClient::~DocumentClient() = default;

caf::behavior DocumentClient::make_behavior() {
  return {
      [this](Ask& question) {
        ask(question.document, std::move(question.request), true, std::move(question.done));
        close_some();
      },
      [this](Show& what) {
        place_of(what.document).shown = std::move(what.json);
        show(what.document, std::move(what.done));
      },
      [this](Watch& watch) {
        const std::uint64_t id = watch.id;
        const document::DocumentId document = watch.document;
        watched_[id] = document;
        place_of(document).watches[id].watch = std::move(watch);
        subscribe(document, id);
      },
      [this](Unwatch& request) {
        if (const auto at = watched_.find(request.id); at != watched_.end()) {
          const document::DocumentId document = at->second;
          watched_.erase(at);
          Place& place = *places_.at(document);
          const std::uint64_t subscription = place.watches.at(request.id).subscription;
          place.watches.erase(request.id);
          if (subscription != 0) unsubscribe(document, subscription);
          sweep(document);
        }
        if (request.done) request.done();
      },
      [this](const Message<messages::Changed>& changed) {
        const auto from = caf::actor_cast<caf::actor_addr>(current_sender());
        const auto at = by_subscription_.find({from, changed.read()->getSubscription()});
        if (at != by_subscription_.end()) pull(at->second.first, at->second.second);
      },
      [this](const Sweep& request) { sweep(request.document); },
  };
}

void DocumentClient::on_exit() {
  places_.clear();
  watched_.clear();
  by_subscription_.clear();
  spec_of_ = nullptr;
}

// ---- places ----

DocumentClient::Place& DocumentClient::place_of(const document::DocumentId& document) {
  std::unique_ptr<Place>& place = places_[document];
  if (!place) {
    place = std::make_unique<Place>();
    auto spec = spec_of_(document);
    const std::string id = spec->id;
    place->ref = supervision::SupervisedRef(this, registry_, path_, id,
                                            {.max_held = settings_.max_held, .start_when_absent = std::move(spec)});
    place->ref.on_phase([this, document](const supervision::ChildPhase& now) { phase(document, now); });
  }
  place->used = ++clock_;
  place->closing = false;
  return *place;
}

DocumentClient::Place* DocumentClient::find(const document::DocumentId& document) {
  const auto at = places_.find(document);
  return at == places_.end() ? nullptr : at->second.get();
}

DocumentClient::Entry* DocumentClient::find(const document::DocumentId& document, std::uint64_t watch) {
  Place* place = find(document);
  if (!place) return nullptr;
  const auto at = place->watches.find(watch);
  return at == place->watches.end() ? nullptr : &at->second;
}

// A place that nobody needs goes once the document's actor is not up.
void DocumentClient::sweep(const document::DocumentId& document) {
  const Place* place = find(document);
  if (place && place->asked == 0 && place->idle() && place->ref.phase().kind != supervision::PhaseKind::up)
    places_.erase(document);
}

void DocumentClient::close_some() {
  if (places_.size() <= settings_.max_open) return;
  std::vector<Place*> idle;
  for (const auto& [document, place] : places_)
    if (!place->closing && place->asked == 0 && place->idle() && place->ref.phase().handle) idle.push_back(place.get());
  // A quarter at a time, so that looking for them is paid for by as many requests.
  const std::size_t count = std::min(idle.size(), settings_.max_open / 4 + 1);
  std::partial_sort(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(count), idle.end(),
                    [](const Place* a, const Place* b) { return a->used < b->used; });
  for (std::size_t i = 0; i < count; ++i) {
    idle[i]->closing = true;
    send(idle[i]->ref.phase().handle, Close());
  }
}

void DocumentClient::ask(const document::DocumentId& document, caf::message request, bool idempotent,
                         std::function<void(Result<ReplyMessage>)> answered) {
  Place& place = place_of(document);
  ++place.asked;
  place.ref.request<ReplyMessage>(
      {.timeout = settings_.timeout, .idempotent = idempotent},
      [this, document, answered = std::move(answered)](Result<ReplyMessage> reply) {
        if (Place* here = find(document)) --here->asked;
        answered(std::move(reply));
        // phase() does not let a place go while somebody asks, and nobody looks at it again when the answer comes after
        // the end of the document's actor: what is asked of documents that are not here, or cannot be started.
        if (const Place* here = find(document); here && here->asked == 0 && here->idle()) {
          Sweep later;  // not inside a callback of the reference that goes with the place
          later.document = document;
          send(this, later);
        }
      },
      std::move(request));
}

void DocumentClient::phase(const document::DocumentId& document, const supervision::ChildPhase& now) {
  Place* place = find(document);
  if (!place) return;
  if (now.kind == supervision::PhaseKind::quarantined) {
    const Error why(supervision::Errc::quarantined, "document " + to_hex(document) + ": " + now.reason);
    while (!place->watches.empty()) fail(document, place->watches.begin()->first, why);
    return;
  }
  if (now.kind == supervision::PhaseKind::absent) {
    // Whoever watches starts it again.
    for (auto& [id, entry] : place->watches)
      if (entry.subscription != 0 || entry.lost) subscribe(document, id);
    if (!place->shown.empty()) show(document, {});
    if (place->idle()) {
      Sweep later;
      later.document = document;
      send(this, later);
    }
    return;
  }
  if (now.kind != supervision::PhaseKind::up || now.incarnation == place->last_incarnation) return;
  const bool first = place->last_incarnation == 0;
  place->last_incarnation = now.incarnation;
  if (first) return;
  if (!place->shown.empty()) show(document, {});
  for (auto& [id, entry] : place->watches) {
    if (entry.subscription != 0) ++counters_.renewals;
    subscribe(document, id);
  }
}

// The latest counts; what an actor that has ended was told, the next is told again.
void DocumentClient::show(const document::DocumentId& document, std::function<void(Result<ReplyMessage>)> answered) {
  messaging::MessageBuilder<messages::SetPresence> builder;
  builder->setJson(to_text(place_of(document).shown));
  builder->setWindow(id());
  ask(document, caf::make_message(std::move(builder).seal()), true,
      [this, document, answered = std::move(answered)](Result<ReplyMessage> reply) {
        // What was refused is not said again.
        if (Place* place = find(document); place && reply && reply->read()->isError()) place->shown.clear();
        if (answered) answered(std::move(reply));
      });
}

// ---- watching ----

void DocumentClient::subscribe(const document::DocumentId& document, std::uint64_t id) {
  Entry& entry = *find(document, id);
  const std::uint64_t attempt = ++entry.attempt;
  if (entry.subscription != 0)
    std::erase_if(by_subscription_, [&](const auto& s) { return s.second == std::pair(document, id); });
  entry.subscription = 0;
  entry.pulling = false;
  entry.lost = false;
  // What was not on the disk yet may have been lost with the document's actor, and its revision given to something
  // else.
  if (entry.have && *entry.have > entry.durable) entry.have.reset();
  messaging::MessageBuilder<messages::Subscribe> builder;
  write(entry.watch.prefix, builder->initPrefix(static_cast<unsigned>(entry.watch.prefix.size())));
  builder->setVersion(to_text(entry.watch.version));
  builder->setTellWhenSaved(entry.watch.tell_when_saved);
  if (entry.have) builder->setHave(*entry.have);
  builder->setPresence(static_cast<bool>(entry.watch.presence));
  // Not idempotent: the next incarnation is asked anew, by phase().
  ask(document, caf::make_message(std::move(builder).seal()), false,
      [this, document, id, attempt](const Result<ReplyMessage>& reply) {
        Entry* here = find(document, id);
        const bool current = here && here->attempt == attempt;
        if (!reply) {
          if (!current) return;
          if (!reply.error().is(supervision::Errc::lost)) return fail(document, id, reply.error());
          here->lost = true;
          if (find(document)->ref.phase().kind == supervision::PhaseKind::absent) subscribe(document, id);
          return;
        }
        const Result<Subscribed> there = from_reply<Subscribed>(*reply);
        if (!current) {
          if (there) unsubscribe(document, there->subscription);
          return;
        }
        if (!there) return fail(document, id, there.error());
        here->subscription = there->subscription;
        by_subscription_[{caf::actor_cast<caf::actor_addr>(find(document)->ref.phase().handle), there->subscription}] =
            {document, id};
        if (here->watch.presence || !here->have || *here->have != there->revision) pull(document, id);
      });
}

void DocumentClient::unsubscribe(const document::DocumentId& document, std::uint64_t subscription) {
  std::erase_if(by_subscription_,
                [&](const auto& s) { return s.first.second == subscription && s.second.first == document; });
  messaging::MessageBuilder<messages::Unsubscribe> builder;
  builder->setSubscription(subscription);
  ask(document, caf::make_message(std::move(builder).seal()), true, [](const Result<ReplyMessage>&) {});
}

void DocumentClient::pull(const document::DocumentId& document, std::uint64_t id) {
  Entry& entry = *find(document, id);
  if (entry.pulling || entry.subscription == 0) return;
  entry.pulling = true;
  messaging::MessageBuilder<messages::Pull> builder;
  builder->setSubscription(entry.subscription);
  builder->setHave(entry.have.value_or(kNoRevision));
  ask(document, caf::make_message(std::move(builder).seal()), true,
      [this, document, id, attempt = entry.attempt](const Result<ReplyMessage>& reply) {
        Entry* here = find(document, id);
        if (!here || here->attempt != attempt) return;
        here->pulling = false;
        if (!reply) return fail(document, id, reply.error());
        if (const auto& call = here->watch.presence) {
          const auto all = from_reply<std::vector<Presence>>(*reply);
          if (all) return std::function(call)(*all);
          return all.error().is(Errc::no_such_subscription) ? subscribe(document, id) : fail(document, id, all.error());
        }
        Result<Update> update = from_reply<Update>(*reply);
        if (update) return deliver(*here, std::move(*update));
        // Sent again to an incarnation that does not know the subscription: it is about to be renewed, or is renewed
        // here.
        if (!update.error().is(Errc::no_such_subscription)) return fail(document, id, update.error());
        subscribe(document, id);
      });
}

void DocumentClient::deliver(Entry& entry, Update update) {
  entry.have = update.to;
  const bool was_saved = entry.durable >= entry.delivered;
  entry.durable = update.durable;
  // Revisions that did not touch what is watched pass in silence.
  if (!update.snapshot && update.patches.empty()) {
    const bool saved = entry.watch.tell_when_saved && update.durable >= entry.delivered && !was_saved;
    if (!saved) return;
  }
  ++counters_.updates;
  if (update.snapshot) ++counters_.snapshots;
  if (!update.snapshot) update.from = entry.delivered;
  entry.delivered = update.to;
  const auto call = entry.watch.update;
  if (call) call(update);
}

void DocumentClient::fail(const document::DocumentId& document, std::uint64_t id, const Error& error) {
  Place* place = find(document);
  auto node = place ? place->watches.extract(id) : decltype(place->watches.extract(id))();
  if (node.empty()) return;
  watched_.erase(id);
  std::erase_if(by_subscription_, [&](const auto& s) { return s.second == std::pair(document, id); });
  if (node.mapped().watch.failed) node.mapped().watch.failed(error);
}

}  // namespace tlfs::document_actor
