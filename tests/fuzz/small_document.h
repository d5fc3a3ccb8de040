// A document with a field of each kind, and a little in it: what edits from outside are tried on.
#pragma once

#include "runtime/base/check.h"
#include "runtime/document/document.h"
#include "schema/compiler/compile.h"

namespace tlfs::fuzz {

inline std::unique_ptr<document::Document> small_document() {
  static const auto package = schema::compile(R"(
d { 0.1.0 { .: Struct .a: MVReg<String> .t: Text .c: Counter .l: Array .l.[]: Struct .l.[].x: MVReg<i64>
            .m: Table<String> .m.{}: EWFlag .y: Table<i64> .y.{}: MVReg<Bytes> .f: MVReg<f64> } })",
                                              "d.tlfs")
                                  ->front()
                                  .package;
  static const auto key =
      std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(std::array<std::uint8_t, 32>{}));
  document::Document::Settings settings;
  settings.device = key;
  settings.package = package;
  auto out = std::make_unique<document::Document>(std::move(settings));
  const auto data =
      document::parse_json(R"({"a":"x","t":"text","l":[{"x":1},{"x":2}],"m":{"k":true},"y":{"-1":"AA=="}})");
  TLFS_CHECK(out->transact({}, [&](document::Transaction& tx) { return tx.set(".", *data); }).ok(), "no document");
  return out;
}

}  // namespace tlfs::fuzz
