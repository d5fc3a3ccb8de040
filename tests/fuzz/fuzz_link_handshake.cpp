// Any bytes as messages of a handshake, to a callee, and to callers of each kind: a link ends with a reason, or waits
// for more; it is never established. The input is a row of messages, each with its length in two bytes before it.
#include <algorithm>

#include "runtime/base/check.h"
#include "tests/runtime/link/pair.h"

namespace {

using namespace tlfs;
using namespace tlfs::link;

Link::Settings settings_of(unsigned kind) {
  static const auto alice = device(kAlice);
  static const auto bob = device(kBob);
  Link::Settings settings;
  settings.side = kind == 0 ? Link::Side::callee : Link::Side::caller;
  settings.device = kind == 0 ? bob : alice;
  if (kind == 0) settings.find_invitation = [](ByteView) { return std::optional(invitation().secret.copy()); };
  if (kind == 2) settings.peer = bob->public_key();
  if (kind == 3) settings.invitation = invitation();
  return settings;
}

void try_as(unsigned kind, ByteView input) {
  End end(settings_of(kind), 7);
  end.link.start(Time{});
  constexpr int kMostMessages = 8;
  for (int i = 0; i < kMostMessages && input.size() >= 2; ++i) {
    const std::size_t length = std::min<std::size_t>(input[0] | (input[1] << 8), input.size() - 2);
    end.link.received(input.subspan(2, length), Time{});
    input = input.subspan(2 + length);
  }
  end.collect();
  TLFS_CHECK(end.first<Established>() == nullptr, "established by someone who knows no key");
  if (const Closed* closed = end.first<Closed>())
    TLFS_CHECK(!closed->reason.sentence.empty(), "an end without a sentence");
  TLFS_CHECK(end.link.closed() == (end.first<Closed>() != nullptr), "an end that nobody is told of");
  (void)end.link.take_output(Time{});
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (unsigned kind = 0; kind < 4; ++kind) try_as(kind, {data, size});
  (void)decode_hello({data, size}).ok();
  return 0;
}
