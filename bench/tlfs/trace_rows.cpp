// One writer's editing session: per edit, sealed in several ways, as one transaction; what its history weighs; opening
// it.
#include "bench/tlfs/documents.h"
#include "bench/tlfs/inputs.h"
#include "bench/tlfs/rows.h"
#include "runtime/document/archive.h"

namespace tlfs::bench {
namespace {

using namespace document;

constexpr std::string_view kTrace = "automerge-paper";
constexpr std::string_view kTextPath = ".text";

struct Replayed {
  std::unique_ptr<Document> doc;
  std::size_t record_bytes = 0;  // of the transactions' log records
  std::size_t change_bytes = 0;  // of the encoded changes that were signed and handed out
  std::size_t patches = 0;
};

// The last sealed change, signed and encoded, as whoever sends it would.
std::size_t emit_change(Document& doc) {
  doc.sign();
  const auto last = static_cast<ChangeIndex>(doc.graph().size() - 1);
  return encode_change(expect(doc.history().change(last), "the own change")).size();
}

// A transaction per edit. `seal_every` edits are sealed, signed and encoded as one change; 0: only as the document does
// by itself.
Replayed replay(const Session& session, const Package& package, std::size_t seal_every) {
  Replayed out{make_document(package)};
  const Address text = address(*out.doc, kTextPath);
  std::size_t unsealed = 0;
  for (const Edit& edit : session.edits) {
    const Result<Commit> done = out.doc->transact(
        {}, [&](Transaction& tx) { return tx.splice(text, edit.position, edit.deleted, edit.inserted); });
    if (!done) require(false, done.error().message());
    out.record_bytes += done->record.size();
    out.patches += done->patches.size();
    if (++unsealed == seal_every) {
      out.change_bytes += emit_change(*out.doc);
      unsealed = 0;
    }
  }
  if (seal_every > 0 && unsealed > 0) out.change_bytes += emit_change(*out.doc);
  return out;
}

Replayed replay_as_one(const Session& session, const Package& package) {
  Replayed out{make_document(package)};
  const Address text = address(*out.doc, kTextPath);
  const Result<Commit> done = out.doc->transact({}, [&](Transaction& tx) -> Status {
    for (const Edit& edit : session.edits)
      if (Status s = tx.splice(text, edit.position, edit.deleted, edit.inserted); !s) return s;
    return {};
  });
  if (!done) require(false, done.error().message());
  out.record_bytes = done->record.size();
  out.patches = done->patches.size();
  return out;
}

void check_text(const Document& doc, std::string_view expected) {
  require(expect(doc.text(kTextPath), "the text") == expected, "the text differs from endContent");
}

Row replay_row(std::string_view name, std::string_view inside, Replayed (*work)(const Session&, const Package&)) {
  return {.name = name, .unit = "ms", .inside = inside, .start = [work](const Arguments& arguments) {
            auto session = std::make_shared<Session>(load_session(arguments, kTrace));
            return [work, session, package = text_package()] {
              const auto [ms, done] = timed([&] { return work(*session, package); });
              check_text(*done.doc, session->end_content);
              return Sample{ms,
                            {{"record_bytes", static_cast<double>(done.record_bytes)},
                             {"change_bytes", static_cast<double>(done.change_bytes)},
                             {"patches", static_cast<double>(done.patches)},
                             {"changes", static_cast<double>(done.doc->graph().size())}}};
            };
          }};
}

struct Stored {
  double archive = 0;         // with one signature, which vouches for all changes
  double signed_archive = 0;  // with every signature that was made
  double sealed = 0;          // the changes as they are sent
};

double archived(const std::vector<Change>& changes, const Session& session, const Package& package) {
  const Bytes archive = expect(encode_archive(changes), "the archive");
  const std::unique_ptr<Document> copy = make_document(package, 1);
  import_all(*copy, expect(decode_archive(archive), "the archive's changes"));
  check_text(*copy, session.end_content);
  return static_cast<double>(archive.size());
}

// What the document's changes weigh, after replicas made of the archives have shown the same text.
Stored stored(Document& doc, const Session& session, const Package& package) {
  std::vector<Change> changes = doc.all_changes();
  Stored out;
  for (const Change& c : changes) out.sealed += static_cast<double>(encode_change(c).size());
  out.signed_archive = archived(changes, session, package);
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) changes[i].signature.reset();
  out.archive = archived(changes, session, package);
  return out;
}

Sample history_size(const Session& session, const Package& package) {
  const Stored each = stored(*replay(session, package, 0).doc, session, package);
  const Stored hundred = stored(*replay(session, package, 100).doc, session, package);
  const Stored one = stored(*replay_as_one(session, package).doc, session, package);
  return {each.archive,
          {{"sealed_bytes", each.sealed},
           {"sealed_100_archive_bytes", hundred.archive},
           {"sealed_100_signed_archive_bytes", hundred.signed_archive},
           {"sealed_100_bytes", hundred.sealed},
           {"batch_archive_bytes", one.archive},
           {"batch_sealed_bytes", one.sealed}}};
}

constexpr std::string_view kSnapshotFile = "trace.snapshot";

Sample open_and_read(const Bytes& snapshot, const Package& package, std::string_view end_content) {
  struct Opened {
    double load_ms;
    std::unique_ptr<Document> doc;
    std::string text;
  };
  const auto [ms, opened] = timed([&] {
    auto [load_ms, doc] = timed([&] { return open_snapshot(snapshot, package); });
    std::string text = expect(doc->text(kTextPath), "the text");
    return Opened{load_ms, std::move(doc), std::move(text)};
  });
  require(opened.text == end_content, "the text differs from endContent");
  return {ms, {{"load_only_ms", opened.load_ms}, {"saved_bytes", static_cast<double>(snapshot.size())}}};
}

}  // namespace

std::vector<Row> trace_rows() {
  return {
      replay_row("trace_per_edit",
                 "creating the document and a transaction per edit, its patches built and its log record encoded; "
                 "changes of 65,536 "
                 "ids sealed on the way, none signed",
                 [](const Session& s, const Package& p) { return replay(s, p, 0); }),
      replay_row("trace_sealed_100",
                 "the same with transactions of one edit, and after every 100 of them and at the end a change sealed, "
                 "signed and encoded",
                 [](const Session& s, const Package& p) { return replay(s, p, 100); }),
      replay_row("trace_sealed_each", "the same, each transaction sealed, signed and encoded as a change of its own",
                 [](const Session& s, const Package& p) { return replay(s, p, 1); }),
      replay_row("trace_batch",
                 "creating the document and one transaction of all edits, its patches built, its log record encoded "
                 "and the change "
                 "sealed, not signed",
                 [](const Session& s, const Package& p) { return replay_as_one(s, p); }),
      {.name = "history_size",
       .unit = "bytes",
       .inside =
           "the archive of what trace_per_edit leaves behind: all operations, transactions and ids, every sealed "
           "change comes back "
           "bit by bit; sealed_*: the changes as they are sent, *_100: sealed every 100 edits, batch: one transaction",
       .start =
           [](const Arguments& arguments) {
             auto session = std::make_shared<Session>(load_session(arguments, kTrace));
             return [session, package = text_package()] { return history_size(*session, package); };
           }},
      {.name = "open_snapshot",
       .unit = "ms",
       .inside = "opening the snapshot of what trace_per_edit leaves behind, and its text as a string; texts are "
                 "decoded when they are first "
                 "read or edited, history is not part of it",
       .prepare =
           [](const Arguments& arguments) {
             const Session session = load_session(arguments, kTrace);
             write_saved(arguments, kSnapshotFile, replay(session, text_package(), 0).doc->snapshot());
           },
       .start =
           [](const Arguments& arguments) {
             std::string end = load_session(arguments, kTrace).end_content;
             return [snapshot = read_saved(arguments, kSnapshotFile), package = text_package(), end = std::move(end)] {
               return open_and_read(snapshot, package, end);
             };
           }},
  };
}

}  // namespace tlfs::bench
