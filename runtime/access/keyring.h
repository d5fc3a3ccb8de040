// Epochs of compartments: which there are, who can open them, and their secrets as far as this device has them.
//
// An epoch's content is {secret, the compartment's naming key, the place of its boundary}; boxes and published epochs
// hold it whole, a following epoch holds the secret alone. From the secret come the epoch's box key (whose public half
// is the epoch's name, so a wrong secret shows) and the key that leaves are encrypted under.
//
// Keyring knows nothing of rules: who *may* read is asked by ProtectedDocument; this is who *can*.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <unordered_set>

#include "runtime/access/naming.h"
#include "runtime/access/statement.h"

namespace tlfs::access {

struct EpochContent {
  crypto::Secret secret;
  crypto::Secret leaf_key;
  crypto::BoxKey box_key;
  crypto::Secret naming;
  Bytes place;  // encode_address() of the boundary

  static EpochContent make(const crypto::Secret& secret, const crypto::Secret& naming, const Bytes& place);
  EpochId id() const { return box_key.public_key(); }
  Bytes encode() const;  // what boxes hold
};

// The secrets that one device has, of all its documents. Shared by them; never leaves the process.
using EpochSecrets = std::map<EpochId, EpochContent>;

// Who can open an epoch, as far as statements tell.
struct Opener {
  KeyBox::For kind = KeyBox::For::device;
  std::array<std::uint8_t, 32> to{};
  friend auto operator<=>(const Opener&, const Opener&) = default;
};

class Keyring {
 public:
  struct Epoch {
    EpochId id{};
    DocumentId document{};
    Scope compartment;
    Token naming_check{};
    crypto::PublicKey author{};  // of the rotation: knows the secret
    Index item = kNone;          // the rotation's statement
    std::vector<Rotation::Parent> parents;
    Bytes published;
    std::vector<KeyBox> boxes;                     // in the order they came
    std::multimap<Opener, std::size_t> boxes_for;  // their places, by whose key opens them
    enum class Checked : std::uint8_t { no, genuine, junk };
    mutable std::vector<Checked> checked;  // of each box
  };

  Keyring(const crypto::SigningKey& device, std::shared_ptr<EpochSecrets> secrets);

  // A statement's rotations and boxes; its parents' are here.
  void add(const SignedStatement& statement, Index item);
  // Opens what can be opened with the secrets that there are. Returns the epochs that have become open.
  std::vector<EpochId> open();

  const Epoch* find(const EpochId& id) const;
  const EpochContent* content(const EpochId& id) const;  // null when the device does not have it
  // All epochs of a compartment, in the order they came.
  std::vector<const Epoch*> epochs(const DocumentId& document, const Scope& compartment) const;
  // Those of them that no other one of them follows; `valid` says which count at all.
  template <class F>
  std::vector<const Epoch*> latest(const DocumentId& document, const Scope& compartment, F&& valid) const {
    std::vector<const Epoch*> out;
    std::set<EpochId> followed;
    for (const Epoch* e : epochs(document, compartment)) {
      if (!valid(*e)) continue;
      out.push_back(e);
      for (const Rotation::Parent& p : e->parents) followed.insert(p.epoch);
    }
    std::erase_if(out, [&](const Epoch* e) { return followed.contains(e->id); });
    return out;
  }
  // The epoch, and every epoch of its compartment for which `counts` says yes and that follows one of those.
  template <class F>
  std::vector<const Epoch*> followers(const Epoch& epoch, F&& counts) const {
    std::vector<const Epoch*> out{&epoch};
    const std::vector<const Epoch*> all = epochs(epoch.document, epoch.compartment);
    for (std::size_t i = 0; i < out.size(); ++i)
      for (const Epoch* e : all)
        if (std::any_of(e->parents.begin(), e->parents.end(), [&](const auto& p) { return p.epoch == out[i]->id; }) &&
            std::find(out.begin(), out.end(), e) == out.end() && counts(*e))
          out.push_back(e);
    return out;
  }
  bool has_epochs(const DocumentId& document, const Scope& compartment) const {
    return by_compartment_.contains({document, compartment});
  }
  std::size_t size() const { return epochs_.size(); }
  // Every compartment of the document that has an epoch.
  std::vector<Scope> compartments(const DocumentId& document) const;
  // The epochs that a leaf may mean. Valid until the next add().
  std::span<const Epoch* const> named(const document::CompartmentId& compartment, std::uint64_t epoch) const;

  // Making.
  KeyBox box(const EpochContent& content, const DocumentId& document, const Opener& to) const;
  // Whether the epoch's i-th box is what anyone who has the content would have made. Sealed anew once, then remembered.
  bool genuine(const Epoch& epoch, std::size_t i, const EpochContent& content) const;
  // An epoch after `parents` whose contents are here.
  static Rotation rotation(const EpochContent& content, const DocumentId& document, const Scope& compartment,
                           const std::vector<const EpochContent*>& parents, bool published);

 private:
  void hold(Epoch& epoch, KeyBox box);
  KeyBox make_box(const EpochContent& content, const DocumentId& document, const Opener& to) const;
  bool accept(const Epoch& epoch, EpochContent content);

  crypto::BoxKey device_box_;
  crypto::PublicKey device_{};
  std::shared_ptr<EpochSecrets> secrets_;
  std::map<EpochId, Epoch> epochs_;
  std::map<std::pair<DocumentId, Scope>, std::vector<EpochId>> by_compartment_;
  std::map<std::pair<document::CompartmentId, std::uint64_t>, std::vector<const Epoch*>>
      by_leaf_;                  // into epochs_, of which nothing goes
  std::set<EpochId> closed_;     // not opened yet
  std::set<EpochId> touched_;    // closed ones that are new or got a box since open() was last called ...
  std::size_t opened_with_ = 0;  // ... and how many secrets there were then
  mutable std::unordered_set<crypto::Digest, crypto::DigestHash> made_;  // boxes of box() that were not added yet
  std::set<EpochId> unfollowed_;                                         // opened; their parents have not all been
  std::map<EpochId, std::vector<std::pair<DocumentId, KeyBox>>> early_;  // boxes whose rotation has not come
  std::size_t early_count_ = 0;
};

// What leaves write for the epoch: 64 bits of its name; never 0.
std::uint64_t epoch_number(const EpochId& id);

}  // namespace tlfs::access
