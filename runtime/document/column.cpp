#include "runtime/document/column.h"

#include <algorithm>

namespace tlfs::document {

namespace {

// A pattern is worth its token when it spares at least this many values.
constexpr std::size_t kWorthwhile = 4;

struct Repetition {
  std::size_t period = 0;  // 0: none
  std::size_t times = 0;
};

Repetition find_repetition(std::span<const std::uint64_t> values) {
  const std::size_t longest = std::min(kMaxPattern, values.size() / 2);
  for (std::size_t period = 1; period <= longest; ++period) {
    std::size_t equal = 0;
    while (period + equal < values.size() && values[equal] == values[period + equal]) ++equal;
    const std::size_t times = (period + equal) / period;
    if (times >= 2 && period * (times - 1) >= kWorthwhile) return {period, times};
  }
  return {};
}

void write_literals(Bytes& out, std::span<const std::uint64_t> values) {
  if (values.empty()) return;
  put_varint(out, static_cast<std::uint64_t>(values.size()) << 1);
  for (std::uint64_t v : values) put_varint(out, v);
}

}  // namespace

void patch_length(Bytes& out, std::size_t at) {
  const std::uint64_t size = out.size() - at - 1;
  std::uint8_t encoded[10];
  std::size_t width = 0;
  for (std::uint64_t v = size;; v >>= 7) {
    encoded[width++] = static_cast<std::uint8_t>(v < 0x80 ? v : (v | 0x80));
    if (v < 0x80) break;
  }
  out[at] = encoded[0];
  if (width > 1) out.insert(out.begin() + static_cast<std::ptrdiff_t>(at) + 1, encoded + 1, encoded + width);
}

void write_column(Bytes& out, std::span<const std::uint64_t> values) {
  if (values.size() == 1) return put_varint(out, values[0]);
  const std::size_t length_at = out.size();
  out.push_back(0);
  std::size_t literals = 0;
  std::size_t i = 0;
  while (i < values.size()) {
    const Repetition r = find_repetition(values.subspan(i));
    if (r.period == 0) {
      ++i;
      continue;
    }
    write_literals(out, values.subspan(literals, i - literals));
    put_varint(out, (static_cast<std::uint64_t>(r.times - 2) << 4) | ((r.period - 1) << 1) | 1);
    for (std::size_t k = 0; k < r.period; ++k) put_varint(out, values[i + k]);
    i += r.period * r.times;
    literals = i;
  }
  write_literals(out, values.subspan(literals));
  patch_length(out, length_at);
}

bool ColumnReader::refill() {
  const std::uint64_t token = in_.varint();
  if ((token & 1) == 0) {
    literal_ = true;
    left_ = token >> 1;
  } else {
    literal_ = false;
    period_ = static_cast<std::uint8_t>(1 + ((token >> 1) & 7));
    for (std::size_t k = 0; k < period_; ++k) pattern_[k] = in_.varint();
    at_ = 0;
    left_ = period_ * (2 + (token >> 4));
  }
  if (in_.failed() || left_ == 0) {
    left_ = 0;
    fail();
    return false;
  }
  return true;
}

}  // namespace tlfs::document
