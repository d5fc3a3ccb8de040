// node_writer DIR: opens the node of a directory, says what its document holds, and writes until it is killed.
//
// Writes `have N...` once, then `ack N` for each number whose transaction was acknowledged. A transaction puts a number
// into a table and adds one to a counter; both or neither must be found. Exits with 1 when the two do not agree.
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <mutex>
#include <semaphore>
#include <string>

#include "actors/node/node.h"
#include "schema/compiler/compile.h"

using namespace tlfs;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto started = Node::start({.directory = argv[1]});
  if (!started) {
    std::cerr << started.error().message() << '\n';
    return 1;
  }
  const std::unique_ptr<Node> node = std::move(*started);
  const auto known = node->documents().get().value();
  document::DocumentId id{};
  if (known.empty()) {
    const auto schema = schema::compile(
        "log { 0.1.0 { .: Struct .count: Counter .done: Table<u64> .done.{}: MVReg<u64> } }", "log.tlfs");
    id = node->create_document(schema->front().package).get().value();
  } else {
    id = known.front().id;
  }
  const auto value = node->snapshot(id).get().value();
  const document::Data::Object& done = *value.snapshot->find("done")->object();
  std::uint64_t next = 0;
  std::string have = "have";
  for (const auto& [key, number] : done) {
    have += " " + key;
    next = std::max<std::uint64_t>(next, std::stoull(key) + 1);
  }
  std::cout << have << std::endl;
  if (std::get<std::int64_t>(*value.snapshot->find("count")->value()) != static_cast<std::int64_t>(done.size())) {
    std::cerr << "half of a transaction is missing\n";
    return 1;
  }

  std::counting_semaphore<64> window(64);
  std::mutex mutex;
  for (;; ++next) {
    window.acquire();
    const std::string place = ".done{" + std::to_string(next) + "}";
    node->transact(id, Edits().set(place, Value(next)).increment(".count", 1), {},
                   [&, number = next](const Result<Committed>& saved) {
                     const std::lock_guard lock(mutex);
                     if (!saved) {
                       std::cerr << saved.error().message() << '\n';
                       ::_exit(1);
                     }
                     const std::string line = "ack " + std::to_string(number) + "\n";
                     if (::write(1, line.data(), line.size()) < 0) ::_exit(1);
                     window.release();
                   });
  }
}
