// The reasons of this module, as values (Error) and as CAF carries them between actors (caf::error).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <caf/error.hpp>

#include "runtime/base/result.h"

namespace tlfs::supervision {

enum class Errc : int {
  ok = 0,
  // How a request through a SupervisedRef can fail.
  lost,         // the child had received it and ended without an answer: it may or may not have had its effect
  overflow,     // too many requests were held already; never sent
  timeout,      // no answer in time; never sent, or sent and unanswered
  quarantined,  // the child keeps failing and is not restarted
  stopped,      // there is no such child, or its supervisor has stopped
  overloaded,   // the child's mailbox was full; never executed
  refused,      // the child answered with an error, or with something else than was expected
  // How a request to a supervisor can fail.
  already_started,
  not_found,
  stopping,
  too_many_children,
  start_failed,  // nothing was started: the start function failed and the child is not to be restarted
  // Why an actor ended.
  crashed,    // an exception left a handler
  escalated,  // a supervisor gave up
};
constexpr std::string_view errc_module(Errc) { return "supervision"; }

// A reason as CAF carries it. `describe` returns its text again.
caf::error to_caf(Errc code, std::string text);
bool is(const caf::error& error, Errc code);
// The reason as a value; of errors that are not ours, `refused`.
Errc errc_of(const caf::error& error);

// The reason an actor ends with when an exception left one of its handlers. `incarnation` tells whose.
caf::error crash_reason(std::uint64_t incarnation, std::string text);
// The incarnation named by a crash_reason; nothing for other errors.
std::optional<std::uint64_t> crashed_incarnation(const caf::error& error);

// What a person reads: the text of ours, the name of CAF's; "normal" for none.
std::string describe(const caf::error& error);

// Whether an actor that ended with this did what it was meant to do (finished, or was asked to stop).
bool is_clean(const caf::error& reason);

}  // namespace tlfs::supervision
