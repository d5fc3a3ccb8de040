// What can go wrong between a person's command and a node; errors of what lies below pass through as they are.
#pragma once

#include <string_view>

namespace tlfs::control {

enum class Errc : int {
  ok = 0,
  malformed,    // bytes that are no request or reply, or one that says nothing that can be done
  bad_patch,    // a JSON patch that is none, or that names a place that is not there
  test_failed,  // a `test` of a JSON patch found another value
  no_document,  // nothing here has that name or id
  ambiguous,    // several documents have it; the message lists them
  bad_name,     // of a principal, a level, a version
  busy,         // too many requests of one connection are under way
  unreachable,  // a node has the directory and does not answer
};
constexpr std::string_view errc_module(Errc) { return "control"; }

}  // namespace tlfs::control
