// Literals of default(...): from their spelling to a value of the register's type.
#pragma once

#include <string_view>
#include <variant>

#include "runtime/base/value.h"

namespace tlfs::schema {

// Why a literal was refused: what is wrong and what would be right.
struct LiteralFault {
  std::string message;
  std::string expected;
};

// bool: true, false. u64, i64, f64: decimal numbers in range, f64 finite. String: double quotes with the escapes
// \" \\ \n \t \r and \u{hex}. Bytes: hex"00ff".
std::variant<Value, LiteralFault> read_literal(Primitive type, std::string_view spelling);

}  // namespace tlfs::schema
