// Patches as messages, and back. Any bytes that are a message are safe to read.
#pragma once

#include "actors/document/value_message.h"

namespace tlfs::document_actor {

void write(const document::Patch& patch, messages::Patch::Builder out);
Result<document::Patch> read(messages::Patch::Reader in);

void write(const std::vector<document::Patch>& patches, capnp::List<messages::Patch>::Builder out);  // of the same size
Result<std::vector<document::Patch>> read(capnp::List<messages::Patch>::Reader in);

}  // namespace tlfs::document_actor
