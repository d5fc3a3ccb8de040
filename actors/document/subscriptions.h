// Who watches a document, and who is to be told. Without actors; owned by DocumentService.
//
// Notify, then pull: a subscriber is told once that there is something new and not again before it has pulled, so a
// slow one costs one entry here, whatever happens meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/document/patch.h"

namespace tlfs::document_actor {

inline constexpr std::size_t kMaxSubscriptions = 10'000;

class Subscriptions {
 public:
  struct Watched {
    document::Path prefix;
    std::string version;           // as asked for; empty: the document's
    bool tell_when_saved = false;  // also when nothing new is to be seen
    std::uint64_t client = 0;      // that makes writes of its own; 0: none
    bool presence = false;         // who is present, instead of the value
  };

  // Names start behind `first`, so that those of an earlier incarnation mean nothing.
  explicit Subscriptions(std::uint64_t first) : last_(first) {}

  bool full() const { return all_.size() >= kMaxSubscriptions; }
  std::uint64_t add(Watched watched, bool up_to_date);
  void remove(std::uint64_t id) { all_.erase(id); }
  // Null when there is none.
  const Watched* find(std::uint64_t id) const;
  bool watches(const std::string& version) const;
  std::size_t size() const { return all_.size(); }

  // The subscriber has everything now: it is to be told about what comes next.
  void pulled(std::uint64_t id);
  // The value, or who is present, has changed: those who are to be told now. Costs what it returns.
  std::vector<std::uint64_t> changed();
  std::vector<std::uint64_t> presence_changed();
  // One of them is to be told something now. False when it has been told and has not pulled yet.
  bool tell(std::uint64_t id);

 private:
  struct Entry {
    Watched watched;
    bool listening = false;  // in idle_
  };
  std::map<std::uint64_t, Entry> all_;
  std::vector<std::uint64_t> take(std::vector<std::uint64_t>& idle);
  // Up to date and to be told, of the value and of presence; may name some that have ended.
  std::vector<std::uint64_t> idle_, idle_presence_;
  std::uint64_t last_;
};

}  // namespace tlfs::document_actor
