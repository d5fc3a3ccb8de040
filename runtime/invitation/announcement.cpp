#include "runtime/invitation/announcement.h"

#include <algorithm>
#include <optional>

#include "runtime/base/varint.h"
#include "runtime/invitation/base64url.h"
#include "runtime/invitation/display_text.h"

namespace tlfs::invitation {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::size_t kBlindedBytes = 4 + 8 + 16;
constexpr std::size_t kLabelBytes = 10;

Error bad(const std::string& what) {
  return {Errc::bad_announcement, "a node on this network is announced in a way that cannot be read: " + what};
}

bool good_name(std::string_view name) { return name.size() <= kMaxDeviceNameBytes && is_display_text(name); }

// What stands under a key; nothing when no string has it. A key that is there twice is refused.
Result<std::optional<std::string_view>> value_of(std::span<const std::string> txt, std::string_view key) {
  std::optional<std::string_view> found;
  for (const std::string& entry : txt) {
    const std::string_view view = entry;
    if (view.size() <= key.size() || view.substr(0, key.size()) != key || view[key.size()] != '=') continue;
    if (found) return bad("'" + std::string(key) + "' is there twice");
    found = view.substr(key.size() + 1);
  }
  return found;
}

Result<Presence> read_blinded(std::string_view text) {
  const std::optional<Bytes> bytes = from_base64url(text);
  if (!bytes || bytes->size() != kBlindedBytes) return bad("its id is not one");
  BlindedId id;
  for (std::size_t i = 0; i < 4; ++i) id.period |= std::uint32_t{(*bytes)[i]} << (8 * i);
  std::copy_n(bytes->begin() + 4, id.nonce.size(), id.nonce.begin());
  std::copy_n(bytes->begin() + 12, id.tag.size(), id.tag.begin());
  return Presence(id);
}

Result<Presence> read_visible(std::string_view key, std::string_view name) {
  const std::optional<Bytes> bytes = from_base64url(key);
  Visible visible;
  if (!bytes || bytes->size() != visible.device.size()) return bad("its key is not one");
  if (!good_name(name)) return bad("its name is too long or not printable");
  std::copy(bytes->begin(), bytes->end(), visible.device.begin());
  visible.name = name;
  return Presence(std::move(visible));
}

}  // namespace

Result<std::vector<std::string>> write_txt(const Presence& presence) {
  std::vector<std::string> out{"v=" + std::string(kVersion)};
  if (const auto* id = std::get_if<BlindedId>(&presence)) {
    ByteWriter bytes;
    for (int i = 0; i < 4; ++i) bytes.u8(static_cast<std::uint8_t>(id->period >> (8 * i)));
    bytes.raw(id->nonce);
    bytes.raw(id->tag);
    out.push_back("id=" + to_base64url(bytes.view()));
    return out;
  }
  const auto& visible = std::get<Visible>(presence);
  if (!good_name(visible.name))
    return Error(Errc::bad_announcement, "the device's name is longer than " + std::to_string(kMaxDeviceNameBytes) +
                                             " bytes or not printable; choose another");
  out.push_back("key=" + to_base64url(visible.device));
  out.push_back("name=" + visible.name);
  return out;
}

Result<Presence> read_txt(std::span<const std::string> txt) {
  if (txt.size() > kMaxTxtStrings) return bad("it says more than " + std::to_string(kMaxTxtStrings) + " things");
  for (const std::string& entry : txt)
    if (entry.size() > kMaxTxtStringBytes) return bad("one thing that it says is too long");
  const auto version = value_of(txt, "v");
  const auto id = value_of(txt, "id");
  const auto key = value_of(txt, "key");
  const auto name = value_of(txt, "name");
  for (const auto* value : {&version, &id, &key, &name})
    if (!*value) return value->error();
  if (*version != kVersion) return bad("it is of another version");
  if (id->has_value() == key->has_value()) return bad("it names neither a hidden nor a visible device, or both");
  return id->has_value() ? read_blinded(**id) : read_visible(**key, name->value_or(""));
}

std::string random_label(Random& random) {
  std::array<std::uint8_t, kLabelBytes> bytes{};
  random.fill(bytes);
  return to_hex(bytes);
}

}  // namespace tlfs::invitation
