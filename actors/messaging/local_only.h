// Marks what may travel between actors of one process only: pointers to shared words, functions, handles.
//
// CAF would otherwise ask for a way to serialize such a type, or (with its own "unsafe" mark) leave the element out of
// what it sends, silently. A type that derives from LocalOnly can be sent like any other inside the process; the first
// attempt to turn it into bytes, that is to send it to a remote actor, throws InvariantViolation in the sender.
#pragma once

#include <type_traits>

#include <caf/deserializer.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/serializer.hpp>

#include "runtime/base/check.h"

namespace tlfs::messaging {

struct LocalOnly {
  bool operator==(const LocalOnly&) const = default;
};

template <class Inspector, class T>
  requires std::is_base_of_v<LocalOnly, T>
typename Inspector::result_type inspect(Inspector& f, T&) {
  if constexpr (std::is_base_of_v<caf::serializer, Inspector> || std::is_base_of_v<caf::deserializer, Inspector>)
    TLFS_CHECK(false, "a message that is local to this process was about to leave it");
  return f(caf::meta::type_name("local"));
}

}  // namespace tlfs::messaging
