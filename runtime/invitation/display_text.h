// Text that somebody else chose and that people are shown.
#pragma once

#include <string_view>

namespace tlfs::invitation {

// UTF-8 that neither moves a terminal's cursor nor turns the direction of what stands around it: no control characters
// (C0, DEL, C1), no line or paragraph separators, no bidirectional marks, embeddings, overrides or isolates, no tags.
bool is_display_text(std::string_view text);

}  // namespace tlfs::invitation
