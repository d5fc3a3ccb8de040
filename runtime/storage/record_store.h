// Makes a Store of an Engine: frames, counts, batch numbers, quarantine.
#pragma once

#include <memory>

#include "runtime/storage/engine.h"

namespace tlfs::storage {

inline constexpr std::uint64_t kFormat = 1;  // of a store; written when it begins

enum class Opening : std::uint8_t {
  normal,   // a store that lacks its format or batch number is refused as corrupt
  repair,   // they are made anew
  salvage,  // so they are, and a note in the quarantine says that what was written last may be gone
};

// The sentence of that note.
std::string salvage_note(std::uint64_t last_batch);

// Errors: corrupt, too_new, and those of the engine.
Result<std::unique_ptr<Store>> open_record_store(std::unique_ptr<Engine> engine, Opening opening);

}  // namespace tlfs::storage
