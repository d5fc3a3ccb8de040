#include "schema/compiler/statement_compiler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "schema/compiler/literal.h"
#include "schema/compiler/suggest.h"

namespace tlfs::schema {
namespace {

using syntax::Call;

constexpr std::array<std::pair<std::string_view, Kind>, 7> kKinds{{{"Struct", Kind::structure},
                                                                   {"Table", Kind::table},
                                                                   {"Array", Kind::array},
                                                                   {"Text", Kind::text},
                                                                   {"MVReg", Kind::reg},
                                                                   {"EWFlag", Kind::flag},
                                                                   {"Counter", Kind::counter}}};
constexpr std::array<Primitive, 6> kPrimitives{Primitive::boolean, Primitive::u64,    Primitive::i64,
                                               Primitive::f64,     Primitive::string, Primitive::bytes};
constexpr std::string_view kTypesInWords = "a type: Struct, Table<...>, Array, Text, MVReg<...>, EWFlag or Counter";
constexpr std::string_view kPrimitivesInWords = "bool, u64, i64, f64, String or Bytes";
constexpr std::string_view kKeysInWords = "bool, u64, i64 or String";

struct Method {
  std::string_view name;
  Call::Argument argument;
  std::string_view usage;
};
constexpr std::array<Method, 6> kMethods{
    {{"remove", Call::Argument::none, ".remove() without an argument"},
     {"restore", Call::Argument::none, ".restore() without an argument"},
     {"hoist", Call::Argument::none, ".hoist() without an argument"},
     {"rename", Call::Argument::name, ".rename(name) with the field's new name"},
     {"plunge", Call::Argument::name, ".plunge(name) with the name of the struct that shall hold the field"},
     {"default", Call::Argument::literal, ".default(value) with a value of the register's type"}}};

std::string quote(std::string_view text) {
  constexpr std::size_t kLongest = kMaxNameBytes;
  return "\"" + std::string(text.substr(0, kLongest)) + (text.size() > kLongest ? "..." : "") + "\"";
}

std::string spelled(std::span<const syntax::Step> steps) {
  std::string out;
  for (const syntax::Step& step : steps) out.append(".").append(step.text);
  return out.empty() ? "." : out;
}

bool is_field(const syntax::Step& step) { return step.text != kArrayValue && step.text != kTableValue; }

}  // namespace

bool StatementCompiler::compile(const syntax::Statement& statement) {
  if (statement.path.size() > kMaxDepth) {
    return refuse(statement.path[kMaxDepth], "this path is too deep",
                  "at most " + std::to_string(kMaxDepth) + " steps");
  }
  for (const syntax::Step& step : statement.path) {
    if (step.text.size() > kMaxNameBytes) {
      return refuse(step, "this name is too long", "at most " + std::to_string(kMaxNameBytes) + " characters");
    }
  }
  const bool declares_root = !statement.call && statement.path.empty();
  if (tree().nodes().empty() && !declares_root) {
    if (root_attempted_) return false;
    root_attempted_ = true;
    return refuse(statement.path.empty() ? statement.call->name : statement.whole_path, "the root is not declared yet",
                  ".: and its type, such as .: Struct, before everything else");
  }
  const bool done = statement.call ? call(statement) : declare(statement);
  if (!done) {
    const Steps steps(statement.path);
    if (!statement.call || statement.call->name.text == "restore") lost_.insert(spelled(steps));
    if (statement.call && statement.call->name.text == "rename" && !steps.empty()) {
      const std::string above = spelled(steps.first(steps.size() - 1));
      lost_.insert((above == "." ? "" : above) + "." + std::string(statement.call->argument.text));
    }
  }
  return done;
}

bool StatementCompiler::declare(const syntax::Statement& statement) {
  const Steps steps(statement.path);
  const bool root = steps.empty();
  if (root) root_attempted_ = true;
  if (root && !tree().nodes().empty()) {
    return refuse(statement.whole_path, "the root is declared already, as " + type_of(kRoot),
                  "the root to be declared once");
  }
  std::optional<Ordinal> parent;
  if (!root) {
    parent = resolve(steps.first(steps.size() - 1));
    if (!parent || !check_step(*parent, steps.back())) return false;
    if (!check_free(*parent, steps.back().text, statement.whole_path)) return false;
  }
  const std::optional<FieldType> type = read_type(*statement.type);
  const std::optional<bool> compartment = read_marks(statement);
  if (!type || !compartment) return false;
  if (root && *compartment) {
    return refuse(statement.marks.front(), "the root is a compartment already", "the mark on something below the root");
  }
  return add(make(tree(), root ? kNoOrdinal : *parent, type->kind, type->primitive, *compartment,
                  root ? "" : std::string(steps.back().text)),
             statement.whole_path);
}

std::optional<StatementCompiler::FieldType> StatementCompiler::read_type(const syntax::Type& type) {
  const auto kind = std::ranges::find(kKinds, type.name.text, &std::pair<std::string_view, Kind>::first);
  if (kind == kKinds.end()) {
    const auto held = std::ranges::find(kPrimitives, type.name.text, primitive_name);
    if (held != kPrimitives.end()) {
      refuse(type.name, quote(type.name.text) + " is what a register holds, not a type of its own",
             "MVReg<" + std::string(type.name.text) + ">");
      return std::nullopt;
    }
    std::vector<std::string_view> names;
    names.reserve(kKinds.size());
    for (const auto& k : kKinds) names.push_back(k.first);
    refuse(type.name, "unknown type " + quote(type.name.text),
           std::string(kTypesInWords) + did_you_mean(type.name.text, names));
    return std::nullopt;
  }
  const bool needs_primitive = kind->second == Kind::reg || kind->second == Kind::table;
  if (!needs_primitive) {
    if (!type.primitive) return FieldType{kind->second, Primitive::none};
    refuse(*type.primitive, std::string(kind->first) + " takes no type in < >", std::string(kind->first) + " alone");
    return std::nullopt;
  }
  const bool table = kind->second == Kind::table;
  const std::string_view choice = table ? kKeysInWords : kPrimitivesInWords;
  if (!type.primitive) {
    refuse(type.name, std::string(kind->first) + " does not say what " + (table ? "its keys are" : "it holds"),
           std::string(kind->first) + "<...> with " + std::string(choice));
    return std::nullopt;
  }
  const auto primitive = std::ranges::find(kPrimitives, type.primitive->text, primitive_name);
  if (primitive == kPrimitives.end()) {
    std::vector<std::string_view> names;
    names.reserve(kPrimitives.size());
    for (Primitive p : kPrimitives) names.push_back(primitive_name(p));
    refuse(*type.primitive, "unknown type " + quote(type.primitive->text),
           std::string(choice) + did_you_mean(type.primitive->text, names));
    return std::nullopt;
  }
  if (!fits(kind->second, *primitive)) {
    refuse(*type.primitive, std::string(type.primitive->text) + " cannot be the key of a table", std::string(choice));
    return std::nullopt;
  }
  return FieldType{kind->second, *primitive};
}

std::optional<bool> StatementCompiler::read_marks(const syntax::Statement& statement) {
  constexpr std::array<std::string_view, 1> kMarks{"compartment"};
  for (const syntax::Token& mark : statement.marks) {
    if (mark.text != kMarks[0]) {
      refuse(mark, "unknown mark @" + std::string(mark.text.substr(0, kMaxNameBytes)),
             "@compartment" + did_you_mean(mark.text, kMarks));
      return std::nullopt;
    }
  }
  if (statement.marks.size() > 1) {
    refuse(statement.marks[1], "@compartment is there twice", "the mark once");
    return std::nullopt;
  }
  return !statement.marks.empty();
}

bool StatementCompiler::call(const syntax::Statement& statement) {
  const Call& method = *statement.call;
  if (!check_argument(method)) return false;
  if (statement.path.empty()) {
    if (method.name.text != "default") {
      return refuse(
          method.name,
          "the root cannot be " + std::string(method.name.text == "hoist"    ? "hoisted"
                                              : method.name.text == "plunge" ? "plunged"
                                              : method.name.text == "rename" ? "renamed"
                                                                             : std::string(method.name.text) + "d"),
          "the path of something below the root");
    }
  }
  if (method.name.text == "restore") return restore(statement);
  const std::optional<Ordinal> node = resolve(statement.path);
  if (!node) return false;
  if (method.name.text == "remove") return remove(statement, *node);
  if (method.name.text == "rename") return rename(statement, *node);
  if (method.name.text == "hoist") return hoist(statement, *node);
  if (method.name.text == "plunge") return plunge(statement, *node);
  return set_default(statement, *node);
}

bool StatementCompiler::check_argument(const Call& method) {
  const auto known = std::ranges::find(kMethods, method.name.text, &Method::name);
  if (known == kMethods.end()) {
    std::vector<std::string_view> names;
    names.reserve(kMethods.size());
    for (const Method& m : kMethods) names.push_back(m.name);
    return refuse(method.name, "unknown method " + quote(method.name.text),
                  "remove(), restore(), hoist(), rename(name), plunge(name) or default(value)" +
                      did_you_mean(method.name.text, names));
  }
  const bool given = method.argument_form != Call::Argument::none;
  if (!given && known->argument != Call::Argument::none) {
    return refuse(method.name, std::string(known->name) + " needs an argument", std::string(known->usage));
  }
  if (given && known->argument == Call::Argument::none) {
    return refuse(method.argument, std::string(known->name) + " takes no argument", std::string(known->usage));
  }
  if (known->argument == Call::Argument::name && method.argument_form == Call::Argument::literal) {
    return refuse(method.argument, std::string(known->name) + " takes a name", std::string(known->usage));
  }
  if (known->argument == Call::Argument::name && method.argument.text.size() > kMaxNameBytes) {
    return refuse(method.argument, "this name is too long", "at most " + std::to_string(kMaxNameBytes) + " characters");
  }
  return true;
}

bool StatementCompiler::remove(const syntax::Statement& statement, Ordinal node) {
  if (!add(hide(node), statement.whole_path)) return false;
  hidden_.push_back(node);
  return true;
}

bool StatementCompiler::rename(const syntax::Statement& statement, Ordinal node) {
  const syntax::Token& name = statement.call->argument;
  if (!is_field(statement.path.back())) {
    return refuse(statement.path.back(), path(node) + " has no name of its own", "the path of a struct's field");
  }
  if (!check_free(tree().place(node).parent, name.text, name)) return false;
  return add(schema::rename(tree(), node, std::string(name.text)), statement.whole_path);
}

bool StatementCompiler::hoist(const syntax::Statement& statement, Ordinal node) {
  const syntax::Step& last = statement.path.back();
  if (!is_field(last))
    return refuse(last, path(node) + " is not a field", "the path of a field of a struct in a struct");
  const Ordinal inner = tree().place(node).parent;
  const Ordinal outer = tree().place(inner).parent;
  if (outer == kNoOrdinal)
    return refuse(last, "there is nothing above the root to hoist to", "a field of a struct in a struct");
  if (tree().nodes()[outer].kind != Kind::structure) {
    return refuse(last, "around " + path(inner) + " there is " + type_of(outer) + ", not a Struct; keys never change",
                  "a field of a struct in a struct");
  }
  if (!check_no_crossing(node, inner, last)) return false;
  if (!check_free(outer, last.text, last)) return false;
  return add(schema::hoist(tree(), node), statement.whole_path);
}

bool StatementCompiler::plunge(const syntax::Statement& statement, Ordinal node) {
  const syntax::Step& last = statement.path.back();
  const syntax::Token& name = statement.call->argument;
  if (!is_field(last)) return refuse(last, path(node) + " is not a field", "the path of a struct's field");
  const Ordinal parent = tree().place(node).parent;
  const Ordinal into = tree().child(parent, name.text);
  if (into == kNoOrdinal) {
    if (lost_.contains(path_below(parent, name.text))) return false;
    return refuse(name, "there is no " + path_below(parent, name.text),
                  "the name of a struct beside " + path(node) + did_you_mean(name.text, fields(parent, true)));
  }
  if (into == node)
    return refuse(name, path(node) + " cannot be plunged into itself", "the name of a struct beside it");
  if (tree().nodes()[into].kind != Kind::structure) {
    return refuse(name, path(into) + " is " + type_of(into) + ", not a Struct",
                  "the name of a struct beside " + path(node));
  }
  if (!check_no_crossing(node, into, name)) return false;
  if (!check_free(into, last.text, last)) return false;
  return add(schema::plunge(tree(), node, into), statement.whole_path);
}

bool StatementCompiler::set_default(const syntax::Statement& statement, Ordinal node) {
  const Node& target = tree().nodes()[node];
  if (target.kind != Kind::reg) {
    return refuse(statement.whole_path, path(node) + " is " + type_of(node) + "; only a register has a default",
                  "the path of an MVReg<...>");
  }
  const syntax::Token& literal = statement.call->argument;
  std::variant<Value, LiteralFault> value = read_literal(target.primitive, literal.text);
  if (const auto* fault = std::get_if<LiteralFault>(&value)) return refuse(literal, fault->message, fault->expected);
  return add(schema::set_default(tree(), node, std::get<Value>(std::move(value))), literal);
}

bool StatementCompiler::restore(const syntax::Statement& statement) {
  const Steps steps(statement.path);
  const std::optional<Ordinal> parent = resolve(steps.first(steps.size() - 1));
  if (!parent || !check_step(*parent, steps.back())) return false;
  const std::string_view name = steps.back().text;
  const std::string where = path_below(*parent, name);
  const Ordinal node = hidden(*parent, name);
  const bool taken = tree().child(*parent, name) != kNoOrdinal;
  if (node == kNoOrdinal) {
    return refuse(statement.whole_path,
                  taken ? where + " was not removed" : "nothing called " + where + " was removed here",
                  "the path of something that was removed");
  }
  if (taken) {
    return refuse(statement.whole_path, where + " is taken by what is there now",
                  "the name to be free: rename or remove the present " + where + " before");
  }
  return add(show(node), statement.whole_path);
}

std::optional<Ordinal> StatementCompiler::resolve(Steps steps) {
  Ordinal at = kRoot;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!check_step(at, steps[i])) return std::nullopt;
    const Ordinal next = tree().child(at, steps[i].text);
    if (next == kNoOrdinal) {
      if (lost_.contains(spelled(steps.first(i + 1)))) return std::nullopt;
      const bool removed = hidden(at, steps[i].text) != kNoOrdinal;
      refuse(steps[i],
             "there is no " + path_below(at, steps[i].text) +
                 (removed ? ": it was removed; .restore() shows it again" : ""),
             "something declared before this line" +
                 (is_field(steps[i]) ? did_you_mean(steps[i].text, fields(at)) : std::string()));
      return std::nullopt;
    }
    at = next;
  }
  return at;
}

bool StatementCompiler::check_step(Ordinal parent, const syntax::Step& step) {
  const std::string holder = path(parent);
  const std::string type = type_of(parent);
  switch (tree().nodes()[parent].kind) {
    case Kind::structure:
      return is_field(step) ||
             refuse(step, holder + " is a Struct and has fields, not " + std::string(step.text), "the name of a field");
    case Kind::array:
      return step.text == kArrayValue ||
             refuse(step, holder + " is an Array: its values are written " + path_below(parent, kArrayValue), "[]");
    case Kind::table:
      return step.text == kTableValue ||
             refuse(step, holder + " is a " + type + ": its values are written " + path_below(parent, kTableValue),
                    "{}");
    case Kind::text:
    case Kind::reg:
    case Kind::flag:
    case Kind::counter:
      return refuse(step, holder + " is " + type + " and holds nothing below it",
                    "a parent that is a Struct, Array or Table");
  }
  return false;
}

bool StatementCompiler::check_free(Ordinal parent, std::string_view name, const syntax::Token& at) {
  const Ordinal there = tree().child(parent, name);
  if (there == kNoOrdinal) return true;
  return refuse(at, "there is a " + path(there) + " already, " + type_of(there), "a name that is not taken");
}

bool StatementCompiler::check_no_crossing(Ordinal node, Ordinal boundary, const syntax::Token& at) {
  if (!tree().nodes()[boundary].compartment) return true;
  return refuse(at, path(node) + " cannot cross the boundary of the compartment " + path(boundary),
                "both structs in one compartment; data never changes the key it is encrypted under");
}

Ordinal StatementCompiler::hidden(Ordinal parent, std::string_view name) const {
  for (auto it = hidden_.rbegin(); it != hidden_.rend(); ++it) {
    const Tree::Place& place = tree().place(*it);
    if (!place.shown && place.parent == parent && place.name == name) return *it;
  }
  return kNoOrdinal;
}

std::vector<std::string_view> StatementCompiler::fields(Ordinal parent, bool structs_only) const {
  std::vector<std::string_view> names;
  for (Ordinal child : tree().place(parent).children) {
    if (!tree().place(child).shown) continue;
    if (!structs_only || tree().nodes()[child].kind == Kind::structure) names.push_back(tree().place(child).name);
  }
  return names;
}

std::string StatementCompiler::path_below(Ordinal parent, std::string_view name) const {
  return (parent == kRoot ? "" : path(parent)) + "." + std::string(name);
}

std::string StatementCompiler::type_of(Ordinal node) const {
  return type_name(tree().nodes()[node].kind, tree().nodes()[node].primitive);
}

bool StatementCompiler::add(Lens lens, const syntax::Token& at) {
  const Status added = builder_.add(std::move(lens));
  return added.ok() || refuse(at, added.error().message(), "");
}

bool StatementCompiler::refuse(const syntax::Token& at, std::string message, std::string expected) {
  reports_.add(at, std::move(message), std::move(expected));
  return false;
}

}  // namespace tlfs::schema
