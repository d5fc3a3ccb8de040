#include "actors/messaging/message.h"

#include <string>

#include <capnp/any.h>
#include <capnp/dynamic.h>
#include <kj/exception.h>

#include "schema/framing/framing.h"

namespace tlfs::messaging {
namespace {

namespace schema = capnp::schema;

bool holds_pointers(schema::Type::Which type) {
  switch (type) {
    case schema::Type::TEXT:
    case schema::Type::DATA:
    case schema::Type::LIST:
    case schema::Type::STRUCT:
    case schema::Type::ANY_POINTER:
    case schema::Type::INTERFACE:
      return true;
    default:
      return false;
  }
}

// Touches everything a typed reader could touch. Bounded by the traversal and nesting limits of the reader behind the
// values: an element of any struct list costs at least one word.
class Visitor {
 public:
  void structure(const capnp::DynamicStruct::Reader& value) {
    for (const auto field : value.getSchema().getNonUnionFields()) this->field(value, field);
    KJ_IF_MAYBE (field, value.which()) this->field(value, *field);
  }

 private:
  void field(const capnp::DynamicStruct::Reader& value, capnp::StructSchema::Field field) {
    if (field.getProto().isGroup()) return structure(value.get(field).as<capnp::DynamicStruct>());
    if (holds_pointers(field.getType().which()) && value.has(field)) any(value.get(field));
  }

  void list(const capnp::DynamicList::Reader& values) {
    if (!holds_pointers(values.getSchema().whichElementType())) return;
    for (unsigned i = 0; i < values.size(); ++i) any(values[i]);
  }

  void any(const capnp::DynamicValue::Reader& value) {
    switch (value.getType()) {
      case capnp::DynamicValue::STRUCT:
        return structure(value.as<capnp::DynamicStruct>());
      case capnp::DynamicValue::LIST:
        return list(value.as<capnp::DynamicList>());
      case capnp::DynamicValue::ANY_POINTER:
        value.as<capnp::AnyPointer>().targetSize();
        return;
      default:
        return;  // getting a text or data value has checked it
    }
  }
};

}  // namespace

Result<SharedWords> parse_words(ByteView bytes, capnp::StructSchema schema, const ParseLimits& limits) {
  if (bytes.size() > limits.max_bytes)
    return Error(Errc::too_large, "a message of " + std::to_string(bytes.size()) + " bytes where at most " +
                                      std::to_string(limits.max_bytes) + " are accepted");
  auto copy = framing::to_words(bytes);
  if (copy.size() == 0)
    return Error(Errc::malformed,
                 "a message of " + std::to_string(bytes.size()) + " bytes where a positive multiple of 8 was expected");
  auto words = std::make_shared<const kj::Array<const capnp::word>>(kj::mv(copy));

  const capnp::ReaderOptions options{.traversalLimitInWords = limits.traversal_words, .nestingLimit = kMaxNesting};
  try {
    capnp::FlatArrayMessageReader structural(*words, options);
    if (structural.getEnd() != words->end()) return Error(Errc::malformed, "bytes follow the end of the message");
    structural.getRoot<capnp::AnyPointer>().targetSize();
    capnp::FlatArrayMessageReader typed(*words, options);
    Visitor().structure(typed.getRoot<capnp::DynamicStruct>(schema));
  } catch (const kj::Exception& e) {
    return Error(Errc::malformed, std::string("not a readable ") + schema.getShortDisplayName().cStr() + ": " +
                                      e.getDescription().cStr());
  }
  return SharedWords(std::move(words));
}

}  // namespace tlfs::messaging
