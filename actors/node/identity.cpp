#include "actors/node/identity.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "runtime/base/varint.h"
#include "runtime/storage/layout.h"
#include "runtime/storage/private_file.h"

namespace tlfs::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMarkBytes = 16;  // of the continuity file

Result<Bytes> read_small(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  Bytes bytes;
  for (char c; bytes.size() <= access::kMaxKeyFileBytes && in.get(c);) bytes.push_back(static_cast<std::uint8_t>(c));
  if (bytes.empty()) return Error(storage::Errc::denied, path + ": cannot be read, or is empty");
  return bytes;
}

Result<access::UnlockKey> read_unlock_key(const std::string& path) {
  Result<Bytes> bytes = read_small(path);
  if (!bytes || bytes->size() != crypto::Secret::kBytes)
    return Error(access::KeyFileErrc::wrong_lock,
                 path + ": the device's key is locked with an unlock key of 32 bytes; bring it back to this place");
  access::UnlockKey key{crypto::Secret::from_bytes(std::span<const std::uint8_t, crypto::Secret::kBytes>(*bytes))};
  crypto::wipe(*bytes);
  return key;
}

Result<crypto::SigningKey> open_key(const std::string& directory, const std::optional<access::Passphrase>& passphrase) {
  const std::string path = directory + "/device.key";
  const Result<Bytes> file = read_small(path);
  if (!file) return file.error();
  const Result<access::KeyFileInfo> info = access::read_key_file(*file);
  if (!info) return info.error().within(path);
  Result<crypto::SigningKey> key = [&]() -> Result<crypto::SigningKey> {
    if (info->lock == access::KeyFileInfo::Lock::passphrase) {
      if (!passphrase)
        return Error(access::KeyFileErrc::wrong_lock, "it is locked with a passphrase, and none was given");
      return access::unlock_key(*file, *passphrase);
    }
    const Result<access::UnlockKey> unlock = read_unlock_key(directory + "/device.unlock");
    if (!unlock) return unlock.error();
    return access::unlock_key(*file, *unlock);
  }();
  if (!key) return key.error().within(path);
  return key;
}

Result<crypto::SigningKey> make_key(const std::string& directory, const std::optional<access::Passphrase>& passphrase,
                                    Random& random) {
  crypto::SigningKey key = crypto::SigningKey::generate(random);
  Result<Bytes> file = [&]() -> Result<Bytes> {
    if (passphrase) return access::lock_key(key, "", *passphrase, random);
    const access::UnlockKey unlock{crypto::Secret::generate(random)};
    // Replaces what an interrupted first start left: without device.key it opens nothing.
    if (Status s = storage::replace_private_file(directory + "/device.unlock", unlock.secret.expose()); !s)
      return s.error();
    return access::lock_key(key, "", unlock);
  }();
  if (!file) return file.error();
  if (Status s = storage::create_private_file(directory + "/device.key", *file); !s) return s.error();
  return key;
}

struct Mark {
  std::uint64_t inode = 0, changed = 0;
  Bytes bytes;
  Bytes encode() const {
    ByteWriter out;
    out.fixed64(inode);
    out.fixed64(changed);
    out.raw(bytes);
    return out.take();
  }
};

std::optional<Mark> mark_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  Result<Bytes> bytes = read_small(path);
  if (!bytes) return std::nullopt;
  return Mark{info.st_ino,
              static_cast<std::uint64_t>(info.st_ctim.tv_sec) * 1'000'000'000u +
                  static_cast<std::uint64_t>(info.st_ctim.tv_nsec),
              std::move(*bytes)};
}

}  // namespace

Identity identity_of(std::shared_ptr<const crypto::SigningKey> device) {
  auto at_rest = std::make_shared<const crypto::Secret>(crypto::derive(device->seed(), "tlfs device at rest"));
  return {std::move(device), std::move(at_rest), false};
}

Result<Identity> open_identity(const std::string& directory, storage::Store& store,
                               const std::optional<access::Passphrase>& passphrase, Random& random) {
  std::error_code error;
  const bool known = fs::exists(directory + "/device.key", error);
  if (!known) {
    // An interrupted first start leaves a store without records.
    bool used = false;
    const auto scanned = store.scan({}, {}, [&](ByteView, ByteView) {
      used = true;
      return false;
    });
    if (!scanned) return scanned.error();
    if (used || !scanned->corrupt.empty() || scanned->unreadable)
      return Error(storage::Errc::missing, directory +
                                               ": there are records and no device.key that could open them; "
                                               "bring the file back, or start in another directory");
  }
  Result<crypto::SigningKey> key = known ? open_key(directory, passphrase) : make_key(directory, passphrase, random);
  if (!key) return key.error();
  Identity identity = identity_of(std::make_shared<const crypto::SigningKey>(std::move(*key)));
  identity.made = !known;
  return identity;
}

Result<std::optional<Bytes>> read_identity(storage::Store& store, std::string_view name) {
  return store.read(storage::identity_key(name));
}

Status write_identity(storage::Store& store, std::string_view name, Bytes value) {
  storage::Batch batch;
  batch.put(storage::identity_key(name), std::move(value));
  return store.write(batch);
}

Result<std::uint64_t> check_continuity(const std::string& directory, storage::Store& store, bool fresh,
                                       Random& random) {
  const std::string path = directory + "/continuity";
  const auto remembered = read_identity(store, "continuity");
  const auto incarnation = read_identity(store, "incarnation");
  // A damaged record is as good as a lost one.
  const bool readable = remembered && incarnation;
  std::uint64_t current = 0;
  if (readable && *incarnation && (*incarnation)->size() == 8) current = ByteReader(**incarnation).fixed64();
  const std::optional<Mark> found = mark_of(path);
  if (readable && *remembered && found && found->encode() == **remembered) return current;

  if (!fresh) current = random.next_u64() | 1;
  Bytes bytes(kMarkBytes);
  random.fill(bytes);
  if (Status s = storage::replace_private_file(path, bytes); !s) return s.error();
  const std::optional<Mark> made = mark_of(path);
  if (!made) return Error(storage::Errc::io, path + ": was written and cannot be read");
  ByteWriter number;
  number.fixed64(current);
  storage::Batch batch;
  batch.put(storage::identity_key("incarnation"), number.take());
  batch.put(storage::identity_key("continuity"), made->encode());
  if (Status s = store.write(batch); !s) return s.error();
  return current;
}

}  // namespace tlfs::node
