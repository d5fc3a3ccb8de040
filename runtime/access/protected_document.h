// A document with its access: who may do what is said in its authority log, and what one may not read is ciphertext.
//
// Wraps document::Document as its guard. Local edits are refused, with the reason, where this device may not write;
// what others wrote takes effect as far as the rules let it, and is judged anew as statements arrive. Statements that
// this device makes are added at once and are to be stored and sent by whoever owns this: take_outgoing().
//
// Owned by one Realm (all documents of a device) or a test; single-threaded; never blocks.
#pragma once

#include <tsl/robin_map.h>

#include "runtime/access/authority_log.h"
#include "runtime/access/keyring.h"
#include "runtime/document/document.h"

namespace tlfs::access {

// What a document can ask of its neighbours on the device.
class Neighbours {
 public:
  virtual ~Neighbours() = default;
  // Statements of another document that are here and that `log` does not have, in causal order.
  virtual std::vector<SignedStatement> news_of(const DocumentId& document, const AuthorityLog& log) const = 0;
};

// A leaf that is kept and not shown.
struct Withheld {
  LeafId leaf;
  crypto::PublicKey author{};
  std::string why;  // a sentence
};

// What happened to what others wrote, for the app.
struct AccessEvent {
  enum class Kind : std::uint8_t { withheld, shown_again };
  Kind kind = Kind::withheld;
  Withheld what;
};

// Rule 10, for people and programs.
struct Explanation {
  bool allowed = false;
  Level level = Level::none;  // what the principal has there
  Rules::Explanation::Why why = Rules::Explanation::Why::no_grant;
  std::vector<GrantName> chain;       // the grants that allow it, or come nearest; genesis first
  std::vector<GrantName> membership;  // of groups, from the outermost
  std::optional<StatementHash> ended_by;
  std::string sentence;
};

// How people call principals; by default the first digits of their keys.
using NameOf = std::function<std::string(const Principal&)>;

// Boxes that this device puts into one statement, so that it stays within kMaxStatementBytes. Readers beyond it get
// theirs in the next.
inline constexpr std::size_t kMaxBoxesMade = 2048;
inline constexpr std::uint64_t kDefaultQuota = 1ull << 30;

class ProtectedDocument final : private document::Guard, private Sightings {
 public:
  struct Settings {
    DocumentId id{};
    std::shared_ptr<const crypto::SigningKey> device;
    std::shared_ptr<const schema::Package> package;
    std::shared_ptr<const schema::View> view;  // null: the latest
    std::shared_ptr<EpochSecrets> secrets;     // of the device
    Random* random = nullptr;
    const Neighbours* neighbours = nullptr;  // null: none
    NameOf name_of;
    std::uint64_t incarnation = 0;
    std::uint64_t quota = kDefaultQuota;  // bytes of changes by one author that are kept here
  };
  // An empty replica: statements and changes come by take().
  explicit ProtectedDocument(Settings settings);
  ~ProtectedDocument() override;
  ProtectedDocument(const ProtectedDocument&) = delete;
  ProtectedDocument& operator=(const ProtectedDocument&) = delete;

  // ---- opening ----
  // The current state in one piece, without history, for open(). Seals, which may make a statement. Not part of it:
  // statements, undo stacks, what waits in the inbox, and what take_outgoing() and take_events() would have given.
  Bytes snapshot(document::SnapshotPacking packing = document::SnapshotPacking::compressed);
  // A document from a snapshot, or without one from its log alone: then `snapshot` is empty. `statements`: all that the
  // log has, in its order, as statements() gives them; nothing is verified again. Those that came after the snapshot
  // take effect at recover(), which is to be called next. settings.incarnation is that of content().writer() when the
  // document was closed. `packages` and `load` as for document::Document::open.
  // malformed, limit_exceeded, wrong_document, unknown_package.
  //
  // What asks for history: what document::Document::open lists; withheld_leaves() and admit() where there are withheld
  // leaves that the snapshot holds; archive(); and take(), recover(), grant(), revoke(), tend() when a statement or key
  // has come that may change a verdict on a leaf of the snapshot or makes one readable. Reading, edits, sealing,
  // snapshot(), changes and statements that concern nothing of the snapshot do not. `load` may throw, whatever is being
  // done; then the document is good for nothing but being destroyed.
  static Result<std::unique_ptr<ProtectedDocument>> open(
      ByteView snapshot, Settings settings, std::vector<SignedStatement> statements,
      const std::vector<std::shared_ptr<const schema::Package>>& packages,
      std::function<Result<document::Change>(const ChangeHash&)> load);
  // Everything since the snapshot; of a document without one, everything. As document::Document::recover. Also for a
  // document that was made by the constructor and has taken its statements. The app was told already of what was
  // withheld: there are no events.
  Status recover(std::vector<document::Change> tail, const std::vector<document::Document::Logged>& unsealed,
                 std::uint64_t revision);

  // Makes a new document. The key that signs its genesis is `document_key`; for an ordinary document a fresh one that
  // nobody keeps. `known`: statements of the documents that `root` refers to.
  static std::unique_ptr<ProtectedDocument> create(Settings settings, const crypto::SigningKey& document_key,
                                                   const Principal& root, DocumentKind kind,
                                                   std::vector<SignedStatement> known);

  const DocumentId& id() const { return settings_.id; }
  document::Document& content() { return *document_; }
  const document::Document& content() const { return *document_; }
  const AuthorityLog& log() const { return log_; }

  // ---- policy ----
  // All of these make a statement, which takes effect here at once. denied, no_boundary, no_key, no_such_place,
  // nothing_to_do: messages name what is missing.
  // Read, and what includes it, is given at boundaries of compartments, or to those who can read there already.
  Status grant(const Address& at, Level level, const Principal& to);
  // Ends every live grant of exactly this level, address and principal. Whoever loses read by it is locked out of what
  // is written from now on. With `keep`, each gets that lower level instead.
  Status revoke(const Address& at, Level level, const Principal& from, Level keep = Level::none);
  // Shows withheld leaves again.
  Status admit(const std::vector<LeafId>& leaves);
  // All withheld leaves of the principal's keys.
  Status admit_all(const Principal& from);
  // What nobody needs to ask for: cuts after removals from groups, boxes that readers lack. To be called when
  // statements have come, here or to a document that this one refers to. Returns whether anything was said.
  bool tend();
  // Takes what the neighbours know and this log does not. Returns whether there was any.
  bool learn_news();

  Result<Address> address(std::string_view path) const;
  // The address as statements name it. no_key where this device cannot know.
  Result<Scope> scope_of(const Address& at) const;
  Level level(const Principal& who, const Address& at) const;
  Explanation explain(const Principal& who, Level level, const Address& at) const;
  // Whoever holds anything there now, as the grants name them, each with the highest level. Ascending by principal.
  // no_key.
  Result<std::map<Principal, Level>> holders(const Address& at) const;
  // Changes of which at least one leaf is withheld count once.
  std::vector<Withheld> withheld_leaves() const;
  std::vector<AccessEvent> take_events();
  // Whether this device can decrypt what is written there.
  bool can_read(const Address& at) const;
  // Changes that arrived with a leaf that this device cannot read, or without one.
  std::size_t unreadable() const { return document_->unread_changes(); }

  // ---- exchange ----
  struct Taken {
    std::size_t statements = 0;  // new ones
    std::size_t changes = 0;     // that took their place now
    std::vector<Error> refused;
    std::vector<document::Patch> patches;
  };
  // From anyone, in any order, any number of times.
  Taken take(std::vector<SignedStatement> statements, std::vector<document::Change> changes);
  // Everything that was said, here and in the documents that this one refers to, in causal order.
  std::vector<SignedStatement> statements() const;
  // What of it the peer may have: everything while it holds something; up to what ended it once it has lost all.
  std::vector<SignedStatement> statements_for(const crypto::PublicKey& peer) const;
  // Whether the peer holds at least sync somewhere in the document now.
  bool may_sync(const crypto::PublicKey& peer) const;
  // Whoever holds at least sync somewhere in the document now, as the grants name them; ascending.
  std::vector<Principal> syncers() const;
  // Statements made here since the last call.
  std::vector<SignedStatement> take_outgoing();
  // Makes of the change what `peer` may have: takes the leaves that it may not even store. Rule 8.
  void redact(document::Change& change, const crypto::PublicKey& peer) const;

  // ---- ephemeral ----
  // What is said to whoever may read at the root now, and stored nowhere.
  struct Ephemeral {
    std::uint64_t epoch = 0;
    crypto::Sealed sealed;
  };
  // Under the current epoch of the root compartment. no_key.
  Result<Ephemeral> seal_ephemeral(ByteView plain) const;
  // Nothing unless it was sealed under a current epoch of the root compartment that this device has. no_key when it has
  // none of that number.
  Result<std::optional<Bytes>> open_ephemeral(const Ephemeral& what) const;

  // ---- at rest ----
  // Every sealed change, in as few bytes as can be: what this device can open lies there as merged operations, and the
  // whole is encrypted under `key`, which is the device's own. The log has to be kept beside it. For the background.
  // An error when there is a change that cannot be had, or too much for an archive.
  Result<Bytes> archive(const crypto::Secret& key);
  // The changes as they were sealed, bit by bit, with the signatures that are needed; to be taken by a replica that has
  // taken the log. bad_signature when the key is another or the bytes are damaged; no_key when the log does not open an
  // epoch that it needs.
  Result<std::vector<document::Change>> unarchive(ByteView bytes, const crypto::Secret& key) const;

 private:
  // What open() finds in a snapshot (protected_snapshot.cpp).
  struct Memory;
  void remember(Memory memory);
  Status restore(std::vector<SignedStatement> statements);
  document::Document::Settings inner_settings();
  crypto::Digest log_digest(std::size_t count) const;
  void await(const SignedStatement& s) const;

  static constexpr std::uint32_t kNamedEarly = 1u << 31;
  struct Arrival {
    Rules::Context context = 0;
    crypto::PublicKey author{};
    std::uint32_t number = 0;
    bool known = false;
  };

  // Guard
  std::uint64_t revision() const override { return revision_; }
  Result<std::uint64_t> basis(const std::vector<Address>& places) override;
  std::vector<crypto::Digest> prepare(const std::vector<Address>& compartments) override;
  document::Leaf seal(const document::LeafPlace& place, const Address& compartment, ByteView block) override;
  bool can_seal(const Address& compartment) const override;
  std::optional<Bytes> open(const document::LeafPlace& place, const document::Leaf& leaf) const override;
  std::optional<document::Leaf> seal_again(const document::LeafPlace& place, const document::CompartmentId& compartment,
                                           std::uint64_t epoch, ByteView block) const override;
  std::optional<document::CompartmentId> compartment_id(const Address& boundary) const override;
  bool has_statement(const crypto::Digest& statement) const override { return log_.has(statement); }
  Status accepts(const document::Change& change) const override;
  void arrived(document::ChangeIndex index, const document::Change& change) override;
  bool counts(document::ChangeIndex index, std::uint32_t leaf, const std::vector<Address>& places) const override;
  // Sightings
  bool saw(Index revocation, std::uint32_t change) const override;

  static document::Leaf sealed(const EpochContent& content, const document::LeafPlace& place,
                               const document::CompartmentId& compartment, ByteView block);

  // Statements.
  Statement blank() const;
  Statement citing(const Rules::Support& support) const;
  Result<Statement> begin(Level level, const Address& at, std::string_view to_do) const;
  Status say(Statement s, std::set<DocumentId> relies_on = {});
  void say_gathered();
  void note(const std::vector<StatementHash>& added);
  void settle(Taken& report);
  std::vector<crypto::Digest> heads_with(const std::set<DocumentId>& relies_on) const;
  void rely_on(const Rules::Support& support, std::set<DocumentId>& out) const;
  Error denied(Level level, const Address& at, std::string_view to_do) const;
  const Arrival& arrival(document::ChangeIndex index) const;
  Rules::Context context_of(const std::vector<StatementHash>& named) const;
  std::set<Scope> granted_scopes() const;
  // The numbers by which the rules know changes: the index, or one from kNamedEarly on for a change that a statement
  // named before it was here.
  std::uint32_t number_of(const ChangeHash& hash);
  std::uint32_t number_arriving(document::ChangeIndex index, const ChangeHash& hash);
  document::ChangeIndex index_of(std::uint32_t number) const;
  // The root where it is not known.
  const Scope& scope_of_leaf(const document::Leaf& leaf) const;

  // Keys (protected_keys.cpp).
  std::set<Principal> readers(const Scope& compartment, const std::set<Index>& dead) const;
  std::vector<Opener> openers_of(const Principal& principal) const;
  std::vector<Opener> openers_for(const Address& boundary, const Scope& compartment,
                                  const std::set<Principal>& readers);
  bool valid(const Keyring::Epoch& epoch) const;
  bool clean(const Keyring::Epoch& epoch, std::size_t depth) const;
  bool is_for(const Keyring::Epoch& epoch, const std::function<bool(const crypto::PublicKey&)>& member,
              std::size_t depth) const;
  const Keyring::Epoch* group_epoch(const Principal& principal) const;
  bool entitled(const Keyring::Epoch& epoch, const Opener& opener, std::size_t depth) const;
  bool suitable(const Keyring::Epoch& epoch, std::size_t depth = 0) const;
  bool opens_to_readers(const Keyring::Epoch& epoch, std::size_t depth) const;
  std::vector<const Keyring::Epoch*> latest(const Scope& compartment) const;
  const EpochContent* epoch_for_writing(const Address& boundary);
  Status rotate(Statement& s, const Address& boundary, const std::set<Index>& dead,
                const std::optional<Principal>& also = std::nullopt);
  bool has_box(const Keyring::Epoch& epoch, const EpochContent& content, const Principal& reader) const;
  std::optional<Scope> enclosing(const Scope& compartment) const;
  Principal stands_for(const Keyring::Epoch& epoch) const;
  bool is_boundary(const Address& at) const;
  std::string path_of(const Address& at) const;
  void learn_keys();

  bool tend_cuts(bool before_writing);
  bool tend_keys();
  bool verdict_changed(document::ChangeIndex index) const;

  Settings settings_;
  std::unique_ptr<document::Document> document_;
  tsl::robin_map<ChangeHash, std::uint32_t, crypto::DigestHash> named_early_;
  std::vector<document::ChangeIndex> index_of_early_;  // by number - kNamedEarly; kNoChange while it is not here
  AuthorityLog log_;
  Keyring keyring_;
  Naming naming_;
  std::uint64_t revision_ = 0;         // of answers to basis()
  std::uint64_t policy_revision_ = 0;  // of the log

  std::vector<Arrival> arrivals_;                                  // by ChangeIndex
  std::map<Rules::Context, std::vector<StatementHash>> heads_of_;  // of each context that a change here has
  struct Named {
    std::vector<StatementHash> heads;
    std::size_t statements = ~std::size_t{0};  // in the log, when that was their context
    Rules::Context context = 0;
  };
  mutable Named named_last_;                         // what context_of() was asked last
  bool reread_ = false;                              // keys have come for leaves that are here
  std::map<crypto::PublicKey, std::uint64_t> kept_;  // bytes of changes, by author
  mutable std::set<LeafId> withheld_;
  mutable std::map<Index, std::vector<bool>> seen_;        // by revocation: what its frontier reaches
  mutable std::map<ChangeHash, std::set<Index>> awaited_;  // changes in frontiers that are not here
  std::set<Index> moved_;                                  // revocations whose frontier reaches more than before
  std::set<DocumentId> relied_on_;                         // groups that what is pending rests on
  struct Chosen {
    std::uint64_t policy_revision = ~0ull;
    EpochId epoch{};
  };
  std::map<Bytes, Chosen> chosen_;                                              // by place: the epoch to write under
  mutable std::set<std::pair<document::CompartmentId, std::uint64_t>> unread_;  // epochs that leaves were met in
  std::set<StatementHash> cut_;  // revocations elsewhere that a cut here names
  std::vector<Index> uncut_;     // the others
  mutable std::vector<AccessEvent> events_;
  std::vector<SignedStatement> outgoing_;
  Statement gathered_;    // new epochs, while the document is being sealed
  bool sealing_ = false;  // the document waits for an answer and must not be touched
};

}  // namespace tlfs::access
