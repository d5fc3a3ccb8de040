// Alice, Bob and Mallory: devices that edit one small document, for tests that tell a story.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "tests/runtime/document/random_schema.h"
#include "tests/runtime/document/replicas.h"

namespace tlfs::document::testing {

inline std::shared_ptr<const schema::Package> story_package() {
  return compile_package(R"(story {
    0.1.0 {
      .: Struct
      .title: MVReg<String>
      .number: MVReg<i64>
      .done: EWFlag
      .votes: Counter
      .text: Text
      .list: Array
      .list.[]: Struct
      .list.[].name: MVReg<String>
      .list.[].votes: Counter
      .list.[].secret: Struct @compartment
      .list.[].secret.word: MVReg<String>
      .map: Table<String>
      .map.{}: Struct
      .map.{}.name: MVReg<String>
      .map.{}.text: Text
      .map.{}.secret: Struct @compartment
      .map.{}.secret.word: MVReg<String>
      .years: Table<u64>
      .years.{}: MVReg<Bytes>
    }
  })");
}

class Person {
 public:
  explicit Person(std::uint8_t device, std::shared_ptr<const schema::Package> package = story_package())
      : document_([&] {
          Document::Settings s;
          s.id.fill(1);
          s.device = key_number(device);
          s.package = std::move(package);
          return s;
        }()) {}

  Document* operator->() { return &document_; }
  Document& document() { return document_; }

  // One transaction; it must succeed.
  Commit edit(const std::function<Status(Transaction&)>& f, const std::string& origin = "window") {
    Result<Commit> done = document_.transact({origin, "", std::nullopt}, f);
    INFO((done ? std::string() : done.error().message()));
    REQUIRE(done.ok());
    return std::move(*done);
  }
  Commit set(std::string_view path, std::string_view json) {
    return edit([&](Transaction& tx) { return tx.set(path, parse_json(json).value()); });
  }
  Commit splice(std::string_view path, std::uint64_t at, std::uint64_t remove, std::string_view insert) {
    return edit([&](Transaction& tx) { return tx.splice(tx.address(path).value(), at, remove, insert); });
  }
  Commit insert(std::string_view path, std::uint64_t index, std::string_view json) {
    return edit(
        [&](Transaction& tx) { return tx.insert(parse_path(path).value(), index, {parse_json(json).value()}); });
  }
  Commit remove(std::string_view path) {
    return edit([&](Transaction& tx) { return tx.remove(parse_path(path).value()); });
  }
  Commit move(std::string_view path, std::uint64_t from, std::uint64_t to) {
    return edit([&](Transaction& tx) { return tx.move(tx.address(path).value(), from, to); });
  }
  Commit increment(std::string_view path, std::int64_t by) {
    return edit([&](Transaction& tx) { return tx.increment(tx.address(path).value(), by); });
  }
  Commit flag(std::string_view path, bool on) {
    return edit([&](Transaction& tx) { return tx.set_flag(tx.address(path).value(), on); });
  }

  std::string at(std::string_view path) const {
    const Result<Data> data = document_.get(path);
    return data ? to_json(*data) : data.error().message();
  }

  // The names of the list's elements, joined.
  std::string names() const {
    const Data list = document_.get(".list").value();
    std::string all;
    for (const Data& e : *list.array()) all += std::get<std::string>(*e.find("name")->value());
    return all;
  }
  std::size_t size(std::string_view path) const {
    const Data data = document_.get(path).value();
    return data.array() ? data.array()->size() : data.object() ? data.object()->size() : 0;
  }

 private:
  Document document_;
};

// Everyone gets everything, and then all show the same.
inline void sync(std::initializer_list<Person*> people) {
  for (Person* to : people)
    for (Person* from : people)
      if (to != from) REQUIRE((*to)->import((*from)->all_changes()).refused.empty());
  for (Person* p : people) REQUIRE((*p)->json() == (**people.begin())->json());
}

}  // namespace tlfs::document::testing
