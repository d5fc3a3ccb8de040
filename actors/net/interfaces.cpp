#include "actors/net/interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>

namespace tlfs::net {
namespace {

constexpr unsigned kWorking = IFF_UP | IFF_RUNNING;  // and its cable is in

}  // namespace

std::vector<std::string> own_addresses(bool ipv6) {
  std::vector<std::string> out, loopback;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return out;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & kWorking) != kWorking) continue;
    if (one->ifa_addr->sa_family != (ipv6 ? AF_INET6 : AF_INET)) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (ipv6) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr)) continue;
      ::inet_ntop(AF_INET6, &address->sin6_addr, text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text.data(), text.size());
    }
    std::string host(text.data());
    if (ipv6) host = "[" + host + "]";
    ((one->ifa_flags & IFF_LOOPBACK) != 0 ? loopback : out).push_back(std::move(host));
  }
  ::freeifaddrs(all);
  out.insert(out.end(), loopback.begin(), loopback.end());
  return out;
}

}  // namespace tlfs::net
