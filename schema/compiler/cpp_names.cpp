#include "schema/compiler/cpp_names.h"

#include <algorithm>
#include <array>

namespace tlfs::schema {
namespace {

constexpr auto kReserved = std::to_array<std::string_view>(
    {// keywords of C++20
     "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
     "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const",
     "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
     "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if",
     "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or",
     "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "return", "short", "signed",
     "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this", "thread_local",
     "throw", "true", "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual", "void",
     "volatile", "wchar_t", "while", "xor", "xor_eq",
     // macros of standard headers and of the usual compilers
     "EOF", "NULL", "assert", "errno", "linux", "offsetof", "stderr", "stdin", "stdout", "unix",
     // namespaces that a schema must not open
     "posix", "std", "tlfs"});

bool lower(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

bool is_cpp_reserved(std::string_view name) { return std::ranges::find(kReserved, name) != kReserved.end(); }

std::string CppScope::underscored(std::string_view wish) {
  std::string name(wish);
  while (is_cpp_reserved(name) || taken_.contains(name)) name += '_';
  taken_.insert(name);
  return name;
}

std::string CppScope::numbered(std::string_view wish) {
  std::string name(wish);
  for (int number = 2; is_cpp_reserved(name) || taken_.contains(name); ++number) {
    name = std::string(wish) + std::to_string(number);
  }
  taken_.insert(name);
  return name;
}

std::string pascal_case(std::string_view name) {
  std::string out;
  bool start = true;
  for (char c : name) {
    if (c == '_') {
      start = true;
      continue;
    }
    out += start && lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
    start = false;
  }
  return out;
}

}  // namespace tlfs::schema
