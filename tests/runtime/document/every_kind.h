// A schema with every kind, and a document of it, for the tests of snapshots.
#pragma once

#include "runtime/document/document.h"
#include "schema/compiler/compile.h"

namespace tlfs::document::testing {

inline constexpr std::string_view kEveryKind = R"(
all {
  0.1.0 {
    .: Struct
    .title: MVReg<String>  .on: MVReg<bool>  .u: MVReg<u64>  .i: MVReg<i64>  .f: MVReg<f64>  .bytes: MVReg<Bytes>
    .flag: EWFlag  .count: Counter  .text: Text
    .table: Table<String>  .table.{}: Struct  .table.{}.n: MVReg<u64>  .table.{}.text: Text
    .numbers: Table<i64>  .numbers.{}: Counter
    .list: Array  .list.[]: Struct  .list.[].title: MVReg<String>  .list.[].done: EWFlag  .list.[].text: Text
    .list.[].tags: Array  .list.[].tags.[]: MVReg<String>
    .secret: Struct @compartment  .secret.words: Array  .secret.words.[]: Text
  }
}
)";

inline std::shared_ptr<const schema::Package> every_kind() {
  return schema::compile(kEveryKind, "test").value()[0].package;
}

inline Document::Settings settings_of(std::shared_ptr<const schema::Package> package, std::uint8_t device) {
  Document::Settings s;
  s.id.fill(7);
  std::array<std::uint8_t, 32> seed{};
  seed[0] = device;
  s.device = std::make_shared<crypto::SigningKey>(crypto::SigningKey::from_seed(seed));
  s.package = std::move(package);
  return s;
}

}  // namespace tlfs::document::testing
