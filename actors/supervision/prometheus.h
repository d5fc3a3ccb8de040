// A tree as a metrics page.
#pragma once

#include <string>

#include "schema/messages/tree.capnp.h"

namespace tlfs::supervision {

// The text exposition format, version 0.0.4, of Prometheus. One series per family of actors, not per actor: a hundred
// thousand documents are one. Counters include the actors that have ended; the high-water mark is the family's highest.
std::string prometheus_text(messages::NodeTree::Reader tree);

}  // namespace tlfs::supervision
