// storage_writer DIRECTORY [BATCHES]: a process that writes numbered batches, to be killed.
//
// Goes on behind the last batch that is there; for batch n it puts change n of document 1 + n % 3, and n into a note of
// document 9. Prints n on a line once the batch is acknowledged. Without BATCHES it never ends.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "runtime/storage/layout.h"
#include "runtime/storage/leveldb_store.h"

using namespace tlfs;
using namespace tlfs::storage;

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  LevelDbOptions options;
  options.directory = argv[1];
  options.write_buffer_bytes = 64u << 10;
  const auto store = open_leveldb_store(options);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message().c_str());
    return 1;
  }
  const auto id = [](std::uint64_t n) {
    DocumentId document{};
    document.fill(static_cast<std::uint8_t>(n));
    return document;
  };
  const Bytes note = note_key(id(9), "last");
  const auto last = (*store)->read(note);
  if (!last) return 1;
  std::uint64_t n = *last ? std::stoull(std::string(as_text(**last))) : 0;
  for (std::uint64_t left = argc > 2 ? std::stoull(argv[2]) : UINT64_MAX; left > 0; --left) {
    ++n;
    Batch batch;
    batch.put(numbered_key(id(1 + n % 3), Kind::change, n), Bytes(n * 37 % 3000, static_cast<std::uint8_t>(n)));
    const std::string line = std::to_string(n) + "\n";
    batch.put(note, Bytes(line.begin(), line.end() - 1));
    if (!(*store)->write(batch).ok()) return 1;
    if (::write(1, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return 1;
  }
  return 0;
}
