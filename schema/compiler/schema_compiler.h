// One schema of a text, from syntax to package.
#pragma once

#include <memory>

#include "schema/compiler/reports.h"
#include "schema/compiler/syntax.h"
#include "schema/lens/package.h"

namespace tlfs::schema {

// Nothing when something was reported.
std::shared_ptr<const Package> compile_schema(const syntax::Schema& schema, Reports& reports);

}  // namespace tlfs::schema
