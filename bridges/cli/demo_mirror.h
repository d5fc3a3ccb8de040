// A screen as the demo imagines it: keeps a copy of a document from nothing but the updates it is sent, and complains
// when one is missing.
#pragma once

#include <mutex>
#include <string>

#include "actors/node/node.h"

namespace tlfs::cli {

class DemoMirror {
 public:
  // Called by the node, one at a time.
  void take(const Update& update) {
    const std::lock_guard lock(mutex_);
    ++updates_;
    if (update.snapshot) {
      ++snapshots_;
      value_ = *update.snapshot;
    } else if (update.from != revision_) {
      fault_ =
          "patches from revision " + std::to_string(update.from) + " came at revision " + std::to_string(revision_);
    } else if (Status s = document::apply_patches(value_, update.patches); !s) {
      fault_ = s.error().message();
    } else {
      patches_ += update.patches.size();
    }
    revision_ = update.to;
  }
  void failed(const Error& error) {
    const std::lock_guard lock(mutex_);
    fault_ = error.message();
  }

  struct Seen {
    std::uint64_t revision, updates, snapshots, patches;
    std::string fault;  // empty when all went well
  };
  Seen seen() const {
    const std::lock_guard lock(mutex_);
    return {revision_, updates_, snapshots_, patches_, fault_};
  }
  std::string json() const {
    const std::lock_guard lock(mutex_);
    return document::to_json(value_);
  }

 private:
  mutable std::mutex mutex_;
  document::Data value_;
  std::uint64_t revision_ = 0, updates_ = 0, snapshots_ = 0, patches_ = 0;
  std::string fault_;
};

}  // namespace tlfs::cli
