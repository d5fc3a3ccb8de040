#include "runtime/document/snapshot_sequence.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/document/column.h"

namespace tlfs::document {
namespace {

// The head byte of a row. Its low bits say where the span's first item was placed.
enum PlaceCode : std::uint8_t {
  kAfterPrevious = 0,  // right child of the previous span's last item; the first span: of the beginning
  kBeforeNext = 1,     // left child of the next span's first item
  kBeginning = 2,      // right child of the beginning
  kRightOf = 3,        // right child of an item of an earlier span: spans back, items from its end
  kLeftOf = 4,         // left child of an item of a later span: spans ahead, items from its beginning
};
constexpr std::uint8_t kPlaceMask = 0x07;
constexpr std::uint8_t kVisible = 0x08;
constexpr std::uint8_t kInserted = 0x10;
constexpr std::uint8_t kRestored = 0x20;
constexpr std::uint8_t kSingle = 0x40;  // its length is 1 and left out

bool continues(const Span& left, const Span& right) {
  return right.id == left.id + left.length && right.parent == right.id - 1 && right.side == Side::right &&
         left.visible == right.visible && left.inserted == right.inserted && left.restored == right.restored;
}

struct Row {
  std::uint8_t head;
  std::uint32_t length;
  std::uint64_t id;
  std::uint64_t distance = 0;
  std::uint64_t offset = 0;
};

// The next row; `expected` is the id after the previous span's last.
Row read_row(ByteReader& in, std::uint64_t expected) {
  Row row{};
  row.head = in.u8();
  row.length = (row.head & kSingle) != 0 ? 1 : static_cast<std::uint32_t>(in.bounded(kMaxOperations));
  row.id = expected + static_cast<std::uint64_t>(in.signed_varint());
  if (const std::uint8_t place = row.head & kPlaceMask; place >= kRightOf) {
    row.distance = in.varint();
    row.offset = in.varint();
  }
  return row;
}

}  // namespace

std::vector<Span> joined_spans(const Sequence& sequence) {
  std::vector<Span> spans;
  sequence.for_each_span([&](const Span& s, std::string_view) {
    if (!spans.empty() && continues(spans.back(), s)) {
      spans.back().length += s.length;
    } else {
      spans.push_back(s);
    }
  });
  return spans;
}

void write_rows(Bytes& out, std::span<const Span> spans) {
  // For the places that are far away: spans by id.
  std::vector<std::uint32_t> by_id;
  const auto holding = [&](Lv id) {
    if (by_id.empty()) {
      for (std::uint32_t i = 0; i < spans.size(); ++i) by_id.push_back(i);
      std::sort(by_id.begin(), by_id.end(),
                [&](std::uint32_t a, std::uint32_t b) { return spans[a].id < spans[b].id; });
    }
    auto after =
        std::upper_bound(by_id.begin(), by_id.end(), id, [&](Lv v, std::uint32_t i) { return v < spans[i].id; });
    TLFS_CHECK(after != by_id.begin(), "a sequence without the parent of one of its items");
    return *(after - 1);
  };
  std::uint64_t expected = 0;
  for (std::uint32_t i = 0; i < spans.size(); ++i) {
    const Span& s = spans[i];
    std::uint8_t head = (s.visible ? kVisible : 0) | (s.inserted ? kInserted : 0) | (s.restored ? kRestored : 0) |
                        (s.length == 1 ? kSingle : 0);
    std::uint64_t distance = 0;
    std::uint64_t offset = 0;
    if (s.side == Side::right) {
      const Lv previous = i == 0 ? kNoLv : spans[i - 1].id + spans[i - 1].length - 1;
      if (s.parent == previous) {
        head |= kAfterPrevious;
      } else if (s.parent == kNoLv) {
        head |= kBeginning;
      } else {
        const std::uint32_t at = holding(s.parent);
        head |= kRightOf;
        distance = i - at;
        offset = spans[at].length - 1 - (s.parent - spans[at].id);
      }
    } else if (i + 1 < spans.size() && s.parent == spans[i + 1].id) {
      head |= kBeforeNext;
    } else {
      const std::uint32_t at = holding(s.parent);
      head |= kLeftOf;
      distance = at - i;
      offset = s.parent - spans[at].id;
    }
    out.push_back(head);
    if (s.length != 1) put_varint(out, s.length);
    put_varint(out, zigzag(static_cast<std::int64_t>(s.id) - static_cast<std::int64_t>(expected)));
    if ((head & kPlaceMask) >= kRightOf) {
      put_varint(out, distance);
      put_varint(out, offset);
    }
    expected = std::uint64_t{s.id} + s.length;
  }
}

bool TakenIds::take(Lv first, std::uint32_t count) {
  if (first >= end_ || count > end_ - first) return false;
  while (count > 0) {
    auto& page = pages_[first / kPage];
    if (!page) page = std::make_unique<Page>();
    const std::uint32_t bit = first % 64;
    const std::uint32_t n = std::min(count, 64 - bit);
    const std::uint64_t mask = (n == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1) << bit;
    std::uint64_t& word = (*page)[first % kPage / 64];
    if ((word & mask) != 0) return false;
    word |= mask;
    first += n;
    count -= n;
  }
  return true;
}

const char* check_rows(ByteView rows, bool text, TakenIds& taken, RowCounts& counts) {
  ByteReader in(rows);
  std::vector<std::uint32_t> lengths;
  lengths.reserve(rows.size() / 3 + 1);
  struct Ahead {
    std::uint64_t span, offset;
  };
  std::vector<Ahead> ahead;  // references to spans that are not read yet
  std::uint64_t expected = 0;
  counts = {};
  while (!in.at_end()) {
    const Row row = read_row(in, expected);
    if (in.failed()) return "a row is cut off";
    if ((row.head & 0x80) != 0 || (row.head & kPlaceMask) > kLeftOf) return "a row of unknown form";
    if (row.length == 0 || (row.length == 1 && (row.head & kSingle) == 0)) return "a row of wrong length";
    if (row.id >= kMaxOperations || !taken.take(static_cast<Lv>(row.id), row.length))
      return "an id that no change has or that is there twice";
    const bool visible = (row.head & kVisible) != 0;
    const bool alive = (row.head & (kInserted | kRestored)) != 0;
    if (text ? visible != alive : alive) return "an item that is alive in an impossible way";
    switch (row.head & kPlaceMask) {
      case kBeforeNext:
        ahead.push_back({counts.spans + 1, 0});
        break;
      case kRightOf:
        if (row.distance == 0 || row.distance > counts.spans || row.offset >= lengths[counts.spans - row.distance])
          return "a place beside an item that is not there";
        break;
      case kLeftOf:
        if (row.distance == 0 || row.distance > rows.size()) return "a place beside an item that is not there";
        ahead.push_back({counts.spans + row.distance, row.offset});
        break;
      default:
        break;
    }
    lengths.push_back(row.length);
    ++counts.spans;
    counts.items += row.length;
    if (visible) counts.visible += row.length;
    expected = row.id + row.length;
  }
  for (const Ahead& a : ahead)
    if (a.span >= lengths.size() || a.offset >= lengths[a.span]) return "a place beside an item that is not there";
  return nullptr;
}

namespace {

Span span_of(const Row& row) {
  Span s{.id = static_cast<Lv>(row.id), .length = row.length};
  s.visible = (row.head & kVisible) != 0;
  s.inserted = (row.head & kInserted) != 0;
  s.restored = (row.head & kRestored) != 0;
  return s;
}

// Hands spans with their visible text on, in order.
class Builder {
 public:
  Builder(Sequence& to, std::string_view text, std::uint64_t visible)
      : to_(to), text_(text), wide_(text.size() != visible) {}
  void add(const Span& s) {
    std::size_t bytes = 0;
    if (s.visible && !text_.empty()) bytes = wide_ ? byte_offset_of_code_point(text_, s.length) : s.length;
    to_.build_append(s, text_.substr(0, bytes));
    text_.remove_prefix(bytes);
  }

 private:
  Sequence& to_;
  std::string_view text_;
  bool wide_;  // not one byte per item
};

// As most lists are: every run stands directly behind the one before.
bool build_list(ByteView rows, Sequence& empty) {
  ByteReader in(rows);
  std::uint64_t expected = 0;
  while (!in.at_end()) {
    const Row row = read_row(in, expected);
    if ((row.head & kPlaceMask) != kAfterPrevious) return false;
    expected = row.id + row.length;
  }
  in = ByteReader(rows);
  expected = 0;
  Lv last = kNoLv;
  while (!in.at_end()) {
    const Row row = read_row(in, expected);
    Span s = span_of(row);
    s.parent = s.anchor = last;
    empty.build_append(s, {});
    last = s.id + s.length - 1;
    expected = row.id + row.length;
  }
  return true;
}

}  // namespace

void build_rows(ByteView rows, std::string_view text, Sequence& empty) {
  if (text.empty() && build_list(rows, empty)) return;
  std::vector<Span> spans;
  spans.reserve(rows.size() / 3 + 1);
  struct Ahead {
    std::uint32_t from, to, offset;
  };
  std::vector<Ahead> ahead;
  ByteReader in(rows);
  std::uint64_t expected = 0;
  std::uint64_t visible = 0;
  while (!in.at_end()) {
    const Row row = read_row(in, expected);
    const auto at = static_cast<std::uint32_t>(spans.size());
    Span s = span_of(row);
    switch (row.head & kPlaceMask) {
      case kAfterPrevious:
        if (at > 0) s.parent = spans.back().id + spans.back().length - 1;
        break;
      case kRightOf: {
        const Span& there = spans[at - row.distance];
        s.parent = there.id + there.length - 1 - static_cast<std::uint32_t>(row.offset);
        break;
      }
      case kBeforeNext:
        ahead.push_back({at, at + 1, 0});
        break;
      case kLeftOf:
        ahead.push_back({at, at + static_cast<std::uint32_t>(row.distance), static_cast<std::uint32_t>(row.offset)});
        break;
      default:
        break;
    }
    s.anchor = s.parent;  // of right children
    visible += s.visible ? s.length : 0;
    spans.push_back(s);
    expected = row.id + row.length;
  }
  // A left child has its parent's anchor, which is known once everything behind it is.
  for (auto a = ahead.rbegin(); a != ahead.rend(); ++a) {
    Span& s = spans[a->from];
    const Span& there = spans[a->to];
    s.side = Side::left;
    s.parent = there.id + a->offset;
    s.anchor = a->offset > 0 ? s.parent - 1 : there.anchor;
  }
  Builder builder(empty, text, visible);
  for (const Span& s : spans) builder.add(s);
}

}  // namespace tlfs::document
