// Expected failures are values. A Result<T> holds either a T or an Error; exceptions are kept for bugs.
//
// Each module declares `enum class Errc : int { ok = 0, ... }` and, in the same namespace, a function
// `constexpr std::string_view errc_module(Errc)` that names the module. The message of an Error is a sentence that a
// person can act on: which file, document or path, and what was expected.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "runtime/base/check.h"

namespace tlfs {

template <class E>
concept ErrorCode = std::is_enum_v<E> && requires(E e) {
  { errc_module(e) } -> std::convertible_to<std::string_view>;
};

class Error {
 public:
  template <ErrorCode E>
  Error(E code, std::string message)
      : module_(errc_module(code)), code_(static_cast<int>(code)), message_(std::move(message)) {}

  // The module that produced the error, for example "document". Lives for ever.
  std::string_view module() const { return module_; }
  int code() const { return code_; }
  const std::string& message() const { return message_; }

  template <ErrorCode E>
  bool is(E code) const {
    return code_ == static_cast<int>(code) && module_ == errc_module(code);
  }

  // The same error with `context` and ": " in front of its message.
  Error within(std::string_view context) const {
    Error e = *this;
    e.message_ = std::string(context) + ": " + message_;
    return e;
  }

 private:
  std::string_view module_;
  int code_;
  std::string message_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : value_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return value_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Reading the side that is not there is a bug and throws InvariantViolation.
  T& value() & { return expect_value(), std::get<0>(value_); }
  const T& value() const& { return expect_value(), std::get<0>(value_); }
  T&& value() && { return expect_value(), std::get<0>(std::move(value_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const& {
    TLFS_CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(value_);
  }

 private:
  void expect_value() const { TLFS_CHECK(ok(), "value() of a failed Result: " + std::get<1>(value_).message()); }
  std::variant<T, Error> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    TLFS_CHECK(error_.has_value(), "error() of a Result that succeeded");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace tlfs
