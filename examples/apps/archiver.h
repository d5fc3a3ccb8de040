// Moves tasks that are done to the archive, whoever marked them.
#pragma once

#include "actors/app/app.h"

namespace tlfs::examples {

class Archiver final : public app::App {
 public:
  explicit Archiver(const app::DocumentId& todos) : todos_(todos) {}
  void start(app::Context& node) override;

 private:
  void look(const app::Update& update);

  const app::DocumentId todos_;
  app::Context* node_ = nullptr;
  document::Data tasks_;  // as the watch has shown them
  bool moving_ = false;   // a transaction of ours is under way
};

}  // namespace tlfs::examples
