#include "runtime/link/hello.h"

#include <algorithm>
#include <iterator>

#include "schema/framing/framing.h"
#include "schema/messages/link.capnp.h"

namespace tlfs::link {
namespace {

constexpr int kNestingLimit = 8;

Error malformed(std::string what) { return Error(Errc::malformed, "hello: " + std::move(what)); }
Error beyond(std::string what) { return Error(Errc::limit_exceeded, "hello: " + std::move(what)); }

bool is_capability(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= kMaxCapabilityBytes && std::all_of(name.begin(), name.end(), allowed);
}

Status check(const Hello& hello) {
  if (hello.versions.min > hello.versions.max) return malformed("a range of versions that ends before it begins");
  if (hello.capabilities.size() > kMaxCapabilities) return beyond("too many capabilities");
  for (std::size_t i = 0; i < hello.capabilities.size(); ++i) {
    if (!is_capability(hello.capabilities[i])) return malformed("a capability's name is empty, too long or not plain");
    if (i > 0 && hello.capabilities[i - 1] >= hello.capabilities[i]) return malformed("capabilities are not sorted");
  }
  if (hello.payload.size() > kMaxHelloPayload)
    return beyond("a payload of " + std::to_string(hello.payload.size()) + " bytes");
  return {};
}

Result<Hello> read_hello(messages::Hello::Reader in) {
  Hello hello;
  if (in.getDevice().size() != hello.device.size()) return malformed("a device key that is not 32 bytes");
  std::copy(in.getDevice().begin(), in.getDevice().end(), hello.device.begin());
  hello.versions = {in.getMinVersion(), in.getMaxVersion()};
  if (in.getCapabilities().size() > kMaxCapabilities) return beyond("too many capabilities");
  for (const auto name : in.getCapabilities()) hello.capabilities.emplace_back(name.begin(), name.end());
  hello.payload.assign(in.getPayload().begin(), in.getPayload().end());
  if (const Status fine = check(hello); !fine) return fine.error();
  return hello;
}

}  // namespace

std::optional<std::uint16_t> common_version(VersionRange a, VersionRange b) {
  const std::uint16_t highest = std::min(a.max, b.max);
  if (highest < a.min || highest < b.min) return std::nullopt;
  return highest;
}

Result<Bytes> encode_hello(const Hello& hello) {
  if (const Status fine = check(hello); !fine) return fine.error();
  capnp::MallocMessageBuilder builder;
  auto out = builder.initRoot<messages::Hello>();
  out.setDevice({hello.device.data(), hello.device.size()});
  out.setMinVersion(hello.versions.min);
  out.setMaxVersion(hello.versions.max);
  auto names = out.initCapabilities(static_cast<unsigned>(hello.capabilities.size()));
  for (unsigned i = 0; i < names.size(); ++i) names.set(i, hello.capabilities[i].c_str());
  out.setPayload({hello.payload.data(), hello.payload.size()});
  return framing::to_bytes(builder);
}

Result<Hello> decode_hello(ByteView bytes) {
  if (bytes.size() > kMaxHelloBytes) return beyond("more than " + std::to_string(kMaxHelloBytes) + " bytes");
  return framing::read<messages::Hello>(bytes, kNestingLimit, read_hello, malformed);
}

std::vector<std::string> common_capabilities(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

bool owns(const crypto::BoxPublicKey& proved, const crypto::PublicKey& claimed) {
  return crypto::box_key_of(claimed) == proved;
}

}  // namespace tlfs::link
