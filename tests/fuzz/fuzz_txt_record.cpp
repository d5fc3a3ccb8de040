// Any strings as what a node says of itself on the network: refused with a reason, or read into what is written the
// same again. The first byte of each string is its length, as in a TXT record.
#include <algorithm>
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/invitation/announcement.h"
#include "runtime/invitation/display_text.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  using namespace tlfs::invitation;
  std::vector<std::string> txt;
  for (std::size_t at = 0; at < size;) {
    const std::size_t length = std::min<std::size_t>(data[at], size - at - 1);
    txt.emplace_back(reinterpret_cast<const char*>(data) + at + 1, length);
    at += 1 + length;
  }
  const auto presence = read_txt(txt);
  if (!presence) {
    TLFS_CHECK(presence.error().is(Errc::bad_announcement) && !presence.error().message().empty(),
               "no reason is given");
    return 0;
  }
  if (const auto* visible = std::get_if<Visible>(&*presence))
    TLFS_CHECK(visible->name.size() <= kMaxDeviceNameBytes && is_display_text(visible->name),
               "a name that cannot be shown");
  const auto written = write_txt(*presence);
  TLFS_CHECK(written.ok(), "what was read cannot be written");
  const auto again = read_txt(*written);
  TLFS_CHECK(again.ok() && *again == *presence, "what is written is read otherwise");
  return 0;
}
