#include "actors/document/patch_history.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::document_actor {
namespace {

using document::Data;
using document::Patch;
using document::PatchKind;
using document::Path;

std::size_t size_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->size();
  if (const auto* bytes = std::get_if<Bytes>(&value)) return bytes->size();
  return 0;
}

std::size_t size_of(const Data& data) {
  std::size_t n = sizeof(Data);
  if (data.value()) n += size_of(*data.value());
  if (const auto* array = data.array())
    for (const Data& element : *array) n += size_of(element);
  if (const auto* object = data.object())
    for (const document::Member& member : *object)
      n += member.name.size() + sizeof(std::string) + size_of(member.value);
  return n;
}

std::size_t size_of(const Patch& patch) {
  std::size_t n =
      sizeof(Patch) + patch.path.size() * sizeof(document::PathStep) + patch.text.size() + size_of(patch.value);
  for (const Data& value : patch.values) n += size_of(value);
  return n;
}

TextLength operator+(TextLength a, TextLength b) { return a += b; }

}  // namespace

void PatchHistory::append(std::uint64_t revision, std::vector<Patch> patches) {
  TLFS_CHECK(revision > newest_, "revisions grow");
  std::size_t bytes = sizeof(Step);
  for (const Patch& patch : patches) bytes += size_of(patch);
  steps_.push_back({revision, bytes, std::move(patches)});
  bytes_ += bytes;
  newest_ = revision;
  while (steps_.size() > kMaxRememberedRevisions || bytes_ > kMaxRememberedBytes) {
    oldest_ = steps_.front().revision;
    bytes_ -= steps_.front().bytes;
    steps_.pop_front();
    if (steps_.empty()) break;
  }
}

std::optional<std::vector<Patch>> PatchHistory::since(std::uint64_t revision) const {
  if (!reaches(revision)) return std::nullopt;
  const auto first = std::upper_bound(steps_.begin(), steps_.end(), revision,
                                      [](std::uint64_t r, const Step& s) { return r < s.revision; });
  // Every revision that was given out is where a step ends; another one is nobody's.
  if (revision != oldest_ && (first == steps_.begin() || std::prev(first)->revision != revision)) return std::nullopt;
  std::vector<Patch> out;
  for (auto step = first; step != steps_.end(); ++step)
    for (const Patch& patch : step->patches)
      if (out.empty() || !join_patches(out.back(), patch)) out.push_back(patch);
  return out;
}

bool join_patches(Patch& patch, const Patch& later) {
  if (patch.kind != later.kind || patch.path != later.path) return false;
  if (patch.kind == PatchKind::set) {
    patch.value = later.value;
    return true;
  }
  if (patch.kind == PatchKind::conflict) {
    patch.values = later.values;
    return true;
  }
  if (patch.kind != PatchKind::splice) return false;
  const TextLength end = patch.position + measure(patch.text);
  if (later.position == end) {  // typing on, or erasing what follows
    patch.removed += later.removed;
    patch.text += later.text;
    return true;
  }
  if (patch.text.empty() && later.position + later.removed == patch.position) {  // backspacing
    patch.position = later.position;
    patch.removed += later.removed;
    patch.text = later.text;
    return true;
  }
  return false;
}

std::optional<std::vector<Patch>> relative_to(const Path& prefix, std::vector<Patch> patches) {
  if (prefix.empty()) return patches;
  std::vector<Patch> out;
  for (Patch& patch : patches) {
    const std::size_t common = std::min(prefix.size(), patch.path.size());
    if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(common), patch.path.begin())) continue;
    // A table key that goes, or that comes, is named by the last step of the patch's own path.
    const bool key_gone = patch.kind == PatchKind::remove && patch.count == 0 && patch.path.size() == prefix.size();
    if (patch.path.size() < prefix.size()) {
      if (patch.kind == PatchKind::conflict) continue;
      return std::nullopt;
    }
    if (key_gone) return std::nullopt;
    patch.path.erase(patch.path.begin(), patch.path.begin() + static_cast<std::ptrdiff_t>(prefix.size()));
    out.push_back(std::move(patch));
  }
  return out;
}

}  // namespace tlfs::document_actor
