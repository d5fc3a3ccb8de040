// Text that somebody else chose and that people are shown.
#include "runtime/invitation/display_text.h"

#include <catch2/catch.hpp>

#include "runtime/invitation/base64url.h"

using namespace tlfs;
using namespace tlfs::invitation;

TEST_CASE("Names in any script may be shown") {
  for (const char* text : {"", "Anna's phone", "Einkäufe", "買い物", "رسالة", "🛒 list", "a\u200db"})
    CHECK(is_display_text(text));
}

TEST_CASE("What moves a cursor, breaks a line or turns the direction of writing may not") {
  for (const char* text : {"\x1b[2J", "a\nb", "\x7f", "\u009b1m", "\u2028", "\u2029", "\u202eexe", "\u202a", "\u2066",
                           "\u2069", "\u200f", "\u061c", "\U000e0041", "\xff", "\xc3", "\xed\xa0\x80"})
    CHECK_FALSE(is_display_text(text));
}

TEST_CASE("Base64 for links is strict, and gives back what went in") {
  for (std::size_t n = 0; n < 40; ++n) {
    Bytes bytes(n);
    for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(255 - 7 * i);
    const std::string text = to_base64url(bytes);
    CHECK(text.find_first_of("+/=") == std::string::npos);
    CHECK(from_base64url(text) == bytes);
  }
  CHECK(to_base64url(Bytes{0xfb, 0xff}) == "-_8");
  for (const char* text : {"+/8", "-_8=", "-_9", "a", "a b", "-_8\n"}) CHECK_FALSE(from_base64url(text));
}
