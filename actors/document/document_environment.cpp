#include "actors/document/document_environment.h"

namespace tlfs::document_actor {

void PackageShelf::add(ByteView encoded) {
  Result<std::shared_ptr<const schema::Package>> package = schema::Package::decode(encoded);
  if (package) add(*package);
}

void PackageShelf::add(const std::shared_ptr<const schema::Package>& package) {
  const std::lock_guard lock(mutex_);
  packages_.emplace(package->hash(), package);
}

std::shared_ptr<const schema::Package> PackageShelf::find(const crypto::Digest& hash) const {
  const std::lock_guard lock(mutex_);
  const auto at = packages_.find(hash);
  return at == packages_.end() ? nullptr : at->second;
}

}  // namespace tlfs::document_actor
