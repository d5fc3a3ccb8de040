// One line of a log: `event path=/node/store key=value other="two words"`, made to be read by people and by grep.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include <spdlog/logger.h>

namespace tlfs::supervision {

// Refers to text it does not own: build it in the call of log_event.
struct Field {
  template <std::integral T>
  Field(std::string_view name, T number) : key(name) {
    if constexpr (std::is_signed_v<T>)
      value = static_cast<long long>(number);
    else
      value = static_cast<unsigned long long>(number);
  }
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, double number) : key(name), value(number) {}

  std::string_view key;
  std::variant<std::string_view, long long, unsigned long long, double> value;
};

// Costs nothing when `level` is not logged. Values that hold anything but letters, digits and harmless signs are
// quoted, with \" \\ \n and \xNN inside.
void log_event(spdlog::logger& logger, spdlog::level::level_enum level, std::string_view event, std::string_view path,
               std::initializer_list<Field> fields);

}  // namespace tlfs::supervision
