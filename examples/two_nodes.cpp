// Two devices share a document; each edits it on its own, and then they exchange what changed.
#include <iostream>

#include "actors/node/node.h"
#include "schema/compiler/compile.h"

using tlfs::Edits, tlfs::Node, tlfs::Value;

int main() {
  const auto schema = tlfs::schema::compile(
      "list { 0.1.0 { .: Struct .title: MVReg<String> .notes: Text .visits: Counter } }", "list.tlfs");
  const auto package = schema->front().package;
  const auto laptop = Node::start({}), phone = Node::start({});
  const auto list = laptop->create_document(package).value();
  if (!phone->open_document(list, package)) return 1;

  laptop->transact(list, Edits().set(".title", Value("shopping")).splice(".notes", 0, 0, "milk")).get().value();
  phone->transact(list, Edits().increment(".visits", 1)).get().value();

  phone->import_changes(list, laptop->changes_since(list, {}).get()->changes).get().value();
  laptop->import_changes(list, phone->changes_since(list, {}).get()->changes).get().value();
  for (const auto& node : {laptop.get(), phone.get()})
    std::cout << tlfs::document::to_json(*node->snapshot(list).get()->snapshot) << '\n';
}
