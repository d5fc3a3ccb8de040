// The bytes of statements, read by a second parser that was written from runtime/access/README.md and shares no code
// with the first.
#include <catch2/catch.hpp>
#include <stdexcept>

#include "tests/runtime/access/random_statements.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

namespace {

// The tables of the README, top to bottom. Throws where the bytes end early.
class ByTheBook {
 public:
  explicit ByTheBook(const Bytes& bytes) : bytes_(bytes) {}

  Statement read() {
    Statement s;
    expect(one() == 1, "version");
    s.document = many<32>();
    s.author = many<32>();
    s.parents = list<StatementHash>([&] { return many<32>(); });
    s.pins = list<StatementHash>([&] { return many<32>(); });
    says(s);
    const unsigned proved = one();
    expect(proved <= 1, "proof");
    if (proved == 1) s.proof = grant_name();
    s.membership = list<GrantName>([&] { return grant_name(); });
    s.rotations = list<Rotation>([&] {
      Rotation r;
      r.compartment = scope();
      r.epoch.bytes = many<32>();
      r.naming_check = many<16>();
      r.parents = list<Rotation::Parent>([&] {
        Rotation::Parent p;
        p.epoch.bytes = many<32>();
        p.nonce = many<24>();
        p.sealed = counted();
        return p;
      });
      r.published = counted();
      return r;
    });
    s.boxes = list<KeyBox>([&] {
      KeyBox b;
      b.epoch.bytes = many<32>();
      b.kind = static_cast<KeyBox::For>(one());
      b.to = many<32>();
      b.box = counted();
      return b;
    });
    body_ = at_;
    signature = many<64>();
    expect(at_ == bytes_.size(), "nothing after the signature");
    return s;
  }
  ByteView body() const { return ByteView(bytes_).first(body_); }
  crypto::Signature signature{};

 private:
  static void expect(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
  }
  unsigned one() {
    expect(at_ < bytes_.size(), "more bytes");
    return bytes_[at_++];
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> many() {
    std::array<std::uint8_t, N> out{};
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(one());
    return out;
  }
  std::uint64_t number() {  // LEB128
    std::uint64_t out = 0;
    for (unsigned shift = 0;; shift += 7) {
      const unsigned b = one();
      out += std::uint64_t{b % 128} << shift;
      if (b < 128) return out;
    }
  }
  Bytes counted() {
    Bytes out(number());
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(one());
    return out;
  }
  template <class T, class F>
  std::vector<T> list(F&& item) {
    std::vector<T> out;
    for (std::uint64_t n = number(); n > 0; --n) out.push_back(item());
    return out;
  }
  Scope scope() {
    return list<Token>([&] { return many<16>(); });
  }
  GrantName grant_name() {
    const StatementHash hash = many<32>();
    return {hash, static_cast<std::uint32_t>(number())};
  }
  Principal principal() {
    switch (one()) {
      case 1:
        return Principal::of_key(many<32>());
      case 2:
        return Principal::anyone();
      case 3: {
        const DocumentId document = many<32>();
        const Level level = static_cast<Level>(one());
        return Principal::members(document, scope(), level);
      }
      default:
        throw std::runtime_error("a principal");
    }
  }
  std::vector<ChangeHash> frontier() {
    return list<ChangeHash>([&] { return many<32>(); });
  }
  void says(Statement& s) {
    switch (one()) {
      case 1:
        s.says = Keys{};
        return;
      case 2: {
        Genesis g;
        g.kind = one() == 1 ? DocumentKind::user : DocumentKind::ordinary;
        g.root = principal();
        s.says = g;
        return;
      }
      case 3: {
        Grant g;
        g.to = principal();
        g.level = static_cast<Level>(one());
        g.at = scope();
        g.hint = counted();
        s.says = g;
        return;
      }
      case 4: {
        Revoke r;
        r.grants = list<GrantName>([&] { return grant_name(); });
        r.keep = static_cast<Level>(one());
        r.frontier = frontier();
        s.says = r;
        return;
      }
      case 5:
        s.says = Admit{list<LeafId>([&] {
          const ChangeHash change = many<32>();
          return LeafId{change, static_cast<std::uint32_t>(number())};
        })};
        return;
      case 6: {
        Cut c;
        c.revocation = many<32>();
        c.frontier = frontier();
        s.says = c;
        return;
      }
      default:
        throw std::runtime_error("a kind");
    }
  }

  const Bytes& bytes_;
  std::size_t at_ = 0, body_ = 0;
};

}  // namespace

TEST_CASE("a statement's bytes are what the README says") {
  SeededRandom random(1);
  const crypto::SigningKey key = crypto::SigningKey::generate(random);
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    RandomStatements make(500 + seed);
    for (std::size_t kind = 0; kind < RandomStatements::kKinds; ++kind) {
      INFO("seed " << seed << " kind " << kind);
      Statement s = make.statement(kind);
      s.author = key.public_key();
      const SignedStatement made = sign_statement(s, key);
      const Bytes bytes = encode_statement(made);
      ByTheBook book(bytes);
      CHECK(book.read() == s);
      CHECK(crypto::hash("tlfs statement", {book.body()}) == made.hash);
      CHECK(crypto::verify(key.public_key(), made.hash, book.signature));
    }
  }
}
