#include "runtime/storage/audit.h"

#include "runtime/storage/frame.h"
#include "runtime/storage/layout.h"

namespace tlfs::storage {
namespace {

constexpr auto kDocuments = static_cast<std::uint8_t>(Region::document);

std::string so_many(std::uint64_t number) { return std::to_string(number) + (number == 1 ? " record" : " records"); }

}  // namespace

Result<std::optional<Spot>> spot_of(ByteView key) {
  const Result<Place> place = parse_key(key);
  if (!place) return place.error();
  switch (static_cast<Region>(place->region)) {
    case Region::format:
    case Region::sequence:
    case Region::manifest:
    case Region::quarantine:
      return std::optional<Spot>();
    case Region::document:
      if (place->kind == static_cast<std::uint8_t>(Kind::manifest)) return std::optional<Spot>();
      return std::optional<Spot>(Spot{place->document, place->kind});
    default:
      return std::optional<Spot>(Spot{std::nullopt, place->region});
  }
}

Bytes manifest_key_of(const Area& area) { return area ? document_manifest_key(*area) : node_manifest_key(); }

std::string area_name(const Area& area) { return area ? "document " + to_hex(*area) : "outside documents"; }

void report(CheckReport& to, Finding finding) {
  if (finding.trouble == Finding::Trouble::unreadable) to.unreadable = true;
  if (to.findings.size() < kMaxFindings)
    to.findings.push_back(std::move(finding));
  else
    ++to.unlisted;
}

void Audit::see_document(const DocumentId& id) { found_.add(kDocuments, 0, hash_of(id)); }

void Audit::see(ByteView key, ByteView raw) {
  anything_ = true;
  const std::optional<Framed> framed = unframe(key, raw);
  const bool manifest = as_text(key) == as_text(manifest_key_of(area_));
  if (manifest && framed) {
    Result<Manifest> decoded = Manifest::decode(framed->value);
    has_manifest_ = decoded.ok();
    manifest_damaged_ = !decoded.ok();
    if (decoded) expected_ = std::move(*decoded);
  } else if (manifest) {
    manifest_damaged_ = true;
  }
  const Result<std::optional<Spot>> spot = spot_of(key);
  const bool whole = framed && spot && !(manifest && manifest_damaged_);
  if (whole) {
    ++records_;
    bytes_ += key.size() + framed->value.size();
    if (*spot) found_.add((*spot)->kind, key.size() + framed->value.size(), framed->checksum);
    return;
  }
  if (spot && *spot) ++damaged_of_[(*spot)->kind];
  const bool too_large = !damaged_.empty() && damaged_bytes_ + raw.size() > kMaxDamagedBytes;
  if (damaged_.size() >= kMaxFindings || too_large) {
    ++unlisted_damage_;
    return;
  }
  const std::string message = !spot ? spot.error().message() : describe_key(key) + ": the checksum does not fit";
  damaged_bytes_ += raw.size();
  damaged_.push_back({Bytes(key.begin(), key.end()), Bytes(raw.begin(), raw.end()), message});
}

void Audit::compare(std::uint8_t kind, const KindCount& expected, std::vector<Finding>& out) const {
  const auto at = found_.kinds().find(kind);
  const KindCount found = at == found_.kinds().end() ? KindCount{} : at->second;
  const auto bad = damaged_of_.find(kind);
  const std::uint64_t damaged = bad == damaged_of_.end() ? 0 : bad->second;
  const std::uint64_t there = found.count.records + damaged;
  const bool documents = !area_ && kind == kDocuments;
  const std::string what =
      documents ? "documents" : area_name(area_) + ": " + (area_ ? kind_name(kind) : region_name(kind));
  Finding finding;
  finding.document = area_;
  if (there < expected.count.records) {
    const std::uint64_t gone = expected.count.records - there;
    finding.trouble = documents ? Finding::Trouble::lost_documents : Finding::Trouble::lost_records;
    finding.message =
        documents
            ? std::to_string(gone) + " of " + std::to_string(expected.count.records) + " documents are gone altogether"
            : what + ": " + so_many(gone) + " of " + std::to_string(expected.count.records) + " gone";
  } else if (there > expected.count.records) {
    finding.trouble = Finding::Trouble::other_records;
    finding.message = what + ": " + std::to_string(there - expected.count.records) + " more than the " +
                      std::to_string(expected.count.records) + " that there must be";
  } else if (damaged == 0 && found != expected) {
    finding.trouble = Finding::Trouble::other_records;
    finding.message = what + ": as many as there must be, but not the ones that were written last";
  } else {
    return;
  }
  out.push_back(std::move(finding));
}

std::vector<Finding> Audit::findings() const {
  std::vector<Finding> out;
  for (const Damaged& d : damaged_) {
    const bool parses = parse_key(d.key).ok();
    out.push_back({parses ? Finding::Trouble::corrupt_record : Finding::Trouble::bad_key, area_, d.key, d.message});
  }
  if (unlisted_damage_ > 0)
    out.push_back({Finding::Trouble::corrupt_record,
                   area_,
                   {},
                   area_name(area_) + ": " + so_many(unlisted_damage_) + " more are damaged"});
  const bool counted = !found_.empty() || !damaged_of_.empty();
  if (!has_manifest_) {
    if (!manifest_damaged_ && counted)
      out.push_back({Finding::Trouble::lost_records, area_, manifest_key_of(area_),
                     area_name(area_) + ": the manifest is gone, so what else is gone is not known"});
    return out;
  }
  std::map<std::uint8_t, KindCount> kinds = expected_.kinds();
  for (const auto& [kind, count] : found_.kinds()) kinds.try_emplace(kind);
  for (const auto& [kind, count] : damaged_of_) kinds.try_emplace(kind);
  for (const auto& [kind, expected] : kinds) compare(kind, expected, out);
  return out;
}

}  // namespace tlfs::storage
