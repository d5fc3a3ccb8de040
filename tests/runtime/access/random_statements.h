// Statements of every kind that nobody would say: random in every field, within the limits of the format.
#pragma once

#include <algorithm>

#include "runtime/access/statement.h"

namespace tlfs::access::testing {

class RandomStatements {
 public:
  static constexpr std::size_t kKinds = std::variant_size_v<decltype(Statement::says)>;

  explicit RandomStatements(std::uint64_t seed) : random_(seed) {}

  SeededRandom& random() { return random_; }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.next_u64() % n); }

  // `kind`: what it says, as the variant counts.
  Statement statement(std::size_t kind) {
    Statement s;
    random_.fill(s.document);
    random_.fill(s.author);
    s.parents = sorted<StatementHash>(below(4), [&] { return digest(); });
    s.pins = sorted<StatementHash>(below(3), [&] { return digest(); });
    s.says = says(kind);
    if (below(2) == 0) s.proof = grant_name();
    s.membership = list<GrantName>(below(3), [&] { return grant_name(); });
    s.rotations = list<Rotation>(below(3), [&] { return rotation(); });
    s.boxes = list<KeyBox>(below(3), [&] { return box(); });
    return s;
  }

  crypto::Digest digest() {
    crypto::Digest out;
    random_.fill(out);
    return out;
  }
  Bytes bytes(std::size_t n) {
    Bytes out(n);
    random_.fill(out);
    return out;
  }
  GrantName grant_name() { return {digest(), static_cast<std::uint32_t>(below(2) ? 0 : below(kMaxNames + 1))}; }
  Level level(Level least = Level::none) {
    return static_cast<Level>(static_cast<std::size_t>(least) + below(6 - static_cast<std::size_t>(least)));
  }
  Scope scope(std::size_t steps) {
    return list<Token>(steps, [&] {
      Token t;
      random_.fill(t);
      return t;
    });
  }
  Principal principal() {
    switch (below(3)) {
      case 0:
        return Principal::of_key(digest());
      case 1:
        return Principal::anyone();
      default:
        return Principal::members(digest(), scope(below(3)), level(Level::sync));
    }
  }
  Rotation rotation() {
    Rotation r;
    r.compartment = scope(below(3));
    random_.fill(r.epoch.bytes);
    random_.fill(r.naming_check);
    r.parents = list<Rotation::Parent>(below(3), [&] {
      Rotation::Parent p;
      random_.fill(p.epoch.bytes);
      random_.fill(p.nonce);
      p.sealed = bytes(below(100));
      return p;
    });
    r.published = bytes(below(2) * 80);
    return r;
  }
  KeyBox box() {
    KeyBox b;
    random_.fill(b.epoch.bytes);
    b.kind = below(2) ? KeyBox::For::device : KeyBox::For::epoch;
    random_.fill(b.to);
    b.box = bytes(below(200));
    return b;
  }
  LeafId leaf() { return {digest(), static_cast<std::uint32_t>(below(document::kMaxLeaves + 1))}; }

  template <class T, class F>
  static std::vector<T> list(std::size_t n, F&& one) {
    std::vector<T> out;
    for (std::size_t i = 0; i < n; ++i) out.push_back(one());
    return out;
  }
  template <class T, class F>
  static std::vector<T> sorted(std::size_t n, F&& one) {
    std::vector<T> out = list<T>(n, one);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

 private:
  decltype(Statement::says) says(std::size_t kind) {
    const auto frontier = [&] { return sorted<ChangeHash>(below(4), [&] { return digest(); }); };
    switch (kind) {
      case 1:
        return Genesis{principal(), below(2) ? DocumentKind::user : DocumentKind::ordinary};
      case 2:
        return Grant{principal(), level(), scope(below(4)), bytes(below(60))};
      case 3:
        return Revoke{sorted<GrantName>(below(4), [&] { return grant_name(); }), level(), frontier()};
      case 4:
        return Admit{sorted<LeafId>(below(4), [&] { return leaf(); })};
      case 5:
        return Cut{digest(), frontier()};
      default:
        return Keys{};
    }
  }

  SeededRandom random_;
};

}  // namespace tlfs::access::testing
