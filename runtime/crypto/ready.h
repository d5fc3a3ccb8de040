// For the sources of this folder alone: libsodium has to be set up once before it is used.
#pragma once

namespace tlfs::crypto {

// Sets libsodium up at the first call. Thread-safe.
void ensure_ready();

}  // namespace tlfs::crypto
