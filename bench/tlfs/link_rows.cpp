// What a link costs, both ends in memory on one thread. Known to nobody but whoever asks for it by name.
#include <memory>

#include "bench/tlfs/rows.h"
#include "runtime/link/link.h"

namespace tlfs::bench {
namespace {

using namespace link;

constexpr std::size_t kMessage = std::size_t{64} << 10;
constexpr std::size_t kMessages = 1'024;
constexpr std::size_t kHandshakes = 200;

struct Inputs {
  SeededRandom random{1};
  std::shared_ptr<const crypto::SigningKey> alice =
      std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
  std::shared_ptr<const crypto::SigningKey> bob =
      std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
};

struct Ends {
  Link caller;
  Link callee;

  Ends(Inputs& in, bool known)
      : caller(make(in, Link::Side::caller, known)), callee(make(in, Link::Side::callee, false)) {}
  static Link make(Inputs& in, Link::Side side, bool known) {
    Link::Settings settings;
    settings.side = side;
    settings.device = side == Link::Side::caller ? in.alice : in.bob;
    if (known) settings.peer = in.bob->public_key();
    return expect(Link::create(std::move(settings), in.random), "a link");
  }
  // Everything that one end has to say; how much that was.
  static std::size_t carry(Link& from, Link& to) {
    std::size_t bytes = 0;
    for (const Bytes& message : from.take_output(Time{})) {
      bytes += message.size();
      to.received(message, Time{});
    }
    return bytes;
  }
  bool shake() {
    caller.start(Time{});
    callee.start(Time{});
    while (carry(caller, callee) + carry(callee, caller) > 0) {
    }
    return caller.established() && callee.established();
  }
};

double handshake_us(Inputs& in, bool known) {
  const auto [ms, shaken] = timed([&] {
    std::size_t done = 0;
    for (std::size_t i = 0; i < kHandshakes; ++i) done += Ends(in, known).shake() ? 1U : 0U;
    return done;
  });
  require(shaken == kHandshakes, "a handshake failed");
  return 1e3 * ms / static_cast<double>(kHandshakes);
}

Sample handshakes(Inputs& in) {
  Sample sample;
  sample.value = handshake_us(in, false);
  sample.extra = {{"per_second", 1e6 / sample.value}, {"known_us", handshake_us(in, true)}};
  return sample;
}

Sample bulk(Inputs& in) {
  Ends ends(in, false);
  require(ends.shake(), "a handshake failed");
  (void)ends.callee.take_events();
  const Bytes message(kMessage, 7);
  const auto [ms, arrived] = timed([&] {
    std::size_t bytes = 0;
    std::size_t sent = 0;
    while (bytes < kMessage * kMessages) {
      while (sent < kMessages && ends.caller.queued_bytes() < 4 * kMessage && ++sent > 0)
        expect(ends.caller.send(kControlChannel, message), "a message");
      require(Ends::carry(ends.caller, ends.callee) > 0, "the link stands still");
      for (const Event& event : ends.callee.take_events()) {
        const Message& got = std::get<Message>(event);
        bytes += got.bytes.size();
        ends.callee.consumed(got.channel, got.bytes.size());
      }
      Ends::carry(ends.callee, ends.caller);
    }
    return bytes;
  });
  require(arrived == kMessage * kMessages, "something else arrived than was sent");
  Sample sample;
  sample.value = ms;
  sample.extra = {{"mb_per_s", static_cast<double>(arrived) / 1e3 / ms}};
  return sample;
}

}  // namespace

std::vector<Row> link_rows() {
  const auto inputs = [] { return std::make_shared<Inputs>(); };
  return {
      {.name = "link_bulk",
       .unit = "ms",
       .inside = "1,024 messages of 64 KiB on one channel: cut, encrypted, decrypted, put together, credit given back",
       .start = [=](const Arguments&) { return [in = inputs()] { return bulk(*in); }; }},
      {.name = "link_handshake",
       .unit = "us",
       .inside =
           "both ends of a handshake between strangers (XX), the mean of 200; extra: known_us with a known key (IK)",
       .start = [=](const Arguments&) { return [in = inputs()] { return handshakes(*in); }; }},
  };
}

}  // namespace tlfs::bench
