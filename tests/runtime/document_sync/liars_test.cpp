// What a peer can do that breaks the rules, what it costs, and what is said of it.
#include "tests/runtime/document_sync/lines.h"

namespace tlfs::document_sync::testing {
namespace {

using document::Change;

// Bob in the middle of a session with mallory, who holds alice's disk and key and says what she likes.
struct Trial : Pair {
  explicit Trial(std::uint64_t number = 1) : Pair(document::testing::story_package(), number), line(alice, bob) {
    REQUIRE(alice.set(".title", "before").ok());
    line.run();
    check_fine(line);
    (void)alice.replica->document().content().all_changes();
  }
  void say(const Message& m) { line.right.receive(encode_message(m)); }
  void say(std::vector<Change> changes) { say(message::Batch{encode_batch(std::move(changes), true)}); }
  std::vector<Message> hear() {
    std::vector<Message> out;
    for (const Bytes& m : line.right.poll()) out.push_back(*decode_message(m));
    return out;
  }
  // Changes that alice makes now, one for each value; signed.
  std::vector<Change> write(std::size_t count, std::size_t bytes = 1) {
    const document::Version before = alice.content().version();
    for (std::size_t i = 0; i < count; ++i) {
      REQUIRE(alice.set(".map[\"x\"].name", std::string(bytes, static_cast<char>('a' + i % 26))).ok());
      alice.content().sign();
    }
    return alice.content().changes_since(before);
  }
  void check_cut(std::string_view why) {
    INFO(line.right.why());
    REQUIRE(line.right.cut());
    CHECK(line.right.why().find(why) != std::string::npos);
    CHECK(line.right.session->receive(bob.replica->document(), encode_message(message::Sent{})).nothing_to_take());
    const std::vector<Message> last = hear();
    REQUIRE(last.size() == 1);
    CHECK(std::get<message::Goodbye>(last.front()).why == line.right.why());
    CHECK(hear().empty());
    // The device that was lied to goes on with others.
    Line honest(alice, bob);
    honest.run();
    check_fine(honest);
    CHECK(alice.content().json() == bob.content().json());
  }
  Line line;
};

}  // namespace

TEST_CASE("garbage ends the link") {
  Trial t;
  t.line.right.receive(Bytes{1, 2, 3, 4, 5, 6, 7, 8});
  t.check_cut("document sync");
}

TEST_CASE("a change with a signature that does not fit ends the link") {
  Trial t;
  std::vector<Change> changes = t.write(1);
  (*changes[0].signature)[5] ^= 1;
  t.say(std::move(changes));
  CHECK(t.bob.content().json().find("\"x\"") == std::string::npos);
  t.check_cut("did not sign");
}

TEST_CASE("changes of another document are changes that nobody signed") {
  Trial t, other(11);
  t.say(other.write(1));
  t.check_cut("did not sign");
}

TEST_CASE("a leaf that is not the author's makes another change, which nobody signed") {
  Trial t;
  std::vector<Change> changes = t.write(1);
  changes[0].leaves[0]->payload[0] ^= 1;
  t.say(std::move(changes));
  t.check_cut("did not sign");
}

TEST_CASE("whoever leaves out what a change rests on is asked for it once, and then cut off") {
  Trial t;
  std::vector<Change> changes = t.write(3);
  const document::ChangeHash absent = changes[1].hash;
  t.say(std::vector<Change>{changes[2]});
  std::uint32_t number = 0;
  for (const Message& m : t.hear())
    if (const auto* want = std::get_if<message::Want>(&m)) {
      CHECK(want->changes == std::vector{absent});
      number = want->number;
    }
  REQUIRE(number == 1);
  t.say(message::Answered{number});
  t.check_cut(to_hex(absent));
}

TEST_CASE("a gap that is filled when asked for is forgiven") {
  Trial t;
  std::vector<Change> changes = t.write(2);
  t.say(std::vector<Change>{changes[1]});
  t.hear();
  t.say(std::vector<Change>{changes[0]});
  t.say(message::Answered{1});
  check_fine(t.line);
  CHECK(t.alice.content().json() == t.bob.content().json());
}

TEST_CASE("whoever claims what it does not send is cut off when it says that all is sent") {
  Trial t;
  Summary claims = summarise(t.alice.replica->document());
  claims.chains[0].count += 5;
  claims.chains[0].last.fill(9);
  message::Hello hello;
  hello.digest.assign(16, 1);
  hello.summary = encode_summary(claims);
  t.say(hello);
  CHECK_FALSE(t.line.right.session->ended());
  t.say(message::Sent{});
  t.check_cut("did not send it");
}

TEST_CASE("whoever sends beyond what is acknowledged is cut off") {
  Trial t;
  const std::vector<Change> changes = t.write(30, 100'000);
  std::size_t sent = 0;
  for (const Change& c : changes)
    if (!t.line.right.session->ended()) {
      t.say(std::vector<Change>{c});
      ++sent;
    }
  CHECK(sent * 100'000 <= 2 * kWindowBytes);
  t.check_cut("not acknowledged");
}

TEST_CASE("whoever sends the same again and again is cut off") {
  Trial t;
  const std::vector<Change> changes = t.write(500);
  std::size_t rounds = 0;
  while (!t.line.right.session->ended() && rounds < 100) {
    t.say(changes);
    if (!t.line.right.session->ended()) t.hear();
    ++rounds;
  }
  CHECK(rounds * 500 <= kSpareRepeats + 1500);
  t.check_cut("again and again");
}

TEST_CASE("changes that nobody vouches for are not let in") {
  Trial t;
  std::vector<Change> changes = t.write(5);
  for (Change& c : changes) c.signature.reset();
  t.say(std::move(changes));
  CHECK(t.bob.content().waiting() == 0);
  t.say(message::Sent{});
  t.check_cut("vouches");
}

TEST_CASE("an author without any right costs the peer that carries its work the link, after a while") {
  Trial t;
  const auto stranger = crypto::SigningKey::generate(t.alice.random());
  const Change model = t.write(1).front();
  std::vector<Change> changes;
  for (std::uint64_t i = 0; i < 2 * kMaxUseless; ++i) {
    document::Header h = model.header;
    h.writer = {stranger.public_key(), i};
    h.seq = 0;
    h.prev.reset();
    h.deps.clear();
    h.lamport = 1;
    h.first_counter = 0;
    changes.push_back(document::make_change(std::move(h), {*model.leaves[0]}));
    changes.back().signature = document::sign_change(changes.back().hash, stranger);
  }
  const std::size_t size = t.bob.content().graph().size();
  t.say(std::vector<Change>(changes.begin(), changes.begin() + 100));
  CHECK_FALSE(t.line.right.session->ended());
  CHECK(t.bob.content().graph().size() == size);
  t.say(std::vector<Change>(changes.begin() + 100, changes.end()));
  t.check_cut("nobody had a right");
}

TEST_CASE("what waits for what never comes is bounded") {
  Trial t;
  std::vector<Change> changes = t.write(1);
  const Change model = changes.front();
  const auto key = crypto::SigningKey::from_seed(t.alice.seed());
  std::uint64_t number = 1;
  for (std::size_t rounds = 0; rounds < 40 && !t.line.right.session->ended(); ++rounds) {
    std::vector<Change> many;
    for (int i = 0; i < 500; ++i) {
      document::Header h = model.header;
      h.writer.incarnation = ++number;
      h.seq = 0;
      h.prev.reset();
      h.deps.clear();
      h.lamport = 1;
      h.first_counter = 0;
      h.package.fill(77);
      many.push_back(document::make_change(std::move(h), {*model.leaves[0]}));
      many.back().signature = document::sign_change(many.back().hash, key);
    }
    t.say(std::move(many));
    if (!t.line.right.session->ended()) t.hear();
  }
  CHECK(t.bob.content().waiting() <= kMaxStranded + 500);
  t.check_cut("cannot be taken");
}

TEST_CASE("a statement that its author did not sign ends the link") {
  Trial t;
  const Device someone(9);
  REQUIRE(t.alice.grant(Level::read, someone.principal()).ok());
  access::SignedStatement s = t.alice.replica->document().statements().back();
  s.signature[3] ^= 1;
  t.say(message::Statements{{s}});
  t.check_cut("did not sign");
}

TEST_CASE("a package under another name ends the link") {
  Trial t;
  message::Package package;
  const auto made = parts_package();
  package.encoded.assign(made->encoded().begin(), made->encoded().end());
  package.hash.fill(3);
  t.say(package);
  t.check_cut("another package");
}

TEST_CASE("words that mean nothing here end the link") {
  {
    Trial t;
    t.say(message::Taken{1u << 20});
    t.check_cut("acknowledged more");
  }
  {
    Trial t;
    t.say(message::Answered{7});
    t.check_cut("not asked");
  }
  {
    Trial t;
    message::Hello hello;
    hello.digest.assign(5, 1);
    t.say(hello);
    t.check_cut("wrong length");
  }
}

TEST_CASE("hellos and questions are counted") {
  {
    Trial t;
    message::Hello hello;
    hello.digest.assign(16, 1);
    for (std::size_t i = 0; i <= kMaxHellos; ++i) t.say(hello);
    t.check_cut("hello more than");
  }
  {
    Trial t;
    message::Want want;
    want.changes.push_back(t.alice.content().version().front());
    for (std::size_t i = 0; i <= kMaxWants && !t.line.right.session->ended(); ++i) {
      t.say(want);
      if (i < kMaxWants) {
        t.hear();
        t.say(message::Taken{0});
      }
    }
    CHECK(t.line.right.cut());
  }
}

}  // namespace tlfs::document_sync::testing
