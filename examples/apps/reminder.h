// Reminds of tasks when they are due, once each: it marks the task as reminded, so that no other device reminds again
// and no restart forgets.
#pragma once

#include <map>

#include "actors/app/app.h"

namespace tlfs::examples {

class Reminder final : public app::App {
 public:
  // `remind` shows a task's title to the user.
  Reminder(const app::DocumentId& todos, std::function<void(const std::string& title)> remind)
      : todos_(todos), remind_(std::move(remind)) {}
  void start(app::Context& node) override;

 private:
  void look(const app::Update& update);
  void due();

  const app::DocumentId todos_;
  const std::function<void(const std::string&)> remind_;
  app::Context* node_ = nullptr;
  document::Data tasks_;
  std::uint64_t timer_ = 0;  // for the earliest task that is due
};

}  // namespace tlfs::examples
