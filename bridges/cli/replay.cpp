#include "bridges/cli/replay.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "bridges/cli/replay_plan.h"
#include "runtime/base/check.h"
#include "runtime/base/utf.h"
#include "runtime/document/archive.h"
#include "runtime/document/document.h"
#include "schema/compiler/compile.h"

namespace tlfs::cli {
namespace {

using document::Change;
using document::Document;
using document::Transaction;

constexpr std::string_view kSchema = "trace { 0.1.0 { .: Struct  .text: Text } }";
constexpr std::string_view kPlace = ".text";
constexpr std::uint64_t kKeySeed = 1;  // so that a replay is the same every time; these keys guard nothing

struct Replica {
  std::unique_ptr<Document> document;
  document::Address text;
};

// The edits of several transactions of the trace, in order and in portions that a document takes at once.
class Edits {
 public:
  // `whole`: portions may go beyond the end of a transaction of the trace.
  Edits(const Trace& trace, std::span<const std::uint32_t> transactions, bool whole)
      : trace_(trace), transactions_(transactions), whole_(whole) {
    begin_transaction();
  }

  bool done() const { return at_ == transactions_.size(); }

  // The next portion. Ends where the budget does, or with the transaction.
  Status give(Transaction& tx, const document::Address& text) {
    std::uint64_t budget = kMaxIdsPerTransaction;
    while (!done()) {
      if (patch_ == patches_.size()) {
        ++at_;
        begin_transaction();
        if (!whole_) return {};
        continue;
      }
      if (budget == 0) return {};
      if (Status s = splice(tx, text, budget); !s)
        return Error(ReplayErrc::bad_edit,
                     "transaction " + std::to_string(transactions_[at_]) + ": " + s.error().message());
    }
    return {};
  }

 private:
  void begin_transaction() {
    patches_ = done() ? std::span<const TracePatch>() : trace_.patches_of(trace_.transactions[transactions_[at_]]);
    patch_ = 0;
    begin_patch();
  }
  void begin_patch() {
    if (patch_ < patches_.size()) rest_ = patches_[patch_];
  }

  // As much of the patch as the budget allows.
  Status splice(Transaction& tx, const document::Address& text, std::uint64_t& budget) {
    const auto deleted = static_cast<std::uint32_t>(std::min<std::uint64_t>(rest_.deleted, budget));
    budget -= deleted;
    std::string_view inserted;
    if (deleted == rest_.deleted) {
      // A code point takes at least a byte, so most texts need not be measured.
      if (rest_.inserted.size() <= budget) {
        inserted = rest_.inserted;
        budget -= inserted.size();
      } else {
        inserted = rest_.inserted.substr(0, byte_offset_of_code_point(rest_.inserted, budget));
        budget -= measure(inserted).code_points;
      }
    }
    if (Status s = tx.splice(text, rest_.position, deleted, inserted); !s) return s;
    rest_.deleted -= deleted;
    if (rest_.deleted == 0 && inserted.size() == rest_.inserted.size()) {
      ++patch_;
      begin_patch();
    } else {
      rest_.position += static_cast<std::uint32_t>(measure(inserted).code_points);
      rest_.inserted.remove_prefix(inserted.size());
    }
    return {};
  }

  const Trace& trace_;
  std::span<const std::uint32_t> transactions_;
  const bool whole_;
  std::size_t at_ = 0;  // into transactions_
  std::span<const TracePatch> patches_;
  std::size_t patch_ = 0;
  TracePatch rest_{};  // what is left of the patch
};

class Replayer {
 public:
  Replayer(const Trace& trace, bool batch) : trace_(trace), batch_(batch), plan_(trace) {
    const auto compiled = schema::compile(kSchema, "built in");
    TLFS_CHECK(compiled.ok(), "the built-in schema compiles");
    package_ = compiled->front().package;
    SeededRandom random(kKeySeed);
    id_ = document::new_document_id(random);
    for (const std::uint32_t agent : plan_.agent_of_replica()) keys_[agent];
    // Where concurrent edits tie, the order of the keys decides. It is that of the agents.
    std::vector<std::shared_ptr<const crypto::SigningKey>> keys;
    for (std::size_t i = 0; i < keys_.size(); ++i)
      keys.push_back(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random)));
    std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a->public_key() < b->public_key(); });
    auto key = keys.begin();
    for (auto& [agent, slot] : keys_) slot = *key++;
    reader_key_ = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
    replicas_.resize(plan_.agent_of_replica().size());
    changes_.resize(plan_.runs().size());
  }

  Status apply() {
    for (std::uint32_t r = 0; r < plan_.runs().size(); ++r)
      if (Status s = make(r); !s) return s;
    return {};
  }

  // A fresh replica that has imported everything.
  Result<Replica> merge() const {
    Replica reader = new_replica(reader_key_, 0);
    std::vector<std::uint32_t> all(changes_.size());
    for (std::uint32_t r = 0; r < all.size(); ++r) all[r] = r;
    if (Status s = hand_over(all, reader); !s) return s.error();
    return reader;
  }

  Status compare(const Replica& replica, const std::string& who) const {
    const Result<std::string> text = replica.document->text(kPlace);
    TLFS_CHECK(text.ok(), "the text is where the schema says");
    if (*text == trace_.end_content) return {};
    const std::string_view expected = trace_.end_content;
    const auto [there, wanted] = std::mismatch(text->begin(), text->end(), expected.begin(), expected.end());
    auto common = static_cast<std::size_t>(there - text->begin());
    while (common > 0 && common < expected.size() && (static_cast<unsigned char>(expected[common]) & 0xc0) == 0x80)
      --common;
    return Error(ReplayErrc::mismatch, "the text of " + who + " is not the end content: it has " +
                                           std::to_string(measure(*text).code_points) + " characters where " +
                                           std::to_string(measure(expected).code_points) +
                                           " are expected, and differs from character " +
                                           std::to_string(measure(expected.substr(0, common)).code_points) + " on");
  }

  // Every replica that is still there learns the rest and must hold the end content too.
  Result<std::uint64_t> compare_writers() {
    std::uint64_t compared = 0;
    for (std::uint32_t r = 0; r < plan_.runs().size(); ++r) {
      const ReplayPlan::Run& run = plan_.runs()[r];
      Replica& replica = replicas_[run.replica];
      if (!run.replica_ends || !replica.document) continue;
      const auto missing = plan_.missing(plan_.heads(), r);
      TLFS_CHECK(missing.has_value(), "every run is before a head");
      if (Status s = hand_over(*missing, replica); !s) return s.error();
      if (Status s = compare(replica, "agent " + std::to_string(plan_.agent_of_replica()[run.replica])); !s)
        return s.error();
      ++compared;
      replica = {};
    }
    return compared;
  }

  void measure_history(ReplayReport& report) const {
    std::vector<Change> all;
    for (const auto& of_run : changes_) all.insert(all.end(), of_run.begin(), of_run.end());
    report.changes = all.size();
    for (const Change& c : all) report.history_bytes += encode_change(c).size();
    if (const Result<Bytes> archive = document::encode_archive(all); archive.ok())
      report.archive_bytes = archive->size();
  }

  std::uint64_t agent_count() const { return keys_.size(); }
  std::uint64_t replica_count() const { return replicas_.size(); }

 private:
  Replica new_replica(std::shared_ptr<const crypto::SigningKey> key, std::uint64_t incarnation) const {
    Document::Settings settings;
    settings.id = id_;
    settings.device = std::move(key);
    settings.package = package_;
    settings.incarnation = incarnation;
    Replica replica;
    replica.document = std::make_unique<Document>(std::move(settings));
    const auto path = document::parse_path(kPlace);
    TLFS_CHECK(path.ok(), "the built-in path is one");
    const auto place = replica.document->reader().locate(*path);
    TLFS_CHECK(place.ok(), "the text is where the schema says");
    replica.text = place->address;
    return replica;
  }

  // A signature vouches for all that its writer made before, so of each writer only the last change of a portion needs
  // one.
  Status hand_over(std::span<const std::uint32_t> runs, Replica& to) const {
    std::vector<Change> portion;
    const auto give = [&]() -> Status {
      if (portion.empty()) return {};
      std::set<document::WriterId> signed_for;
      for (auto change = portion.rbegin(); change != portion.rend(); ++change)
        if (!signed_for.insert(change->header.writer).second) change->signature.reset();
      const document::Import report = to.document->import(std::exchange(portion, {}));
      return report.refused.empty() ? Status() : report.refused.front();
    };
    for (const std::uint32_t r : runs) {
      for (const Change& c : changes_[r]) {
        portion.push_back(c);
        if (portion.size() < kMaxChangesPerImport) continue;
        if (Status s = give(); !s) return Error(ReplayErrc::unreplayable, s.error().message());
      }
    }
    if (Status s = give(); !s) return Error(ReplayErrc::unreplayable, s.error().message());
    if (to.document->waiting() > 0)
      return Error(ReplayErrc::unreplayable,
                   std::to_string(to.document->waiting()) + " changes wait for others that never come");
    return {};
  }

  Status make(std::uint32_t r) {
    const ReplayPlan::Run& run = plan_.runs()[r];
    Replica& replica = replicas_[run.replica];
    const std::uint32_t agent = plan_.agent_of_replica()[run.replica];
    if (!replica.document) replica = new_replica(keys_[agent], incarnations_[agent]++);
    const auto missing = plan_.missing(run.parents, run.previous);
    TLFS_CHECK(missing.has_value(), "the plan gives a run to a replica that holds no more than its past");
    if (Status s = hand_over(*missing, replica); !s)
      return s.error().within("transaction " + std::to_string(run.transactions.front()));

    Document& doc = *replica.document;
    const auto first = static_cast<document::ChangeIndex>(doc.graph().size());
    if (!trace_.start_content.empty())
      if (Status s = type_start(replica); !s) return s;
    for (Edits edits(trace_, run.transactions, batch_); !edits.done();) {
      const auto done = doc.transact({}, [&](Transaction& tx) { return edits.give(tx, replica.text); });
      if (!done) return done.error();
    }
    doc.sign();
    for (document::ChangeIndex i = first; i < doc.graph().size(); ++i) {
      Result<Change> change = doc.history().change(i);
      TLFS_CHECK(change.ok(), "a change that was made here is here");
      changes_[r].push_back(std::move(*change));
    }
    if (run.replica_ends && ++kept_ > kMaxKeptReplicas) replica = {};
    return {};
  }

  // Only traces of one writer have a start, and they are one run.
  Status type_start(Replica& replica) {
    std::uint64_t at = 0;
    for (std::string_view rest = trace_.start_content; !rest.empty();) {
      const std::string_view portion = rest.substr(0, byte_offset_of_code_point(rest, kMaxIdsPerTransaction));
      const auto done =
          replica.document->transact({}, [&](Transaction& tx) { return tx.splice(replica.text, at, 0, portion); });
      if (!done) return done.error().within("the start content");
      at += measure(portion).code_points;
      rest.remove_prefix(portion.size());
    }
    return {};
  }

  const Trace& trace_;
  const bool batch_;
  const ReplayPlan plan_;
  std::shared_ptr<const schema::Package> package_;
  document::DocumentId id_{};
  std::map<std::uint32_t, std::shared_ptr<const crypto::SigningKey>> keys_;  // by agent
  std::map<std::uint32_t, std::uint64_t> incarnations_;                      // by agent: how many replicas it had
  std::shared_ptr<const crypto::SigningKey> reader_key_;
  std::vector<Replica> replicas_;             // by number in the plan; empty before its first and after its last use
  std::vector<std::vector<Change>> changes_;  // by run
  std::size_t kept_ = 0;
};

}  // namespace

Result<ReplayReport> replay(const Trace& trace, bool batch, const Clock& clock) {
  ReplayReport report;
  report.transactions = trace.transactions.size();
  report.edits = trace.patches.size();
  Replayer replayer(trace, batch);
  report.agents = replayer.agent_count();
  report.replicas = replayer.replica_count();

  const auto start = clock.monotonic();
  if (Status s = replayer.apply(); !s) return s.error();
  const auto applied = clock.monotonic();
  const Result<Replica> merged = replayer.merge();
  const auto end = clock.monotonic();
  report.apply = applied - start;
  report.merge = end - applied;
  if (!merged) return merged.error();

  if (Status s = replayer.compare(*merged, "a replica that imported everything"); !s) return s.error();
  const Result<std::uint64_t> compared = replayer.compare_writers();
  if (!compared) return compared.error();
  report.compared = *compared;
  report.characters = measure(trace.end_content).code_points;
  replayer.measure_history(report);
  return report;
}

}  // namespace tlfs::cli
