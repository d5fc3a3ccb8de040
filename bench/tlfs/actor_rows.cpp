// Actors as the node uses them, with the scheduler that ships: messages, requests, spawning, and what an idle one
// weighs.
#include <future>
#include <memory>

#include <spdlog/sinks/null_sink.h>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/messaging/message.h"
#include "actors/messaging/scheduling.h"
#include "actors/supervision/supervisor.h"
#include "bench/tlfs/rows.h"
#include "runtime/base/environment.h"
#include "schema/messages/document.capnp.h"

namespace tlfs::bench {
namespace {

using namespace supervision;
using Words = messaging::Message<messages::Value>;

constexpr int kMessages = 1'000'000;
constexpr int kCredit = 10'000;  // the receiver asks for so many at a time, two portions are under way
constexpr int kRequests = 200'000;
constexpr int kPipelined = 64;
constexpr int kSpawned = 100'000;
constexpr auto kPatience = std::chrono::seconds(60);

struct Finish : messaging::LocalOnly {
  std::shared_ptr<std::promise<void>> done;
};
struct Credit : messaging::LocalOnly {
  caf::actor from;
};

struct House {
  House() {
    messaging::share_workers(config);
    config.set("logger.verbosity", caf::atom("quiet"));
    system = std::make_unique<caf::actor_system>(config);
    SupervisorConfig root;
    root.path = ActorPath("node");
    root.clock = std::make_shared<SystemClock>();
    root.random = std::make_shared<SeededRandom>(1);
    root.logger = std::make_shared<spdlog::logger>("bench", std::make_shared<spdlog::sinks::null_sink_mt>());
    supervisor = spawn_root_supervisor(*system, std::move(root));
  }
  ~House() {
    caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
    supervisor = nullptr;
  }

  template <class F>
  caf::actor start(std::string id, F behave) {
    StartChild start;
    start.spec = std::make_shared<const ChildSpec>(spec(std::move(id), behave));
    caf::scoped_actor self(*system);
    caf::actor out;
    self->request(supervisor, kPatience, start)
        .receive([&](ChildPhase& phase) { out = phase.handle; },
                 [](caf::error& error) { require(false, describe(error)); });
    return out;
  }
  template <class F>
  static ChildSpec spec(std::string id, F behave) {
    ChildSpec made;
    made.id = std::move(id);
    made.restart = Restart::temporary;
    made.start = [behave](ChildContext& context) { return context.spawn(behave); };
    return made;
  }

  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::actor supervisor;
};

caf::behavior idle(caf::event_based_actor*) {
  return {[](int n) { return n; }};
}

// Milliseconds from the start until someone fulfils the promise.
double until_done(const caf::actor& starter) {
  Finish finish;
  finish.done = std::make_shared<std::promise<void>>();
  auto future = finish.done->get_future();
  return timed([&] {
           caf::anon_send(starter, finish);
           require(future.wait_for(kPatience) == std::future_status::ready, "the actors never finished");
           return 0;
         })
      .first;
}

// Microseconds per message; `start` spawns an actor of a behavior.
template <class Start>
double one_way(Start start) {
  messaging::MessageBuilder<messages::Value> builder;
  const Words words = std::move(builder).seal();
  const auto receiver = start("receiver", [](caf::event_based_actor* self) {
    auto count = std::make_shared<int>(0);
    auto finish = std::make_shared<Finish>();
    auto sender = std::make_shared<caf::actor>();
    return caf::behavior{[=](const Finish& asked) { *finish = asked; },
                         [=](const Credit& credit) { *sender = credit.from; },
                         [=](const Words&) {
                           if (++*count % kCredit == 0 && *sender) self->send(*sender, kCredit);
                           if (*count == kMessages) finish->done->set_value();
                         }};
  });
  const auto sender = start("sender", [=](caf::event_based_actor* self) {
    auto left = std::make_shared<int>(kMessages);
    return caf::behavior{[=](const Finish& asked) {
                           self->send(receiver, asked);
                           Credit credit;
                           credit.from = self;
                           self->send(receiver, credit);
                           self->send(self, 2 * kCredit);
                         },
                         [=](int credit) {
                           for (; credit > 0 && *left > 0; --credit, --*left) self->send(receiver, words);
                         }};
  });
  const double ms = until_done(sender);
  caf::anon_send_exit(sender, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(receiver, caf::exit_reason::user_shutdown);
  return ms * 1000 / kMessages;
}

Sample messages_between(House& house, int round) {
  Sample sample;
  sample.value =
      one_way([&](const char* name, auto behave) { return house.start(name + ("/" + std::to_string(round)), behave); });
  const double bare = one_way([&](const char*, auto behave) { return house.system->spawn(behave); });
  sample.extra = {{"per_second", 1e6 / sample.value}, {"unsupervised_us", bare}};
  return sample;
}

Sample requests(House& house, int round) {
  const auto server = house.start("server/" + std::to_string(round), idle);
  const auto client = house.start("client/" + std::to_string(round), [=](caf::event_based_actor* self) {
    auto left = std::make_shared<int>(kRequests);
    auto open = std::make_shared<int>(0);
    auto finish = std::make_shared<Finish>();
    auto next = std::make_shared<std::function<void()>>();
    *next = [=, weak = std::weak_ptr(next)] {
      while (*left > 0 && *open < kPipelined) {
        --*left, ++*open;
        self->request(server, kPatience, *left).then([=](int) {
          --*open;
          if (const auto again = weak.lock()) (*again)();
          if (*left == 0 && *open == 0) finish->done->set_value();
        });
      }
    };
    return caf::behavior{[=](const Finish& asked) {
      *finish = asked;
      (*next)();
    }};
  });
  Sample sample;
  const double ms = until_done(client);
  sample.value = ms * 1000 / kRequests;
  sample.extra = {{"per_second", kRequests / ms * 1000}};
  return sample;
}

Sample spawn_bare() {
  House house;
  std::vector<caf::actor> actors;
  actors.reserve(kSpawned);
  Sample sample;
  sample.value = timed([&] {
                   for (int i = 0; i < kSpawned; ++i) actors.push_back(house.system->spawn(idle));
                   return 0;
                 }).first *
                 1000 / kSpawned;
  for (auto& actor : actors) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  return sample;
}

// Starts kSpawned children, so many requests under way at a time; milliseconds until the last is up. CAF's clock keeps
// the timeout of each request, answered or not, until it is due.
double start_many(House& house, caf::duration timeout) {
  const auto starter = house.start("starter", [supervisor = house.supervisor, timeout](caf::event_based_actor* self) {
    auto left = std::make_shared<int>(kSpawned);
    auto open = std::make_shared<int>(0);
    auto finish = std::make_shared<Finish>();
    auto next = std::make_shared<std::function<void()>>();
    *next = [=, weak = std::weak_ptr(next)] {
      while (*left > 0 && *open < kPipelined) {
        --*left, ++*open;
        StartChild start;
        start.spec = std::make_shared<const ChildSpec>(House::spec("document/" + std::to_string(*left), idle));
        self->request(supervisor, timeout, start).then([=](ChildPhase& phase) {
          require(phase.kind == PhaseKind::up, "a child did not start");
          --*open;
          if (const auto again = weak.lock()) (*again)();
          if (*left == 0 && *open == 0) finish->done->set_value();
        });
      }
    };
    return caf::behavior{[=](const Finish& asked) {
      *finish = asked;
      (*next)();
    }};
  });
  return until_done(starter);
}

}  // namespace

std::vector<Row> actor_rows() {
  return {
      {.name = "actor_message",
       .unit = "us",
       .inside = "one Message<T> from one supervised actor to another, of 1,000,000 under a credit of 20,000",
       .start =
           [](const Arguments&) {
             return
                 [house = std::make_shared<House>(), round = 0]() mutable { return messages_between(*house, ++round); };
           }},
      {.name = "actor_request",
       .unit = "us",
       .inside = "one request and its answer between supervised actors, of 200,000, 64 under way",
       .start =
           [](const Arguments&) {
             return [house = std::make_shared<House>(), round = 0]() mutable { return requests(*house, ++round); };
           }},
      {.name = "actor_spawn_bare",
       .unit = "us",
       .inside = "one spawn of an actor that nobody supervises, of 100,000",
       .start = [](const Arguments&) { return spawn_bare; }},
      {.name = "actor_spawn_supervised",
       .unit = "us",
       .inside = "one start_child, from the request to the answer that it runs, of 100,000, 64 under way",
       .start =
           [](const Arguments&) {
             return [] {
               House house;
               Sample sample;
               sample.value = start_many(house, caf::duration(kPatience)) * 1000 / kSpawned;
               return sample;
             };
           }},
      {.name = "actor_idle_bytes",
       .unit = "bytes",
       .inside = "resident memory of one idle supervised actor and what its supervisor keeps of it, of 100,000",
       .fresh_process = true,
       .start =
           [](const Arguments&) {
             return [] {
               House house;
               const double before = resident_bytes();
               start_many(house, caf::infinite);
               trim_memory();
               Sample sample;
               sample.value = (resident_bytes() - before) / kSpawned;
               return sample;
             };
           }},
  };
}

}  // namespace tlfs::bench
