// Random trees, random endings, against a model of what OTP's supervisors do. The model knows who is alive and says,
// for each event, which leaves end and start, in which order.
#include <catch2/catch.hpp>

#include "actors/supervision/supervisor.h"
#include "actors/testing/world.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;
using testing::World;
using Lines = std::vector<std::string>;

// A supervisor (with children) or a leaf.
struct Model {
  std::string path;
  Restart restart = Restart::permanent;
  Strategy strategy = Strategy::one_for_one;
  bool supervisor = false;
  std::vector<Model> children;
  bool alive = false;
  bool unwanted = false;  // stopped by request

  void start(Lines& lines) {
    alive = true;
    unwanted = false;
    if (!supervisor) lines.push_back("+" + path);
    for (Model& child : children) child.start(lines);
  }
  void stop(Lines& lines) {
    if (!alive) return;
    alive = false;
    for (auto child = children.rbegin(); child != children.rend(); ++child) child->stop(lines);
    if (!supervisor) lines.push_back("-" + path);
  }
  // Child `index` has ended by itself.
  void ended(std::size_t index, bool clean, Lines& lines) {
    Model& child = children[index];
    child.stop(lines);
    const bool wanted = child.restart == Restart::permanent || (child.restart == Restart::transient && !clean);
    if (!wanted) return;
    if (strategy == Strategy::one_for_one) return child.start(lines);
    const std::size_t from = strategy == Strategy::one_for_all ? 0 : index;
    for (std::size_t i = children.size(); i-- > from;) children[i].stop(lines);
    for (std::size_t i = from; i < children.size(); ++i)
      if (!children[i].unwanted && children[i].restart != Restart::temporary) children[i].start(lines);
  }
};

struct Forest {
  Lines lines;
  std::map<std::string, caf::actor> handles;

  ChildSpec spec(const Model& model) {
    ChildSpec made;
    const std::string path = model.path;
    if (model.supervisor) {
      made = supervisor_spec(path, [this, model] { return config(model); });
      made.start = [this, path, start = made.start](ChildContext& context) { return handles[path] = start(context); };
    } else {
      made.id = path;
      made.start = [this, path](ChildContext& context) {
        lines.push_back("+" + path);
        return handles[path] = context.spawn([this, path](caf::event_based_actor* self) -> caf::behavior {
          self->attach_functor([this, path](const caf::error&) { lines.push_back("-" + path); });
          return {[self](bool clean) {
            if (!clean) throw std::runtime_error("crash");
            self->quit();
          }};
        });
      };
    }
    made.restart = model.restart;
    return made;
  }
  SupervisorConfig config(const Model& model) {
    SupervisorConfig made;
    for (const Model& child : model.children) made.children.push_back(spec(child));
    made.strategy = model.strategy;
    made.intensity = {.restarts = kMaxRestartsRemembered, .period = 1s};
    made.backoff.initial = 0ns;
    return made;
  }
};

Model random_tree(SeededRandom& plan, const std::string& path, int depth) {
  Model model;
  model.path = path;
  model.supervisor = true;
  model.strategy = static_cast<Strategy>(plan.below(3));
  const auto count = 1 + plan.below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string id = path + "." + std::to_string(i);
    Model child;
    child.path = id;
    if (depth > 0 && plan.chance(0.35)) child = random_tree(plan, id, depth - 1);
    child.restart = static_cast<Restart>(plan.below(3));
    model.children.push_back(std::move(child));
  }
  return model;
}

// Every (supervisor, index of a child) of which the supervisor is alive.
void places(Model& model, std::vector<std::pair<Model*, std::size_t>>& out) {
  if (!model.alive) return;
  for (std::size_t i = 0; i < model.children.size(); ++i) {
    out.emplace_back(&model, i);
    places(model.children[i], out);
  }
}

// A supervisor's children start before what they start themselves; supervisors side by side start at the same time. So
// what is exact is the order of the stops, and the order of everything under each supervisor.
Lines stops(const Lines& lines) {
  Lines out;
  for (const auto& line : lines)
    if (line[0] == '-') out.push_back(line);
  return out;
}
std::map<std::string, Lines> by_supervisor(const Lines& lines) {
  std::map<std::string, Lines> out;
  for (const auto& line : lines) out[line.substr(1, line.rfind('.') - 1)].push_back(line);
  return out;
}

struct Count {
  int crashes = 0, ends = 0, stops = 0, revivals = 0, kills = 0;
};

void compare(std::uint64_t seed, Count& count) {
  World world(seed);
  SeededRandom plan(seed * 7919);
  Model model = random_tree(plan, "r", 2);
  Forest forest;
  auto config = forest.config(model);
  const auto base = world.supervisor_config();
  config.path = ActorPath("r");
  config.clock = base.clock, config.random = base.random, config.logger = base.logger;
  config.registry = base.registry, config.threads = false;
  forest.handles["r"] = world.spawn_supervisor(std::move(config));
  world.run();
  Lines expected;
  model.start(expected);
  CHECK(by_supervisor(forest.lines) == by_supervisor(expected));

  for (int event = 0; event < 25; ++event) {
    std::vector<std::pair<Model*, std::size_t>> all;
    places(model, all);
    const auto [parent, index] = all[plan.below(all.size())];
    Model& child = parent->children[index];
    forest.lines.clear();
    expected.clear();
    bool ordered = true;
    std::string what;
    if (!child.alive) {
      if (child.supervisor || plan.chance(0.5)) {
        what = "revive ";
        ++count.revivals;
        child.start(expected);
        ReviveChild revive;
        revive.id = child.path;
        caf::anon_send(forest.handles[parent->path], revive);
      }
    } else if (plan.chance(0.2)) {
      what = "stop ";
      ++count.stops;
      child.stop(expected);
      child.unwanted = true;
      StopChild stop;
      stop.id = child.path;
      caf::anon_send(forest.handles[parent->path], stop);
    } else if (child.supervisor) {
      what = "kill ";  // what was below it goes all at once
      ++count.kills;
      ordered = false;
      parent->ended(index, false, expected);
      caf::anon_send_exit(forest.handles[child.path], caf::exit_reason::kill);
    } else {
      const bool clean = plan.chance(0.3);
      what = clean ? "quit " : "crash ";
      ++(clean ? count.ends : count.crashes);
      parent->ended(index, clean, expected);
      caf::anon_send(forest.handles[child.path], clean);
    }
    world.run();
    world.advance(1s);  // the budget of restarts is not what is compared here
    world.run();
    INFO("seed " << seed << " event " << event << ": " << what << child.path);
    if (ordered) {
      CHECK(stops(forest.lines) == stops(expected));
      CHECK(by_supervisor(forest.lines) == by_supervisor(expected));
    } else {
      std::sort(forest.lines.begin(), forest.lines.end());
      std::sort(expected.begin(), expected.end());
      CHECK(forest.lines == expected);
    }
  }
  Lines stopped;
  model.stop(stopped);
  forest.lines.clear();
  caf::anon_send_exit(forest.handles["r"], caf::exit_reason::user_shutdown);
  world.run();
  CHECK(forest.lines == stopped);
}

TEST_CASE("in random trees every ending stops and starts whom OTP would stop and start, in its order") {
  Count count;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) compare(seed, count);
  CHECK(count.crashes > 1000);
  CHECK(count.ends > 500);
  CHECK(count.stops > 500);
  CHECK(count.revivals > 500);
  CHECK(count.kills > 200);
}

}  // namespace
}  // namespace tlfs::supervision
