// How primitives look in JSON; shared by everything that writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/value.h"
#include "runtime/document/data.h"

namespace tlfs::document {

// `Writer` is a RapidJSON writer.
template <class Writer>
void write_json_string(Writer& out, std::string_view text) {
  out.String(text.data(), static_cast<unsigned>(text.size()));
}

template <class Writer>
void write_json_value(Writer& out, const Value& v) {
  switch (primitive_of(v)) {
    case Primitive::none:
      out.Null();
      break;
    case Primitive::boolean:
      out.Bool(std::get<bool>(v));
      break;
    case Primitive::u64: {
      const std::uint64_t u = std::get<std::uint64_t>(v);
      if (u > kMaxJsonInteger) {
        write_json_string(out, std::to_string(u));
      } else {
        out.Uint64(u);
      }
      break;
    }
    case Primitive::i64: {
      const std::int64_t i = std::get<std::int64_t>(v);
      constexpr auto kMax = static_cast<std::int64_t>(kMaxJsonInteger);
      if (i > kMax || i < -kMax) {
        write_json_string(out, std::to_string(i));
      } else {
        out.Int64(i);
      }
      break;
    }
    case Primitive::f64:
      out.Double(std::get<double>(v));
      break;
    case Primitive::string:
      write_json_string(out, std::get<std::string>(v));
      break;
    case Primitive::bytes:
      write_json_string(out, to_base64(std::get<Bytes>(v)));
      break;
  }
}

}  // namespace tlfs::document
