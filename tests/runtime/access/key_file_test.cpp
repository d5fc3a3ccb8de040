// Keys at rest.
#include "runtime/access/key_file.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ostream>

#include "runtime/crypto/aead.h"

using namespace tlfs;
using namespace tlfs::access;
using crypto::PasswordCost;
using crypto::SigningKey;

namespace {

constexpr PasswordCost kCheap{1, 64};

template <class T>
concept Printed = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Printed<Passphrase> && !Printed<UnlockKey>);
static_assert(!std::is_copy_constructible_v<Passphrase> && !std::is_copy_constructible_v<UnlockKey>);

SigningKey laptop() {
  SeededRandom random(1);
  return SigningKey::generate(random);
}
UnlockKey stick(std::uint64_t seed = 2) {
  SeededRandom random(seed);
  return {crypto::Secret::generate(random)};
}
Bytes with_passphrase(std::string_view passphrase = "tea at four", std::string_view label = "Alice's laptop",
                      std::uint64_t seed = 3) {
  SeededRandom random(seed);
  return lock_key(laptop(), label, Passphrase(passphrase), random, kCheap).value();
}
Bytes with_stick(std::string_view label = "Alice's laptop") { return lock_key(laptop(), label, stick()).value(); }

bool holds(ByteView all, ByteView part) { return !std::ranges::search(all, part).empty(); }

}  // namespace

TEST_CASE("a key comes back from its file with the passphrase") {
  const Result<SigningKey> key = unlock_key(with_passphrase(), Passphrase("tea at four"));
  REQUIRE(key);
  CHECK(key->public_key() == laptop().public_key());
  CHECK(key->seed() == laptop().seed());
}

TEST_CASE("a key comes back from its file with the unlock key") {
  const Result<SigningKey> key = unlock_key(with_stick(), stick());
  REQUIRE(key);
  CHECK(key->seed() == laptop().seed());
}

TEST_CASE("a key file tells whose key it is and how it is locked, and nothing that opens it") {
  const Result<KeyFileInfo> info = read_key_file(with_passphrase());
  REQUIRE(info);
  CHECK(info->public_key == laptop().public_key());
  CHECK(info->label == "Alice's laptop");
  CHECK(info->lock == KeyFileInfo::Lock::passphrase);
  CHECK(info->cost == kCheap);
  CHECK(read_key_file(with_stick("")).value().lock == KeyFileInfo::Lock::unlock_key);
  CHECK(read_key_file(with_stick("")).value().label.empty());
  for (const Bytes& file : {with_passphrase(), with_stick()}) {
    CHECK_FALSE(holds(file, laptop().seed().expose()));
    CHECK_FALSE(holds(file, stick().secret.expose()));
    CHECK_FALSE(holds(file, as_bytes("tea at")));
  }
}

TEST_CASE("another passphrase, another unlock key and the other kind of lock are refused, each with what to do") {
  const auto refused = [](const Result<SigningKey>& key, KeyFileErrc code, std::string_view advice) {
    REQUIRE_FALSE(key);
    CHECK(key.error().is(code));
    INFO(key.error().message());
    CHECK(key.error().message().find(advice) != std::string::npos);
  };
  refused(unlock_key(with_passphrase(), Passphrase("tea at five")), KeyFileErrc::wrong_passphrase, "try again");
  refused(unlock_key(with_passphrase(), Passphrase("")), KeyFileErrc::wrong_passphrase, "try again");
  refused(unlock_key(with_stick(), stick(9)), KeyFileErrc::wrong_unlock_key, "name the file that was used");
  refused(unlock_key(with_stick(), Passphrase("tea at four")), KeyFileErrc::wrong_lock, "name its file");
  refused(unlock_key(with_passphrase(), stick()), KeyFileErrc::wrong_lock, "enter it");
}

TEST_CASE("two files of one key and passphrase have nothing in common that is secret") {
  const Bytes one = with_passphrase("tea at four", "", 3);
  const Bytes other = with_passphrase("tea at four", "", 4);
  constexpr std::size_t kSealedBytes = 24 + 36 + 48;
  CHECK_FALSE(std::equal(one.end() - kSealedBytes, one.end() - kSealedBytes + 24, other.end() - kSealedBytes));
  CHECK_FALSE(std::equal(one.end() - 84, one.end(), other.end() - 84));
}

TEST_CASE("a key file opens with no byte changed, added or taken away") {
  Bytes file = with_stick();
  for (std::size_t i = 0; i < file.size(); ++i) {
    file[i] ^= 1;
    CHECK_FALSE(unlock_key(file, stick()));
    file[i] ^= 1;
    const auto cut = read_key_file(ByteView(file).first(i));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().is(KeyFileErrc::malformed));
  }
  REQUIRE(unlock_key(file, stick()));
  file.push_back(0);
  CHECK(read_key_file(file).error().is(KeyFileErrc::malformed));
}

TEST_CASE("what is no key file is told from a damaged one") {
  const auto why = [](const Bytes& file) { return read_key_file(file).error().message(); };
  Bytes file = with_stick();
  for (std::size_t i = 0; i < 7; ++i) {
    file[i] ^= 1;
    CHECK(why(file).find("it does not begin with TLFSKEY") != std::string::npos);
    file[i] ^= 1;
  }
  file[8] = 3;
  CHECK(why(file).find("locked in a way that has no name (3)") != std::string::npos);
  file.resize(60);
  file[8] = 2;
  CHECK(why(file).find("ends too early") != std::string::npos);
  file.resize(kMaxKeyFileBytes + 1);
  CHECK(why(file).find("longer than 512 bytes") != std::string::npos);
}

TEST_CASE("who holds the unlock key still cannot pass one key off as another") {
  const Bytes file = with_stick();
  constexpr std::size_t kSealedBytes = 24 + 36 + 48;
  const auto made = [&](std::uint8_t flip, ByteView seed) {
    Bytes out(file.begin(), file.end() - kSealedBytes);
    out.back() ^= flip;  // of the public key
    const crypto::Sealed sealed = crypto::seal(crypto::derive(stick().secret, "tlfs key file"), out, seed);
    out.insert(out.end(), sealed.nonce.begin(), sealed.nonce.end());
    out.insert(out.end(), sealed.bytes.begin(), sealed.bytes.end());
    return out;
  };
  const crypto::Secret seed = laptop().seed();
  REQUIRE(made(0, seed.expose()) == file);
  CHECK(unlock_key(made(1, seed.expose()), stick()).error().message().find("another key than it says") !=
        std::string::npos);
  CHECK(unlock_key(made(0, Bytes(33, 1)), stick()).error().message().find("holds is no key") != std::string::npos);
}

TEST_CASE("an altered salt, label or public key of a file with a passphrase is found out") {
  const Bytes file = with_passphrase();
  const auto at = [&](ByteView part) {
    return static_cast<std::size_t>(std::ranges::search(file, part).begin() - file.begin());
  };
  for (const std::size_t i : {std::size_t{9}, at(as_bytes("Alice")), at(laptop().public_key())}) {
    Bytes altered = file;
    altered[i] ^= 2;
    REQUIRE(read_key_file(altered));
    CHECK(unlock_key(altered, Passphrase("tea at four")).error().is(KeyFileErrc::wrong_passphrase));
  }
}

TEST_CASE("a file of a later version says so instead of being called damaged") {
  Bytes file = with_stick();
  file[7] = 2;
  const auto info = read_key_file(file);
  REQUIRE_FALSE(info);
  CHECK(info.error().is(KeyFileErrc::unsupported_version));
  CHECK(info.error().message() == "the key file has version 2, and this software knows version 1; use a newer one");
}

TEST_CASE("a file that asks for absurd memory or time is refused before any is spent") {
  // The cost stands after magic, version, kind and salt: one byte of passes, one of memory.
  const Bytes file = with_passphrase();
  const auto costing = [&](std::string_view hex) {
    Bytes out(file.begin(), file.begin() + 25);
    const Bytes cost = from_hex(hex).value();
    out.insert(out.end(), cost.begin(), cost.end());
    out.insert(out.end(), file.begin() + 27, file.end());
    return out;
  };
  REQUIRE(unlock_key(costing("0140"), Passphrase("tea at four")));
  for (const std::string_view cost :
       {"0040", "4140", "0107", "0181808001", "01ffffffff0f", "ffffffff0f40", "0580804080"}) {
    const auto key = unlock_key(costing(cost), Passphrase("tea at four"));
    REQUIRE_FALSE(key);
    INFO(cost);
    CHECK((key.error().is(KeyFileErrc::too_costly) || key.error().is(KeyFileErrc::malformed)));
  }
  // Each number allowed, the work of both not: five passes over a GiB.
  CHECK(unlock_key(costing("0580804040"), Passphrase("tea at four")).error().is(KeyFileErrc::malformed));
  CHECK(unlock_key(costing("05808040"), Passphrase("tea at four")).error().is(KeyFileErrc::too_costly));
  SeededRandom random(1);
  CHECK(lock_key(laptop(), "", Passphrase("x"), random, {5, 1u << 20}).error().is(KeyFileErrc::too_costly));
}

TEST_CASE("labels are short and printable, in files too") {
  SeededRandom random(1);
  for (const std::string& label : {std::string(129, 'a'), std::string("a\nb"), std::string("\x1b[2J"),
                                   std::string("\x7f"), std::string("\xc2\x9b"), std::string("\xff")}) {
    CHECK(lock_key(laptop(), label, stick()).error().is(KeyFileErrc::bad_label));
    CHECK(lock_key(laptop(), label, Passphrase("x"), random, kCheap).error().is(KeyFileErrc::bad_label));
  }
  for (const std::string& label : {std::string(128, 'a'), std::string("Zoë's 📱"), std::string("\xc2\xa0")})
    CHECK(read_key_file(lock_key(laptop(), label, stick()).value()).value().label == label);
  Bytes file = with_stick("Alice");
  *std::ranges::find(file, 'A') = 0x1b;
  CHECK(read_key_file(file).error().is(KeyFileErrc::malformed));
}

TEST_CASE("no passphrase and an endless one lock nothing") {
  SeededRandom random(1);
  CHECK(lock_key(laptop(), "", Passphrase(""), random, kCheap).error().is(KeyFileErrc::bad_passphrase));
  CHECK(lock_key(laptop(), "", Passphrase(std::string(1'025, 'x')), random, kCheap)
            .error()
            .is(KeyFileErrc::bad_passphrase));
  CHECK(lock_key(laptop(), "", Passphrase(std::string(1'024, 'x')), random, kCheap));
}

TEST_CASE("key files of this version will always open") {
  const std::string passphrase =
      "544c46534b45590101b0a337886c6635b7f131ecaea5c1af1c01400e416c6963652773206c6170746f70c609773e866a40810455cc63787b"
      "fbb1033cc1fdef352cd566daf1758215c7142fead3b8b7b5ced0f732145a7a36ae2b89eaefd750d7f999a5ef8a91a4fa028773be3e67391d"
      "8a67e76631ce874fa6db494b242513ff320d641ac271961dbefebdf5a0b83baee1842a0a4133b09e93554817d702157f81ee754acb653714"
      "6a3dd2908c6876e56e493a56a55e";
  CHECK(to_hex(with_passphrase()) == passphrase);
  CHECK(unlock_key(from_hex(passphrase).value(), Passphrase("tea at four")).value().seed() == laptop().seed());
  const std::string unlock =
      "544c46534b455901020e416c6963652773206c6170746f70c609773e866a40810455cc63787bfbb1033cc1fdef352cd566daf1758215c714"
      "ba2278860c5334effb5854a18dec92a4bf35f4c91aa329736baca4232bb093e15a52ecd4e94c8fc239165d24a4caf410755115d7e4cbdbad"
      "8520ec2360b47ae8b547e828b1ec0ce6c4cef4b3ea49c540681b2072549aea7e35469b7f83f53c34a23d7123a19216d8f0043dec";
  CHECK(to_hex(with_stick()) == unlock);
  CHECK(unlock_key(from_hex(unlock).value(), stick()).value().seed() == laptop().seed());
}
