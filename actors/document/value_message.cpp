#include "actors/document/value_message.h"

#include "actors/document/errors.h"
#include "runtime/base/utf.h"

namespace tlfs::document_actor {
namespace {

using document::Data;
using document::Member;
using document::Path;
using document::PathStep;

Error malformed(std::string what) { return Error(Errc::malformed, std::move(what)); }

std::size_t count_items(const Data& data) {
  std::size_t n = 1;
  if (const auto* array = data.array())
    for (const Data& element : *array) n += count_items(element);
  if (const auto* object = data.object())
    for (const Member& member : *object) n += count_items(member.value);
  return n;
}

void write_items(const Data& data, capnp::List<messages::TreeItem>::Builder& out, unsigned& next) {
  auto item = out[next++];
  if (const auto* array = data.array()) {
    item.setArray(static_cast<std::uint32_t>(array->size()));
    for (const Data& element : *array) write_items(element, out, next);
  } else if (const auto* object = data.object()) {
    item.setObject(static_cast<std::uint32_t>(object->size()));
    for (const Member& member : *object) {
      out[next].setName(to_text(member.name));
      write_items(member.value, out, next);
    }
  } else if (!data.is_null()) {
    write(*data.value(), item.initValue());
  }
}

Result<Data> read_items(const capnp::List<messages::TreeItem>::Reader& in, unsigned& next, std::size_t depth) {
  if (next >= in.size()) return malformed("a tree that ends before its last value");
  if (depth > document::kMaxJsonDepth) return malformed("a tree that is too deep");
  const auto item = in[next++];
  // A count that the rest cannot hold costs nothing: reading stops where the items end.
  const unsigned left = in.size() - next;
  switch (item.which()) {
    case messages::TreeItem::VALUE: {
      Result<Value> value = read(item.getValue());
      if (!value) return value.error();
      return Data(std::move(*value));
    }
    case messages::TreeItem::ARRAY: {
      if (item.getArray() > left) return malformed("an array with more elements than the tree has items");
      Data::Array array;
      array.reserve(item.getArray());
      for (std::uint32_t i = 0; i < item.getArray(); ++i) {
        Result<Data> element = read_items(in, next, depth + 1);
        if (!element) return element;
        array.push_back(std::move(*element));
      }
      return Data(std::move(array));
    }
    case messages::TreeItem::OBJECT: {
      if (item.getObject() > left) return malformed("an object with more members than the tree has items");
      Data::Object object;
      object.reserve(item.getObject());
      for (std::uint32_t i = 0; i < item.getObject(); ++i) {
        if (next >= in.size()) return malformed("a tree that ends before its last value");
        std::string name = from_text(in[next].getName());
        if (!is_valid_utf8(name)) return malformed("a member's name that is not UTF-8");
        Result<Data> member = read_items(in, next, depth + 1);
        if (!member) return member;
        object.push_back({std::move(name), std::move(*member)});
      }
      return Data(std::move(object));
    }
  }
  return malformed("a tree with an item of unknown kind");
}

}  // namespace

void write(const Value& value, messages::Value::Builder out) {
  switch (primitive_of(value)) {
    case Primitive::none:
      out.setNone();
      break;
    case Primitive::boolean:
      out.setBoolean(std::get<bool>(value));
      break;
    case Primitive::u64:
      out.setUnsigned64(std::get<std::uint64_t>(value));
      break;
    case Primitive::i64:
      out.setSigned64(std::get<std::int64_t>(value));
      break;
    case Primitive::f64:
      out.setFloat64(std::get<double>(value));
      break;
    case Primitive::string:
      out.setString(to_text(std::get<std::string>(value)));
      break;
    case Primitive::bytes:
      out.setBytes(to_blob(std::get<Bytes>(value)));
      break;
  }
}

Result<Value> read(messages::Value::Reader in) {
  switch (in.which()) {
    case messages::Value::NONE:
      return Value();
    case messages::Value::BOOLEAN:
      return Value(in.getBoolean());
    case messages::Value::UNSIGNED64:
      return Value(std::uint64_t{in.getUnsigned64()});
    case messages::Value::SIGNED64:
      return Value(std::int64_t{in.getSigned64()});
    case messages::Value::FLOAT64:
      return Value(in.getFloat64());
    case messages::Value::STRING: {
      std::string text = from_text(in.getString());
      if (!is_valid_utf8(text)) return malformed("a string that is not UTF-8");
      return Value(std::move(text));
    }
    case messages::Value::BYTES:
      return Value(from_blob(in.getBytes()));
  }
  return malformed("a value of unknown type");
}

void write(const Data& data, messages::Tree::Builder out) {
  auto items = out.initItems(static_cast<unsigned>(count_items(data)));
  unsigned next = 0;
  write_items(data, items, next);
}

Result<Data> read(messages::Tree::Reader in) {
  const auto items = in.getItems();
  unsigned next = 0;
  Result<Data> data = read_items(items, next, 0);
  if (data && next != items.size()) return malformed("a tree with more than one value");
  return data;
}

void write(const std::vector<Data>& values, capnp::List<messages::Tree>::Builder out) {
  for (unsigned i = 0; i < values.size(); ++i) write(values[i], out[i]);
}

Result<std::vector<Data>> read(capnp::List<messages::Tree>::Reader in) {
  std::vector<Data> out;
  out.reserve(in.size());
  for (const auto tree : in) {
    Result<Data> data = read(tree);
    if (!data) return data.error();
    out.push_back(std::move(*data));
  }
  return out;
}

void write(const Path& path, capnp::List<messages::PathStep>::Builder out) {
  for (unsigned i = 0; i < path.size(); ++i) {
    const PathStep& step = path[i];
    switch (step.kind) {
      case PathStep::Kind::field:
        out[i].setField(to_text(step.name));
        break;
      case PathStep::Kind::key:
        write(step.key, out[i].initKey());
        break;
      case PathStep::Kind::index:
        out[i].setIndex(step.index);
        break;
    }
  }
}

Result<Path> read(capnp::List<messages::PathStep>::Reader in) {
  if (in.size() > kMaxPathSteps) return malformed("a path of " + std::to_string(in.size()) + " steps");
  Path path;
  path.reserve(in.size());
  for (const auto step : in) {
    switch (step.which()) {
      case messages::PathStep::FIELD: {
        std::string name = from_text(step.getField());
        if (!is_valid_utf8(name)) return malformed("a field's name that is not UTF-8");
        path.push_back(PathStep::field(std::move(name)));
        break;
      }
      case messages::PathStep::KEY: {
        Result<Value> key = read(step.getKey());
        if (!key) return key.error();
        const Primitive type = primitive_of(*key);
        if (type == Primitive::none || type == Primitive::f64 || type == Primitive::bytes)
          return malformed("a table key that is neither a boolean, an integer nor a string");
        path.push_back(PathStep::of_key(std::move(*key)));
        break;
      }
      case messages::PathStep::INDEX:
        path.push_back(PathStep::at(step.getIndex()));
        break;
      default:
        return malformed("a path with a step of unknown kind");
    }
  }
  return path;
}

}  // namespace tlfs::document_actor
