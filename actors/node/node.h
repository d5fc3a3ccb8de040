// A node: one running runtime with one device key. What application code uses; it sees no actors.
//
//   auto node = Node::start({.device = key});
//   const auto id = node->create_document(package);
//   node->subscribe(id, {}, [](const Update& update) { ... });
//   auto done = node->transact(id, Edits().set(".title", Value(std::string("milk"))));
//   done.get();
//
// Threads   every method may be called from any thread and returns without waiting for the work. Callbacks run on a
// worker
//           thread of the node, those of one document one at a time; a callback that blocks holds up its document's
//           other callbacks and a worker, so it should not, and must not wait for a future of the same document. It may
//           call any method.
// Crashes   a document whose actor crashes comes back with everything that was acknowledged, writes whose fate was
//           unknown are sent again and take effect once, and subscriptions go on without a gap. A document that
//           keeps crashing is put in quarantine; then its requests fail with supervision::Errc::quarantined.
// Errors    of requests come in the result; Errc::no_such_document for a document that was not opened, Errc::busy when
//           kMaxRequestsUnderWay are under way, Errc::stopped when the node goes away first.
//
// Documents live in memory until there is a store.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "actors/document/protocol.h"

namespace tlfs {

using document_actor::Changes;
using document_actor::Committed;
using document_actor::Edits;
using document_actor::Imported;
using document_actor::PermanentAddress;
using document_actor::Update;

inline constexpr std::size_t kMaxRequestsUnderWay = 2048;  // of one document

struct WriteOptions {
  std::string origin = {};  // window or tool; its own undo stack. Empty: not undoable
  std::string label = {};
  std::optional<std::uint64_t> on_revision = {};  // positions are mapped through what has happened since; nothing: now
  document::TextUnit unit = document::TextUnit::code_points;
};

struct SubscribeOptions {
  std::string prefix = ".";                       // the part that is watched
  std::string version = {};                       // in whose names; empty: the document's
  std::function<void(const Error&)> failed = {};  // the subscription could not begin, or has ended
};

class Node {
 public:
  struct Settings {
    std::shared_ptr<const crypto::SigningKey> device = nullptr;  // null: a new one
    std::size_t workers = 2;                                     // threads
    std::chrono::milliseconds request_timeout = std::chrono::seconds(30);
    std::string log_level = "warn";  // spdlog's names; to stderr
  };

  template <class T>
  using Callback = std::function<void(Result<T>)>;

  static std::unique_ptr<Node> start(Settings settings);
  // Stops every actor and waits for them. Requests that are still open fail with Errc::stopped. Not from a callback.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const crypto::PublicKey& device() const;

  // ---- documents ----
  // A new, empty document that speaks `version` of the package (empty: the latest).
  Result<document::DocumentId> create_document(std::shared_ptr<const schema::Package> package,
                                               std::string_view version = {});
  // A replica of a document that exists elsewhere; empty until changes are imported.
  Status open_document(const document::DocumentId& id, std::shared_ptr<const schema::Package> package,
                       std::string_view version = {});

  // ---- writing ----
  void transact(const document::DocumentId& id, Edits edits, WriteOptions options, Callback<Committed> done);
  std::future<Result<Committed>> transact(const document::DocumentId& id, Edits edits, WriteOptions options = {});
  // Runs a function as one transaction, next to the document. It may be run again after a crash, so it should do
  // nothing but edit.
  void transact(const document::DocumentId& id, std::function<Status(document::Transaction&)> edit,
                WriteOptions options, Callback<Committed> done);
  std::future<Result<Committed>> transact(const document::DocumentId& id,
                                          std::function<Status(document::Transaction&)> edit,
                                          WriteOptions options = {});
  std::future<Result<Committed>> undo(const document::DocumentId& id, const std::string& origin);
  std::future<Result<Committed>> redo(const document::DocumentId& id, const std::string& origin);

  // ---- reading ----
  // The value of a place and the revision it belongs to.
  std::future<Result<Update>> snapshot(const document::DocumentId& id, std::string_view path = ".",
                                       std::string version = {});
  // For edits that must hit the same array element whatever happens meanwhile.
  std::future<Result<PermanentAddress>> locate(const document::DocumentId& id, std::string_view path);

  // `update` gets a snapshot first, then what happens, in order and without a gap; joined when it is slow. Returns the
  // subscription's number.
  Result<std::uint64_t> subscribe(const document::DocumentId& id, SubscribeOptions options,
                                  std::function<void(const Update&)> update);
  // When the future is ready no call runs or follows. Not to be waited for in a callback.
  std::future<void> unsubscribe(std::uint64_t subscription);

  // ---- replicating ----
  // What a replica that has `have` lacks. Seals and signs what is pending.
  void changes_since(const document::DocumentId& id, document::Version have, Callback<Changes> done);
  std::future<Result<Changes>> changes_since(const document::DocumentId& id, document::Version have);
  void import_changes(const document::DocumentId& id, const std::vector<document::Change>& changes,
                      Callback<Imported> done);
  std::future<Result<Imported>> import_changes(const document::DocumentId& id,
                                               const std::vector<document::Change>& changes);

  // The actors behind it; for the house itself (node_actors.h).
  struct Actors;
  Actors& actors() { return *actors_; }

 private:
  explicit Node(std::unique_ptr<Actors> actors);
  template <class T, class Request>
  void ask(const document::DocumentId& id, Request request, Callback<T> done);

  std::unique_ptr<Actors> actors_;
};

}  // namespace tlfs
