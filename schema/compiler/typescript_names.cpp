#include "schema/compiler/typescript_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "schema/compiler/cpp_names.h"

namespace tlfs::schema {
namespace {

// Words of the language, reserved everywhere or in strict mode, which modules are in.
constexpr auto kReserved = std::to_array<std::string_view>(
    {"arguments", "as",         "async",      "await",  "break",    "case",      "catch", "class",      "const",
     "continue",  "debugger",   "default",    "delete", "do",       "else",      "enum",  "eval",       "export",
     "extends",   "false",      "finally",    "for",    "function", "get",       "if",    "implements", "import",
     "in",        "instanceof", "interface",  "let",    "new",      "null",      "of",    "package",    "private",
     "protected", "public",     "readonly",   "return", "set",      "static",    "super", "switch",     "this",
     "throw",     "true",       "try",        "type",   "typeof",   "undefined", "var",   "void",       "while",
     "with",      "yield",      "constructor"});

// What a generated module imports or writes, and globals that its reader expects to be themselves.
constexpr auto kTaken = std::to_array<std::string_view>(
    {"Bytes",       "Counter", "Draft",       "Flag",     "Int64",   "List",     "Schema",   "Snapshot", "Table",
     "Text",        "Array",   "ArrayBuffer", "Blob",     "Boolean", "Date",     "Document", "Element",  "Error",
     "Event",       "File",    "Function",    "Infinity", "Intl",    "Iterator", "JSON",     "Map",      "Math",
     "NaN",         "Node",    "Number",      "Object",   "Omit",    "Partial",  "Pick",     "Promise",  "Proxy",
     "ReadonlyMap", "Record",  "Reflect",     "RegExp",   "Request", "Required", "Response", "Set",      "String",
     "Symbol",      "URL",     "Uint8Array",  "WeakMap",  "WeakSet", "Window"});

constexpr auto kIrregular = std::to_array<std::pair<std::string_view, std::string_view>>({{"children", "child"},
                                                                                          {"cookies", "cookie"},
                                                                                          {"data", "datum"},
                                                                                          {"feet", "foot"},
                                                                                          {"indices", "index"},
                                                                                          {"leaves", "leaf"},
                                                                                          {"lens", "lens"},
                                                                                          {"matrices", "matrix"},
                                                                                          {"media", "medium"},
                                                                                          {"men", "man"},
                                                                                          {"mice", "mouse"},
                                                                                          {"movies", "movie"},
                                                                                          {"news", "news"},
                                                                                          {"people", "person"},
                                                                                          {"series", "series"},
                                                                                          {"shelves", "shelf"},
                                                                                          {"species", "species"},
                                                                                          {"vertices", "vertex"},
                                                                                          {"women", "woman"}});

bool upper(char c) { return c >= 'A' && c <= 'Z'; }
char lowered(char c) { return upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

std::string singular_word(std::string_view word) {
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(), lowered);
  const auto found = std::ranges::find(kIrregular, lower, [](const auto& pair) { return pair.first; });
  if (found != kIrregular.end()) return std::string(word.substr(0, 1)) + std::string(found->second.substr(1));
  const auto ends = [&](std::string_view tail) { return lower.size() > tail.size() && lower.ends_with(tail); };
  const auto without = [&](std::size_t count) { return std::string(word.substr(0, word.size() - count)); };
  if (ends("ies")) return without(3) + "y";
  for (const char* tail : {"sses", "xes", "ches", "shes", "zzes"}) {
    if (ends(tail)) return without(2);
  }
  for (const char* tail : {"ss", "us", "is"}) {
    if (ends(tail)) return std::string(word);
  }
  return ends("s") ? without(1) : std::string(word);
}

}  // namespace

std::string property_name(std::string_view name) {
  if (std::ranges::find(kReserved, name) == kReserved.end()) return std::string(name);
  return "\"" + std::string(name) + "\"";
}

std::string singular(std::string_view plural) {
  // Only the last word counts: of "due_entries" and of "dueEntries".
  std::size_t begin = plural.size();
  while (begin > 0 && plural[begin - 1] != '_' && !upper(plural[begin - 1])) --begin;
  if (begin > 0 && begin < plural.size() && upper(plural[begin - 1])) --begin;
  return std::string(plural.substr(0, begin)) + singular_word(plural.substr(begin));
}

std::string camel_case(std::string_view name) {
  std::string out = pascal_case(name);
  if (!out.empty()) out[0] = lowered(out[0]);
  return out;
}

TypeNames::TypeNames() : taken_(kTaken.begin(), kTaken.end()) {}

bool TypeNames::take(const std::string& stem) {
  if (taken_.contains(stem) || taken_.contains(stem + "Model") || taken_.contains(stem + "Draft")) return false;
  taken_.insert({stem, stem + "Model", stem + "Draft"});
  return true;
}

std::string TypeNames::stem(const std::string& wish, const std::string& around) {
  if (take(wish)) return wish;
  std::string longer = around + wish;
  if (take(longer)) return longer;
  int number = 2;
  while (!take(longer + std::to_string(number))) ++number;
  return longer + std::to_string(number);
}

}  // namespace tlfs::schema
