#include "runtime/document/data.h"

#include <rapidjson/error/en.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <set>

#include "runtime/base/utf.h"
#include "runtime/document/json_writer.h"

namespace tlfs::document {

bool operator==(const Data& a, const Data& b) { return a.is == b.is; }

const Data* Data::find(std::string_view name) const {
  if (const Object* o = object())
    for (const Member& m : *o)
      if (m.name == name) return &m.value;
  return nullptr;
}

Data* Data::find(std::string_view name) { return const_cast<Data*>(static_cast<const Data*>(this)->find(name)); }

std::string key_text(const Value& key) {
  switch (primitive_of(key)) {
    case Primitive::boolean:
      return std::get<bool>(key) ? "true" : "false";
    case Primitive::u64:
      return std::to_string(std::get<std::uint64_t>(key));
    case Primitive::i64:
      return std::to_string(std::get<std::int64_t>(key));
    case Primitive::string:
      return std::get<std::string>(key);
    default:
      return {};
  }
}

namespace {

template <class Writer>
void write(Writer& out, const Data& data) {
  if (const Data::Array* a = data.array()) {
    out.StartArray();
    for (const Data& d : *a) write(out, d);
    out.EndArray();
  } else if (const Data::Object* o = data.object()) {
    out.StartObject();
    for (const Member& m : *o) {
      out.Key(m.name.data(), static_cast<rapidjson::SizeType>(m.name.size()));
      write(out, m.value);
    }
    out.EndObject();
  } else {
    write_json_value(out, *data.value());
  }
}

// Builds a Data from the events of the parser.
class Builder {
 public:
  static constexpr std::size_t kMaxSortedNames = 16;

  // NOLINTBEGIN(readability-identifier-naming): the names are RapidJSON's.
  bool Null() { return put(Data()); }
  bool Bool(bool b) { return put(Value(b)); }
  bool Int(int i) { return put(Value(std::int64_t{i})); }
  bool Uint(unsigned u) { return put(Value(static_cast<std::int64_t>(u))); }
  bool Int64(std::int64_t i) { return put(Value(i)); }
  bool Uint64(std::uint64_t u) {
    return u <= static_cast<std::uint64_t>(INT64_MAX) ? put(Value(static_cast<std::int64_t>(u))) : put(Value(u));
  }
  bool Double(double d) { return std::isfinite(d) ? put(Value(d)) : fail("a number that is too large"); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return fail("a number"); }
  bool String(const char* s, rapidjson::SizeType n, bool) {
    if (!is_valid_utf8({s, n})) return fail("half of a surrogate pair");  // escaped: the parser lets it pass
    return put(Value(std::string(s, n)));
  }
  bool StartObject() { return open(Data(Data::Object())); }
  bool StartArray() { return open(Data(Data::Array())); }
  bool Key(const char* s, rapidjson::SizeType n, bool) {
    auto& object = *stack_.back().data.object();
    const std::string_view name(s, n);
    if (!is_valid_utf8(name)) return fail("half of a surrogate pair");
    // A linear look while the object is small, an index after that.
    if (object.size() < kMaxSortedNames) {
      if (stack_.back().data.find(name))
        return fail("the name \"" + std::string(name) + "\" occurs twice in one object");
    } else {
      auto& names = stack_.back().names;
      if (names.empty())
        for (const Member& m : object) names.insert(m.name);
      if (!names.insert(std::string(name)).second)
        return fail("the name \"" + std::string(name) + "\" occurs twice in one object");
    }
    object.push_back({std::string(name), {}});
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  // NOLINTEND(readability-identifier-naming)

  Data result;
  std::string problem;

 private:
  struct Open {
    Data data;
    std::set<std::string> names;
  };
  bool fail(std::string what) {
    problem = std::move(what);
    return false;
  }
  bool put(Data d) {
    if (stack_.empty()) {
      result = std::move(d);
    } else if (Data::Array* a = stack_.back().data.array()) {
      a->push_back(std::move(d));
    } else {
      stack_.back().data.object()->back().value = std::move(d);
    }
    return true;
  }
  bool open(Data d) {
    if (stack_.size() >= kMaxJsonDepth) return fail("nested more than " + std::to_string(kMaxJsonDepth) + " deep");
    stack_.push_back({std::move(d), {}});
    return true;
  }
  bool close() {
    Data d = std::move(stack_.back().data);
    stack_.pop_back();
    return put(std::move(d));
  }
  std::vector<Open> stack_;
};

}  // namespace

std::string to_json(const Data& data, bool pretty) {
  rapidjson::StringBuffer buffer;
  if (pretty) {
    rapidjson::PrettyWriter<rapidjson::StringBuffer> out(buffer);
    out.SetIndent(' ', 2);
    write(out, data);
  } else {
    rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
    write(out, data);
  }
  return {buffer.GetString(), buffer.GetSize()};
}

Result<Data> parse_json(std::string_view text) {
  const auto where = [&](std::size_t offset) {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
      ++column;
      if (text[i] == '\n') ++line, column = 1;
    }
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
  };
  if (!is_valid_utf8(text)) return Error(Errc::invalid_json, "the text is not valid UTF-8");
  if (text.find('\0') != std::string_view::npos)
    return Error(Errc::invalid_json, where(text.find('\0')) + ": a zero byte");
  // The iterative parser does not recurse, whatever the nesting.
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::Reader reader;
  Builder builder;
  const std::string terminated(text);
  rapidjson::StringStream in(terminated.c_str());
  const rapidjson::ParseResult parsed = reader.Parse<kFlags>(in, builder);
  if (!parsed)
    return Error(Errc::invalid_json,
                 where(parsed.Offset()) + ": " +
                     (builder.problem.empty() ? rapidjson::GetParseError_En(parsed.Code()) : builder.problem));
  return std::move(builder.result);
}

}  // namespace tlfs::document
