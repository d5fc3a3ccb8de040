#include "runtime/document/change.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/environment.h"

using namespace tlfs;
using namespace tlfs::document;

namespace {

crypto::Digest random_digest(SeededRandom& random) {
  crypto::Digest d;
  random.fill(d);
  return d;
}

Bytes random_bytes(SeededRandom& random, std::size_t size) {
  Bytes b(size);
  random.fill(b);
  return b;
}

Header random_header(SeededRandom& random) {
  Header h;
  random.fill(h.document);
  random.fill(h.writer.device);
  h.writer.incarnation = random.below(3);
  h.seq = random.below(3) * 100;
  if (h.seq > 0) h.prev = random_digest(random);
  for (std::uint64_t n = random.below(4); n > 0; --n) h.deps.push_back(random_digest(random));
  std::sort(h.deps.begin(), h.deps.end());
  h.lamport = 1 + (random.next() >> (2 + random.below(60)));
  h.first_counter = random.next() >> (2 + random.below(60));
  h.id_count = static_cast<std::uint32_t>(1 + random.below(kMaxIdsPerChange));
  for (std::uint64_t n = random.below(3); n > 0; --n) h.authority_heads.push_back(random_digest(random));
  std::sort(h.authority_heads.begin(), h.authority_heads.end());
  h.package = random_digest(random);
  return h;
}

Change random_change(SeededRandom& random) {
  std::vector<Leaf> leaves(1 + random.below(3));
  for (Leaf& leaf : leaves) {
    random.fill(leaf.compartment);
    leaf.epoch = random.below(3);
    leaf.salt = random_bytes(random, leaf.epoch == 0 ? 0 : 16);
    leaf.payload = random_bytes(random, random.below(300));
  }
  return make_change(random_header(random), std::move(leaves));
}

void require_same(const Change& a, const Change& b) {
  REQUIRE(a.header_bytes == b.header_bytes);
  REQUIRE(a.hash == b.hash);
  REQUIRE(a.header == b.header);
  REQUIRE(a.leaves == b.leaves);
  REQUIRE(a.signature == b.signature);
}

}  // namespace

TEST_CASE("a header is what it was after a journey through its bytes") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Header h = random_header(random);
    h.leaf_digests.push_back(random_digest(random));
    const Bytes bytes = encode_header(h);
    const Result<Header> back = decode_header(bytes);
    REQUIRE(back.ok());
    REQUIRE(*back == h);
  }
}

TEST_CASE("a header that its encoder would not write is refused") {
  SeededRandom random(5);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Header h = random_header(random);
    h.leaf_digests.push_back(random_digest(random));
    Bytes bytes = encode_header(h);
    bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
    if (random.chance(0.1)) bytes.resize(random.below(bytes.size()));
    const Result<Header> read = decode_header(bytes);
    if (!read.ok()) continue;
    ++accepted;
    REQUIRE(encode_header(*read) == bytes);
  }
  CHECK(accepted > 0);
}

TEST_CASE("headers beyond a limit are refused, and say which") {
  SeededRandom random(6);
  const auto refusal = [&](auto change) {
    Header h = random_header(random);
    h.leaf_digests.push_back(random_digest(random));
    change(h);
    const Result<Header> read = decode_header(encode_header(h));
    REQUIRE_FALSE(read.ok());
    return read.error();
  };
  CHECK(refusal([&](Header& h) {
          h.deps.clear();
          for (std::size_t i = 0; i <= kMaxDeps; ++i) h.deps.push_back(random_digest(random));
          std::sort(h.deps.begin(), h.deps.end());
        }).is(Errc::limit_exceeded));
  CHECK(refusal([](Header& h) { h.leaf_digests.resize(kMaxLeaves + 1); }).is(Errc::limit_exceeded));
  CHECK(refusal([](Header& h) { h.id_count = kMaxIdsPerChange + 1; }).is(Errc::limit_exceeded));
  CHECK(refusal([](Header& h) { h.id_count = 0; }).is(Errc::limit_exceeded));
  CHECK(refusal([](Header& h) { h.first_counter = kMaxCounter + 1; }).is(Errc::limit_exceeded));
  CHECK(refusal([](Header& h) { h.lamport = 0; }).is(Errc::malformed));
  CHECK(refusal([](Header& h) { h.leaf_digests.clear(); }).is(Errc::malformed));
  CHECK(refusal([&](Header& h) { h.deps.assign(2, random_digest(random)); }).is(Errc::malformed));
  CHECK(refusal([&](Header& h) {
          h.seq = 1;
          h.prev = random_digest(random);
          h.deps = {*h.prev};
        }).is(Errc::malformed));
}

TEST_CASE("a change is what it was after a journey through its bytes, signed or not, with leaves left out or not") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Change change = random_change(random);
    if (random.chance(0.5)) random.fill(change.signature.emplace());
    if (random.chance(0.3)) change.leaves[random.below(change.leaves.size())].reset();
    const Result<Change> back = decode_change(encode_change(change));
    REQUIRE(back.ok());
    require_same(*back, change);
  }
}

TEST_CASE("a leaf that does not fit its digest is refused") {
  SeededRandom random(3);
  const Change change = random_change(random);
  for (int what = 0; what < 4; ++what) {
    Change changed = change;
    Leaf& leaf = *changed.leaves[0];
    if (what == 0) leaf.payload.push_back(1);
    if (what == 1) leaf.compartment[0] ^= 1;
    if (what == 2) leaf.epoch += 1;
    if (what == 3) leaf.salt.push_back(0);
    const Result<Change> back = decode_change(encode_change(changed));
    REQUIRE_FALSE(back.ok());
    CHECK(back.error().is(Errc::bad_signature));
  }
}

TEST_CASE("a byte moved between salt and payload changes the digest") {
  Leaf a, b;
  a.epoch = b.epoch = 1;
  a.salt = {1, 2};
  a.payload = {3};
  b.salt = {1};
  b.payload = {2, 3};
  CHECK(leaf_digest(a) != leaf_digest(b));
}

TEST_CASE("a signature is valid for its device and its change only") {
  SeededRandom random(11);
  const crypto::SigningKey key = crypto::SigningKey::generate(random);
  Header h = random_header(random);
  h.writer.device = key.public_key();
  Change change = make_change(h, {Leaf{}});
  CHECK_FALSE(verify_signature(change));
  change.signature = sign_change(change.hash, key);
  CHECK(verify_signature(change));
  (*change.signature)[5] ^= 1;
  CHECK_FALSE(verify_signature(change));
  h.seq += 1;
  h.prev = change.hash;
  Change other = make_change(h, {Leaf{}});
  other.signature = sign_change(change.hash, key);
  CHECK_FALSE(verify_signature(other));
}

TEST_CASE(
    "bytes changed or cut off never crash the decoder of changes, and never become another change with the same hash") {
  SeededRandom random(13);
  for (int round = 0; round < 3000; ++round) {
    const Change change = random_change(random);
    Bytes bytes = encode_change(change);
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n)
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
    if (random.chance(0.1)) bytes.resize(8 * random.below(bytes.size() / 8));
    const Result<Change> read = decode_change(bytes);
    if (!read.ok() || read->hash != change.hash) continue;
    REQUIRE(read->header == change.header);
    REQUIRE(read->leaves.size() == change.leaves.size());
    for (std::size_t i = 0; i < change.leaves.size(); ++i)
      if (read->leaves[i]) REQUIRE(read->leaves[i] == change.leaves[i]);
  }
}
