// QR codes (ISO/IEC 18004), for a terminal and for a page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/invitation/errors.h"

namespace tlfs::invitation {

inline constexpr std::size_t kQuietZone = 4;  // light modules around it, as the standard asks

struct QrCode {
  std::size_t size = 0;    // modules on each side, without the quiet zone
  std::vector<bool> dark;  // size * size, row by row
  // Light outside.
  bool at(std::ptrdiff_t row, std::ptrdiff_t column) const;
};

// The smallest code that holds the bytes and can be read with 7 % of it damaged; with more redundancy where that does
// not make it larger. too_large; also for no text at all.
Result<QrCode> make_qr(std::string_view text);

// The colour of the terminal that will show it. A reader wants dark modules on a light ground.
enum class Background : std::uint8_t { dark, light };
// Lines of half blocks (U+2580, U+2584, U+2588), two rows of modules each, quiet zone included, each ending in a
// newline.
std::string qr_for_terminal(const QrCode& code, Background background = Background::dark);

// A document of its own; one unit per module, so that it scales.
std::string qr_as_svg(const QrCode& code);

}  // namespace tlfs::invitation
