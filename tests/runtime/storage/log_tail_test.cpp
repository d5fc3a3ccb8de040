// Torn ends of LevelDB's logs, told from damage; the logs are LevelDB's own.
#include "runtime/storage/log_tail.h"

#include <leveldb/write_batch.h>

#include "tests/runtime/storage/rigs.h"

namespace tlfs::storage {
namespace {

struct Log {
  Bytes bytes;
  std::vector<std::size_t> ends;  // of the records
};

Log make_log(const std::vector<std::size_t>& sizes) {
  FaultyEnv env(1);
  leveldb::Options options;
  options.env = &env;
  options.create_if_missing = true;
  leveldb::DB* opened = nullptr;
  REQUIRE(leveldb::DB::Open(options, "/log", &opened).ok());
  const std::unique_ptr<leveldb::DB> db(opened);
  std::string name;
  for (const std::string& n : env.names())
    if (n.ends_with(".log")) name = n;
  Log log;
  for (const std::size_t size : sizes) {
    REQUIRE(db->Put({}, "key", std::string(size, 'v')).ok());
    log.ends.push_back(env.content(name).size());
  }
  log.bytes = bytes_of(env.content(name));
  return log;
}

const std::vector<std::size_t> kSizes = {10, 100, 32'700, 50, 70'000, 3, 1'000};

TEST_CASE("A log that LevelDB wrote is whole, whatever its records do with its blocks") {
  const Log log = make_log(kSizes);
  REQUIRE(inspect_log(log.bytes).shape == LogShape::whole);
  REQUIRE(inspect_log(log.bytes).good_end == log.bytes.size());
  REQUIRE(inspect_log({}).shape == LogShape::whole);
}

TEST_CASE("A log cut anywhere is torn behind its last whole record") {
  const Log log = make_log(kSizes);
  for (std::size_t size = 0; size < log.bytes.size(); size += size % 97 + 1) {
    std::size_t whole = 0;
    for (const std::size_t end : log.ends)
      if (end <= size) whole = end;
    const LogTail tail = inspect_log(ByteView(log.bytes).subspan(0, size));
    INFO("cut at " << size);
    REQUIRE(tail.shape != LogShape::damaged);
    if (size != whole && tail.shape == LogShape::whole) REQUIRE(tail.good_end == size);  // zeros that fill a block
    if (tail.shape == LogShape::torn) REQUIRE(tail.good_end >= whole);
    if (tail.shape == LogShape::torn) REQUIRE(tail.good_end < whole + 7);
  }
}

TEST_CASE("A flipped byte is damage when a record follows, and a torn end in the last record") {
  const Log log = make_log(kSizes);
  const std::size_t last = log.ends[log.ends.size() - 2];
  for (std::size_t at = 0; at < log.bytes.size(); at += at % 131 + 1) {
    Bytes bytes = log.bytes;
    bytes[at] ^= 0x10;
    const LogTail tail = inspect_log(bytes);
    INFO("flipped at " << at);
    const bool filling = tail.shape == LogShape::whole;  // a byte between the last record of a block and its end
    if (filling) continue;
    REQUIRE(tail.shape == (at < last ? LogShape::damaged : LogShape::torn));
  }
}

TEST_CASE("Rubbish and zeros behind the last record are a torn end") {
  const Log log = make_log(kSizes);
  for (const std::uint8_t filling : {0x00, 0xff, 0x01, 0x37}) {
    Bytes bytes = log.bytes;
    bytes.insert(bytes.end(), 50'000, filling);
    const LogTail tail = inspect_log(bytes);
    REQUIRE(tail.shape == LogShape::torn);
    REQUIRE(tail.good_end == log.bytes.size());
  }
}

}  // namespace
}  // namespace tlfs::storage
