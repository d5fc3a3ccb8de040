#include "tests/bridges/cli/reference_replay.h"

namespace tlfs::cli {

std::u32string code_points(std::string_view utf8) {
  std::u32string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t c = width == 1 ? lead : lead & (0x7f >> width);
    for (std::size_t k = 1; k < width; ++k) c = (c << 6) | (static_cast<unsigned char>(utf8[i + k]) & 0x3f);
    out.push_back(c);
    i += width;
  }
  return out;
}

ReplayOutcome reference_replay(const Trace& trace) {
  ReplayOutcome outcome{code_points(trace.start_content), std::nullopt};
  std::u32string& text = outcome.text;
  for (std::size_t i = 0; i < trace.transactions.size(); ++i) {
    for (const TracePatch& patch : trace.patches_of(trace.transactions[i])) {
      if (patch.position > text.size() || patch.deleted > text.size() - patch.position) {
        outcome.out_of_range = i;
        return outcome;
      }
      text.replace(patch.position, patch.deleted, code_points(patch.inserted));
    }
  }
  return outcome;
}

}  // namespace tlfs::cli
