#include "bridges/cli/network_commands.h"

#include <iostream>

namespace tlfs::cli {
namespace {

using document::Data;
using RequestRoot = messages::control::ControlRequest::Builder;

struct Options {
  std::string address;
  bool json = false;
};

Data as_data(messages::control::PeerLine::Reader p) {
  Data::Array addresses;
  for (const auto a : p.getAddresses()) addresses.push_back(text_data(from_text(a)));
  return Data(Data::Object{{"device", text_data(hex_of(p.getDevice()))},
                           {"user", p.getUser().size() > 0 ? text_data(hex_of(p.getUser())) : Data()},
                           {"state", text_data(from_text(p.getState()))},
                           {"name", p.getName().size() > 0 ? text_data(from_text(p.getName())) : Data()},
                           {"addresses", Data(std::move(addresses))},
                           {"problem", p.getProblem().size() > 0 ? text_data(from_text(p.getProblem())) : Data()},
                           {"sent_bytes", number_data(p.getSentBytes())},
                           {"received_bytes", number_data(p.getReceivedBytes())},
                           {"round_trip_ms", p.getMeasured() ? number_data(p.getRoundTripMs()) : Data()}});
}

void print_peer(messages::control::PeerLine::Reader p) {
  std::cout << hex_of(p.getDevice()) << "  " << from_text(p.getState());
  if (p.getName().size() > 0) std::cout << "  \"" << from_text(p.getName()) << "\"";
  if (p.getMeasured()) std::cout << "  " << p.getRoundTripMs() << " ms";
  std::cout << "\n";
  if (p.getUser().size() > 0) std::cout << "  user:" << hex_of(p.getUser()) << "\n";
  for (const auto a : p.getAddresses()) std::cout << "  at " << from_text(a) << "\n";
  if (p.getProblem().size() > 0) std::cout << "  " << from_text(p.getProblem()) << "\n";
}

int peers(const CommandContext& context, const Options& o) {
  return ask_running(
      context, o.json, [](RequestRoot request) { return request.setPeers(), Status(); },
      [&](ReplyReader reply) {
        Data::Array out;
        for (const auto p : reply.getPeers()) {
          if (o.json)
            out.push_back(as_data(p));
          else
            print_peer(p);
        }
        if (o.json) std::cout << document::to_json(Data(std::move(out))) << "\n";
        return static_cast<int>(kExitOk);
      });
}

int connect(const CommandContext& context, const Options& o) {
  return ask_running(
      context, o.json, [&](RequestRoot request) { return request.setConnect(o.address), Status(); },
      [&](ReplyReader reply) {
        const std::string device = hex_of(reply.getConnected());
        if (o.json)
          std::cout << document::to_json(Data(Data::Object{{"device", text_data(device)}})) << "\n";
        else
          std::cout << device << "\n";
        return static_cast<int>(kExitOk);
      });
}

int sync_status(const CommandContext& context, const Options& o) {
  return ask_running(
      context, o.json, [](RequestRoot request) { return request.setSyncStatus(), Status(); },
      [&](ReplyReader reply) {
        Data::Array out;
        for (const auto line : reply.getSync()) {
          const std::string document = hex_of(line.getDocument()), peer = hex_of(line.getPeer());
          if (o.json)
            out.push_back(Data(Data::Object{{"document", text_data(document)},
                                            {"peer", text_data(peer)},
                                            {"state", text_data(from_text(line.getState()))}}));
          else
            std::cout << document << "  with " << peer << "  " << from_text(line.getState()) << "\n";
        }
        if (o.json) std::cout << document::to_json(Data(std::move(out))) << "\n";
        return static_cast<int>(kExitOk);
      });
}

}  // namespace

void add_network_commands(CLI::App& app, const CommandContext& context) {
  const auto o = std::make_shared<Options>();  // lives as long as the callbacks that hold it
  add_node_verb(
      app, context,
      {"peers", "Print the other devices that the running node knows, and how it stands with each.", "tlfs peers"},
      o->json, [context, o] { return peers(context, *o); });
  CLI::App* sub = add_node_verb(
      app, context,
      {"connect", "Have the running node reach another, and print that one's device key.",
       "tlfs connect 192.168.1.20:4242",
       "The address is remembered, and from then on there is a link whenever there can be one. A link alone gives away "
       "no document."},
      o->json, [context, o] { return connect(context, *o); });
  sub->add_option("ADDRESS", o->address,
                  "HOST:PORT, ws://HOST:PORT or wss://HOST:PORT; or the key of a device that is nearby")
      ->required();
  CLI::App* group = app.add_subcommand("sync", "See how far documents agree with those of other devices.");
  group->require_subcommand(1);
  group->fallthrough();
  add_node_verb(
      *group, context,
      {"status", "Print each document that is shared with a peer, and whether both have the same.", "tlfs sync status"},
      o->json, [context, o] { return sync_status(context, *o); });
}

}  // namespace tlfs::cli
