// This machine's own addresses.
#pragma once

#include <string>
#include <vector>

namespace tlfs::net {

// Of the interfaces that are up and carry something, those that reach other machines first: "192.0.2.7", or with `ipv6`
// "[2001:db8::7]"; none that means something on one link only. Asks the kernel, which answers at once.
std::vector<std::string> own_addresses(bool ipv6);

}  // namespace tlfs::net
