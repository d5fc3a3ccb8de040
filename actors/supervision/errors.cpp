#include "actors/supervision/errors.h"

#include <utility>

#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace tlfs::supervision {
namespace {

constexpr caf::atom_value kCategory = caf::atom("supervise");

caf::error make(Errc code, caf::message context) {
  caf::error error(static_cast<std::uint8_t>(code), kCategory);
  error.context() = std::move(context);
  return error;
}

}  // namespace

caf::error to_caf(Errc code, std::string text) { return make(code, caf::make_message(std::move(text))); }

bool is(const caf::error& error, Errc code) {
  return error && error.category() == kCategory && error.code() == static_cast<std::uint8_t>(code);
}

Errc errc_of(const caf::error& error) {
  return error.category() == kCategory ? static_cast<Errc>(error.code()) : Errc::refused;
}

caf::error crash_reason(std::uint64_t incarnation, std::string text) {
  return make(Errc::crashed, caf::make_message(std::move(text), incarnation));
}

std::optional<std::uint64_t> crashed_incarnation(const caf::error& error) {
  if (!is(error, Errc::crashed) || !error.context().match_elements<std::string, std::uint64_t>()) return std::nullopt;
  return error.context().get_as<std::uint64_t>(1);
}

std::string describe(const caf::error& error) {
  if (!error) return "normal";
  if (error.category() == kCategory && !error.context().empty() && error.context().match_element<std::string>(0))
    return error.context().get_as<std::string>(0);
  if (error.category() == caf::atom("exit")) return to_string(static_cast<caf::exit_reason>(error.code()));
  if (error.category() == caf::atom("system")) {
    std::string text = to_string(static_cast<caf::sec>(error.code()));
    if (!error.context().empty()) text += " " + to_string(error.context());
    return text;
  }
  return to_string(error);
}

bool is_clean(const caf::error& reason) {
  return !reason || reason == caf::exit_reason::normal || reason == caf::exit_reason::user_shutdown;
}

}  // namespace tlfs::supervision
