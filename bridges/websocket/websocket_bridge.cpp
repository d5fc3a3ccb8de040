#include "bridges/websocket/websocket_bridge.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "actors/net/address.h"
#include "actors/node/node_actors.h"
#include "actors/supervision/supervised_ref.h"
#include "actors/supervision/supervisor_messages.h"
#include "bridges/control/errors.h"
#include "bridges/websocket/gate.h"
#include "bridges/websocket/session_actor.h"
#include "bridges/websocket/static_files.h"
#include "runtime/crypto/crypto.h"
#include "runtime/crypto/secret.h"
#include "runtime/storage/private_file.h"

namespace tlfs::websocket_bridge {
namespace {

constexpr std::string_view kInspectorPath = "/inspector";
constexpr const char* kCookieKeyFile = "bridge.key";
constexpr std::chrono::seconds kPatience{10};  // with a node that starts
constexpr int kMaxLogLines = 20;               // about refusals, in one tick

bool is_loopback(const std::string& host) { return host == "::1" || host.rfind("127.", 0) == 0; }

net::HttpAnswer page(unsigned status, std::string text) {
  net::HttpAnswer out;
  out.status = status;
  out.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  out.body = std::move(text);
  return out;
}

net::HttpAnswer file(const net::HttpRequest& request, const StaticFile& found) {
  net::HttpAnswer out;
  out.headers.emplace_back("Content-Type", found.type);
  out.headers.emplace_back("ETag", found.etag);
  if (request.header("If-None-Match") == found.etag)
    out.status = 304;
  else
    out.file = found.file;
  return out;
}

// What cookies are made of: kept beside the node's data, so that they are good after a restart too. Whoever deletes the
// file shuts out every browser that has one. Without a directory, or where it cannot be kept, it is new at every start.
crypto::Secret cookie_key(const std::string& directory, spdlog::logger& logger) {
  crypto::SystemRandom random;
  crypto::Secret fresh = crypto::Secret::generate(random);
  if (directory.empty()) return fresh;
  const std::string path = directory + "/" + kCookieKeyFile;
  std::ifstream in(path, std::ios::binary);
  std::array<std::uint8_t, crypto::Secret::kBytes> kept{};
  if (in.read(reinterpret_cast<char*>(kept.data()), kept.size())) {
    crypto::Secret key = crypto::Secret::from_bytes(kept);
    crypto::wipe(kept);
    return key;
  }
  if (const Status s = storage::replace_private_file(path, fresh.expose()); !s)
    logger.warn("bridge_cookie_key_not_kept why=\"{}\"", s.error().message());
  return fresh;
}

// The states of documents that are shared with peers who are connected.
SyncStates states_of(const std::vector<network::SyncLine>& lines) {
  SyncStates out;
  for (const network::SyncLine& line : lines) {
    const bool synced = line.state == "synced";
    const auto [at, first] = out.emplace(
        line.document, synced ? messages::bridge::Sync::State::SYNCED : messages::bridge::Sync::State::SYNCING);
    if (!first && !synced) at->second = messages::bridge::Sync::State::SYNCING;
  }
  return out;
}

}  // namespace

struct WebsocketBridge::Parts {
  explicit Parts(Node& n) : node(n) {}

  Node& node;
  std::optional<StaticFiles> app, inspector;
  std::shared_ptr<spdlog::logger> logger;
  std::shared_ptr<SessionEnvironment> environment;
  std::unique_ptr<Gate> gate;  // set before the server answers anybody
  std::mutex gate_mutex;
  std::atomic<std::uint64_t> foreign_host{0}, foreign_origin{0}, no_token{0}, other_request{0}, malformed{0},
      sessions_begun{0};
  std::atomic<int> logged{0};
  std::string figures_name;  // under which the node asks for them

  std::mutex mutex;  // guards what follows
  std::set<caf::actor> sessions;
  std::map<document::DocumentId, std::size_t> shown;  // by how many sessions
  std::shared_ptr<const SyncStates> states = std::make_shared<const SyncStates>();

  // On the server's thread.
  std::uint64_t last_session = 0;
  std::future<Result<std::vector<network::SyncLine>>> asked;

  std::unique_ptr<net::HttpServer> server;  // last: it uses the others

  // ---- requests ----

  void log(std::string_view what, const std::string& remote) {
    const int before = logged++;
    if (before < kMaxLogLines) logger->warn("bridge_refused why={} from={}", what, remote);
    if (before == kMaxLogLines) logger->warn("bridge_refused why=more");
  }

  net::HttpAnswer answer(const net::HttpRequest& request) {
    const Refusal refusal = gate->judge(request);
    net::HttpAnswer out = refusal == Refusal::none ? let_in(request) : refuse(refusal, request);
    gate->add_headers(request, out);
    return out;
  }

  net::HttpAnswer refuse(Refusal refusal, const net::HttpRequest& request) {
    if (refusal == Refusal::token && gate->held_back(request)) {
      net::HttpAnswer again;
      again.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
      again.body = "<!doctype html><meta http-equiv=\"refresh\" content=\"0\"><title>tlfs</title>\n";
      return again;
    }
    log(name_of(refusal), request.remote);
    switch (refusal) {
      case Refusal::host:
        ++foreign_host;
        return page(403, "This node is not called that.\n");
      case Refusal::origin:
        ++foreign_origin;
        return page(403, "Pages of other sites have no business here.\n");
      case Refusal::token:
        ++no_token;
        return page(401, "Open the link that the node has printed: it holds the token that lets you in.\n");
      case Refusal::method:
        ++other_request;
        return page(405, "Only GET and HEAD are answered here.\n");
      case Refusal::path:
      case Refusal::none:
        break;
    }
    ++other_request;
    return page(400, "That is no path.\n");
  }

  net::HttpAnswer let_in(const net::HttpRequest& request) {
    if (auto to = gate->exchange(request)) return std::move(*to);
    const std::string path = path_of(request.target).value_or("/");
    if (path == kSocketPath) {
      if (!request.upgrade) return page(426, "Here is a WebSocket.\n");
      net::HttpAnswer out;
      out.upgrade = true;
      if (offers_protocol(request)) out.subprotocol = kSubprotocol;
      return out;
    }
    if (path == kInspectorPath) {
      net::HttpAnswer out;
      out.status = 308;
      out.headers.emplace_back("Location", std::string(kInspectorPath) + "/");
      return out;
    }
    if (path.rfind(std::string(kInspectorPath) + "/", 0) == 0) {
      if (!inspector) return page(404, "The inspector has not been built.\n");
      const auto found = inspector->find(std::string_view(path).substr(kInspectorPath.size()));
      return found ? file(request, *found) : page(404, "There is nothing here.\n");
    }
    if (app) {
      const auto found = app->find(path);
      return found ? file(request, *found) : page(404, "There is nothing here.\n");
    }
    if (path != "/") return page(404, "There is nothing here.\n");
    return page(200, "The bridge of device " + to_hex(node.device()) +
                         ".\nUser interfaces connect to /bridge; --app DIR shows one here.\n");
  }

  static bool offers_protocol(const net::HttpRequest& request) {
    std::string offered = "," + request.header("Sec-WebSocket-Protocol") + ",";
    offered.erase(std::remove(offered.begin(), offered.end(), ' '), offered.end());
    return offered.find(std::string(",") + kSubprotocol + ",") != std::string::npos;
  }

  // ---- figures ----

  BridgeCounts counts() const {
    return {server->counts(), foreign_host, foreign_origin, no_token, other_request, malformed, sessions_begun};
  }

  // In the text format of Prometheus.
  std::string figures() const {
    const BridgeCounts now = counts();
    std::string out;
    const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
      ((((out += "# HELP ") += name) += ' ') += help) += '\n';
      ((((out += "# TYPE ") += name) += ' ') += type) += '\n';
    };
    const auto line = [&](std::string_view name, std::uint64_t value) {
      (((out += name) += ' ') += std::to_string(value)) += '\n';
    };
    head("tlfs_bridge_connections", "gauge", "Connections to the bridge, WebSockets among them.");
    line("tlfs_bridge_connections", now.http.connections);
    head("tlfs_bridge_websockets", "gauge", "WebSockets of user interfaces.");
    line("tlfs_bridge_websockets", now.http.websockets);
    head("tlfs_bridge_sessions_total", "counter", "WebSockets that were let in.");
    line("tlfs_bridge_sessions_total", now.sessions);
    head("tlfs_bridge_refused_total", "counter", "What the bridge has refused, by the reason.");
    const std::pair<const char*, std::uint64_t> reasons[] = {{"foreign_host", now.foreign_host},
                                                             {"foreign_origin", now.foreign_origin},
                                                             {"no_token", now.no_token},
                                                             {"other_request", now.other_request},
                                                             {"malformed_request", now.http.malformed},
                                                             {"no_room", now.http.refused},
                                                             {"oversized_frame", now.http.oversized},
                                                             {"text_frame", now.http.wrong_kind},
                                                             {"malformed_message", now.malformed},
                                                             {"not_reading", now.http.not_reading}};
    for (const auto& [why, count] : reasons) line("tlfs_bridge_refused_total{why=\"" + std::string(why) + "\"}", count);
    return out;
  }

  // ---- sessions ----

  void opened(const net::HttpRequest& request, std::shared_ptr<net::WebsocketPeer> peer) {
    ++sessions_begun;
    const caf::actor bridges = environment->documents->registry->supervisor_at(node::kBridgesPath);
    if (!bridges) return peer->close("the node is restarting its bridges; come again");
    (void)request;
    supervision::StartChild start;
    start.spec = std::make_shared<const supervision::ChildSpec>(
        session_spec("session/" + std::to_string(++last_session), environment, std::move(peer)));
    // One that does not come about leaves its socket alone, and that is cut after a while.
    caf::anon_send(bridges, std::move(start));
  }

  void session(const caf::actor& actor, bool here) {
    SyncNews news;
    {
      const std::lock_guard lock(mutex);
      if (!here) {
        sessions.erase(actor);
        return;
      }
      sessions.insert(actor);
      news.states = states;
    }
    caf::anon_send(actor, std::move(news));
  }

  void shows(const document::DocumentId& document, bool here) {
    const std::lock_guard lock(mutex);
    std::size_t& count = shown[document];
    if (here)
      ++count;
    else if (--count == 0)
      shown.erase(document);
  }

  // Asks how documents stand, once for all sessions.
  void tick() {
    logged = 0;
    if (asked.valid()) {
      if (asked.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
      const auto lines = asked.get();
      publish(std::make_shared<const SyncStates>(lines ? states_of(*lines) : SyncStates()));
    }
    if (!node.actors().settings.network) return;
    std::vector<document::DocumentId> documents;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [document, count] : shown) documents.push_back(document);
    }
    if (!documents.empty()) asked = node.sync_status(std::move(documents));
  }

  void publish(std::shared_ptr<const SyncStates> now) {
    const std::lock_guard lock(mutex);
    if (*now == *states) return;
    states = std::move(now);
    for (const caf::actor& actor : sessions) {
      SyncNews news;
      news.states = states;
      caf::anon_send(actor, std::move(news));
    }
  }
};

WebsocketBridge::WebsocketBridge(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<WebsocketBridge>> WebsocketBridge::start(Node& node, const Settings& settings) {
  const auto place = net::parse_host_port(settings.listen);
  if (!place) return place.error();
  if (!is_loopback(place->host) && !settings.beyond_this_machine)
    return Error(control::Errc::bad_name, settings.listen + ": a bridge is for this machine; 127.0.0.1:" +
                                              std::to_string(place->port) + " is reached from here alone");
  // A node that has just been started may still be starting its children.
  const auto registry = node.actors().tree.environment->registry;
  for (const auto until = std::chrono::steady_clock::now() + kPatience; !registry->supervisor_at(node::kBridgesPath);) {
    if (std::chrono::steady_clock::now() >= until)
      return Error(control::Errc::unreachable, "the node's bridges have not come up");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  auto parts = std::make_shared<Parts>(node);
  parts->logger = std::make_shared<spdlog::logger>("bridge", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  parts->logger->set_level(spdlog::level::from_str(node.actors().settings.log_level));
  const auto open = [](const std::string& directory, std::optional<StaticFiles>& out) -> Status {
    auto files = StaticFiles::open(directory);
    if (!files) return files.error();
    out = std::move(*files);
    return {};
  };
  if (!settings.app.empty())
    if (const Status s = open(settings.app, parts->app); !s) return s.error();
  if (!settings.inspector.empty()) {
    if (const Status s = open(settings.inspector, parts->inspector); !s) return s.error();
  } else {
    (void)open(TLFS_INSPECTOR_DIR, parts->inspector);  // built or not
  }

  parts->environment = std::make_shared<SessionEnvironment>();
  parts->environment->documents = node.actors().tree.environment;
  parts->environment->pool = std::make_shared<ControlPool>(node);
  parts->environment->limits = settings.limits;
  parts->environment->session = [weak = std::weak_ptr(parts)](const caf::actor& actor, bool here) {
    if (const auto p = weak.lock()) p->session(actor, here);
  };
  parts->environment->shows = [weak = std::weak_ptr(parts)](const document::DocumentId& document, bool here) {
    if (const auto p = weak.lock()) p->shows(document, here);
  };
  parts->environment->refused = [weak = std::weak_ptr(parts)] {
    if (const auto p = weak.lock()) ++p->malformed;
  };

  net::HttpServer::Settings server;
  server.listen = settings.listen;
  server.limits = settings.limits;
  Parts* const p = parts.get();
  server.answer = [p](const net::HttpRequest& request) {
    const std::lock_guard lock(p->gate_mutex);
    return p->answer(request);
  };
  server.opened = [p](const net::HttpRequest& request, std::shared_ptr<net::WebsocketPeer> peer) {
    p->opened(request, std::move(peer));
  };
  server.refused = [p](std::string_view what, const std::string& remote) { p->log(what, remote); };
  server.tick = [p] { p->tick(); };
  {
    const std::lock_guard lock(p->gate_mutex);  // whoever is quick waits for the gate
    auto started = net::HttpServer::start(std::move(server));
    if (!started) return started.error();
    crypto::SystemRandom random;
    p->gate =
        std::make_unique<Gate>((*started)->address(), random, cookie_key(node.actors().settings.directory, *p->logger));
    p->server = std::move(*started);
  }
  Node::Actors& actors = node.actors();
  const std::lock_guard lock(actors.figures_mutex);
  p->figures_name = "bridge " + p->server->address();
  actors.figures[p->figures_name] = [p] { return p->figures(); };
  return std::unique_ptr<WebsocketBridge>(new WebsocketBridge(std::move(parts)));
}

// Sessions end when their sockets have; what they still ask the pool for is refused.
WebsocketBridge::~WebsocketBridge() {
  {
    Node::Actors& actors = parts_->node.actors();
    const std::lock_guard lock(actors.figures_mutex);
    actors.figures.erase(parts_->figures_name);
  }
  parts_->server = nullptr;
  parts_->environment->pool->stop();
}

std::string WebsocketBridge::link() const { return parts_->gate->link(); }
std::string WebsocketBridge::token() const { return parts_->gate->token(); }
const std::string& WebsocketBridge::address() const { return parts_->server->address(); }

BridgeCounts WebsocketBridge::counts() const { return parts_->counts(); }

}  // namespace tlfs::websocket_bridge
