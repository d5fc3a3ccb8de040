// Any bytes as what a peer with a valid key says after the handshake. The link ends with a reason or goes on; what it
// hands out is within its limits. The input is a row of messages, each with its length in two bytes before it.
#include <algorithm>

#include "runtime/base/check.h"
#include "tests/runtime/link/raw_peer.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  using namespace tlfs::link;
  static const auto bob = device(kBob);
  Link::Settings settings;
  settings.side = Link::Side::callee;
  settings.device = bob;
  End end(std::move(settings), 4);
  RawPeer mallory(end);
  TLFS_CHECK(end.link.send(kControlChannel, Bytes(100'000)).ok(), "an open link sends");
  ByteView input(data, size);
  constexpr std::size_t kMostPlain = kMaxTransportMessage - noise::kTagBytes;
  while (input.size() >= 2 && !end.link.closed()) {
    const std::size_t wanted = input[0] | (input[1] << 8);
    const std::size_t length = std::min({wanted, input.size() - 2, kMostPlain});
    const ByteView plain = input.subspan(2, length);
    mallory.say(plain);
    // The peer goes on under the key that it has announced.
    if (!plain.empty() && plain.back() == static_cast<std::uint8_t>(FrameKind::rekey)) mallory.rekey();
    input = input.subspan(2 + length);
    (void)mallory.hear();
  }
  std::size_t bytes = 0;
  for (const Event& event : end.events) {
    if (const Message* message = std::get_if<Message>(&event)) {
      bytes += message->bytes.size();
      TLFS_CHECK(message->bytes.size() <= kMaxMessageBytes, "a message beyond its limit");
    }
    if (const ChannelOpened* opened = std::get_if<ChannelOpened>(&event))
      TLFS_CHECK(!opened->label.empty() && opened->label.size() <= kMaxLabelBytes, "a label beyond its limit");
  }
  TLFS_CHECK(bytes <= size, "more came out than was sent");
  TLFS_CHECK(end.all<Closed>().size() == (end.link.closed() ? 1U : 0U), "an end that nobody is told of");
  return 0;
}
