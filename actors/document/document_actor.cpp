#include "actors/document/document_actor.h"

#include <algorithm>

#include <caf/send.hpp>

#include "actors/auth/auth_actor.h"
#include "actors/document/request_message.h"
#include "actors/store/store_actor.h"

namespace tlfs::document_actor {
namespace {

constexpr std::chrono::nanoseconds kFirstRetry = std::chrono::milliseconds(50);
constexpr std::chrono::nanoseconds kLongestRetry = std::chrono::seconds(5);
constexpr std::chrono::nanoseconds kCompactionPause = std::chrono::milliseconds(20);

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

ReplyMessage refusal(const Error& error) { return to_reply(Status(error)); }

}  // namespace

DocumentActor::DocumentActor(caf::actor_config& config, document::DocumentId id,
                             std::shared_ptr<const DocumentEnvironment> environment,
                             std::shared_ptr<const supervision::ChildIdentity> identity)
    : caf::event_based_actor(config),
      id_(id),
      environment_(std::move(environment)),
      identity_(std::move(identity)),
      random_(environment_->random()),
      desk_(std::in_place, this, id, environment_->device->public_key()) {}

DocumentActor::~DocumentActor() = default;

std::string DocumentActor::label() const { return "document " + to_hex(id_); }

// One request: a message of type T, and what is to be done about it once the document is open.
template <class T, class F>
auto DocumentActor::handler(When when, bool writes, F work) {
  return [this, when, writes, work](const Message<T>& message) {
    return serve(when, writes, [message, work](DocumentService& service) { return work(service, *message.read()); });
  };
}

caf::behavior DocumentActor::make_behavior() {
  store_ = supervision::SupervisedRef(this, environment_->registry, supervision::kNodePath, store::kStoreId);
  auth_ = supervision::SupervisedRef(this, environment_->registry, supervision::kNodePath, auth::kAuthId);
  auth_.on_phase([this](const supervision::ChildPhase& now) {
    if (now.kind != supervision::PhaseKind::up) return;
    followed_.clear();
    follow();
  });
  if (environment_->networked) {
    hub_ = supervision::SupervisedRef(this, environment_->registry, supervision::kNetworkPath, kHubId);
    hub_.on_phase([this](const supervision::ChildPhase& now) {
      if (now.kind != supervision::PhaseKind::up) return;
      told_standing_.reset();
      announce();
    });
  }
  set_down_handler([this](const caf::down_msg& down) {
    desk_->link_ended(down.source);
    tend_presence();
  });
  set_exit_handler([this](caf::exit_msg& exit) {
    if (exit.reason == caf::exit_reason::user_shutdown)
      finish(std::move(exit.reason));
    else
      quit(std::move(exit.reason));
  });
  last_used_ = environment_->clock->monotonic();
  read(false);
  delayed_send(this, environment_->close_after, Tick());

  caf::message_handler requests{
      handler<messages::Transact>(When::saved, true,
                                  [](DocumentService& service, messages::Transact::Reader in) {
                                    Result<WriteRequest> request = document_actor::read(in);
                                    return request ? to_reply(service.transact(std::move(*request)))
                                                   : refusal(request.error());
                                  }),
      [this](const RunTransaction& run) {
        return serve(When::saved, true, [run](DocumentService& service) {
          return to_reply(service.transact(run.options, run.id, run.edit));
        });
      },
      handler<messages::TakeBack>(When::saved, true,
                                  [](DocumentService& service, messages::TakeBack::Reader in) {
                                    return to_reply(service.take_back(from_text(in.getOrigin()), in.getRedo(),
                                                                      read_id(in.getWrite())));
                                  }),
      handler<messages::Get>(When::at_once, false,
                             [](DocumentService& service, messages::Get::Reader in) {
                               const Result<document::Path> path = document_actor::read(in.getPath());
                               return path ? to_reply(service.get(*path, from_text(in.getVersion())))
                                           : refusal(path.error());
                             }),
      handler<messages::GetAt>(When::saved, true,
                               [](DocumentService& service, messages::GetAt::Reader in) {
                                 const Result<document::Path> path = document_actor::read(in.getPath());
                                 if (!path) return refusal(path.error());
                                 const Result<document::Version> heads = read_heads(in.getHeads());
                                 return heads ? to_reply(service.get_at(*heads, *path)) : refusal(heads.error());
                               }),
      handler<messages::GetHistory>(When::saved, true,
                                    [](DocumentService& service, messages::GetHistory::Reader in) {
                                      return to_reply(
                                          Result<std::vector<HistoryEntry>>(service.history(in.getLimit())));
                                    }),
      [this](const Message<messages::GetStatus>&) {
        return serve(When::at_once, false, [this](DocumentService& service) {
          DocumentStatus status = service.status();
          if (gate_.failing()) status.disk_error = gate_.failing()->message();
          return to_reply(Result<DocumentStatus>(std::move(status)));
        });
      },
      handler<messages::Locate>(When::at_once, false,
                                [](DocumentService& service, messages::Locate::Reader in) {
                                  const Result<document::Path> path = document_actor::read(in.getPath());
                                  return path ? to_reply(service.locate(*path)) : refusal(path.error());
                                }),
      [this](const Message<messages::Subscribe>& message) { return subscribe(message); },
      [this](const Message<messages::Unsubscribe>& message) {
        return serve(When::at_once, false, [this, id = message.read()->getSubscription()](DocumentService& service) {
          service.unsubscribe(id);
          subscribers_.erase(id);
          return to_reply(Status());
        });
      },
      handler<messages::Pull>(When::at_once, false,
                              [this](DocumentService& service, messages::Pull::Reader in) {
                                if (service.watches_presence(in.getSubscription())) {
                                  service.pulled_presence(in.getSubscription());
                                  return present();
                                }
                                return to_reply(service.pull(in.getSubscription(), revision_or_none(in.getHave())));
                              }),
      [this](const Message<messages::Grant>& message) { return grant(message); },
      handler<messages::Revoke>(When::saved, true,
                                [](DocumentService& service, messages::Revoke::Reader in) {
                                  const auto level = document_actor::read(in.getLevel());
                                  const auto keep = document_actor::read(in.getKeep());
                                  const auto from = document_actor::read(in.getFrom());
                                  if (!level || !keep || !from)
                                    return refusal(!level ? level.error() : !keep ? keep.error() : from.error());
                                  return to_reply(service.revoke(from_text(in.getAt()), *level, *from, *keep));
                                }),
      handler<messages::Admit>(When::saved, true,
                               [](DocumentService& service, messages::Admit::Reader in) {
                                 const auto from = document_actor::read(in.getFrom());
                                 return from ? to_reply(service.admit(*from)) : refusal(from.error());
                               }),
      handler<messages::Explain>(When::at_once, false,
                                 [](DocumentService& service, messages::Explain::Reader in) {
                                   const auto level = document_actor::read(in.getLevel());
                                   const auto who = document_actor::read(in.getWho());
                                   if (!level || !who) return refusal(level ? who.error() : level.error());
                                   return to_reply(service.explain(from_text(in.getAt()), *level, *who));
                                 }),
      handler<messages::GetHolders>(When::at_once, false,
                                    [](DocumentService& service, messages::GetHolders::Reader in) {
                                      return to_reply(service.holders(from_text(in.getAt())));
                                    }),
      handler<messages::ChangesSince>(When::saved, true,
                                      [](DocumentService& service, messages::ChangesSince::Reader in) {
                                        const Result<document::Version> heads = read_heads(in.getHeads());
                                        if (!heads) return refusal(heads.error());
                                        std::optional<crypto::PublicKey> peer;
                                        if (in.getPeer().size() > 0 && !read_fixed(in.getPeer(), peer.emplace()))
                                          return refusal(
                                              Error(Errc::malformed, "a peer's key that is not 32 bytes long"));
                                        return to_reply(Result<Changes>(service.changes_since(*heads, peer)));
                                      }),
      handler<messages::ImportChanges>(
          When::saved, true,
          [](DocumentService& service, messages::ImportChanges::Reader in) {
            auto changes = read_changes(in.getChanges());
            if (!changes) return refusal(changes.error());
            auto statements = read_statements(in.getStatements());
            if (!statements) return refusal(statements.error());
            return to_reply(Result<Imported>(service.import(std::move(*statements), std::move(*changes))));
          }),
      [this](const Message<messages::DeleteDocument>&) {
        return accept({{}, make_response_promise<ReplyMessage>(), When::saved, false, nullptr, true});
      },
      [this](const Begin& request) {
        return accept({{},
                       make_response_promise<ReplyMessage>(),
                       When::saved,
                       true,
                       std::make_shared<const Begin>(request),
                       false});
      },
      [this](const auth::News&) {
        if (state_ != State::open) return;
        run({[](DocumentService& service) {
               service.tend();
               return to_reply(Status());
             },
             {},
             When::at_once,
             false,
             nullptr,
             false});
      },
      [this](const Close&) { close_if_idle(true); },
      [this](Tick) {
        if (state_ == State::ending) return;
        delayed_send(this, environment_->close_after, Tick());
        close_if_idle(false);
      },
      [this](Retry) {
        retrying_ = false;
        pump();
      },
      [this](Compact) {
        compacting_ = false;
        if (state_ != State::open || gate_.failing() || !service_->replica().wants_compaction()) return;
        run({[](DocumentService& service) {
               service.replica().compact(false);
               return to_reply(Status());
             },
             {},
             When::at_once,
             false,
             nullptr,
             false});
      },
  };
  return requests.or_else(sync_handlers()).or_else(presence_handlers());
}

void DocumentActor::on_exit() {
  queue_.clear();
  gate_ = {};
  desk_.reset();
  hub_ = {};
  service_ = nullptr;
  store_ = {};
  auth_ = {};
}

// ---- requests ----

caf::result<ReplyMessage> DocumentActor::serve(When when, bool writes, Work work) {
  return accept({std::move(work), make_response_promise<ReplyMessage>(), when, writes, nullptr, false});
}

caf::result<ReplyMessage> DocumentActor::accept(Job job) {
  last_used_ = environment_->clock->monotonic();
  auto promise = job.reply;
  if (state_ == State::stopping) {
    refuse(job, Error(Errc::stopped, label() + " was closed"));
  } else if (state_ == State::closing) {  // never answered: whoever asked asks the next incarnation
    if (queue_.size() < kMaxQueued) queue_.push_back(std::move(job));
  } else if (state_ == State::reading || !queue_.empty()) {
    if (queue_.size() >= kMaxQueued)
      promise.deliver(refusal(Error(
          Errc::busy, label() + ": " + std::to_string(kMaxQueued) + " requests wait for it to be opened already")));
    else
      queue_.push_back(std::move(job));
  } else {
    run(std::move(job));
  }
  return promise;
}

void DocumentActor::run(Job job) {
  if (job.begin) return begin(std::move(job));
  if (job.removal) return remove(std::move(job));
  if (state_ == State::empty)
    return refuse(job, Error(forgotten_ ? Errc::deleted : Errc::no_such_document,
                             label() + (forgotten_ ? " was deleted on this device" : " is not here")));
  if (state_ == State::ending) return refuse(job, Error(Errc::deleted, label() + " was deleted on this device"));
  if (job.writes && gate_.failing()) return refuse(job, not_saved(*gate_.failing()));
  if (job.writes && gate_.crowded()) return refuse(job, Error(Errc::busy, label() + ": too much waits for the disk"));

  std::optional<ReplyMessage> reply;
  try {
    reply = job.work(*service_);
  } catch (const replica::HistoryNeeded&) {
    queue_.push_front(std::move(job));
    return reload();
  } catch (const document::HistoryLost& lost) {
    return refuse(job, history_lost(lost));
  }
  flush();
  tell(service_->due());
  answer(job, std::move(*reply));
}

void DocumentActor::refuse(Job& job, const Error& why) {
  if (job.reply.pending()) job.reply.deliver(refusal(why));
}

void DocumentActor::answer(Job& job, ReplyMessage reply) {
  if (!job.reply.pending()) return;
  if (job.when == When::at_once) {
    job.reply.deliver(std::move(reply));
    return;
  }
  gate_.wait([this, reply = std::move(reply), promise = job.reply](const Status& saved) mutable {
    promise.deliver(saved ? reply : refusal(not_saved(saved.error())));
  });
}

void DocumentActor::run_queue() {
  while (!queue_.empty() && state_ != State::reading) {
    Job job = std::move(queue_.front());
    queue_.pop_front();
    run(std::move(job));
  }
}

caf::result<ReplyMessage> DocumentActor::subscribe(const Message<messages::Subscribe>& message) {
  return serve(When::at_once, false,
               [this, message, sender = caf::actor_cast<caf::actor_addr>(current_sender())](DocumentService& service) {
                 const auto request = message.read();
                 Result<document::Path> prefix = document_actor::read(request->getPrefix());
                 if (!prefix) return refusal(prefix.error());
                 const Result<Subscribed> made =
                     service.subscribe({std::move(*prefix), from_text(request->getVersion()),
                                        request->getTellWhenSaved(), request->getClient(), request->getPresence()},
                                       revision_or_none(request->getHave()));
                 if (made) subscribers_[made->subscription] = sender;
                 return to_reply(made);
               });
}

// What a user or group says of itself may lie on the disk, where nobody has asked for it since the node started.
caf::result<ReplyMessage> DocumentActor::grant(const Message<messages::Grant>& message) {
  auto promise = make_response_promise<ReplyMessage>();
  const auto level = document_actor::read(message.read()->getLevel());
  const auto to = document_actor::read(message.read()->getTo());
  if (!level || !to) {
    promise.deliver(refusal(level ? to.error() : level.error()));
    return promise;
  }
  const auto go_on = [this, promise, message, level = *level, to = *to](const Result<void>&) {
    const auto work = [message, level, to](DocumentService& service) {
      return to_reply(service.grant(from_text(message.read()->getAt()), level, to));
    };
    (void)accept({work, promise, When::saved, true, nullptr, false});
  };
  if (to->kind != access::Principal::Kind::members || to->document() == id_ || followed_.contains(to->document())) {
    go_on({});
  } else {
    auth::Follow request;
    request.documents.push_back(to->document());
    auth_.request<void>({.timeout = environment_->request_timeout, .idempotent = true}, go_on, std::move(request));
  }
  return promise;
}

void DocumentActor::tell(const std::vector<std::uint64_t>& whom) {
  for (const std::uint64_t id : whom) {
    const auto to = subscribers_.find(id);
    if (to == subscribers_.end()) continue;
    if (const auto watcher = caf::actor_cast<caf::actor>(to->second)) {
      send(watcher, changed(id, service_->revision()));
    } else {  // it has ended without a word
      service_->unsubscribe(id);
      subscribers_.erase(to);
    }
  }
}

// ---- the disk ----

void DocumentActor::flush() {
  const access::AuthorityLog& log = service_->replica().document().log();
  const std::size_t known = announced_;
  std::vector<access::SignedStatement> said, of_others;
  for (; announced_ < log.size(); ++announced_) {
    const access::SignedStatement& s = log.at(announced_);
    (s.statement.document == id_ ? said : of_others).push_back(s);
  }
  storage::Batch last = service_->take_writes();
  for (storage::Batch writes = service_->take_writes(); !writes.empty(); writes = service_->take_writes())
    gate_.add(std::exchange(last, std::move(writes)));
  note_standing(last);
  const bool wrote = !last.empty();
  if (service_->unsealed()) desk_->fall_behind();  // before anybody is told that it is saved
  if (wrote) gate_.add(std::move(last));
  pump();
  if (desk_->staged() > awaited_) {
    awaited_ = desk_->staged();
    gate_.wait([this, staged = awaited_](const Status& saved) {
      if (saved) desk_->durable(staged);
    });
  }
  if (!said.empty() || !of_others.empty()) {
    follow();
    auth::Said news;
    news.document = id_;
    news.statements = std::move(said);
    gate_.wait([this, known, news = std::move(news), of_others = std::move(of_others)](const Status& saved) mutable {
      if (!saved) {  // the next time
        announced_ = std::min(announced_, known);
        return;
      }
      environment_->directory->learn(of_others);
      if (const auto auth = auth_.phase().handle) send(auth, std::move(news));
    });
  }
  if (!wrote) return;
  gate_.wait([this, revision = service_->revision()](const Status& saved) {
    if (!saved) return;
    service_->saved(revision);
    tell(service_->due_saved());
  });
  if (!compacting_ && service_->replica().wants_compaction()) {
    compacting_ = true;
    delayed_send(this, kCompactionPause, Compact());
  }
}

void DocumentActor::pump() {
  if (retrying_) return;
  auto batch = gate_.next();
  if (!batch) return;
  store::Write request;
  request.batch = std::move(batch);
  store_.request<store::Done>(
      {.timeout = environment_->request_timeout, .idempotent = true},
      [this](const Result<store::Done>& outcome) { written(outcome); }, std::move(request));
}

void DocumentActor::written(const Result<store::Done>& outcome) {
  if (outcome && !outcome->error) {
    failures_ = 0;
    gate_.succeeded();
    if (gate_.idle() && state_ == State::open) {
      service_->saved(service_->revision());
      tell(service_->due_saved());
    }
    sync_saved();
    reload_when_saved();
    sync();
    return pump();
  }
  gate_.failed(outcome ? *outcome->error : outcome.error());
  retrying_ = true;
  reload_when_saved();
  const auto pause = std::min(kLongestRetry, kFirstRetry * (1 << std::min<std::uint32_t>(failures_++, 7)));
  delayed_send(this, pause, Retry());
}

Error DocumentActor::not_saved(const Error& why) const {
  return Error(Errc::not_saved, label() + " cannot be saved now, and takes no edits until it can: " + why.message());
}

// ---- the end ----

// A listing that says so goes first; what an interruption leaves is removed when it is asked for again.
void DocumentActor::remove(Job job) {
  if (state_ == State::empty && !forgotten_)
    return refuse(job, Error(Errc::no_such_document, label() + " is not here"));
  gate_.wait([this, promise = job.reply](const Status& saved) mutable {
    if (!saved) {
      promise.deliver(refusal(not_saved(saved.error())));
      return;
    }
    state_ = State::ending;
    desk_->end_all("the document was deleted");
    replica::Listing listing;
    listing.forgotten = true;
    store::RemoveDocument request;
    request.document = id_;
    request.listing = listing.encode(id_, *environment_->at_rest);
    store_.request<store::Done>(
        {.timeout = environment_->request_timeout, .idempotent = true},
        [this, promise](Result<store::Done> outcome) mutable {
          if (outcome && outcome->error) outcome = Error(*outcome->error);
          if (outcome) announce_gone();
          promise.deliver(to_reply(outcome ? Status() : Status(outcome.error().within(label()))));
          quit();
        },
        std::move(request));
  });
}

void DocumentActor::close_if_idle(bool asked) {
  if (state_ == State::reading || !gate_.idle() || !queue_.empty()) return;
  const std::chrono::nanoseconds now = environment_->clock->monotonic();
  if (!asked && now - last_used_ < environment_->close_after) return;
  if (!desk_->quiet(asked ? now : now - environment_->close_after)) return;
  if (state_ == State::open) {
    if (service_->subscriptions() > 0 || desk_->presence().shows()) return;
    const replica::Replica& replica = service_->replica();
    if (replica.wants_compaction() || replica.wants_mending()) {  // and then it is looked at again
      if (gate_.failing()) return;
      return run({[](DocumentService& service) {
                    service.replica().compact(true);
                    return to_reply(Status());
                  },
                  {},
                  When::at_once,
                  false,
                  nullptr,
                  false});
    }
  }
  finish({});
}

// What is pending is sealed, so that a copy of a directory in which nobody works holds every edit under the name that
// it will always have.
void DocumentActor::finish(caf::error reason) {
  if (state_ == State::open && !gate_.failing()) {
    try {
      service_->seal();
      flush();
    } catch (const replica::HistoryNeeded&) {  // then it stays pending: that is on the disk too
    } catch (const document::HistoryLost&) {
    }
  }
  refuse_queue(Error(Errc::stopped, label() + " was closed"));
  state_ = reason ? State::stopping : State::closing;
  gate_.wait([this, reason = std::move(reason)](const Status&) {
    desk_->end_all("closed");
    quit(reason);
  });
}

supervision::ChildSpec document_spec(const document::DocumentId& id,
                                     std::shared_ptr<const DocumentEnvironment> environment) {
  supervision::ChildSpec spec;
  spec.id = document_child_id(id);
  spec.restart = supervision::Restart::transient;
  spec.exhausted = supervision::Exhausted::quarantine;
  spec.start = [id, environment = std::move(environment)](supervision::ChildContext& context) {
    return context.spawn<DocumentActor>(id, environment, context.identity());
  };
  return spec;
}

std::string document_child_id(const document::DocumentId& id) { return "document/" + to_hex(id); }

}  // namespace tlfs::document_actor
