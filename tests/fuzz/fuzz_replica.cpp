// What a device's own disk may hold of a document. The first byte of an input chooses: any bytes as the content of each
// kind of record, which is refused or means the same when it is written again; or changes to the records of a document,
// below their encryption, which then opens or says why not, and if it opens it takes edits and opens once more.
#include <cstdint>

#include "runtime/replica/past.h"
#include "tests/fuzz/written_document.h"

namespace {

using namespace tlfs;
using namespace tlfs::replica;
using fuzz::Script;
using fuzz::WrittenDocument;

template <class T>
void decode(ByteView bytes) {
  const auto read = T::decode(bytes);
  if (!read) {
    TLFS_CHECK(!read.error().message().empty(), "an error without a message");
    return;
  }
  const Bytes written = read->encode();
  const auto again = T::decode(written);
  TLFS_CHECK(again.ok() && again->encode() == written, "a record that is written otherwise");
}

void decode_all(WrittenDocument& written, ByteView bytes) {
  decode<Progress>(bytes);
  decode<LocalRecord>(bytes);
  decode<DoneSegment>(bytes);
  decode<SnapshotRoot>(bytes);
  decode<HistoryPart>(bytes);
  (void)open_value(written.at_rest(), bytes, bytes);
  (void)decode_group(bytes);
  (void)decode_group(compress(bytes));
  (void)decompress(bytes, std::size_t{1} << 20);
  const Bytes sealed = seal_value(written.at_rest(), storage::listing_key(written.id()), bytes);
  if (const auto listing = Listing::decode(sealed, written.id(), written.at_rest())) {
    const auto again =
        Listing::decode(listing->encode(written.id(), written.at_rest()), written.id(), written.at_rest());
    TLFS_CHECK(again.ok() && *again == *listing, "a listing that is written otherwise");
  }
}

bool is_compressed(ByteView key) {
  const auto place = storage::parse_key(key);
  return place && place->kind == static_cast<std::uint8_t>(storage::Kind::snapshot);
}

// Below what protects it: the mutated bytes are those that the decoder sees.
void change_content(WrittenDocument& written, const Bytes& key, Bytes& value, Script& script) {
  const auto content = open_value(written.at_rest(), key, value);
  if (!content) return fuzz::mutate(value, script);
  Bytes inside = *content;
  const auto piece = is_compressed(key) ? decompress(inside, std::size_t{1} << 24) : Error(Errc::damaged, "");
  if (piece) {
    Bytes plain = *piece;
    fuzz::mutate(plain, script);
    inside = compress(plain);
  } else {
    fuzz::mutate(inside, script);
  }
  value = seal_value(written.at_rest(), key, inside);
}

Result<std::unique_ptr<Replica>> open(WrittenDocument& written, const WrittenDocument::Disk& disk, bool& with_history) {
  for (with_history = false;; with_history = true) {
    try {
      auto opened = Replica::open(written.settings(), written.records(disk, with_history));
      TLFS_CHECK(opened.ok() || !opened.error().message().empty(), "an error without a message");
      return opened;
    } catch (const HistoryNeeded&) {
      TLFS_CHECK(!with_history, "history is needed that was given");
    }
  }
}

void change_disk(WrittenDocument& written, Script script) {
  WrittenDocument::Disk disk = written.disk();
  for (int i = 0; i < 8 && script.more(); ++i) {
    auto at = disk.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(script.below(disk.size())));
    switch (script.next() % 4) {
      case 0:
        fuzz::mutate(at->second, script);
        break;
      case 1:
        disk.erase(at);
        break;
      default:
        change_content(written, at->first, at->second, script);
        break;
    }
    if (disk.empty()) break;
  }
  bool history = false;
  const auto opened = open(written, disk, history);
  if (!opened) return;
  const std::unique_ptr<Replica>& replica = *opened;
  try {
    (void)replica->document().content().json();
    (void)replica->run({9, 1}, [](document::Document& d) {
      return d.transact({"window", "", std::nullopt},
                        [](document::Transaction& tx) { return tx.set(".title", Value("more")); });
    });
    replica->document().content().seal();
    replica->observe();
    replica->compact(false);
  } catch (const HistoryNeeded&) {
    TLFS_CHECK(!history, "history is needed that was given");
    return;
  }
  for (storage::Batch b = replica->take_writes(); !b.empty(); b = replica->take_writes())
    WrittenDocument::write(disk, b);
  const auto again = open(written, disk, history);
  TLFS_CHECK(again.ok(), "what was written does not open: " + (again ? "" : again.error().message()));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static WrittenDocument written;
  if (size == 0) return 0;
  const ByteView rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    decode_all(written, rest);
  } else {
    change_disk(written, Script(rest));
  }
  return 0;
}
