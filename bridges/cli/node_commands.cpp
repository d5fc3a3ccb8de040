#include "bridges/cli/node_commands.h"

#include <chrono>
#include <iostream>

#include "bridges/cli/own_node.h"
#include "bridges/cli/stop_signal.h"
#include "bridges/control/tree_json.h"
#include "bridges/websocket/websocket_bridge.h"

namespace tlfs::cli {
namespace {

using document::Data;

constexpr std::chrono::seconds kTreeInterval{1};
constexpr std::chrono::milliseconds kSignalCheck{100};

struct Options {
  bool json = false;
  bool watch = false;
  NetworkOptions network;
  std::string visible_as;
  bool dial = false;
  websocket_bridge::WebsocketBridge::Settings bridge;
  bool has_bridge = false;
};

// Nothing when no option asks for links to others.
std::optional<NetworkOptions> network_of(const Options& o) {
  NetworkOptions out = o.network;
  if (!o.visible_as.empty()) out.visible_as = o.visible_as;
  if (out.listen.empty() && !out.discover && !out.visible_as && !o.dial) return std::nullopt;
  return out;
}

// The first line: where the node can be reached.
void print_started(const Node& node, const std::string& socket, const websocket_bridge::WebsocketBridge* bridge,
                   bool json) {
  const std::string device = to_hex(node.device());
  const std::vector<std::string> addresses = node.addresses();
  if (json) {
    Data::Array listed;
    for (const std::string& address : addresses) listed.push_back(text_data(address));
    Data::Object line{
        {"socket", text_data(socket)}, {"device", text_data(device)}, {"addresses", Data(std::move(listed))}};
    if (bridge) line.push_back({"bridge", text_data(bridge->link())});
    std::cout << document::to_json(Data(std::move(line))) << "\n";
  } else {
    std::cout << "device " << device << " listens on " << socket;
    for (const std::string& address : addresses) std::cout << " and " << address;
    std::cout << "\n";
    if (bridge) std::cout << "open " << bridge->link() << "\n";
  }
  std::cout.flush();
}

int identity(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [](messages::control::ControlRequest::Builder request) { return request.setIdentity(), Status(); },
      [&](ReplyReader reply) {
        const std::string device = hex_of(reply.getIdentity().getDevice());
        const std::string user = hex_of(reply.getIdentity().getUser());
        if (o.json)
          std::cout << document::to_json(Data(Data::Object{{"device", text_data(device)}, {"user", text_data(user)}}))
                    << "\n";
        else
          std::cout << "device  " << device << "\nuser    " << user << "\n";
        return static_cast<int>(kExitOk);
      },
      {});
}

int run(const CommandContext& context, const Options& o) {
  const StopSignal stop;
  const Result<std::string> directory = directory_of(*context.data);
  if (!directory) return complain(directory.error(), o.json);
  const Result<std::unique_ptr<Node>> node = start_node(*context.data, *directory, network_of(o));
  if (!node) return complain(node.error(), o.json);
  const auto server = serve(**node, *directory);
  if (!server) return complain(server.error(), o.json);
  std::unique_ptr<websocket_bridge::WebsocketBridge> bridge;
  if (o.has_bridge) {
    auto started = websocket_bridge::WebsocketBridge::start(**node, o.bridge);
    if (!started) return complain(started.error(), o.json);
    bridge = std::move(*started);
    if (o.bridge.beyond_this_machine)
      std::cerr << "warning: the bridge can be reached from other machines, and what it says is not encrypted: whoever "
                   "sees the link or the traffic can do everything in your name\n";
  }
  print_started(**node, socket_of(*directory), bridge.get(), o.json);
  stop.wait();
  return kExitOk;
}

Status print_tree(const Options& o, ReplyReader reply) {
  const auto data = document::parse_json(from_text(reply.getTree()));
  if (!data) return data.error();
  if (o.json)
    std::cout << document::to_json(*data) << "\n";
  else
    std::cout << control::tree_text(*data);
  if (o.watch && !o.json) std::cout << "\n";
  std::cout.flush();
  return {};
}

int tree(const CommandContext& context, const Options& o) {
  const auto fill = [](messages::control::ControlRequest::Builder request) { return request.setNodeTree(), Status(); };
  if (!o.watch)
    return ask(context, o.json, fill, [&](ReplyReader reply) {
      const Status s = print_tree(o, reply);
      return s ? static_cast<int>(kExitOk) : complain(s.error(), o.json);
    });
  const StopSignal stop;
  const Result<std::unique_ptr<Channel>> channel = Channel::open(*context.data, {.begin = false, .serve = true});
  if (!channel) return complain(channel.error(), o.json);
  while (!stop.came() && std::cout) {
    RequestBuilder request;
    (void)fill(request.root());
    const Result<control::Reply> reply = (*channel)->ask(std::move(request));
    if (!reply) return complain(reply.error(), o.json);
    if (reply->read()->isFailed()) return complain(reply->read()->getFailed(), o.json);
    if (const Status s = print_tree(o, *reply->read()); !s) return complain(s.error(), o.json);
    for (auto waited = kSignalCheck; waited <= kTreeInterval && !stop.came(); waited += kSignalCheck)
      std::this_thread::sleep_for(kSignalCheck);
  }
  return kExitOk;
}

int metrics(const CommandContext& context, const Options& o) {
  return ask(
      context, o.json,
      [](messages::control::ControlRequest::Builder request) { return request.setNodeMetrics(), Status(); },
      [&](ReplyReader reply) {
        std::cout << from_text(reply.getMetrics());
        return static_cast<int>(kExitOk);
      });
}

}  // namespace

void add_node_commands(CLI::App& app, const CommandContext& context) {
  const auto o = std::make_shared<Options>();  // lives as long as the callbacks that hold it
  add_node_verb(app, context, {"id", "Print the keys of this device and of its user.", "tlfs id"}, o->json,
                [context, o] { return identity(context, *o); });
  CLI::App* group = app.add_subcommand("node", "Run a node, or look into a running one.");
  group->require_subcommand(1);
  group->fallthrough();
  CLI::App* sub = add_node_verb(
      *group, context,
      {"run", "Run the node of a data directory until it is interrupted.", "tlfs node run --listen 0.0.0.0:4242",
       "Meanwhile the other commands talk to it, through the socket node.sock in the directory; without it, each "
       "starts "
       "a node for itself. Only a node that was told so has links to others; the first line says where it listens."},
      o->json, [context, o] { return run(context, *o); });
  sub->add_option("--listen", o->network.listen,
                  "where others reach it: HOST:PORT, with port 0 for any that is free; may be given again")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  sub->add_flag("--dial", o->dial, "has links to others without listening: it reaches out to them");
  sub->add_flag("--discover", o->network.discover, "finds known peers on the local network, and is found by them");
  sub->add_option("--visible", o->visible_as, "shows this name and the device's key to everyone on the local network")
      ->type_name("NAME");
  CLI::Option* const bridge =
      sub->add_option_function<std::string>(
             "--bridge",
             [o](const std::string& address) {
               o->bridge.listen = address;
               o->has_bridge = true;
             },
             "where browsers on this machine reach it, such as 127.0.0.1:7000; prints a link that lets them in")
          ->type_name("ADDRESS");
  const auto needs_bridge = [bridge](CLI::Option* option) { option->needs(bridge); };
  needs_bridge(sub->add_option("--app", o->bridge.app, "shows the web app in this directory at the bridge's address")
                   ->type_name("DIR"));
  needs_bridge(sub->add_option("--inspector", o->bridge.inspector, "the built inspector, where it is not found")
                   ->type_name("DIR"));
  needs_bridge(sub->add_flag("--bridge-beyond-this-machine", o->bridge.beyond_this_machine,
                             "the bridge may have an address that other machines reach; nothing is encrypted there"));
  sub = add_node_verb(*group, context, {"tree", "Print the live tree of a node's actors.", "tlfs node tree --watch"},
                      o->json, [context, o] { return tree(context, *o); });
  add_node_verb(*group, context,
                {"metrics", "Print the numbers of a node, as Prometheus reads them.", "tlfs node metrics",
                 "With --json only a problem is data."},
                o->json, [context, o] { return metrics(context, *o); });
  sub->add_flag("--watch", o->watch, "again every second, until it is interrupted");
}

}  // namespace tlfs::cli
