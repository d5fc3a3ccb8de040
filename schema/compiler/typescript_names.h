// Names of generated TypeScript: legal, unique, and the same every time.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace tlfs::schema {

// As the name of a property: quoted when it is a word of the language.
std::string property_name(std::string_view name);

// One of what an English plural counts: "tasks" is "task", "due_entries" is "due_entry", "people" is "person". Words
// that are no plural stay, and so do those it does not know.
std::string singular(std::string_view plural);

// "todo_list" and "TodoList" become "todoList".
std::string camel_case(std::string_view name);

// Gives out the names of a module's types. A stem stands for three: NAME, NAMEModel, NAMEDraft.
class TypeNames {
 public:
  // Nothing that is given out hides what the module imports, or a global of the language.
  TypeNames();
  // `wish` when its three names are free; else `around` before it; else that with the first number from 2 on.
  std::string stem(const std::string& wish, const std::string& around);

 private:
  bool take(const std::string& stem);
  std::set<std::string, std::less<>> taken_;
};

}  // namespace tlfs::schema
