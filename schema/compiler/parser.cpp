#include "schema/compiler/parser.h"

#include <tao/pegtl.hpp>
#include <utility>

namespace tlfs::schema {
namespace {

namespace pegtl = tao::pegtl;

// What the actions fill.
struct Sink {
  std::string_view source;
  std::vector<syntax::Schema> schemas;
  std::size_t opened = 0;  // where the comment or the string that is being read began

  syntax::VersionBlock& version() { return schemas.back().versions.back(); }
  syntax::Statement& statement() { return version().statements.back(); }
  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - source.data()); }

  template <class Input>
  syntax::Token token(const Input& in) const {
    return {in.string_view(), offset(in.begin())};
  }
};

// Leaves the parser; only parse() sees it.
struct Failure {
  Diagnostic diagnostic;
};

// Blanks
struct CommentOpening : pegtl::string<'/', '*'> {};
struct CommentRest : pegtl::until<pegtl::string<'*', '/'>> {};
struct BlockComment : pegtl::if_must<CommentOpening, CommentRest> {};
struct LineComment : pegtl::seq<pegtl::sor<pegtl::string<'/', '/'>, pegtl::one<'#'>>, pegtl::until<pegtl::eolf>> {};
struct Blank : pegtl::star<pegtl::sor<pegtl::one<' ', '\t', '\r', '\n'>, LineComment, BlockComment>> {};

// Words
struct Identifier : pegtl::seq<pegtl::alpha, pegtl::star<pegtl::sor<pegtl::alnum, pegtl::one<'_'>>>> {};
struct SchemaName : Identifier {};
struct VersionNumber : pegtl::seq<pegtl::digit, pegtl::star<pegtl::sor<pegtl::alnum, pegtl::one<'.'>>>> {};

// Arguments
struct StringOpening : pegtl::one<'"'> {};
struct StringCharacter
    : pegtl::sor<pegtl::seq<pegtl::one<'\\'>, pegtl::not_one<'\n'>>, pegtl::not_one<'"', '\\', '\n'>> {};
struct StringRest : pegtl::until<pegtl::one<'"'>, StringCharacter> {};
struct Quoted : pegtl::if_must<StringOpening, StringRest> {};
struct HexArgument : pegtl::seq<pegtl::string<'h', 'e', 'x'>, pegtl::at<pegtl::one<'"'>>, Quoted> {};
struct Number : pegtl::seq<pegtl::opt<pegtl::one<'-', '+'>>, pegtl::digit,
                           pegtl::star<pegtl::sor<pegtl::seq<pegtl::one<'e', 'E'>, pegtl::one<'+', '-'>>, pegtl::alnum,
                                                  pegtl::one<'.'>>>> {};
struct LiteralArgument : pegtl::sor<HexArgument, Quoted, Number> {};
struct NameArgument : Identifier {};
struct Argument : pegtl::sor<LiteralArgument, NameArgument> {};
struct ClosingParenthesis : pegtl::one<')'> {};
struct OpeningParenthesis : pegtl::one<'('> {};
struct Call : pegtl::if_must<OpeningParenthesis, Blank, pegtl::opt<Argument>, Blank, ClosingParenthesis> {};

// Paths
struct ClosingBracket : pegtl::one<']'> {};
struct ClosingBrace : pegtl::one<'}'> {};
struct ArrayStep : pegtl::if_must<pegtl::one<'['>, ClosingBracket> {};
struct TableStep : pegtl::if_must<pegtl::one<'{'>, ClosingBrace> {};
struct NameInStep : Identifier {};
struct FieldStep : pegtl::seq<NameInStep, pegtl::opt<Call>> {};
struct Step : pegtl::sor<ArrayStep, TableStep, FieldStep> {};
struct PathOpening : pegtl::one<'.'> {};
struct Path : pegtl::seq<PathOpening, pegtl::opt<Step, pegtl::star<pegtl::if_must<pegtl::one<'.'>, Step>>>> {};

// Declarations
struct TypeName : Identifier {};
struct PrimitiveName : Identifier {};
struct ClosingAngle : pegtl::one<'>'> {};
struct Type : pegtl::seq<TypeName, Blank,
                         pegtl::opt<pegtl::if_must<pegtl::one<'<'>, Blank, PrimitiveName, Blank, ClosingAngle>>> {};
struct MarkName : Identifier {};
struct Mark : pegtl::if_must<pegtl::one<'@'>, MarkName> {};
struct Colon : pegtl::one<':'> {};
struct Declaration : pegtl::seq<Blank, pegtl::must<Colon>, Blank, pegtl::must<Type>, pegtl::star<Blank, Mark>> {};

// A method needs no declaration behind it.
struct IsCall {
  using rule_t = IsCall;
  using subs_t = pegtl::empty_list;
  template <pegtl::apply_mode, pegtl::rewind_mode, template <class...> class, template <class...> class, class Input>
  static bool match(Input&, Sink& sink) {
    return sink.statement().call.has_value();
  }
};
struct Statement : pegtl::seq<Path, pegtl::sor<IsCall, Declaration>> {};

// Blocks
struct VersionOpening : pegtl::one<'{'> {};
struct VersionClosing : pegtl::one<'}'> {};
struct SchemaOpening : pegtl::one<'{'> {};
struct SchemaClosing : pegtl::one<'}'> {};
struct Version : pegtl::seq<VersionNumber, Blank, pegtl::must<VersionOpening>, Blank, pegtl::star<Statement, Blank>,
                            pegtl::must<VersionClosing>> {};
struct Schema : pegtl::seq<SchemaName, Blank, pegtl::must<SchemaOpening>, Blank, pegtl::star<Version, Blank>,
                           pegtl::must<SchemaClosing>> {};
struct EndOfText : pegtl::eof {};
struct Grammar : pegtl::seq<Blank, pegtl::star<Schema, Blank>, pegtl::must<EndOfText>> {};

template <class Rule>
struct Action : pegtl::nothing<Rule> {};

template <>
struct Action<CommentOpening> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.opened = sink.offset(in.begin());
  }
};
template <>
struct Action<StringOpening> : Action<CommentOpening> {};

template <>
struct Action<SchemaName> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.schemas.push_back({sink.token(in), {}});
  }
};
template <>
struct Action<VersionNumber> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.schemas.back().versions.push_back({sink.token(in), {}});
  }
};
template <>
struct Action<PathOpening> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.version().statements.push_back({});
    sink.statement().whole_path = sink.token(in);
  }
};

void add_step(Sink& sink, syntax::Token step) {
  syntax::Statement& s = sink.statement();
  if (s.call) {
    throw Failure{{step.offset, step.text.size(), "." + std::string(s.call->name.text) + "(...) ends its statement",
                   "a new statement, on a line of its own"}};
  }
  s.path.push_back(step);
  const std::size_t start = s.whole_path.offset;
  s.whole_path.text = sink.source.substr(start, step.offset + step.text.size() - start);
}

template <>
struct Action<ArrayStep> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    add_step(sink, sink.token(in));
  }
};
template <>
struct Action<TableStep> : Action<ArrayStep> {};
template <>
struct Action<NameInStep> : Action<ArrayStep> {};

template <>
struct Action<OpeningParenthesis> {
  template <class Input>
  static void apply(const Input&, Sink& sink) {  // the step that was read last is a method's name
    syntax::Statement& s = sink.statement();
    s.call.emplace();
    s.call->name = s.path.back();
    s.path.pop_back();
    const std::size_t start = s.whole_path.offset;
    const std::size_t end = s.path.empty() ? start + 1 : s.path.back().offset + s.path.back().text.size();
    s.whole_path.text = sink.source.substr(start, end - start);
  }
};
template <>
struct Action<LiteralArgument> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().call->argument_form = syntax::Call::Argument::literal;
    sink.statement().call->argument = sink.token(in);
  }
};
template <>
struct Action<NameArgument> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().call->argument_form = syntax::Call::Argument::name;
    sink.statement().call->argument = sink.token(in);
  }
};
template <>
struct Action<TypeName> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().type = syntax::Type{sink.token(in), {}};
  }
};
template <>
struct Action<PrimitiveName> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().type->primitive = sink.token(in);
  }
};
template <>
struct Action<MarkName> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().marks.push_back(sink.token(in));
  }
};

// What should stand where a rule failed.
template <class Rule>
constexpr std::string_view expected = "";
template <>
constexpr std::string_view expected<Blank> = "a blank";  // never fails
template <>
constexpr std::string_view expected<pegtl::opt<Argument>> = "an argument";  // never fails
template <>
constexpr std::string_view expected<CommentRest> = "*/";
template <>
constexpr std::string_view expected<StringRest> = "\" on the same line";
template <>
constexpr std::string_view expected<ClosingParenthesis> =
    "a name, a number, a string in double quotes, hex\"...\", true or false, and )";
template <>
constexpr std::string_view expected<ClosingBracket> = "[], the values of an array";
template <>
constexpr std::string_view expected<ClosingBrace> = "{}, the values of a table";
template <>
constexpr std::string_view expected<Step> = "a field name, a method, [] or {}";
template <>
constexpr std::string_view expected<Type> = "a type: Struct, Table<...>, Array, Text, MVReg<...>, EWFlag or Counter";
template <>
constexpr std::string_view expected<PrimitiveName> = "bool, u64, i64, f64, String or Bytes";
template <>
constexpr std::string_view expected<ClosingAngle> = ">";
template <>
constexpr std::string_view expected<MarkName> = "compartment";
template <>
constexpr std::string_view expected<Colon> = "a colon and a type, or a method such as .remove()";
template <>
constexpr std::string_view expected<VersionOpening> = "{ and the statements of this version";
template <>
constexpr std::string_view expected<VersionClosing> = "a statement that begins with a dot, or } to end the version";
template <>
constexpr std::string_view expected<SchemaOpening> = "{ and the versions of this schema";
template <>
constexpr std::string_view expected<SchemaClosing> = "a version such as 0.1.0, or } to end the schema";
template <>
constexpr std::string_view expected<EndOfText> = "the name of a schema: a letter, then letters, digits and underscores";

// The word or sign at `offset`.
std::string_view word_at(std::string_view source, std::size_t offset) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  constexpr std::size_t kLongest = 40;
  std::size_t end = offset;
  while (end < source.size() && end - offset < kLongest && is_word(source[end])) ++end;
  if (end == offset && end < source.size()) {
    ++end;
    while (end < source.size() && (static_cast<unsigned char>(source[end]) & 0xc0) == 0x80) ++end;
  }
  return source.substr(offset, end - offset);
}

template <class Rule>
struct Control : pegtl::normal<Rule> {
  template <class Input>
  [[noreturn]] static void raise(const Input& in, Sink& sink) {
    if constexpr (std::is_same_v<Rule, CommentRest>) {
      throw Failure{{sink.opened, 2, "this comment never ends", std::string(expected<Rule>)}};
    } else if constexpr (std::is_same_v<Rule, StringRest>) {
      throw Failure{{sink.opened, 1, "this string never ends", std::string(expected<Rule>)}};
    } else {
      static_assert(!expected<Rule>.empty(), "every rule that must match says what was expected");
      const std::size_t offset = sink.offset(in.current());
      const std::string_view found = word_at(sink.source, offset);
      throw Failure{{offset, found.size(),
                     found.empty() ? "the text ends here" : "unexpected \"" + std::string(found) + "\"",
                     std::string(expected<Rule>)}};
    }
  }
};

}  // namespace

std::variant<std::vector<syntax::Schema>, Diagnostic> parse(std::string_view source) {
  pegtl::memory_input<pegtl::tracking_mode::lazy> in(source.data(), source.data() + source.size(), "");
  Sink sink{source, {}, 0};
  try {
    const bool matched = pegtl::parse<Grammar, Action, Control>(in, sink);
    if (!matched) return Diagnostic{0, 0, "this is not a schema", std::string(expected<EndOfText>)};
  } catch (Failure& failure) {
    return std::move(failure.diagnostic);
  }
  return std::move(sink.schemas);
}

}  // namespace tlfs::schema
