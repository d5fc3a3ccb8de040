// Statements written by earlier versions: still the same hashes, the same fields, and signed. The fixtures never
// change; a new format gets new ones beside them. NAME.statement holds the bytes, NAME.expected what they meant when
// written.
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <string>

#include "tests/compat/fixtures.h"
#include "tests/runtime/access/random_statements.h"

using namespace tlfs;
using namespace tlfs::access;
using tlfs::compat::read;
using tlfs::compat::write;
namespace fs = std::filesystem;

namespace {

const fs::path kFolder = fs::path(TLFS_SOURCE_DIR) / "tests/compat/statements";

std::string text(const std::vector<crypto::Digest>& all) {
  std::string out;
  for (const auto& d : all) out += " " + to_hex(d);
  return out;
}
std::string text(const GrantName& n) { return to_hex(n.statement) + "/" + std::to_string(n.number); }
std::string text(const std::vector<GrantName>& all) {
  std::string out;
  for (const GrantName& n : all) out += " " + text(n);
  return out;
}
std::string text(const Scope& scope) {
  std::string out = ".";
  for (const Token& t : scope) out += to_hex(t) + ".";
  return out;
}
std::string text(const Principal& p) {
  switch (p.kind) {
    case Principal::Kind::anyone:
      return "anyone";
    case Principal::Kind::key:
      return "key " + to_hex(p.key);
    default:
      return "members " + to_hex(p.key) + " " + std::string(level_name(p.level)) + " " + text(p.at);
  }
}

struct Says {
  std::string operator()(const Keys&) const { return ""; }
  std::string operator()(const Genesis& g) const {
    return (g.kind == DocumentKind::user ? "user " : "ordinary ") + text(g.root);
  }
  std::string operator()(const Grant& g) const {
    return text(g.to) + " " + std::string(level_name(g.level)) + " " + text(g.at) + " hint " + to_hex(g.hint);
  }
  std::string operator()(const Revoke& r) const {
    return text(r.grants) + " keep " + std::string(level_name(r.keep)) + " frontier" + text(r.frontier);
  }
  std::string operator()(const Admit& a) const {
    std::string out;
    for (const LeafId& l : a.leaves) out += " " + to_hex(l.change) + "/" + std::to_string(l.leaf);
    return out;
  }
  std::string operator()(const Cut& c) const { return to_hex(c.revocation) + " frontier" + text(c.frontier); }
};

std::string meaning_of(const SignedStatement& signed_statement) {
  const Statement& s = signed_statement.statement;
  std::string out = "statement " + to_hex(signed_statement.hash) + "\ndocument " + to_hex(s.document) + "\nauthor " +
                    to_hex(s.author) + "\nparents" + text(s.parents) + "\npins" + text(s.pins) + "\n" +
                    std::string(kind_name(s)) + " " + std::visit(Says{}, s.says) + "\nproof " +
                    (s.proof ? text(*s.proof) : "none") + "\nmembership" + text(s.membership) + "\n";
  for (const Rotation& r : s.rotations) {
    out += "rotation " + text(r.compartment) + " epoch " + to_hex(r.epoch.bytes) + " check " + to_hex(r.naming_check) +
           " published " + to_hex(r.published) + "\n";
    for (const Rotation::Parent& p : r.parents)
      out += "  parent " + to_hex(p.epoch.bytes) + " nonce " + to_hex(p.nonce) + " sealed " + to_hex(p.sealed) + "\n";
  }
  for (const KeyBox& b : s.boxes)
    out += "box of " + to_hex(b.epoch.bytes) + (b.kind == KeyBox::For::device ? " device " : " epoch ") + to_hex(b.to) +
           " " + to_hex(b.box) + "\n";
  return out + "signature " + to_hex(signed_statement.signature) + "\n";
}

}  // namespace

TEST_CASE("statements of earlier versions still mean what they meant") {
  std::set<std::size_t> kinds;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".statement") continue;
    INFO(entry.path().string());
    const std::string bytes = read(entry.path());
    const auto s = decode_statement(as_bytes(bytes));
    REQUIRE(s.ok());
    CHECK(verify_signature(*s));
    CHECK(meaning_of(*s) == read(fs::path(entry.path()).replace_extension(".expected")));
    kinds.insert(s->statement.says.index());
  }
  CHECK(kinds.size() == access::testing::RandomStatements::kKinds);
}

TEST_CASE("what earlier versions wrote is still written with the same bytes") {
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".statement") continue;
    INFO(entry.path().string());
    const std::string bytes = read(entry.path());
    const auto s = decode_statement(as_bytes(bytes));
    REQUIRE(s.ok());
    SeededRandom random(1);
    const crypto::SigningKey key = crypto::SigningKey::generate(random);
    REQUIRE(s->statement.author == key.public_key());
    CHECK(std::string(as_text(encode_statement(sign_statement(s->statement, key)))) == bytes);
  }
}

// Run by hand, with the name of the test, when the format gets its first or its next fixtures.
TEST_CASE("write fixtures of statements", "[.]") {
  SeededRandom random(1);
  const crypto::SigningKey key = crypto::SigningKey::generate(random);
  fs::create_directories(kFolder);
  for (std::size_t kind = 0; kind < access::testing::RandomStatements::kKinds; ++kind) {
    access::testing::RandomStatements make(10 + kind);
    Statement s = make.statement(kind);
    s.author = key.public_key();
    // Every list has something in it.
    if (!s.proof) s.proof = make.grant_name();
    if (s.parents.empty()) s.parents.push_back(make.digest());
    if (s.pins.empty()) s.pins.push_back(make.digest());
    if (s.membership.empty()) s.membership.push_back(make.grant_name());
    if (s.rotations.empty()) s.rotations.push_back(make.rotation());
    if (s.rotations[0].parents.empty()) s.rotations[0].parents.resize(1);
    if (s.boxes.empty()) s.boxes.push_back(make.box());
    const SignedStatement made = sign_statement(std::move(s), key);
    const fs::path name = kFolder / ("format1_" + std::string(kind_name(made.statement)));
    write(name.string() + ".statement", as_text(encode_statement(made)));
    write(name.string() + ".expected", meaning_of(made));
  }
}
