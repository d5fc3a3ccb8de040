#include "runtime/invitation/base64url.h"

namespace tlfs::invitation {

std::string to_base64url(ByteView bytes) {
  std::string text = to_base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::optional<Bytes> from_base64url(std::string_view text) {
  std::string padded;
  padded.reserve(text.size() + 3);
  for (const char c : text) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    padded.push_back(c == '-' ? '+' : c == '_' ? '/' : c);
  }
  while (padded.size() % 4 != 0) padded.push_back('=');
  return from_base64(padded);
}

}  // namespace tlfs::invitation
