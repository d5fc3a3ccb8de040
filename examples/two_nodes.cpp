// Two devices share a document; each edits it on its own, and then they exchange what changed.
#include <iostream>

#include "actors/node/node.h"
#include "schema/compiler/compile.h"

using tlfs::Edits, tlfs::Node, tlfs::Value;

int main() {
  const auto schema = tlfs::schema::compile(
      "list { 0.1.0 { .: Struct .title: MVReg<String> .notes: Text .visits: Counter } }", "list.tlfs");
  const auto package = schema->front().package;
  const auto laptop = Node::start({}).value(), phone = Node::start({}).value();
  const auto list = laptop->create_document(package).get().value();
  // The phone's user may write, and is known by what the phone says of itself.
  laptop->learn(phone->introduction());
  if (!laptop->grant(list, ".", tlfs::access::Level::write, tlfs::access::Principal::user(phone->user())).get())
    return 1;
  if (!phone->join_document(list, package).get()) return 1;
  phone->import_changes(list, laptop->changes_since(list, {}).get().value()).get().value();

  laptop->transact(list, Edits().set(".title", Value("shopping")).splice(".notes", 0, 0, "milk")).get().value();
  phone->transact(list, Edits().increment(".visits", 1)).get().value();

  phone->import_changes(list, laptop->changes_since(list, {}).get().value()).get().value();
  laptop->import_changes(list, phone->changes_since(list, {}).get().value()).get().value();
  for (const auto& node : {laptop.get(), phone.get()})
    std::cout << tlfs::document::to_json(*node->snapshot(list).get()->snapshot) << '\n';
}
