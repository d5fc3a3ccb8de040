// A list of 100,000 entries: built, printed, edited, weighed.
#include "bench/tlfs/documents.h"
#include "bench/tlfs/rows.h"
#include "runtime/document/archive.h"

namespace tlfs::bench {
namespace {

using namespace document;

constexpr std::size_t kItems = 100'000;
constexpr std::size_t kEdits = 1'000;
constexpr std::size_t kStride = 7'919;  // coprime to kItems: spreads the edits over the list

std::string title_of(std::size_t i) { return "Todo item " + std::to_string(i); }
bool complete_of(std::size_t i) { return i % 3 == 0; }

std::unique_ptr<Document> build(const Package& package) {
  std::unique_ptr<Document> doc = make_document(package);
  const Address todos = address(*doc, ".todos");
  const NodeIndex title = node(*doc, ".todos.[].title");
  const NodeIndex complete = node(*doc, ".todos.[].complete");
  const Result<Commit> done = doc->transact({}, [&](Transaction& tx) -> Status {
    for (std::size_t i = 0; i < kItems; ++i) {
      const Result<Lv> item = tx.insert(todos, i);
      if (!item) return item.error();
      if (Status s = tx.assign({title, {Key::of_element(*item)}}, Value(title_of(i))); !s) return s;
      if (!complete_of(i)) continue;
      if (Status s = tx.set_flag({complete, {Key::of_element(*item)}}, true); !s) return s;
    }
    return {};
  });
  if (!done) require(false, done.error().message());
  return doc;
}

Path field(std::size_t i, const char* name) {
  return {PathStep::field("todos"), PathStep::at(i), PathStep::field(name)};
}

Data read(const Document& doc, const Path& path) {
  const Reader reader = doc.reader();
  return reader.data_at(expect(reader.locate(path), "an entry"));
}

void check_item(const Document& doc, std::size_t i) {
  require(read(doc, field(i, "title")) == Data(Value(title_of(i))), "an entry has another title");
  require(read(doc, field(i, "complete")) == Data(Value(complete_of(i))), "an entry has another flag");
}

void check(const Document& doc) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{77'777}, kItems - 1}) check_item(doc, i);
  require(!doc.reader().locate(field(kItems, "title")).ok(), "the list is longer than it should be");
}

Sample print_json(const Document& doc) {
  const auto [ms, text] = timed([&] { return doc.json(); });
  const Data parsed = expect(parse_json(text), "the JSON text");
  const Data* list = parsed.find("todos");
  require(list && list->array() && list->array()->size() == kItems, "the JSON text has another number of entries");
  const Data& last = list->array()->back();
  const Data& third = (*list->array())[3];
  require(last.find("title") && *last.find("title") == Data(Value(title_of(kItems - 1))),
          "the JSON text has another title");
  require(third.find("complete") && *third.find("complete") == Data(Value(true)), "the JSON text has another flag");
  return {ms, {{"json_bytes", static_cast<double>(text.size())}}};
}

Sample edit_titles(Document& doc, std::size_t run) {
  std::vector<std::string> titles;
  for (std::size_t j = 0; j < kEdits; ++j) titles.push_back("Edited " + std::to_string(run) + "." + std::to_string(j));
  Path path = field(0, "title");
  const auto [ms, emitted] = timed([&] {
    std::size_t bytes = 0;
    for (std::size_t j = 0; j < kEdits; ++j) {
      path[1].index = j * kStride % kItems;
      const Result<Commit> done =
          doc.transact({}, [&](Transaction& tx) { return tx.set(path, Data(Value(titles[j]))); });
      if (!done) require(false, done.error().message());
      bytes += done->record.size();
    }
    return bytes;
  });
  for (const std::size_t j : {std::size_t{0}, kEdits - 1})
    require(read(doc, field(j * kStride % kItems, "title")) == Data(Value(titles[j])), "an edit is not there");
  return {ms * 1e3 / kEdits, {{"emitted_bytes_per_edit", static_cast<double>(emitted) / kEdits}}};
}

constexpr std::string_view kSnapshotFile = "todos.snapshot";

void prepare(const Arguments& arguments) { write_saved(arguments, kSnapshotFile, build(todos_package())->snapshot()); }

Sample open_and_look(const Bytes& snapshot, const Package& package) {
  struct Opened {
    std::unique_ptr<Document> doc;
    std::uint64_t length;
    Data first;
  };
  const Path todos{PathStep::field("todos")};
  const Path first = field(0, "title");
  const auto [ms, opened] = timed([&] {
    std::unique_ptr<Document> doc = open_snapshot(snapshot, package);
    const Cell* list = expect(doc->reader().locate(todos), "the list").cell;
    const std::uint64_t length = static_cast<const ArrayCell*>(list)->sequence.visible();
    Data title = read(*doc, first);
    return Opened{std::move(doc), length, std::move(title)};
  });
  require(opened.length == kItems && opened.first == Data(Value(title_of(0))), "the list is not as it was saved");
  check(*opened.doc);
  return {ms, {}};
}

Sample memory_of(const Bytes& snapshot, const Package& package) {
  trim_memory();
  const double before = resident_bytes();
  const std::unique_ptr<Document> doc = open_snapshot(snapshot, package);
  std::size_t sum = 0;
  Path title = field(0, "title");
  Path complete = field(0, "complete");
  for (std::size_t i = 0; i < kItems; ++i) {
    title[1].index = complete[1].index = i;
    sum += std::get<std::string>(*read(*doc, title).value()).size();
    sum += std::get<bool>(*read(*doc, complete).value()) ? 1 : 0;
  }
  const double untrimmed = resident_bytes() - before;
  trim_memory();
  const double after = resident_bytes() - before;
  std::size_t expected = 0;
  for (std::size_t i = 0; i < kItems; ++i) expected += title_of(i).size() + (complete_of(i) ? 1 : 0);
  require(sum == expected && !snapshot.empty(), "the entries that were read are others");
  check(*doc);
  return {after, {{"untrimmed_bytes", untrimmed}}};
}

Sample size_of(Document& doc) {
  const Bytes archive = expect(encode_archive(doc.all_changes()), "the archive");
  return {static_cast<double>(doc.snapshot().size()), {{"archive_bytes", static_cast<double>(archive.size())}}};
}

}  // namespace

std::vector<Row> todo_rows() {
  return {
      {.name = "todos_build_100k",
       .unit = "ms",
       .inside = "creating the document and one transaction that inserts, titles and flags 100,000 entries, its "
                 "patches built, its log record "
                 "encoded and changes sealed",
       .start =
           [](const Arguments&) {
             return [package = todos_package()] {
               const auto [ms, doc] = timed([&] { return build(package); });
               check(*doc);
               return Sample{ms, {}};
             };
           }},
      {.name = "todos_json_100k",
       .unit = "ms",
       .inside = "the whole document as JSON text, from its current value",
       .start =
           [](const Arguments&) {
             const std::shared_ptr<Document> doc = build(todos_package());
             return [doc] { return print_json(*doc); };
           }},
      {.name = "todos_edit_100k",
       .unit = "us",
       .inside =
           "one transaction that assigns a title by its path, patches built and log record encoded; mean of 1,000",
       .start =
           [](const Arguments&) {
             const std::shared_ptr<Document> doc = build(todos_package());
             check(*doc);
             return [doc, runs = std::size_t{0}]() mutable { return edit_titles(*doc, ++runs); };
           }},
      {.name = "todos_open_100k",
       .unit = "ms",
       .inside = "opening the snapshot, the list's length and its first title",
       .prepare = prepare,
       .start =
           [](const Arguments& arguments) {
             return [snapshot = read_saved(arguments, kSnapshotFile), package = todos_package()] {
               return open_and_look(snapshot, package);
             };
           }},
      {.name = "todos_memory_100k",
       .unit = "bytes",
       .inside = "resident memory after opening the snapshot and reading every title and flag, free pages handed back, "
                 "less that before opening",
       .prepare = prepare,
       .fresh_process = true,
       .start =
           [](const Arguments& arguments) {
             return [snapshot = read_saved(arguments, kSnapshotFile), package = todos_package()] {
               return memory_of(snapshot, package);
             };
           }},
      {.name = "todos_size_100k",
       .unit = "bytes",
       .inside = "the snapshot that todos_open_100k opens; archive_bytes: the whole history",
       .start = [](const Arguments&) { return [package = todos_package()] { return size_of(*build(package)); }; }},
  };
}

}  // namespace tlfs::bench
