// Any bytes as the messages of a peer about differing documents: each is refused in words, or understood and the same
// again when written back; and a session that hears them one after the other keeps its budget.
//
//   input       a byte that is odd when the session begins itself, then messages,
//               each behind its length in two bytes, the low one first
#include <algorithm>
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/sync/difference_index.h"
#include "runtime/sync/difference_session.h"

namespace {

using namespace tlfs;
using namespace tlfs::sync;

constexpr std::uint8_t kDocuments = 200;

struct Node {
  DocumentIndex index;
  DocumentIndex::Linked* linked = nullptr;
};

std::array<std::uint8_t, 32> counted(std::uint8_t n) {
  std::array<std::uint8_t, 32> out{};
  out[0] = n;
  return out;
}

Node make_node() {
  Node node;
  const auto own = crypto::SigningKey::from_seed(counted(1)), peer = crypto::SigningKey::from_seed(counted(2));
  for (std::uint8_t n = 0; n < kDocuments; ++n) {
    node.index.put(counted(n), counted(n));
    node.index.allow(counted(n), peer.public_key());
  }
  node.linked = &node.index.link(peer.public_key(), PairKey::between(own.box_key(), peer.public_key()).value());
  return node;
}

void hear(DifferenceSession& session, ByteView message) {
  if (const auto understood = decode_difference(message)) {
    const Bytes again = encode_difference(*understood);
    const auto back = decode_difference(again);
    TLFS_CHECK(back.ok() && encode_difference(*back) == again, "a message is another one when written back");
  }
  const auto heard = session.received(message);
  TLFS_CHECK(heard.ok() || !heard.error().message().empty(), "a refusal without words");
  const std::size_t most = kBaseBytes + kDocuments * kBytesPerDocument + kMaxUnknown * kBytesPerUnknown;
  TLFS_CHECK(session.cost().bytes <= most + 2 * kMaxDifferenceBytes, "more than the budget");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Node node = make_node();
  DifferenceSession session(node.linked->key, node.linked->tree, node.index.documents());
  ByteView input(data, size);
  if (input.empty()) return 0;
  if (input[0] % 2 == 1) (void)session.start();
  input = input.subspan(1);
  while (input.size() >= 2) {
    const std::size_t length = std::min<std::size_t>(input[0] | input[1] << 8, input.size() - 2);
    hear(session, input.subspan(2, length));
    input = input.subspan(2 + length);
  }
  return 0;
}
