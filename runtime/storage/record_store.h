// Makes a Store of an Engine: frames, counts, batch numbers, quarantine.
#pragma once

#include <memory>

#include "runtime/storage/engine.h"

namespace tlfs::storage {

inline constexpr std::uint64_t kFormat = 1;  // of a store; written when it begins

enum class Opening : std::uint8_t {
  normal,  // a store that lacks its format or batch number is refused as corrupt
  repair,  // they are made anew
};

// Errors: corrupt, too_new, and those of the engine.
Result<std::unique_ptr<Store>> open_record_store(std::unique_ptr<Engine> engine, Opening opening);

}  // namespace tlfs::storage
