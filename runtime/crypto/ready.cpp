#include "runtime/crypto/ready.h"

#include <sodium.h>

#include "runtime/base/check.h"

namespace tlfs::crypto {

void ensure_ready() {
  static const bool ready = sodium_init() >= 0;
  TLFS_CHECK(ready, "libsodium failed to initialise");
}

}  // namespace tlfs::crypto
