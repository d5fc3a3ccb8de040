// Fair shares of one link among the documents that have something to send over it.
//
// Deficit round robin (Shreedhar and Varghese, 1995): each document in turn may send kTurnBytes; what a large message
// takes beyond that it pays back in later turns, so none starves the others, whatever its messages are like.
// Single-threaded; pure.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "runtime/document/ids.h"

namespace tlfs::document_sync {

inline constexpr std::size_t kTurnBytes = 64u << 10;

class Scheduler {
 public:
  // The document has something to send, or may have. No effect while it waits for its turn already.
  void ready(const document::DocumentId& document);
  void remove(const document::DocumentId& document);
  bool idle() const { return turns_.empty(); }
  std::size_t waiting() const { return turns_.size(); }

  struct Turn {
    document::DocumentId document{};
    std::size_t bytes = 0;  // that it may send
  };
  // Whose turn it is, at most `credit` bytes. Nothing when nobody waits or there is no credit. Every turn is ended by
  // done() before the next.
  std::optional<Turn> next(std::size_t credit);
  // What the document sent in its turn; `more`: it has more to send.
  void done(const document::DocumentId& document, std::size_t sent, bool more);

 private:
  std::deque<document::DocumentId> turns_;
  std::map<document::DocumentId, std::int64_t> balance_;  // of those that wait
};

}  // namespace tlfs::document_sync
