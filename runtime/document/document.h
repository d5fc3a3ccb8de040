// A replicated typed JSON document: the engine's front door. A pure state machine, single-threaded, that never blocks.
//
// Local transactions change the value at once and give back patches and a log record. They are sealed into a change
// when someone asks for changes, after `seal_after_ids` ids, and always before a remote change is applied, so that
// batching never falsifies causality. Remote changes are verified, wait in an inbox until what they depend on is here,
// and are applied in causal order.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/document/change_graph.h"
#include "runtime/document/diff.h"
#include "runtime/document/guard.h"
#include "runtime/document/history.h"
#include "runtime/document/inbox.h"
#include "runtime/document/snapshot.h"
#include "runtime/document/transaction.h"

namespace tlfs::document {

struct TransactionOptions {
  std::string origin;  // window or tool; has its own undo stack. Empty: not undoable.
  std::string label;
  std::optional<std::int64_t> time_ms;  // since the Unix epoch
};

// What a transaction did. The record is its operation block, for the log.
struct Commit {
  std::uint64_t revision = 0;
  std::vector<Patch> patches;
  Bytes record;
};

struct Import {
  std::uint64_t revision = 0;
  std::size_t applied = 0;     // changes that took effect now, those that had waited included
  std::vector<Error> refused;  // one for each change that was thrown away
  std::vector<Patch> patches;
};

// A version: the heads of its causal past, sorted.
using Version = std::vector<ChangeHash>;

class Document final : private Holdings {
 public:
  struct Settings {
    DocumentId id{};
    std::shared_ptr<const crypto::SigningKey> device;  // signs; its public key is the writer's device
    std::shared_ptr<const schema::Package> package;    // what changes are written under
    std::shared_ptr<const schema::View> view;          // the version that paths and patches speak; null: the latest
    std::uint64_t incarnation = 0;            // of the device; Document starts a new one when it meets its own fork
    std::uint32_t seal_after_ids = 1u << 16;  // pending ids that are sealed without being asked for
    Inbox::Options inbox;                     // how much may wait
    Guard* guard = nullptr;                   // keys and rights; null: in the clear, and everything counts
  };

  explicit Document(Settings settings);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const DocumentId& id() const { return settings_.id; }
  WriterId writer() const;

  // ---- editing ----
  // Runs `edit`; when it returns an error, everything it did is taken back and the error is returned. Not reentrant.
  template <class F>
  Result<Commit> transact(const TransactionOptions& options, F&& edit) {
    Transaction tx(begin(options));
    const Status s = edit(tx);
    return s.ok() ? commit(tx, options) : abort(tx, s.error());
  }
  // nothing_to_undo when the origin's stack is empty. What others changed meanwhile stays.
  Result<Commit> undo(const std::string& origin);
  Result<Commit> redo(const std::string& origin);
  bool can_undo(const std::string& origin) const { return undo_.can_undo(origin); }
  bool can_redo(const std::string& origin) const { return undo_.can_redo(origin); }

  // ---- reading ----
  Reader reader() const { return Reader(*state_, *view_); }
  std::string json(bool pretty = false) const { return reader().json(pretty); }
  Result<Data> get(std::string_view path) const;
  // All concurrent values of a register, the one that `get` gives first.
  Result<std::vector<Value>> conflicts(std::string_view path) const;
  Result<std::string> text(std::string_view path) const;
  // Grows by one with every visible or invisible step of this replica; not comparable between replicas.
  std::uint64_t revision() const { return revision_; }
  // The next step leaves out so many revisions, which somebody may have seen before the document was opened here and
  // that were lost.
  void skip_revisions(std::uint64_t count) { skipped_ = count; }

  // ---- views ----
  const BoundView& view() const { return *view_; }
  // Knows another package: changes written under it can be applied, and those that waited for it are.
  Result<Import> add_package(const std::shared_ptr<const schema::Package>& package);
  // Other versions of the document's packages. no_such_place when the package is not known here.
  Result<std::shared_ptr<const BoundView>> bind(const crypto::Digest& package,
                                                std::shared_ptr<const schema::View> view) const;
  // Edits and patches speak another version from now on; its package is what new changes are written under.
  Status use(std::shared_ptr<const schema::Package> package, std::shared_ptr<const schema::View> view);
  Reader reader(const BoundView& view) const { return Reader(*state_, view); }
  // The last commit's or import's patches in another version's names. Valid until the next one begins.
  std::vector<Patch> last_patches(const BoundView& view) const;

  // ---- changes ----
  // Seals what is pending; nothing happens when nothing is. Returns whether there was something.
  bool seal();
  // Signs the writer's last change, which vouches for all before it. Seals first.
  void sign();
  // The signature of a change that is here; makes it where this device wrote the change. Nothing where nobody signed
  // it.
  std::optional<crypto::Signature> signature_of(ChangeIndex index);
  Version version();  // seals
  // Every change that is not in the past of `have` (hashes that are unknown here are ignored), in causal order; signed.
  std::vector<Change> changes_since(const Version& have);
  std::vector<Change> all_changes() { return changes_since({}); }
  // Takes changes from anyone, in any order, any number of times.
  Import import(std::vector<Change> changes);
  const Inbox& inbox() const { return inbox_; }
  std::size_t waiting() const { return inbox_.waiting(); }
  std::vector<ChangeHash> missing_changes() const { return inbox_.missing_changes(); }
  std::vector<crypto::Digest> missing_packages() const { return inbox_.missing_packages(); }
  std::vector<crypto::Digest> missing_statements() const { return inbox_.missing_statements(); }
  // Statements of access have come: changes that waited for them are applied.
  Import statements_arrived(const std::vector<crypto::Digest>& statements);
  // The guard judges some leaves otherwise than before, or can read more of them. Returns the patches from the value
  // before.
  std::vector<Patch> refresh();
  // What the change's leaves write to, one list for each leaf; an empty list where this device cannot read it.
  std::vector<std::vector<Address>> places(ChangeIndex index) const;
  // Changes of which this device cannot read a leaf, or has not got one.
  std::size_t unread_changes() const { return unread_.size(); }
  // Those that lack a leaf; and how many leaves have come for changes that lacked them, since this was opened.
  std::vector<ChangeHash> lacking_leaves() const;
  // Those that came without one since this was opened, in that order; may have got it meanwhile.
  const std::vector<ChangeIndex>& came_lacking() const { return came_lacking_; }
  std::uint64_t leaves_added() const { return leaves_added_; }
  // Changes that are part of the value and whose bytes are gone, as whoever keeps them has found out; they are taken
  // again from anyone. In causal order.
  void note_lost(const std::vector<ChangeHash>& changes);
  std::vector<ChangeHash> lost_changes() const;
  bool is_lost(ChangeIndex index) const { return lost_.contains(index); }
  // Whether any change lacks a leaf, or is lost. Nothing: that is not known before lacking_leaves() has looked.
  std::optional<bool> lacks_leaves() const;
  const ChangeGraph& graph() const { return graph_; }
  const History& history() const { return history_; }

  // ---- recovery ----
  // A local transaction as its log keeps it until it is sealed.
  struct Logged {
    Bytes record;                // Commit::record
    std::uint32_t id_count = 0;  // how many ids it took
  };
  // Makes a document that is fresh, or was just opened from a snapshot, what it was: with these sealed changes, all or
  // those after the snapshot, which were its own or were verified when they came, in causal order, and the transactions
  // of this writer and incarnation that were not sealed. The same ids will be handed out next. Ones that are here
  // already are passed over. An error leaves a document that is of no use.
  Status recover(std::vector<Change> changes, const std::vector<Logged>& unsealed, std::uint64_t revision);

  // ---- voiding ----
  // Leaves that have no effect, as if they had never been, except that what they inserted still anchors what others
  // attached. Returns the patches from the value before. unknown_version when a change is not here; the leaves then
  // stay as they were.
  Result<std::vector<Patch>> set_voided(const std::vector<LeafId>& leaves, bool voided);
  bool is_voided(const LeafId& leaf) const;

  // ---- history ----
  // The value at an earlier version, in the document's view or another. unknown_version when a head is not here
  // or the disk has lost a change that it needs.
  Result<std::string> json_at(const Version& version, bool pretty = false);
  Result<Data> data_at(const Version& version);
  Result<std::vector<Patch>> diff(const Version& from, const Version& to);

  // ---- snapshots ----
  // The current state without history, to be opened by open(). Seals. Undo stacks and changes that wait are not part of
  // it.
  Bytes snapshot(SnapshotPacking packing = SnapshotPacking::compressed);
  // A document from a snapshot. `packages`: those its changes were written under, besides settings.package. The
  // changes themselves are asked for with `load` when something needs them: refresh() and set_voided(), versions other
  // than the current one, changes_since() what the snapshot holds, text that was erased before the snapshot and comes
  // back, places() of old changes, leaves that come for a change that lacked them. Nothing else does.
  // `load` may throw. Then the document is good for nothing but being destroyed. The writer goes on where it was; with
  // settings.incarnation 0 in the incarnation that the snapshot was made in. Errc::wrong_document, unknown_package (the
  // message names it), malformed, limit_exceeded.
  static Result<std::unique_ptr<Document>> open(ByteView snapshot, Settings settings,
                                                const std::vector<std::shared_ptr<const schema::Package>>& packages,
                                                std::function<Result<Change>(const ChangeHash&)> load);
  // Bytes that depend on the state alone, the same on all replicas that hold the same changes and voided leaves. Seals.
  Bytes state_digest_input();

  const State& state() const { return *state_; }
  const NodeTable& nodes() const { return nodes_; }

 private:
  void next_revision() { revision_ += 1 + std::exchange(skipped_, 0); }
  EditContext begin(const TransactionOptions& options);
  Result<Commit> commit(Transaction& tx, const TransactionOptions& options);
  Result<Commit> abort(Transaction& tx, const Error& why);
  Status authorise(const Transaction& tx);
  Commit finish(Transaction& tx, const TransactionOptions& options);
  bool seal_before(Lv end);
  std::vector<Address> places_of(const OperationBatch& batch, const std::vector<NodeIndex>& nodes) const;
  CompartmentId name_of(const Address& boundary) const;
  LeafPlace place_of(ChangeIndex index) const;
  Result<Commit> take_back(const std::string& origin, bool redo);
  void bind_own();
  void apply_change(State& state, ChangeIndex index) const;
  // A state of the changes that are flagged; with `pending` also what is not sealed.
  std::unique_ptr<State> replay(const std::vector<bool>* among, bool pending) const;
  Result<std::unique_ptr<State>> state_at(const Version& version);
  bool is_lawful(const History::ReadLeaf& leaf, const std::vector<NodeIndex>& nodes) const;
  void start_incarnation();
  bool all_vouched(std::vector<Change>& changes) const;
  bool may_apply(const Change& change) const;
  void apply_ready(std::vector<Change> ready, Import& report);
  void begin_applying();
  void apply_one(Change change, Import& report);
  void end_applying(Import& report);
  Status learn(const std::shared_ptr<const schema::Package>& package);
  void go_on(AgentIndex agent);
  bool has_change(const ChangeHash& hash) const override { return graph_.find(hash) != kNoChange; }
  bool has_package(const crypto::Digest& hash) const override { return nodes_.has(hash); }
  bool has_statement(const crypto::Digest& hash) const override {
    return !settings_.guard || settings_.guard->has_statement(hash);
  }
  void merge_leaves(const Change& change);

  Settings settings_;
  NodeTable nodes_;
  ChangeGraph graph_;
  History history_;
  Inbox inbox_;
  std::unique_ptr<State> state_;
  std::shared_ptr<const BoundView> view_;
  std::vector<schema::Ordinal> ordinals_;  // by NodeIndex, of settings_.package
  std::map<LeafId, bool> voided_;
  UndoStacks undo_;
  AgentIndex agent_ = kNoAgent;
  std::uint64_t next_counter_ = 0;
  Lv pending_first_ = 0;  // ids from here on are not sealed
  OperationBatch pending_;
  OperationBatch scratch_;
  std::uint64_t pending_basis_ = 0;            // what the guard said of everything that is pending
  std::vector<Address> last_places_;           // of the last transaction that was authorised ...
  std::uint64_t last_basis_ = 0;               // ... what the guard said of it ...
  std::uint64_t last_guard_revision_ = ~0ull;  // ... and when
  std::uint32_t guarded_epoch_ = 0x80000000;   // of guarded transactions, each its own: they may be sealed apart
  mutable std::set<ChangeIndex> unread_;       // those with a leaf that could not be read when they were applied
  std::vector<ChangeIndex> came_lacking_;
  std::uint64_t leaves_added_ = 0;
  mutable std::set<ChangeIndex> lacking_;  // a part of unread_; all that lack a leaf, once that is known
  mutable bool lacking_known_ = false;
  std::set<ChangeIndex> lost_;
  bool more_leaves_ = false;  // leaves have come for changes that were here
  std::uint64_t revision_ = 0;
  std::uint64_t skipped_ = 0;  // before the next one
  bool in_transaction_ = false;
  Bytes base_;                 // the snapshot that this was opened from, while it says what its changes mean
  ChangeIndex base_size_ = 0;  // changes that it holds
};

// A fresh document id. The key that signs the document's first statement is made and forgotten here.
DocumentId new_document_id(Random& random);

}  // namespace tlfs::document
