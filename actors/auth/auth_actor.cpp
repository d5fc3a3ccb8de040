#include "actors/auth/auth_actor.h"

#include "actors/store/store_actor.h"
#include "actors/supervision/supervisor.h"
#include "runtime/storage/layout.h"

namespace tlfs::auth {

AuthActor::AuthActor(caf::actor_config& config, std::shared_ptr<supervision::Registry> registry,
                     std::shared_ptr<auth::Directory> directory)
    : caf::event_based_actor(config), registry_(std::move(registry)), directory_(std::move(directory)) {}

caf::behavior AuthActor::make_behavior() {
  store_ = supervision::SupervisedRef(this, registry_, supervision::kNodePath, store::kStoreId);
  return {
      [this](const Follow& request) { return follow(request); },
      [this](const Said& what) { said(what); },
  };
}

void AuthActor::on_exit() {
  store_ = {};
  followers_.clear();
}

caf::result<void> AuthActor::follow(const Follow& request) {
  const auto follower = caf::actor_cast<caf::actor_addr>(current_sender());  // before the promise takes it
  auto asked = std::make_shared<Asked>();
  asked->promise = make_response_promise();
  asked->missing = 1;
  for (const document::DocumentId& document : request.documents) {
    std::set<caf::actor_addr>& followers = followers_[document];
    if (followers.size() >= kFollowersSwept && followers.size() >= 2 * alive_[document]) sweep(document, followers);
    if (following_ < kMaxFollowed && followers.insert(follower).second) ++following_;
    if (fetched_.contains(document)) continue;
    ++asked->missing;
    fetch(document, asked);
  }
  if (--asked->missing == 0) asked->promise.deliver(caf::unit);
  return caf::delegated<void>();
}

// Those that have ended go when they may be as many as those that have not.
void AuthActor::sweep(const document::DocumentId& document, std::set<caf::actor_addr>& followers) {
  following_ -= std::erase_if(
      followers, [](const caf::actor_addr& address) { return !caf::actor_cast<caf::strong_actor_ptr>(address); });
  alive_[document] = followers.size();
}

// What the disk cannot give now is asked for again by the next one who follows.
void AuthActor::fetch(const document::DocumentId& document, const std::shared_ptr<Asked>& asked) {
  store::ReadKind question;
  question.document = document;
  question.kind = static_cast<std::uint8_t>(storage::Kind::statement);
  store_.request<store::DocumentRecords>(
      {.idempotent = true},
      [this, document, asked](const Result<store::DocumentRecords>& read) {
        if (read && !read->error) {
          fetched_.insert(document);
          std::vector<access::SignedStatement> statements;
          for (const auto& record : read->records->records)
            if (Result<access::SignedStatement> s = access::decode_statement(record.value);
                s && s->statement.document == document)
              statements.push_back(std::move(*s));
          directory_->learn(statements);
        }
        if (--asked->missing == 0) asked->promise.deliver(caf::unit);
      },
      question);
}

void AuthActor::said(const Said& what) {
  const document::DocumentId& document = what.document;
  const auto at = followers_.find(document);
  if (at == followers_.end()) return;
  directory_->learn(what.statements);
  std::erase_if(at->second, [&](const caf::actor_addr& address) {
    const auto follower = caf::actor_cast<caf::actor>(address);
    if (!follower) {
      --following_;
      return true;
    }
    News news;
    news.document = document;
    send(follower, news);
    return false;
  });
}

supervision::ChildSpec auth_spec(std::shared_ptr<auth::Directory> directory) {
  supervision::ChildSpec spec;
  spec.id = kAuthId;
  spec.restart = supervision::Restart::permanent;
  spec.start = [directory = std::move(directory)](supervision::ChildContext& context) {
    return context.spawn<AuthActor>(context.surroundings().registry, directory);
  };
  return spec;
}

}  // namespace tlfs::auth
