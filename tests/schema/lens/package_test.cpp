// Packages: what they refuse, how they extend each other, how files hold them.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "schema/compiler/compile.h"
#include "schema/lens/package.h"
#include "schema/lens/package_builder.h"
#include "schema/lens/package_file.h"

using namespace tlfs;
using namespace tlfs::schema;

namespace {

std::shared_ptr<const Package> package(std::string_view text) {
  auto compiled = compile(text, "test.tlfs");
  INFO((compiled.ok() ? "" : compiled.error().message()));
  REQUIRE(compiled.ok());
  return compiled->front().package;
}

std::string difference(std::string_view now, std::string_view before) {
  const Status s = package(now)->extends(*package(before));
  return s.ok() ? "none" : s.error().message();
}

constexpr std::string_view kOld = "s { 0.1.0 { .: Struct .a: Text } 0.2.0 { .a.rename(b) } }";

}  // namespace

TEST_CASE("A package extends itself and whatever it continues") {
  CHECK(difference(kOld, kOld) == "none");
  CHECK(difference("s { 0.1.0 { .: Struct .a: Text } 0.2.0 { .a.rename(b) } 0.3.0 { .c: Text } }", kOld) == "none");
}

TEST_CASE("A package that changes what was said before is no extension, and the first difference is named") {
  CHECK(difference("t { 0.1.0 { .: Struct .a: Text } 0.2.0 { .a.rename(b) } }", kOld) ==
        "the schema is called t and was called s");
  CHECK(difference("s { 0.1.0 { .: Struct .a: Text } 0.2.0 { .a.remove() } }", kOld) ==
        "schema s, version 0.2.0, step 1: was `rename .a to b` and is `remove .a`");
  CHECK(difference("s { 0.1.0 { .: Struct .a: Counter } 0.2.0 { .a.rename(b) } }", kOld) ==
        "schema s, version 0.1.0, step 2: was `declare .a: Text` and is `declare .a: Counter`");
  CHECK(difference("s { 0.1.0 { .: Struct .a: Text } }", kOld) ==
        "schema s, version 0.2.0, step 1: `rename .a to b` is missing");
  CHECK(difference("s { 0.1.0 { .: Struct .a: Text } 0.2.1 { .a.rename(b) } }", kOld) ==
        "schema s, version 0.2.0 is missing; in its place there is 0.2.1");
  CHECK(
      difference("s { 0.1.0 { .: Struct .a: Text .a.rename(b) } }", kOld) ==
      "schema s, version 0.1.0 has a step more: `rename .a to b`; a version that is out never changes, add a new one");
  CHECK(difference("s { 0.1.0 { .: Struct } 0.2.0 { .a: Text .a.rename(b) } }", kOld) ==
        "schema s, version 0.1.0 lacks a step: `declare .a: Text`");
  CHECK(difference("s { 0.1.0 { .: Struct .a: Text } 0.2.0 { .a.rename(b) .c: Text } }", kOld) ==
        "schema s, version 0.2.0 has a step more: `declare .c: Text`; a version that is out never changes, add a new "
        "one");
}

TEST_CASE("The same declaration gives the same node in any package, whatever was declared around it") {
  const auto one = package("one { 0.1.0 { .: Struct .a: Struct .a.x: MVReg<u64> } }");
  const auto two =
      package("two { 0.1.0 { .: Struct .z: Text .a: Struct .y: Text } 0.2.0 { .a.rename(b) .b.x: MVReg<u64> } }");
  const auto view = two->latest();
  const std::uint32_t x = view->field(view->field(0, "b"), "x");
  CHECK(two->find(one->nodes()[2].id) == view->nodes()[x].node);
  CHECK(one->hash() != two->hash());
}

TEST_CASE("A version that is not there is named together with those that are") {
  const auto view = package(kOld)->view("0.3.0");
  REQUIRE_FALSE(view.ok());
  CHECK(view.error().is(Errc::no_such_version));
  CHECK(view.error().message() == "schema s has no version 0.3.0; it has 0.1.0, 0.2.0");
}

TEST_CASE("A builder finishes only what is a package") {
  PackageBuilder builder("s");
  CHECK(builder.mark({0, 1, 0}).error().message() == "version 0.1.0 declares no root");
  CHECK(builder.finish().error().message() == "a package has at least one version");
  REQUIRE(builder.add(make(builder.tree(), kNoOrdinal, Kind::structure, Primitive::none, false, "")).ok());
  REQUIRE(builder.mark({0, 1, 0}).ok());
  CHECK(builder.mark({0, 1, 0}).error().message() == "version 0.1.0 does not come after 0.1.0");
  CHECK(builder.finish().ok());
  REQUIRE(builder.add(make(builder.tree(), kRoot, Kind::text, Primitive::none, false, "t")).ok());
  CHECK(builder.finish().error().message() == "there are lenses after the last version");
  CHECK(PackageBuilder("1").finish().error().is(Errc::malformed));
}

TEST_CASE("Bytes that are no canonical package are refused") {
  const auto p = package(kOld);
  const Bytes good(p->encoded().begin(), p->encoded().end());
  CHECK(Package::decode(good).ok());
  CHECK(Package::decode({}).error().is(Errc::malformed));
  CHECK(Package::decode(ByteView(good).first(good.size() - 8)).error().is(Errc::malformed));
  CHECK(Package::decode(ByteView(good).first(good.size() - 1)).error().is(Errc::malformed));
  Bytes longer = good;
  longer.resize(good.size() + 8);
  CHECK(Package::decode(longer).error().is(Errc::malformed));
  CHECK(Package::decode(Bytes(kMaxPackageBytes + 8)).error().is(Errc::limit));
  CHECK(Package::decode(Bytes(64)).error().is(Errc::malformed));  // all zeros: not even a name
}

TEST_CASE("A package of a newer format says so") {
  const auto p = package(kOld);
  Bytes bytes(p->encoded().begin(), p->encoded().end());
  REQUIRE(bytes[8] == 1);  // the format is the first number of the root
  bytes[8] = 2;
  const auto decoded = Package::decode(bytes);
  REQUIRE_FALSE(decoded.ok());
  CHECK(decoded.error().is(Errc::unsupported));
  CHECK(decoded.error().message() == "a schema package of format 2; this version reads up to 1");
}

TEST_CASE("A package file holds the packages of one text in order") {
  const auto a = package("a { 0.1.0 { .: Struct } }"), b = package("b { 0.1.0 { .: Text } }");
  const Bytes file = encode_package_file({b, a});
  CHECK(looks_like_package_file(file));
  CHECK_FALSE(looks_like_package_file(as_bytes("a { }")));
  const auto read = decode_package_file(file);
  REQUIRE(read.ok());
  REQUIRE(read->size() == 2);
  CHECK((*read)[0]->hash() == b->hash());
  CHECK((*read)[1]->hash() == a->hash());
  CHECK(decode_package_file(encode_package_file({a, a})).error().message() ==
        "not a package file: it holds two packages a");
  CHECK_FALSE(decode_package_file(as_bytes("a { }   ")).ok());
  CHECK_FALSE(decode_package_file({}).ok());
  for (std::size_t cut = 0; cut < file.size(); ++cut) CHECK_FALSE(decode_package_file(ByteView(file).first(cut)).ok());
}
