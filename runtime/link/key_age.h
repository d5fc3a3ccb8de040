// How long a key of one direction has been used, and when it has to be replaced. Owned by the link, one per direction.
#pragma once

#include "runtime/link/limits.h"

namespace tlfs::link {

class KeyAge {
 public:
  void count(std::size_t message_bytes) {
    ++messages_;
    bytes_ += message_bytes;
  }
  void renewed(Time now) { *this = KeyAge(now); }
  // For the sender.
  bool due(Time now) const {
    return messages_ >= kRekeyMessages || bytes_ >= kRekeyBytes || now - since_ >= kRekeyAfter;
  }
  Time due_at() const { return since_ + kRekeyAfter; }
  // For the receiver, which does not go by the clock: the other side's may be slower.
  bool overdue() const { return messages_ > kMaxMessagesPerKey || bytes_ > kMaxBytesPerKey; }

  KeyAge() = default;
  explicit KeyAge(Time since) : since_(since) {}

 private:
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  Time since_{};
};

}  // namespace tlfs::link
