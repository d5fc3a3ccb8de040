#include "actors/document/stale_edits.h"

#include <algorithm>
#include <set>

#include "actors/document/errors.h"

namespace tlfs::document_actor {
namespace {

using document::Patch;
using document::PatchKind;
using document::Path;
using document::PathStep;
using document::TextUnit;

struct Range {
  std::uint64_t from, end;
};

// What a patch does to the indices of its array or to the positions of its text.
struct Shift {
  std::uint64_t at = 0, removed = 0, inserted = 0;
};

std::uint64_t in(TextLength length, TextUnit unit) {
  return unit == TextUnit::utf16 ? length.utf16 : length.code_points;
}

// A removal of array elements says how many.
bool is_row_removal(const Patch& patch) { return patch.kind == PatchKind::remove && patch.count == 0; }

std::optional<Shift> shift_of(const Patch& patch, TextUnit unit) {
  switch (patch.kind) {
    case PatchKind::insert:
      return Shift{patch.index, 0, patch.values.size()};
    case PatchKind::remove:
      if (is_row_removal(patch)) return std::nullopt;
      return Shift{patch.index, patch.count, 0};
    case PatchKind::splice:
      return Shift{in(patch.position, unit), in(patch.removed, unit), in(measure(patch.text), unit)};
    default:
      return std::nullopt;
  }
}

// Where an element goes; nothing when it is removed.
std::optional<std::uint64_t> follow(std::uint64_t index, const Patch& patch) {
  if (patch.kind == PatchKind::move) {
    if (index == patch.index) return patch.to;
    if (index > patch.index) --index;
    return index >= patch.to ? index + 1 : index;
  }
  const auto shift = shift_of(patch, TextUnit::code_points);
  if (!shift || index < shift->at) return index;
  if (index < shift->at + shift->removed) return std::nullopt;
  return index - shift->removed + shift->inserted;
}

// Where an element was before the patch; nothing when the patch inserted it.
std::optional<std::uint64_t> follow_back(std::uint64_t index, const Patch& patch) {
  if (patch.kind == PatchKind::move) {
    if (index == patch.to) return patch.index;
    if (index > patch.to) --index;
    return index >= patch.index ? index + 1 : index;
  }
  const auto shift = shift_of(patch, TextUnit::code_points);
  if (!shift || index < shift->at) return index;
  if (index < shift->at + shift->inserted) return std::nullopt;
  return index - shift->inserted + shift->removed;
}

// A place between two elements or characters.
std::uint64_t follow_gap(std::uint64_t gap, const Shift& shift) {
  if (gap < shift.at) return gap;
  if (gap <= shift.at + shift.removed) return shift.at + shift.inserted;
  return gap - shift.removed + shift.inserted;
}

void follow_ranges(std::vector<Range>& ranges, const Shift& shift) {
  std::vector<Range> out;
  const auto keep = [&](std::uint64_t from, std::uint64_t end) {
    if (from < end) out.push_back({from, end});
  };
  const std::uint64_t gone = shift.at + shift.removed;
  for (const Range& r : ranges) {
    keep(r.from, std::min(r.end, shift.at));
    if (r.end > gone)
      keep(std::max(r.from, gone) - shift.removed + shift.inserted, r.end - shift.removed + shift.inserted);
  }
  ranges = std::move(out);
}

// Whether the patch puts something where it applies. A deletion that has not seen it spares what that is in.
bool adds(const Patch& patch) {
  return (patch.kind == PatchKind::set && !patch.value.is_null()) || patch.kind == PatchKind::insert ||
         (patch.kind == PatchKind::splice && !patch.text.empty());
}

bool starts_with(const Path& path, const Path& prefix) {
  return prefix.size() <= path.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

bool has_positions(EditKind kind) {
  return kind == EditKind::insert || kind == EditKind::erase || kind == EditKind::move || kind == EditKind::splice;
}

Error gone(const Path& path) {
  return Error(Errc::gone, document::path_text(path) + ": the array element was removed meanwhile");
}

// The index in `path` that belongs to the array at `array`, if any.
PathStep* index_in(Path& path, const Path& array) {
  if (path.size() <= array.size() || !starts_with(path, array)) return nullptr;
  PathStep& step = path[array.size()];
  return step.kind == PathStep::Kind::index ? &step : nullptr;
}

class Mapper {
 public:
  Mapper(TextUnit unit, const std::vector<Patch>& since) : unit_(unit), since_(since) {}

  // The path of a place before `since`, from the one it has now.
  Result<Path> earlier(Path path) const {
    for (auto patch = since_.rbegin(); patch != since_.rend(); ++patch) {
      PathStep* step = index_in(path, patch->path);
      if (!step) continue;
      const auto before = follow_back(step->index, *patch);
      if (!before) return Error(Errc::stale, document::path_text(path) + ": was not there yet at that revision");
      step->index = *before;
    }
    return path;
  }

  // Appends what the edit becomes to `out`. `path` is its place before `since`.
  Status map(const Edit& edit, Path path, std::vector<Edit>& out) {
    const Path place = path;
    std::uint64_t gap = edit.index;  // insert, splice: where; move: the element
    // As a place between elements, the one that moves among them.
    std::uint64_t to = edit.to > edit.index && edit.to + 1 != 0 ? edit.to + 1 : edit.to;
    std::vector<Range> ranges{{edit.index, edit.index + edit.count}};
    bool touched = false;
    for (const Patch& patch : since_) {
      if (PathStep* step = index_in(path, patch.path)) {
        const auto now = follow(step->index, patch);
        if (!now) return gone(path);
        step->index = *now;
      }
      const bool element = !path.empty() && path.back().kind == PathStep::Kind::index;
      if (edit.kind == EditKind::remove && element && adds(patch) && starts_with(patch.path, path)) return {};
      if (!has_positions(edit.kind)) continue;
      if (edit.kind == EditKind::erase && adds(patch))
        if (Path below = patch.path; const PathStep* step = index_in(below, path)) spare(ranges, step->index);
      if (patch.kind == PatchKind::set && starts_with(path, patch.path))
        return Error(Errc::stale, document::path_text(path) + ": was replaced as a whole meanwhile");
      if (is_row_removal(patch) && starts_with(path, patch.path)) {  // what is there now was made anew
        if (edit.kind == EditKind::move) return gone(path);
        ranges.clear();
        gap = 0;
      }
      if (patch.path != path) continue;
      touched = true;
      if (edit.kind == EditKind::move) {
        const auto now = follow(gap, patch);
        if (!now) return gone(path);
        gap = *now;
      }
      if (patch.kind == PatchKind::move) {
        if (edit.kind == EditKind::erase) move_ranges(ranges, patch);
        continue;
      }
      const auto shift = shift_of(patch, unit_);
      if (!shift) continue;
      if (edit.kind != EditKind::move) gap = follow_gap(gap, *shift);
      to = follow_gap(to, *shift);
      follow_ranges(ranges, *shift);
    }
    if (has_positions(edit.kind)) {
      if (touched && edited_.contains(document::path_text(place)))
        return Error(Errc::stale, document::path_text(place) + ": was edited meanwhile, and twice in this write");
      edited_.insert(document::path_text(place));
    }
    Edit mapped = edit;
    mapped.place = path;
    mapped.to = to > gap ? to - 1 : to;
    mapped.index = gap;
    if (edit.kind != EditKind::erase && edit.kind != EditKind::splice) {
      out.push_back(std::move(mapped));
      return {};
    }
    // From the back, so that no removal shifts another; the text goes in last, in front of what is left to shift.
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.from > b.from; });
    for (const Range& r : ranges) {
      Edit removal = mapped;
      removal.index = r.from;
      removal.count = r.end - r.from;
      removal.text.clear();
      out.push_back(std::move(removal));
      if (r.from < gap) gap -= std::min(r.end, gap) - r.from;
    }
    if (edit.kind == EditKind::splice && !edit.text.empty()) {
      mapped.index = gap;
      mapped.count = 0;
      out.push_back(std::move(mapped));
    }
    return {};
  }

 private:
  static void spare(std::vector<Range>& ranges, std::uint64_t element) {
    std::vector<Range> out;
    for (const Range& r : ranges) {
      if (element < r.from || element >= r.end) {
        out.push_back(r);
        continue;
      }
      if (r.from < element) out.push_back({r.from, element});
      if (element + 1 < r.end) out.push_back({element + 1, r.end});
    }
    ranges = std::move(out);
  }

  // Every element of its own, for a move takes one out of the middle.
  static void move_ranges(std::vector<Range>& ranges, const Patch& patch) {
    std::vector<std::uint64_t> elements;
    for (const Range& r : ranges)
      for (std::uint64_t i = r.from; i < r.end && elements.size() < document::kMaxElementsPerEdit; ++i)
        elements.push_back(*follow(i, patch));
    std::sort(elements.begin(), elements.end());
    ranges.clear();
    for (const std::uint64_t i : elements) {
      if (!ranges.empty() && ranges.back().end == i) {
        ++ranges.back().end;
      } else {
        ranges.push_back({i, i + 1});
      }
    }
  }

  TextUnit unit_;
  const std::vector<Patch>& since_;
  std::set<std::string> edited_;  // places whose positions this write has used
};

}  // namespace

Status map_edits(std::vector<Edit>& edits, TextUnit unit, const std::vector<Patch>& since,
                 const document::Document& document) {
  Mapper mapper(unit, since);
  std::vector<Edit> out;
  for (const Edit& edit : edits) {
    Path path;
    if (const auto* named = std::get_if<Path>(&edit.place)) {
      path = *named;
    } else if (has_positions(edit.kind)) {
      const Result<Path> now = path_of(document.reader(), document.graph(), std::get<PermanentAddress>(edit.place));
      if (!now) return now.error();
      Result<Path> before = mapper.earlier(*now);
      if (!before) return before.error();
      path = std::move(*before);
    } else {
      out.push_back(edit);
      continue;
    }
    if (edit.count > ~std::uint64_t{0} - edit.index)
      return Error(document::Errc::out_of_range, document::path_text(path) + ": a range beyond all limits");
    if (Status s = mapper.map(edit, std::move(path), out); !s) return s;
  }
  edits = std::move(out);
  return {};
}

}  // namespace tlfs::document_actor
