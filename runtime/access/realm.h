// All documents of one device, and what they know of each other.
//
// Users and groups are documents, and other documents' rights rest on them. A realm carries statements from one to the
// other, shares the epochs' secrets between them, and lets each say what nobody needs to ask for. Pure and
// single-threaded, like everything below it.
#pragma once

#include "runtime/access/protected_document.h"

namespace tlfs::access {

class Realm final : private Neighbours {
 public:
  struct Settings {
    std::shared_ptr<const crypto::SigningKey> device;
    Random* random = nullptr;
    NameOf name_of = nullptr;
    std::shared_ptr<EpochSecrets> secrets =
        nullptr;  // where the device's secrets are kept; null: a place of the realm's own
  };
  explicit Realm(Settings settings);
  Realm(const Realm&) = delete;
  Realm& operator=(const Realm&) = delete;

  const crypto::PublicKey& device() const { return settings_.device->public_key(); }

  // ---- the person ----
  // Makes a user document. Its key is `recovery`, which is derived from the recovery secret and is used again only when
  // every device is lost; this device gets `own` in it.
  ProtectedDocument& create_user(const crypto::SigningKey& recovery,
                                 const std::shared_ptr<const schema::Package>& package);
  // This device belongs to a user whose document is to come, or is here already.
  void join_user(const DocumentId& user) { user_ = user; }
  const std::optional<DocumentId>& user() const { return user_; }
  // Lets another device of the same user in. denied, when this device may not.
  Status add_device(const crypto::PublicKey& device);
  Status remove_device(const crypto::PublicKey& device);

  // ---- documents ----
  // A new document whose root is this device's user.
  Result<ProtectedDocument*> create(const std::shared_ptr<const schema::Package>& package);
  // A replica of a document that was made elsewhere: empty, until statements and changes are taken.
  ProtectedDocument& open(const DocumentId& id, const std::shared_ptr<const schema::Package>& package);
  ProtectedDocument* find(const DocumentId& id);
  const ProtectedDocument* find(const DocumentId& id) const;
  std::vector<DocumentId> documents() const;

  // ---- exchange ----
  // Public statements of users and groups, as a key directory has them.
  void learn(std::vector<SignedStatement> statements);
  // Everything known of a document's log; empty when nothing is.
  const std::vector<SignedStatement>& known(const DocumentId& document) const;
  ProtectedDocument::Taken take(const DocumentId& document, std::vector<SignedStatement> statements,
                                std::vector<document::Change> changes);
  // Everything of a document that the device behind `peer` may have; changes as that device may have them.
  struct Share {
    std::vector<SignedStatement> statements;
    std::vector<document::Change> changes;
  };
  Share share(const DocumentId& document, const crypto::PublicKey& peer);

  // Lets every document say what it has to say unasked, until none has. Returns whether anything was said.
  bool tend();

 private:
  std::vector<SignedStatement> news_of(const DocumentId& document, const AuthorityLog& log) const override;
  ProtectedDocument::Settings settings_for(const DocumentId& id, const std::shared_ptr<const schema::Package>& package);
  void collect(const ProtectedDocument& document);
  void collect_all();
  void record(const SignedStatement& statement);

  Settings settings_;
  std::optional<DocumentId> user_;
  std::map<DocumentId, std::unique_ptr<ProtectedDocument>> documents_;
  std::map<DocumentId, std::vector<SignedStatement>> known_;
  std::set<StatementHash> recorded_;
  std::map<DocumentId, std::size_t> collected_;  // of each document's log
};

}  // namespace tlfs::access
