#include "tests/runtime/document/random_schema.h"

#include "runtime/base/check.h"
#include "schema/compiler/compile.h"

namespace tlfs::document::testing {
namespace {

constexpr std::size_t kMaxDepth = 5;
constexpr std::size_t kMaxDeclarations = 24;

class Declarations {
 public:
  Declarations(SeededRandom& random, const SchemaOptions& options) : random_(random), options_(options) {}

  std::string run() {
    text_ = "random {\n  0.1.0 {\n    .: Struct\n";
    fields("", options_.small ? 1 : 3 + random_.below(4), 0);
    return text_ + "  }\n}\n";
  }

 private:
  void fields(const std::string& path, std::size_t count, std::size_t depth) {
    for (std::size_t i = 0; i < count && declared_ < kMaxDeclarations; ++i)
      place(path + "." + static_cast<char>('a' + i), depth + 1);
  }

  void place(const std::string& path, std::size_t depth) {
    static constexpr const char* kLeaves[] = {"EWFlag",        "Counter",       "Text",        "Text",
                                              "MVReg<bool>",   "MVReg<u64>",    "MVReg<i64>",  "MVReg<f64>",
                                              "MVReg<String>", "MVReg<String>", "MVReg<Bytes>"};
    static constexpr const char* kKeys[] = {"String", "u64", "i64", "bool"};
    ++declared_;
    const std::uint64_t what = depth >= kMaxDepth ? 0 : random_.below(options_.containers ? 10 : 6);
    if (what < 4) {
      declare(path, kLeaves[random_.below(std::size(kLeaves))]);
    } else if (what < 6) {
      declare(path, "Struct");
      fields(path, 1 + random_.below(3), depth);
    } else if (what < 8) {
      declare(path, "Array");
      place(path + ".[]", depth + 1);
    } else {
      declare(path, std::string("Table<") + kKeys[random_.below(std::size(kKeys))] + ">");
      place(path + ".{}", depth + 1);
    }
  }

  void declare(const std::string& path, const std::string& kind) {
    text_ += "    " + path + ": " + kind + (options_.compartments && random_.chance(0.2) ? " @compartment" : "") + "\n";
  }

  SeededRandom& random_;
  const SchemaOptions options_;
  std::string text_;
  std::size_t declared_ = 0;
};

}  // namespace

std::string random_schema(SeededRandom& random, const SchemaOptions& options) {
  return Declarations(random, options).run();
}

std::shared_ptr<const schema::Package> compile_package(std::string_view text) {
  Result<std::vector<schema::CompiledSchema>> compiled = schema::compile(text, "test.tlfs");
  TLFS_CHECK(compiled.ok(), compiled.ok() ? std::string() : compiled.error().message());
  return compiled->front().package;
}

}  // namespace tlfs::document::testing
