// Random schemas: every kind, nested in any way.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/environment.h"
#include "schema/lens/package.h"

namespace tlfs::document::testing {

struct SchemaOptions {
  bool compartments = false;  // some places bear the mark @compartment
  bool containers = true;     // arrays and tables
  bool small = false;         // one field in the root, so that everyone meets at the same places
};

// The text of a schema of one version whose root is a struct.
std::string random_schema(SeededRandom& random, const SchemaOptions& options);

// The only package of a .tlfs text; a text that does not compile is a bug of the test.
std::shared_ptr<const schema::Package> compile_package(std::string_view text);

}  // namespace tlfs::document::testing
