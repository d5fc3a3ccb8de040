// Keys: their order is the order of the layout, and each can be taken apart again.
#include "runtime/storage/layout.h"

#include "runtime/storage/frame.h"
#include "runtime/storage/manifest.h"
#include "runtime/storage/quarantine.h"
#include "tests/runtime/storage/rigs.h"

namespace tlfs::storage {
namespace {

TEST_CASE("The keys of a document lie together, in the order in which opening wants them") {
  const DocumentId id = document_id(7);
  const std::vector<Bytes> keys = {document_manifest_key(id),
                                   document_package_key(id, {}),
                                   numbered_key(id, Kind::statement, 1),
                                   numbered_key(id, Kind::snapshot, 0),
                                   numbered_key(id, Kind::change, 9),
                                   numbered_key(id, Kind::change, 256),
                                   numbered_key(id, Kind::local, 0),
                                   note_key(id, "a"),
                                   numbered_key(id, Kind::history, 0)};
  REQUIRE(std::is_sorted(keys.begin(), keys.end()));
  const Range opening = opening_range(id), all = document_range(id);
  for (const Bytes& key : keys) {
    CHECK((key >= all.from && key < all.to));
    CHECK((key >= opening.from && key < opening.to) == (key != keys.back()));
  }
  CHECK(document_manifest_key(document_id(8)) >= all.to);
  CHECK(document_range(document_id(0xff)).to > numbered_key(document_id(0xff), Kind::history, UINT64_MAX));
}

TEST_CASE("A key that was taken apart says what it was made of") {
  const DocumentId id = document_id(7);
  const Place change = *parse_key(numbered_key(id, Kind::change, 0x0102030405060708U));
  CHECK(change.document == id);
  CHECK(change.kind == 0x40);
  CHECK(change.number == 0x0102030405060708U);
  CHECK(parse_key(note_key(id, "writer"))->rest == bytes_of("writer"));
  CHECK(parse_key(identity_key("device"))->rest == bytes_of("device"));
  CHECK(parse_key(listing_key(id))->document == id);
  CHECK(parse_key(standing_key(id))->document == id);
  CHECK(describe_key(standing_key(id)) == "standing of document " + to_hex(id));
  CHECK(parse_key(quarantine_key(5, 1))->number == 5);
  CHECK(describe_key(identity_key("device")) == "identity device");
  CHECK(describe_key(numbered_key(id, Kind::local, 3)) == "document " + to_hex(id) + ": local 3");
}

TEST_CASE("Keys that no version writes are refused, and kinds of later versions are not") {
  const Bytes whole = numbered_key(document_id(7), Kind::change, 1);
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(parse_key(ByteView(whole).subspan(0, size)).ok());
  Bytes longer = whole;
  longer.push_back(0);
  CHECK_FALSE(parse_key(longer).ok());
  CHECK_FALSE(parse_key(Bytes{0x01, 0x00}).ok());
  CHECK_FALSE(parse_key(Bytes{0x20, 0x00}).ok());
  Bytes later = document_manifest_key(document_id(7));
  later.back() = 0x75;
  later.push_back(1);
  CHECK(parse_key(later)->kind == 0x75);
  CHECK(parse_key(Bytes{0x99, 1, 2})->region == 0x99);
}

TEST_CASE("A frame fits its own key and value only") {
  const Bytes key = change_key(1, 1), value = bytes_of("value");
  const Bytes framed = frame(key, value);
  REQUIRE(unframe(key, framed));
  CHECK(Bytes(unframe(key, framed)->value.begin(), unframe(key, framed)->value.end()) == value);
  CHECK_FALSE(unframe(change_key(1, 2), framed));
  for (std::size_t i = 0; i < framed.size(); ++i) {
    Bytes flipped = framed;
    flipped[i] ^= 1;
    CHECK_FALSE(unframe(key, flipped));
    CHECK_FALSE(unframe(key, ByteView(framed).subspan(0, i)));
  }
}

TEST_CASE("Manifests and quarantined records are read back as they were written, and nothing else is") {
  Manifest manifest;
  manifest.add(0x40, 100, 7);
  manifest.add(0x40, 50, 9);
  manifest.add(0x20, 10, 1);
  REQUIRE(*Manifest::decode(manifest.encode()) == manifest);
  CHECK(manifest.kinds().at(0x40) == KindCount{{2, 150}, 7 ^ 9});
  CHECK_FALSE(manifest.take(0x30, 1, 1));
  CHECK_FALSE(manifest.take(0x20, 11, 1));
  CHECK(manifest.take(0x20, 10, 1));
  CHECK_FALSE(manifest.kinds().contains(0x20));
  const SetAside entry{bytes_of("key"), bytes_of("raw"), "why"};
  const Bytes encoded = entry.encode();
  CHECK(SetAside::decode(encoded)->message == "why");
  for (std::size_t size = 0; size < encoded.size(); ++size)
    CHECK_FALSE(SetAside::decode(ByteView(encoded).subspan(0, size)).ok());
  const Bytes bytes = manifest.encode();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(Manifest::decode(ByteView(bytes).subspan(0, size)).ok());
}

}  // namespace
}  // namespace tlfs::storage
