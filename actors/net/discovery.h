// Finding nodes on the local network: DNS-SD over multicast DNS (RFC 6763, RFC 6762), through avahi-core in this
// process. No daemon is needed, and one that runs does not mind.
//
// What is announced is everybody's to read, and what is found is anybody's word: names, addresses and TXT records prove
// nothing. What they say is read by runtime/invitation/announcement.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/net/errors.h"
#include "runtime/base/result.h"

namespace tlfs::net {

inline constexpr std::string_view kServiceType = "_tlfs._tcp";
inline constexpr std::size_t kMaxInstanceBytes = 63;
inline constexpr std::size_t kMaxTxtStrings = 8;
inline constexpr std::size_t kMaxTxtBytes = 512;  // all strings together
inline constexpr std::size_t kMaxServicesFound =
    256;  // (instance, interface, protocol); further ones are not looked at
inline constexpr std::size_t kMaxAddressesOfService = 8;  // further ones are left out

struct Announcement {
  std::string instance;  // 1 to kMaxInstanceBytes bytes of UTF-8; another is chosen when it is taken
  std::string host;      // a label of letters, digits and '-': our addresses stand under it, HOST.local
  std::uint16_t port = 0;
  bool ipv4 = true;  // whether it is listened on there by this protocol; addresses of the other are not shown
  bool ipv6 = true;
  std::vector<std::string> txt;  // "key=value"
};

struct FoundService {
  std::string instance;
  std::vector<std::string> addresses;  // "192.0.2.7:4242", "[fe80::1%eth0]:4242"; sorted
  std::uint16_t port = 0;
  std::vector<std::string> txt;
  friend bool operator==(const FoundService&, const FoundService&) = default;
};

// Has a thread of its own. Networks that come and go are followed.
class Discovery {
 public:
  // All functions are called on its thread and may not block.
  struct Settings {
    std::vector<std::string> interfaces = {};  // by name; none: all
    bool ipv4 = true;
    bool ipv6 = true;
    std::function<void(const FoundService&)> found = {};  // new, or not as it was; never our own
    std::function<void(const std::string& instance)> lost = {};
    // It cannot go on; nothing more is called. A new one may be started.
    std::function<void(const Error&)> failed = {};
  };

  // no_interface: no network is up that could carry it; try again when one is. failed.
  static Result<std::unique_ptr<Discovery>> start(Settings settings);
  // Takes back what was announced and waits for its thread. Not to be called on it.
  void stop();
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  // Announces this instead of what was announced before, or nothing more. Any thread; returns at once. bad_address:
  // something is too long, nothing is listened on, or it is not written as it should be; nothing changes then.
  Status announce(std::optional<Announcement> announcement);

 private:
  struct Parts;
  explicit Discovery(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tlfs::net
