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
struct comment_opening : pegtl::string<'/', '*'> {};
struct comment_rest : pegtl::until<pegtl::string<'*', '/'>> {};
struct block_comment : pegtl::if_must<comment_opening, comment_rest> {};
struct line_comment : pegtl::seq<pegtl::sor<pegtl::string<'/', '/'>, pegtl::one<'#'>>, pegtl::until<pegtl::eolf>> {};
struct blank : pegtl::star<pegtl::sor<pegtl::one<' ', '\t', '\r', '\n'>, line_comment, block_comment>> {};

// Words
struct identifier : pegtl::seq<pegtl::alpha, pegtl::star<pegtl::sor<pegtl::alnum, pegtl::one<'_'>>>> {};
struct schema_name : identifier {};
struct version_number : pegtl::seq<pegtl::digit, pegtl::star<pegtl::sor<pegtl::alnum, pegtl::one<'.'>>>> {};

// Arguments
struct string_opening : pegtl::one<'"'> {};
struct string_character
    : pegtl::sor<pegtl::seq<pegtl::one<'\\'>, pegtl::not_one<'\n'>>, pegtl::not_one<'"', '\\', '\n'>> {};
struct string_rest : pegtl::until<pegtl::one<'"'>, string_character> {};
struct quoted : pegtl::if_must<string_opening, string_rest> {};
struct hex_argument : pegtl::seq<pegtl::string<'h', 'e', 'x'>, pegtl::at<pegtl::one<'"'>>, quoted> {};
struct number : pegtl::seq<pegtl::opt<pegtl::one<'-', '+'>>, pegtl::digit,
                           pegtl::star<pegtl::sor<pegtl::seq<pegtl::one<'e', 'E'>, pegtl::one<'+', '-'>>, pegtl::alnum,
                                                  pegtl::one<'.'>>>> {};
struct literal_argument : pegtl::sor<hex_argument, quoted, number> {};
struct name_argument : identifier {};
struct argument : pegtl::sor<literal_argument, name_argument> {};
struct closing_parenthesis : pegtl::one<')'> {};
struct opening_parenthesis : pegtl::one<'('> {};
struct call : pegtl::if_must<opening_parenthesis, blank, pegtl::opt<argument>, blank, closing_parenthesis> {};

// Paths
struct closing_bracket : pegtl::one<']'> {};
struct closing_brace : pegtl::one<'}'> {};
struct array_step : pegtl::if_must<pegtl::one<'['>, closing_bracket> {};
struct table_step : pegtl::if_must<pegtl::one<'{'>, closing_brace> {};
struct name_in_step : identifier {};
struct field_step : pegtl::seq<name_in_step, pegtl::opt<call>> {};
struct step : pegtl::sor<array_step, table_step, field_step> {};
struct path_opening : pegtl::one<'.'> {};
struct path : pegtl::seq<path_opening, pegtl::opt<step, pegtl::star<pegtl::if_must<pegtl::one<'.'>, step>>>> {};

// Declarations
struct type_name : identifier {};
struct primitive_name : identifier {};
struct closing_angle : pegtl::one<'>'> {};
struct type : pegtl::seq<type_name, blank,
                         pegtl::opt<pegtl::if_must<pegtl::one<'<'>, blank, primitive_name, blank, closing_angle>>> {};
struct mark_name : identifier {};
struct mark : pegtl::if_must<pegtl::one<'@'>, mark_name> {};
struct colon : pegtl::one<':'> {};
struct declaration : pegtl::seq<blank, pegtl::must<colon>, blank, pegtl::must<type>, pegtl::star<blank, mark>> {};

// A method needs no declaration behind it.
struct is_call {
  using rule_t = is_call;
  using subs_t = pegtl::empty_list;
  template <pegtl::apply_mode, pegtl::rewind_mode, template <class...> class, template <class...> class, class Input>
  static bool match(Input&, Sink& sink) {
    return sink.statement().call.has_value();
  }
};
struct statement : pegtl::seq<path, pegtl::sor<is_call, declaration>> {};

// Blocks
struct version_opening : pegtl::one<'{'> {};
struct version_closing : pegtl::one<'}'> {};
struct schema_opening : pegtl::one<'{'> {};
struct schema_closing : pegtl::one<'}'> {};
struct version : pegtl::seq<version_number, blank, pegtl::must<version_opening>, blank, pegtl::star<statement, blank>,
                            pegtl::must<version_closing>> {};
struct schema : pegtl::seq<schema_name, blank, pegtl::must<schema_opening>, blank, pegtl::star<version, blank>,
                           pegtl::must<schema_closing>> {};
struct end_of_text : pegtl::eof {};
struct grammar : pegtl::seq<blank, pegtl::star<schema, blank>, pegtl::must<end_of_text>> {};

template <class Rule>
struct action : pegtl::nothing<Rule> {};

template <>
struct action<comment_opening> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.opened = sink.offset(in.begin());
  }
};
template <>
struct action<string_opening> : action<comment_opening> {};

template <>
struct action<schema_name> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.schemas.push_back({sink.token(in), {}});
  }
};
template <>
struct action<version_number> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.schemas.back().versions.push_back({sink.token(in), {}});
  }
};
template <>
struct action<path_opening> {
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
struct action<array_step> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    add_step(sink, sink.token(in));
  }
};
template <>
struct action<table_step> : action<array_step> {};
template <>
struct action<name_in_step> : action<array_step> {};

template <>
struct action<opening_parenthesis> {
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
struct action<literal_argument> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().call->argument_form = syntax::Call::Argument::literal;
    sink.statement().call->argument = sink.token(in);
  }
};
template <>
struct action<name_argument> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().call->argument_form = syntax::Call::Argument::name;
    sink.statement().call->argument = sink.token(in);
  }
};
template <>
struct action<type_name> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().type = syntax::Type{sink.token(in), {}};
  }
};
template <>
struct action<primitive_name> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().type->primitive = sink.token(in);
  }
};
template <>
struct action<mark_name> {
  template <class Input>
  static void apply(const Input& in, Sink& sink) {
    sink.statement().marks.push_back(sink.token(in));
  }
};

// What should stand where a rule failed.
template <class Rule>
constexpr std::string_view expected = "";
template <>
constexpr std::string_view expected<blank> = "a blank";  // never fails
template <>
constexpr std::string_view expected<pegtl::opt<argument>> = "an argument";  // never fails
template <>
constexpr std::string_view expected<comment_rest> = "*/";
template <>
constexpr std::string_view expected<string_rest> = "\" on the same line";
template <>
constexpr std::string_view expected<closing_parenthesis> =
    "a name, a number, a string in double quotes, hex\"...\", true or false, and )";
template <>
constexpr std::string_view expected<closing_bracket> = "[], the values of an array";
template <>
constexpr std::string_view expected<closing_brace> = "{}, the values of a table";
template <>
constexpr std::string_view expected<step> = "a field name, a method, [] or {}";
template <>
constexpr std::string_view expected<type> = "a type: Struct, Table<...>, Array, Text, MVReg<...>, EWFlag or Counter";
template <>
constexpr std::string_view expected<primitive_name> = "bool, u64, i64, f64, String or Bytes";
template <>
constexpr std::string_view expected<closing_angle> = ">";
template <>
constexpr std::string_view expected<mark_name> = "compartment";
template <>
constexpr std::string_view expected<colon> = "a colon and a type, or a method such as .remove()";
template <>
constexpr std::string_view expected<version_opening> = "{ and the statements of this version";
template <>
constexpr std::string_view expected<version_closing> = "a statement that begins with a dot, or } to end the version";
template <>
constexpr std::string_view expected<schema_opening> = "{ and the versions of this schema";
template <>
constexpr std::string_view expected<schema_closing> = "a version such as 0.1.0, or } to end the schema";
template <>
constexpr std::string_view expected<end_of_text> =
    "the name of a schema: a letter, then letters, digits and underscores";

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
struct control : pegtl::normal<Rule> {
  template <class Input>
  [[noreturn]] static void raise(const Input& in, Sink& sink) {
    if constexpr (std::is_same_v<Rule, comment_rest>) {
      throw Failure{{sink.opened, 2, "this comment never ends", std::string(expected<Rule>)}};
    } else if constexpr (std::is_same_v<Rule, string_rest>) {
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
    const bool matched = pegtl::parse<grammar, action, control>(in, sink);
    if (!matched) return Diagnostic{0, 0, "this is not a schema", std::string(expected<end_of_text>)};
  } catch (Failure& failure) {
    return std::move(failure.diagnostic);
  }
  return std::move(sink.schemas);
}

}  // namespace tlfs::schema
