// 100,000 transactions of one table key each.
#include "bench/tlfs/documents.h"
#include "bench/tlfs/rows.h"

namespace tlfs::bench {
namespace {

using namespace document;

constexpr std::int64_t kEntries = 100'000;

std::unique_ptr<Document> write_table(const Package& package, const std::vector<std::string>& keys) {
  std::unique_ptr<Document> doc = make_document(package);
  Address entry{node(*doc, ".table.{}"), {Key::of_table(std::string())}};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    entry.keys[0].table_key = keys[i];
    const Result<Commit> done =
        doc->transact({}, [&](Transaction& tx) { return tx.assign(entry, Value(static_cast<std::int64_t>(i))); });
    if (!done) require(false, done.error().message());
  }
  return doc;
}

void check(const Document& doc, const std::vector<std::string>& keys) {
  const Data table = expect(doc.get(".table"), "the table");
  require(table.object() && table.object()->size() == keys.size(), "the table has another number of entries");
  for (const std::size_t i : {std::size_t{0}, std::size_t{4'711}, keys.size() - 1}) {
    const Data* entry = table.find(keys[i]);
    require(entry && *entry == Data(Value(static_cast<std::int64_t>(i))), "an entry has another value");
  }
}

}  // namespace

std::vector<Row> table_rows() {
  return {{.name = "table_writes_100k",
           .unit = "ms",
           .inside = "creating the document and 100,000 transactions of one key each, patches built and log records "
                     "encoded, as the engine "
                     "always does",
           .start = [](const Arguments&) {
             std::vector<std::string> keys;
             for (std::int64_t i = 0; i < kEntries; ++i) keys.push_back("k" + std::to_string(i));
             return [keys = std::move(keys), package = table_package()] {
               const auto [ms, doc] = timed([&] { return write_table(package, keys); });
               check(*doc, keys);
               return Sample{ms, {{"changes", static_cast<double>(doc->graph().size())}}};
             };
           }}};
}

}  // namespace tlfs::bench
