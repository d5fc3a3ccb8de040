#include "tests/simulation/network_simulation.h"

#include <malloc.h>

#include <algorithm>
#include <sstream>

#include "actors/auth/auth_actor.h"
#include "actors/document/document_actor.h"
#include "actors/store/store_actor.h"
#include "actors/testing/test_node.h"
#include "schema/compiler/compile.h"
#include "tests/simulation/network_liar.h"
#include "tests/simulation/network_traitor.h"
#include "tests/simulation/network_wires.h"

namespace tlfs::simulation {
namespace {

using document::Data;
using document::DocumentId;
using document_actor::Committed;
using document_actor::Edits;
using document_actor::Update;
using testing::TestNode;
using namespace std::chrono_literals;

constexpr std::size_t kLongestMailbox = 500;
// About four times what was seen in 1,000 runs.
constexpr std::size_t kHeapBytes = 16u << 20, kHeapBytesByNode = 2u << 20;
constexpr std::uint64_t kTrafficBytes = 100'000, kTrafficBytesByNode = 10'000, kTrafficBytesByEvent = 4'000;
constexpr std::chrono::seconds kMustBeCut{90};
constexpr std::chrono::seconds kQuiet{60};
constexpr std::uint64_t kQuietBytes =
    4'000;                    // from one node to another in that time: signs of life, and a link that comes late
constexpr int kAttempts = 5;  // at joining, each with an invitation of its own

std::shared_ptr<const schema::Package> package() {
  static const auto compiled = schema::compile(R"(
shared { 0.1.0 { .: Struct
  .open: Struct @compartment .open.count: Counter .open.text: Text .open.done: Table<u64> .open.done.{}: MVReg<u64>
  .secret: Struct @compartment .secret.text: Text } }
)",
                                               "shared.tlfs");
  return compiled->front().package;
}

struct Member {
  access::Level level = access::Level::none;
  std::string path = ".";
  bool joined = false;
};

struct Shared {
  DocumentId id{};
  Place owner = 0;
  std::string word;  // stands in the part that is not for all
  std::map<Place, Member> members;
  std::set<std::uint64_t> acknowledged;

  bool may_read_all(Place place) const {
    if (place == owner) return true;
    const auto at = members.find(place);
    return at != members.end() && at->second.level >= access::Level::read && at->second.path == ".";
  }
};

class NetworkRun {
 public:
  NetworkRun(std::uint64_t seed, const NetworkOptions& options)
      : options_(options),
        random_(seed * 0x9e3779b97f4a7c15u + 3),
        treason_(seed * 0x9e3779b97f4a7c15u + 5),
        world_(random_.next()) {
    wires_ = std::make_shared<Wires>(world_, random_.next());
    client_ = world_.spawn_client();
    world_.logger()->set_pattern("%n: %v");
    world_.watch([this](const caf::actor_addr& receiver, caf::type_erased_tuple& message, std::size_t waiting) {
      look(receiver, message, waiting);
    });
  }
  ~NetworkRun() {
    for (Site& site : sites_) stop(site);
    wires_->stop();
  }

  NetworkReport go() {
    try {
      setup();
      if (options_.events > 0) plant();
      choose_traitors();
      weigh();
      for (std::size_t i = 0; i < options_.events && report_.faults.empty(); ++i) {
        event();
        betray();
        pass(std::chrono::milliseconds(random_.below(400)), 20ms);
        weigh();
      }
      heal();
      judge_liars();
      check();
      fall_silent();
    } catch (const std::exception& e) {
      fault(std::string("an exception: ") + e.what());
    }
    world_.watch(nullptr);
    report_.steps = world_.steps();
    report_.broken = wires_->broken();
    report_.bytes = wires_->delivered_bytes();
    report_.hash = world_.fingerprint();
    report_.log = world_.log();
    return std::move(report_);
  }

 private:
  struct Site {
    Place place = 0;
    std::shared_ptr<storage::MemoryDisk> disk = std::make_shared<storage::MemoryDisk>();
    std::unique_ptr<TestNode> node;
    std::uint64_t life = 0;
    crypto::PublicKey device{};
    std::unique_ptr<Traitor> traitor;
    storage::MemoryDisk earlier;  // a traitor's
  };

  void fault(std::string what) {
    if (report_.faults.size() < 10) report_.faults.push_back(std::move(what));
  }
  void pass(std::chrono::nanoseconds time, std::chrono::nanoseconds grain) { world_.pass(time, grain); }
  bool honest(Place place) const { return sites_[place].traitor == nullptr; }

  // ---- nodes ----
  void start(Site& site) {
    TestNode::Settings settings;
    settings.seed = random_.next();
    settings.disk = site.disk;
    settings.close_after = 5s;
    settings.person = static_cast<std::uint8_t>(site.place + 1);
    settings.world = &world_;
    settings.transport = [wires = wires_, place = site.place](network::Transport::Accept accept) {
      return Result<std::unique_ptr<network::Transport>>(wires->attach(place, std::move(accept)));
    };
    site.node = std::make_unique<TestNode>(std::move(settings));
    site.device = site.node->device();
  }
  // As when the power fails: nobody is told, and what is on the disk is there.
  void stop(Site& site) {
    if (!site.node) return;
    ++site.life;
    site.node = nullptr;
  }
  Site& any() { return sites_[random_.below(sites_.size())]; }

  // While others go on: nothing waits for it.
  void with_child(Site& site, const char* supervisor, std::string id, std::function<void(const caf::actor&)> what) {
    const caf::actor over = site.node ? site.node->tree().registry->supervisor_at(supervisor) : nullptr;
    if (!over) return;
    supervision::WatchChild question;
    question.id = std::move(id);
    question.known = supervision::PhaseKind::waiting;
    testing::World::let(client_, [over, question, what = std::move(what)](caf::event_based_actor& self) {
      self.request(over, 30s, question)
          .then(
              [what](const supervision::ChildPhase& phase) {
                if (phase.handle) what(phase.handle);
              },
              [](const caf::error&) {});
    });
  }
  void crash_soon(Site& site, const char* supervisor, std::string id) {
    with_child(site, supervisor, std::move(id), [this](const caf::actor& there) {
      ++report_.crashes;
      caf::anon_send_exit(there, caf::exit_reason::kill);
    });
  }

  template <class T, class Request>
  void ask_hub(Site& site, Request request, std::function<void(Result<T>)> done) {
    ++under_way_;
    const auto finish = [this, done = std::move(done)](Result<T> outcome) {
      --under_way_;
      done(std::move(outcome));
    };
    const auto failed = [finish](const caf::error& error) {
      finish(Error(network::Errc::timeout, supervision::describe(error)));
    };
    const caf::actor over = site.node ? site.node->tree().registry->supervisor_at(node::kNetworkPath) : nullptr;
    if (!over) return finish(Error(network::Errc::off, "no network"));
    supervision::WatchChild question;
    question.id = network::kHubId;
    question.known = supervision::PhaseKind::waiting;
    testing::World::let(client_, [over, question, request, finish, failed](caf::event_based_actor& self) {
      self.request(over, 30s, question)
          .then(
              [&self, request, finish, failed](const supervision::ChildPhase& phase) {
                if (!phase.handle) return finish(Error(network::Errc::off, "the hub is not up"));
                self.request(phase.handle, 90s, request)
                    .then([finish](const network::Answer<T>& answer) { finish(answer.outcome); }, failed);
              },
              failed);
    });
  }

  // ---- what people do ----
  void setup() {
    const std::size_t nodes = options_.nodes != 0    ? options_.nodes
                              : random_.chance(0.04) ? 6 + random_.below(7)
                                                     : 2 + random_.below(4);
    sites_.resize(nodes);
    report_.nodes = nodes;
    for (Place place = 0; place < nodes; ++place) {
      sites_[place].place = place;
      start(sites_[place]);
    }
    shared_.resize(1 + random_.below(3));
    report_.documents = shared_.size();
    for (std::size_t n = 0; n < shared_.size(); ++n) shared_[n].word = "planted" + std::to_string(n) + "qzx";
    for (std::size_t n = 0; n < shared_.size(); ++n) {
      Shared& shared = shared_[n];
      shared.owner = random_.below(nodes);
      shared.id = sites_[shared.owner].node->create_document(package(), "document " + std::to_string(n));
      for (Site& site : sites_)
        if (site.place != shared.owner && random_.chance(0.75)) shared.members[site.place] = some_rights();
      for (auto& [place, member] : shared.members)
        if (random_.chance(0.7)) {  // the others come later
          join(shared, place);
          wait_for_joins(15);
        }
    }
    has_liars_ = random_.chance(0.3);
    for (const Shared& shared : shared_)
      for (const auto& [place, member] : shared.members)
        if (joining_.contains({shared.id, place})) fault("joining took more than 15 s while nothing was wrong");
  }

  Member some_rights() {
    Member out;
    switch (random_.below(6)) {
      case 0:
        out.level = access::Level::read;
        break;
      case 1:
        out.level = access::Level::sync;
        break;
      case 2:
        out.level = access::Level::read;
        out.path = ".open";
        break;
      case 3:
        out.level = access::Level::write;
        out.path = ".open";
        break;
      default:
        out.level = access::Level::write;
        break;
    }
    return out;
  }

  void wait_for_joins(int seconds) {
    for (int i = 0; i < seconds && !joining_.empty(); ++i) pass(1s, 20ms);
  }
  // One at a time: of two under way between the same two nodes, one may get no answer when their links become one.
  void join(Shared& shared, Place place) {
    const std::pair key(shared.id, place);
    if (shared.members[place].joined || !joining_.empty()) return;
    joining_.insert(key);
    network::Invite invite;
    invite.document = shared.id;
    invite.options.path = shared.members[place].path;
    invite.options.level = shared.members[place].level;
    ask_hub<std::string>(sites_[shared.owner], invite, [this, &shared, place, key](const Result<std::string>& link) {
      if (!link) {
        last_problem_ = link.error().message();
        joining_.erase(key);
        return;
      }
      network::Join request;
      request.link = *link;
      ask_hub<DocumentId>(sites_[place], request, [this, &shared, place, key](const Result<DocumentId>& id) {
        joining_.erase(key);
        if (id) {
          shared.members[place].joined = true;
          ++report_.joined;
        } else {
          last_problem_ = id.error().message();
        }
      });
    });
  }

  void write(Shared& shared, Place place, bool open) {
    Site& site = sites_[place];
    if (!site.node) return;
    const std::uint64_t number = ++last_number_;
    Edits edits;
    if (open)
      edits.set(".open.done{" + std::to_string(number) + "}", Value(number))
          .increment(".open.count", 1)
          .splice(".open.text", 0, 0, std::string(1, static_cast<char>('a' + number % 26)));
    else
      edits.splice(".secret.text", 0, 0, shared.word);
    ++under_way_;
    ++asked_[{place, site.life}];
    site.node->ask<Committed>(shared.id, site.node->transact_message(std::move(edits)),
                              [this, &shared, &site, number, open, life = site.life](const Result<Committed>& done) {
                                if (life != site.life) return;
                                --under_way_;
                                --asked_[{site.place, life}];
                                if (!done) {
                                  last_problem_ = done.error().message();
                                  return;
                                }
                                ++report_.acknowledged;
                                if (open && honest(site.place)) shared.acknowledged.insert(number);
                              });
  }
  // Who asked for something on a node that is gone waits no longer.
  void forget_requests(const Site& site) {
    under_way_ -= asked_[{site.place, site.life}];
    asked_.erase({site.place, site.life});
  }

  void write_somewhere() {
    Shared& shared = shared_[random_.below(shared_.size())];
    Place place = shared.owner;
    if (!shared.members.empty() && random_.chance(0.7)) {
      const auto at =
          std::next(shared.members.begin(), static_cast<std::ptrdiff_t>(random_.below(shared.members.size())));
      if (at->second.joined && at->second.level == access::Level::write) place = at->first;
    }
    write(shared, place, !shared.may_read_all(place) || random_.chance(0.7));
  }
  void plant() {
    for (Shared& shared : shared_) {
      write(shared, shared.owner, false);
      write(shared, shared.owner, true);
    }
  }

  // ---- what happens ----
  void event() {
    Site& site = any();
    Site& other = any();
    const std::uint64_t what = random_.below(34);
    if (what < 14) {
      for (std::uint64_t n = 1 + random_.below(4); n > 0; --n) write_somewhere();
      return;
    }
    const bool harmless = what == 19 || what == 20 || what >= 29;
    if (options_.calm && !harmless) return;
    switch (what) {
      case 14:
      case 15:
        if (site.place != other.place) wires_->cut(site.place, other.place);
        break;
      case 16:
      case 17:
        restore();
        break;
      case 18:
        if (random_.chance(0.5))
          wires_->break_connections(site.place);
        else
          meddle(site.place);
        break;
      case 19:
      case 20: {
        Conditions conditions;
        conditions.delay = std::chrono::milliseconds(random_.below(300));
        conditions.jitter = std::chrono::milliseconds(random_.below(300));
        conditions.bytes_per_second = 4'000 << random_.below(12);
        conditions.dial_fails = random_.chance(0.5) ? 0 : 0.5;
        wires_->set_conditions(conditions);
        break;
      }
      case 21:
      case 22:
        if (site.node) {
          forget_requests(site);
          stop(site);
          ++report_.restarts;
          if (random_.chance(0.5)) start(site);
        } else {
          start(site);
        }
        break;
      case 23:
        crash_soon(site, node::kNetworkPath, network::kHubId);
        break;
      case 24:
      case 25:
        if (site.node) crash_soon(site, node::kNetworkPath, "link/" + std::to_string(1 + random_.below(8)));
        break;
      case 26:
      case 27:
        crash_soon(site, node::kDocumentsPath,
                   document_actor::document_child_id(shared_[random_.below(shared_.size())].id));
        break;
      case 28:
        crash_soon(site, supervision::kNodePath, random_.chance(0.5) ? store::kStoreId : auth::kAuthId);
        break;
      case 29: {
        Shared& shared = shared_[random_.below(shared_.size())];
        for (auto& [place, member] : shared.members)
          if (!member.joined && sites_[place].node && sites_[shared.owner].node) {
            join(shared, place);
            break;
          }
        break;
      }
      case 30: {  // a slow one: the others are preferred for a while
        const bool hub = random_.chance(0.3);
        with_child(site, node::kNetworkPath, hub ? network::kHubId : "link/" + std::to_string(1 + random_.below(4)),
                   [this](const caf::actor& there) { world_.hold(there, random_.below(500)); });
        break;
      }
      case 31:
      case 32:
        if (has_liars_ && site.node) {
          attack(site);
          break;
        }
        [[fallthrough]];
      default:
        pass(std::chrono::milliseconds(random_.below(3'000)), 20ms);
        break;
    }
  }

  // Somebody on the way changes a bit of some of what a node sends.
  void meddle(Place from) {
    auto random = std::make_shared<SeededRandom>(random_.next());
    wires_->tamper(from, [random](Bytes& message) {
      if (!message.empty() && random->chance(0.1))
        message[random->below(message.size())] ^= static_cast<std::uint8_t>(1u << random->below(8));
    });
  }

  void attack(const Site& site) {
    const auto kind = static_cast<Liar::Kind>(random_.below(Liar::kKinds));
    if (kind == Liar::Kind::flood && std::exchange(flooded_, true)) return;  // one is enough for a run
    auto liar = std::make_shared<Liar>(world_, wires_, kind, random_.next());
    liar->attack(sites_.size() + liars_.size(), Wires::address_of(site.place),
                 shared_[random_.below(shared_.size())].id);
    liars_.push_back(std::move(liar));
  }
  // Who only says too much may also be read more slowly; whose conversation is refused may stay.
  static bool must_be_cut(const Liar& liar) {
    return liar.kind() != Liar::Kind::flood && liar.kind() != Liar::Kind::conversation;
  }
  void judge_liars() {
    const auto free = [&] {
      return std::any_of(liars_.begin(), liars_.end(), [](const auto& l) { return !l->cut_off() && must_be_cut(*l); });
    };
    for (std::chrono::seconds waited{0}; waited < kMustBeCut && free(); ++waited) pass(1s, 50ms);
    for (const auto& liar : liars_) {
      if (!liar->cut_off() && !must_be_cut(*liar)) continue;
      if (!liar->cut_off() || liar->cut_off()->empty())
        fault("a liar (" + std::string(Liar::name_of(liar->kind())) + ") was not cut off");
      else if (liar->connected())
        ++report_.liars;
    }
  }

  // ---- members who lie ----
  void choose_traitors() {
    if (!treason_.chance(0.25)) return;
    for (Site& site : sites_) {
      const bool owner =
          std::any_of(shared_.begin(), shared_.end(), [&](const Shared& s) { return s.owner == site.place; });
      if (owner || !site.node || (report_.traitors + 1) * 3 > sites_.size()) continue;
      site.traitor = std::make_unique<Traitor>(treason_.next());
      site.earlier = *site.disk;
      site.earlier.open = false;
      ++report_.traitors;
    }
  }
  void betray() {
    for (Site& site : sites_) {
      if (honest(site.place)) continue;
      if (!options_.calm && site.traitor->random().chance(0.05)) turn_back(site);
      for (const Shared& shared : shared_)
        with_child(site, node::kDocumentsPath, document_actor::document_child_id(shared.id),
                   [&site](const caf::actor& there) { site.traitor->knows(there); });
    }
  }
  // A copy of its disk lives on: its writers go on twice.
  void turn_back(Site& site) {
    forget_requests(site);
    stop(site);
    site.disk = std::make_shared<storage::MemoryDisk>(site.earlier);
    start(site);
    ++report_.lies;
  }

  // ---- what everything costs ----
  // The heap of all nodes, and of everything around them.
  void weigh() {
    std::size_t now = ::mallinfo2().uordblks, left_out = world_.log_bytes();
    for (const Site& site : sites_)
      for (const auto& [key, value] : site.disk->records) left_out += key.size() + value.size();
    now -= std::min(now, left_out);
    if (!heap_) heap_ = now;
    report_.heap = std::max(report_.heap, now - std::min(now, *heap_));
  }

  // Each message before an actor handles it.
  void look(const caf::actor_addr& receiver, caf::type_erased_tuple& message, std::size_t waiting) {
    report_.mailbox = std::max(report_.mailbox, waiting);
    if (message.match_elements<document_actor::OpenSync>()) {
      const auto& open = message.get_as<document_actor::OpenSync>(0);
      conversations_[open.number] = open.peer;
      for (Site& site : sites_)
        if (!honest(site.place)) site.traitor->opens(receiver, open);
    } else if (message.match_elements<document_actor::SyncSay>()) {
      auto& say = message.get_mutable_as<document_actor::SyncSay>(0);
      for (Site& site : sites_)
        if (!honest(site.place)) site.traitor->twist(say);
      for (const Bytes& said : say.messages) look(conversations_[say.number], said);
    }
  }
  void look(const crypto::PublicKey& peer, const Bytes& said) {
    for (const Shared& shared : shared_) {
      if (std::search(said.begin(), said.end(), shared.word.begin(), shared.word.end()) == said.end()) continue;
      const auto site = std::find_if(sites_.begin(), sites_.end(), [&](const Site& s) { return s.device == peer; });
      if (site == sites_.end() || !shared.may_read_all(site->place)) fault("a peer was told what it may not read");
    }
  }

  // ---- the end ----
  void restore() {
    wires_->restore_all();
    for (const Site& site : sites_) wires_->tamper(site.place, nullptr);
  }
  void heal() {
    restore();
    wires_->set_conditions({});
    for (Site& site : sites_)
      if (!site.node) start(site);
    pass(5s, 50ms);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      bool all = true;
      for (Shared& shared : shared_)
        for (auto& [place, member] : shared.members)
          if (!member.joined && honest(place)) {
            all = false;
            wait_for_joins(100);
            join(shared, place);
          }
      wait_for_joins(100);
      if (all) break;
    }
    for (const Shared& shared : shared_)
      for (const auto& [place, member] : shared.members)
        if (!member.joined && honest(place))
          fault("node " + std::to_string(place) + " never came to join: " + last_problem_);
    std::string why = differs();
    while (!why.empty() && report_.converged < options_.patience) {
      pass(1s, 50ms);
      ++report_.converged;
      why = differs();
    }
    if (!why.empty()) fault("after " + std::to_string(report_.converged.count()) + " s, " + why + standings());
    for (int i = 0; i < 100 && under_way_ != 0; ++i) pass(1s, 100ms);
    if (under_way_ != 0) fault(std::to_string(under_way_) + " requests were never answered");
  }

  std::string differs() {
    for (const Shared& shared : shared_) {
      const std::string all = sites_[shared.owner].node->json(shared.id);
      const std::string open = sites_[shared.owner].node->json(shared.id, ".open");
      for (const auto& [place, member] : shared.members) {
        if (member.level == access::Level::sync || !member.joined || !honest(place)) continue;
        const std::string there = sites_[place].node->json(shared.id, member.path);
        const std::string& here = member.path == "." ? all : open;
        if (there != here)
          return "node " + std::to_string(place) + " has " + there + " and the owner " + std::to_string(shared.owner) +
                 " has " + here;
      }
    }
    return {};
  }

  // Whoever has said all there was to say costs the others next to nothing.
  void fall_silent() {
    if (!report_.faults.empty()) return;
    const auto between = [this](const std::function<void(const std::pair<Place, Place>&, std::uint64_t)>& what) {
      for (const Site& from : sites_)
        for (const Site& to : sites_)
          if (from.place != to.place && honest(from.place) && honest(to.place))
            what({from.place, to.place}, wires_->delivered(from.place, to.place));
    };
    pass(100s, 200ms);  // what is on its way, documents that close, links whose end was not noticed
    std::map<std::pair<Place, Place>, std::uint64_t> before;
    between([&](const auto& way, std::uint64_t bytes) { before[way] = bytes; });
    pass(kQuiet, 200ms);
    between([&](const auto& way, std::uint64_t bytes) {
      const std::uint64_t said = bytes - before[way];
      report_.quiet_bytes = std::max(report_.quiet_bytes, said);
      if (said > kQuietBytes)
        fault("node " + std::to_string(way.first) + " told node " + std::to_string(way.second) + " " +
              std::to_string(said) + " bytes within a minute in which nothing happened");
    });
  }

  // How every node stands, for whoever looks for the cause.
  std::string standings() {
    std::string out;
    for (const Shared& shared : shared_)
      for (const Site& site : sites_)
        site.node->ask<document_actor::DocumentStatus>(
            shared.id, messaging::message_of<messages::GetStatus>([](auto&) {}),
            [&out, &shared, place = site.place](const Result<document_actor::DocumentStatus>& status) {
              out += "\n  document " + to_hex(shared.id).substr(0, 8) + ", node " + std::to_string(place) + ": ";
              if (!status) {
                out += status.error().message();
                return;
              }
              out += std::to_string(status->changes) + " changes, " + std::to_string(status->waiting) + " waiting, " +
                     std::to_string(status->unreadable) + " not readable";
              for (const std::string& part : status->withheld) out += "; withheld: " + part;
            });
    pass(1s, 20ms);
    return out;
  }

  void check() {
    for (const Shared& shared : shared_) {
      const auto value = sites_[shared.owner].node->get(shared.id);
      if (!value) {
        fault("a document cannot be read: " + value.error().message());
        continue;
      }
      world_.note(document::to_json(*value->snapshot));
      const Data& open = *value->snapshot->find("open");
      const Data::Object& done = *open.find("done")->object();
      const auto count = static_cast<std::size_t>(std::get<std::int64_t>(*open.find("count")->value()));
      if (count != done.size() || std::get<std::string>(*open.find("text")->value()).size() != count)
        fault("a transaction is half there");
      for (const std::uint64_t number : shared.acknowledged)
        if (!open.find("done")->find(std::to_string(number))) fault("acknowledged and gone: " + std::to_string(number));
      for (const Site& site : sites_) {
        if (shared.may_read_all(site.place)) continue;
        if (site.node->json(shared.id).find(shared.word) != std::string::npos)
          fault("node " + std::to_string(site.place) + " reads what it may not");
      }
    }
    count_bans();
    for (const Site& from : sites_) {
      if (!honest(from.place)) report_.lies += from.traitor->lies();
      for (const Site& to : sites_)
        if (honest(from.place) && honest(to.place))
          report_.traffic = std::max(report_.traffic, wires_->delivered(from.place, to.place));
    }
    if (report_.mailbox > kLongestMailbox) fault("a mailbox held " + std::to_string(report_.mailbox) + " messages");
    if (report_.heap > kHeapBytes + sites_.size() * kHeapBytesByNode)
      fault("the heap grew by " + std::to_string(report_.heap) + " bytes");
    if (report_.traffic > kTrafficBytes + sites_.size() * kTrafficBytesByNode + options_.events * kTrafficBytesByEvent)
      fault("one honest node told another " + std::to_string(report_.traffic) + " bytes");
  }

  // What a member who lies thinks of the others, who answer its lies, is its own affair.
  void count_bans() {
    std::istringstream log(world_.log());
    for (std::string line; std::getline(log, line);) {
      if (line.find(" peer_banned ") == std::string::npos) continue;
      const auto by = std::find_if(sites_.begin(), sites_.end(),
                                   [&](const Site& s) { return line.starts_with(s.node->name() + ":"); });
      const auto banned = std::find_if(sites_.begin(), sites_.end(), [&](const Site& s) {
        return line.find("peer=" + to_hex(s.device).substr(0, 16)) != std::string::npos;
      });
      if (by == sites_.end() || banned == sites_.end() || !honest(by->place)) continue;
      if (honest(banned->place))
        fault("node " + std::to_string(banned->place) +
              ", which keeps to the rules, was banned by one that does: " + line);
      else
        ++report_.bans;
    }
  }

  const NetworkOptions options_;
  SeededRandom random_, treason_;
  testing::World world_;
  std::shared_ptr<Wires> wires_;
  caf::actor client_;
  std::vector<Site> sites_;
  std::vector<Shared> shared_;
  std::vector<std::shared_ptr<Liar>> liars_;
  bool has_liars_ = false, flooded_ = false;
  std::set<std::pair<DocumentId, Place>> joining_;
  std::map<document_actor::SyncNumber, crypto::PublicKey> conversations_;
  std::map<std::pair<Place, std::uint64_t>, std::int64_t> asked_;
  NetworkReport report_;
  std::optional<std::size_t> heap_;
  std::string last_problem_;
  std::uint64_t last_number_ = 0;
  std::int64_t under_way_ = 0;
};

}  // namespace

NetworkReport simulate_network(std::uint64_t seed, const NetworkOptions& options) {
  return NetworkRun(seed, options).go();
}

}  // namespace tlfs::simulation
