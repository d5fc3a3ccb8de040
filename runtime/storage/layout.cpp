#include "runtime/storage/layout.h"

#include <algorithm>

namespace tlfs::storage {
namespace {

constexpr std::size_t kIdBytes = 32;
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kQuarantineBytes = 12;
constexpr std::size_t kMaxShownBytes = 16;

Bytes key_of(Region region, ByteView rest = {}) {
  Bytes key{static_cast<std::uint8_t>(region)};
  key.insert(key.end(), rest.begin(), rest.end());
  return key;
}

Bytes key_of(const DocumentId& document, Kind kind, ByteView rest = {}) {
  Bytes key = key_of(Region::document, document);
  key.push_back(static_cast<std::uint8_t>(kind));
  key.insert(key.end(), rest.begin(), rest.end());
  return key;
}

template <class Number>
void append_big_endian(Bytes& out, Number number) {
  for (int shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

// The least key that is greater than every key with this prefix; nothing is, for a prefix of FF alone.
Bytes after_prefix(Bytes prefix) {
  while (!prefix.empty() && prefix.back() == 0xff) prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

Range range_of(const Bytes& prefix) { return {prefix, after_prefix(prefix)}; }

std::string hex_byte(std::uint8_t byte) { return to_hex(ByteView(&byte, 1)); }

Error malformed(ByteView key, std::string_view what) {
  return {Errc::corrupt, "a key that no version writes (" + std::string(what) +
                             "): " + to_hex(key.subspan(0, std::min(key.size(), kIdBytes + kMaxShownBytes)))};
}

bool numbered(std::uint8_t kind) {
  switch (static_cast<Kind>(kind)) {
    case Kind::statement:
    case Kind::snapshot:
    case Kind::change:
    case Kind::local:
    case Kind::history:
      return true;
    default:
      return false;
  }
}

Result<Place> parse_document_key(ByteView key, Place place) {
  if (key.size() < 1 + kIdBytes + 1) return malformed(key, "a document's id and kind cut short");
  place.document.emplace();
  std::copy_n(key.begin() + 1, kIdBytes, place.document->begin());
  place.kind = key[1 + kIdBytes];
  const ByteView rest = key.subspan(2 + kIdBytes);
  if (numbered(place.kind)) {
    if (rest.size() != kNumberBytes) return malformed(key, "a number of a wrong length");
    place.number = big_endian(rest);
  } else if (place.kind == static_cast<std::uint8_t>(Kind::manifest)) {
    if (!rest.empty()) return malformed(key, "something after a manifest's key");
  } else if (place.kind == static_cast<std::uint8_t>(Kind::package)) {
    if (rest.size() != kIdBytes) return malformed(key, "a hash of a wrong length");
  }
  place.rest.assign(rest.begin(), rest.end());
  return place;
}

std::string shown(ByteView name) {
  const bool readable =
      !name.empty() && std::all_of(name.begin(), name.end(), [](std::uint8_t c) { return c > 0x20 && c < 0x7f; });
  if (readable) return std::string(as_text(name.subspan(0, std::min(name.size(), 4 * kMaxShownBytes))));
  return to_hex(name.subspan(0, std::min(name.size(), kMaxShownBytes)));
}

}  // namespace

std::string region_name(std::uint8_t region) {
  switch (static_cast<Region>(region)) {
    case Region::format:
      return "format";
    case Region::sequence:
      return "sequence";
    case Region::manifest:
      return "manifest";
    case Region::identity:
      return "identity";
    case Region::package:
      return "package";
    case Region::listing:
      return "listing";
    case Region::standing:
      return "standing";
    case Region::document:
      return "document";
    case Region::quarantine:
      return "quarantine";
  }
  return hex_byte(region);
}

std::string kind_name(std::uint8_t kind) {
  switch (static_cast<Kind>(kind)) {
    case Kind::manifest:
      return "manifest";
    case Kind::package:
      return "package";
    case Kind::statement:
      return "statement";
    case Kind::snapshot:
      return "snapshot";
    case Kind::change:
      return "change";
    case Kind::local:
      return "local";
    case Kind::note:
      return "note";
    case Kind::history:
      return "history";
  }
  return hex_byte(kind);
}

Bytes format_key() { return key_of(Region::format); }
Bytes sequence_key() { return key_of(Region::sequence); }
Bytes node_manifest_key() { return key_of(Region::manifest); }
Bytes identity_key(std::string_view name) { return key_of(Region::identity, as_bytes(name)); }
Bytes package_key(const PackageHash& hash) { return key_of(Region::package, hash); }
Bytes listing_key(const DocumentId& document) { return key_of(Region::listing, document); }
Bytes standing_key(const DocumentId& document) { return key_of(Region::standing, document); }

Bytes quarantine_key(std::uint64_t batch, std::uint32_t index) {
  Bytes key = key_of(Region::quarantine);
  append_big_endian(key, batch);
  append_big_endian(key, index);
  return key;
}

Bytes document_manifest_key(const DocumentId& document) { return key_of(document, Kind::manifest); }
Bytes document_package_key(const DocumentId& document, const PackageHash& hash) {
  return key_of(document, Kind::package, hash);
}
Bytes note_key(const DocumentId& document, std::string_view name) {
  return key_of(document, Kind::note, as_bytes(name));
}

Bytes numbered_key(const DocumentId& document, Kind kind, std::uint64_t number) {
  TLFS_CHECK(numbered(static_cast<std::uint8_t>(kind)), "records of this kind have no number");
  Bytes key = key_of(document, kind);
  append_big_endian(key, number);
  return key;
}

Range opening_range(const DocumentId& document) {
  return {key_of(Region::document, document), key_of(document, Kind::history)};
}
Range document_range(const DocumentId& document) { return range_of(key_of(Region::document, document)); }
Range kind_range(const DocumentId& document, Kind kind) { return range_of(key_of(document, kind)); }
Range region_range(Region region) { return range_of(key_of(region)); }

Result<Place> parse_key(ByteView key) {
  if (key.empty()) return malformed(key, "nothing");
  Place place;
  place.region = key[0];
  const ByteView rest = key.subspan(1);
  switch (static_cast<Region>(place.region)) {
    case Region::document:
      return parse_document_key(key, std::move(place));
    case Region::format:
    case Region::sequence:
    case Region::manifest:
      if (!rest.empty()) return malformed(key, "something after a key of one byte");
      return place;
    case Region::quarantine:
      if (rest.size() != kQuarantineBytes) return malformed(key, "a number of a wrong length");
      place.number = big_endian(rest.subspan(0, kNumberBytes));
      return place;
    case Region::listing:
    case Region::standing:
      if (rest.size() != kIdBytes) return malformed(key, "a document's id of a wrong length");
      place.document.emplace();
      std::copy(rest.begin(), rest.end(), place.document->begin());
      return place;
    case Region::package:
      if (rest.size() != kIdBytes) return malformed(key, "a hash of a wrong length");
      break;
    case Region::identity:
      break;
  }
  place.rest.assign(rest.begin(), rest.end());
  return place;
}

std::string describe_key(ByteView key) {
  const Result<Place> place = parse_key(key);
  if (!place) return place.error().message();
  const bool in_document = place->region == static_cast<std::uint8_t>(Region::document);
  std::string text;
  if (in_document)
    text = "document " + to_hex(*place->document) + ": " + kind_name(place->kind);
  else
    text = region_name(place->region);
  if (place->number) return text + " " + std::to_string(*place->number);
  if (place->document && !in_document) return text + " of document " + to_hex(*place->document);
  if (!place->rest.empty()) text += " " + shown(place->rest);
  return text;
}

}  // namespace tlfs::storage
