// Any bytes as an editing trace, packed or not: the reader refuses them or returns a trace that keeps its promises.
#include "bridges/cli/trace.h"
#include "runtime/base/utf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  const auto trace = cli::decode_trace({data, size});
  if (!trace) {
    TLFS_CHECK(!trace.error().message().empty(), "an error without a message");
    return 0;
  }
  TLFS_CHECK(is_valid_utf8(trace->start_content) && is_valid_utf8(trace->end_content), "contents are not UTF-8");
  std::size_t patches = 0;
  for (std::size_t i = 0; i < trace->transactions.size(); ++i) {
    const cli::TraceTransaction& t = trace->transactions[i];
    TLFS_CHECK(t.agent < trace->agents, "an agent out of range");
    for (const std::uint32_t parent : trace->parents_of(t)) TLFS_CHECK(parent < i, "a parent that does not precede");
    for (const cli::TracePatch& patch : trace->patches_of(t)) {
      TLFS_CHECK(is_valid_utf8(patch.inserted), "an insertion is not UTF-8");
      TLFS_CHECK(patch.position <= cli::kMaxTraceText && patch.deleted <= cli::kMaxTraceText, "a limit is not kept");
    }
    patches += t.patch_count;
  }
  TLFS_CHECK(patches == trace->patches.size(), "patches that belong to no transaction");
  return 0;
}
