// Names of generated C++: legal, unique, and the same every time.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace tlfs::schema {

// Gives out names of one scope.
class CppScope {
 public:
  // Names that are not given out.
  void reserve(std::string name) { taken_.insert(std::move(name)); }
  bool taken(std::string_view name) const { return taken_.contains(name); }
  // `wish`, followed by as many underscores as make it legal and unique.
  std::string underscored(std::string_view wish);
  // `wish`, or `wish` and the first number from 2 on that makes it unique.
  std::string numbered(std::string_view wish);

 private:
  std::set<std::string, std::less<>> taken_;
};

// A keyword, a name of the alternative operators, or a macro that standard headers may define.
bool is_cpp_reserved(std::string_view name);

// "due_date" and "dueDate" become "DueDate".
std::string pascal_case(std::string_view name);

}  // namespace tlfs::schema
