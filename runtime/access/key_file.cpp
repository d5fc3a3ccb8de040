#include "runtime/access/key_file.h"

#include <algorithm>

#include "runtime/base/utf.h"
#include "runtime/base/varint.h"
#include "runtime/crypto/aead.h"

namespace tlfs::access {
namespace {

using Lock = KeyFileInfo::Lock;

constexpr std::string_view kMagic = "TLFSKEY";
constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kDomain = "tlfs key file";

struct Parts {
  KeyFileInfo info;
  crypto::PasswordSalt salt{};
  crypto::Nonce nonce{};
  ByteView associated;
  ByteView sealed;
};

// No control characters (C0, DEL, C1): a label is shown on terminals, and whoever made the file chose it.
bool printable(std::string_view label) {
  if (!is_valid_utf8(label)) return false;
  for (std::size_t i = 0; i < label.size(); ++i) {
    const auto byte = static_cast<unsigned char>(label[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte == 0xc2 && static_cast<unsigned char>(label[i + 1]) < 0xa0) return false;
  }
  return true;
}

bool affordable(const crypto::PasswordCost& cost) {
  return cost.passes >= 1 && cost.passes <= crypto::kMaxPasswordPasses &&
         cost.memory_kib >= crypto::kMinPasswordMemoryKib && cost.memory_kib <= crypto::kMaxPasswordMemoryKib &&
         std::uint64_t{cost.passes} * cost.memory_kib <= kMaxPasswordWorkKib;
}

Error malformed(const std::string& what) {
  return {KeyFileErrc::malformed, "this is no key file, or a damaged one: " + what + "; take it from a backup"};
}

Error too_costly(const crypto::PasswordCost& cost) {
  return {KeyFileErrc::too_costly, "unlocking would take " + std::to_string(cost.passes) + " passes over " +
                                       std::to_string(cost.memory_kib) +
                                       " KiB of memory, which no key file should ask for; do not trust this one"};
}

template <std::size_t N>
void take(ByteReader& in, std::array<std::uint8_t, N>& out) {
  const ByteView bytes = in.raw(N);
  std::copy(bytes.begin(), bytes.end(), out.begin());
}

Result<Parts> parse(ByteView file) {
  if (file.size() > kMaxKeyFileBytes)
    return malformed("it is longer than " + std::to_string(kMaxKeyFileBytes) + " bytes");
  ByteReader in(file);
  if (as_text(in.raw(kMagic.size())) != kMagic) return malformed("it does not begin with " + std::string(kMagic));
  const std::uint8_t version = in.u8();
  if (!in.failed() && version != kVersion)
    return Error(KeyFileErrc::unsupported_version, "the key file has version " + std::to_string(version) +
                                                       ", and this software knows version 1; use a newer one");
  Parts parts;
  const std::uint8_t lock = in.u8();
  parts.info.lock = static_cast<Lock>(lock);
  if (parts.info.lock == Lock::passphrase) {
    take(in, parts.salt);
    parts.info.cost.passes = static_cast<std::uint32_t>(in.bounded(0xffffffff));
    parts.info.cost.memory_kib = static_cast<std::uint32_t>(in.bounded(0xffffffff));
  } else if (!in.failed() && parts.info.lock != Lock::unlock_key) {
    return malformed("it is locked in a way that has no name (" + std::to_string(lock) + ")");
  }
  parts.info.label = in.text();
  take(in, parts.info.public_key);
  parts.associated = file.first(file.size() - in.remaining());
  take(in, parts.nonce);
  parts.sealed = in.raw(crypto::padded_size(crypto::Secret::kBytes + 1) + crypto::kSealOverhead);
  if (in.failed()) return malformed("it ends too early");
  if (!in.at_end()) return malformed("something follows its end");
  if (parts.info.label.size() > kMaxLabelBytes || !printable(parts.info.label))
    return malformed("its label is no text");
  if (parts.info.lock == Lock::passphrase && !affordable(parts.info.cost)) return too_costly(parts.info.cost);
  return parts;
}

Result<crypto::Secret> secret_of(const Passphrase& passphrase, const crypto::PasswordSalt& salt,
                                 const crypto::PasswordCost& cost) {
  Result<crypto::Secret> secret = crypto::secret_from_password(passphrase.expose(), salt, cost);
  if (!secret) return Error(KeyFileErrc::out_of_memory, secret.error().message());
  return crypto::derive(*secret, kDomain);
}

Result<Bytes> lock(const crypto::SigningKey& key, std::string_view label, ByteView lock, const crypto::Secret& under) {
  ByteWriter out;
  out.raw(kMagic);
  out.u8(kVersion);
  out.raw(lock);
  out.text(label);
  out.raw(key.public_key());
  const crypto::Secret seed = key.seed();
  const crypto::Sealed sealed = crypto::seal(under, out.view(), seed.expose());
  out.raw(sealed.nonce);
  out.raw(sealed.bytes);
  return out.take();
}

Status check_label(std::string_view label) {
  if (label.size() > kMaxLabelBytes)
    return Error(KeyFileErrc::bad_label, "the label has " + std::to_string(label.size()) + " bytes; at most " +
                                             std::to_string(kMaxLabelBytes) + " fit");
  if (!printable(label))
    return Error(KeyFileErrc::bad_label, "the label is not printable text in UTF-8; choose another");
  return {};
}

Result<crypto::SigningKey> unlock(const Parts& parts, const crypto::Secret& under, const Error& otherwise) {
  std::optional<Bytes> seed = crypto::open(under, parts.associated, parts.nonce, parts.sealed);
  if (!seed) return otherwise;
  if (seed->size() != crypto::Secret::kBytes) {
    crypto::wipe(*seed);
    return malformed("what it holds is no key");
  }
  crypto::SigningKey key = crypto::SigningKey::from_seed(std::span<const std::uint8_t, crypto::Secret::kBytes>(*seed));
  crypto::wipe(*seed);
  if (key.public_key() != parts.info.public_key) return malformed("it holds another key than it says");
  return key;
}

}  // namespace

Passphrase& Passphrase::operator=(Passphrase&& other) noexcept {
  if (this != &other) {
    crypto::wipe(text_);
    text_ = std::move(other.text_);
  }
  return *this;
}

Result<Bytes> lock_key(const crypto::SigningKey& key, std::string_view label, const Passphrase& passphrase,
                       Random& random, const crypto::PasswordCost& cost) {
  if (const Status s = check_label(label); !s) return s.error();
  if (passphrase.expose().empty())
    return Error(KeyFileErrc::bad_passphrase, "the passphrase is empty, and would protect nothing");
  if (passphrase.expose().size() > kMaxPassphraseBytes)
    return Error(KeyFileErrc::bad_passphrase,
                 "the passphrase is longer than " + std::to_string(kMaxPassphraseBytes) + " bytes");
  if (!affordable(cost)) return too_costly(cost);
  crypto::PasswordSalt salt;
  random.fill(salt);
  ByteWriter how;
  how.u8(static_cast<std::uint8_t>(Lock::passphrase));
  how.raw(salt);
  how.varint(cost.passes);
  how.varint(cost.memory_kib);
  const Result<crypto::Secret> secret = secret_of(passphrase, salt, cost);
  if (!secret) return secret.error();
  return lock(key, label, how.view(), *secret);
}

Result<Bytes> lock_key(const crypto::SigningKey& key, std::string_view label, const UnlockKey& unlock) {
  if (const Status s = check_label(label); !s) return s.error();
  const auto how = static_cast<std::uint8_t>(Lock::unlock_key);
  return lock(key, label, ByteView(&how, 1), crypto::derive(unlock.secret, kDomain));
}

Result<KeyFileInfo> read_key_file(ByteView file) {
  Result<Parts> parts = parse(file);
  if (!parts) return parts.error();
  return std::move(parts->info);
}

Result<crypto::SigningKey> unlock_key(ByteView file, const Passphrase& passphrase) {
  const Result<Parts> parts = parse(file);
  if (!parts) return parts.error();
  if (parts->info.lock != Lock::passphrase)
    return Error(KeyFileErrc::wrong_lock,
                 "this key is locked with an unlock key, not with a passphrase; name its file");
  const Result<crypto::Secret> secret = secret_of(passphrase, parts->salt, parts->info.cost);
  if (!secret) return secret.error();
  return unlock(*parts, *secret,
                {KeyFileErrc::wrong_passphrase,
                 "the passphrase does not open this key file; try again, and if you are "
                 "sure of it, the file was altered: take it from a backup"});
}

Result<crypto::SigningKey> unlock_key(ByteView file, const UnlockKey& unlock_with) {
  const Result<Parts> parts = parse(file);
  if (!parts) return parts.error();
  if (parts->info.lock != Lock::unlock_key)
    return Error(KeyFileErrc::wrong_lock, "this key is locked with a passphrase, not with an unlock key; enter it");
  return unlock(*parts, crypto::derive(unlock_with.secret, kDomain),
                {KeyFileErrc::wrong_unlock_key,
                 "the unlock key is not the one of this key file; name the file that was "
                 "used to lock it, and if it was that, the key file was altered: take it "
                 "from a backup"});
}

}  // namespace tlfs::access
