// Messages on channels: fragments, credit, turns, ends.
#include <catch2/catch.hpp>

#include "tests/runtime/link/pair.h"

using namespace tlfs;
using namespace tlfs::link;

namespace {

Bytes text(std::size_t size, std::uint64_t seed) {
  SeededRandom random(seed);
  Bytes out(size);
  random.fill(out);
  return out;
}

// Deals with every message as it comes.
void consume(End& end) {
  for (const Message* message : end.all<Message>()) end.link.consumed(message->channel, message->bytes.size());
}

// Until all is said; both ends consume at once. The messages that bob got.
std::vector<Message> settle_consuming(Pair& pair) {
  std::vector<Message> got;
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t bytes = pair.carry(pair.alice, pair.bob) + pair.carry(pair.bob, pair.alice);
    for (End* end : {&pair.alice, &pair.bob}) {
      consume(*end);
      for (const Message* message : end->all<Message>())
        if (end == &pair.bob) got.push_back(*message);
      std::erase_if(end->events, [](const Event& event) { return std::holds_alternative<Message>(event); });
    }
    if (bytes == 0) return got;
  }
  FAIL("they never come to rest");
  return got;
}

}  // namespace

TEST_CASE("Messages of every size arrive whole and in order, also the largest and the empty one") {
  Pair pair;
  pair.open();
  std::vector<Bytes> sent;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kMaxFragmentBytes - 1, kMaxFragmentBytes, kMaxFragmentBytes + 1,
        std::size_t{65'500}, std::size_t{65'536}, std::size_t{300'000}, kMaxMessageBytes, std::size_t{0}}) {
    sent.push_back(text(size, size));
    REQUIRE(pair.alice.link.send(kControlChannel, sent.back()).ok());
  }
  const std::vector<Message> got = settle_consuming(pair);
  REQUIRE(got.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) CHECK((got[i].bytes == sent[i]));
  CHECK(pair.alice.link.queued_bytes() == 0);
  CHECK(pair.alice.link.send(kControlChannel, Bytes(kMaxMessageBytes + 1)).error().is(Errc::limit_exceeded));
}

TEST_CASE("No message of the transport is larger than it may be, and what is sent is little more than what is said") {
  Pair pair;
  pair.open();
  REQUIRE(pair.alice.link.send(kControlChannel, text(1'000'000, 1)).ok());
  std::size_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    for (const Bytes& message : pair.alice.link.take_output(pair.now)) {
      CHECK(message.size() <= kMaxTransportMessage);
      bytes += message.size();
      pair.bob.link.received(message, pair.now);
      pair.bob.collect();
    }
    pair.carry(pair.bob, pair.alice);
  }
  REQUIRE(pair.bob.all<Message>().size() == 1);
  CHECK(bytes < 1'002'000);
}

TEST_CASE("Either side opens channels; labels and messages come in the order in which they were sent") {
  Pair pair;
  pair.open();
  const ChannelId first = pair.alice.link.open_channel("first").value();
  REQUIRE(pair.alice.link.send(first, {1}).ok());
  const ChannelId second = pair.alice.link.open_channel("second").value();
  const ChannelId bobs = pair.bob.link.open_channel("bob's").value();
  REQUIRE(pair.bob.link.send(bobs, {2}).ok());
  CHECK(first != second);
  CHECK(first != bobs);
  pair.settle();
  REQUIRE(pair.bob.all<ChannelOpened>().size() == 2);
  CHECK(pair.bob.all<ChannelOpened>()[1]->channel == second);
  CHECK(pair.bob.all<ChannelOpened>()[1]->label == "second");
  CHECK(pair.bob.first<Message>()->channel == first);
  REQUIRE(pair.alice.first<ChannelOpened>() != nullptr);
  CHECK(pair.alice.first<ChannelOpened>()->label == "bob's");
  // Answers go back on the same channel.
  REQUIRE(pair.bob.link.send(first, {3}).ok());
  pair.settle();
  REQUIRE(pair.alice.all<Message>().size() == 2);
  CHECK(pair.alice.all<Message>()[1]->channel == first);
  CHECK(pair.alice.link.open_channel("").error().is(Errc::bad_settings));
  CHECK(pair.alice.link.send(99, {}).error().is(Errc::unknown_channel));
}

TEST_CASE("A sender stops when its credit is used up and goes on when the receiver has consumed") {
  Pair pair;
  pair.open();
  constexpr std::size_t kSize = 10'000;
  constexpr std::size_t kCount = 100;
  for (std::size_t i = 0; i < kCount; ++i) REQUIRE(pair.alice.link.send(kControlChannel, Bytes(kSize)).ok());
  pair.settle();
  const std::size_t got = pair.bob.all<Message>().size();
  CHECK(got == kDefaultWindow / (kSize + kMessageCost));
  CHECK(pair.alice.link.queued_bytes() > 0);
  CHECK(pair.alice.link.queued_bytes(kControlChannel) == pair.alice.link.queued_bytes());
  pair.settle();
  CHECK(pair.bob.all<Message>().size() == got);
  // Another channel is not held up by it.
  const ChannelId other = pair.alice.link.open_channel("other").value();
  REQUIRE(pair.alice.link.send(other, {1}).ok());
  pair.settle();
  CHECK(pair.bob.all<Message>().size() == got + 1);
  consume(pair.bob);
  pair.bob.events.clear();
  CHECK(got + 1 + settle_consuming(pair).size() == kCount + 1);
  CHECK(pair.alice.link.queued_bytes() == 0);
}

TEST_CASE("Large messages of many channels get beyond the window one after the other, and all arrive") {
  Pair pair;
  pair.open();
  constexpr std::size_t kSize = 3'000'000;
  constexpr std::size_t kChannels = 8;
  std::vector<ChannelId> channels;
  for (std::size_t i = 0; i < kChannels; ++i) {
    channels.push_back(pair.alice.link.open_channel("bulk").value());
    REQUIRE(pair.alice.link.send(channels.back(), text(kSize, i)).ok());
  }
  std::size_t most_unfinished = 0;
  std::size_t arrived = 0;
  std::uint64_t received = 0;
  for (int i = 0; i < 10'000 && arrived < kChannels; ++i) {
    received += pair.carry(pair.alice, pair.bob);
    pair.carry(pair.bob, pair.alice);
    arrived = pair.bob.all<Message>().size();
    most_unfinished = std::max(most_unfinished, static_cast<std::size_t>(received) - arrived * kSize);
  }
  REQUIRE(arrived == kChannels);  // although none of them was consumed
  CHECK(most_unfinished < kMaxMessageBytes + kChannels * kDefaultWindow);
  for (const Message* message : pair.bob.all<Message>()) {
    const auto at =
        static_cast<std::size_t>(std::find(channels.begin(), channels.end(), message->channel) - channels.begin());
    CHECK((message->bytes == text(kSize, at)));
  }
}

TEST_CASE("A receiver that consumes nothing holds a bounded amount") {
  Pair pair;
  pair.open();
  // As many large messages, each on a channel of its own, as the sender's queue takes.
  for (bool room = true; room;) {
    const ChannelId id = pair.alice.link.open_channel("more").value();
    room = pair.alice.link.send(id, Bytes(kMaxMessageBytes - 100)).ok();
    pair.settle();
  }
  std::size_t held = 0;
  for (const Message* message : pair.bob.all<Message>()) held += message->bytes.size();
  CHECK(held <= kMaxUnconsumed + kMaxMessageBytes);
  CHECK(pair.alice.link.queued_bytes() > 0);
  consume(pair.bob);
  pair.bob.events.clear();
  CHECK(settle_consuming(pair).size() > 0);
  CHECK(pair.alice.link.queued_bytes() == 0);
}

TEST_CASE("Channels take turns: a small message does not wait for a large one, and equals get equal shares") {
  Link::Settings caller = caller_settings();
  Link::Settings callee = callee_settings();
  callee.window = std::uint64_t{8} << 20;
  Pair pair(std::move(caller), std::move(callee));
  pair.open();
  std::vector<ChannelId> channels;
  for (int i = 0; i < 4; ++i) channels.push_back(pair.alice.link.open_channel("share").value());
  pair.settle();
  // Two send large messages, two send many small ones.
  for (int i = 0; i < 2; ++i) REQUIRE(pair.alice.link.send(channels[static_cast<std::size_t>(i)], Bytes(4 << 20)).ok());
  for (int i = 0; i < 20'000; ++i)
    REQUIRE(pair.alice.link.send(channels[2 + static_cast<std::size_t>(i) % 2], Bytes(200)).ok());
  const auto left = [&](std::size_t i) { return pair.alice.link.queued_bytes(channels[i]); };
  const std::size_t before[] = {left(0), left(1), left(2), left(3)};
  for (int i = 0; i < 10; ++i) pair.carry(pair.alice, pair.bob, 400'000);
  std::size_t least = ~std::size_t{0};
  std::size_t most = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    least = std::min(least, before[i] - left(i));
    most = std::max(most, before[i] - left(i));
  }
  CHECK(least > 500'000);
  CHECK(most - least < 200'000);  // what a small message costs counts too
  const ChannelId late = pair.alice.link.open_channel("late").value();
  REQUIRE(pair.alice.link.send(late, {9}).ok());
  pair.carry(pair.alice, pair.bob, 1);
  pair.carry(pair.alice, pair.bob, 1);
  const auto messages = pair.bob.all<Message>();
  CHECK(std::any_of(messages.begin(), messages.end(), [&](const Message* m) { return m->channel == late; }));
}

TEST_CASE("A channel ends when both sides have ended it, and its place is free again") {
  Pair pair;
  pair.open();
  for (int round = 0; round < 3; ++round) {
    std::vector<ChannelId> channels;
    for (std::size_t i = 0; i < kMaxChannels; ++i) channels.push_back(pair.alice.link.open_channel("x").value());
    CHECK(pair.alice.link.open_channel("x").error().is(Errc::limit_exceeded));
    pair.settle();
    for (const ChannelId id : channels) {
      REQUIRE(pair.alice.link.send(id, {1, 2}).ok());
      REQUIRE(pair.alice.link.close_channel(id).ok());
      CHECK(pair.alice.link.send(id, {}).error().is(Errc::closed));
      CHECK(pair.alice.link.close_channel(id).error().is(Errc::closed));
    }
    pair.settle();
    CHECK(pair.bob.all<Message>().size() == kMaxChannels);  // what was sent before the end has come
    CHECK(pair.bob.all<ChannelEnded>().size() == kMaxChannels);
    for (const ChannelId id : channels) {
      REQUIRE(pair.bob.link.send(id, {3}).ok());  // the other direction is still there
      REQUIRE(pair.bob.link.close_channel(id).ok());
    }
    pair.settle();
    CHECK(pair.alice.all<Message>().size() == kMaxChannels);
    CHECK(pair.alice.all<ChannelEnded>().size() == kMaxChannels);
    consume(pair.alice);  // after the end as well
    consume(pair.bob);
    pair.alice.events.clear();
    pair.bob.events.clear();
    CHECK(pair.alice.link.send(channels[0], {}).error().is(Errc::unknown_channel));
  }
  CHECK_FALSE(pair.alice.link.closed());
  CHECK_FALSE(pair.bob.link.closed());
  CHECK(pair.alice.link.close_channel(kControlChannel).error().is(Errc::bad_settings));
}

TEST_CASE("What waits to be sent has a limit") {
  Pair pair;
  pair.open();
  for (int i = 0; i < 3; ++i) REQUIRE(pair.alice.link.send(kControlChannel, Bytes(kMaxMessageBytes)).ok());
  CHECK(pair.alice.link.send(kControlChannel, {1}).error().is(Errc::queue_full));
  Pair many;
  many.open();
  for (std::size_t i = 0; i < kMaxQueuedMessages; ++i) REQUIRE(many.alice.link.send(kControlChannel, {}).ok());
  CHECK(many.alice.link.send(kControlChannel, {}).error().is(Errc::queue_full));
}

TEST_CASE("Saying that more was consumed than was received is a bug of the caller") {
  Pair pair;
  pair.open();
  CHECK_THROWS(pair.alice.link.consumed(kControlChannel, 1));
  CHECK_THROWS(pair.alice.link.consumed(17, 1));
}

TEST_CASE("Before the handshake has ended nothing can be sent") {
  Pair pair;
  pair.start();
  CHECK(pair.alice.link.send(kControlChannel, {}).error().is(Errc::not_established));
  CHECK(pair.alice.link.open_channel("x").error().is(Errc::not_established));
}

TEST_CASE("Random traffic on random channels both ways arrives whole") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Link::Settings callee = callee_settings();
    callee.window = kMinWindow;
    Pair pair(caller_settings(), std::move(callee), seed);
    pair.open();
    std::map<ChannelId, std::vector<Bytes>> sent;
    std::map<ChannelId, std::vector<Bytes>> got;
    std::vector<ChannelId> channels = {kControlChannel};
    const auto note = [&] {
      for (const Message* message : pair.bob.all<Message>()) got[message->channel].push_back(message->bytes);
      consume(pair.bob);
      pair.bob.events.clear();
    };
    for (int step = 0; step < 200; ++step) {
      if (random.chance(0.05) && channels.size() < 20) channels.push_back(pair.alice.link.open_channel("r").value());
      const ChannelId id = channels[random.below(channels.size())];
      Bytes message = text(random.chance(0.1) ? random.below(200'000) : random.below(2'000), random.next());
      sent[id].push_back(message);
      REQUIRE(pair.alice.link.send(id, std::move(message)).ok());
      if (random.chance(0.3)) pair.carry(pair.alice, pair.bob, 1 + random.below(100'000));
      if (random.chance(0.3)) pair.carry(pair.bob, pair.alice);
      if (random.chance(0.2)) note();
    }
    for (int i = 0; i < 1'000 && pair.alice.link.queued_bytes() > 0; ++i) {
      pair.settle();
      note();
    }
    pair.settle();
    note();
    CHECK((got == sent));
  }
}
