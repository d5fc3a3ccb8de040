// Text and data of messages as the values that the rest of the code knows, and back.
//
// What is given to a message lives until the field is set; what is viewed lives as long as the message.
#pragma once

#include <capnp/blob.h>

#include <string>

#include "runtime/base/bytes.h"

namespace tlfs::framing {

inline capnp::Text::Reader to_text(const std::string& text) { return {text.c_str(), text.size()}; }
inline std::string from_text(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

inline capnp::Data::Reader to_blob(ByteView bytes) { return {bytes.data(), bytes.size()}; }
inline ByteView view_blob(capnp::Data::Reader blob) { return {blob.begin(), blob.size()}; }
inline Bytes from_blob(capnp::Data::Reader blob) { return Bytes(blob.begin(), blob.end()); }

}  // namespace tlfs::framing
