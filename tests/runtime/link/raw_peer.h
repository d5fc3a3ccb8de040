// A caller that speaks honest Noise and then says whatever it likes: what Link itself would never send.
#pragma once

#include "runtime/base/varint.h"
#include "runtime/link/frame.h"
#include "runtime/noise/handshake_state.h"
#include "tests/runtime/link/pair.h"

namespace tlfs::link {

class RawPeer {
 public:
  // Calls a callee that was not started yet; the handshake is over afterwards, and the ready frame is said if asked
  // for.
  explicit RawPeer(End& callee, bool ready = true) : callee_(callee) {
    noise::HandshakeState noise = std::move(noise::HandshakeState::create(settings())).value();
    callee_.link.start(now);
    deliver({1, 1}, noise.write_message({}).value());
    const std::vector<Bytes> answer = callee_.link.take_output(now);
    TLFS_CHECK(answer.size() == 1, "a callee answers");
    TLFS_CHECK(noise.read_message(ByteView(answer[0]).subspan(1)).ok(), "the answer is Noise");
    Hello hello;
    hello.device = device(kMallory)->public_key();
    deliver({1}, noise.write_message(encode_hello(hello).value()).value());
    auto [sending, receiving] = noise.split();
    sending_ = std::move(sending);
    receiving_ = std::move(receiving);
    if (ready) say(frame({.kind = FrameKind::ready}));
  }

  static Bytes frame(const Frame& frame) {
    ByteWriter out;
    put_frame(out, frame);
    return out.take();
  }
  // One message of the transport with this inside.
  void say(ByteView plain) {
    Bytes sealed;
    TLFS_CHECK(sending_.encrypt({}, plain, sealed).ok(), "too long for a message");
    callee_.link.received(sealed, now);
    callee_.collect();
  }
  void say(const Frame& one) { say(frame(one)); }
  void rekey() { sending_.rekey(); }

  // What the callee says; the bytes of its frames live as long as this.
  std::vector<Frame> hear() {
    std::vector<Frame> frames;
    for (const Bytes& message : callee_.link.take_output(now)) {
      Bytes& plain = heard_.emplace_back();
      TLFS_CHECK(receiving_.decrypt({}, message, plain).ok(), "the callee's message opens");
      for (FrameReader reader(plain); !reader.at_end();) frames.push_back(reader.next().value());
    }
    return frames;
  }

  Time now{};

 private:
  static noise::HandshakeState::Settings settings() {
    noise::HandshakeState::Settings out;
    out.pattern = noise::parse_pattern("XX").value();
    constexpr std::string_view kPrologue = "tlfs link\x01\x01";
    out.prologue.assign(kPrologue.begin(), kPrologue.end());
    out.static_key = device(kMallory)->box_key();
    SeededRandom random(5);
    out.ephemeral_key = crypto::BoxKey::from_scalar(crypto::Secret::generate(random));
    return out;
  }
  void deliver(Bytes head, const Bytes& rest) {
    head.insert(head.end(), rest.begin(), rest.end());
    callee_.link.received(head, now);
    callee_.collect();
  }

  End& callee_;
  noise::CipherState sending_;
  noise::CipherState receiving_;
  std::deque<Bytes> heard_;
};

}  // namespace tlfs::link
