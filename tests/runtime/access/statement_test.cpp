// The format of statements: one encoding for each, nothing else accepted, limits exact.
#include "runtime/access/statement.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "runtime/base/varint.h"
#include "tests/runtime/access/random_statements.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

namespace {

crypto::SigningKey some_key(std::uint64_t seed) {
  SeededRandom random(seed);
  return crypto::SigningKey::generate(random);
}

Bytes bytes_of(Statement s, const crypto::SigningKey& key) {
  return encode_statement(sign_statement(std::move(s), key));
}

bool decodes(const Statement& s, const crypto::SigningKey& key) {
  const auto back = decode_statement(bytes_of(s, key));
  return back.ok() && back->statement == s;
}

}  // namespace

TEST_CASE("a statement of any kind is read back as it was written, to the bit") {
  const crypto::SigningKey key = some_key(1);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    RandomStatements make(seed);
    for (std::size_t kind = 0; kind < RandomStatements::kKinds; ++kind) {
      INFO("seed " << seed << " kind " << kind);
      Statement s = make.statement(kind);
      s.author = key.public_key();
      const SignedStatement made = sign_statement(s, key);
      const Bytes bytes = encode_statement(made);
      const auto back = decode_statement(bytes);
      REQUIRE(back.ok());
      CHECK(back->statement == s);
      CHECK(back->hash == made.hash);
      CHECK(verify_signature(*back));
      CHECK(encode_statement(*back) == bytes);
    }
  }
}

TEST_CASE("no damaged byte goes unnoticed: refused, or another statement whose signature does not fit") {
  const crypto::SigningKey key = some_key(2);
  std::size_t refused = 0, other = 0;
  for (std::size_t kind = 0; kind < RandomStatements::kKinds; ++kind) {
    RandomStatements make(100 + kind);
    Statement s = make.statement(kind);
    s.author = key.public_key();
    const SignedStatement made = sign_statement(s, key);
    const Bytes bytes = encode_statement(made);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      INFO("kind " << kind << " byte " << i);
      Bytes damaged = bytes;
      damaged[i] ^= static_cast<std::uint8_t>(1u << (i % 8));
      const auto back = decode_statement(damaged);
      if (!back) {
        ++refused;
        CHECK(back.error().is(access::Errc::malformed));
        continue;
      }
      ++other;
      // What was accepted is the one encoding of what it says.
      CHECK(sign_statement(back->statement, key).body == back->body);
      const bool in_signature = i >= made.body.size();
      CHECK((back->hash == made.hash) == in_signature);
      if (i % 16 == 0) CHECK_FALSE(verify_signature(*back));
    }
  }
  CHECK(refused > 100);
  CHECK(other > 1000);
}

TEST_CASE("a statement that is cut off or has something behind it is none") {
  const crypto::SigningKey key = some_key(3);
  for (std::size_t kind = 0; kind < RandomStatements::kKinds; ++kind) {
    const Bytes bytes = bytes_of(RandomStatements(200 + kind).statement(kind), key);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      INFO("kind " << kind << ", " << n << " of " << bytes.size() << " bytes");
      const auto back = decode_statement(ByteView(bytes).first(n));
      REQUIRE_FALSE(back.ok());
      CHECK(back.error().is(access::Errc::malformed));
    }
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(decode_statement(longer).ok());
  }
}

TEST_CASE("lists are sorted and without repetition, so that nothing is said in two ways") {
  const crypto::SigningKey key = some_key(4);
  const crypto::Digest a{1}, b{2};
  const auto with = [&](auto&& change) {
    Statement s;
    change(s);
    return decodes(s, key);
  };
  CHECK(with([&](Statement& s) { s.parents = {a, b}; }));
  CHECK_FALSE(with([&](Statement& s) { s.parents = {b, a}; }));
  CHECK_FALSE(with([&](Statement& s) { s.parents = {a, a}; }));
  CHECK_FALSE(with([&](Statement& s) { s.pins = {b, a}; }));
  CHECK(with([&](Statement& s) { s.says = Revoke{{{a, 0}, {a, 1}}, Level::none, {a, b}}; }));
  CHECK_FALSE(with([&](Statement& s) { s.says = Revoke{{{a, 1}, {a, 0}}, Level::none, {}}; }));
  CHECK_FALSE(with([&](Statement& s) { s.says = Revoke{{}, Level::none, {b, a}}; }));
  CHECK_FALSE(with([&](Statement& s) { s.says = Admit{{{a, 0}, {a, 0}}}; }));
  CHECK_FALSE(with([&](Statement& s) { s.says = Cut{a, {b, a}}; }));
}

TEST_CASE("every limit of a statement is reached and not passed") {
  const crypto::SigningKey key = some_key(5);
  RandomStatements make(5);
  const auto digests = [&](std::size_t n) {
    return RandomStatements::sorted<crypto::Digest>(n, [&] { return make.digest(); });
  };
  const auto check = [&](const char* what, std::size_t limit, auto&& change) {
    for (const std::size_t n : {limit, limit + 1}) {
      INFO(what << ": " << n << ", limit " << limit);
      Statement s;
      change(s, n);
      CHECK(decodes(s, key) == (n <= limit));
    }
  };
  check("parents", kMaxParents, [&](Statement& s, std::size_t n) { s.parents = digests(n); });
  check("pins", kMaxParents, [&](Statement& s, std::size_t n) { s.pins = digests(n); });
  check("membership", kMaxNesting, [&](Statement& s, std::size_t n) {
    s.membership = RandomStatements::list<GrantName>(n, [&] { return make.grant_name(); });
  });
  check("steps of a scope", kMaxScopeSteps, [&](Statement& s, std::size_t n) {
    s.says = Grant{Principal::anyone(), Level::read, make.scope(n), {}};
  });
  check("steps of a principal's scope", kMaxScopeSteps, [&](Statement& s, std::size_t n) {
    s.says = Genesis{Principal::members(make.digest(), make.scope(n), Level::own), DocumentKind::ordinary};
  });
  check("bytes of a hint", kMaxHintBytes, [&](Statement& s, std::size_t n) {
    s.says = Grant{Principal::anyone(), Level::read, {}, make.bytes(n)};
  });
  check("grants of a revocation", kMaxNames, [&](Statement& s, std::size_t n) {
    s.says = Revoke{RandomStatements::sorted<GrantName>(n, [&] { return make.grant_name(); }), Level::none, {}};
  });
  check("number of a grant", kMaxNames, [&](Statement& s, std::size_t n) {
    s.proof = GrantName{make.digest(), static_cast<std::uint32_t>(n)};
  });
  check("frontier of a revocation", kMaxFrontier, [&](Statement& s, std::size_t n) {
    s.says = Revoke{{}, Level::none, digests(n)};
  });
  check("frontier of a cut", kMaxFrontier, [&](Statement& s, std::size_t n) { s.says = Cut{{}, digests(n)}; });
  check("leaves of an admission", kMaxNames, [&](Statement& s, std::size_t n) {
    s.says = Admit{RandomStatements::sorted<LeafId>(n, [&] { return make.leaf(); })};
  });
  check("rotations", kMaxRotations, [&](Statement& s, std::size_t n) { s.rotations.assign(n, Rotation{}); });
  check("parents of an epoch", kMaxParents,
        [&](Statement& s, std::size_t n) { s.rotations.assign(1, {}), s.rotations[0].parents.resize(n); });
  check("sealed secret of a parent", 1024, [&](Statement& s, std::size_t n) {
    s.rotations.assign(1, {}), s.rotations[0].parents.resize(1), s.rotations[0].parents[0].sealed = make.bytes(n);
  });
  check("published content", kMaxHintBytes,
        [&](Statement& s, std::size_t n) { s.rotations.assign(1, {}), s.rotations[0].published = make.bytes(n); });
  check("boxes", kMaxBoxes, [&](Statement& s, std::size_t n) { s.boxes.assign(n, KeyBox{}); });
  check("bytes of a box", kMaxHintBytes,
        [&](Statement& s, std::size_t n) { s.boxes.assign(1, {}), s.boxes[0].box = make.bytes(n); });
}

TEST_CASE("a statement of more than a mebibyte is refused before it is read") {
  const Bytes bytes(kMaxStatementBytes + 1);
  const auto back = decode_statement(bytes);
  REQUIRE_FALSE(back.ok());
  CHECK(back.error().is(access::Errc::limit_exceeded));
}

TEST_CASE("only the author's signature over these very bytes fits") {
  const crypto::SigningKey alice = some_key(6), mallory = some_key(7);
  Statement s;
  s.author = alice.public_key();
  SignedStatement good = sign_statement(s, alice);
  CHECK(verify_signature(good));
  CHECK_FALSE(verify_signature(sign_statement(s, mallory)));
  s.document = {9};
  const SignedStatement other = sign_statement(s, alice);
  good.signature = other.signature;
  CHECK_FALSE(verify_signature(good));
}

TEST_CASE("numbers that mean nothing are no statement") {
  const crypto::SigningKey key = some_key(8);
  const auto bad = [&](const Statement& s) { return !decode_statement(bytes_of(s, key)).ok(); };
  Statement s;
  CHECK_FALSE(bad(s));
  s.says = Grant{Principal::anyone(), static_cast<Level>(6), {}, {}};
  CHECK(bad(s));
  s.says = Grant{Principal::members({}, {}, Level::none), Level::read, {}, {}};
  CHECK(bad(s));
  s.says = Genesis{Principal::anyone(), static_cast<DocumentKind>(2)};
  CHECK(bad(s));
  Principal nobody;
  nobody.kind = static_cast<Principal::Kind>(4);
  s.says = Genesis{nobody, DocumentKind::ordinary};
  CHECK(bad(s));
  s.says = Keys{};
  s.boxes.resize(1);
  CHECK_FALSE(bad(s));  // an unset kind of a box is `device`
  s.boxes[0].kind = static_cast<KeyBox::For>(3);
  CHECK(bad(s));
}

// Run by hand, with the name of the test: what the fuzz target starts from.
TEST_CASE("write the corpus of statements", "[.]") {
  const std::filesystem::path folder = std::filesystem::path(TLFS_SOURCE_DIR) / "tests/fuzz/corpus/statement";
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& name, ByteView bytes) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  const crypto::SigningKey key = some_key(1);
  for (std::size_t kind = 0; kind < RandomStatements::kKinds; ++kind) {
    const SignedStatement s = sign_statement(RandomStatements(300 + kind).statement(kind), key);
    write("one_" + std::string(kind_name(s.statement)), encode_statement(s));
  }
  // Two documents begin, and then people talk, each resting on what was said at random places before.
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    RandomStatements make(400 + seed);
    ByteWriter out;
    const auto say = [&](Statement s) { out.bytes(encode_statement(sign_statement(std::move(s), key))); };
    for (std::uint8_t document = 0; document < 2; ++document) {
      Statement s;
      s.document[0] = document;
      s.says = Genesis{Principal::of_key({2}), DocumentKind::ordinary};
      say(std::move(s));
    }
    const std::size_t length = 4 + 3 * seed;
    for (std::size_t n = 0; n < length; ++n) {
      Statement s = make.statement(make.below(4) == 0 ? 3 : make.below(4) == 0 ? make.below(6) : 2);
      if (std::holds_alternative<Genesis>(s.says)) continue;
      if (s.parents.empty()) s.parents.push_back(make.digest());
      if (s.membership.size() > 1) s.membership.clear();
      if (auto* g = std::get_if<Grant>(&s.says)) g->at.clear();
      s.proof = GrantName{make.digest(), 0};
      say(std::move(s));
    }
    write("talk_" + std::to_string(seed), out.view());
  }
}
