// What a document actor has promised: everything it acknowledged, kept outside of it so that its next incarnation can
// go on.
//
// One log per document. A document actor writes what it did before it tells anybody. The durable log will be the store;
// this interface is the place where it plugs in.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "actors/document/protocol.h"

namespace tlfs::document_actor {

// A local transaction that is in no change yet.
struct LogRecord {
  document::Document::Logged transaction;
  std::uint64_t revision = 0;  // that it led to
  WriteId write;
};

// A named write that was done, and what it led to.
struct DoneWrite {
  WriteId write;
  std::uint64_t revision = 0;  // of the document after it
};

inline constexpr std::size_t kMaxDoneWrites = 4096;  // remembered; the oldest are forgotten

struct LogContents {
  std::vector<document::Change> changes;  // sealed, own and others', in causal order
  std::vector<LogRecord> unsealed;        // by the writer's incarnation below
  std::uint64_t incarnation = 0;          // of the writer
  std::uint64_t revision = 0;
  std::vector<DoneWrite> done;  // oldest first
};

class DocumentLog {
 public:
  virtual ~DocumentLog() = default;
  virtual Result<LogContents> load() const = 0;
  virtual Status append(LogRecord record) = 0;
  // Changes that are new, in causal order; the writer goes on in `incarnation`. All records that were appended are in
  // one of them, and so is the write `done`, if it is named.
  virtual Status seal(std::vector<document::Change> changes, std::uint64_t incarnation, DoneWrite done) = 0;
  // A named write that changed nothing.
  virtual Status note(DoneWrite done) = 0;
};

// In the memory of this process. Thread-safe.
class MemoryLog final : public DocumentLog {
 public:
  Result<LogContents> load() const override;
  Status append(LogRecord record) override;
  Status seal(std::vector<document::Change> changes, std::uint64_t incarnation, DoneWrite done) override;
  Status note(DoneWrite done) override;

 private:
  void remember(const DoneWrite& done);

  mutable std::mutex mutex_;
  LogContents contents_;
};

}  // namespace tlfs::document_actor
