// The shape of a schema's version as JSON: what a program in another language needs to read, edit and check documents
// without knowing lenses. The bridge sends it with a document, and generated TypeScript carries it.
//
//   shape   {"package":"todo","version":"0.2.0","root":TYPE}
//   TYPE    {"kind":"struct","fields":{NAME:TYPE,...}}       in declared order
//           {"kind":"table","key":"string"|"u64"|"i64"|"bool","value":TYPE}
//           {"kind":"array","element":TYPE}
//           {"kind":"register","primitive":"string"|"bool"|"u64"|"i64"|"f64"|"bytes","default":VALUE}
//           {"kind":"text"}, {"kind":"flag"}, {"kind":"counter"}
//
// "value" and "element" are missing where the version declares none, "default" where the register has none. VALUE is
// written as in documents: integers beyond 2^53 and bytes (base64) are strings. No spaces; the same every time.
#pragma once

#include <string>

#include "schema/lens/package.h"

namespace tlfs::schema {

// `view` is one of the package's.
std::string shape_json(const Package& package, const View& view);

// Only the TYPE of the root.
std::string root_shape_json(const Package& package, const View& view);

}  // namespace tlfs::schema
