// A package: a named, ordered list of lenses with version marks. Its hash identifies a schema; documents name it in
// every change, and peers fetch it from each other by that hash.
//
// Immutable and shared between threads as shared_ptr<const Package>. Made by decode() from bytes or by PackageBuilder.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/crypto/crypto.h"
#include "schema/lens/errors.h"
#include "schema/lens/lens.h"
#include "schema/lens/limits.h"
#include "schema/lens/node.h"
#include "schema/lens/version.h"
#include "schema/lens/view.h"

namespace tlfs::schema {

class Package {
 public:
  struct VersionMark {
    Version version;
    std::uint32_t lenses = 0;  // this version shows what the first `lenses` lenses make
    friend bool operator==(const VersionMark&, const VersionMark&) = default;
  };

  // Any bytes are safe. Refuses everything but the one canonical encoding of a valid package (malformed, unsupported,
  // limit, bad_lens, bad_version).
  static Result<std::shared_ptr<const Package>> decode(ByteView bytes);

  // The canonical encoding (schema/messages/package.capnp).
  ByteView encoded() const { return encoded_; }
  // BLAKE2b-256 of encoded(), in domain "tlfs package".
  const crypto::Digest& hash() const { return hash_; }
  const std::string& name() const { return name_; }
  // Every node born in any version, by ordinal. Never empty.
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Lens>& lenses() const { return lenses_; }
  // Ascending, never empty; the last one has seen all lenses.
  const std::vector<VersionMark>& versions() const { return versions_; }

  // What a version shows. Computed at each call (linear in lenses and nodes): keep the result. no_such_version names
  // the versions there are.
  Result<std::shared_ptr<const View>> view(std::string_view version) const;
  // What the last version shows; made once.
  const std::shared_ptr<const View>& latest() const { return latest_; }

  // The ordinal of a permanent id, if this package gives birth to it.
  std::optional<Ordinal> find(const NodeId& id) const;

  // Whether this package says all that `old` says, in the same order, and perhaps more after it. Otherwise
  // not_an_extension, and the message names the first difference.
  Status extends(const Package& old) const;

  // The tree after the first `lenses` lenses. `lenses` <= lenses().size().
  Tree tree_after(std::size_t lenses) const;

 private:
  friend class PackageBuilder;
  Package() = default;

  std::string name_;
  std::vector<Node> nodes_;
  std::vector<Lens> lenses_;
  std::vector<VersionMark> versions_;
  std::map<NodeId, Ordinal> by_id_;
  std::shared_ptr<const View> latest_;
  Bytes encoded_;
  crypto::Digest hash_{};
};

}  // namespace tlfs::schema
