// `tlfs invite`, `join`, `invitations`, `accept`, `decline`: how documents come from one person to another.
#pragma once

#include "bridges/cli/ask.h"

namespace tlfs::cli {

void add_invitation_commands(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
