#include "bridges/cli/trace_parser.h"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "runtime/base/utf.h"

namespace tlfs::cli {
namespace {

// What the parser stands before.
enum class At : std::uint8_t {
  document,
  member,  // a key of the document, or its end
  kind,
  start_content,
  end_content,
  agent_count,
  transaction_list,
  transaction,         // a transaction, or the end of the list
  transaction_member,  // a key of a transaction, or its end
  parent_list,
  parent,  // an index, or the end of the list
  agent,
  child_count,
  patch_list,
  patch,  // a patch, or the end of the list
  patch_position,
  patch_deleted,
  patch_inserted,
  patch_end,   // a time, or the end of the patch
  patch_over,  // the end of the patch
  end,
};

enum class Token : std::uint8_t {
  null,
  boolean,
  count,
  other_number,
  string,
  object,
  object_end,
  array,
  array_end,
  key
};

std::string_view name_of(Token token) {
  switch (token) {
    case Token::null:
      return "null";
    case Token::boolean:
      return "true or false";
    case Token::count:
      return "a number";
    case Token::other_number:
      return "a negative or fractional number";
    case Token::string:
      return "a string";
    case Token::object:
      return "an object";
    case Token::object_end:
      return "the end of the object";
    case Token::array:
      return "an array";
    case Token::array_end:
      return "the end of the array";
    case Token::key:
      return "a key";
  }
  return "something else";
}

// Members that may not be given twice.
enum Member : std::uint32_t {
  kKind = 1,
  kStartContent = 2,
  kEndContent = 4,
  kAgentCount = 8,
  kTransactions = 16,
  kParents = 1,
  kAgent = 2,
  kChildCount = 4,
  kPatches = 8,
};

// Receives the events of RapidJSON's reader and keeps one state for where it is. A handler that returns false ends the
// parse; the reason is then in `error()`.
class TraceHandler {
 public:
  using Ch = char;

  // NOLINTBEGIN(readability-identifier-naming): the names are RapidJSON's.
  bool Null() { return on(Token::null); }
  bool Bool(bool) { return on(Token::boolean); }
  bool Int(int) { return on(Token::other_number); }
  bool Uint(unsigned v) { return on(Token::count, v); }
  bool Int64(std::int64_t) { return on(Token::other_number); }
  bool Uint64(std::uint64_t v) { return on(Token::count, v); }
  bool Double(double) { return on(Token::other_number); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return on(Token::other_number); }
  bool String(const char* text, rapidjson::SizeType size, bool) { return on(Token::string, 0, {text, size}); }
  bool StartObject() { return on(Token::object); }
  bool EndObject(rapidjson::SizeType) { return on(Token::object_end); }
  bool StartArray() { return on(Token::array); }
  bool EndArray(rapidjson::SizeType) { return on(Token::array_end); }
  bool Key(const char* text, rapidjson::SizeType size, bool) { return on(Token::key, 0, {text, size}); }
  // NOLINTEND(readability-identifier-naming)

  const std::optional<Error>& error() const { return error_; }
  // What can be judged only when all of the document has been seen.
  Result<Trace> finish();

 private:
  bool on(Token token, std::uint64_t number = 0, std::string_view text = {});
  bool skip(Token token);
  bool on_member(Token token, std::string_view key);
  bool on_transaction(Token token);
  bool on_transaction_member(Token token, std::string_view key);
  bool on_parent(Token token, std::uint64_t number);
  bool on_patch(Token token);
  bool end_transaction();

  bool fail(TraceErrc code, const std::string& message) {
    error_ = Error(code, message);
    return false;
  }
  bool malformed(const std::string& message) { return fail(TraceErrc::malformed, message); }
  bool unexpected(std::string_view expected, Token found) {
    return malformed(place() + " must be " + std::string(expected) + ", not " + std::string(name_of(found)));
  }
  // Takes a string, a number up to `limit`, or the start of an array, and goes on with `next`.
  bool take_text(Token token, std::string_view text, std::string_view& into, At next);
  bool take_number(Token token, std::uint64_t number, std::uint64_t limit, std::uint32_t& into, At next);
  bool take_array(Token token, At next);
  bool first_time(std::uint32_t& seen, std::uint32_t member, std::string_view key);

  std::string this_transaction() const { return "transaction " + std::to_string(trace_.transactions.size()); }
  // The value that comes next, in words.
  std::string place() const;

  At at_ = At::document;
  bool skipping_ = false;  // the value of a member that means nothing to us
  std::uint32_t skipped_nesting_ = 0;

  Trace trace_;
  std::string_view kind_;
  std::uint32_t seen_ = 0;
  // Where the one form of trace would be missed if the other is meant; the "kind" may come last.
  std::optional<std::size_t> first_without_parents_, first_without_agent_;
  std::optional<std::size_t> highest_agent_at_;
  std::uint32_t highest_agent_ = 0;

  TraceTransaction transaction_{};
  std::uint32_t transaction_seen_ = 0;
  TracePatch patch_{};
  std::optional<Error> error_;
};

std::string TraceHandler::place() const {
  const auto patch = [this] {
    return this_transaction() + ", patch " + std::to_string(trace_.patches.size() - transaction_.first_patch);
  };
  switch (at_) {
    case At::document:
      return "a trace";
    case At::kind:
      return "\"kind\"";
    case At::start_content:
      return "\"startContent\"";
    case At::end_content:
      return "\"endContent\"";
    case At::agent_count:
      return "\"numAgents\"";
    case At::transaction_list:
      return "\"txns\"";
    case At::transaction:
      return this_transaction();
    case At::parent_list:
      return this_transaction() + ": \"parents\"";
    case At::parent:
      return this_transaction() + ": a parent";
    case At::agent:
      return this_transaction() + ": \"agent\"";
    case At::child_count:
      return this_transaction() + ": \"numChildren\"";
    case At::patch_list:
      return this_transaction() + ": \"patches\"";
    case At::patch:
      return patch();
    case At::patch_position:
      return patch() + ": the position";
    case At::patch_deleted:
      return patch() + ": the number of deleted characters";
    case At::patch_inserted:
      return patch() + ": the inserted text";
    case At::patch_end:
    case At::patch_over:
      return patch() + ": what follows the inserted text";
    case At::member:
    case At::transaction_member:
    case At::end:
      break;
  }
  return "the document";
}

bool TraceHandler::skip(Token token) {
  if (token == Token::object || token == Token::array) {
    if (++skipped_nesting_ > kMaxTraceNesting)
      return fail(TraceErrc::too_large, "values are nested more than " + std::to_string(kMaxTraceNesting) + " deep");
  } else if (token == Token::object_end || token == Token::array_end) {
    --skipped_nesting_;
  }
  if (skipped_nesting_ == 0) skipping_ = false;
  return true;
}

bool TraceHandler::on(Token token, std::uint64_t number, std::string_view text) {
  if (skipping_) return skip(token);
  switch (at_) {
    case At::document:
      if (token != Token::object) return unexpected("an object", token);
      at_ = At::member;
      return true;
    case At::member:
      return on_member(token, text);
    case At::kind:
      return take_text(token, text, kind_, At::member);
    case At::start_content:
      return take_text(token, text, trace_.start_content, At::member);
    case At::end_content:
      return take_text(token, text, trace_.end_content, At::member);
    case At::agent_count:
      return take_number(token, number, kMaxTraceAgents, trace_.agents, At::member);
    case At::transaction_list:
      return take_array(token, At::transaction);
    case At::transaction:
      return on_transaction(token);
    case At::transaction_member:
      return on_transaction_member(token, text);
    case At::parent_list:
      return take_array(token, At::parent);
    case At::parent:
      return on_parent(token, number);
    case At::agent:
      return take_number(token, number, kMaxTraceAgents - 1, transaction_.agent, At::transaction_member);
    case At::child_count: {
      std::uint32_t ignored = 0;
      return take_number(token, number, kMaxTraceTransactions, ignored, At::transaction_member);
    }
    case At::patch_list:
      return take_array(token, At::patch);
    case At::patch:
      return on_patch(token);
    case At::patch_position:
      return take_number(token, number, kMaxTraceText, patch_.position, At::patch_deleted);
    case At::patch_deleted:
      return take_number(token, number, kMaxTraceText, patch_.deleted, At::patch_inserted);
    case At::patch_inserted:
      return take_text(token, text, patch_.inserted, At::patch_end);
    case At::patch_end:
    case At::patch_over:
      if (token == Token::array_end) {
        if (trace_.patches.size() >= kMaxTracePatches)
          return fail(TraceErrc::too_large, "more than the limit of " + std::to_string(kMaxTracePatches) + " patches");
        trace_.patches.push_back(patch_);
        at_ = At::patch;
        return true;
      }
      if (at_ == At::patch_over || (token != Token::string && token != Token::count))
        return unexpected("its time, or nothing", token);
      at_ = At::patch_over;
      return true;
    case At::end:
      break;
  }
  return malformed("more than one document");
}

bool TraceHandler::first_time(std::uint32_t& seen, std::uint32_t member, std::string_view key) {
  if (seen & member) {
    const std::string where = at_ == At::transaction_member ? this_transaction() + ": " : "";
    return malformed(where + "\"" + std::string(key) + "\" is given twice");
  }
  seen |= member;
  return true;
}

bool TraceHandler::on_member(Token token, std::string_view key) {
  if (token == Token::object_end) {
    at_ = At::end;
    return true;
  }
  struct Known {
    std::string_view key;
    std::uint32_t member;
    At next;
  };
  static constexpr Known kKnown[] = {{"kind", kKind, At::kind},
                                     {"startContent", kStartContent, At::start_content},
                                     {"endContent", kEndContent, At::end_content},
                                     {"numAgents", kAgentCount, At::agent_count},
                                     {"txns", kTransactions, At::transaction_list}};
  for (const Known& known : kKnown) {
    if (key != known.key) continue;
    if (!first_time(seen_, known.member, key)) return false;
    at_ = known.next;
    return true;
  }
  skipping_ = true;
  return true;
}

bool TraceHandler::on_transaction(Token token) {
  if (token == Token::array_end) {
    at_ = At::member;
    return true;
  }
  if (token != Token::object) return unexpected("an object", token);
  if (trace_.transactions.size() >= kMaxTraceTransactions)
    return fail(TraceErrc::too_large,
                "more than the limit of " + std::to_string(kMaxTraceTransactions) + " transactions");
  transaction_ = {};
  transaction_.first_patch = static_cast<std::uint32_t>(trace_.patches.size());
  transaction_.first_parent = static_cast<std::uint32_t>(trace_.parents.size());
  transaction_seen_ = 0;
  at_ = At::transaction_member;
  return true;
}

bool TraceHandler::on_transaction_member(Token token, std::string_view key) {
  if (token == Token::object_end) return end_transaction();
  const auto go = [&](std::uint32_t member, At next) {
    if (!first_time(transaction_seen_, member, key)) return false;
    at_ = next;
    return true;
  };
  if (key == "patches") return go(kPatches, At::patch_list);
  if (key == "parents") return go(kParents, At::parent_list);
  if (key == "agent") return go(kAgent, At::agent);
  if (key == "numChildren") return go(kChildCount, At::child_count);
  skipping_ = true;
  return true;
}

bool TraceHandler::on_parent(Token token, std::uint64_t number) {
  if (token == Token::array_end) {
    at_ = At::transaction_member;
    return true;
  }
  if (token != Token::count) return unexpected("the index of an earlier transaction", token);
  if (number >= trace_.transactions.size())
    return malformed(this_transaction() + ": parent " + std::to_string(number) + " does not precede it");
  if (trace_.parents.size() >= kMaxTraceParents)
    return fail(TraceErrc::too_large, "more than the limit of " + std::to_string(kMaxTraceParents) + " parents");
  trace_.parents.push_back(static_cast<std::uint32_t>(number));
  return true;
}

bool TraceHandler::on_patch(Token token) {
  if (token == Token::array_end) {
    at_ = At::transaction_member;
    return true;
  }
  if (token != Token::array) return unexpected("an array [position, deleted, inserted]", token);
  patch_ = {};
  at_ = At::patch_position;
  return true;
}

bool TraceHandler::end_transaction() {
  const std::size_t index = trace_.transactions.size();
  if (!(transaction_seen_ & kPatches)) return malformed(this_transaction() + " has no \"patches\"");
  if (!(transaction_seen_ & kParents) && !first_without_parents_) first_without_parents_ = index;
  if (!(transaction_seen_ & kAgent) && !first_without_agent_) first_without_agent_ = index;
  if ((transaction_seen_ & kAgent) && (!highest_agent_at_ || transaction_.agent > highest_agent_)) {
    highest_agent_ = transaction_.agent;
    highest_agent_at_ = index;
  }
  transaction_.patch_count = static_cast<std::uint32_t>(trace_.patches.size()) - transaction_.first_patch;
  transaction_.parent_count = static_cast<std::uint32_t>(trace_.parents.size()) - transaction_.first_parent;
  trace_.transactions.push_back(transaction_);
  at_ = At::transaction;
  return true;
}

bool TraceHandler::take_text(Token token, std::string_view text, std::string_view& into, At next) {
  if (token != Token::string) return unexpected("a string", token);
  // The text as a whole is UTF-8, but RapidJSON writes out the second half of a surrogate pair that stands alone.
  if (!is_valid_utf8(text)) return malformed(place() + " holds one half of a surrogate pair");
  into = text;
  at_ = next;
  return true;
}

bool TraceHandler::take_number(Token token, std::uint64_t number, std::uint64_t limit, std::uint32_t& into, At next) {
  if (token != Token::count) return unexpected("a whole number from 0 up", token);
  if (number > limit)
    return fail(TraceErrc::too_large,
                place() + " is " + std::to_string(number) + ", beyond the limit of " + std::to_string(limit));
  into = static_cast<std::uint32_t>(number);
  at_ = next;
  return true;
}

bool TraceHandler::take_array(Token token, At next) {
  if (token != Token::array) return unexpected("an array", token);
  at_ = next;
  return true;
}

Result<Trace> TraceHandler::finish() {
  const auto malformed_trace = [](const std::string& message) { return Error(TraceErrc::malformed, message); };
  const auto transaction = [](std::size_t index) { return "transaction " + std::to_string(index); };
  trace_.concurrent = (seen_ & kKind) != 0;
  if (trace_.concurrent && kind_ != "concurrent")
    return malformed_trace("\"kind\" is \"" + std::string(kind_.substr(0, byte_offset_of_code_point(kind_, 40))) +
                           "\"; only \"concurrent\" is known");
  if (!(seen_ & kEndContent)) return malformed_trace("\"endContent\" is missing");
  if (!(seen_ & kTransactions)) return malformed_trace("\"txns\" is missing");
  if (!trace_.concurrent) {
    if (!(seen_ & kStartContent)) return malformed_trace("\"startContent\" is missing");
    if (!trace_.parents.empty())
      return malformed_trace("transactions have parents, but \"kind\" does not say \"concurrent\"");
    trace_.agents = 1;
    for (TraceTransaction& t : trace_.transactions) t.agent = 0;
    return std::move(trace_);
  }
  if (!trace_.start_content.empty())
    return malformed_trace("a concurrent trace begins with the empty text; \"startContent\" must be empty or missing");
  if (!(seen_ & kAgentCount)) return malformed_trace("\"numAgents\" is missing");
  if (first_without_parents_) return malformed_trace(transaction(*first_without_parents_) + " has no \"parents\"");
  if (first_without_agent_) return malformed_trace(transaction(*first_without_agent_) + " has no \"agent\"");
  if (highest_agent_at_ && highest_agent_ >= trace_.agents)
    return malformed_trace(transaction(*highest_agent_at_) + ": agent " + std::to_string(highest_agent_) +
                           " is not below \"numAgents\", which is " + std::to_string(trace_.agents));
  return std::move(trace_);
}

}  // namespace

Result<Trace> parse_trace(Bytes json) {
  const auto damaged = [](const std::string& message) { return Error(TraceErrc::damaged, message); };
  if (json.size() > kMaxTraceText)
    return Error(TraceErrc::too_large,
                 "its text is longer than the limit of " + std::to_string(kMaxTraceText) + " bytes");
  if (json.empty()) return damaged("it is empty");
  if (!is_valid_utf8(as_text(json))) return damaged("it is neither gzip nor UTF-8 text");
  // RapidJSON takes a zero byte for the end.
  if (std::memchr(json.data(), 0, json.size())) return damaged("it holds a zero byte, which JSON does not allow");
  const std::size_t size = json.size();
  json.push_back(0);

  TraceHandler handler;
  rapidjson::InsituStringStream stream(reinterpret_cast<char*>(json.data()));
  rapidjson::Reader reader;
  // Iterative: nesting uses the heap, and the handler bounds it.
  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag;
  const rapidjson::ParseResult parsed = reader.Parse<kFlags>(stream, handler);
  if (handler.error()) return *handler.error();
  if (parsed.IsError())
    return damaged(std::string("not JSON: ") + rapidjson::GetParseError_En(parsed.Code()) + " At byte " +
                   std::to_string(std::min(parsed.Offset(), size)) + " of " + std::to_string(size));
  auto trace = handler.finish();
  if (trace) trace->text = std::move(json);
  return trace;
}

}  // namespace tlfs::cli
