// tlfs_demo [SESSION.json.gz]: two people, two processes, one document.
//
// Each process is a node with a directory of its own. One makes a document and gives out an invitation; the other
// brings it. Then both write at once: one types a recorded editing session, keystroke by keystroke, the other keeps a
// list of things to do, and is killed in the middle and started again. At the end both hold the same value, the paper
// reads as the recording says, and so do two subscribers that saw nothing but patches. Exits with 1 if not.
#include <stdlib.h>

#include <csignal>
#include <filesystem>
#include <iostream>

#include "bridges/cli/demo_process.h"
#include "bridges/cli/demo_roles.h"
#include "bridges/cli/demo_session.h"
#include "bridges/cli/figures.h"
#include "bridges/cli/progress.h"

namespace tlfs::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kGlance{20};
constexpr std::chrono::seconds kPatience{120};

struct Directories {
  Directories() {
    std::string name = (std::filesystem::temp_directory_path() / "tlfs_demo_XXXXXX").string();
    path = ::mkdtemp(name.data()) != nullptr ? name : "";
  }
  ~Directories() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
  Directories(const Directories&) = delete;
  Directories& operator=(const Directories&) = delete;
  std::string path;
};

// Ends the demo; the message says which process complains of what.
struct Trouble {
  std::string what;
};

// One of the two, whatever process it is now.
struct Role {
  std::string name;
  std::vector<std::string> arguments;
  std::unique_ptr<DemoProcess> process;
  std::uint64_t written = 0;  // acknowledged
  bool finished = false;

  void start() {
    auto started = DemoProcess::start(arguments);
    if (!started) throw Trouble{name + ": " + started.error().message()};
    process = std::move(*started);
  }
  // The rest of the next line that begins with `word`; other lines are taken in on the way.
  std::string wait_for(const std::string& word) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
      std::string line;
      const auto heard = process->hear(line, milliseconds(100));
      if (heard == DemoProcess::Heard::end) throw Trouble{name + " has ended before it said '" + word + "'"};
      if (heard == DemoProcess::Heard::nothing) continue;
      if (line == word) return {};
      if (line.starts_with(word + " ")) return line.substr(word.size() + 1);
      take(line);
    }
    throw Trouble{name + " does not say '" + word + "'"};
  }
  void glance() {
    std::string line;
    for (auto heard = process->hear(line, kGlance); heard != DemoProcess::Heard::nothing;
         heard = process->hear(line, milliseconds(0))) {
      if (heard == DemoProcess::Heard::end) throw Trouble{name + " has ended"};
      take(line);
    }
  }
  void take(const std::string& line) {
    if (line.starts_with("failed ")) throw Trouble{name + ": " + line.substr(7)};
    finished = finished || line.starts_with("finished ");
    if (line.starts_with("wrote ") || line.starts_with("finished "))
      written = std::stoull(line.substr(line.find(' ') + 1));
  }
  std::string ask(const std::string& what) {
    process->say(what);
    return wait_for(what);
  }
};

int run(const std::string& path) {
  const Result<DemoSession> session = demo_session(path);
  if (!session) {
    std::cerr << "tlfs_demo: " << session.error().message() << '\n';
    return 2;
  }
  const SystemClock clock;
  const Directories directories;
  if (directories.path.empty()) throw Trouble{"no directory can be made for the two nodes"};
  std::cout << "Two processes, each a node with a directory of its own; one document, both write at once.\n"
            << (session->recorded ? "The typing is " + session->name + ".\n"
                                  : "No recorded session in ../shared/traces: the typing is made up.\n");

  Role typist{"the typist", {"--typist", directories.path + "/typist"}, nullptr};
  if (!path.empty()) typist.arguments.push_back(path);
  Role lister{"the lister", {"--lister", directories.path + "/lister"}, nullptr};
  typist.start();
  lister.start();
  const std::string link = typist.wait_for("link");
  lister.wait_for("ready");
  std::cout << "The typist gives out an invitation (" << link.size() << " characters), the lister brings it.\n";
  const auto invited = clock.monotonic();
  lister.process->say("join " + link);
  lister.wait_for("joined");
  std::cout << "The document is on both after " << format_duration(clock.monotonic() - invited) << ".\n";

  const auto began = clock.monotonic();
  std::uint64_t kept = 0;
  {
    Progress progress(std::cout, is_terminal(1), clock);
    const auto paper = progress.add("paper", session->trace.transactions.size(), "keystrokes");
    const auto todos = progress.add("things to do", kDemoTodos, "entries");
    typist.process->say("go");
    lister.process->say("go");
    bool killed = false;
    while (!typist.finished || !lister.finished) {
      if (clock.monotonic() - began > kPatience) throw Trouble{"the two do not come to an end"};
      typist.glance();
      lister.glance();
      progress.set(paper, std::min<std::uint64_t>(typist.written, session->trace.transactions.size()));
      progress.set(todos, lister.written);
      if (killed || lister.written < kDemoTodos / 2) continue;
      killed = true;
      lister.process->kill();
      const std::uint64_t acknowledged = lister.written;
      lister.finished = false;
      lister.start();
      lister.wait_for("joined");
      lister.process->say("go");
      kept = std::stoull(lister.wait_for("wrote"));
      lister.written = kept;
      progress.say("  the lister is killed at entry " + std::to_string(acknowledged) +
                   " or later, and started again with " + std::to_string(kept));
      if (kept < acknowledged) throw Trouble{"acknowledged entries are gone"};
    }
    progress.finish();
  }
  const auto wrote = clock.monotonic();

  std::string here, there;
  const auto until = wrote + std::chrono::nanoseconds(kPatience);
  for (;;) {
    here = typist.ask("value");
    there = lister.ask("value");
    if (here.substr(0, here.rfind(' ')) == there.substr(0, there.rfind(' '))) break;
    if (clock.monotonic() > until) throw Trouble{"the two differ: " + here + " and " + there};
  }
  const auto equal = clock.monotonic();
  if (!here.ends_with(" yes")) throw Trouble{"the paper does not read as the session says"};
  for (Role* role : {&typist, &lister})
    if (const std::string screen = role->ask("screen"); screen != "ok")
      throw Trouble{role->name + "'s screen: " + screen};
  for (Role* role : {&typist, &lister}) {
    role->process->say("end");
    if (!role->process->finish(kPatience)) throw Trouble{role->name + " does not end well"};
  }
  const std::uint64_t writes = typist.written + kDemoTodos;
  std::cout << "writes     " << format_count(writes) << " acknowledged, each its own durable transaction, in "
            << format_duration(wrote - began) << ": " << format_rate(writes, wrote - began) << '\n'
            << "equal      " << format_duration(equal - wrote) << " after the last of them\n"
            << "typist     " << here.substr(0, 16) << "\nlister     " << there.substr(0, 16) << '\n'
            << "crashes    1 process killed, nothing lost\n"
            << "Both processes and both screens hold the same value.\n";
  return 0;
}

}  // namespace
}  // namespace tlfs::cli

int main(int argc, char** argv) {
  using namespace tlfs::cli;
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() >= 2 && words[0] == "--typist") return demo_typist(words[1], words.size() > 2 ? words[2] : "");
  if (words.size() == 2 && words[0] == "--lister") return demo_lister(words[1]);
  if (words.size() > 1) {
    std::cerr << "usage: tlfs_demo [SESSION.json.gz]\n";
    return 2;
  }
  try {
    return run(words.empty() ? "" : words[0]);
  } catch (const Trouble& trouble) {
    std::cout.flush();
    std::cerr << "tlfs_demo: " << trouble.what << '\n';
    return 1;
  }
}
