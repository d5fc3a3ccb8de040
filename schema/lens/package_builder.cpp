#include "schema/lens/package_builder.h"

#include "schema/lens/package_codec.h"

namespace tlfs::schema {

Status PackageBuilder::add(Lens lens) {
  if (lenses_.size() >= kMaxLenses) {
    return Error(Errc::limit, "a package has at most " + std::to_string(kMaxLenses) + " lenses");
  }
  if (Status s = apply_lens(tree_, lens); !s) return s;
  lenses_.push_back(std::move(lens));
  return {};
}

Status PackageBuilder::mark(Version version) {
  if (tree_.nodes().empty()) return Error(Errc::bad_version, "version " + version.text() + " declares no root");
  if (versions_.size() >= kMaxVersions) {
    return Error(Errc::limit, "a package has at most " + std::to_string(kMaxVersions) + " versions");
  }
  if (!versions_.empty() && !(versions_.back().version < version)) {
    return Error(Errc::bad_version,
                 "version " + version.text() + " does not come after " + versions_.back().version.text());
  }
  versions_.push_back({version, static_cast<std::uint32_t>(lenses_.size())});
  return {};
}

Result<std::shared_ptr<const Package>> PackageBuilder::finish() const {
  if (!is_identifier(name_)) {
    return Error(Errc::malformed, "a package's name is a letter, then letters, digits and underscores");
  }
  if (versions_.empty()) return Error(Errc::bad_version, "a package has at least one version");
  if (versions_.back().lenses != lenses_.size())
    return Error(Errc::bad_version, "there are lenses after the last version");

  std::shared_ptr<Package> package(new Package);
  package->name_ = name_;
  package->nodes_ = tree_.nodes();
  package->lenses_ = lenses_;
  package->versions_ = versions_;
  for (Ordinal i = 0; i < package->nodes_.size(); ++i) package->by_id_.emplace(package->nodes_[i].id, i);
  if (package->by_id_.size() != package->nodes_.size()) return Error(Errc::malformed, "two nodes have one id");
  package->latest_ = std::make_shared<const View>(tree_, versions_.back().version.text());
  package->encoded_ = encode_package(*package);
  if (package->encoded_.size() > kMaxPackageBytes) {
    return Error(Errc::limit, "a package has at most " + std::to_string(kMaxPackageBytes) + " bytes");
  }
  package->hash_ = package_hash(package->encoded_);
  return std::shared_ptr<const Package>(std::move(package));
}

}  // namespace tlfs::schema
