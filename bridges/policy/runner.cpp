#include "bridges/policy/runner.h"

#include <algorithm>

#include "runtime/policy/replay.h"

namespace tlfs::policy {
namespace {

using document::Data;

template <class... F>
struct Cases : F... {
  using F::operator()...;
};
template <class... F>
Cases(F...) -> Cases<F...>;

Answer perform(World& world, const Act& act) {
  Person person = world.as(act.person);
  if (!act.document.empty()) person = person.in(act.document);
  return std::visit(Cases{
                        [&](const Create& c) { return person.create(c.document); },
                        [&](const Set& s) { return person.set(s.path, s.value); },
                        [&](const Remove& r) { return person.remove(r.path); },
                        [&](const GrantStep& g) { return person.grant(g.level, g.path, g.to); },
                        [&](const RevokeStep& r) { return person.revoke(r.level, r.path, r.from, r.keep); },
                        [&](const AdmitAll& a) { return person.admit_all(a.from); },
                        [&](const UseVersion& u) { return person.use(u.version); },
                        [&](const AddDevice& a) { return person.add_device(a.device); },
                        [&](const RemoveDevice& r) { return person.remove_device(r.device); },
                    },
                    act.does);
}

// Why someone sees what they see.
std::string sight_explained(const Person& person, const std::string& path) {
  std::string out = person.can(Who(person.name()), Level::read, path).why;
  for (const std::string& why : person.withheld_because()) out += "\nwithheld: " + why;
  return out;
}

// What was seen instead, and why; nothing when it holds.
struct Miss {
  std::string seen, explanation;
};
std::optional<Miss> check(World& world, const Expect& expect) {
  const Person person = world.as(expect.person).in(expect.document);
  return std::visit(
      Cases{
          [&](const SeesValue& e) -> std::optional<Miss> {
            const Answer answer = person.sees(e.path, e.value);
            if (answer) return std::nullopt;
            return Miss{answer.why + "; expected " + document::to_json(e.value), sight_explained(person, e.path)};
          },
          [&](const Can& e) -> std::optional<Miss> {
            const Answer answer = person.can(e.who, e.level, e.path);
            if (answer.yes == e.is) return std::nullopt;
            return Miss{
                "expected " + std::string(e.is ? "yes" : "no") + ", and the answer is " + (answer.yes ? "yes" : "no"),
                answer.why};
          },
          [&](const WithheldCount& e) -> std::optional<Miss> {
            const std::size_t n = person.withheld();
            if (n == e.changes) return std::nullopt;
            std::string why;
            for (const std::string& one : person.withheld_because()) why += (why.empty() ? "" : "\n") + one;
            return Miss{
                "expected " + std::to_string(e.changes) + " withheld changes, and there are " + std::to_string(n), why};
          },
          [&](const CannotRead& e) -> std::optional<Miss> {
            const Answer answer = person.cannot_read(e.path);
            if (answer) return std::nullopt;
            return Miss{"expected that " + expect.person + " cannot read " + e.path + ", but " + answer.why,
                        sight_explained(person, e.path)};
          },
      },
      expect.that);
}

std::optional<Miss> take(World& world, const Step& step) {
  return std::visit(Cases{
                        [&](const Act& act) -> std::optional<Miss> {
                          const Answer answer = perform(world, act);
                          if (act.refused && answer)
                            return Miss{act.person + "'s node did it; expected that it refuses", {}};
                          if (act.refused && answer.why.empty())
                            return Miss{act.person + "'s node refused it without a reason", {}};
                          if (!act.refused && !answer) return Miss{act.person + "'s node refused it", answer.why};
                          return std::nullopt;
                        },
                        [&](const Meet& meet) -> std::optional<Miss> {
                          if (meet.everyone)
                            world.deliver_everyone();
                          else
                            world.sync(meet.people);
                          return std::nullopt;
                        },
                        [&](const Expect& expect) { return check(world, expect); },
                    },
                    step.is);
}

}  // namespace

Run run_once(const Scenario& scenario, std::uint64_t seed, std::size_t until) {
  Run out;
  std::size_t at = 0;
  const auto fail = [&](std::string seen, std::string explanation) {
    out.failure = Failure{at, at > 0 ? scenario.steps[at - 1].text : "", seed, std::move(seen), std::move(explanation)};
  };
  // A broken invariant below ends this scenario, not the others.
  try {
    out.world = std::make_unique<World>(World::Settings{scenario.package, scenario.people, seed});
    while (at < std::min(until, scenario.steps.size())) {
      ++at;
      if (std::optional<Miss> miss = take(*out.world, scenario.steps[at - 1])) {
        fail(std::move(miss->seen), std::move(miss->explanation));
        return out;
      }
    }
  } catch (const std::exception& error) {
    fail(error.what(), {});
  }
  return out;
}

std::optional<Failure> run_in_orders(const Scenario& scenario, const Orders& orders,
                                     const std::function<void()>& progress) {
  std::unique_ptr<World> first;
  for (std::size_t i = 0; i < orders.count; ++i) {
    Run run = run_once(scenario, orders.first_seed + i);
    if (run.failure) return run.failure;
    if (progress) progress();
    if (!first) {
      first = std::move(run.world);
    } else if (std::string difference = first_difference(*first, *run.world); !difference.empty()) {
      return Failure{0, "", orders.first_seed + i, std::move(difference),
                     "the order in which things arrive must not matter"};
    }
  }
  return std::nullopt;
}

}  // namespace tlfs::policy
