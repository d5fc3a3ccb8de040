#include "actors/document/document_actor.h"

#include <stdexcept>

#include <caf/send.hpp>

#include "actors/document/request_message.h"

namespace tlfs::document_actor {
namespace {

WriteId read_id(messages::WriteId::Reader in) { return {in.getClient(), in.getNumber()}; }

std::optional<std::uint64_t> revision_or_none(std::uint64_t revision) {
  return revision == kNoRevision ? std::nullopt : std::optional(revision);
}

Message<messages::Changed> changed(std::uint64_t subscription, std::uint64_t revision) {
  messaging::MessageBuilder<messages::Changed> builder;
  builder->setSubscription(subscription);
  builder->setRevision(revision);
  return std::move(builder).seal();
}

void tell(DocumentActor* self) {
  DocumentActorState& state = self->state;
  for (const std::uint64_t id : state.service->due()) {
    const auto to = state.subscribers.find(id);
    if (to == state.subscribers.end()) continue;
    if (const auto subscriber = caf::actor_cast<caf::actor>(to->second)) {
      self->send(subscriber, changed(id, state.service->revision()));
    } else {  // it has ended without a word
      state.service->unsubscribe(id);
      state.subscribers.erase(to);
    }
  }
}

ReplyMessage subscribe(DocumentActor* self, const Message<messages::Subscribe>& message) {
  const auto request = message.read();
  Result<document::Path> prefix = read(request->getPrefix());
  if (!prefix) return to_reply(Status(prefix.error()));
  const Result<Subscribed> done = self->state.service->subscribe({std::move(*prefix), from_text(request->getVersion())},
                                                                 revision_or_none(request->getHave()));
  if (done) self->state.subscribers[done->subscription] = caf::actor_cast<caf::actor_addr>(self->current_sender());
  return to_reply(done);
}

}  // namespace

caf::behavior document_actor(DocumentActor* self, const document::Document::Settings& settings,
                             std::shared_ptr<DocumentLog> log, std::uint64_t incarnation) {
  auto opened = DocumentService::open(settings, std::move(log), incarnation);
  if (!opened) throw std::runtime_error(opened.error().message());
  self->state.service = std::move(*opened);
  DocumentService* service = self->state.service.get();

  return {
      [=](const Message<messages::Transact>& message) {
        Result<WriteRequest> request = read(*message.read());
        if (!request) return to_reply(Status(request.error()));
        ReplyMessage reply = to_reply(service->transact(std::move(*request)));
        tell(self);
        return reply;
      },
      [=](const RunTransaction& run) {
        ReplyMessage reply = to_reply(service->transact(run.options, run.id, run.edit));
        tell(self);
        return reply;
      },
      [=](const Message<messages::TakeBack>& message) {
        const auto request = message.read();
        ReplyMessage reply = to_reply(
            service->take_back(from_text(request->getOrigin()), request->getRedo(), read_id(request->getWrite())));
        tell(self);
        return reply;
      },
      [=](const Message<messages::Get>& message) {
        const auto request = message.read();
        const Result<document::Path> path = read(request->getPath());
        if (!path) return to_reply(Status(path.error()));
        return to_reply(service->get(*path, from_text(request->getVersion())));
      },
      [=](const Message<messages::Locate>& message) {
        const Result<document::Path> path = read(message.read()->getPath());
        return path ? to_reply(service->locate(*path)) : to_reply(Status(path.error()));
      },
      [=](const Message<messages::Subscribe>& message) { return subscribe(self, message); },
      [=](const Message<messages::Unsubscribe>& message) {
        const std::uint64_t id = message.read()->getSubscription();
        service->unsubscribe(id);
        self->state.subscribers.erase(id);
        return to_reply(Status());
      },
      [=](const Message<messages::Pull>& message) {
        const auto request = message.read();
        return to_reply(service->pull(request->getSubscription(), revision_or_none(request->getHave())));
      },
      [=](const Message<messages::ChangesSince>& message) {
        const Result<document::Version> heads = read_heads(message.read()->getHeads());
        if (!heads) return to_reply(Status(heads.error()));
        return to_reply(Result<Changes>(service->changes_since(*heads)));
      },
      [=](const Message<messages::ImportChanges>& message) {
        Result<std::vector<document::Change>> changes = read_changes(message.read()->getChanges());
        if (!changes) return to_reply(Status(changes.error()));
        ReplyMessage reply = to_reply(Result<Imported>(service->import(std::move(*changes))));
        tell(self);
        return reply;
      },
  };
}

std::string document_child_id(const document::DocumentId& id) { return "document/" + to_hex(id); }

supervision::ChildSpec document_spec(document::Document::Settings settings, std::shared_ptr<DocumentLog> log) {
  supervision::ChildSpec spec;
  spec.id = document_child_id(settings.id);
  spec.restart = supervision::Restart::transient;
  spec.exhausted = supervision::Exhausted::quarantine;
  spec.start = [settings = std::move(settings), log = std::move(log)](supervision::ChildContext& context) {
    return context.spawn(document_actor, settings, log, context.identity()->incarnation);
  };
  return spec;
}

}  // namespace tlfs::document_actor
