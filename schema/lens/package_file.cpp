#include "schema/lens/package_file.h"

#include <set>

#include "schema/framing/framing.h"
#include "schema/messages/package.capnp.h"

namespace tlfs::schema {
namespace {
constexpr int kNesting = 4;
}  // namespace

Bytes encode_package_file(const std::vector<std::shared_ptr<const Package>>& packages) {
  TLFS_CHECK(packages.size() <= kMaxPackagesPerFile, "too many packages for one file");
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<messages::PackageFile>().initPackages(static_cast<unsigned>(packages.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const ByteView bytes = packages[i]->encoded();
    list.set(i, kj::ArrayPtr<const capnp::byte>(bytes.data(), bytes.size()));
  }
  return framing::to_bytes(message);
}

Result<std::vector<std::shared_ptr<const Package>>> decode_package_file(ByteView bytes) {
  using Packages = std::vector<std::shared_ptr<const Package>>;
  const auto malformed = [](std::string why) {
    return Error(Errc::malformed, "not a package file: " + std::move(why));
  };
  if (bytes.size() > kMaxPackagesPerFile * (kMaxPackageBytes + 16))
    return Error(Errc::limit, "a package file is at most " + std::to_string(kMaxPackagesPerFile) + " packages long");
  const auto read = [&](messages::PackageFile::Reader file) -> Result<Packages> {
    if (file.getPackages().size() > kMaxPackagesPerFile)
      return Error(Errc::limit, "a package file holds at most " + std::to_string(kMaxPackagesPerFile) + " packages");
    Packages packages;
    std::set<std::string> names;
    for (const auto data : file.getPackages()) {
      auto package = Package::decode(ByteView(data.begin(), data.size()));
      if (!package) return package.error().within("package " + std::to_string(packages.size() + 1));
      if (!names.insert((*package)->name()).second) return malformed("it holds two packages " + (*package)->name());
      packages.push_back(*std::move(package));
    }
    return packages;
  };
  return framing::read<messages::PackageFile>(bytes, kNesting, read, malformed);
}

bool looks_like_package_file(ByteView bytes) { return !bytes.empty() && bytes[0] == 0; }

}  // namespace tlfs::schema
