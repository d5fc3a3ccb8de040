// Counts what is there and says how it differs from what there must be.
//
// An audit is fed the raw records of one area, a document or all that lies outside documents, in any order.
#pragma once

#include "runtime/storage/manifest.h"

namespace tlfs::storage {

// A document, or nothing: outside documents.
using Area = std::optional<DocumentId>;
struct Spot {
  Area area;
  std::uint8_t kind = 0;  // Kind in a document, Region outside
  friend bool operator==(const Spot&, const Spot&) = default;
};
// Nothing for keys that no manifest counts: the store's own and the quarantine. Fails as parse_key does.
Result<std::optional<Spot>> spot_of(ByteView key);
Bytes manifest_key_of(const Area& area);
std::string area_name(const Area& area);

// Damaged bytes that an audit keeps; of what is damaged beyond that and beyond kMaxFindings it only keeps the number.
inline constexpr std::size_t kMaxDamagedBytes = 64u << 20;

// A list of findings that stays within its limit.
void report(CheckReport& to, Finding finding);

class Audit {
 public:
  explicit Audit(const Area& area) : area_(area) {}

  // A record of this area, its manifest among them.
  void see(ByteView key, ByteView raw);
  // A document, for the area outside documents.
  void see_document(const DocumentId& id);

  // A damaged record, with its bytes as they were found.
  struct Damaged {
    Bytes key, raw;
    std::string message;
  };
  const std::vector<Damaged>& damaged() const { return damaged_; }
  // Of the whole records.
  const Manifest& found() const { return found_; }
  bool anything() const { return anything_; }
  std::uint64_t records() const { return records_; }
  std::uint64_t bytes() const { return bytes_; }

  // What is wrong, each thing once.
  std::vector<Finding> findings() const;

 private:
  void compare(std::uint8_t kind, const KindCount& expected, std::vector<Finding>& out) const;

  Area area_;
  bool anything_ = false;
  Manifest found_;
  Manifest expected_;
  bool has_manifest_ = false, manifest_damaged_ = false;
  std::vector<Damaged> damaged_;
  std::size_t damaged_bytes_ = 0;
  std::uint64_t unlisted_damage_ = 0;
  std::map<std::uint8_t, std::uint64_t> damaged_of_;  // kind -> records
  std::uint64_t records_ = 0, bytes_ = 0;
};

}  // namespace tlfs::storage
