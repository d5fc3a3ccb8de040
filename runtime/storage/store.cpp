#include "runtime/storage/store.h"

namespace tlfs::storage {
namespace {

Count sum(const std::map<std::uint8_t, Count>& kinds) {
  Count total;
  for (const auto& [kind, count] : kinds) {
    total.records += count.records;
    total.bytes += count.bytes;
  }
  return total;
}

}  // namespace

Count DocumentStat::total() const { return sum(kinds); }

Count Stat::total() const {
  Count total = sum(node);
  for (const DocumentStat& document : documents) {
    const Count count = document.total();
    total.records += count.records;
    total.bytes += count.bytes;
  }
  return total;
}

std::string_view trouble_name(Finding::Trouble trouble) {
  switch (trouble) {
    case Finding::Trouble::corrupt_record:
      return "corrupt_record";
    case Finding::Trouble::lost_records:
      return "lost_records";
    case Finding::Trouble::other_records:
      return "other_records";
    case Finding::Trouble::unreadable:
      return "unreadable";
    case Finding::Trouble::lost_documents:
      return "lost_documents";
    case Finding::Trouble::bad_key:
      return "bad_key";
    case Finding::Trouble::set_aside:
      return "set_aside";
  }
  return "unknown";
}

}  // namespace tlfs::storage
