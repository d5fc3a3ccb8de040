// Which documents differ between two linked devices: the conversation, without sockets.
//
// One side (whoever dialled) begins with its root. From there on the two take turns: what a turn shows of a subtree
// that differs, the next one shows in more detail: the sums of its children, or, when it is small, all of its
// documents. Who gets a list knows what differs below it and tells the other. So nothing differing costs one round trip
// of two small messages, and d differences among n documents about d * 1 KB and log n turns.
//
// The trees may change meanwhile. Whoever changes a document tells so (flush), during the comparing and after it for as
// long as the link lives. What is told on: after the comparing each side has heard of each document that differs, or
// has changed it itself. A change that the other side told first is not told back.
//
// A peer may say anything. It is held to turns, sizes and budgets (below); past them received() fails, and the session
// is over: the link says why and closes. Told again and again, changes after the comparing are the link's to ration.
//
// One session per link and tree. Not thread-safe; never blocks; a call's work is bounded by one message.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "runtime/sync/difference_documents.h"
#include "runtime/sync/difference_message.h"
#include "runtime/sync/difference_tree.h"

namespace tlfs::sync {

// A side that hears that the other has this much to say adds only one part a turn until it is less.
inline constexpr std::size_t kPauseWaiting = 4'096;
// Subtrees that a peer can make us owe an answer for, and documents; an honest one stays far below.
inline constexpr std::size_t kMaxOpen = 16'384;
inline constexpr std::size_t kMaxOwed = 65'536;
// What comparing may cost, both directions together: so much, and more for each document that we hold for the peer or
// hear of from it.
inline constexpr std::size_t kBaseBytes = std::size_t{1} << 20;
inline constexpr std::size_t kBytesPerDocument = 192;
inline constexpr std::size_t kBytesPerUnknown = 64;
inline constexpr std::size_t kBaseTurns = 64;
inline constexpr std::size_t kDocumentsPerTurn = 16;
// Documents that a peer has and we have not.
inline constexpr std::size_t kMaxUnknown = std::size_t{1} << 20;
// Positions of which we remember what the peer told; beyond it some changes are told back for nothing.
inline constexpr std::size_t kMaxRemembered = 4'096;

struct Difference {
  enum class Kind : std::uint8_t {
    differs,      // both hold it, with other heads
    only_ours,    // the peer does not hold it, or may not show it to us
    only_theirs,  // we do not hold it, or do not let the peer sync it
    equal,        // it differed, or changed, and is the same now
  };
  Kind kind = Kind::differs;
  Position position;
  std::optional<DocumentId> document;  // except for only_theirs
};

class DifferenceSession final : private TreeWatcher {
 public:
  struct Heard {
    std::vector<Bytes> send;              // in order
    std::vector<Difference> differences;  // may repeat
    std::vector<DocumentId> named;        // what ask() asked for; each stands where it was asked
  };

  // Watches the tree from its beginning (start() here or there) on. All three outlive it.
  DifferenceSession(const PairKey& key, DifferenceTree& tree, const DocumentTable& documents);
  ~DifferenceSession() override;
  DifferenceSession(const DifferenceSession&) = delete;
  DifferenceSession& operator=(const DifferenceSession&) = delete;

  // The first message, of the side that begins; once.
  Bytes start();
  Result<Heard> received(ByteView message);
  // What changed here and the peer does not know; at most one message, nothing when there is nothing. Call it when the
  // link has room, until it returns nothing. Nothing before the session has begun.
  std::optional<Bytes> flush();

  // Comparing has ended here: all that differed at its start has been reported.
  bool compared() const { return state_ == State::compared; }
  // Asks which documents stand there: 1 to kMaxAsked positions, not while another question is open. The peer leaves out
  // what it does not hold any more or does not let us sync.
  Bytes ask(std::span<const Position> positions);
  bool asking() const { return !asked_.empty(); }

  struct Cost {
    std::size_t turns = 0;  // received
    std::size_t bytes = 0;  // of comparing, sent and received
  };
  const Cost& cost() const { return cost_; }

 private:
  enum class State : std::uint8_t { idle, waiting, compared, failed };

  void changed(const Position& position) override;
  Status handle(const BeginMessage& message, Heard& heard);
  Status handle(const TurnMessage& message, Heard& heard);
  Status handle(const DoneMessage& message, Heard& heard);
  Status handle(const ChangedMessage& message, Heard& heard);
  Status handle(const AskMessage& message, Heard& heard);
  Status handle(const NamedMessage& message, Heard& heard);
  Status take_branches(const TurnMessage& message);
  void take_list(const ListPart& list, Heard& heard);
  void judge(const Told& told, Heard& heard);
  void reply(const TurnMessage* to, Heard& heard);
  TurnMessage next_turn();
  void send(const DifferenceMessage& message, Heard& heard);
  Status within_budget() const;
  void begin_watching();
  Told ours_at(const Position& position) const;

  const PairKey& key_;
  DifferenceTree& tree_;
  const DocumentTable& documents_;
  State state_ = State::idle;
  Cost cost_;
  std::size_t most_documents_ = 0;  // that the tree held
  std::size_t unknown_ = 0;         // that the peer has told of
  std::uint32_t peer_waiting_ = 0;
  std::vector<Prefix> open_;                  // differ; to be shown in more detail; the last one next
  std::deque<Position> owed_;                 // the peer showed a list, and what we hold there is something else
  std::deque<Position> changes_;              // here, not told yet
  std::set<Position> unsent_;                 // the same, each once
  std::map<Position, std::uint64_t> theirs_;  // what the peer told last, until we tell
  std::set<Position> asked_;
};

}  // namespace tlfs::sync
