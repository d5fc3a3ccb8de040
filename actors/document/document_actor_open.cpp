// The document's actor: from records to an open document, anew with the history, and from a request to a new one.
#include <stdexcept>

#include "actors/auth/auth_actor.h"
#include "actors/document/document_actor.h"
#include "actors/document/reply_message.h"
#include "runtime/storage/layout.h"

namespace tlfs::document_actor {
namespace {

// Far more than are shown and not saved at one time, and different each time; few enough for years of openings below
// 2^53, up to which every user of the number counts exactly.
constexpr std::uint64_t kLeastLeap = std::uint64_t{1} << 30;

}  // namespace

void DocumentActor::read(bool with_history) {
  state_ = State::reading;
  history_ = with_history;
  store::ReadDocument question;
  question.document = id_;
  question.with_history = with_history;
  store_.request<store::DocumentRecords>(
      {.timeout = environment_->request_timeout, .idempotent = true},
      [this](Result<store::DocumentRecords> read) {
        if (read && read->error) read = Error(*read->error);
        if (!read) {  // the next request tries again
          identity_->logger->error("document_unreadable path={} error=\"{}\"", identity_->path.text(),
                                   read.error().message());
          refuse_queue(read.error().within(label()));
          desk_->end_all("the document cannot be read", true);
          return quit();
        }
        opened(std::move(*read));
      },
      question);
}

replica::Replica::Settings DocumentActor::settings() {
  replica::Replica::Settings s;
  s.document.id = id_;
  s.document.device = environment_->device;
  s.document.secrets = std::make_shared<access::EpochSecrets>();
  s.document.random = random_.get();
  s.document.neighbours = environment_->directory.get();
  s.at_rest = environment_->at_rest;
  s.package = [packages = environment_->packages](const crypto::Digest& hash) { return packages->find(hash); };
  s.new_incarnation = environment_->new_incarnation;
  return s;
}

void DocumentActor::opened(store::DocumentRecords records) {
  for (const Bytes& package : records.packages) environment_->packages->add(package);
  replica::Replica::Settings s = settings();
  forgotten_ = false;
  if (records.listing) {
    if (const auto listing = replica::Listing::decode(*records.listing, id_, *environment_->at_rest)) {
      forgotten_ = listing->forgotten;
      s.document.package = environment_->packages->find(listing->package);
      if (s.document.package && !listing->version.empty())
        if (auto view = s.document.package->view(listing->version)) s.document.view = std::move(*view);
    }
  }
  package_ = s.document.package;
  if (records.standing && !standing_)
    if (auto standing = replica::Standing::decode(*records.standing, id_, *environment_->at_rest))
      saved_standing_ = standing_ = std::move(*standing);
  Result<std::unique_ptr<replica::Replica>> replica = Error(replica::Errc::no_such_document, "");
  if (!forgotten_) {
    try {
      replica = replica::Replica::open(std::move(s), std::move(*records.records));
    } catch (const replica::HistoryNeeded&) {
      if (!history_) return read(true);
      throw;
    }
  }
  if (replica) {
    const bool first = !service_;
    take_up(std::move(*replica));
    if (first) service_->leap_over_lost_revisions(kLeastLeap + random_->next_u64() % kLeastLeap);
  } else if (replica.error().is(replica::Errc::no_such_document)) {
    state_ = State::empty;
  } else {
    throw std::runtime_error(label() + ": " + replica.error().message());
  }
  run_queue();
  if (state_ == State::empty) desk_->end_all(kNotHere);
  sync();
}

void DocumentActor::take_up(std::unique_ptr<replica::Replica> replica) {
  state_ = State::open;
  for (const std::string& sentence : replica->lost())
    identity_->logger->error("document_damaged path={} what=\"{}\"", identity_->path.text(), sentence);
  announced_ = 0;
  standing_of_ = {~std::size_t{0}, 0};
  told_leaves_ = 0;
  if (service_) {
    service_->replace(std::move(replica));
    desk_->opened_anew();
  } else {
    service_ = std::make_unique<DocumentService>(std::move(replica), package_, identity_->incarnation);
  }
  flush();
  follow();
  announce();
  seal_later();
}

// What was taken to be written so far is brought to the disk; what the operation that needs history has done is not.
void DocumentActor::reload() {
  if (history_) throw std::runtime_error(label() + ": history is needed that is not in the store");
  state_ = State::reading;
  reload_due_ = true;
  reload_when_saved();
}

// What was being done is half done in memory. Opening anew drops that, and sets aside what cannot be read.
Error DocumentActor::history_lost(const document::HistoryLost& lost) {
  identity_->logger->error("history_lost path={} what=\"{}\"", identity_->path.text(), lost.what());
  state_ = State::reading;
  reload_due_ = true;
  reload_when_saved();
  return Error(Errc::history_lost, label() + ": " + lost.what());
}

void DocumentActor::reload_when_saved() {
  if (!reload_due_) return;
  if (gate_.failing()) return refuse_queue(not_saved(*gate_.failing()));
  if (!gate_.idle()) return;
  reload_due_ = false;
  read(true);
}

void DocumentActor::refuse_queue(const Error& why) {
  for (Job& job : std::exchange(queue_, {})) refuse(job, why);
}

void DocumentActor::begin(Job job) {
  if (state_ == State::open) return answer(job, to_reply(Status()));  // asked for again
  const Begin& request = *job.begin;
  if (forgotten_ && !request.again) return refuse(job, Error(Errc::deleted, label() + " was deleted on this device"));
  environment_->packages->add(request.package);
  replica::Listing listing;
  listing.name = request.name;
  listing.package = request.package->hash();
  listing.version = request.version;
  listing.created_ms = environment_->clock->wall().count();
  storage::Batch listed;
  listed.put(storage::listing_key(id_), listing.encode(id_, *environment_->at_rest));
  replica::Replica::Settings s = settings();
  s.document.package = request.package;
  s.document.view = request.view;
  const auto root = access::Principal::user(environment_->user);
  auto replica = request.key
                     ? replica::Replica::create(std::move(s), *request.key, root, access::DocumentKind::ordinary,
                                                environment_->directory->known(environment_->user))
                     : replica::Replica::join(std::move(s));
  gate_.add(std::move(listed));
  package_ = request.package;
  take_up(std::move(replica));
  answer(job, to_reply(Status()));
}

void DocumentActor::follow() {
  if (state_ != State::open) return;
  auth::Follow request;
  for (const document::DocumentId& mentioned : service_->replica().document().log().mentioned())
    if (mentioned != id_ && followed_.insert(mentioned).second) request.documents.push_back(mentioned);
  if (request.documents.empty()) return;
  auth_.request<void>(
      {.timeout = environment_->request_timeout, .idempotent = true},
      [this](const Result<void>& known) {
        if (known) send(this, auth::News());
      },
      std::move(request));
}

}  // namespace tlfs::document_actor
