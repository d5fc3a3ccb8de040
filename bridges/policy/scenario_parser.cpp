// From JSON to a Scenario, and what can be wrong with it.
#include <algorithm>
#include <set>

#include "bridges/policy/scenario.h"
#include "runtime/document/reader.h"
#include "runtime/policy/world.h"
#include "schema/compiler/compile.h"

namespace tlfs::policy {
namespace {

using document::Data;

// What a member may be called that is only there to be read.
constexpr std::string_view kRemarks[] = {"title", "comment", "note", "why", "//"};

std::string quoted(std::string_view name) { return document::to_json(Data(Value(std::string(name)))); }

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& n : names) out += (out.empty() ? "" : ", ") + n;
  return out.empty() ? "none" : out;
}

class Parser {
 public:
  Result<Scenario> parse(std::string_view json) {
    Result<Data> data = document::parse_json(json);
    if (!data) return Error(ScenarioErrc::malformed, data.error().message());
    if (!data->object()) return bad("a scenario is an object with \"schema\", \"name\", \"people\" and \"steps\"");
    if (Status s = head(*data); !s) return s.error();
    const Data* steps = data->find("steps");
    if (!steps || !steps->array()) return bad("\"steps\" should be a list");
    if (steps->array()->size() > kMaxSteps) return bad("a scenario has at most 10000 steps");
    for (std::size_t i = 0; i < steps->array()->size(); ++i) {
      const Data& one = (*steps->array())[i];
      Step& parsed = out_.steps.emplace_back();
      parsed.text = document::to_json(one);
      if (Status s = step(one, false, parsed); !s)
        return bad("step " + std::to_string(i + 1) + " " + parsed.text + ": " + s.error().message());
    }
    return std::move(out_);
  }

 private:
  static Error bad(std::string what) { return Error(ScenarioErrc::malformed, std::move(what)); }

  Status head(const Data& data) {
    const auto text = [&](std::string_view member) -> Result<std::string> {
      const Data* d = data.find(member);
      const std::string* s = d && d->value() ? std::get_if<std::string>(d->value()) : nullptr;
      if (!s) return bad(quoted(member) + " should be a string");
      return *s;
    };
    if (data.find("title")) {
      Result<std::string> title = text("title");
      if (!title) return title.error();
      out_.title = std::move(*title);
    }
    const Result<std::string> schema = text("schema");
    if (!schema) return schema.error();
    auto compiled = schema::compile(*schema, "\"schema\"");
    if (!compiled) return bad(compiled.error().message());
    std::string name;
    if (data.find("name")) {
      Result<std::string> given = text("name");
      if (!given) return given.error();
      name = std::move(*given);
    } else if (compiled->size() == 1) {
      name = compiled->front().name;
    } else {
      return bad("\"name\" should say which schema of the text is meant");
    }
    std::vector<std::string> there;
    for (const schema::CompiledSchema& c : *compiled) {
      if (c.name == name) out_.package = c.package;
      there.push_back(c.name);
    }
    if (!out_.package) return bad("the text has no schema called " + quoted(name) + "; it has " + list(there));
    return people(data.find("people"));
  }

  Status people(const Data* data) {
    if (!data || !data->array() || data->array()->empty()) return bad("\"people\" should be a list of names");
    for (const Data& d : *data->array()) {
      const std::string* name = d.value() ? std::get_if<std::string>(d.value()) : nullptr;
      if (!name || name->empty()) return bad("\"people\" should be a list of names");
      if (*name == kAnyone) return bad("nobody can be called \"anyone\"");
      if (is_person(*name)) return bad("there are two people called " + quoted(*name));
      if (const auto slash = name->find('/'); slash != std::string::npos && !is_person(name->substr(0, slash)))
        return bad(quoted(*name) + " is a device of " + quoted(name->substr(0, slash)) +
                   ", who should stand before it in \"people\"");
      out_.people.push_back(*name);
    }
    if (out_.people.size() > kMaxPeople) return bad("a scenario has at most 32 people");
    return {};
  }

  bool is_person(const std::string& name) const { return std::ranges::count(out_.people, name) > 0; }

  // ---- members of a step ----

  Result<std::string> text(const Data& d, std::string_view member, std::string_view what) const {
    const Data* m = d.find(member);
    const std::string* s = m && m->value() ? std::get_if<std::string>(m->value()) : nullptr;
    if (!s) return bad(quoted(member) + " should be " + std::string(what));
    return *s;
  }
  Result<std::string> person(const Data& d, std::string_view member) const {
    Result<std::string> name = text(d, member, "the name of a person");
    if (!name) return name;
    if (!is_person(*name)) return bad(quoted(*name) + " is nobody here; the people are " + list(out_.people));
    return name;
  }
  Result<std::string> known_document(std::string name) const {
    if (is_person(name) || std::ranges::count(documents_, name)) return name;
    return bad("no earlier step creates a document " + quoted(name) + "; there are " + list(documents_));
  }
  Result<std::string> document(const Data& d) const {
    Result<std::string> name = text(d, "doc", "the name of a document");
    return name ? known_document(std::move(*name)) : std::move(name);
  }
  static Result<Level> level(const Data* d, std::string_view member) {
    const std::string* s = d && d->value() ? std::get_if<std::string>(d->value()) : nullptr;
    const std::optional<Level> level = s ? access::level_from_name(*s) : std::nullopt;
    if (!level || *level == Level::none) return bad(quoted(member) + " should be sync, read, write, control or own");
    return *level;
  }
  // A path that some version of the schema has.
  Result<std::string> path(const Data* d, std::string_view member) const {
    if (!d) return std::string(".");
    const std::string* s = d->value() ? std::get_if<std::string>(d->value()) : nullptr;
    if (!s) return bad(quoted(member) + " should be a path, such as \".\" or \".tasks[\\\"milk\\\"].done\"");
    if (s->empty()) return std::string(".");
    const Result<document::Path> parsed = document::parse_path(*s);
    if (!parsed) return bad(quoted(member) + ": " + parsed.error().message());
    std::string why;
    for (const schema::Package::VersionMark& v : out_.package->versions()) {
      const Status there = exists(*parsed, v.version.text());
      if (there.ok()) return *s;
      why = there.error().message();
    }
    return bad(quoted(member) + ": " + why);
  }
  Status exists(const document::Path& path, const std::string& version) const {
    const auto view = out_.package->view(version);
    if (!view) return view.error();
    SeededRandom nobody(0);
    document::Document::Settings s;
    s.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(nobody));
    s.package = out_.package;
    s.view = *view;
    const document::Document blank(std::move(s));
    const auto place = blank.reader().locate(path);
    if (!place && !place.error().is(document::Errc::out_of_range)) return place.error();
    return {};
  }
  Result<Who> who(const Data* d, std::string_view member) const {
    if (d && d->object()) {
      const auto name = text(*d, "members", "the name of a document or a person");
      if (!name) return name.error();
      const Result<std::string> doc = known_document(*name);
      if (!doc) return doc.error();
      if (Status s = only(*d, {"members", "at", "level"}); !s) return s.error();
      const Result<std::string> at = path(d->find("at"), "at");
      if (!at) return at.error();
      const Result<Level> l = level(d->find("level"), "level");
      if (!l) return l.error();
      return Who::members(*doc, *l, *at);
    }
    const std::string* s = d && d->value() ? std::get_if<std::string>(d->value()) : nullptr;
    if (!s) return bad(quoted(member) + " should be a person, \"anyone\" or {\"members\":DOC,\"at\":PATH,\"level\":L}");
    if (*s != kAnyone && !is_person(*s))
      return bad(quoted(*s) + " is nobody here; the people are " + list(out_.people) + ", and \"anyone\"");
    return Who(*s);
  }
  static Status only(const Data& d, std::vector<std::string_view> members) {
    for (const document::Member& m : *d.object())
      if (!std::ranges::count(members, m.name) && !std::ranges::count(kRemarks, m.name)) {
        std::vector<std::string> names(members.begin(), members.end());
        return bad("nothing is known of a member " + quoted(m.name) + " here; there are " + list(names));
      }
    return {};
  }

  // ---- steps ----

  // Leaves the step's text alone.
  Status step(const Data& d, bool refused, Step& out) {
    const auto keep = [&](auto result) -> Status {
      if (!result) return result.error();
      out.is = std::move(*result);
      return {};
    };
    if (!d.object()) return bad("a step is an object");
    if (const Data* inner = d.find("refuse")) {
      if (refused) return bad("a refusal cannot be refused");
      if (Status s = only(d, {"refuse"}); !s) return s;
      if (!inner->object() || !inner->find("as"))
        return bad("\"refuse\" should hold a step of a person: {\"as\":P,...}");
      return step(*inner, true, out);
    }
    if (d.find("expect")) return keep(expectation(d));
    if (d.find("sync") || d.find("deliver")) return keep(meeting(d));
    if (d.find("as")) return keep(act(d, refused));
    return bad("a step begins with \"as\", \"sync\", \"deliver\", \"expect\" or \"refuse\"");
  }

  Result<Meet> meeting(const Data& d) const {
    if (const Data* deliver = d.find("deliver")) {
      if (Status s = only(d, {"deliver"}); !s) return s.error();
      if (!(*deliver == Data(Value(std::string("everyone"))))) return bad("\"deliver\" should be \"everyone\"");
      return Meet{{}, true};
    }
    if (Status s = only(d, {"sync"}); !s) return s.error();
    const Data& sync = *d.find("sync");
    if (sync == Data(Value(std::string("everyone")))) return Meet{out_.people, false};
    if (!sync.array()) return bad("\"sync\" should be a list of people");
    Meet out;
    for (const Data& one : *sync.array()) {
      const std::string* name = one.value() ? std::get_if<std::string>(one.value()) : nullptr;
      if (!name) return bad("\"sync\" should be a list of people");
      if (!is_person(*name)) return bad(quoted(*name) + " is nobody here; the people are " + list(out_.people));
      out.people.push_back(*name);
    }
    return out;
  }

  Result<Act> act(const Data& d, bool refused) {
    Act out;
    out.refused = refused;
    Result<std::string> as = person(d, "as");
    if (!as) return as.error();
    out.person = std::move(*as);
    constexpr std::string_view kVerbs[] = {"create", "set",        "remove",        "grant", "revoke",
                                           "admit",  "add_device", "remove_device", "use"};
    std::string verb;
    for (const std::string_view v : kVerbs)
      if (d.find(v)) {
        if (!verb.empty()) return bad("a step does one thing; this one has both " + quoted(verb) + " and " + quoted(v));
        verb = v;
      }
    if (verb == "create") {
      if (Status s = only(d, {"as", "create"}); !s) return s.error();
      Result<std::string> name = text(d, "create", "the name of a document");
      if (!name) return name.error();
      if (name->empty() || *name == kAnyone) return bad("no document can be called " + quoted(*name));
      if (is_person(*name) || std::ranges::count(documents_, *name))
        return bad(quoted(*name) + " is the name of somebody or something else already");
      if (!refused) documents_.push_back(*name);
      out.does = Create{*name};
      return out;
    }
    if (verb == "add_device" || verb == "remove_device") {
      if (Status s = only(d, {"as", verb}); !s) return s.error();
      Result<std::string> device = person(d, verb);
      if (!device) return device.error();
      out.document = out.person;
      if (verb == "add_device")
        out.does = AddDevice{std::move(*device)};
      else
        out.does = RemoveDevice{std::move(*device)};
      return out;
    }
    if (verb.empty())
      return bad("it does not say what " + out.person +
                 " does: create, set, remove, grant, revoke, admit, use, add_device or remove_device");
    Result<std::string> doc = document(d);
    if (!doc) return doc.error();
    out.document = std::move(*doc);
    if (Status s = deed(d, verb, out); !s) return s.error();
    return out;
  }

  Status deed(const Data& d, const std::string& verb, Act& out) {
    if (verb == "set" || verb == "remove") {
      if (Status s = only(d, verb == "set" ? std::vector<std::string_view>{"as", "doc", "set", "value"}
                                           : std::vector<std::string_view>{"as", "doc", "remove"});
          !s)
        return s;
      Result<std::string> at = path(d.find(verb), verb);
      if (!at) return at.error();
      if (verb == "remove") {
        out.does = Remove{std::move(*at)};
        return {};
      }
      const Data* value = d.find("value");
      if (!value) return bad("\"value\" is missing: what " + out.person + " sets it to");
      out.does = Set{std::move(*at), *value};
      return {};
    }
    if (verb == "use") {
      if (Status s = only(d, {"as", "doc", "use"}); !s) return s;
      Result<std::string> version = text(d, "use", "a version of the schema");
      if (!version) return version.error();
      const auto view = out_.package->view(*version);
      if (!view) return bad(view.error().message());
      out.does = UseVersion{std::move(*version)};
      return {};
    }
    if (verb == "admit") {
      if (Status s = only(d, {"as", "doc", "admit", "from"}); !s) return s;
      if (!(*d.find("admit") == Data(Value(std::string("all"))))) return bad("\"admit\" should be \"all\"");
      Result<Who> from = who(d.find("from"), "from");
      if (!from) return from.error();
      out.does = AdmitAll{std::move(*from)};
      return {};
    }
    const bool grant = verb == "grant";
    const std::string_view whom = grant ? "to" : "from";
    if (Status s = only(d, {"as", "doc", verb, "at", whom, grant ? "to" : "keep"}); !s) return s;
    const Result<Level> l = level(d.find(verb), verb);
    if (!l) return l.error();
    Result<std::string> at = path(d.find("at"), "at");
    if (!at) return at.error();
    Result<Who> principal = who(d.find(whom), whom);
    if (!principal) return principal.error();
    if (grant) {
      out.does = GrantStep{*l, std::move(*at), std::move(*principal)};
      return {};
    }
    Level keep = Level::none;
    if (const Data* k = d.find("keep")) {
      const Result<Level> kept = level(k, "keep");
      if (!kept) return kept.error();
      if (*kept >= *l) return bad("\"keep\" should be a lower level than the one that is revoked");
      keep = *kept;
    }
    out.does = RevokeStep{*l, std::move(*at), std::move(*principal), keep};
    return {};
  }

  Result<Expect> expectation(const Data& step) const {
    if (Status s = only(step, {"expect"}); !s) return s.error();
    const Data& d = *step.find("expect");
    if (!d.object()) return bad("\"expect\" should be an object");
    Expect out;
    Result<std::string> as = person(d, "as");
    if (!as) return as.error();
    out.person = std::move(*as);
    Result<std::string> doc = document(d);
    if (!doc) return doc.error();
    out.document = std::move(*doc);
    const int kinds = (d.find("value") != nullptr) + (d.find("can") != nullptr) + (d.find("withheld") != nullptr) +
                      (d.find("cannot_read") != nullptr);
    if (kinds != 1) return bad("an expectation has exactly one of \"value\", \"can\", \"withheld\", \"cannot_read\"");
    if (const Data* value = d.find("value")) {
      if (Status s = only(d, {"as", "doc", "at", "value"}); !s) return s.error();
      Result<std::string> at = path(d.find("at"), "at");
      if (!at) return at.error();
      out.that = SeesValue{std::move(*at), *value};
    } else if (const Data* can = d.find("can")) {
      if (Status s = only(d, {"as", "doc", "can", "level", "at", "is"}); !s) return s.error();
      Result<Who> whom = who(can, "can");
      if (!whom) return whom.error();
      const Result<Level> l = level(d.find("level"), "level");
      if (!l) return l.error();
      Result<std::string> at = path(d.find("at"), "at");
      if (!at) return at.error();
      const Data* is = d.find("is");
      const bool* yes = is && is->value() ? std::get_if<bool>(is->value()) : nullptr;
      if (is && !yes) return bad("\"is\" should be true or false");
      out.that = Can{std::move(*whom), *l, std::move(*at), !yes || *yes};
    } else if (const Data* withheld = d.find("withheld")) {
      if (Status s = only(d, {"as", "doc", "withheld"}); !s) return s.error();
      const std::int64_t* n = withheld->value() ? std::get_if<std::int64_t>(withheld->value()) : nullptr;
      if (!n || *n < 0) return bad("\"withheld\" should be a number of changes");
      out.that = WithheldCount{static_cast<std::size_t>(*n)};
    } else {
      if (Status s = only(d, {"as", "doc", "cannot_read"}); !s) return s.error();
      Result<std::string> at = path(d.find("cannot_read"), "cannot_read");
      if (!at) return at.error();
      out.that = CannotRead{std::move(*at)};
    }
    return out;
  }

  Scenario out_;
  std::vector<std::string> documents_;
};

}  // namespace

Result<Scenario> parse_scenario(std::string_view json) {
  if (json.size() > kMaxScenarioBytes) return Error(ScenarioErrc::malformed, "a scenario takes at most 4 MiB");
  return Parser().parse(json);
}

}  // namespace tlfs::policy
