// One statement of a schema, from syntax to lenses. It says for every mistake what is wrong at this place; the tree's
// own checks stand behind it.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/compiler/reports.h"
#include "schema/compiler/syntax.h"
#include "schema/lens/package_builder.h"

namespace tlfs::schema {

class StatementCompiler {
 public:
  // Both outlive the compiler.
  StatementCompiler(PackageBuilder& builder, Reports& reports) : builder_(builder), reports_(reports) {}

  // False when the statement was refused. Nothing is reported for what only follows from an earlier mistake.
  bool compile(const syntax::Statement& statement);

  // Something was said about the root: it was declared, well or badly, or reported missing.
  bool root_attempted() const { return root_attempted_; }

 private:
  using Steps = std::span<const syntax::Step>;
  struct FieldType {
    Kind kind;
    Primitive primitive;
  };

  bool declare(const syntax::Statement& statement);
  bool call(const syntax::Statement& statement);
  bool remove(const syntax::Statement& statement, Ordinal node);
  bool rename(const syntax::Statement& statement, Ordinal node);
  bool hoist(const syntax::Statement& statement, Ordinal node);
  bool plunge(const syntax::Statement& statement, Ordinal node);
  bool set_default(const syntax::Statement& statement, Ordinal node);
  bool restore(const syntax::Statement& statement);

  std::optional<FieldType> read_type(const syntax::Type& type);
  std::optional<bool> read_marks(const syntax::Statement& statement);
  bool check_argument(const syntax::Call& call);

  // Walks from the root; reports the first step that leads nowhere.
  std::optional<Ordinal> resolve(Steps steps);
  // Whether a step of this form can lead below `parent`.
  bool check_step(Ordinal parent, const syntax::Step& step);
  bool check_free(Ordinal parent, std::string_view name, const syntax::Token& at);
  bool check_no_crossing(Ordinal node, Ordinal boundary, const syntax::Token& at);

  // The node that was hidden last with this name below `parent`; kNoOrdinal when there is none.
  Ordinal hidden(Ordinal parent, std::string_view name) const;
  // Fields of a struct as shown.
  std::vector<std::string_view> fields(Ordinal parent, bool structs_only = false) const;
  std::string path(Ordinal node) const { return tree().path(node); }
  std::string path_below(Ordinal parent, std::string_view name) const;
  std::string type_of(Ordinal node) const;

  const Tree& tree() const { return builder_.tree(); }
  bool add(Lens lens, const syntax::Token& at);
  bool refuse(const syntax::Token& at, std::string message, std::string expected);

  PackageBuilder& builder_;
  Reports& reports_;
  bool root_attempted_ = false;
  std::vector<Ordinal> hidden_;              // in the order of hiding; what was shown again stays in it
  std::set<std::string, std::less<>> lost_;  // paths that would be there but for an earlier mistake
};

}  // namespace tlfs::schema
