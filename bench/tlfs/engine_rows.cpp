// Parts of the engine by themselves, for tuning. Known to nobody but whoever asks for them by name.
#include "bench/tlfs/inputs.h"
#include "bench/tlfs/rows.h"
#include "bench/tlfs/shared_history.h"

namespace tlfs::bench {
namespace {

using namespace document;

constexpr std::size_t kChanges = 100'000;

// Changes of one edit each, every one signed.
std::vector<Bytes> single_edits(const Arguments& arguments, const Package& package) {
  const Session session = load_session(arguments, "automerge-paper");
  const std::unique_ptr<Document> doc = make_document(package);
  const Address text = address(*doc, ".text");
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < kChanges; ++i) {
    const Edit& e = session.edits[i];
    expect(doc->transact({}, [&](Transaction& tx) { return tx.splice(text, e.position, e.deleted, e.inserted); }),
           "an edit");
    doc->seal();
  }
  for (const Change& c : doc->all_changes()) out.push_back(encode_change(c));
  return out;
}

}  // namespace

std::vector<Row> engine_rows() {
  return {
      {.name = "import_100k",
       .unit = "ms",
       .inside = "decoding 100,000 changes of one edit each, one signature, applied to a new document",
       .start =
           [](const Arguments& arguments) {
             const Package package = text_package();
             return [encoded = single_edits(arguments, package), package] {
               const auto [decoding, changes] = timed([&] { return decode_all(encoded); });
               const auto [applying, doc] = timed([&, &offered = changes] {
                 std::unique_ptr<Document> fresh = make_document(package, 1);
                 import_all(*fresh, offered);
                 return fresh;
               });
               const double all = decoding + applying;
               return Sample{
                   all,
                   {{"decode_ms", decoding}, {"apply_ms", applying}, {"changes_per_second", 1e3 * kChanges / all}}};
             };
           }},
      {.name = "verify_signature",
       .unit = "us",
       .inside = "verifying the signature of one change; mean of 1,000",
       .start =
           [](const Arguments&) {
             constexpr std::size_t kTimes = 1'000;
             const std::unique_ptr<Document> doc = make_document(text_package());
             const Address text = address(*doc, ".text");
             expect(doc->transact({}, [&](Transaction& tx) { return tx.splice(text, 0, 0, "a"); }), "an edit");
             return [change = doc->all_changes().front()] {
               const auto [ms, valid] = timed([&] {
                 std::size_t n = 0;
                 for (std::size_t i = 0; i < kTimes; ++i) n += verify_signature(change) ? 1 : 0;
                 return n;
               });
               require(valid == kTimes, "a signature does not fit");
               return Sample{ms * 1e3 / kTimes, {}};
             };
           }},
  };
}

}  // namespace tlfs::bench
