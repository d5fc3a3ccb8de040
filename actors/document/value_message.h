// Values, trees and paths as messages, and back (schema/messages/document.capnp).
//
// Reading accepts whatever a validated message can hold: Errc::malformed says what does not make sense.
#pragma once

#include "runtime/document/patch.h"
#include "schema/framing/fields.h"
#include "schema/messages/document.capnp.h"

namespace tlfs::document_actor {

using framing::from_blob;
using framing::from_text;
using framing::to_blob;
using framing::to_text;

void write(const Value& value, messages::Value::Builder out);
Result<Value> read(messages::Value::Reader in);

// `data` is at most document::kMaxJsonDepth deep, as everything is that came from a document, from JSON or from read().
void write(const document::Data& data, messages::Tree::Builder out);
Result<document::Data> read(messages::Tree::Reader in);

void write(const std::vector<document::Data>& values, capnp::List<messages::Tree>::Builder out);  // of the same size
Result<std::vector<document::Data>> read(capnp::List<messages::Tree>::Reader in);

void write(const document::Path& path, capnp::List<messages::PathStep>::Builder out);  // of the same size
Result<document::Path> read(capnp::List<messages::PathStep>::Reader in);

inline constexpr std::size_t kMaxPathSteps = 256;

}  // namespace tlfs::document_actor
