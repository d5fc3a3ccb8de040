// What a peer with a valid key may do wrong after the handshake: each ends the link with a stated reason.
#include <catch2/catch.hpp>

#include "tests/runtime/link/raw_peer.h"

using namespace tlfs;
using namespace tlfs::link;

namespace {

Bytes letters(std::size_t size) { return Bytes(size, 'x'); }

// The reason with which a callee ends after these frames, each in a message of its own.
std::string after(const std::vector<Bytes>& messages) {
  End bob(callee_settings(), 4);
  RawPeer mallory(bob);
  for (const Bytes& message : messages) {
    CHECK_FALSE(bob.link.closed());
    mallory.say(message);
  }
  const Closed* closed = bob.first<Closed>();
  if (closed == nullptr) return "";
  CHECK(closed->reason.code == CloseCode::protocol_error);
  CHECK_FALSE(closed->by_peer);
  // The peer is told the same.
  const std::vector<Frame> heard = mallory.hear();
  REQUIRE_FALSE(heard.empty());
  CHECK(heard.back().kind == FrameKind::close);
  CHECK(as_text(heard.back().bytes) == closed->reason.sentence);
  return closed->reason.sentence;
}

using K = FrameKind;
Bytes frame(const Frame& f) { return RawPeer::frame(f); }

}  // namespace

TEST_CASE("Frames that are no frames end the link") {
  CHECK(after({Bytes{}}) == "a message of nothing");
  CHECK(after({Bytes{0}}) == "a frame of unknown kind 0");
  CHECK(after({Bytes{11}}) == "a frame of unknown kind 11");
  CHECK(after({Bytes{2}}) == "a frame that is cut off or has a number beyond its limit");
  CHECK(after({Bytes{9, 0, 5, 'a'}}) == "a frame that is cut off or has a number beyond its limit");
  CHECK(after({Bytes{9, 0x80, 0x00, 0}}) == "a frame that is cut off or has a number beyond its limit");
  CHECK(after({Bytes{9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}}) ==
        "a frame that is cut off or has a number beyond its limit");
  CHECK(after({frame({.kind = K::ready})}) == "the first frame, and only it, says ready");
  CHECK(after({frame({.kind = K::pong, .number = 1})}) == "the answer to a ping that was not sent");
}

TEST_CASE("A first message that does not say ready ends the link") {
  End bob(callee_settings(), 4);
  RawPeer mallory(bob, false);
  mallory.say({.kind = K::ping, .number = 1});
  CHECK(bob.closed_as() == "protocol_error");
}

TEST_CASE("Giant lengths end the link before anything is kept") {
  const Bytes big = letters(kMaxFragmentBytes + 1);
  CHECK(after({frame({.kind = K::last, .bytes = big})}) == "a frame with 16001 bytes");
  const Bytes label = letters(kMaxLabelBytes + 1);
  CHECK(after({frame({.kind = K::open, .channel = 1, .bytes = label})}) == "a frame with 65 bytes");
  const Bytes sentence = letters(kMaxSentenceBytes + 1);
  CHECK(after({frame({.kind = K::close, .bytes = sentence})}) == "a frame with 201 bytes");
  End bob(callee_settings(), 4);
  RawPeer mallory(bob);
  bob.link.received(Bytes(kMaxTransportMessage + 1), Time{});
  bob.collect();
  CHECK(bob.first<Closed>()->reason.sentence == "a message of 65536 bytes");
}

TEST_CASE("Channels are used as they were opened, or the link ends") {
  CHECK(after({frame({.kind = K::last, .channel = 1})}) == "a frame on channel 1, which is not open");
  CHECK(after({frame({.kind = K::credit, .channel = 1, .number = 1})}) == "a frame on channel 1, which is not open");
  CHECK(after({frame({.kind = K::open, .channel = 3, .bytes = as_bytes("x")})}) == "channel 3 was opened out of order");
  CHECK(after({frame({.kind = K::open, .channel = 2, .bytes = as_bytes("x")})}) == "channel 2 was opened out of order");
  const Bytes open = frame({.kind = K::open, .channel = 1, .bytes = as_bytes("x")});
  CHECK(after({open, open}) == "channel 1 was opened out of order");
  CHECK(after({frame({.kind = K::open, .channel = 1})}) == "a channel without a label");
  CHECK(after({frame({.kind = K::open, .channel = 1, .bytes = as_bytes("\n")})}) == "a channel without a label");
  const Bytes end = frame({.kind = K::end, .channel = 1});
  CHECK(after({open, end, end}) == "a frame on channel 1 after its end");
  CHECK(after({open, frame({.kind = K::part, .channel = 1, .bytes = as_bytes("x")}), end}) ==
        "a channel that ends within a message");
  CHECK(after({frame({.kind = K::end, .channel = 0})}) == "the end of channel 0");
  CHECK(after({frame({.kind = K::part})}) == "an empty part of a message");
}

TEST_CASE("More channels than the limit end the link") {
  std::vector<Bytes> messages;
  for (std::uint32_t i = 0; i <= kMaxChannels; ++i)
    messages.push_back(frame({.kind = K::open, .channel = 1 + 2 * i, .bytes = as_bytes("x")}));
  CHECK(after(messages) == "more than 64 channels were opened");
  messages.pop_back();
  CHECK(after(messages).empty());
}

TEST_CASE("A peer that sends beyond its credit is cut off") {
  // The callee grants up to its window as soon as it may speak; here it never does, so the initial credit counts.
  std::vector<Bytes> messages;
  std::uint64_t spent = 0;
  const Bytes text = letters(kMaxFragmentBytes);
  for (; spent + text.size() + kMessageCost <= kInitialCredit; spent += text.size() + kMessageCost)
    messages.push_back(frame({.kind = K::last, .bytes = text}));
  const auto left = static_cast<std::size_t>(kInitialCredit - spent - kMessageCost);
  messages.push_back(frame({.kind = K::last, .bytes = ByteView(text).first(left)}));
  CHECK(after(messages).empty());
  messages.back() = frame({.kind = K::last, .bytes = ByteView(text).first(left + 1)});
  CHECK(after(messages) == "more was sent on channel 0 than there was credit for");
}

TEST_CASE("Messages of nothing use up credit as well") {
  std::vector<Bytes> messages(1);
  for (std::uint64_t i = 0; i < kInitialCredit / kMessageCost; ++i) {
    const Bytes one = frame({.kind = K::last});
    messages[0].insert(messages[0].end(), one.begin(), one.end());
  }
  CHECK(after(messages).empty());
  messages.push_back(frame({.kind = K::last}));
  CHECK(after(messages) == "more was sent on channel 0 than there was credit for");
}

TEST_CASE("Credit of nothing or beyond all need ends the link") {
  CHECK(after({frame({.kind = K::credit, .number = 0})}) == "credit of nothing");
  CHECK(after({frame({.kind = K::credit, .number = kMaxCredit})}) == "credit beyond all need");
  CHECK(after({frame({.kind = K::credit, .number = kMaxCredit + 1})}) ==
        "a frame that is cut off or has a number beyond its limit");
}

TEST_CASE("A message beyond the limit ends the link when its first byte too many arrives") {
  End bob(callee_settings(), 4);
  RawPeer mallory(bob);
  const Bytes text = letters(kMaxFragmentBytes);
  std::uint64_t sent = 0;
  while (!bob.link.closed()) {
    REQUIRE(sent <= kMaxMessageBytes);
    mallory.say({.kind = K::part, .bytes = text});
    sent += text.size();
    if (!bob.link.closed()) (void)mallory.hear();  // the credit for more
  }
  CHECK(sent > kMaxMessageBytes);
  CHECK(bob.first<Closed>()->reason.sentence == "a message of more than 16777216 bytes");
}

TEST_CASE("Frames after the announcement of a new key end the link, and so does a key that is never renewed") {
  Bytes both = frame({.kind = K::rekey});
  both.push_back(static_cast<std::uint8_t>(K::ready));
  CHECK(after({both}) == "frames after a new key was announced");
  End bob(callee_settings(), 4);
  RawPeer mallory(bob);
  std::uint64_t said = 1;
  for (; !bob.link.closed() && said <= kMaxMessagesPerKey; ++said) mallory.say({.kind = K::ping, .number = 1});
  CHECK(said == kMaxMessagesPerKey + 1);
  CHECK(bob.first<Closed>()->reason.sentence == "a key that was used for too long");
}

TEST_CASE("A flood of pings is answered once") {
  End bob(callee_settings(), 4);
  RawPeer mallory(bob);
  for (std::uint64_t i = 0; i < 1'000; ++i) mallory.say({.kind = K::ping, .number = i});
  std::size_t pongs = 0;
  for (const Frame& f : mallory.hear()) pongs += f.kind == K::pong ? 1U : 0U;
  CHECK(pongs == 1);
}

TEST_CASE("Messages that are replayed, swapped or made up end an open link, and nobody is said to have broken rules") {
  for (const int what : {0, 1, 2}) {
    Pair pair;
    pair.open();
    std::vector<Bytes> sent;
    for (const char* text : {"one", "two"}) {
      REQUIRE(pair.alice.link.send(kControlChannel, Bytes(text, text + 3)).ok());
      for (Bytes& message : pair.alice.link.take_output(pair.now)) sent.push_back(std::move(message));
    }
    REQUIRE(sent.size() == 2);
    if (what == 0) pair.bob.link.received(sent[0], pair.now);
    pair.bob.link.received(what == 2 ? Bytes(40, 1) : sent[what], pair.now);
    pair.bob.collect();
    CHECK(pair.bob.closed_as() == "damaged");
    CHECK(pair.bob.all<Message>().size() == (what == 0 ? 1 : 0));
    pair.settle();
    CHECK(pair.alice.closed_as() == "damaged by peer");
  }
}

TEST_CASE("A bit that flips on the way, or a message of any length, is not held against the peer") {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kMaxTransportMessage, kMaxTransportMessage + 1}) {
    Pair pair;
    pair.open();
    pair.bob.link.received(Bytes(bytes, 7), pair.now);
    pair.bob.collect();
    CHECK(pair.bob.closed_as() == "damaged");
  }
  Pair pair;
  pair.open();
  REQUIRE(pair.alice.link.send(kControlChannel, Bytes(100, 1)).ok());
  for (Bytes& message : pair.alice.link.take_output(pair.now)) {
    message[message.size() / 2] ^= 4;
    pair.bob.link.received(message, pair.now);
  }
  pair.bob.collect();
  CHECK(pair.bob.closed_as() == "damaged");
}

TEST_CASE("Messages in any other order than their own are refused, whatever the order") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Pair pair(caller_settings(), callee_settings(), seed);
    pair.open();
    std::vector<Bytes> sent;
    for (std::uint8_t i = 0; i < 6; ++i) {
      REQUIRE(pair.alice.link.send(kControlChannel, Bytes(1 + random.below(300), i)).ok());
      for (Bytes& message : pair.alice.link.take_output(pair.now)) sent.push_back(std::move(message));
    }
    REQUIRE(sent.size() == 6);
    std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
    for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
    std::size_t in_order = 0;
    while (in_order < order.size() && order[in_order] == in_order) ++in_order;
    for (const std::size_t i : order) pair.bob.link.received(sent[i], pair.now);
    pair.bob.collect();
    CHECK(pair.bob.all<Message>().size() == in_order);
    CHECK(pair.bob.link.closed() == (in_order < order.size()));
  }
}
