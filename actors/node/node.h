// A node: one running runtime with one device key. What application code uses; it sees no actors.
//
//   auto node = Node::start({.directory = "todos"}).value();
//   const auto id = node->create_document(package, {.name = "shopping"}).get().value();
//   node->subscribe(id, {}, [](const Update& update) { ... });
//   auto done = node->transact(id, Edits().set(".title", Value(std::string("milk"))));
//   done.get();
//
// Threads   every method may be called from any thread and returns without waiting for the work. Callbacks run on a
//           worker thread of the node, those of one document one at a time; a callback that blocks holds up its
//           document's other callbacks and a worker, so it should not, and must not wait for a future of the same
//           document. It may call any method.
// The disk  subscribers see an edit at once, and Update::durable says how much of what they see would survive a loss of
//           power. Everything else that a node answers or gives away has reached the disk first: when a transaction's
//           future is ready, the edit is safe. While the disk takes nothing (it is full, say) what is shown stays
//           shown and is saved as soon as there is room; requests fail meanwhile with Errc::not_saved and further edits
//           are refused.
// Crashes   a document whose actor crashes comes back with everything that was acknowledged, writes whose fate was
//           unknown are sent again and take effect once, and subscriptions go on without a gap. A document that
//           keeps crashing is put in quarantine; then its requests fail with supervision::Errc::quarantined.
// Errors    of requests come in the result; Errc::no_such_document for a document that is not here, Errc::busy when
//           kMaxRequestsUnderWay are under way, Errc::stopped when the node goes away first.
//
// Documents are opened when somebody asks for them and closed when nobody has for a while.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "actors/app/app.h"
#include "actors/document/protocol.h"
#include "actors/messaging/message.h"
#include "actors/network/network_messages.h"
#include "actors/network/surroundings.h"
#include "runtime/access/key_file.h"
#include "runtime/replica/records.h"
#include "schema/messages/tree.capnp.h"

namespace tlfs::document_actor {
struct Watch;
}

namespace tlfs {

using document_actor::Changes;
using document_actor::Committed;
using document_actor::DocumentStatus;
using document_actor::Edits;
using document_actor::Explained;
using document_actor::HistoryEntry;
using document_actor::Holder;
using document_actor::Imported;
using document_actor::PermanentAddress;
using document_actor::Presence;
using document_actor::Update;

using TreeMessage = messaging::Message<messages::NodeTree>;

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
  bool tell_when_saved = false;                   // update also runs when all that it was given is on the disk
  std::function<void(const Error&)> failed = {};  // the subscription could not begin, or has ended
};

struct CreateOptions {
  std::string name = {};     // what the user calls it, on this device
  std::string version = {};  // of the package, which paths and patches speak; empty: the latest
};

struct DocumentInfo {
  document::DocumentId id{};
  std::string name;
  std::string package;  // its name
  std::string version;
  std::int64_t created_ms = 0;  // here; since the Unix epoch
};

// Links to other nodes.
struct NetworkOptions {
  std::vector<std::string> listen = {};        // "0.0.0.0:4242", "[::]:4242", port 0 for any; none: it only dials
  bool discover = false;                       // announces itself on the local network, and looks for known peers there
  std::optional<std::string> visible_as = {};  // shows device key and this name to everyone there
  std::shared_ptr<const network::Surroundings> surroundings = nullptr;  // null: this machine's
};

class Node {
 public:
  struct Settings {
    // Where everything is kept; made when it is not there. One node at a time. Empty: in memory, gone with the node.
    std::string directory = {};
    // Opens the device's key (device.key in the directory), and locks a new one. Without one, the key lies beside it in
    // device.unlock, to be taken elsewhere by whoever wants more than the directory's permissions to protect it.
    std::optional<access::Passphrase> passphrase = {};
    // Called once, in start(), when a new user is made: the key with which everything is got back when all devices are
    // lost. It is kept nowhere else. Null: nobody can.
    std::function<void(const crypto::SigningKey&)> new_user = {};
    std::shared_ptr<const crypto::SigningKey> device = nullptr;  // without a directory; null: a new one
    std::size_t workers = 2;                                     // threads, beside that of the store
    std::chrono::milliseconds request_timeout = std::chrono::seconds(30);
    std::chrono::milliseconds close_after = std::chrono::seconds(60);  // a document that nobody asks for
    std::size_t max_open = 1024;  // documents; beyond that those are closed that nobody watches, the idlest first
    // An actor that is in one handler for longer is reported, in the log and in tree().
    std::chrono::milliseconds stuck_after = std::chrono::seconds(5);
    std::string log_level = "warn";  // spdlog's names; to stderr
    // Nothing: the node keeps to itself.
    std::optional<NetworkOptions> network = {};
  };

  template <class T>
  using Callback = std::function<void(Result<T>)>;

  // Blocks on the disk. storage::Errc (locked: another process has the directory; corrupt: what to do about it is in
  // the message; denied, full, too_new ...), access::KeyFileErrc.
  static Result<std::unique_ptr<Node>> start(Settings settings);
  // Stops every actor and waits for them. Requests that are still open fail with Errc::stopped. Not from a callback.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const crypto::PublicKey& device() const;
  const document::DocumentId& user() const;  // the user document of the person whose device this is

  // ---- documents ----
  // A new, empty document whose root is this device's user.
  std::future<Result<document::DocumentId>> create_document(std::shared_ptr<const schema::Package> package,
                                                            CreateOptions options = {});
  // A replica of a document that exists elsewhere; empty until changes are imported. A document that was deleted here
  // is refused with Errc::deleted unless `again`.
  std::future<Status> join_document(const document::DocumentId& id, std::shared_ptr<const schema::Package> package,
                                    CreateOptions options = {}, bool again = false);
  std::future<Result<std::vector<DocumentInfo>>> documents();
  // Forgets it here: its records are removed, its subscriptions end. What others hold stays with them.
  std::future<Status> delete_document(const document::DocumentId& id);
  std::future<Result<DocumentStatus>> status(const document::DocumentId& id);

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

  // The changes, the latest first; at most `limit`.
  std::future<Result<std::vector<HistoryEntry>>> history(const document::DocumentId& id, std::size_t limit = 1000);
  // The value of a place at an earlier version.
  std::future<Result<Update>> snapshot_at(const document::DocumentId& id, document::Version version,
                                          std::string_view path = ".");

  // `update` gets a snapshot first, then what happens, in order and without a gap; joined when it is slow. Returns the
  // subscription's number.
  Result<std::uint64_t> subscribe(const document::DocumentId& id, SubscribeOptions options,
                                  std::function<void(const Update&)> update);
  // When the future is ready no call runs or follows. Not to be waited for in a callback.
  std::future<void> unsubscribe(std::uint64_t subscription);

  // ---- access ----
  // Errors of runtime/access: denied, no_boundary, no_key, no_such_place, nothing_to_do; their messages say what is
  // missing.
  std::future<Status> grant(const document::DocumentId& id, std::string_view path, access::Level level,
                            const access::Principal& to);
  std::future<Status> revoke(const document::DocumentId& id, std::string_view path, access::Level level,
                             const access::Principal& from, access::Level keep = access::Level::none);
  // Shows withheld work of the principal again.
  std::future<Status> admit(const document::DocumentId& id, const access::Principal& from);
  std::future<Result<Explained>> explain(const document::DocumentId& id, std::string_view path, access::Level level,
                                         const access::Principal& who);
  // Whoever holds anything at a place.
  std::future<Result<std::vector<Holder>>> holders(const document::DocumentId& id, std::string_view path);

  // ---- replicating ----
  // What a replica that has `have` lacks, changes and statements. Seals and signs what is pending. With `peer`, as that
  // device may have it.
  void changes_since(const document::DocumentId& id, document::Version have, Callback<Changes> done,
                     std::optional<crypto::PublicKey> peer = {});
  std::future<Result<Changes>> changes_since(const document::DocumentId& id, document::Version have,
                                             std::optional<crypto::PublicKey> peer = {});
  // From anyone, in any order, any number of times.
  void import_changes(const document::DocumentId& id, Changes changes, Callback<Imported> done);
  std::future<Result<Imported>> import_changes(const document::DocumentId& id, Changes changes);

  // ---- people ----
  // What others need to know to grant something to this device's user: public statements of the user's document.
  std::vector<Bytes> introduction() const;
  // Takes what others handed out as their introduction, and gives the users it speaks of. They can be granted something
  // at once, and are remembered when the future is ready. access::Errc::malformed, bad_signature, limit_exceeded.
  std::future<Result<std::vector<document::DocumentId>>> learn(const std::vector<Bytes>& statements);
  // Whoever was learnt.
  std::future<Result<std::vector<document::DocumentId>>> people();

  // ---- peers ----
  // Fail with network::Errc::off where Settings::network is not set, and otherwise with the other codes of that module.
  // Where it listens, with the ports that were chosen: "127.0.0.1:4242".
  std::vector<std::string> addresses() const;
  std::future<Result<std::vector<network::PeerInfo>>> peers();
  // Dials "HOST:PORT" or "ws://HOST:PORT" (wss), or the device with this key (hex) where it was seen; ready with the
  // peer's device key when a link is there. The address is remembered, and from then on there is a link whenever there
  // can be one.
  std::future<Result<crypto::PublicKey>> connect(std::string address);
  // A link ("tlfs:...") that lets whoever brings it to this node have a part of the document. It carries no key to any
  // data. access::Errc::denied when this device could not grant that itself.
  std::future<Result<std::string>> invite(const document::DocumentId& id, network::InviteOptions options = {});
  std::future<Status> revoke_invitation(const network::InvitationId& id);
  // Uses such a link; ready when the document is here and can be opened. What it holds comes as it is synced.
  std::future<Result<document::DocumentId>> join(std::string link);
  // Those given out here, and those by others that wait for accept() or decline().
  std::future<Result<network::Invitations>> invitations();
  std::future<Status> accept(const document::DocumentId& offered);
  std::future<Status> decline(const document::DocumentId& offered);
  // Documents that are being synced with a peer or differ; of those in `also`, a line for each peer who may have them.
  std::future<Result<std::vector<network::SyncLine>>> sync_status(std::vector<document::DocumentId> also = {});

  // ---- presence ----
  // What others in the document see of this device (a cursor, a name): one JSON value of at most
  // document_actor::kMaxPresenceJsonBytes, or nothing. It goes, encrypted, to peers that may read the document, is
  // written nowhere, and ends when it is set anew, when the node stops, or, for those who lose the link, with that.
  // Set in quick succession, only the last is certain to be sent; where this device cannot read the document yet, it is
  // sent when it can. document_actor::Errc::malformed for what is no JSON, or too much of it.
  std::future<Status> set_presence(const document::DocumentId& id, std::optional<std::string> json);
  // Everyone who is present, this device included, by device key. Works without a network too.
  std::future<Result<std::vector<Presence>>> presences(const document::DocumentId& id);
  // `update` gets all of them at first and whenever they have changed; joined when it is slow. Returns the
  // subscription's number, for unsubscribe().
  Result<std::uint64_t> watch_presence(const document::DocumentId& id,
                                       std::function<void(const std::vector<Presence>&)> update,
                                       std::function<void(const Error&)> failed = {});

  // ---- apps ----
  // Starts logic of the application as a supervised actor. supervision::Errc::already_started, start_failed.
  std::future<Status> start_app(app::AppSpec spec);
  std::future<Status> stop_app(const std::string& id);
  // To the app's handler for T. Comes to nothing, and is logged, when there is none.
  template <class T>
  void post(const std::string& id, T message) {
    post_any(id, std::any(std::move(message)));
  }

  // ---- what goes on inside ----
  // The actors alive, what they have done, what waits for them, how they ended. Ready within seconds whatever hangs:
  // what does not answer is in it as silent.
  std::future<TreeMessage> tree();
  // The same as numbers, with those of the store and of a bridge, in the text format of Prometheus.
  std::future<std::string> metrics();

  // The actors behind it; for the house itself (node_actors.h).
  struct Actors;
  Actors& actors() { return *actors_; }

 private:
  explicit Node(std::unique_ptr<Actors> actors);
  void post_any(const std::string& id, std::any message);
  using Listed = std::pair<document::DocumentId, replica::Listing>;
  void read_listings(Callback<std::vector<Listed>> done);
  std::uint64_t begin_watch(document_actor::Watch watch, std::function<void(const Error&)> failed);
  template <class T, class Request>
  void ask(const document::DocumentId& id, Request request, Callback<T> done);

  std::unique_ptr<Actors> actors_;
};

}  // namespace tlfs
