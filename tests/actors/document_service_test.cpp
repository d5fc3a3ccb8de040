// What a document actor does, without actors: histories of patches, stale writes, the log.
#include "actors/document/document_service.h"

#include <catch2/catch.hpp>

#include "actors/document/stale_edits.h"
#include "runtime/storage/layout.h"
#include "tests/actors/document_desk.h"

namespace tlfs::document_actor {
namespace {

using document::Data;
using testing::Household;
using testing::notes_package;
using testing::replica_settings;
using testing::text_value;

struct Notebook {
  explicit Notebook(std::uint8_t number = 1) : device(number), random(number) {
    directory.learn(Household::get().statements);
    auto settings = replica_settings(device, random, directory);
    auto replica = device == 1 ? replica::Replica::create(std::move(settings), *Household::get().document_key,
                                                          access::Principal::user(Household::get().user),
                                                          access::DocumentKind::ordinary, Household::get().statements)
                               : replica::Replica::join(std::move(settings));
    service = std::make_unique<DocumentService>(std::move(replica), notes_package(), 1);
  }
  Result<Committed> write(Edits edits, std::optional<std::uint64_t> on_revision = {}) {
    REQUIRE(edits.status().ok());
    WriteRequest request;
    request.edits = std::move(edits).take();
    request.on_revision = on_revision;
    request.unit = unit;
    auto done = service->transact(std::move(request));
    if (!done) UNSCOPED_INFO(done.error().message());
    return done;
  }
  // As after a crash: what was taken to be written is all that is left.
  void reopen() {
    for (storage::Batch batch = service->take_writes(); !batch.empty(); batch = service->take_writes())
      for (const auto& write : batch.writes())
        if (write.value)
          disk[write.key] = *write.value;
        else
          disk.erase(write.key);
    replica::Records records;
    records.with_history = true;
    const storage::Range range = storage::document_range(Household::get().document);
    for (const auto& [key, value] : disk)
      if (range.from <= key && key < range.to) records.records.push_back({key, value});
    auto replica = replica::Replica::open(replica_settings(device, random, directory), std::move(records));
    if (!replica) FAIL(replica.error().message());
    service = std::make_unique<DocumentService>(std::move(*replica), notes_package(), 2);
  }
  Data value(const std::string& path = ".") const {
    const auto update = service->get(*document::parse_path(path), "");
    return update ? *update->snapshot : Data();
  }
  std::string text(const std::string& path = ".text") const { return std::get<std::string>(*value(path).value()); }
  std::string names() const {
    const Data items = value(".items");
    std::string out;
    for (const Data& item : *items.array()) out += std::get<std::string>(*item.find("name")->value());
    return out;
  }

  document::TextUnit unit = document::TextUnit::code_points;
  std::uint8_t device;
  SeededRandom random;
  auth::Directory directory;
  std::map<Bytes, Bytes> disk;
  std::unique_ptr<DocumentService> service;
};

Data item(std::string name) { return Data(Data::Object{{"name", Data(text_value(std::move(name)))}}); }

TEST_CASE("patches since any remembered revision lead to the value of now") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Notebook book;
    std::vector<Data> was{book.value()};
    const auto whole = book.service->subscribe({{}, "", false}, 0);
    const auto part = book.service->subscribe({*document::parse_path(".items"), "", false}, 0);
    REQUIRE((whole.ok() && part.ok()));
    for (int i = 0; i < 40; ++i) {
      const std::size_t length = book.text().size(), items = book.value(".items").array()->size();
      Edits edits;
      switch (random.below(7)) {
        case 0:
          edits.splice(".text", length, 0, "ab");
          break;
        case 1:
          edits.splice(".text", random.below(length + 1), 0, "c");
          break;
        case 2: {
          const std::uint64_t at = random.below(length + 1);
          edits.splice(".text", at, random.below(length - at + 1), "");
          break;
        }
        case 3:
          edits.insert(".items", random.below(items + 1), {item("x"), item("y")});
          break;
        case 4:
          if (items > 0) edits.erase(".items", random.below(items));
          break;
        case 5:
          if (items > 0) edits.move(".items", random.below(items), random.below(items));
          break;
        default:
          edits.set(".table[\"k" + std::to_string(random.below(3)) + "\"]", Value(std::int64_t{i}));
          break;
      }
      REQUIRE(book.write(std::move(edits)).ok());
      if (book.service->revision() == was.size()) was.push_back(book.value());
    }
    for (std::size_t from = 0; from < was.size(); ++from) {
      INFO("from revision " << from);
      const Result<Update> update = book.service->pull(whole->subscription, from);
      REQUIRE((update.ok() && !update->snapshot));
      Data copy = was[from];
      REQUIRE(document::apply_patches(copy, update->patches).ok());
      CHECK(copy == book.value());
      const Result<Update> items = book.service->pull(part->subscription, from);
      REQUIRE((items.ok() && !items->snapshot));
      Data items_copy = *was[from].find("items");
      REQUIRE(document::apply_patches(items_copy, items->patches).ok());
      CHECK(items_copy == book.value(".items"));
    }
  }
}

TEST_CASE("typing and backspacing become one splice each") {
  Notebook book;
  const auto watch = book.service->subscribe({{}, "", false}, 0);
  for (std::uint64_t i = 0; i < 10; ++i) REQUIRE(book.write(Edits().splice(".text", i, 0, "é")).ok());
  for (std::uint64_t i = 10; i > 4; --i) REQUIRE(book.write(Edits().splice(".text", i - 1, 1, "")).ok());
  const Result<Update> update = book.service->pull(watch->subscription, 0);
  REQUIRE(update->patches.size() == 2);
  CHECK(update->patches[0].text == "éééééééééé");
  CHECK(update->patches[1].removed.code_points == 6);
  CHECK(update->patches[1].position.code_points == 4);
}

TEST_CASE("what is remembered for subscribers is bounded in number and in size") {
  PatchHistory history(0);
  document::Patch patch;
  patch.kind = document::PatchKind::splice;
  for (std::uint64_t r = 1; r <= 3 * kMaxRememberedRevisions; ++r) history.append(r, {patch});
  CHECK(history.size() == kMaxRememberedRevisions);
  CHECK_FALSE(history.since(kMaxRememberedRevisions).has_value());
  CHECK(history.since(2 * kMaxRememberedRevisions).has_value());
  patch.text = std::string(kMaxRememberedBytes / 3, 'x');
  for (std::uint64_t i = 1; i <= 4; ++i) history.append(3 * kMaxRememberedRevisions + i, {patch});
  CHECK(history.size() == 2);
  patch.text = std::string(kMaxRememberedBytes, 'x');
  history.append(4 * kMaxRememberedRevisions, {patch});
  CHECK(history.size() == 0);
  CHECK(history.since(4 * kMaxRememberedRevisions).has_value());
}

TEST_CASE("a service that is opened again from its records is where it was, unsealed transactions included") {
  for (const bool sealed : {false, true}) {
    Notebook book;
    REQUIRE(book.write(Edits().splice(".text", 0, 0, "abc").insert(".items", 0, {item("i")})).ok());
    if (sealed) (void)book.service->changes_since({}, {});
    REQUIRE(book.write(Edits().splice(".text", 1, 1, "").increment(".count", 3)).ok());
    const auto address = book.service->locate(*document::parse_path(".items[0]"));
    const Data before = book.value();
    const std::uint64_t revision = book.service->revision();
    book.reopen();
    CHECK(book.value() == before);
    CHECK(book.service->revision() == revision);
    CHECK(*book.service->locate(*document::parse_path(".items[0]")) == *address);
    REQUIRE(book.write(Edits().splice(".text", 2, 0, "d")).ok());
    CHECK(book.text() == "acd");
    // Others take what it seals, and the pieces fit.
    Notebook other(2);
    const Changes all = book.service->changes_since({}, {});
    std::vector<access::SignedStatement> statements;
    for (const Bytes& bytes : all.statements) statements.push_back(*access::decode_statement(bytes));
    const Imported imported = other.service->import(std::move(statements), all.changes);
    CHECK(imported.refused.empty());
    CHECK(imported.waiting == 0);
    CHECK(other.value() == book.value());
  }
}

TEST_CASE("a pull names the subscriber's own latest write that it holds, also after the document was opened again") {
  Notebook book;
  const auto write = [&](std::uint64_t client, std::uint64_t number) {
    WriteRequest request;
    request.edits = std::move(Edits().increment(".count", 1)).take();
    request.id = {client, number};
    REQUIRE(book.service->transact(std::move(request)).ok());
  };
  const auto written = [&](std::uint64_t client, std::optional<std::uint64_t> have) {
    const auto there = book.service->subscribe({.prefix = {}, .version = {}, .client = client}, have);
    REQUIRE(there.ok());
    const auto update = book.service->pull(there->subscription, have);
    REQUIRE(update.ok());
    CHECK(update->snapshot.has_value() == !have.has_value());
    return update->written;
  };
  const std::uint64_t before = book.service->revision();
  CHECK(written(7, {}) == 0);
  write(7, 1);
  write(7, 2);
  write(8, 5);
  for (const bool again : {false, true}) {
    if (again) book.reopen();
    CHECK(written(7, {}) == 2);
    CHECK(written(8, {}) == 5);
    CHECK(written(6, {}) == 0);
    CHECK(written(9, {}) == 0);
    CHECK(written(0, {}) == 0);
    if (!again) CHECK(written(7, before) == 2);
  }
}

TEST_CASE("a stale splice lands between the characters it was meant for") {
  Notebook book;
  REQUIRE(book.write(Edits().splice(".text", 0, 0, "hello world")).ok());
  REQUIRE(book.write(Edits().splice(".text", 0, 0, ">> ")).ok());
  REQUIRE(book.write(Edits().splice(".text", 8, 0, " big")).ok());  // ">> hello big world"
  REQUIRE(book.write(Edits().splice(".text", 6, 5, "W"), 1).ok());  // "world" became "W"
  CHECK(book.text() == ">> hello big W");
  REQUIRE(book.write(Edits().splice(".text", 4, 3, "-"), 1).ok());  // "o w" of the first revision
  CHECK(book.text() == ">> hell- bigW");
}

TEST_CASE("a stale splice in UTF-16 units counts what others typed in UTF-16 units") {
  Notebook book;
  book.unit = document::TextUnit::utf16;
  REQUIRE(book.write(Edits().splice(".text", 0, 0, "ab")).ok());
  REQUIRE(book.write(Edits().splice(".text", 1, 0, "\U0001f600")).ok());
  REQUIRE(book.write(Edits().splice(".text", 2, 0, "c"), 1).ok());
  CHECK(book.text() == "a\U0001f600bc");
}

TEST_CASE("a stale edit inside an array follows its element, or says that it is gone") {
  Notebook book;
  REQUIRE(book.write(Edits().insert(".items", 0, {item("a"), item("b"), item("c")})).ok());
  REQUIRE(book.write(Edits().move(".items", 2, 0)).ok());                       // c a b
  REQUIRE(book.write(Edits().insert(".items", 1, {item("n")})).ok());           // c n a b
  REQUIRE(book.write(Edits().set(".items[2].name", text_value("C")), 1).ok());  // c became C
  CHECK(book.names() == "Cnab");
  REQUIRE(book.write(Edits().erase(".items", 3)).ok());
  const auto late = book.write(Edits().set(".items[1].name", text_value("B")), 1);
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().is(Errc::gone));
  CHECK(book.names() == "Cna");
}

TEST_CASE("a register keeps what whoever sets it has not seen, and loses what they have") {
  Notebook book;
  const auto set = [&](const std::string& value, std::vector<std::string> seen) {
    Edits edits;
    Edit edit;
    edit.place = *document::parse_path(".title");
    if (!value.empty()) edit.value = Data(text_value(value));
    edit.seen.emplace();
    for (const std::string& one : seen) edit.seen->emplace_back(text_value(one));
    return book.write(std::move(edits.add(std::move(edit))));
  };
  const auto held = [&] {
    std::string out;
    const std::vector<Value> values = book.service->content().conflicts(".title").value();
    for (const Value& value : values) out += (out.empty() ? "" : ",") + std::get<std::string>(value);
    return out;
  };
  REQUIRE(set("a", {}).ok());
  REQUIRE(set("b", {"a"}).ok());
  CHECK(held() == "b");
  REQUIRE(set("c", {"a"}).ok());  // made where "b" had not come yet
  CHECK(held() == "c,b");
  REQUIRE(set("d", {"c"}).ok());  // by the same, who still has not seen it
  CHECK(held() == "d,b");
  REQUIRE(set("b", {"d"}).ok());  // the same value twice is one
  CHECK(held() == "b");
  REQUIRE(set("e", {}).ok());
  REQUIRE(set("", {"e"}).ok());  // taken away, as far as it was seen
  CHECK(held() == "b");
  const std::uint64_t before = book.service->revision();
  REQUIRE(set("", {"never there"}).ok());
  CHECK(book.service->revision() == before);
  REQUIRE(set("", {"b"}).ok());
  CHECK(held().empty());

  Edit text;
  text.place = *document::parse_path(".text");
  text.value = Data(text_value("x"));
  text.seen.emplace();
  CHECK(book.write(Edits().add(text)).error().is(Errc::malformed));
  REQUIRE(set("a", {}).ok());
  REQUIRE(set("b", {}).ok());
  const auto whole = book.service->get({}, "");
  REQUIRE(whole->conflicts.size() == 1);
  CHECK(document::path_text(whole->conflicts[0].path) == ".title");
  const auto part = book.service->get(*document::parse_path(".title"), "");
  REQUIRE(part->conflicts.size() == 1);
  CHECK(part->conflicts[0].path.empty());
  REQUIRE(part->conflicts[0].values.size() == 2);
  CHECK(document::to_json(part->conflicts[0].values[0]) == R"("b")");
  CHECK(document::to_json(part->conflicts[0].values[1]) == R"("a")");
  CHECK(book.service->get(*document::parse_path(".items"), "")->conflicts.empty());
}

TEST_CASE("a stale removal spares the elements that others have put something into meanwhile") {
  for (const bool one_by_one : {false, true}) {
    Notebook book;
    REQUIRE(book.write(Edits().insert(".items", 0, {item("a"), item("b"), item("c"), item("d"), item("e")})).ok());
    REQUIRE(book.write(Edits().splice(".items[1].text", 0, 0, "more")).ok());
    REQUIRE(book.write(Edits().move(".items", 1, 3)).ok());  // a c d b e
    REQUIRE(book.write(Edits().set(".items[2].name", text_value("D"))).ok());
    REQUIRE(book.write(Edits().set(".items[1].name", Data())).ok());  // of c something was taken, which spares nothing
    if (one_by_one) {
      for (const char* place : {".items[0]", ".items[1]", ".items[2]", ".items[3]"})
        REQUIRE(book.write(Edits().remove(place), 1).ok());
    } else {
      REQUIRE(book.write(Edits().erase(".items", 0, 4), 1).ok());
    }
    CHECK(book.names() == "Dbe");
  }
}

TEST_CASE("a stale move goes as far as the array still does, and keeps between its neighbours") {
  Notebook book;
  REQUIRE(book.write(Edits().insert(".items", 0, {item("a"), item("b"), item("c"), item("d")})).ok());
  REQUIRE(book.write(Edits().erase(".items", 3)).ok());
  REQUIRE(book.write(Edits().move(".items", 1, 3), 1).ok());  // behind d, which is gone
  CHECK(book.names() == "acb");
  REQUIRE(book.write(Edits().insert(".items", 0, {item("n")})).ok());  // n a c b
  REQUIRE(book.write(Edits().move(".items", 0, 1), 3).ok());           // a between c and b
  CHECK(book.names() == "ncab");
}

TEST_CASE("a write on a revision that is not remembered, or has not been, is stale") {
  Notebook book;
  for (std::size_t i = 0; i < kMaxRememberedRevisions + 5; ++i)
    REQUIRE(book.write(Edits().increment(".count", 1)).ok());
  CHECK(book.write(Edits().splice(".text", 0, 0, "x"), 2).error().is(Errc::stale));
  CHECK(book.write(Edits().splice(".text", 0, 0, "x"), 99'999).error().is(Errc::stale));
  CHECK(book.write(Edits().splice(".text", 0, 0, "x"), 100).ok());
}

// Every character is a letter of its own, so that it can be told where each went.
TEST_CASE("stale splices remove what they saw and nothing else, and insert beside their old neighbours") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Notebook book;
    const std::string base = "abcdefghij";
    REQUIRE(book.write(Edits().splice(".text", 0, 0, base)).ok());
    std::string others = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (std::uint64_t n = random.below(5); n > 0; --n) {
      const std::size_t length = book.text().size();
      const std::uint64_t at = random.below(length + 1);
      const std::string fresh = others.substr(0, random.below(3));
      others.erase(0, fresh.size());
      REQUIRE(
          book.write(Edits().splice(".text", at, random.below(std::min<std::size_t>(length - at, 3) + 1), fresh)).ok());
    }
    const std::string before = book.text();
    const std::uint64_t at = random.below(base.size() + 1), removed = random.below(base.size() - at + 1);
    REQUIRE(book.write(Edits().splice(".text", at, removed, "123"), 1).ok());
    std::string after = book.text();
    INFO(before << ": splice(" << at << ", " << removed << ") of " << base << " gives " << after);
    const std::size_t put = after.find("123");
    REQUIRE(put != std::string::npos);
    const std::string left = after.substr(0, put), right = after.substr(put + 3);
    std::string expected = before;
    std::erase_if(expected, [&](char c) { return base.substr(at, removed).find(c) != std::string::npos; });
    CHECK(left + right == expected);
    for (const char c : left) CHECK((base.find(c) == std::string::npos || base.find(c) < at + removed));
    for (const char c : right) CHECK((base.find(c) == std::string::npos || base.find(c) >= at));
  }
}

TEST_CASE("stale edits of arrays hit the elements they meant, among moves, insertions and removals") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Notebook book;
    const std::string base = "abcdef";
    std::vector<Data> items;
    for (const char c : base) items.push_back(item(std::string(1, c)));
    REQUIRE(book.write(Edits().insert(".items", 0, items)).ok());
    char fresh = 'A';
    for (std::uint64_t n = random.below(6); n > 0; --n) {
      const std::size_t size = book.names().size();
      switch (size == 0 ? 2 : random.below(3)) {
        case 0:
          REQUIRE(book.write(Edits().erase(".items", random.below(size))).ok());
          break;
        case 1:
          REQUIRE(book.write(Edits().move(".items", random.below(size), random.below(size))).ok());
          break;
        default:
          REQUIRE(book.write(Edits().insert(".items", random.below(size + 1), {item(std::string(1, fresh++))})).ok());
      }
    }
    const std::string before = book.names();
    INFO("now " << before);
    if (random.chance(0.3)) {
      const std::uint64_t at = random.below(base.size()), to = random.below(base.size());
      const bool there = before.find(base[at]) != std::string::npos;
      const auto done = book.write(Edits().move(".items", at, to), 1);
      CHECK(done.ok() == there);
      const auto others = [&](std::string names) {
        std::erase(names, base[at]);
        return names;
      };
      CHECK(book.names().size() == before.size());
      CHECK(others(book.names()) == others(before));
    } else if (random.chance(0.5)) {
      const std::uint64_t at = random.below(base.size()), count = 1 + random.below(base.size() - at);
      REQUIRE(book.write(Edits().erase(".items", at, count), 1).ok());
      std::string expected = before;
      std::erase_if(expected, [&](char c) { return base.substr(at, count).find(c) != std::string::npos; });
      CHECK(book.names() == expected);
    } else {
      const std::uint64_t at = random.below(base.size());
      const bool there = before.find(base[at]) != std::string::npos;
      const auto done = book.write(Edits().set(".items[" + std::to_string(at) + "].name", text_value("!")), 1);
      CHECK(done.ok() == there);
      std::string expected = before;
      if (there) expected[before.find(base[at])] = '!';
      CHECK(book.names() == expected);
    }
  }
}

}  // namespace
}  // namespace tlfs::document_actor
