// What can be wrong with bytes of document sync. Every one of them is the fault of whoever sent them.
#pragma once

#include <string_view>

namespace tlfs::document_sync {

enum class Errc : int {
  ok = 0,
  malformed,
  limit_exceeded,
  not_authentic,  // a presence message that its device did not make, or that another key sealed
  no_key,         // this device cannot read or make presence in this document
};
constexpr std::string_view errc_module(Errc) { return "document_sync"; }

}  // namespace tlfs::document_sync
