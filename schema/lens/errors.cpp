#include "schema/lens/errors.h"

namespace tlfs::schema {

std::string_view errc_module(Errc) { return "schema"; }

}  // namespace tlfs::schema
