// What every supervised actor has: a bounded mailbox, a probe, a place in the registry, dead letters, and a log.
#include "actors/supervision/supervised_actor.h"

#include <catch2/catch.hpp>

#include "actors/supervision/log_event.h"
#include "actors/supervision/supervised_ref.h"
#include "actors/testing/world.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;
using testing::World;
using Lines = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A child that notes what it handles. A number is answered with itself.
struct Desk {
  World world;
  Lines seen;
  caf::actor supervisor, child;
  std::function<void(const std::string&)> on_text = [](const std::string&) {};

  explicit Desk(MailboxSpec mailbox = {},
                const std::function<caf::behavior(caf::event_based_actor*)>& behave = nullptr) {
    ChildSpec spec;
    spec.id = "desk";
    spec.mailbox = std::move(mailbox);
    spec.start = [this, behave](ChildContext& context) {
      return context.spawn([this, behave](caf::event_based_actor* self) -> caf::behavior {
        if (behave) return behave(self);
        return {[this](const std::string& text) {
                  seen.push_back(text);
                  on_text(text);
                },
                [this](int number) {
                  seen.push_back(std::to_string(number));
                  return number;
                }};
      });
    };
    auto config = world.supervisor_config({spec});
    config.backoff.initial = 0ns;
    supervisor = world.spawn_supervisor(std::move(config));
    world.run();
    WatchChild watch;
    watch.id = "desk";
    child = world.ask<ChildPhase>(supervisor, watch).handle;
  }
  void tell(std::string text) { caf::anon_send(child, std::move(text)); }
  ProbeReading probe() {
    for (const auto& reading : world.registry()->readings())
      if (reading.path == "/node/desk") return reading;
    throw std::runtime_error("the desk has no probe");
  }
};

MailboxSpec mailbox(std::size_t limit, Overflow overflow) {
  MailboxSpec spec;
  spec.limit = limit;
  spec.overflow = overflow;
  return spec;
}

TEST_CASE("a full mailbox drops one-way messages, and each is a dead letter") {
  Desk desk(mailbox(3, Overflow::reject));
  for (const char* text : {"a", "b", "c", "d", "e"}) desk.tell(text);
  CHECK(desk.probe().depth == 3);
  desk.world.run();
  CHECK(desk.seen == Lines{"a", "b", "c"});
  CHECK(desk.probe().depth == 0);
  CHECK(desk.probe().high_water >= 3);
  CHECK(desk.probe().rejected == 2);
  CHECK(desk.world.registry()->dead_letter_count() == 2);
  const auto letters = desk.world.registry()->dead_letters();
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].to == "/node/desk");
  CHECK(letters[0].why == DeadLetterReason::full);
  CHECK(contains(letters[0].message_type, "str"));
  desk.tell("f");
  desk.world.run();
  CHECK(desk.seen.back() == "f");  // there is room again
}

TEST_CASE("a request to a full mailbox is answered at once with an error that names the path and the depth") {
  for (const auto overflow : {Overflow::reject, Overflow::drop_oldest, Overflow::coalesce}) {
    Desk desk(mailbox(2, overflow));
    auto results = std::make_shared<Lines>();
    auto ref = std::make_shared<std::unique_ptr<SupervisedRef>>();
    auto client = desk.world.spawn_client();
    World::let(client, [&](caf::event_based_actor& self) {
      *ref = std::make_unique<SupervisedRef>(&self, desk.supervisor, "desk");
    });
    desk.world.run();
    World::let(client, [=](caf::event_based_actor&) {
      for (int i = 0; i < 3; ++i)
        (*ref)->request<int>(
            {.timeout = 1s},
            [=](Result<int> r) {
              const bool full = !r.ok() && r.error().is(Errc::overloaded);
              results->push_back(r.ok() ? std::to_string(*r) : full ? r.error().message() : "another error");
            },
            i);
    });
    desk.world.run();
    std::sort(results->begin(), results->end());
    CHECK(*results == Lines{"0", "1", "request to desk: /node/desk has 2 messages waiting and takes no more"});
    CHECK(desk.seen == Lines{"0", "1"});
    World::let(client, [=](caf::event_based_actor&) { ref->reset(); });
    desk.world.run();
  }
}

TEST_CASE("drop_oldest keeps the newest one-way messages and every request, in order") {
  Desk desk(mailbox(3, Overflow::drop_oldest));
  auto answers = std::make_shared<std::vector<int>>();
  World::let(desk.world.spawn_client(), [&desk, answers](caf::event_based_actor& self) {
    self.send(desk.child, std::string("a"));
    self.request(desk.child, 1s, 1).then([=](int n) { answers->push_back(n); });
    for (const char* text : {"b", "c", "d"}) self.send(desk.child, std::string(text));
  });
  while (desk.probe().high_water < 3) REQUIRE(desk.world.step());
  desk.world.run();
  CHECK(desk.seen == Lines{"1", "c", "d"});
  CHECK(*answers == std::vector<int>{1});
  CHECK(desk.probe().dropped == 2);
  CHECK(desk.probe().rejected == 0);
  CHECK(desk.probe().depth == 0);
  CHECK(desk.world.registry()->dead_letters().back().why == DeadLetterReason::dropped);
}

TEST_CASE("a coalesced message takes the place of the one with the same key that still waits") {
  auto spec = mailbox(3, Overflow::coalesce);
  spec.coalesce_key = [](const caf::type_erased_tuple& content) -> std::optional<std::string> {
    if (!content.match_elements<std::string>()) return std::nullopt;
    return content.get_as<std::string>(0).substr(0, 1);
  };
  Desk desk(spec);
  for (const char* text : {"a1", "b1", "a2", "c1", "b2", "d1"}) desk.tell(text);
  CHECK(desk.probe().depth == 3);
  desk.world.run();
  CHECK(desk.seen == Lines{"a2", "b2", "c1"});
  CHECK(desk.probe().coalesced == 2);
  CHECK(desk.probe().rejected == 1);
  desk.seen.clear();
  desk.tell("a3");  // nothing of its key waits any more
  desk.world.run();
  CHECK(desk.seen == Lines{"a3"});
}

TEST_CASE("what an actor sends itself, answers to it and exits pass a full mailbox") {
  for (const auto overflow : {Overflow::reject, Overflow::drop_oldest}) {
    Lines seen;
    World* world = nullptr;
    caf::actor echo;
    Desk desk(mailbox(1, overflow), [&](caf::event_based_actor* self) -> caf::behavior {
      return {[&seen, &echo, self](const std::string& text) {
                seen.push_back(text);
                if (text != "go") return;
                for (int i = 0; i < 3; ++i) self->send(self, i);
                for (int i = 3; i < 6; ++i)
                  self->request(echo, 1s, i).then([&seen](int n) { seen.push_back(std::to_string(n)); });
              },
              [&seen](int n) { seen.push_back(std::to_string(n)); }};
    });
    world = &desk.world;
    echo = world->keep(world->system().spawn([]() -> caf::behavior { return {[](int n) { return n; }}; }));
    desk.tell("go");
    desk.world.run();
    std::sort(seen.begin(), seen.end());
    CHECK(seen == Lines{"0", "1", "2", "3", "4", "5", "go"});
    desk.tell("last");
    caf::anon_send_exit(desk.child, caf::exit_reason::user_shutdown);
    desk.world.run();
    CHECK(desk.world.status(desk.supervisor).children[0].restarts == 1);
  }
}

TEST_CASE("a message an actor is not ready for waits, counts, and is handled later") {
  for (const auto overflow : {Overflow::reject, Overflow::drop_oldest}) {
    Lines seen;
    Desk desk(mailbox(4, overflow), [&](caf::event_based_actor* self) -> caf::behavior {
      self->set_default_handler(caf::skip);
      return {[&seen, self](int) {
        self->become([&seen](const std::string& text) { seen.push_back(text); }, [](int n) { return n; });
      }};
    });
    desk.tell("a");
    desk.tell("b");
    desk.world.run();
    CHECK(seen.empty());
    CHECK(desk.probe().depth == 2);
    caf::anon_send(desk.child, 1);
    desk.world.run();
    CHECK(seen == Lines{"a", "b"});
    CHECK(desk.probe().depth == 0);
  }
}

TEST_CASE("requests that wait in the mailbox of an actor that ends go back unread and reach its next incarnation") {
  for (const auto overflow : {Overflow::reject, Overflow::drop_oldest, Overflow::coalesce}) {
    Desk desk(mailbox(8, overflow));
    desk.on_text = [](const std::string& text) {
      if (text == "throw") throw std::runtime_error("spilled");
    };
    auto results = std::make_shared<Lines>();
    std::unique_ptr<SupervisedRef> ref;
    auto client = desk.world.spawn_client();
    World::let(client, [&](caf::event_based_actor& self) {
      ref = std::make_unique<SupervisedRef>(&self, desk.supervisor, "desk");
    });
    desk.world.run();
    World::let(client, [&, results](caf::event_based_actor& self) {
      self.send(desk.child, std::string("throw"));
      self.send(desk.child, std::string("unread"));
      for (int i = 0; i < 3; ++i)
        ref->request<int>(
            {.timeout = 1s},
            [results](Result<int> r) { results->push_back(r.ok() ? std::to_string(*r) : r.error().message()); }, i);
    });
    desk.world.run();
    CHECK(*results == Lines{"0", "1", "2"});
    CHECK(ref->counters().returned == 3);
    const auto letters = desk.world.registry()->dead_letters();
    CHECK(letters.size() == 4);  // the text for ever, the requests as far as that incarnation goes
    for (const auto& letter : letters) CHECK(letter.why == DeadLetterReason::ended);
    World::let(client, [&](caf::event_based_actor&) { ref.reset(); });
    desk.world.run();
  }
}

TEST_CASE("what is sent to an actor that has ended is a dead letter, and only the last ones are kept") {
  Desk desk;
  const auto gone = desk.child;
  caf::anon_send_exit(gone, caf::exit_reason::kill);
  desk.world.run();
  for (std::size_t i = 0; i < kDeadLettersKept + 10; ++i) caf::anon_send(gone, std::string("anyone?"));
  CHECK(desk.world.registry()->dead_letter_count() == kDeadLettersKept + 10);
  CHECK(desk.world.registry()->dead_letters().size() == kDeadLettersKept);
}

TEST_CASE("a probe tells what an actor has done, and goes with it") {
  Desk desk;
  desk.on_text = [&](const std::string&) { desk.world.advance(2ms); };
  for (int i = 0; i < 5; ++i) desk.tell("x");
  desk.world.run();
  auto reading = desk.probe();
  CHECK(reading.messages == 5);
  CHECK(reading.busy == 10ms);
  CHECK(reading.incarnation == 1);
  CHECK(reading.restarts == 0);
  CHECK(reading.kind == ChildKind::worker);
  CHECK(reading.mailbox_limit == kDefaultMailboxLimit);
  CHECK(desk.world.registry()->size() == 2);  // and the supervisor
  caf::anon_send_exit(desk.child, caf::exit_reason::kill);
  desk.child = nullptr;
  desk.world.run();
  reading = desk.probe();
  CHECK(reading.restarts == 1);
  CHECK(reading.incarnation == 2);
  CHECK(reading.messages == 0);
  CHECK(desk.world.registry()->size() == 2);
  caf::anon_send_exit(desk.supervisor, caf::exit_reason::user_shutdown);
  desk.world.run();
  CHECK(desk.world.registry()->readings().size() <= 1);
}

TEST_CASE("a handler that runs too long is reported once, with the path and the message it sits on") {
  Desk desk;
  Registry& registry = *desk.world.registry();
  Nanoseconds stuck_for{};
  std::string stuck_on;
  desk.on_text = [&](const std::string& text) {
    if (text != "hang") return;
    registry.check_handlers();
    for (int second = 0; second < 9; ++second) {
      desk.world.advance(1s);
      registry.check_handlers();
    }
    stuck_for = desk.probe().stuck_for;
    stuck_on = desk.probe().stuck_on;
  };
  desk.tell("quick");
  desk.world.run();
  registry.check_handlers();
  CHECK(registry.stuck_count() == 0);
  desk.tell("hang");
  desk.world.run();
  CHECK(registry.stuck_count() == 1);
  CHECK(stuck_for == 9s);
  CHECK(contains(stuck_on, "str"));
  const auto log = desk.world.log();
  CHECK(contains(log, "handler_stuck path=/node/desk incarnation=1 message=" + stuck_on + " seconds=5.000"));
  CHECK(log.find("handler_stuck") == log.rfind("handler_stuck"));
  CHECK(contains(log, "handler_moves_again path=/node/desk incarnation=1 seconds=9.000"));
  CHECK(desk.probe().stuck_for == 0s);
  desk.tell("hang");  // another incident
  desk.world.run();
  CHECK(registry.stuck_count() == 2);
}

TEST_CASE("many short handlers in a row are not a stuck one") {
  Desk desk;
  Registry& registry = *desk.world.registry();
  desk.on_text = [&](const std::string&) {
    registry.check_handlers();
    desk.world.advance(1s);
    registry.check_handlers();
  };
  for (int i = 0; i < 20; ++i) desk.tell("x");
  desk.world.run();
  CHECK(registry.stuck_count() == 0);
}

TEST_CASE("under a deterministic scheduler a detached child is an actor like any other") {
  class Writer : public caf::event_based_actor {
   public:
    Writer(caf::actor_config& config, std::thread::id* where) : caf::event_based_actor(config), where_(where) {}
    caf::behavior make_behavior() override {
      return {[this](int n) {
        *where_ = std::this_thread::get_id();
        return n;
      }};
    }

   private:
    std::thread::id* where_;
  };
  std::thread::id where;
  ChildSpec spec;
  spec.id = "store";
  spec.start = [&](ChildContext& context) { return context.spawn_detached<Writer>(&where); };
  World world;
  auto supervisor = world.spawn_supervisor(world.supervisor_config({spec}));
  world.run();
  WatchChild watch;
  watch.id = "store";
  CHECK(world.ask<int>(world.ask<ChildPhase>(supervisor, watch).handle, 7) == 7);
  CHECK(where == std::this_thread::get_id());
}

TEST_CASE("a log line is an event with keys and values, quoted where a reader would stumble") {
  std::ostringstream out;
  spdlog::logger logger("log", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  logger.set_pattern("%v");
  log_event(
      logger, spdlog::level::info, "door_opened", "/node/a b",
      {{"times", 3}, {"by", "cat"}, {"why", "said \"meow\"\n\x01\\"}, {"empty", ""}, {"seconds", 0.25}, {"left", -1}});
  log_event(logger, spdlog::level::debug, "not_shown", "/node", {});
  CHECK(out.str() ==
        "door_opened path=\"/node/a b\" times=3 by=cat why=\"said \\\"meow\\\"\\n\\x01\\\\\" empty=\"\" seconds=0.250 "
        "left=-1\n");
}

}  // namespace
}  // namespace tlfs::supervision
