#include "bridges/cli/key_commands.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "bridges/cli/input.h"
#include "bridges/cli/passphrase_input.h"
#include "runtime/access/key_file.h"
#include "runtime/storage/private_file.h"

namespace tlfs::cli {
namespace {

using access::KeyFileErrc;
using access::KeyFileInfo;
using access::Passphrase;
using access::UnlockKey;
using crypto::SigningKey;

constexpr int kOk = 0;
constexpr int kProblem = 1;
constexpr int kUsage = 2;
constexpr std::string_view kByPassphrase = "passphrase";

struct Options {
  std::string file;
  std::string label;
  std::string lock{kByPassphrase};
  std::string unlock;
};

int complain(const Error& error) {
  std::cerr << error.message() << "\n";
  return error.is(KeyFileErrc::bad_label) ? kUsage : kProblem;
}

Result<Bytes> load(const std::string& path) { return read_file(path, access::kMaxKeyFileBytes, "a key file"); }

void print(const KeyFileInfo& info) {
  std::cout << "public key  " << to_hex(info.public_key) << "\n"
            << "label       " << (info.label.empty() ? "(none)" : info.label) << "\n"
            << "locked by   ";
  if (info.lock == KeyFileInfo::Lock::unlock_key)
    std::cout << "an unlock key in another file\n";
  else
    std::cout << "a passphrase (Argon2id, " << info.cost.passes << " passes over " << info.cost.memory_kib << " KiB)\n";
}

int finish(const Bytes& file) {
  const Result<KeyFileInfo> info = access::read_key_file(file);
  if (!info) return complain(info.error());
  print(*info);
  std::cout.flush();
  return std::cout ? kOk : kProblem;
}

// The 32 bytes of a file, and nothing else in it.
Result<UnlockKey> load_unlock_key(const std::string& path) {
  Result<Bytes> bytes = read_file(path, access::kMaxKeyFileBytes, "an unlock key of 32 bytes");
  if (!bytes) return bytes.error();
  const bool right = bytes->size() == crypto::Secret::kBytes;
  const std::string size = std::to_string(bytes->size());
  if (!right) bytes->resize(crypto::Secret::kBytes);
  UnlockKey key{crypto::Secret::from_bytes(std::span<const std::uint8_t, crypto::Secret::kBytes>(*bytes))};
  crypto::wipe(*bytes);
  if (right) return key;
  return Error(KeyFileErrc::malformed,
               path + ": is no unlock key: it has " + size + " bytes, and an unlock key has 32; name another file");
}

// Locks as --lock says. An unlock key that does not exist yet is made; `made` is then its path.
Result<Bytes> lock_as_told(const SigningKey& key, std::string_view label, const Options& o,
                           const PassphraseQuestion& question, Random& random, std::string& made) {
  if (o.lock == kByPassphrase) {
    const Result<Passphrase> passphrase = ask_passphrase(question);
    if (!passphrase) return passphrase.error();
    return access::lock_key(key, label, *passphrase, random);
  }
  std::error_code ignored;
  if (std::filesystem::exists(o.lock, ignored)) {
    const Result<UnlockKey> unlock = load_unlock_key(o.lock);
    if (!unlock) return unlock.error();
    return access::lock_key(key, label, *unlock);
  }
  const UnlockKey unlock{crypto::Secret::generate(random)};
  Result<Bytes> locked = access::lock_key(key, label, unlock);
  if (!locked) return locked;
  if (const Status s = storage::create_private_file(o.lock, unlock.secret.expose()); !s) return s.error();
  made = o.lock;
  return locked;
}

// The unlock key locks nothing when the key file could not be written.
int take_back(const std::string& made, const Error& error) {
  std::error_code ignored;
  if (!made.empty()) std::filesystem::remove(made, ignored);
  return complain(error);
}

bool same_file(const std::string& a, const std::string& b) {
  namespace fs = std::filesystem;
  std::error_code error;
  return fs::weakly_canonical(fs::absolute(a, error), error) == fs::weakly_canonical(fs::absolute(b, error), error);
}

int make(const Options& o) {
  std::error_code ignored;
  // Before anybody types anything; what appears in between is found when the file gets its name.
  if (std::filesystem::exists(std::filesystem::symlink_status(o.file, ignored)))
    return complain(
        {storage::PrivateFileErrc::exists, o.file + ": exists, and is never overwritten; choose another name"});
  if (o.lock != kByPassphrase && same_file(o.lock, o.file)) {
    std::cerr << o.lock << ": the unlock key must lie in another file than the key\n";
    return kUsage;
  }
  crypto::SystemRandom random;
  const SigningKey key = SigningKey::generate(random);
  std::string made;
  const Result<Bytes> file = lock_as_told(key, o.label, o, {"TLFS_PASSPHRASE", "new passphrase", true}, random, made);
  if (!file) return complain(file.error());
  if (const Status s = storage::create_private_file(o.file, *file); !s) return take_back(made, s.error());
  return finish(*file);
}

int show(const Options& o) {
  const Result<Bytes> file = load(o.file);
  if (!file) return complain(file.error());
  const Result<KeyFileInfo> info = access::read_key_file(*file);
  if (!info) return complain(info.error().within(o.file));
  print(*info);
  return kOk;
}

Result<SigningKey> unlock_as_told(const Bytes& file, const KeyFileInfo& info, const Options& o) {
  if (info.lock == KeyFileInfo::Lock::unlock_key) {
    if (o.unlock.empty())
      return Error(KeyFileErrc::wrong_lock, "is locked with an unlock key; name its file with --unlock");
    const Result<UnlockKey> unlock = load_unlock_key(o.unlock);
    if (!unlock) return unlock.error();
    return access::unlock_key(file, *unlock);
  }
  if (!o.unlock.empty()) return Error(KeyFileErrc::wrong_lock, "is locked with a passphrase; leave --unlock away");
  const Result<Passphrase> passphrase = ask_passphrase({"TLFS_PASSPHRASE", "passphrase"});
  if (!passphrase) return passphrase.error();
  return access::unlock_key(file, *passphrase);
}

int relock(const Options& o) {
  const Result<Bytes> file = load(o.file);
  if (!file) return complain(file.error());
  const Result<KeyFileInfo> info = access::read_key_file(*file);
  if (!info) return complain(info.error().within(o.file));
  const Result<SigningKey> key = unlock_as_told(*file, *info, o);
  if (!key) return complain(key.error().within(o.file));
  crypto::SystemRandom random;
  std::string made;
  const Result<Bytes> locked =
      lock_as_told(*key, info->label, o, {"TLFS_NEW_PASSPHRASE", "new passphrase", true}, random, made);
  if (!locked) return complain(locked.error());
  std::error_code ignored;
  const std::string target = std::filesystem::canonical(o.file, ignored).string();  // not the link that may lead there
  if (const Status s = storage::replace_private_file(target.empty() ? o.file : target, *locked); !s)
    return take_back(made, s.error());
  return finish(*locked);
}

}  // namespace

void add_key_commands(CLI::App& app, int& exit_code) {
  CLI::App* group = app.add_subcommand("key", "Make, show and relock the file that holds a device's key.");
  group->require_subcommand(1);
  group->footer(
      "A passphrase is typed on the terminal. For scripts it is TLFS_PASSPHRASE (and TLFS_NEW_PASSPHRASE for the one "
      "that replaces it), or a line of standard input each.");
  const auto options = std::make_shared<Options>();  // lives as long as the callbacks that hold it

  const auto command = [&](const char* name, const char* what, int (*run)(const Options&)) {
    CLI::App* sub = group->add_subcommand(name, what);
    sub->add_option("FILE", options->file, "the key file")->required();
    sub->callback([options, run, &exit_code] { exit_code = run(*options); });
    return sub;
  };
  const char* const how = "passphrase, or the file of an unlock key (32 random bytes; made when it does not exist)";

  CLI::App* making = command("new", "Make a new key and write it to FILE, which must not exist.", make);
  making->add_option("--label", options->label, "what people call the device; anybody who has the file can read it");
  making->add_option("--lock", options->lock, how);

  command("show", "Show the public key, the label and the kind of lock, without unlocking.", show);

  CLI::App* relocking = command("relock", "Lock the key in FILE in another way, or with another passphrase.", relock);
  relocking->add_option("--lock", options->lock, how)->required();
  relocking->add_option("--unlock", options->unlock, "the file of the unlock key that FILE is locked with now");
}

}  // namespace tlfs::cli
