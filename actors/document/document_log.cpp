#include "actors/document/document_log.h"

#include <iterator>

namespace tlfs::document_actor {

Result<LogContents> MemoryLog::load() const {
  const std::lock_guard lock(mutex_);
  return contents_;
}

Status MemoryLog::append(LogRecord record) {
  const std::lock_guard lock(mutex_);
  contents_.revision = record.revision;
  remember({record.write, record.revision});
  contents_.unsealed.push_back(std::move(record));
  return {};
}

Status MemoryLog::seal(std::vector<document::Change> changes, std::uint64_t incarnation, DoneWrite done) {
  const std::lock_guard lock(mutex_);
  contents_.changes.insert(contents_.changes.end(), std::make_move_iterator(changes.begin()),
                           std::make_move_iterator(changes.end()));
  contents_.unsealed.clear();
  contents_.incarnation = incarnation;
  contents_.revision = done.revision;
  remember(done);
  return {};
}

Status MemoryLog::note(DoneWrite done) {
  const std::lock_guard lock(mutex_);
  remember(done);
  return {};
}

void MemoryLog::remember(const DoneWrite& done) {
  if (!done.write.named()) return;
  // Twice the number, so that forgetting costs little.
  if (contents_.done.size() >= 2 * kMaxDoneWrites)
    contents_.done.erase(contents_.done.begin(), contents_.done.begin() + kMaxDoneWrites);
  contents_.done.push_back(done);
}

}  // namespace tlfs::document_actor
