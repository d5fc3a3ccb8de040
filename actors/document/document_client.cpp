#include "actors/document/document_client.h"

#include <caf/others.hpp>

#include "actors/document/request_message.h"

namespace tlfs::document_actor {

DocumentClient::DocumentClient(caf::actor_config& config, caf::actor supervisor,
                               std::shared_ptr<const supervision::ChildSpec> spec, supervision::Nanoseconds timeout,
                               std::size_t max_held)
    : caf::event_based_actor(config),
      supervisor_(std::move(supervisor)),
      spec_(std::move(spec)),
      options_{.timeout = timeout, .idempotent = true},
      max_held_(max_held) {}

caf::behavior DocumentClient::make_behavior() {
  document_ =
      supervision::SupervisedRef(this, supervisor_, spec_->id, {.max_held = max_held_, .start_when_absent = spec_});
  document_.on_phase([this](const supervision::ChildPhase& now) { phase(now); });
  return {
      [this](Ask& question) { ask(std::move(question.request), std::move(question.done)); },
      [this](Watch& watch) {
        const std::uint64_t id = watch.id;
        watches_[id].watch = std::move(watch);
        subscribe(id);
      },
      [this](Unwatch& request) {
        if (const auto at = watches_.find(request.id); at != watches_.end()) {
          if (at->second.subscription != 0) unsubscribe(at->second.subscription);
          watches_.erase(at);
        }
        if (request.done) request.done();
      },
      [this](const Message<messages::Changed>& changed) {
        const auto at = by_subscription_.find(changed.read()->getSubscription());
        if (at != by_subscription_.end()) pull(at->second);
      },
  };
}

void DocumentClient::on_exit() {
  document_ = {};
  watches_.clear();
}

void DocumentClient::ask(caf::message request, std::function<void(Result<ReplyMessage>)> answer) {
  document_.request<ReplyMessage>(options_, std::move(answer), std::move(request));
}

void DocumentClient::phase(const supervision::ChildPhase& now) {
  if (now.kind == supervision::PhaseKind::quarantined) {
    const Error why(supervision::Errc::quarantined, spec_->id + ": " + now.reason);
    while (!watches_.empty()) fail(watches_.begin()->first, why);
    return;
  }
  if (now.kind != supervision::PhaseKind::up || now.incarnation == last_incarnation_) return;
  last_incarnation_ = now.incarnation;
  by_subscription_.clear();
  for (auto& [id, entry] : watches_) {
    if (entry.subscription != 0) ++counters_.renewals;
    subscribe(id);
  }
}

void DocumentClient::subscribe(std::uint64_t id) {
  Entry& entry = watches_.at(id);
  const std::uint64_t attempt = ++entry.attempt;
  entry.subscription = 0;
  entry.pulling = false;
  messaging::MessageBuilder<messages::Subscribe> builder;
  write(entry.watch.prefix, builder->initPrefix(static_cast<unsigned>(entry.watch.prefix.size())));
  builder->setVersion(to_text(entry.watch.version));
  if (entry.have) builder->setHave(*entry.have);
  auto options = options_;
  options.idempotent = false;  // the next incarnation is asked anew, by phase()
  document_.request<ReplyMessage>(
      options,
      [this, id, attempt](Result<ReplyMessage> reply) {
        const auto at = watches_.find(id);
        const bool current = at != watches_.end() && at->second.attempt == attempt;
        if (!reply) {
          if (current && !reply.error().is(supervision::Errc::lost)) fail(id, reply.error());
          return;
        }
        const Result<Subscribed> there = from_reply<Subscribed>(*reply);
        if (!current) {
          if (there) unsubscribe(there->subscription);
          return;
        }
        if (!there) return fail(id, there.error());
        at->second.subscription = there->subscription;
        by_subscription_[there->subscription] = id;
        if (!at->second.have || *at->second.have != there->revision) pull(id);
      },
      std::move(builder).seal());
}

void DocumentClient::unsubscribe(std::uint64_t subscription) {
  by_subscription_.erase(subscription);
  messaging::MessageBuilder<messages::Unsubscribe> builder;
  builder->setSubscription(subscription);
  ask(caf::make_message(std::move(builder).seal()), [](const Result<ReplyMessage>&) {});
}

void DocumentClient::pull(std::uint64_t id) {
  Entry& entry = watches_.at(id);
  if (entry.pulling || entry.subscription == 0) return;
  entry.pulling = true;
  messaging::MessageBuilder<messages::Pull> builder;
  builder->setSubscription(entry.subscription);
  builder->setHave(entry.have.value_or(kNoRevision));
  ask(caf::make_message(std::move(builder).seal()),
      [this, id, attempt = entry.attempt](const Result<ReplyMessage>& reply) {
        const auto at = watches_.find(id);
        if (at == watches_.end() || at->second.attempt != attempt) return;
        at->second.pulling = false;
        if (!reply) return fail(id, reply.error());
        Result<Update> update = from_reply<Update>(*reply);
        if (update) return deliver(id, std::move(*update));
        // Sent again to an incarnation that does not know the subscription: it is about to be renewed, or is renewed
        // here.
        if (!update.error().is(Errc::no_such_subscription)) return fail(id, update.error());
        subscribe(id);
      });
}

void DocumentClient::deliver(std::uint64_t id, Update update) {
  Entry& entry = watches_.at(id);
  entry.have = update.to;
  // Revisions that did not touch what is watched pass in silence.
  if (!update.snapshot && update.patches.empty()) return;
  ++counters_.updates;
  if (update.snapshot) ++counters_.snapshots;
  if (!update.snapshot) update.from = entry.delivered;
  entry.delivered = update.to;
  const auto call = entry.watch.update;
  if (call) call(update);
}

void DocumentClient::fail(std::uint64_t id, const Error& error) {
  auto node = watches_.extract(id);
  if (node.empty()) return;
  by_subscription_.erase(node.mapped().subscription);
  if (node.mapped().watch.failed) node.mapped().watch.failed(error);
}

}  // namespace tlfs::document_actor
