#include "tests/runtime/document/random_edit.h"
#include "tests/runtime/document_sync/lines.h"

namespace tlfs::document_sync::testing {
namespace {

std::vector<document::Change> random_changes(SeededRandom& random, const document::DocumentId& id) {
  std::vector<std::shared_ptr<const crypto::SigningKey>> keys;
  for (int i = 0; i < 3; ++i)
    keys.push_back(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random)));
  const auto any_digest = [&] {
    crypto::Digest d;
    random.fill(d);
    return d;
  };
  std::vector<document::Change> out;
  for (std::uint64_t n = random.below(40); n > 0; --n) {
    document::Header h;
    h.document = id;
    const auto& key = keys[random.below(keys.size())];
    h.writer = {key->public_key(), random.below(2)};
    const document::Change* last = nullptr;
    std::uint64_t lamport = 0;
    for (const document::Change& c : out)
      if (c.header.writer == h.writer) last = &c;
    if (last && random.chance(0.9)) {
      h.seq = last->header.seq + 1;
      h.prev = last->hash;
      h.first_counter = last->header.first_counter + last->header.id_count;
      lamport = last->header.lamport;
    } else if (random.chance(0.5)) {
      h.seq = 1 + random.below(1000);
      h.prev = any_digest();
      h.first_counter = random.below(1000);
    }
    while (random.chance(0.4)) {
      const bool known = !out.empty() && random.chance(0.8);
      const document::Change* dep =
          known ? &out[out.size() - 1 - random.below(std::min<std::size_t>(out.size(), 3))] : nullptr;
      h.deps.push_back(dep ? dep->hash : any_digest());
      lamport = std::max(lamport, dep ? dep->header.lamport : 0);
    }
    std::sort(h.deps.begin(), h.deps.end());
    h.deps.erase(std::unique(h.deps.begin(), h.deps.end()), h.deps.end());
    if (h.prev) std::erase(h.deps, *h.prev);
    h.lamport = random.chance(0.8) ? lamport + 1 : 1 + random.below(1u << 30);
    h.id_count = static_cast<std::uint32_t>(1 + random.below(300));
    if (random.chance(0.5) && !out.empty()) {
      h.authority_heads = out.back().header.authority_heads;
      h.package = out.back().header.package;
    } else {
      h.authority_heads.push_back(any_digest());
      h.package = any_digest();
    }
    std::vector<document::Leaf> leaves;
    do {
      document::Leaf leaf;
      leaf.compartment[0] = static_cast<std::uint8_t>(random.below(2));
      leaf.epoch = random.below(2);
      leaf.salt.resize(random.below(25));
      leaf.payload.resize(random.below(200));
      random.fill(leaf.payload);
      leaves.push_back(std::move(leaf));
    } while (random.chance(0.2));
    document::Change c = document::make_change(std::move(h), std::move(leaves));
    for (auto& leaf : c.leaves)
      if (random.chance(0.1)) leaf.reset();
    c.signature = document::sign_change(c.hash, *key);
    out.push_back(std::move(c));
  }
  return out;
}

void check_equal(const std::vector<document::Change>& a, const std::vector<document::Change>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].hash == b[i].hash);
    CHECK(a[i].header_bytes == b[i].header_bytes);
    CHECK(a[i].header == b[i].header);
    CHECK(a[i].leaves == b[i].leaves);
    CHECK(a[i].signature == b[i].signature);
  }
}

}  // namespace

TEST_CASE("a batch gives back every change bit by bit") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    document::DocumentId id{};
    id.fill(7);
    std::vector<document::Change> changes = random_changes(random, id);
    const auto decoded = decode_batch(encode_batch(changes, true), id);
    REQUIRE(decoded.ok());
    check_equal(*decoded, changes);
    const auto fewer = decode_batch(encode_batch(changes, false), id);
    REQUIRE(fewer.ok());
    CHECK(vouched(*fewer));
    document::drop_vouched_signatures(changes);
    check_equal(*fewer, changes);
  }
}

TEST_CASE("a damaged batch is refused, or is another change that nobody signed") {
  std::size_t refused = 0, other = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    document::DocumentId id{};
    const std::vector<document::Change> changes = random_changes(random, id);
    if (changes.empty()) continue;
    Bytes bytes = encode_batch(changes, true);
    bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
    if (random.chance(0.2)) bytes.resize(random.below(bytes.size()));
    const auto decoded = decode_batch(bytes, id);
    if (!decoded) {
      ++refused;
      continue;
    }
    bool differs = false;
    for (const document::Change& c : *decoded) {
      CHECK(document::encode_header(c.header) == c.header_bytes);
      CHECK(document::decode_header(c.header_bytes).ok());
      const bool known =
          std::any_of(changes.begin(), changes.end(), [&](const document::Change& k) { return k.hash == c.hash; });
      differs = differs || !document::verify_signature(c) || !known;
    }
    other += differs ? 1 : 0;
  }
  CHECK(refused > 10);
  CHECK(other > 10);
}

TEST_CASE("a plan that would unpack to far more than it takes is refused") {
  document::DocumentId id{};
  // A zstd frame that declares 4 GiB.
  const Bytes bomb = {1, 1, 13, 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0};
  const auto decoded = decode_batch(bomb, id);
  REQUIRE_FALSE(decoded.ok());
  CHECK(decoded.error().is(Errc::limit_exceeded));
}

TEST_CASE("vouching reaches through prev and no further") {
  SeededRandom random(1);
  const auto key = crypto::SigningKey::generate(random);
  std::vector<document::Change> chain;
  for (std::uint64_t i = 0; i < 3; ++i) {
    document::Header h;
    h.writer.device = key.public_key();
    h.seq = i;
    if (i > 0) h.prev = chain.back().hash;
    h.lamport = i + 1;
    h.first_counter = i;
    h.id_count = 1;
    chain.push_back(document::make_change(std::move(h), {document::Leaf{}}));
  }
  CHECK_FALSE(vouched(chain));
  chain[1].signature = document::sign_change(chain[1].hash, key);
  CHECK_FALSE(vouched(chain));
  chain[2].signature = document::sign_change(chain[2].hash, key);
  CHECK(vouched(chain));
}

}  // namespace tlfs::document_sync::testing
