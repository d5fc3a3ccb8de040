// Rule 10 in words: why someone may do something, or what is missing.
#pragma once

#include <functional>
#include <string>

#include "runtime/access/authority_log.h"

namespace tlfs::access {

// The first digits of a key, "anyone", "the members of ...".
std::string short_name(const Principal& principal);

// One sentence. `place`: how people write the address.
std::string sentence(const AuthorityLog& log, const Rules::Explanation& explanation, const Principal& who, Level level,
                     std::string_view place, const std::function<std::string(const Principal&)>& name_of);

}  // namespace tlfs::access
