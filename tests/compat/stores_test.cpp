// Documents as earlier versions left them in a store: they open, with the same value, revision, writer and writes done,
// and with every change as it was. The fixtures never change; a new format gets new ones beside them. NAME.store holds
// the keys of the device and the records, NAME.expected what they meant when written.
#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/varint.h"
#include "tests/compat/fixtures.h"
#include "tests/runtime/replica/devices.h"

using namespace tlfs;
using namespace tlfs::replica;
using namespace tlfs::replica::testing;
namespace fs = std::filesystem;

namespace {

const fs::path kFolder = fs::path(TLFS_SOURCE_DIR) / "tests/compat/stores";
constexpr std::uint64_t kWrites = 200;

struct Fixture {
  crypto::SigningKey device;
  crypto::Secret at_rest;
  DocumentId id{};
  Disk disk;
};

std::array<std::uint8_t, 32> take32(ByteReader& in) {
  std::array<std::uint8_t, 32> out{};
  const ByteView bytes = in.raw(32);
  REQUIRE(bytes.size() == 32);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Fixture read_fixture(const std::string& bytes) {
  ByteReader in(as_bytes(bytes));
  const auto seed = take32(in);
  const auto at_rest = take32(in);
  Fixture out{crypto::SigningKey::from_seed(seed), crypto::Secret::from_bytes(at_rest), take32(in), {}};
  while (!in.at_end()) {
    const ByteView key = in.bytes();
    const ByteView value = in.bytes();
    out.disk[Bytes(key.begin(), key.end())] = Bytes(value.begin(), value.end());
  }
  REQUIRE(in.finished());
  return out;
}

Replica::Settings settings_of(const Fixture& fixture, Random& random) {
  Replica::Settings s;
  s.document.id = fixture.id;
  s.document.device =
      std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(fixture.device.seed().expose()));
  s.document.secrets = std::make_shared<access::EpochSecrets>();
  s.document.random = &random;
  s.at_rest = std::make_shared<const crypto::Secret>(fixture.at_rest.copy());
  s.package = [&fixture](const crypto::Digest& hash) -> std::shared_ptr<const schema::Package> {
    const auto at = fixture.disk.find(storage::package_key(hash));
    if (at == fixture.disk.end()) return nullptr;
    auto package = schema::Package::decode(at->second);
    REQUIRE(package.ok());
    return *package;
  };
  return s;
}

std::string meaning(const Fixture& fixture) {
  SeededRandom random(1);
  auto opened = Replica::open(settings_of(fixture, random), read(fixture.disk, fixture.id, false));
  INFO((opened ? std::string() : opened.error().message()));
  REQUIRE(opened.ok());
  CHECK((*opened)->lost().empty());
  std::string out = (*opened)->document().content().json() + "\n";
  auto whole = Replica::open(settings_of(fixture, random), read(fixture.disk, fixture.id, true));
  REQUIRE(whole.ok());
  const Picture p = picture_of(**whole);
  CHECK(p.json + "\n" == out);
  out += "revision " + std::to_string(p.revision) + "\nincarnation " + std::to_string(p.writer.incarnation) + "\nids " +
         std::to_string(p.next_id) + " sealed " + std::to_string(p.sealed) + "\n";
  for (const Bytes& c : p.changes) out += "change " + to_hex(crypto::hash("fixture", {c})) + "\n";
  for (const Bytes& s : p.statements) out += "statement " + to_hex(crypto::hash("fixture", {s})) + "\n";
  for (std::uint64_t n = 1; n <= kWrites; ++n)
    if (const auto done = (*opened)->done({11, n}))
      out += "done " + std::to_string(n) + " " + std::to_string(*done) + "\n";
  return out;
}

std::vector<fs::path> fixtures() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(kFolder))
    if (entry.path().extension() == ".store") out.push_back(entry.path());
  return out;
}

}  // namespace

TEST_CASE("Documents that earlier versions stored open as they were") {
  REQUIRE_FALSE(fixtures().empty());
  for (const fs::path& file : fixtures()) {
    INFO(file.string());
    CHECK(meaning(read_fixture(compat::read(file))) == compat::read(fs::path(file).replace_extension(".expected")));
  }
}

TEST_CASE("Stored documents are written as fixtures", "[.write]") {
  Device alice(21), bob(22);
  alice.create();
  std::uint64_t n = 0;
  const auto work = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      REQUIRE(alice.set(".title", "title " + std::to_string(n), {11, n + 1}).ok());
      ++n;
      REQUIRE(
          alice.edit([&](document::Transaction& tx) { return tx.splice(tx.address(".text").value(), 0, 0, "words "); })
              .ok());
      if (i % 4 == 3) alice.content().seal(), alice.replica->observe(), alice.save();
    }
  };
  work(20);
  REQUIRE(alice.grant(access::Level::write, bob.principal()).ok());
  alice.replica->compact(true);
  alice.save();
  bob.join(alice);
  alice.give(bob);
  REQUIRE(bob.set(".map[\"x\"].secret.word", "by bob").ok());
  bob.give(alice);
  alice.replica->compact(true);
  work(10);
  alice.content().seal();
  alice.replica->observe();
  work(3);
  alice.save();
  ByteWriter out;
  out.raw(ByteView(alice.seed()));
  out.raw(ByteView(alice.at_rest().expose()));
  out.raw(ByteView(alice.id));
  for (const auto& [key, value] : alice.disk) {
    out.bytes(key);
    out.bytes(value);
  }
  const std::string bytes(as_text(out.view()));
  compat::write(kFolder / "format1.store", bytes);
  compat::write(kFolder / "format1.expected", meaning(read_fixture(bytes)));
}
