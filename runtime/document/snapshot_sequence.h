// A sequence as rows of bytes, one row per span, in order; the form it has in a snapshot. runtime/document/README.md
// describes the rows.
//
// Checking rows costs one pass and no memory but a bit per id, so that a snapshot can promise that all its sequences
// are sound and still build only those that are touched.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "runtime/base/varint.h"
#include "runtime/document/sequence.h"

namespace tlfs::document {

// The spans of a sequence, joined where they continue each other.
std::vector<Span> joined_spans(const Sequence& sequence);

// Appends the rows of spans that are a whole sequence.
void write_rows(Bytes& out, std::span<const Span> spans);

// The ids that sequences have taken so far, so that none takes one twice.
class TakenIds {
 public:
  // Ids are below `end`. False when one of them is taken or not below the end.
  explicit TakenIds(Lv end) : end_(end), pages_(end / kPage + 1) {}
  bool take(Lv first, std::uint32_t count);

 private:
  static constexpr std::uint32_t kPage = 1u << 15;
  using Page = std::array<std::uint64_t, kPage / 64>;
  Lv end_;
  std::vector<std::unique_ptr<Page>> pages_;
};

struct RowCounts {
  std::uint64_t spans = 0;
  std::uint64_t items = 0;  // tombstones included
  std::uint64_t visible = 0;
};

// Checks rows from outside: what is wrong with them, or null.
const char* check_rows(ByteView rows, bool text, TakenIds& taken, RowCounts& counts);

// Builds a sequence from rows that were checked, and from its visible text.
void build_rows(ByteView rows, std::string_view text, Sequence& empty);

// A text of a snapshot. The bytes that it shares live as long as any of them.
class SnapshotText final : public SequenceSource {
 public:
  SnapshotText(std::shared_ptr<const void> bytes, ByteView rows, std::string_view text, TextLength length)
      : bytes_(std::move(bytes)), rows_(rows), text_(text), length_(length) {}
  std::uint64_t visible() const override { return length_.code_points; }
  std::uint64_t utf16() const override { return length_.utf16; }
  std::string_view text() const override { return text_; }
  void build(Sequence& empty) const override { build_rows(rows_, text_, empty); }

 private:
  std::shared_ptr<const void> bytes_;
  ByteView rows_;
  std::string_view text_;
  TextLength length_;
};

}  // namespace tlfs::document
