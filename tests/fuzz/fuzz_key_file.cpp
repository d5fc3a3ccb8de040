// Any bytes as a key file: refused with a reason, or something that says printable things of itself and asks for no
// more work than the limits allow. Opening refuses it, or gives the key that it names.
#include <cstdint>

#include "runtime/access/key_file.h"
#include "runtime/base/check.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  using namespace tlfs::access;
  constexpr std::uint64_t kQuickKib = 64;
  const ByteView bytes(data, size);
  const auto info = read_key_file(bytes);
  if (!info) {
    TLFS_CHECK(!info.error().message().empty(), "an error without a message");
    return 0;
  }
  TLFS_CHECK(info->label.size() <= kMaxLabelBytes, "a label beyond its limit");
  for (const char c : info->label) TLFS_CHECK(static_cast<unsigned char>(c) >= 0x20, "a label that moves the cursor");
  const std::uint64_t work = std::uint64_t{info->cost.passes} * info->cost.memory_kib;
  TLFS_CHECK(work <= kMaxPasswordWorkKib, "a passphrase beyond its limit");
  SeededRandom random(2);  // the unlock key of the corpus
  const auto by_key = unlock_key(bytes, UnlockKey{crypto::Secret::generate(random)});
  if (by_key) TLFS_CHECK(by_key->public_key() == info->public_key, "another key than the file names");
  if (info->lock == KeyFileInfo::Lock::passphrase && work <= kQuickKib) {
    const auto by_passphrase = unlock_key(bytes, Passphrase("tea at four"));
    if (by_passphrase) TLFS_CHECK(by_passphrase->public_key() == info->public_key, "another key than the file names");
  }
  return 0;
}
