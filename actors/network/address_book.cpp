#include "actors/network/address_book.h"

#include "runtime/base/varint.h"
#include "runtime/link/connection.h"

namespace tlfs::network {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

Bytes encode(const AddressBook& book) {
  ByteWriter out;
  out.u8(kVersion);
  out.varint(book.size());
  for (const auto& [key, contact] : book) {
    out.raw(key);
    out.u8(contact.user ? 1 : 0);
    if (contact.user) out.raw(*contact.user);
    out.varint(contact.addresses.size());
    for (const std::string& address : contact.addresses) out.text(address);
  }
  return out.take();
}

Result<AddressBook> decode_address_book(ByteView bytes) {
  ByteReader in(bytes);
  AddressBook out;
  const auto read_key = [&](crypto::PublicKey& key) {
    const ByteView raw = in.raw(key.size());
    if (raw.size() == key.size()) std::copy(raw.begin(), raw.end(), key.begin());
  };
  if (in.u8() != kVersion) in.fail();
  const std::uint64_t peers = in.bounded(kMaxRemembered);
  for (std::uint64_t i = 0; i < peers && !in.failed(); ++i) {
    crypto::PublicKey key{};
    read_key(key);
    Contact contact;
    if (in.bounded(1) == 1) read_key(contact.user.emplace());
    const std::uint64_t addresses = in.bounded(link::kMaxAddresses);
    for (std::uint64_t a = 0; a < addresses && !in.failed(); ++a) contact.addresses.emplace_back(in.text());
    if (!out.empty() && !(out.rbegin()->first < key)) in.fail();
    out.emplace(key, std::move(contact));
  }
  if (!in.finished()) return Error(Errc::malformed_record, "the book of peers' addresses is damaged");
  return out;
}

}  // namespace tlfs::network
