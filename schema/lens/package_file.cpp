#include "schema/lens/package_file.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>
#include <set>

#include "schema/messages/package.capnp.h"

namespace tlfs::schema {

Bytes encode_package_file(const std::vector<std::shared_ptr<const Package>>& packages) {
  TLFS_CHECK(packages.size() <= kMaxPackagesPerFile, "too many packages for one file");
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<messages::PackageFile>().initPackages(static_cast<unsigned>(packages.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const ByteView bytes = packages[i]->encoded();
    list.set(i, kj::ArrayPtr<const capnp::byte>(bytes.data(), bytes.size()));
  }
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  return Bytes(bytes.begin(), bytes.end());
}

Result<std::vector<std::shared_ptr<const Package>>> decode_package_file(ByteView bytes) {
  const auto malformed = [](std::string why) {
    return Error(Errc::malformed, "not a package file: " + std::move(why));
  };
  if (bytes.size() > kMaxPackagesPerFile * (kMaxPackageBytes + 16)) {
    return Error(Errc::limit, "a package file is at most " + std::to_string(kMaxPackagesPerFile) + " packages long");
  }
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) return malformed("its size is no multiple of 8 bytes");
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());

  capnp::ReaderOptions options;
  options.traversalLimitInWords = 2 * words.size();
  options.nestingLimit = 4;
  std::vector<std::shared_ptr<const Package>> packages;
  try {
    capnp::FlatArrayMessageReader message(words, options);
    const auto list = message.getRoot<messages::PackageFile>().getPackages();
    if (list.size() > kMaxPackagesPerFile) {
      return Error(Errc::limit, "a package file holds at most " + std::to_string(kMaxPackagesPerFile) + " packages");
    }
    std::set<std::string> names;
    for (const auto data : list) {
      Result<std::shared_ptr<const Package>> package = Package::decode(ByteView(data.begin(), data.size()));
      if (!package) return package.error().within("package " + std::to_string(packages.size() + 1));
      if (!names.insert((*package)->name()).second) return malformed("it holds two packages " + (*package)->name());
      packages.push_back(*std::move(package));
    }
  } catch (const kj::Exception& e) {
    return malformed(e.getDescription().cStr());
  }
  return packages;
}

bool looks_like_package_file(ByteView bytes) { return !bytes.empty() && bytes[0] == 0; }

}  // namespace tlfs::schema
