// What the parser makes of a .tlfs text: its words in order, checked for form, not for meaning. Everything views the
// source.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace tlfs::schema::syntax {

struct Token {
  std::string_view text;
  std::size_t offset = 0;  // in the source, in bytes
};

// One step of a path: a field name, "[]" or "{}".
using Step = Token;

struct Type {
  Token name;
  std::optional<Token> primitive;  // between < and >
};

// .name(argument)
struct Call {
  enum class Argument { none, name, literal };
  Token name;
  Argument argument_form = Argument::none;
  Token argument;  // as written
};

// `path: type @mark` or `path.call(argument)`.
struct Statement {
  Token whole_path;  // from the dot to the end of the last step
  std::vector<Step> path;
  std::optional<Type> type;
  std::vector<Token> marks;  // without @
  std::optional<Call> call;
};

struct VersionBlock {
  Token number;  // digits, letters and dots
  std::vector<Statement> statements;
};

struct Schema {
  Token name;
  std::vector<VersionBlock> versions;
};

}  // namespace tlfs::schema::syntax
