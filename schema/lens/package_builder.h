// Makes a package lens by lens. The compiler and the decoder both go through here, so that nothing becomes a package
// that was not checked.
#pragma once

#include <memory>
#include <string>

#include "schema/lens/package.h"
#include "schema/lens/tree.h"

namespace tlfs::schema {

class PackageBuilder {
 public:
  // `name`: see is_identifier(); checked by finish().
  explicit PackageBuilder(std::string name) : name_(std::move(name)) {}

  // The tree as the lenses so far have made it.
  const Tree& tree() const { return tree_; }

  // Applies and appends; a refused lens changes nothing (bad_lens, limit).
  Status add(Lens lens);
  // Ends a version: it shows what the lenses so far make. Refused when there is no root, when it is not above the
  // version before (bad_version), or beyond kMaxVersions (limit).
  Status mark(Version version);
  // The package. Refused when the name is no identifier (malformed), without a version or with lenses after the last
  // one (bad_version), or when its encoding is beyond kMaxPackageBytes (limit).
  Result<std::shared_ptr<const Package>> finish() const;

 private:
  std::string name_;
  Tree tree_;
  std::vector<Lens> lenses_;
  std::vector<Package::VersionMark> versions_;
};

}  // namespace tlfs::schema
