// No secret is printed, logged, told in an error, or sent: everything that a busy day says is searched for every secret
// that the devices had.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/runtime/access/people.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

namespace {

// What the process writes to its standard outputs while this lives, spdlog's default logger included.
class Captured {
 public:
  Captured() : file_(std::tmpfile()), out_(dup(1)), err_(dup(2)) {
    std::fflush(nullptr);
    dup2(fileno(file_), 1);
    dup2(fileno(file_), 2);
    spdlog::set_level(spdlog::level::trace);
  }
  ~Captured() { stop(); }
  std::string stop() {
    if (!file_) return {};
    spdlog::default_logger()->flush();
    std::fflush(nullptr);
    dup2(out_, 1);
    dup2(err_, 2);
    close(out_);
    close(err_);
    std::string out;
    std::rewind(file_);
    char buffer[4096];
    for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, file_)) > 0;) out.append(buffer, n);
    std::fclose(file_);
    file_ = nullptr;
    return out;
  }

 private:
  std::FILE* file_;
  int out_, err_;
};

using Secrets = std::vector<Bytes>;

bool tells(std::string_view said, const Secrets& secrets) {
  for (const Bytes& s : secrets) {
    // Eight bytes of it are too many, at either end and in either writing.
    for (const ByteView part : {ByteView(s).first(8), ByteView(s).last(8)}) {
      std::string hex = to_hex(part), upper = hex;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      for (const std::string_view form : {as_text(part), std::string_view(hex), std::string_view(upper)})
        if (said.find(form) != std::string_view::npos) return true;
    }
  }
  return false;
}

struct Device {
  SeededRandom random;
  std::shared_ptr<const crypto::SigningKey> key;
  std::shared_ptr<EpochSecrets> secrets = std::make_shared<EpochSecrets>();
  crypto::SigningKey recovery;
  Realm realm;

  explicit Device(std::uint64_t number)
      : random(number),
        key(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random))),
        recovery(crypto::SigningKey::generate(random)),
        realm({key, &random, {}, secrets}) {
    realm.create_user(recovery, user_package());
    realm.tend();
  }
  Principal user() const { return Principal::user(*realm.user()); }
};

void add(Secrets& out, const crypto::Secret& s) { out.emplace_back(s.expose().begin(), s.expose().end()); }

// All that was said by errors, events and explanations, and all bytes that were handed out.
struct Said {
  std::string words;
  std::string bytes;
  std::size_t errors = 0;

  void error(const Error& e) {
    words += e.message() + "\n";
    ++errors;
  }
  template <class R>
  void result(const R& r) {
    if (!r.ok()) error(r.error());
  }
  void document(ProtectedDocument& d, const std::vector<Principal>& people) {
    for (const AccessEvent& e : d.take_events()) words += e.what.why + "\n";
    for (const Withheld& w : d.withheld_leaves()) words += w.why + "\n";
    for (const char* path : {".", ".title", ".private.word"}) {
      const auto at = d.address(path);
      if (!at.ok()) continue;
      for (const Principal& p : people)
        for (const Level l : {Level::sync, Level::read, Level::write, Level::own})
          words += d.explain(p, l, *at).sentence + "\n";
    }
  }
  void share(const Realm::Share& share) {
    for (const SignedStatement& s : share.statements) bytes += as_text(encode_statement(s));
    for (const document::Change& c : share.changes) bytes += as_text(document::encode_change(c));
  }
};

Status write(Device& who, const DocumentId& d, std::string_view path, std::string value) {
  const auto done = who.realm.find(d)->content().transact(
      {}, [&](document::Transaction& tx) { return tx.set(path, Value(std::move(value))); });
  return done ? Status() : Status(done.error());
}

void pass(Device& from, Device& to, const DocumentId& d, Said& said) {
  Realm::Share share = from.realm.share(d, to.realm.device());
  said.share(share);
  if (share.statements.empty()) return;
  to.realm.open(d, notes_package());
  // Some of it arrives damaged as well.
  for (const SignedStatement& s : share.statements) {
    Bytes b = encode_statement(s);
    b[b.size() / 2] ^= 4;
    auto damaged = decode_statement(b);
    said.result(damaged);
    if (!damaged.ok()) continue;
    for (const Error& e : to.realm.take(d, {*damaged}, {}).refused) said.error(e);
  }
  for (document::Change c : share.changes) {
    for (auto& leaf : c.leaves)
      if (leaf && !leaf->payload.empty()) leaf->payload[0] ^= 1;
    const auto damaged = document::decode_change(document::encode_change(c));
    said.result(damaged);
    if (damaged.ok())
      for (const Error& e : to.realm.take(d, {}, {*damaged}).refused) said.error(e);
  }
  for (const Error& e : to.realm.take(d, std::move(share.statements), std::move(share.changes)).refused) said.error(e);
}

void busy_day(Said& said, Secrets& secrets) {
  Device alice(1), bob(2), carol(3), relay(4);
  std::vector<Device*> all{&alice, &bob, &carol, &relay};
  std::vector<Principal> people;
  for (Device* a : all) {
    people.push_back(a->user());
    for (Device* b : all)
      if (a != b) b->realm.learn(a->realm.known(*a->realm.user()));
  }
  const DocumentId d = (*alice.realm.create(notes_package()))->id();
  const auto at = [&](Device& who, std::string_view path) { return *who.realm.find(d)->address(path); };
  const auto grant = [&](Device& who, std::string_view path, Level level, const Principal& to) {
    said.result(who.realm.find(d)->grant(at(who, path), level, to));
  };
  const auto everyone = [&] {
    for (int round = 0; round < 2; ++round)
      for (Device* a : all)
        if (a->realm.find(d)) {
          a->realm.tend();
          for (Device* b : all)
            if (a != b) pass(*a, *b, d, said);
        }
  };
  said.result(write(alice, d, ".title", "one"));
  said.result(write(alice, d, ".private.word", "two"));
  grant(alice, ".", Level::write, bob.user());
  grant(alice, ".private", Level::read, carol.user());
  grant(alice, ".", Level::sync, relay.user());
  grant(alice, ".title", Level::read, carol.user());  // no boundary
  everyone();
  said.result(write(bob, d, ".title", "three"));
  said.result(write(carol, d, ".private.word", "denied"));
  said.result(write(relay, d, ".title", "denied"));
  grant(bob, ".", Level::read, carol.user());  // denied
  everyone();
  said.result(write(bob, d, ".private.word", "late"));
  said.result(alice.realm.find(d)->revoke(at(alice, "."), Level::write, bob.user()));
  said.result(alice.realm.find(d)->revoke(at(alice, "."), Level::write, bob.user()));  // nothing left
  said.result(write(alice, d, ".title", "four"));
  everyone();
  said.result(bob.realm.find(d)->admit_all(bob.user()));
  for (Device* x : all) {
    if (ProtectedDocument* doc = x->realm.find(d)) said.document(*doc, people);
    for (const auto& [id, content] : *x->secrets) {
      add(secrets, content.secret);
      add(secrets, content.leaf_key);
      add(secrets, content.naming);
    }
    add(secrets, x->key->seed());
    add(secrets, x->recovery.seed());
  }
}

}  // namespace

TEST_CASE("no secret of a device is printed, logged, told in an error or sent") {
  Said said;
  Secrets secrets;
  Captured captured;
  busy_day(said, secrets);
  spdlog::info("the day is over");
  const std::string printed = captured.stop();
  CHECK(printed.find("the day is over") != std::string::npos);
  CHECK(secrets.size() > 4 * 5);
  CHECK(said.errors > 20);
  CHECK(said.words.find("cannot write") != std::string::npos);
  CHECK(said.bytes.size() > 10'000);
  CHECK_FALSE(tells(printed, secrets));
  CHECK_FALSE(tells(said.words, secrets));
  CHECK_FALSE(tells(said.bytes, secrets));
}

TEST_CASE("the search finds a secret that somebody does print") {
  const Bytes secret(32, 0xab);
  for (int way = 0; way < 3; ++way) {
    Captured captured;
    if (way == 0) std::fprintf(stderr, "key %s\n", to_hex(secret).substr(0, 16).c_str());
    if (way == 1) std::fwrite(secret.data(), 1, secret.size(), stdout);
    if (way == 2) spdlog::debug("key {}", to_hex(secret));
    CHECK(tells(captured.stop(), {secret}));
  }
  CHECK_FALSE(tells("key abab", {secret}));
}
