#include "bridges/cli/invitation_commands.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "bridges/cli/duration.h"
#include "bridges/cli/input.h"
#include "bridges/cli/progress.h"
#include "runtime/invitation/invitation.h"
#include "runtime/invitation/invitation_book.h"
#include "runtime/invitation/qr.h"

namespace tlfs::cli {
namespace {

using document::Data;
using RequestRoot = messages::control::ControlRequest::Builder;

constexpr std::size_t kMaxLinkInput = invitation::kMaxLinkBytes + 256;  // with blanks and line ends around it

struct Options {
  std::string document, path, level = "read", expires = "7d", svg, link, invitation;
  std::uint32_t uses = 1;
  bool json = false;
};

int print_json(const Data& data) {
  std::cout << document::to_json(data) << "\n";
  return kExitOk;
}

int print_done(const Options& o) {
  return o.json ? print_json(Data(Data::Object{{"ok", Data(Value(true))}})) : static_cast<int>(kExitOk);
}

// ---- inviting ----

// For its owner alone: whoever sees the picture is invited.
Status write_private(const std::string& path, std::string_view text) {
  const auto failed = [&] {
    return Error(InputErrc::unreadable, path + " cannot be written: " + std::strerror(errno));
  };
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed();
  Status s;
  if (::fchmod(file, 0600) != 0) s = failed();
  while (s && !text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written > 0)
      text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      s = failed();
  }
  if (::close(file) != 0 && s) s = failed();
  return s;
}

// Black on white whatever the terminal's colours are, because not every reader takes the reverse.
void print_qr(const invitation::QrCode& code) {
  winsize size{};
  const std::size_t needed = code.size + 2 * invitation::kQuietZone;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_col < needed) {
    std::cerr << "The terminal is too narrow for the QR code, which takes " << needed << " columns; --svg FILE draws it"
              << " into a file.\n";
    return;
  }
  const std::string lines = invitation::qr_for_terminal(code, invitation::Background::light);
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    std::cout << "\033[30;107m" << lines.substr(at, end - at) << "\033[0m\n";
    at = end + 1;
  }
}

int print_link(const Options& o, const std::string& link) {
  const bool draw = !o.json && is_terminal(STDOUT_FILENO);
  if (o.json) {
    // It has just been made; whether it has expired meanwhile is no question here.
    const auto parts = invitation::decode_link(link, std::chrono::milliseconds(0));
    if (!parts) return complain(parts.error(), true);
    Data::Array addresses;
    for (const std::string& address : parts->addresses) addresses.push_back(text_data(address));
    print_json(Data(Data::Object{{"link", text_data(link)},
                                 {"id", text_data(to_hex(parts->id))},
                                 {"expires", Data(Value(static_cast<std::int64_t>(parts->expires.count())))},
                                 {"addresses", Data(std::move(addresses))}}));
  } else {
    std::cout << link << "\n";
  }
  std::cout.flush();
  if (!draw && o.svg.empty()) return kExitOk;
  const auto code = invitation::make_qr(link);
  if (!code) return complain(code.error(), o.json);
  if (draw) print_qr(*code);
  if (o.svg.empty()) return kExitOk;
  const Status s = write_private(o.svg, invitation::qr_as_svg(*code));
  return s ? static_cast<int>(kExitOk) : complain(s.error(), o.json);
}

int invite(const CommandContext& context, const Options& o) {
  return ask_running(
      context, o.json,
      [&](RequestRoot request) -> Status {
        const auto expires = parse_duration(o.expires);
        if (!expires) return expires.error();
        auto out = request.initInvite();
        out.initPlace().setDocument(o.document);
        out.getPlace().setPath(o.path);
        out.setLevel(o.level);
        out.setExpiresInSeconds(static_cast<std::uint32_t>(expires->count()));
        out.setUses(o.uses);
        return {};
      },
      [&](ReplyReader reply) { return print_link(o, from_text(reply.getLink())); });
}

// ---- joining ----

Result<std::string> link_of(const Options& o) {
  if (o.link != "-") return o.link;
  const Result<Bytes> input = read_stream(std::cin, "standard input", kMaxLinkInput);
  if (!input) return input.error();
  const std::string text(as_text(*input));
  constexpr const char* kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string::npos) return Error(invitation::Errc::no_link, "there is no link in standard input");
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

int join(const CommandContext& context, const Options& o) {
  return ask_running(
      context, o.json,
      [&](RequestRoot request) -> Status {
        const auto link = link_of(o);
        if (!link) return link.error();
        request.setJoin(*link);
        return {};
      },
      [&](ReplyReader reply) {
        const std::string id = hex_of(reply.getJoined());
        if (o.json) return print_json(Data(Data::Object{{"id", text_data(id)}}));
        std::cout << id << "\n";
        return static_cast<int>(kExitOk);
      });
}

// ---- what was given, and what is offered ----

int print_invitations(const Options& o, messages::control::InvitationLines::Reader lines) {
  Data::Array given, pending;
  for (const auto g : lines.getGiven()) {
    if (o.json)
      given.push_back(Data(Data::Object{{"id", text_data(hex_of(g.getId()))},
                                        {"document", text_data(hex_of(g.getDocument()))},
                                        {"name", text_data(from_text(g.getName()))},
                                        {"path", text_data(from_text(g.getPath()))},
                                        {"level", text_data(from_text(g.getLevel()))},
                                        {"state", text_data(from_text(g.getState()))},
                                        {"uses_left", number_data(g.getUsesLeft())},
                                        {"expires", Data(Value(g.getExpires()))}}));
    else
      std::cout << "given    " << hex_of(g.getId()) << "  " << from_text(g.getState()) << "  "
                << from_text(g.getLevel()) << " " << from_text(g.getPath()) << "  " << g.getUsesLeft()
                << " uses left  until " << time_text(g.getExpires() * 1000) << "  " << from_text(g.getName()) << "\n";
  }
  for (const auto p : lines.getPending()) {
    if (o.json)
      pending.push_back(Data(Data::Object{{"document", text_data(hex_of(p.getDocument()))},
                                          {"from", text_data(hex_of(p.getFrom()))},
                                          {"name", text_data(from_text(p.getName()))},
                                          {"package", text_data(from_text(p.getPackage()))}}));
    else
      std::cout << "offered  " << hex_of(p.getDocument()) << "  " << from_text(p.getPackage()) << "  from "
                << hex_of(p.getFrom()) << "  " << from_text(p.getName()) << "\n";
  }
  if (!o.json) return kExitOk;
  return print_json(Data(Data::Object{{"given", Data(std::move(given))}, {"pending", Data(std::move(pending))}}));
}

int list(const CommandContext& context, const Options& o) {
  return ask_running(
      context, o.json, [](RequestRoot request) { return request.setListInvitations(), Status(); },
      [&](ReplyReader reply) { return print_invitations(o, reply.getInvitations()); });
}

int revoke(const CommandContext& context, const Options& o) {
  return ask_running(
      context, o.json, [&](RequestRoot request) { return request.setRevokeInvitation(o.invitation), Status(); },
      [&](ReplyReader) { return print_done(o); });
}

int decide(const CommandContext& context, const Options& o, bool accept) {
  return ask_running(
      context, o.json,
      [&](RequestRoot request) {
        auto out = request.initDecideOffer();
        out.setDocument(o.document);
        out.setAccept(accept);
        return Status();
      },
      [&](ReplyReader) { return print_done(o); });
}

std::string duration_problem(const std::string& text) {
  const auto parsed = parse_duration(text);
  return parsed ? std::string() : parsed.error().message();
}

}  // namespace

void add_invitation_commands(CLI::App& app, const CommandContext& context) {
  const auto o = std::make_shared<Options>();  // lives as long as the callbacks that hold it
  CLI::App* sub = add_node_verb(
      app, context,
      {"invite", "Print a link that lets whoever brings it have a document, or a part of it.",
       "tlfs invite groceries --level write --expires 7d",
       "Whoever gets the link is invited, so send it to them alone; it carries no key to any data. On a terminal it is "
       "drawn as a QR code too. The running node must be reachable for whoever joins."},
      o->json, [context, o] { return invite(context, *o); });
  sub->add_option("DOC", o->document, "its name, its id, or the first digits of that")->required();
  sub->add_option("--level", o->level, "sync, read, write, control or own")->capture_default_str();
  sub->add_option("--at", o->path, "a place, as .tasks; the whole document when not given")->type_name("PATH");
  sub->add_option("--expires", o->expires, "how long it can be used: 30m, 12h, 7d")
      ->capture_default_str()
      ->check(CLI::Validator(duration_problem, "", "length of time"));
  sub->add_option("--uses", o->uses, "by how many devices")
      ->capture_default_str()
      ->check(CLI::Range(1u, invitation::kMaxUses));
  sub->add_option("--svg", o->svg, "draws the QR code into a file")->type_name("FILE");

  sub = add_node_verb(app, context,
                      {"join", "Use a link that somebody gave you, and print the document's id.", "tlfs join - < link",
                       "A link on the command line stays in the shell's history and is seen by other users of the "
                       "machine; from standard input it does not."},
                      o->json, [context, o] { return join(context, *o); });
  sub->add_option("LINK", o->link, "tlfs:...; - for standard input")->required();

  CLI::App* group =
      app.add_subcommand("invitations", "Print the links given out, and the documents offered by others.");
  group->fallthrough();
  group->add_flag("--json", o->json, "as data");
  group->footer("Example: tlfs invitations");
  group->callback([context, group, o] {
    if (group->get_subcommands().empty()) context.exit_code = list(context, *o);
  });
  sub = add_node_verb(
      *group, context,
      {"revoke", "Make a link useless; what was granted through it stays.", "tlfs invitations revoke 5f0a91c2"},
      o->json, [context, o] { return revoke(context, *o); });
  sub->add_option("INVITATION", o->invitation, "its id, as `tlfs invitations` shows it, or its first digits")
      ->required();

  sub = add_node_verb(app, context, {"accept", "Take a document that another device offers.", "tlfs accept groceries"},
                      o->json, [context, o] { return decide(context, *o, true); });
  sub->add_option("OFFER", o->document, "the document's name or id, as `tlfs invitations` shows it")->required();
  sub = add_node_verb(app, context,
                      {"decline", "Refuse a document that another device offers.", "tlfs decline groceries"}, o->json,
                      [context, o] { return decide(context, *o, false); });
  sub->add_option("OFFER", o->document, "the document's name or id, as `tlfs invitations` shows it")->required();
}

}  // namespace tlfs::cli
