#include "bench/tlfs/shared_history.h"

#include <array>

namespace tlfs::bench {
namespace {

using namespace document;

// For each writer the numbers of transactions after which the other one looks: there a change must end.
std::array<std::vector<bool>, 2> boundaries(const SharedSession& session) {
  std::array<std::vector<bool>, 2> out;
  for (auto& b : out) b.assign(session.edits.size() + 1, false);
  for (std::size_t i = 0; i < session.edits.size(); ++i) out[1 - session.agent[i]][session.needs[i]] = true;
  return out;
}

class Writer {
 public:
  Writer(const Package& package, std::uint8_t device)
      : doc_(make_document(package, device)), text_(address(*doc_, ".text")) {}

  void edit(const Edit& e) {
    expect_done(
        doc_->transact({}, [&](Transaction& tx) { return tx.splice(text_, e.position, e.deleted, e.inserted); }));
    ++made_;
  }

  // Hands out what was not handed out yet, as one signed change.
  void publish() {
    if (made_ == 0) return;
    doc_->sign();
    const ChangeIndex last = doc_->graph().last_of(doc_->graph().agent_of_writer(doc_->writer()));
    if (last == kNoChange || last == published_) return;
    published_ = last;
    outbox_.push_back({made_, expect(doc_->history().change(last), "the own change")});
  }

  // Receives what `other` made up to and with its transaction number `upto`.
  void receive(const Writer& other, std::uint32_t upto) {
    std::vector<Change> changes;
    while (received_ < other.outbox_.size() && other.outbox_[received_].made <= upto)
      changes.push_back(other.outbox_[received_++].change);
    if (changes.empty()) return;
    publish();  // receiving seals what is pending
    import_all(*doc_, std::move(changes));
  }

  std::uint32_t made() const { return made_; }
  Document& doc() { return *doc_; }

 private:
  static void expect_done(const Result<Commit>& done) {
    if (!done) require(false, done.error().message());
  }
  struct Published {
    std::uint32_t made;  // transactions of the writer up to and with this change
    Change change;
  };
  std::unique_ptr<Document> doc_;
  Address text_;
  std::uint32_t made_ = 0;
  ChangeIndex published_ = kNoChange;
  std::vector<Published> outbox_;
  std::size_t received_ = 0;
};

}  // namespace

std::vector<Change> make_shared_history(const SharedSession& session, const Package& package) {
  const auto ends = boundaries(session);
  std::array<Writer, 2> writers{Writer(package, 0), Writer(package, 1)};
  for (std::size_t i = 0; i < session.edits.size(); ++i) {
    const std::size_t a = session.agent[i];
    writers[a].receive(writers[1 - a], session.needs[i]);
    writers[a].edit(session.edits[i]);
    if (ends[a][writers[a].made()]) writers[a].publish();
  }
  writers[1].publish();
  writers[0].receive(writers[1], writers[1].made());
  writers[0].publish();
  require(expect(writers[0].doc().text(".text"), "the text") == session.end_content,
          "the merged text differs from endContent");

  std::vector<Change> changes = writers[0].doc().all_changes();
  std::array<bool, 2> signed_already{};
  for (auto c = changes.rbegin(); c != changes.rend(); ++c) {
    bool& seen = signed_already[c->header.writer == writers[0].doc().writer() ? 0 : 1];
    if (seen) c->signature.reset();
    seen = true;
  }
  return changes;
}

}  // namespace tlfs::bench
