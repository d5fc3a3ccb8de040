// A Cap'n Proto message as plain bytes, in the standard framing (segment table, then segments), and back.
#pragma once

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <string>

#include "runtime/base/bytes.h"

namespace tlfs::framing {

// Words that a reader may visit, as a multiple of the message's own: more is pointers that lead to a place twice.
inline constexpr std::uint64_t kTraversalFactor = 2;

Bytes to_bytes(capnp::MessageBuilder& message);

// The bytes may lie anywhere, words must be aligned. Empty when the bytes are no whole number of words, or none.
kj::Array<capnp::word> to_words(ByteView bytes);

// Any bytes are safe. Gives what `read` makes of the message's root, which it may visit only meanwhile, or what
// `malformed` makes of a sentence. `nesting`: how deep structs and lists may lie in one another.
template <class Root, class Read, class Malformed>
auto read(ByteView bytes, int nesting, Read read, Malformed malformed) -> decltype(read(typename Root::Reader())) {
  const kj::Array<capnp::word> words = to_words(bytes);
  if (words.size() == 0) return malformed("not a whole number of words");
  capnp::ReaderOptions options;
  options.traversalLimitInWords = kTraversalFactor * words.size();
  options.nestingLimit = nesting;
  try {
    capnp::FlatArrayMessageReader reader(words, options);
    return read(reader.template getRoot<Root>());
  } catch (const kj::Exception& e) {
    return malformed(std::string("not a Cap'n Proto message of that kind: ") + e.getDescription().cStr());
  }
}

}  // namespace tlfs::framing
