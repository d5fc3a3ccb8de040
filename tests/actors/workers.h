// Children for tests: they do on command what children do in the wild.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>

#include "actors/supervision/child_spec.h"

namespace tlfs::testing {

// What the incarnations of a worker saw, in order.
struct Diary {
  std::vector<std::string> lines;
  std::size_t count(const std::string& line) const { return std::count(lines.begin(), lines.end(), line); }
};

// Answers a number with its double. Text commands: "throw", "quit", "fail" (answers with an error), "silence" (takes
// the request and never answers), "number" (answers with an int).
inline caf::behavior worker(caf::event_based_actor* self, std::shared_ptr<Diary> diary, std::string name) {
  diary->lines.push_back("start " + name);
  auto never = std::make_shared<std::vector<caf::response_promise>>();
  return {
      [=](int x) {
        diary->lines.push_back(name + " " + std::to_string(x));
        return 2 * x;
      },
      [=](const std::string& command) -> caf::result<std::string> {
        diary->lines.push_back(name + " " + command);
        if (command == "throw") throw std::runtime_error("spilled the milk");
        if (command == "quit") self->quit();
        if (command == "fail") return caf::make_error(caf::sec::invalid_argument);
        if (command == "silence") {
          never->push_back(self->make_response_promise());
          return caf::delegated<std::string>();
        }
        return command;
      },
  };
}

inline supervision::ChildSpec worker_spec(std::string id, std::shared_ptr<Diary> diary,
                                          supervision::Restart restart = supervision::Restart::permanent) {
  supervision::ChildSpec spec;
  spec.id = id;
  spec.restart = restart;
  spec.start = [id, diary](supervision::ChildContext& context) { return context.spawn(worker, diary, id); };
  return spec;
}

}  // namespace tlfs::testing
