#include "schema/compiler/schema_compiler.h"

#include <optional>
#include <set>

#include "schema/compiler/statement_compiler.h"
#include "schema/lens/package_builder.h"

namespace tlfs::schema {
namespace {

// The versions of one schema so far; says what is wrong with the next one's number.
class VersionOrder {
 public:
  std::optional<Version> next(const syntax::Token& number, Reports& reports) {
    const std::string text(number.text);
    const std::optional<Version> version = Version::parse(number.text);
    if (!version) {
      reports.add(number, "\"" + text.substr(0, 40) + "\" is not a version",
                  "three numbers without leading zeros, such as 0.1.0");
      return std::nullopt;
    }
    if (!seen_.insert(*version).second) {
      reports.add(number, "version " + text + " is there twice", "a version above " + seen_.rbegin()->text());
      return std::nullopt;
    }
    if (*version < *seen_.rbegin()) {
      reports.add(number, "version " + text + " stands after " + seen_.rbegin()->text(),
                  "versions in ascending order; a new version is added at the end");
      return std::nullopt;
    }
    return version;
  }

 private:
  std::set<Version> seen_;
};

}  // namespace

std::shared_ptr<const Package> compile_schema(const syntax::Schema& schema, Reports& reports) {
  if (schema.name.text.size() > kMaxNameBytes) {
    reports.add(schema.name, "this name is too long", "at most " + std::to_string(kMaxNameBytes) + " characters");
    return nullptr;
  }
  if (schema.versions.empty()) {
    reports.add(schema.name, "schema " + std::string(schema.name.text) + " has no version",
                "a version such as 0.1.0 { .: Struct }");
    return nullptr;
  }

  PackageBuilder builder{std::string(schema.name.text)};
  StatementCompiler statements(builder, reports);
  VersionOrder order;
  bool sound = true;
  for (const syntax::VersionBlock& block : schema.versions) {
    const std::optional<Version> version = order.next(block.number, reports);
    for (const syntax::Statement& statement : block.statements) {
      if (reports.full()) return nullptr;
      sound = statements.compile(statement) && sound;
    }
    if (builder.tree().nodes().empty() && !statements.root_attempted()) {
      reports.add(block.number, "version " + std::string(block.number.text) + " declares no root",
                  ".: and its type, such as .: Struct, before everything else");
      return nullptr;
    }
    if (!version || !sound || builder.tree().nodes().empty()) {
      sound = false;
      continue;
    }
    if (const Status s = builder.mark(*version); !s) {
      reports.add(block.number, s.error().message(), "");
      return nullptr;
    }
  }
  if (!sound) return nullptr;
  Result<std::shared_ptr<const Package>> package = builder.finish();
  if (!package) {
    reports.add(schema.name, package.error().message(), "");
    return nullptr;
  }
  return *std::move(package);
}

}  // namespace tlfs::schema
