#include "runtime/noise/pattern.h"

#include <algorithm>

namespace tlfs::noise {
namespace {

constexpr std::string_view kPrefix = "Noise_";
constexpr std::string_view kSuite = "_25519_ChaChaPoly_BLAKE2b";

Error unknown(std::string_view name) {
  return Error(Errc::unknown_protocol, "no handshake pattern \"" + std::string(name) + "\"");
}

std::vector<Pattern> base_patterns() {
  using enum Token;
  return {
      {"N", true, {{e, es}}},
      {"X", true, {{e, es, s, ss}}},
      {"NN", false, {{e}, {e, ee}}},
      {"XX", false, {{e}, {e, ee, s, es}, {s, se}}},
      {"IK", true, {{e, es, s, ss}, {e, ee, se}}},
  };
}

// psk0 stands at the beginning of the first message, pskN at the end of message N (section 9.4).
bool add_psk(Pattern& pattern, std::string_view modifier) {
  constexpr std::string_view kPsk = "psk";
  if (!modifier.starts_with(kPsk) || modifier.size() != kPsk.size() + 1) return false;
  const char digit = modifier.back();
  if (digit < '0' || digit > '9') return false;
  const auto place = static_cast<std::size_t>(digit - '0');
  if (place > pattern.messages.size()) return false;
  if (place == 0) {
    auto& first = pattern.messages.front();
    if (first.front() == Token::psk) return false;
    first.insert(first.begin(), Token::psk);
    return true;
  }
  auto& message = pattern.messages[place - 1];
  if (message.back() == Token::psk) return false;
  message.push_back(Token::psk);
  return true;
}

}  // namespace

std::size_t Pattern::psks() const {
  std::size_t count = 0;
  for (const auto& message : messages)
    count += static_cast<std::size_t>(std::count(message.begin(), message.end(), Token::psk));
  return count;
}

Result<Pattern> parse_pattern(std::string_view name) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto end_of_base = static_cast<std::size_t>(std::find_if_not(name.begin(), name.end(), upper) - name.begin());
  for (Pattern& pattern : base_patterns()) {
    if (pattern.name != name.substr(0, end_of_base)) continue;
    std::string_view modifiers = name.substr(end_of_base);
    while (!modifiers.empty()) {
      const std::size_t plus = modifiers.find('+');
      if (!add_psk(pattern, modifiers.substr(0, plus))) return unknown(name);
      if (plus == modifiers.size() - 1) return unknown(name);
      modifiers = plus == std::string_view::npos ? "" : modifiers.substr(plus + 1);
    }
    pattern.name = name;
    return pattern;
  }
  return unknown(name);
}

std::string protocol_name(const Pattern& pattern) { return std::string(kPrefix) + pattern.name + std::string(kSuite); }

Result<Pattern> parse_protocol_name(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuite) || name.size() < kPrefix.size() + kSuite.size())
    return unknown(name);
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuite.size());
  return parse_pattern(name);
}

}  // namespace tlfs::noise
