#include "runtime/access/statement.h"

#include <algorithm>

#include "runtime/base/varint.h"

namespace tlfs::access {
namespace {

constexpr std::uint8_t kVersion = 1;

// ---- writing ----

void put(ByteWriter& out, const GrantName& name) {
  out.raw(ByteView(name.statement));
  out.varint(name.number);
}

void put(ByteWriter& out, const Scope& scope) {
  out.varint(scope.size());
  for (const Token& t : scope) out.raw(ByteView(t));
}

void put(ByteWriter& out, const Principal& p) {
  out.u8(static_cast<std::uint8_t>(p.kind));
  if (p.kind == Principal::Kind::anyone) return;
  out.raw(ByteView(p.key));
  if (p.kind == Principal::Kind::key) return;
  out.u8(static_cast<std::uint8_t>(p.level));
  put(out, p.at);
}

template <class T, class F>
void put_list(ByteWriter& out, const std::vector<T>& list, F&& one) {
  out.varint(list.size());
  for (const T& t : list) one(t);
}

void put_digests(ByteWriter& out, const std::vector<crypto::Digest>& digests) {
  put_list(out, digests, [&](const crypto::Digest& d) { out.raw(ByteView(d)); });
}

struct PutSays {
  ByteWriter& out;
  void operator()(const Genesis& g) const {
    out.u8(static_cast<std::uint8_t>(g.kind));
    put(out, g.root);
  }
  void operator()(const Grant& g) const {
    put(out, g.to);
    out.u8(static_cast<std::uint8_t>(g.level));
    put(out, g.at);
    out.bytes(g.hint);
  }
  void operator()(const Revoke& r) const {
    put_list(out, r.grants, [&](const GrantName& name) { put(out, name); });
    out.u8(static_cast<std::uint8_t>(r.keep));
    put_digests(out, r.frontier);
  }
  void operator()(const Admit& a) const {
    put_list(out, a.leaves, [&](const LeafId& leaf) {
      out.raw(ByteView(leaf.change));
      out.varint(leaf.leaf);
    });
  }
  void operator()(const Cut& c) const {
    out.raw(ByteView(c.revocation));
    put_digests(out, c.frontier);
  }
  void operator()(const Keys&) const {}
};

Bytes encode_body(const Statement& s) {
  ByteWriter out;
  out.u8(kVersion);
  out.raw(ByteView(s.document));
  out.raw(ByteView(s.author));
  put_digests(out, s.parents);
  put_digests(out, s.pins);
  out.u8(static_cast<std::uint8_t>(s.says.index() + 1));
  std::visit(PutSays{out}, s.says);
  out.u8(s.proof ? 1 : 0);
  if (s.proof) put(out, *s.proof);
  put_list(out, s.membership, [&](const GrantName& name) { put(out, name); });
  put_list(out, s.rotations, [&](const Rotation& r) {
    put(out, r.compartment);
    out.raw(ByteView(r.epoch.bytes));
    out.raw(ByteView(r.naming_check));
    put_list(out, r.parents, [&](const Rotation::Parent& p) {
      out.raw(ByteView(p.epoch.bytes));
      out.raw(ByteView(p.nonce));
      out.bytes(p.sealed);
    });
    out.bytes(r.published);
  });
  put_list(out, s.boxes, [&](const KeyBox& b) {
    out.raw(ByteView(b.epoch.bytes));
    out.u8(static_cast<std::uint8_t>(b.kind));
    out.raw(ByteView(b.to));
    out.bytes(b.box);
  });
  return out.take();
}

// ---- reading ----

class Decoder {
 public:
  explicit Decoder(ByteView bytes) : in_(bytes) {}

  bool read(Statement& s) {
    if (in_.u8() != kVersion) return false;
    fixed(s.document);
    fixed(s.author);
    digests(s.parents, kMaxParents);
    digests(s.pins, kMaxParents);
    if (!sorted(s.parents) || !sorted(s.pins)) return false;
    if (!says(s)) return false;
    const std::uint8_t proved = in_.u8();
    if (proved > 1) return false;
    if (proved) s.proof = grant_name();
    list(s.membership, kMaxNesting, [&] { return grant_name(); });
    list(s.rotations, kMaxRotations, [&] { return rotation(); });
    list(s.boxes, kMaxBoxes, [&] { return box(); });
    return in_.finished();
  }

 private:
  template <std::size_t N>
  void fixed(std::array<std::uint8_t, N>& out) {
    const ByteView v = in_.raw(N);
    if (v.size() == N) std::copy(v.begin(), v.end(), out.begin());
  }
  template <class T, class F>
  void list(std::vector<T>& out, std::size_t limit, F&& one) {
    const std::uint64_t n = in_.bounded(std::min<std::uint64_t>(limit, in_.remaining()));
    for (std::uint64_t i = 0; i < n && !in_.failed(); ++i) out.push_back(one());
  }
  void digests(std::vector<crypto::Digest>& out, std::size_t limit) {
    list(out, limit, [&] {
      crypto::Digest d{};
      fixed(d);
      return d;
    });
  }
  template <class T>
  static bool sorted(const std::vector<T>& list) {
    return std::adjacent_find(list.begin(), list.end(), [](const T& a, const T& b) { return !(a < b); }) == list.end();
  }
  Bytes bytes(std::size_t limit) {
    const ByteView v = in_.bytes();
    if (v.size() > limit) return in_.fail(), Bytes{};
    return {v.begin(), v.end()};
  }
  GrantName grant_name() {
    GrantName name;
    fixed(name.statement);
    name.number = static_cast<std::uint32_t>(in_.bounded(kMaxNames));
    return name;
  }
  Level level() {
    const std::uint8_t v = in_.u8();
    if (v > static_cast<std::uint8_t>(Level::own)) return in_.fail(), Level::none;
    return static_cast<Level>(v);
  }
  Scope scope() {
    Scope out;
    list(out, kMaxScopeSteps, [&] {
      Token t{};
      fixed(t);
      return t;
    });
    return out;
  }
  Principal principal() {
    Principal p;
    const std::uint8_t kind = in_.u8();
    if (kind < 1 || kind > 3) return in_.fail(), p;
    p.kind = static_cast<Principal::Kind>(kind);
    if (p.kind == Principal::Kind::anyone) return p;
    fixed(p.key);
    if (p.kind == Principal::Kind::key) return p;
    p.level = level();
    if (p.level == Level::none) in_.fail();
    p.at = scope();
    return p;
  }
  Rotation rotation() {
    Rotation r;
    r.compartment = scope();
    fixed(r.epoch.bytes);
    fixed(r.naming_check);
    list(r.parents, kMaxParents, [&] {
      Rotation::Parent p;
      fixed(p.epoch.bytes);
      fixed(p.nonce);
      p.sealed = bytes(1024);
      return p;
    });
    r.published = bytes(kMaxHintBytes);
    return r;
  }
  KeyBox box() {
    KeyBox b;
    fixed(b.epoch.bytes);
    const std::uint8_t kind = in_.u8();
    if (kind < 1 || kind > 2) in_.fail();
    b.kind = static_cast<KeyBox::For>(kind);
    fixed(b.to);
    b.box = bytes(kMaxHintBytes);
    return b;
  }
  bool says(Statement& s) {
    switch (in_.u8()) {
      case 1:
        s.says = Keys{};
        return true;
      case 2: {
        Genesis g;
        const std::uint8_t kind = in_.u8();
        if (kind > 1) return false;
        g.kind = static_cast<DocumentKind>(kind);
        g.root = principal();
        s.says = std::move(g);
        return true;
      }
      case 3: {
        Grant g;
        g.to = principal();
        g.level = level();
        g.at = scope();
        g.hint = bytes(kMaxHintBytes);
        s.says = std::move(g);
        return true;
      }
      case 4: {
        Revoke r;
        list(r.grants, kMaxNames, [&] { return grant_name(); });
        r.keep = level();
        digests(r.frontier, kMaxFrontier);
        if (!sorted(r.grants) || !sorted(r.frontier)) return false;
        s.says = std::move(r);
        return true;
      }
      case 5: {
        Admit a;
        list(a.leaves, kMaxNames, [&] {
          LeafId leaf;
          fixed(leaf.change);
          leaf.leaf = static_cast<std::uint32_t>(in_.bounded(document::kMaxLeaves));
          return leaf;
        });
        if (!sorted(a.leaves)) return false;
        s.says = std::move(a);
        return true;
      }
      case 6: {
        Cut c;
        fixed(c.revocation);
        digests(c.frontier, kMaxFrontier);
        if (!sorted(c.frontier)) return false;
        s.says = std::move(c);
        return true;
      }
      default:
        return false;
    }
  }

  ByteReader in_;
};

StatementHash hash_of(ByteView body) { return crypto::hash("tlfs statement", {body}); }

}  // namespace

SignedStatement sign_statement(Statement statement, const crypto::SigningKey& key) {
  SignedStatement out;
  out.body = encode_body(statement);
  out.hash = hash_of(out.body);
  out.statement = std::move(statement);
  out.signature = key.sign(out.hash);
  return out;
}

bool verify_signature(const SignedStatement& s) { return crypto::verify(s.statement.author, s.hash, s.signature); }

Bytes encode_statement(const SignedStatement& s) {
  Bytes out = s.body;
  out.insert(out.end(), s.signature.begin(), s.signature.end());
  return out;
}

Result<SignedStatement> decode_statement(ByteView bytes) {
  if (bytes.size() > kMaxStatementBytes)
    return Error(Errc::limit_exceeded, "a statement has at most " + std::to_string(kMaxStatementBytes) +
                                           " bytes, not " + std::to_string(bytes.size()));
  SignedStatement out;
  if (bytes.size() < out.signature.size()) return Error(Errc::malformed, "a statement is cut off");
  const ByteView body = bytes.first(bytes.size() - out.signature.size());
  std::copy(bytes.end() - static_cast<std::ptrdiff_t>(out.signature.size()), bytes.end(), out.signature.begin());
  if (!Decoder(body).read(out.statement)) return Error(Errc::malformed, "these bytes are no statement");
  out.body.assign(body.begin(), body.end());
  out.hash = hash_of(body);
  return out;
}

std::string_view kind_name(const Statement& s) {
  static constexpr std::string_view kNames[] = {"keys", "genesis", "grant", "revoke", "admit", "cut"};
  return kNames[s.says.index()];
}

}  // namespace tlfs::access
