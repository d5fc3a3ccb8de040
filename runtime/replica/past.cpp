#include "runtime/replica/past.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/varint.h"

namespace tlfs::replica {

using document::Change;

std::vector<HistoryPart> split(HistoryPart::Kind kind, ByteView bytes) {
  std::vector<HistoryPart> out;
  const std::size_t parts = std::max<std::size_t>(1, (bytes.size() + kPartBytes - 1) / kPartBytes);
  for (std::size_t i = 0; i < parts; ++i) {
    HistoryPart p;
    p.kind = kind;
    p.part = static_cast<std::uint32_t>(i);
    p.parts = static_cast<std::uint32_t>(parts);
    const ByteView piece = bytes.subspan(i * kPartBytes, std::min(kPartBytes, bytes.size() - i * kPartBytes));
    p.bytes.assign(piece.begin(), piece.end());
    out.push_back(std::move(p));
  }
  return out;
}

Bytes encode_group(const std::vector<Change>& changes) {
  ByteWriter out;
  for (const Change& c : changes) out.bytes(document::encode_change(c));
  return compress(out.view());
}

Result<std::vector<Change>> decode_group(ByteView bytes) {
  const Result<Bytes> plain = decompress(bytes, kMaxGroupBytes);
  if (!plain) return plain.error();
  std::vector<Change> out;
  ByteReader in(*plain);
  while (!in.at_end()) {
    const ByteView encoded = in.bytes();
    if (in.failed()) return Error(Errc::damaged, "a group of changes is cut off");
    Result<Change> c = document::decode_change(encoded);
    if (!c) return c.error();
    out.push_back(std::move(*c));
  }
  return out;
}

Past::Past(const std::map<std::uint64_t, HistoryPart>& parts, std::vector<std::string> lost)
    : here_(true), damaged_(!lost.empty()), lost_(std::move(lost)) {
  std::optional<Segment> open;
  std::uint64_t next = 0;
  std::uint32_t next_part = 0;
  std::uint32_t expected = 0;
  for (const auto& [number, p] : parts) {
    if (open && (number != next || p.part != next_part || p.parts != expected || p.kind != open->kind)) {
      damaged_ = true;
      open.reset();
    }
    if (!open) {
      if (p.part != 0) {
        damaged_ = true;
        continue;
      }
      open.emplace().kind = p.kind;
      open->number = number;
      next_part = 0;
      expected = p.parts;
    }
    open->bytes.insert(open->bytes.end(), p.bytes.begin(), p.bytes.end());
    next = number + 1;
    if (++next_part == expected) {
      segments_.push_back(std::move(*open));
      open.reset();
    }
  }
  damaged_ = damaged_ || open.has_value();
}

void Past::add(HistoryPart::Kind kind, Bytes bytes) {
  if (!here_) return;
  segments_.emplace_back().kind = kind;
  segments_.back().bytes = std::move(bytes);
}

void Past::replace_all(Bytes archive) {
  here_ = true;
  damaged_ = false;
  lost_.clear();
  segments_.clear();
  changes_.clear();
  by_hash_.clear();
  add(HistoryPart::Kind::archive, std::move(archive));
}

Status Past::read(Segment& segment) {
  if (segment.read) return {};
  TLFS_CHECK(segment.kind == HistoryPart::Kind::group || unarchive_, "an archive is read by its document");
  Result<std::vector<Change>> changes =
      segment.kind == HistoryPart::Kind::group ? decode_group(segment.bytes) : unarchive_(segment.bytes);
  if (!changes) {
    damaged_ = true;
    return changes.error().within("history record " + std::to_string(segment.number));
  }
  segment.read = true;
  segment.first = changes_.size();
  segment.count = changes->size();
  Bytes().swap(segment.bytes);
  for (Change& c : *changes) {
    by_hash_[c.hash] = changes_.size();
    changes_.push_back(std::move(c));
  }
  return {};
}

Result<Change> Past::find(const document::ChangeHash& hash) {
  if (!here_) throw HistoryNeeded();
  std::string why;
  for (std::size_t i = 0; i < std::min(lost_.size(), kMaxNamedLost); ++i) why += (i > 0 ? ", " : ": ") + lost_[i];
  if (lost_.size() > kMaxNamedLost) why += " and more";
  // The latest first: they are asked for most, and an archive costs most.
  for (auto s = segments_.rbegin();; ++s) {
    if (const auto at = by_hash_.find(hash); at != by_hash_.end()) return changes_[at->second];
    if (s == segments_.rend()) break;
    if (Status done = read(*s); !done) why += (why.empty() ? ": " : ", ") + done.error().message();
  }
  return Error(Errc::damaged, "change " + to_hex(hash) + " is not in the history" + why);
}

std::vector<document::ChangeHash> Past::lacking(std::vector<document::ChangeHash> changes) {
  for (Segment& s : segments_) (void)read(s);
  std::erase_if(changes, [this](const document::ChangeHash& hash) { return by_hash_.contains(hash); });
  return changes;
}

std::vector<Change> Past::all(std::vector<std::string>& lost) {
  std::vector<Change> out;
  for (Segment& s : segments_) {
    if (Status done = read(s); !done) {
      damaged_ = true;
      lost.push_back("A part of the history cannot be read: " + done.error().message() +
                     ": the changes in it must be fetched again from others");
      continue;
    }
    const auto first = changes_.begin() + static_cast<std::ptrdiff_t>(s.first);
    out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(s.count));
  }
  return out;
}

}  // namespace tlfs::replica
