#include <iostream>

#include "runtime/document/document.h"
#include "schema/compiler/compile.h"

using namespace tlfs;
using namespace tlfs::document;

int main() {
  const auto todo = schema::compile(R"(todo { 0.1.0 {
      .: Struct  .tasks: Array  .tasks.[]: Struct  .tasks.[].title: MVReg<String>  .tasks.[].done: EWFlag } })",
                                    "todo.tlfs");
  crypto::SystemRandom random;
  const DocumentId id = new_document_id(random);
  const auto replica = [&] {
    Document::Settings settings;
    settings.id = id;
    settings.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
    settings.package = todo->front().package;
    return settings;
  };
  Document phone(replica()), laptop(replica());
  phone.transact({}, [](auto& tx) { return tx.set(".", *parse_json(R"({"tasks":[{"title":"milk"}]})")); }).value();
  laptop.import(phone.all_changes());

  // Both are offline and edit the same task; then they meet.
  phone.transact({}, [](auto& tx) { return tx.set(".tasks[0].done", true); }).value();
  laptop.transact({}, [](auto& tx) { return tx.set(".tasks[0].title", "oat milk"); }).value();
  for (const Patch& patch : laptop.import(phone.all_changes()).patches) std::cout << to_json(patch) << "\n";
  phone.import(laptop.all_changes());
  std::cout << phone.json() << "\n";
  return phone.json() == laptop.json() ? 0 : 1;
}
