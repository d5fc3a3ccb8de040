// Any text as an invitation's link: refused with a reason, or what makes the very same link again. The same bytes as
// the body of a link whose checksum is right, and as a record of the book.
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/base/varint.h"
#include "runtime/invitation/base64url.h"
#include "runtime/invitation/invitation_book.h"

namespace {

using namespace tlfs;
using namespace tlfs::invitation;

void decode(std::string_view link) {
  const auto out = decode_link(link, std::chrono::milliseconds(0));
  if (!out) {
    TLFS_CHECK(!out.error().message().empty(), "an error without a message");
    return;
  }
  const auto again = encode_link(*out);
  TLFS_CHECK(again.ok() && *again == link, "what is accepted is encoded otherwise");
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  decode(as_text(bytes));
  ByteWriter whole;
  whole.bytes(bytes);
  whole.raw(ByteView(crypto::hash("tlfs invitation link", {bytes})).first(4));
  decode("tlfs:1." + to_base64url(whole.view()));

  InvitationBook book;
  const auto id = book.restore(bytes);
  if (id) TLFS_CHECK(as_text(book.record(*id)) == as_text(bytes), "a record that is accepted is written otherwise");
  return 0;
}
