// The program `tlfs`: one command line over everything that can be done to schemas, documents and nodes without writing
// code.
//
// Exit codes are those of exit_code.h.
#include <CLI/CLI.hpp>
#include <iostream>
#include <stdexcept>

#include "bridges/cli/completion_command.h"
#include "bridges/cli/doc_commands.h"
#include "bridges/cli/exit_code.h"
#include "bridges/cli/grant_commands.h"
#include "bridges/cli/invitation_commands.h"
#include "bridges/cli/json_command.h"
#include "bridges/cli/key_commands.h"
#include "bridges/cli/network_commands.h"
#include "bridges/cli/node_commands.h"
#include "bridges/cli/people_commands.h"
#include "bridges/cli/policy_commands.h"
#include "bridges/cli/presence_command.h"
#include "bridges/cli/replay_command.h"
#include "bridges/cli/schema_commands.h"
#include "bridges/cli/store_commands.h"
#include "bridges/cli/watch_command.h"

int main(int argc, char** argv) {
  using namespace tlfs::cli;
  CLI::App app("TLFS: local-first documents from the command line.", "tlfs");
  app.set_version_flag("--version", "tlfs " TLFS_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 all is well, 1 the input or the data has a problem, 2 the command line is wrong, 3 access does "
      "not "
      "allow it, 4 the node or its disk cannot do it now (locked, full, silent). `tlfs COMMAND --help` says more.");

  int exit_code = kExitOk;
  const CommandContext node{add_data_options(app), exit_code};
  add_node_commands(app, node);
  add_doc_commands(app, node);
  add_watch_command(app, node);
  add_presence_command(app, node);
  add_grant_commands(app, node);
  add_people_commands(app, node);
  add_invitation_commands(app, node);
  add_network_commands(app, node);
  add_store_commands(app, node);
  add_schema_commands(app, exit_code);
  add_json_command(app, exit_code);
  add_key_commands(app, exit_code);
  add_policy_commands(app, exit_code);
  add_replay_command(app, exit_code);
  add_completion_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  } catch (const std::runtime_error& error) {  // what the system refuses where nothing can be done without it
    std::cerr << "tlfs cannot run here now: " << error.what() << "\n";
    return kExitUnavailable;
  }
  return exit_code;
}
