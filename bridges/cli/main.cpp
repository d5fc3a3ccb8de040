// The program `tlfs`: one command line over everything that can be done to schemas and documents without writing code.
//
// Exit codes: 0 all is well; 1 the input or the data has a problem, which stands on stderr; 2 the command line is
// wrong.
#include <CLI/CLI.hpp>

#include "bridges/cli/json_command.h"
#include "bridges/cli/key_commands.h"
#include "bridges/cli/policy_commands.h"
#include "bridges/cli/replay_command.h"
#include "bridges/cli/schema_commands.h"
#include "bridges/cli/store_commands.h"

int main(int argc, char** argv) {
  constexpr int kUsage = 2;
  CLI::App app("TLFS: local-first documents from the command line.", "tlfs");
  app.set_version_flag("--version", "tlfs " TLFS_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 all is well, 1 the input or the data has a problem, 2 the command line is wrong.");

  int exit_code = 0;
  tlfs::cli::add_schema_commands(app, exit_code);
  tlfs::cli::add_json_command(app, exit_code);
  tlfs::cli::add_key_commands(app, exit_code);
  tlfs::cli::add_policy_commands(app, exit_code);
  tlfs::cli::add_replay_command(app, exit_code);
  tlfs::cli::add_store_commands(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return exit_code;
}
