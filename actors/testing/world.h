// A world in which actors run one step at a time, in an order and at times that a seed decides. Same seed, same trace.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <caf/actor_addr.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/messaging/local_only.h"
#include "actors/supervision/supervisor.h"
#include "runtime/base/environment.h"

namespace tlfs::testing {

// A message that makes an actor run a function of the test.
struct Do : messaging::LocalOnly {
  std::function<void(caf::event_based_actor&)> what;
};

class World {
 public:
  explicit World(std::uint64_t seed = 1) : random_(seed) {
    config_.set("scheduler.policy", caf::atom("testing"));
    config_.set("scheduler.max-throughput", 1);
    config_.set("logger.verbosity", caf::atom("quiet"));
    system_.emplace(config_);
    scheduler_ = &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
    logger_ = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_));
    logger_->set_pattern("%v");
    logger_->set_level(spdlog::level::debug);
  }
  ~World() {
    halt_ = nullptr;
    watcher_ = nullptr;
    for (auto& actor : actors_) caf::anon_send_exit(actor, caf::exit_reason::kill);
    actors_.clear();
    run();
  }

  caf::actor_system& system() { return *system_; }
  SeededRandom& random() { return random_; }
  std::string log() const { return log_.str(); }
  std::size_t log_bytes() { return static_cast<std::size_t>(log_.tellp()); }
  const std::shared_ptr<spdlog::logger>& logger() const { return logger_; }
  std::chrono::nanoseconds now() const { return scheduler().clock().now().time_since_epoch(); }

  // Runs one step of an actor that the seed picks; false when nobody has anything to do.
  bool step() {
    auto& jobs = scheduler_->jobs;
    if (jobs.empty() || halted()) return false;
    std::size_t picked = random_.below(jobs.size());
    if (held_ != nullptr) {
      if (held_steps_ == 0) {
        held_ = nullptr;
      } else if (--held_steps_; jobs[picked] == held_) {
        if (jobs.size() == 1) held_ = nullptr;  // nobody else is ready
        picked = (picked + 1) % jobs.size();
      }
    }
    const auto pick = static_cast<std::ptrdiff_t>(picked);
    hash_ = (hash_ ^ (jobs.size() * 1'000'003 + picked)) * 1099511628211ull;
    ++steps_;
    std::rotate(jobs.begin(), jobs.begin() + pick, jobs.begin() + pick + 1);
    if (watcher_) look(*jobs.front());
    scheduler_->run_once();
    return true;
  }
  // The actor is slow: others are preferred for so many steps.
  void hold(const caf::actor& slow, std::uint64_t steps) {
    held_ = dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(slow));
    held_address_ = slow.address();
    held_steps_ = steps;
  }
  std::uint64_t steps() const { return steps_; }
  // Sees, and may change, each message that an actor other than a client is about to handle, and how many wait for that
  // actor with it.
  using Watcher =
      std::function<void(const caf::actor_addr& receiver, caf::type_erased_tuple& message, std::size_t waiting)>;
  void watch(Watcher watcher) { watcher_ = std::move(watcher); }

  // From the moment on at which `when` is true, nobody acts any more, and who waits for an answer gets Halted.
  struct Halted final : std::exception {
    const char* what() const noexcept override { return "the world has stopped"; }
  };
  void halt(std::function<bool()> when) { halt_ = std::move(when); }
  bool halted() const { return halt_ && halt_(); }
  // Until nobody has anything to do at this time.
  void run() {
    for (std::size_t steps = 0; step(); ++steps)
      if (steps > kMaxSteps) throw std::runtime_error("the actors never come to rest");
  }
  void advance(std::chrono::nanoseconds time) { scheduler_->advance_time(time); }
  // Lets time pass in small steps, everyone acting in between.
  void pass(std::chrono::nanoseconds time, std::chrono::nanoseconds grain = std::chrono::milliseconds(10)) {
    run();
    for (std::chrono::nanoseconds done{}; done < time; done += grain) {
      advance(std::min(grain, time - done));
      run();
    }
  }

  // An actor that does what it is sent. Lives as long as the world.
  caf::actor spawn_client() { return keep(system_->spawn<Client>()); }
  static void let(const caf::actor& client, std::function<void(caf::event_based_actor&)> what) {
    Do job;
    job.what = std::move(what);
    caf::anon_send(client, std::move(job));
  }

  supervision::SupervisorConfig supervisor_config(std::vector<supervision::ChildSpec> children = {}) {
    supervision::SupervisorConfig config;
    config.path = supervision::ActorPath("node");
    config.children = std::move(children);
    config.clock = clock();
    config.random = fork_random();
    config.logger = logger_;
    config.registry = registry();
    config.threads = false;
    return config;
  }
  caf::actor spawn_supervisor(supervision::SupervisorConfig config) {
    return keep(supervision::spawn_root_supervisor(*system_, std::move(config)));
  }
  caf::actor keep(caf::actor actor) {
    actors_.push_back(actor);
    return actor;
  }

  // Asks, and runs the world until the answer is there.
  template <class Reply, class... Args>
  Reply ask(const caf::actor& whom, Args&&... args) {
    caf::scoped_actor self(*system_);
    auto handle = self->request(whom, caf::infinite, std::forward<Args>(args)...);
    run();
    if (halted()) throw Halted();
    const auto refused = [](caf::error& error) { throw std::runtime_error(supervision::describe(error)); };
    if constexpr (std::is_void_v<Reply>) {
      handle.receive([] {}, refused);
    } else {
      std::optional<Reply> out;
      handle.receive([&](Reply& reply) { out = std::move(reply); }, refused);
      return std::move(*out);
    }
  }
  supervision::SupervisorStatus status(const caf::actor& supervisor) {
    return ask<supervision::SupervisorStatus>(supervisor, supervision::GetStatus());
  }

  // What happened, in order: the hash is the fingerprint of the run.
  void note(std::string_view what) {
    for (const char c : what) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  }
  std::uint64_t fingerprint() const { return hash_; }

  const std::shared_ptr<supervision::Registry>& registry() {
    if (!registry_) registry_ = std::make_shared<supervision::Registry>(clock(), logger_);
    return registry_;
  }
  std::shared_ptr<const Clock> clock() const { return std::make_shared<SchedulerClock>(scheduler()); }
  std::shared_ptr<Random> fork_random() { return std::make_shared<SeededRandom>(random_.next()); }

 private:
  class Client final : public caf::event_based_actor {
   public:
    using caf::event_based_actor::event_based_actor;
    caf::behavior make_behavior() override {
      return {[this](Do& job) { job.what(*this); }};
    }
  };

  static constexpr std::size_t kMaxSteps = 10'000'000;

  class SchedulerClock final : public Clock {
   public:
    explicit SchedulerClock(caf::scheduler::test_coordinator& scheduler) : scheduler_(scheduler) {}
    std::chrono::milliseconds wall() const override {
      return std::chrono::duration_cast<std::chrono::milliseconds>(monotonic());
    }
    std::chrono::nanoseconds monotonic() const override { return scheduler_.clock().now().time_since_epoch(); }

   private:
    caf::scheduler::test_coordinator& scheduler_;
  };

  caf::scheduler::test_coordinator& scheduler() const { return *scheduler_; }
  void look(caf::resumable& job) {
    auto* actor = dynamic_cast<caf::scheduled_actor*>(&job);
    if (actor == nullptr || dynamic_cast<Client*>(actor) != nullptr) return;
    if (caf::mailbox_element* next = actor->peek_at_next_mailbox_element())
      watcher_(actor->address(), next->content(), actor->mailbox().size());
  }

  SeededRandom random_;
  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> logger_;
  std::shared_ptr<supervision::Registry> registry_;
  std::uint64_t hash_ = 14695981039346656037ull;
  std::uint64_t steps_ = 0;
  std::function<bool()> halt_;
  Watcher watcher_;
  caf::resumable* held_ = nullptr;
  std::uint64_t held_steps_ = 0;
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  std::vector<caf::actor> actors_;
  // Keeps the place in memory of who is held from becoming another actor's, on which the order of steps would depend.
  caf::actor_addr held_address_;
};

}  // namespace tlfs::testing
