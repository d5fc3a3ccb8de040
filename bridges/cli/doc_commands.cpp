#include "bridges/cli/doc_commands.h"

#include <iostream>

#include "bridges/cli/input.h"
#include "bridges/cli/json_command.h"
#include "bridges/cli/schema_files.h"

namespace tlfs::cli {
namespace {

using document::Data;
using RequestRoot = messages::control::ControlRequest::Builder;

constexpr const char* kDocHelp = "its name, its id, or the first digits of that";
constexpr std::size_t kShownDigits = 16;  // of a change's hash; enough to name it
constexpr std::size_t kShownDevice = 8;

struct Options {
  std::string document, path, json_text, schema, package, version, name, principal, level;
  std::uint32_t limit = 1000;
  bool json = false;
  bool pretty = false;
};
using Shared = std::shared_ptr<Options>;

void fill_place(const Options& o, messages::control::Place::Builder out) {
  out.setDocument(o.document);
  out.setPath(o.path);
}

// What the argument says, or standard input for "-".
Result<std::string> input_of(const std::string& argument, const char* what) {
  if (argument != "-") return argument;
  const Result<Bytes> bytes = read_stream(std::cin, "standard input", kMaxJsonInput);
  if (!bytes) return bytes.error();
  const std::string text(as_text(*bytes));
  // Here already, with the line, instead of at the node.
  if (const auto data = document::parse_json(text); !data)
    return data.error().within("standard input is no " + std::string(what));
  return text;
}

// ---- what is printed ----

int print_json(const Data& data) {
  std::cout << document::to_json(data) << "\n";
  return kExitOk;
}

int print_done(const Options& o) {
  return o.json ? print_json(Data(Data::Object{{"ok", Data(Value(true))}})) : static_cast<int>(kExitOk);
}

int print_documents(const Options& o, capnp::List<messages::control::DocumentLine>::Reader documents) {
  Data::Array out;
  for (const auto d : documents) {
    if (!o.json) {
      std::cout << hex_of(d.getId()) << "  " << from_text(d.getPackage()) << " " << from_text(d.getVersion()) << "  "
                << from_text(d.getName()) << "\n";
      continue;
    }
    out.push_back(Data(Data::Object{{"id", text_data(hex_of(d.getId()))},
                                    {"name", text_data(from_text(d.getName()))},
                                    {"package", text_data(from_text(d.getPackage()))},
                                    {"version", text_data(from_text(d.getVersion()))},
                                    {"created_ms", Data(Value(d.getCreatedMs()))}}));
  }
  return o.json ? print_json(Data(std::move(out))) : static_cast<int>(kExitOk);
}

int print_committed(const Options& o, messages::control::WriteDone::Reader done) {
  if (!o.json) return kExitOk;
  const auto patch = document::parse_json(from_text(done.getPatch()));
  return print_json(Data(
      Data::Object{{"revision", number_data(done.getRevision())}, {"patch", patch ? *patch : Data(Data::Array())}}));
}

int print_value(const Options& o, capnp::Text::Reader value) {
  if (!o.pretty) {
    std::cout << from_text(value) << "\n";
    return kExitOk;
  }
  const auto data = document::parse_json(from_text(value));
  std::cout << (data ? document::to_json(*data, true) : from_text(value)) << "\n";
  return kExitOk;
}

int print_history(const Options& o, capnp::List<messages::control::ChangeLine>::Reader changes) {
  Data::Array out;
  for (const auto c : changes) {
    if (!o.json) {
      std::cout << hex_of(c.getHash()).substr(0, kShownDigits) << "  "
                << (c.getTimed() ? time_text(c.getTimeMs()) : std::string("-")) << "  device "
                << hex_of(c.getDevice()).substr(0, kShownDevice) << "  " << c.getOperations() << " operations"
                << (c.getLabel().size() > 0 ? "  " + from_text(c.getLabel()) : "") << "\n";
      continue;
    }
    Data::Array parents;
    for (const auto p : c.getParents()) parents.push_back(text_data(hex_of(p)));
    out.push_back(Data(Data::Object{{"hash", text_data(hex_of(c.getHash()))},
                                    {"device", text_data(hex_of(c.getDevice()))},
                                    {"incarnation", number_data(c.getIncarnation())},
                                    {"seq", number_data(c.getSeq())},
                                    {"operations", number_data(c.getOperations())},
                                    {"time_ms", c.getTimed() ? Data(Value(c.getTimeMs())) : Data()},
                                    {"label", text_data(from_text(c.getLabel()))},
                                    {"parents", Data(std::move(parents))}}));
  }
  return o.json ? print_json(Data(std::move(out))) : static_cast<int>(kExitOk);
}

Data list_of(capnp::List<capnp::Text>::Reader texts) {
  Data::Array out;
  for (const auto t : texts) out.push_back(text_data(from_text(t)));
  return Data(std::move(out));
}

int print_status(const Options& o, messages::control::StatusLine::Reader s) {
  if (o.json)
    return print_json(
        Data(Data::Object{{"id", text_data(hex_of(s.getId()))},
                          {"revision", number_data(s.getRevision())},
                          {"durable", number_data(s.getDurable())},
                          {"disk_error", s.getDiskError().size() > 0 ? text_data(from_text(s.getDiskError())) : Data()},
                          {"changes", number_data(s.getChanges())},
                          {"waiting", number_data(s.getWaiting())},
                          {"unreadable", number_data(s.getUnreadable())},
                          {"subscriptions", number_data(s.getSubscriptions())},
                          {"withheld", list_of(s.getWithheld())},
                          {"lost", list_of(s.getLost())}}));
  std::cout << "id             " << hex_of(s.getId()) << "\n"
            << "revision       " << s.getRevision() << "\n"
            << "on the disk    " << s.getDurable() << "\n";
  if (s.getDiskError().size() > 0) std::cout << "the disk says  " << from_text(s.getDiskError()) << "\n";
  std::cout << "changes        " << s.getChanges() << "\n"
            << "waiting        " << s.getWaiting() << "\n"
            << "unreadable     " << s.getUnreadable() << "\n"
            << "subscriptions  " << s.getSubscriptions() << "\n";
  for (const auto t : s.getWithheld()) std::cout << "withheld       " << from_text(t) << "\n";
  for (const auto t : s.getLost()) std::cout << "lost           " << from_text(t) << "\n";
  return kExitOk;
}

// ---- the verbs ----

int create(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [&](RequestRoot request) -> Status {
        const auto package = load_schema(o.schema, o.package);
        if (!package) return package.error();
        auto out = request.initCreate();
        const ByteView bytes = (*package)->encoded();
        out.setPackage({bytes.data(), bytes.size()});
        out.setVersion(o.version);
        out.setName(o.name);
        return {};
      },
      [&](ReplyReader reply) {
        const std::string id = hex_of(reply.getCreated());
        if (o.json) return print_json(Data(Data::Object{{"id", text_data(id)}}));
        std::cout << id << "\n";
        return static_cast<int>(kExitOk);
      },
      {});
}

int list(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json, [](RequestRoot request) { return request.setListDocuments(), Status(); },
      [&](ReplyReader reply) { return print_documents(o, reply.getDocuments()); },
      [&](const Error&) { return finished(print_documents(o, {})); });
}

int get(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [&](RequestRoot request) -> Status {
        auto out = request.initGet();
        fill_place(o, out.initPlace());
        std::vector<std::string> hashes;
        for (std::size_t at = 0; !o.version.empty() && at <= o.version.size();) {
          const std::size_t comma = std::min(o.version.find(',', at), o.version.size());
          hashes.push_back(o.version.substr(at, comma - at));
          at = comma + 1;
        }
        auto version = out.initVersion(static_cast<unsigned>(hashes.size()));
        for (unsigned i = 0; i < version.size(); ++i) version.set(i, hashes[i]);
        return {};
      },
      [&](ReplyReader reply) { return print_value(o, reply.getValue()); });
}

int set(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [&](RequestRoot request) -> Status {
        const Result<std::string> json = input_of(o.json_text, "JSON");
        if (!json) return json.error();
        auto out = request.initSet();
        fill_place(o, out.initPlace());
        out.setJson(*json);
        return {};
      },
      [&](ReplyReader reply) { return print_committed(o, reply.getCommitted()); });
}

int patch(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [&](RequestRoot request) -> Status {
        const Result<std::string> json = input_of("-", "JSON patch");
        if (!json) return json.error();
        auto out = request.initPatch();
        out.setDocument(o.document);
        out.setJson(*json);
        return {};
      },
      [&](ReplyReader reply) { return print_committed(o, reply.getCommitted()); });
}

int remove(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json, [&](RequestRoot request) { return fill_place(o, request.initRemove()), Status(); },
      [&](ReplyReader reply) { return print_committed(o, reply.getCommitted()); });
}

int history(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [&](RequestRoot request) {
        auto out = request.initHistory();
        out.setDocument(o.document);
        out.setLimit(o.limit);
        return Status();
      },
      [&](ReplyReader reply) { return print_history(o, reply.getHistory()); });
}

int forget(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json, [&](RequestRoot request) { return request.setDeleteDocument(o.document), Status(); },
      [&](ReplyReader) { return print_done(o); });
}

int status(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json, [&](RequestRoot request) { return request.setStatus(o.document), Status(); },
      [&](ReplyReader reply) { return print_status(o, reply.getStatus()); });
}

int explain(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [&](RequestRoot request) {
        auto out = request.initExplain();
        fill_place(o, out.initPlace());
        out.setPrincipal(o.principal);
        out.setLevel(o.level);
        return Status();
      },
      [&](ReplyReader reply) {
        const auto e = reply.getExplained();
        if (o.json)
          return print_json(Data(Data::Object{{"allowed", Data(Value(e.getAllowed()))},
                                              {"level", text_data(from_text(e.getLevel()))},
                                              {"sentence", text_data(from_text(e.getSentence()))}}));
        std::cout << from_text(e.getSentence()) << "\n";
        return static_cast<int>(kExitOk);
      });
}

int access(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json, [&](RequestRoot request) { return fill_place(o, request.initListHolders()), Status(); },
      [&](ReplyReader reply) {
        Data::Array lines;
        for (const auto holder : reply.getHolders()) {
          const std::string who = from_text(holder.getPrincipal()), level = from_text(holder.getLevel());
          if (!o.json) std::cout << who << "  " << level << "\n";
          lines.emplace_back(Data::Object{{"principal", text_data(who)}, {"level", text_data(level)}});
        }
        return o.json ? print_json(Data(std::move(lines))) : static_cast<int>(kExitOk);
      });
}

}  // namespace

void add_doc_commands(CLI::App& app, const CommandContext& context) {
  CLI::App* group = app.add_subcommand("doc", "Create, read and edit documents.");
  group->require_subcommand(1);
  group->fallthrough();
  const Shared o = std::make_shared<Options>();  // lives as long as the callbacks that hold it
  const auto verb = [&](const NodeVerb& v, int (*run)(const CommandContext&, const Options&)) {
    return add_node_verb(*group, context, v, o->json, [context, o, run] { return run(context, *o); });
  };
  const auto document = [&](CLI::App* sub) { sub->add_option("DOC", o->document, kDocHelp)->required(); };
  const auto path = [&](CLI::App* sub, bool required = false) {
    sub->add_option("PATH", o->path, "a place, as .tasks[0].title or .people[\"ada\"]; the whole when not given")
        ->required(required);
  };

  CLI::App* sub =
      verb({"create", "Make a new document and print its id.", "tlfs doc create --schema todo.tlfs --name groceries"},
           create);
  sub->add_option("--schema", o->schema, "a .tlfs text or a compiled package file")->required()->type_name("FILE");
  sub->add_option("--package", o->package, "which schema, when the file holds several")->type_name("NAME");
  sub->add_option("--version", o->version, "the version that paths speak; the last one when not given");
  sub->add_option("--name", o->name, "what the document is called on this device");

  verb({"list", "Print the documents: id, schema, version, name.", "tlfs doc list --json"}, list);

  sub = verb({"get", "Print a document's value, or a part of it, as JSON.", "tlfs doc get groceries .tasks[0].title"},
             get);
  document(sub);
  path(sub);
  sub->add_flag("--pretty", o->pretty, "with indentation");

  sub = verb({"set", "Make a place equal to a JSON value; fields of a struct that it does not name stay.",
              "tlfs doc set groceries .tasks[0] '{\"title\":\"oat milk\"}'"},
             set);
  document(sub);
  path(sub, true);
  sub->add_option("JSON", o->json_text, "the value; - for standard input; a negative number after --")->required();

  sub = verb({"patch", "Apply a JSON patch (RFC 6902) from standard input.",
              "echo '[{\"op\":\"move\",\"from\":\"/tasks/2\",\"path\":\"/tasks/0\"}]' | tlfs doc patch groceries",
              "All of it or nothing, as one transaction. A move inside an array moves the element, with what others do "
              "to it meanwhile; any other move copies and removes."},
             patch);
  document(sub);

  sub = verb({"remove", "Remove a table's key or an array's element, or empty any other place.",
              "tlfs doc remove groceries .tasks[0]"},
             remove);
  document(sub);
  path(sub, true);

  sub = verb({"history", "Print the changes, the latest first.", "tlfs doc history groceries --limit 10"}, history);
  document(sub);
  sub->add_option("--limit", o->limit, "how many")->capture_default_str()->check(CLI::Range(1u, 1u << 20));

  sub = verb({"at", "Print the value as it was at an earlier version.", "tlfs doc at groceries 9f31c0aa .tasks"}, get);
  document(sub);
  sub->add_option("VERSION", o->version, "hashes of changes, or their first digits, with commas between them")
      ->required();
  path(sub);
  sub->add_flag("--pretty", o->pretty, "with indentation");

  sub = verb(
      {"delete", "Forget a document on this device; what others hold stays with them.", "tlfs doc delete groceries"},
      forget);
  document(sub);

  sub = verb({"status", "Say how it stands with a document: what is on the disk, what waits, what is withheld or lost.",
              "tlfs doc status groceries"},
             status);
  document(sub);

  sub = verb({"access", "List who may do what in a document, or in a part of it.", "tlfs doc access groceries .tasks"},
             access);
  document(sub);
  path(sub);

  sub = verb({"explain", "Say why somebody may do something in a document, or what is missing.",
              "tlfs doc explain groceries anyone read .tasks"},
             explain);
  document(sub);
  sub->add_option("PRINCIPAL", o->principal, "anyone, device:HEX or user:HEX")->required();
  sub->add_option("LEVEL", o->level, "sync, read, write, control or own")->required();
  path(sub);
}

}  // namespace tlfs::cli
