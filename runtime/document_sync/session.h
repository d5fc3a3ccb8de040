// Keeps one document equal on two linked devices: a state machine that each side runs, one per document and peer.
//
// Sans-IO. Messages go in by receive() and come out of poll(); the session never keeps a document, it is given the one
// it is about at every call. Its owner is the document's actor:
//
//   receive()   gives back what has come. The owner hands it to Replica::take (packages to Document::add_package
//               first), and tells what became of it by took(), before the next receive().
//   poll()      gives messages, of about as many bytes as the owner can send now. Seals and signs, so the owner calls
//               Replica::observe() afterwards, and what came out leaves only after everything in the replica's writes
//               is durable. To be called after receive(), after every flush, and when there is room to send again.
//
// A call that throws (replica::HistoryNeeded: old changes are not in memory) has changed nothing here: the owner opens
// the document with its history and calls again. It may be another object of the same document at every call, of which
// opened_anew() tells; when changes that the session reckons with are gone, it ends and the owner starts another.
//
// How it goes: each side says hello, with a summary of what it holds or, when it is likely that there is nothing to do,
// with a digest only. Whoever knows the other's summary sends what that lacks: statements, then changes in causal
// order, then `sent`. From then on each sends what is new, never back to where it came from. Nothing is sent beyond
// kWindowBytes that were not acknowledged. A peer gets what rule 8 lets it have; one that lost everything gets the
// statements up to what ended it, and goodbye.
//
// A peer that breaks the rules costs at most what the constants below say, and then ended() says so. What is the fault
// of a change's author (forks, no right to write) is not the peer's.
//
// Single-threaded; pure; never blocks.
#pragma once

#include <deque>
#include <string>

#include <tsl/robin_set.h>

#include "runtime/document_sync/message.h"
#include "runtime/document_sync/summary.h"

namespace tlfs::document_sync {

inline constexpr std::size_t kBatchBytes = 128u << 10;   // after which a batch is ended
inline constexpr std::size_t kWindowBytes = 1u << 20;    // sent and not acknowledged; one message may exceed it
inline constexpr std::size_t kMaxHeldBytes = 64u << 20;  // of changes that wait for a signature in a later batch
inline constexpr std::size_t kMaxStranded = 4096;  // changes from the peer that wait for something, or were refused
inline constexpr std::size_t kMaxStrandedBytes = 8u << 20;
inline constexpr std::size_t kMaxHellos = 16;       // of the peer
inline constexpr std::size_t kMaxWants = 4096;      // of each side
inline constexpr std::size_t kMaxUseless = 256;     // changes and statements that nobody had a right to make
inline constexpr std::size_t kSpareRepeats = 4096;  // changes sent again, beyond those that crossed
inline constexpr std::size_t kMaxPackagesTaken = 64;
inline constexpr std::size_t kMaxAsked = 4096;        // digests asked for, of each kind
inline constexpr std::size_t kMaxPresenceQueue = 64;  // messages; the oldest go

// Why a session has ended.
struct Verdict {
  bool cut = false;    // the peer broke the rules: the link to it is to be cut
  std::string reason;  // a sentence
};

class SyncSession {
 public:
  struct Settings {
    document::DocumentId document{};
    crypto::PublicKey peer{};
    bool likely_equal = false;     // say hello with the digest only
    bool every_signature = false;  // send all that there are, not one per writer and batch
  };
  explicit SyncSession(const Settings& settings);

  // What came. All of it is for the owner; nothing has been verified beyond its form.
  struct Received {
    std::vector<access::SignedStatement> statements;
    std::vector<document::Change> changes;
    std::vector<std::shared_ptr<const schema::Package>> packages;
    std::vector<Bytes> presence;
    bool nothing_to_take() const { return statements.empty() && changes.empty() && packages.empty(); }
  };
  Received receive(access::ProtectedDocument& document, ByteView message);
  void took(access::ProtectedDocument& document, const access::ProtectedDocument::Taken& taken);
  // `credit`: bytes that may be sent now. A message that is larger than that is sent when nothing else was.
  std::vector<Bytes> poll(access::ProtectedDocument& document, std::size_t credit);
  // To be sent with the next poll, before anything large.
  void send_presence(Bytes bytes);
  // The document is another object from the next call on: it was opened anew, and counts its leaves from nothing.
  void opened_anew();
  // Ends it from this side.
  void close(std::string why);

  // Set when the session is over: nothing more is taken in; poll() still gives the goodbye.
  const std::optional<Verdict>& ended() const { return state_.ended; }
  // Whether poll() has said all there was to say after the end.
  bool finished() const { return state_.ended && state_.said_goodbye; }
  // Whether the peer has said that everything was sent that was lacking here, and it has been taken.
  bool caught_up() const {
    return state_.heard_all && held_.empty() && in_hand_.empty() && state_.missing.empty() && state_.unknown.empty();
  }
  // Whether the peer has acknowledged everything that was sent, and nothing is left to be sent of what the document
  // held at the last poll.
  bool peer_caught_up() const { return state_.said_sent && state_.in_flight == 0 && state_.idle; }
  std::uint64_t bytes_sent() const { return state_.bytes_sent; }

 private:
  enum class Greeting : std::uint8_t { none, digest, summary };
  // Plain protocol state, so that a call can be undone.
  struct State {
    std::optional<Verdict> ended;
    bool said_goodbye = false;
    // Hello.
    Greeting said = Greeting::none;
    bool must_greet = true;
    bool full = true;  // with a summary
    // What was here when we last told the peer what there is.
    ShortDigest told_digest{};
    std::size_t told_changes = 0, told_statements = 0;
    bool blind = false;       // our last hello told nothing: no right of the peer is known here
    bool peer_blind = false;  // and so did the peer's
    bool allowed = false;     // the peer had a right while this session lasts
    std::size_t hellos = 0;
    // What the peer holds.
    bool knows_peer = false;        // from its summary, or because the digests were equal
    std::vector<bool> changes;      // by ChangeIndex: it has it, or was sent it
    std::vector<bool> statements;   // by position in the log
    document::ChangeHash anchor{};  // the last change of `changes`
    std::size_t next_change = 0;
    std::size_t next_statement = 0;
    std::set<ShortDigest> packages;
    std::vector<Summary::Chain> unknown;
    std::vector<document::ChangeIndex> assumed;
    // From the peer; in the graph not at all, or beyond next_change.
    tsl::robin_set<document::ChangeHash, crypto::DigestHash> came;
    std::set<access::StatementHash> said_statements;
    // Sending.
    bool said_sent = false;
    bool idle = false;  // nothing was left to be sent at the last poll
    std::uint64_t in_flight = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t changes_sent = 0;
    std::deque<message::Want> to_answer;
    std::size_t wants_heard = 0;
    std::uint64_t leaves_added = 0;
    bool tell_leaves = false;  // some may have come that were not told of
    std::deque<Bytes> presence;
    // Receiving.
    bool heard_all = false;
    bool heard_statements = false;     // in answer to a hello that told nothing
    std::uint64_t unacknowledged = 0;  // bytes that count against the peer's window
    std::uint64_t to_acknowledge = 0;  // of these
    std::size_t held_bytes = 0;
    std::uint64_t repeats = 0;
    std::uint64_t useless = 0;
    std::size_t packages_taken = 0;
    std::map<document::ChangeHash, std::size_t> stranded;  // changes from the peer that are not in the graph; bytes
    std::size_t stranded_bytes = 0;
    std::set<document::ChangeHash> missing;  // parents of what the peer sent
    std::set<crypto::Digest> asked;          // in any want
    std::uint32_t wants = 0;
    std::uint32_t answered = 0;
    std::vector<document::ChangeHash> wanted_now;  // in the want that is not answered yet
    ShortDigest leaves_asked_at{};                 // the last statement when all leaves that lacked were asked for
    std::size_t lacking_seen = 0;                  // of Document::came_lacking()
    std::set<document::ChangeHash> gave_lacking;   // the peer itself, not seen there yet
  };

  // session.cpp: what comes in.
  void hear(access::ProtectedDocument& document, const message::Hello& hello);
  void hear(const access::ProtectedDocument& document, const message::Batch& batch, Received& out);
  void hear(const message::Package& package, Received& out);
  void hear(message::Want want);
  bool note_parents(const access::ProtectedDocument& document, const std::vector<document::Change>& changes);
  bool count_received(std::size_t bytes);
  void learn(const access::ProtectedDocument& document, const Summary& summary);
  void all_equal(const access::ProtectedDocument& document);
  void as_was_told(const access::ProtectedDocument& document);
  void resolve(const access::ProtectedDocument& document);
  void blame(const std::vector<Error>& refused);
  void end(bool cut, std::string reason);
  bool fits(const access::ProtectedDocument& document);
  void grow(const access::ProtectedDocument& document);
  bool may_sync(const access::ProtectedDocument& document);
  void tidy(const access::ProtectedDocument& document);

  // session_send.cpp: what goes out.
  struct Out;
  void speak(access::ProtectedDocument& document, Out& out);
  void greet(access::ProtectedDocument& document, Out& out);
  bool send_statements(access::ProtectedDocument& document, Out& out);
  bool send_last_statements(const access::ProtectedDocument& document, Out& out);
  bool send_changes(access::ProtectedDocument& document, Out& out);
  bool send_package(access::ProtectedDocument& document, const crypto::Digest& hash, Out& out);
  bool send_batch(access::ProtectedDocument& document, const std::vector<document::ChangeIndex>& which,
                  std::vector<document::Change> changes, Out& out);
  // False, and nothing said, when it counts against the window and there is no room.
  bool add(Out& out, const Message& message, bool counts);
  bool room(const Out& out, std::size_t bytes) const;

  // session_answers.cpp: what is asked for.
  bool answer(access::ProtectedDocument& document, Out& out);
  void ask(access::ProtectedDocument& document, Out& out);

  Settings settings_;
  State state_;
  std::vector<document::Change> held_;                                 // came, and nobody vouches for it yet
  std::vector<std::pair<document::ChangeHash, std::size_t>> in_hand_;  // what the last receive() gave, and its bytes
  std::uint64_t in_hand_bytes_ = 0;                                    // of the message
  std::size_t rights_at_ = ~std::size_t{0};                            // size of the log for which ...
  bool may_sync_ = false;
};

}  // namespace tlfs::document_sync
