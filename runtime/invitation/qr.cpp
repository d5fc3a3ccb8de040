#include "runtime/invitation/qr.h"

#include <qrencode.h>

#include <memory>
#include <new>

namespace tlfs::invitation {
namespace {

constexpr std::ptrdiff_t kQuiet = kQuietZone;
constexpr std::size_t kMaxText = 2'953;  // bytes in the largest code with the least redundancy

struct Free {
  void operator()(QRcode* code) const { QRcode_free(code); }
};
using Code = std::unique_ptr<QRcode, Free>;

Code encode(std::string_view text, QRecLevel level) {
  // 0: the smallest version that holds it.
  return Code(
      QRcode_encodeData(static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()), 0, level));
}

}  // namespace

bool QrCode::at(std::ptrdiff_t row, std::ptrdiff_t column) const {
  const auto side = static_cast<std::ptrdiff_t>(size);
  if (row < 0 || column < 0 || row >= side || column >= side) return false;
  return dark[static_cast<std::size_t>(row * side + column)];
}

Result<QrCode> make_qr(std::string_view text) {
  if (text.empty() || text.size() > kMaxText)
    return Error(Errc::too_large, "a QR code holds 1 to " + std::to_string(kMaxText) + " bytes, and this has " +
                                      std::to_string(text.size()));
  Code best = encode(text, QR_ECLEVEL_L);
  if (!best) throw std::bad_alloc();  // the length fits, so nothing else is left
  for (const QRecLevel level : {QR_ECLEVEL_M, QR_ECLEVEL_Q, QR_ECLEVEL_H}) {
    Code more = encode(text, level);
    if (!more || more->width > best->width) break;
    best = std::move(more);
  }
  QrCode out;
  out.size = static_cast<std::size_t>(best->width);
  out.dark.resize(out.size * out.size);
  for (std::size_t i = 0; i < out.dark.size(); ++i) out.dark[i] = (best->data[i] & 1) != 0;
  return out;
}

std::string qr_for_terminal(const QrCode& code, Background background) {
  const auto side = static_cast<std::ptrdiff_t>(code.size);
  // A character's ink is what the ground is not.
  const bool ink_is_dark = background == Background::light;
  // Below the last row nothing is to be inked: on a dark ground the last line ends with the ground's own dark.
  const auto inked = [&](std::ptrdiff_t row, std::ptrdiff_t column) {
    return row < side + kQuiet && code.at(row, column) == ink_is_dark;
  };
  std::string out;
  for (std::ptrdiff_t row = -kQuiet; row < side + kQuiet; row += 2) {
    for (std::ptrdiff_t column = -kQuiet; column < side + kQuiet; ++column) {
      const bool upper = inked(row, column), lower = inked(row + 1, column);
      out += upper ? (lower ? "\u2588" : "\u2580") : (lower ? "\u2584" : " ");
    }
    out += '\n';
  }
  return out;
}

std::string qr_as_svg(const QrCode& code) {
  const std::string whole = std::to_string(code.size + 2 * kQuietZone);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + whole + " " + whole +
                    "\" shape-rendering=\"crispEdges\"><rect width=\"" + whole + "\" height=\"" + whole +
                    "\" fill=\"#fff\"/><path fill=\"#000\" d=\"";
  for (std::size_t row = 0; row < code.size; ++row) {
    for (std::size_t column = 0; column < code.size;) {
      std::size_t end = column;
      while (end < code.size && code.dark[row * code.size + end]) ++end;
      const std::size_t run = end - column;
      if (run == 0) {
        ++column;
        continue;
      }
      const std::string n = std::to_string(run);
      out += "M" + std::to_string(column + kQuietZone) + " " + std::to_string(row + kQuietZone) + "h" + n + "v1h-" + n +
             "z";
      column = end;
    }
  }
  return out + "\"/></svg>\n";
}

}  // namespace tlfs::invitation
