// Any bytes as an operation block: refused, or a batch within its scope that is written and read again as the same.
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/base/utf.h"
#include "tests/runtime/document/random_batch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  using namespace tlfs::document;
  using namespace tlfs::document::testing;
  // Three writers whose ids reached this replica in turns; the block is the first one's.
  IdSpace ids;
  for (std::uint8_t w = 1; w <= 3; ++w) ids.add_agent(writer_number(w));
  for (std::uint32_t turn = 0; turn < 30; ++turn) ids.append(turn % 3, turn / 3 * 7, 7);
  const BlockScope scope{0, ids.size(), 64};
  ids.append(0, 70, 64);
  const PlainWriters writers(ids);

  const auto batch = decode_block({data, size}, scope, ids, writers);
  if (!batch) {
    TLFS_CHECK(!batch.error().message().empty(), "an error without a message");
    return 0;
  }
  std::uint64_t next = scope.base;
  for (const Operation& op : batch->operations) {
    TLFS_CHECK(op.id >= next && op.count >= 1, "operations that do not ascend");
    next = std::uint64_t{op.id} + op.count;
    TLFS_CHECK(op.target < batch->targets.size(), "an operation without a target");
    TLFS_CHECK(op.parent == kNoLv || op.parent < ids.size(), "a parent out of range");
    TLFS_CHECK(op.subject == kNoLv || std::uint64_t{op.subject} + op.count <= ids.size(), "subjects out of range");
  }
  TLFS_CHECK(next <= ids.size() && is_valid_utf8(batch->text), "ids or text that may not be");
  const Bytes again = encode_block(*batch, scope, ids, writers);
  const auto second = decode_block(again, scope, ids, writers);
  TLFS_CHECK(second.ok(), "what was written cannot be read");
  TLFS_CHECK(meaning(*second) == meaning(*batch), "a batch that changes its meaning on the way");
  TLFS_CHECK(encode_block(*second, scope, ids, writers) == again, "two encodings of one batch");
  return 0;
}
