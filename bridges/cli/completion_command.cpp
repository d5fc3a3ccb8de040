#include "bridges/cli/completion_command.h"

#include <iostream>
#include <string>

#include "bridges/cli/exit_code.h"

namespace tlfs::cli {
namespace {

// `case` entries: the words of a command, its subcommands and options, and what its operands are.
void describe(const CLI::App& app, const std::string& name, std::string& out) {
  const auto subcommands = app.get_subcommands([](const CLI::App*) { return true; });
  std::string words, operands;
  for (const CLI::App* sub : subcommands) words += " " + sub->get_name();
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& longer : option->get_lnames()) words += " --" + longer;
    if (option->get_positional()) operands += " " + option->get_name(true);
  }
  out += "    '" + name + "') words='" + words.substr(words.empty() ? 0 : 1) + "' operands='" +
         operands.substr(operands.empty() ? 0 : 1) + "' ;;\n";
  for (const CLI::App* sub : subcommands)
    describe(*sub, name.empty() ? sub->get_name() : name + " " + sub->get_name(), out);
}

// clang-format off
constexpr const char* kBefore = R"sh(# Completion of tlfs for bash: source <(tlfs completion bash)
__tlfs_describe() {
  case "$1" in
)sh";

constexpr const char* kAfter = R"sh(    *) return 1 ;;
  esac
}

# Names and ids of the documents that the command line is about.
__tlfs_documents() {
  local list
  list=$("$1" "${data[@]}" doc list --json 2>/dev/null </dev/null) || return
  grep -oE '"(id|name)":"([^"\\]|\\.)+"' <<<"$list" | sed -E 's/^"(id|name)":"//; s/"$//'
}

__tlfs() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' next word words='' operands=''
  local -a data=() given=() kinds=()
  local i skip=''
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [ -n "$skip" ]; then
      if [ "$skip" = data ]; then data=(--data "${word/#\~/$HOME}"); fi
      skip=''
      continue
    fi
    case "$word" in
      --data) skip=data ;;
      --schema | --passphrase-file | --name | --package | --version | --limit | --keep | --lock | --unlock | --label | --listen | --visible | \
        --level | --at | --expires | --uses | --svg | --set) skip=value ;;
      -*) ;;
      *)
        next="${command:+$command }$word"
        if [ ${#given[@]} -eq 0 ] && __tlfs_describe "$next"; then command=$next; else given+=("$word"); fi
        ;;
    esac
  done
  __tlfs_describe "$command" || return
  COMPREPLY=()
  case "$prev" in
    --data)
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      return
      ;;
    --schema | --passphrase-file | --lock | --unlock | --out | --svg)
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
    --level)
      mapfile -t COMPREPLY < <(compgen -W 'sync read write control own' -- "$cur")
      return
      ;;
    --listen | --visible | --at | --expires | --uses | --set) return ;;
    --keep)
      mapfile -t COMPREPLY < <(compgen -W 'sync read write control' -- "$cur")
      return
      ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(tr ' ' '\n' <<<"$words --data --passphrase-file" | grep '^--')" -- "$cur")
    return
  fi
  read -ra kinds <<<"$operands"
  local kind=''
  # The last operand may stand for many.
  if [ ${#kinds[@]} -gt 0 ]; then kind=${kinds[${#given[@]}]:-${kinds[-1]}}; fi
  case "$kind" in
    DOC) mapfile -t COMPREPLY < <(compgen -W "$(__tlfs_documents "${COMP_WORDS[0]}")" -- "$cur") ;;
    LEVEL) mapfile -t COMPREPLY < <(compgen -W 'sync read write control own' -- "$cur") ;;
    PRINCIPAL) mapfile -t COMPREPLY < <(compgen -W 'anyone device: user:' -- "$cur") ;;
    SHELL) mapfile -t COMPREPLY < <(compgen -W 'bash' -- "$cur") ;;
    PATH | JSON | VERSION | ADDRESS | LINK | INVITATION | OFFER) ;;
    '') mapfile -t COMPREPLY < <(compgen -W "$(tr ' ' '\n' <<<"$words" | grep -v '^--')" -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
  esac
}
complete -F __tlfs tlfs
)sh";
// clang-format on

}  // namespace

void add_completion_command(CLI::App& app, int& exit_code) {
  CLI::App* sub = app.add_subcommand("completion", "Print a script that completes this command line in a shell.");
  const auto shell = std::make_shared<std::string>();  // lives as long as the callback that holds it
  sub->add_option("SHELL", *shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  sub->footer("Example: source <(tlfs completion bash)");
  sub->callback([shell, &app, &exit_code] {
    std::string entries;
    describe(app, "", entries);
    std::cout << kBefore << entries << kAfter;
    std::cout.flush();
    exit_code = std::cout ? kExitOk : kExitProblem;
  });
}

}  // namespace tlfs::cli
