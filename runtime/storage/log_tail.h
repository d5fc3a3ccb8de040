// Finds out whether a log file of LevelDB ends in a write that a loss of power tore.
//
// LevelDB's logs (of batches and of its own versions) are blocks of 32 KiB that hold fragments: checksum 4, length 2,
// type 1, payload; types full 1, first 2, middle 3, last 4 (leveldb doc/log_format.md). Every batch is synced before
// the next begins, so a loss of power can tear only the last record: damage with a whole record behind it is something
// else. With paranoid checks LevelDB refuses both alike; without them it skips both alike. Hence this, to cut the first
// and refuse the second.
//
// A byte that flipped in the very last record cannot be told from a torn write. The bytes that are cut are kept.
#pragma once

#include <cstddef>

#include "runtime/base/bytes.h"

namespace tlfs::storage {

enum class LogShape : std::uint8_t {
  whole,    // every record is
  torn,     // whole up to good_end, and no record begins behind that
  damaged,  // a record begins behind the damage
};
struct LogTail {
  LogShape shape = LogShape::whole;
  std::size_t good_end = 0;  // where the last whole record ends
};
LogTail inspect_log(ByteView log);

}  // namespace tlfs::storage
