// Any bytes as a statement: refused, or the one encoding of what it says. And any bytes as a conversation: statements
// of some keys and two documents, with whatever grants, names, rotations and boxes the bytes hold, come to two logs in
// two orders, which must agree; the keyring opens what it can.
//
// A conversation is a list of {bytes of a statement, length first}. Signatures and hashes cannot be guessed, so what
// the bytes call author, document, parent, pin or grant stands for the one of that number among those that there are,
// and the statement is signed again.
#include <algorithm>
#include <cstdint>

#include "runtime/access/authority_log.h"
#include "runtime/access/keyring.h"
#include "runtime/base/check.h"

namespace {

using namespace tlfs;
using namespace tlfs::access;

constexpr std::size_t kMaxConversation = 48;

class NothingSeen final : public Sightings {
 public:
  bool saw(Index, std::uint32_t change) const override { return change % 2 == 0; }
};

struct KeySet {
  std::vector<crypto::SigningKey> all;
  KeySet() {
    for (std::uint8_t i = 1; i <= 5; ++i) {
      std::array<std::uint8_t, 32> seed{};
      seed.fill(i);
      all.push_back(crypto::SigningKey::from_seed(seed));
    }
  }
  const crypto::SigningKey& of(const crypto::PublicKey& name) const { return all[name[0] % all.size()]; }
  // The first two are documents.
  const crypto::PublicKey& document(const DocumentId& name) const { return all[name[0] % 2].public_key(); }
};

AuthorityLog make_log(const KeySet& keys, const NothingSeen& sightings) {
  return AuthorityLog(keys.all[0].public_key(), sightings, [](const ChangeHash& h) { return std::uint32_t{h[0]}; });
}

// The statement, as far as it can be, made to fit those before it.
SignedStatement fitted(Statement s, const KeySet& keys, const std::vector<SignedStatement>& before) {
  const auto earlier = [&](StatementHash& h) {
    if (!before.empty()) h = before[h[0] % before.size()].hash;
  };
  const auto earlier_all = [&](std::vector<StatementHash>& all) {
    for (StatementHash& h : all) earlier(h);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
  };
  const auto principal = [&](Principal& p) {
    if (p.kind == Principal::Kind::key) p.key = keys.of(p.key).public_key();
    if (p.kind == Principal::Kind::members) p.key = keys.document(p.key);
  };
  s.document = keys.document(s.document);
  s.author = keys.of(s.author).public_key();
  earlier_all(s.parents);
  earlier_all(s.pins);
  if (s.proof) earlier(s.proof->statement);
  for (GrantName& m : s.membership) earlier(m.statement);
  if (auto* g = std::get_if<Genesis>(&s.says)) {
    s.author = s.document;
    s.parents.clear();
    principal(g->root);
  } else if (auto* grant = std::get_if<Grant>(&s.says)) {
    principal(grant->to);
  } else if (auto* revoke = std::get_if<Revoke>(&s.says)) {
    for (GrantName& n : revoke->grants) earlier(n.statement);
    std::sort(revoke->grants.begin(), revoke->grants.end());
    revoke->grants.erase(std::unique(revoke->grants.begin(), revoke->grants.end()), revoke->grants.end());
  } else if (auto* cut = std::get_if<Cut>(&s.says)) {
    earlier(cut->revocation);
  }
  const crypto::SigningKey& key = keys.of(s.author);
  for (const crypto::SigningKey& k : keys.all)
    if (k.public_key() == s.author) return sign_statement(std::move(s), k);
  return sign_statement(std::move(s), key);
}

void converse(ByteView bytes) {
  const KeySet keys;
  const NothingSeen sightings;
  std::vector<SignedStatement> said;
  std::set<DocumentId> begun;  // of two beginnings the first to come counts, so that orders would differ
  ByteReader in(bytes);
  while (!in.at_end() && said.size() < kMaxConversation) {
    auto decoded = decode_statement(in.bytes());
    if (!decoded) continue;
    SignedStatement s = fitted(std::move(decoded->statement), keys, said);
    const bool genesis = std::holds_alternative<Genesis>(s.statement.says);
    if (!genesis || begun.insert(s.statement.document).second) said.push_back(std::move(s));
  }
  if (said.empty()) return;

  AuthorityLog forward = make_log(keys, sightings), backward = make_log(keys, sightings);
  const auto secrets = std::make_shared<EpochSecrets>();
  Keyring keyring(keys.all[2], secrets);
  for (const SignedStatement& s : said)
    for (const StatementHash& h : forward.take({s}).added) keyring.add(forward.at(h), forward.index_of(h));
  for (auto s = said.rbegin(); s != said.rend(); ++s) (void)backward.take({*s});
  (void)keyring.open();
  for (const auto& [id, content] : *secrets) TLFS_CHECK(content.id() == id, "a secret under another's name");

  TLFS_CHECK(forward.size() == backward.size(), "two orders, two logs");
  TLFS_CHECK(forward.waiting() == backward.waiting() && forward.missing() == backward.missing(),
             "two orders of waiting");
  for (std::size_t d = 0; d < 2; ++d) {
    const DocumentId& document = keys.all[d].public_key();
    TLFS_CHECK(forward.heads(document) == backward.heads(document), "two orders, two sets of heads");
    TLFS_CHECK(forward.kind_of(document) == backward.kind_of(document), "two orders, two kinds");
  }
  const auto verdicts = [&](const AuthorityLog& log) {
    std::vector<Level> out;
    std::set<Scope> places{{}};
    for (const SignedStatement& s : said)
      if (const auto* g = std::get_if<Grant>(&s.statement.says)) places.insert(g->at);
    for (const Scope& at : places) {
      for (const crypto::SigningKey& k : keys.all)
        out.push_back(log.rules().level(Principal::of_key(k.public_key()), at));
      out.push_back(log.rules().level(Principal::anyone(), at));
    }
    return out;
  };
  TLFS_CHECK(verdicts(forward) == verdicts(backward), "two orders, two verdicts");
  for (std::size_t i = 0; i < forward.size(); ++i) {
    const SignedStatement& s = forward.at(i);
    const Index item = forward.index_of(s.hash);
    TLFS_CHECK(forward.statement_of(item).hash == s.hash, "an item of another statement");
    const auto mine = std::get_if<Revoke>(&s.statement.says);
    if (mine) {
      TLFS_CHECK(forward.rules().effective(item) == backward.rules().effective(backward.index_of(s.hash)),
                 "a revocation takes effect in one order only");
    }
    for (std::uint32_t number = 0; number < 3; ++number) {
      const Index grant = forward.index_of(GrantName{s.hash, number});
      if (grant != kNone)
        TLFS_CHECK((forward.name_of(grant) == GrantName{s.hash, number}), "a grant's name means another");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (const auto s = decode_statement(bytes)) {
    const KeySet keys;
    TLFS_CHECK(sign_statement(s->statement, keys.all[0]).body == s->body, "two encodings of one statement");
    const auto again = decode_statement(encode_statement(*s));
    TLFS_CHECK(again.ok() && again->hash == s->hash && again->signature == s->signature,
               "a statement does not survive");
  } else {
    TLFS_CHECK(!s.error().message().empty(), "an error without a message");
  }
  converse(bytes);
  return 0;
}
