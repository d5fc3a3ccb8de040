#include "bridges/websocket/patches_json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "runtime/document/json_writer.h"

namespace tlfs::websocket_bridge {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// As deep as a document allows: document::kMaxJsonDepth.
void write(Writer& out, const document::Data& data) {
  if (const auto* array = data.array()) {
    out.StartArray();
    for (const document::Data& one : *array) write(out, one);
    out.EndArray();
  } else if (const auto* object = data.object()) {
    out.StartObject();
    for (const document::Member& m : *object) {
      out.Key(m.name.data(), static_cast<rapidjson::SizeType>(m.name.size()));
      write(out, m.value);
    }
    out.EndObject();
  } else {
    document::write_json_value(out, *data.value());
  }
}

void write(Writer& out, const document::Path& path) {
  out.StartArray();
  for (const document::PathStep& step : path) {
    switch (step.kind) {
      case document::PathStep::Kind::field:
        document::write_json_string(out, step.name);
        break;
      case document::PathStep::Kind::index:
        out.Uint64(step.index);
        break;
      case document::PathStep::Kind::key:
        out.StartArray();
        document::write_json_value(out, step.key);
        out.EndArray();
        break;
    }
  }
  out.EndArray();
}

void write_values(Writer& out, const std::vector<document::Data>& values) {
  out.StartArray();
  for (const document::Data& one : values) write(out, one);
  out.EndArray();
}

void begin(Writer& out, std::string_view name, const document::Path& path) {
  out.StartArray();
  document::write_json_string(out, name);
  write(out, path);
}

void write(Writer& out, const document::Patch& patch) {
  using document::PatchKind;
  switch (patch.kind) {
    case PatchKind::set:
      begin(out, "set", patch.path);
      write(out, patch.value);
      break;
    case PatchKind::remove:
      begin(out, "remove", patch.path);
      if (patch.count > 0) {  // elements of an array; a table's key has none
        out.Uint64(patch.index);
        out.Uint64(patch.count);
      }
      break;
    case PatchKind::insert:
      begin(out, "insert", patch.path);
      out.Uint64(patch.index);
      write_values(out, patch.values);
      break;
    case PatchKind::move:
      begin(out, "move", patch.path);
      out.Uint64(patch.index);
      out.Uint64(patch.to);
      break;
    case PatchKind::splice:
      begin(out, "splice", patch.path);
      out.Uint64(patch.position.utf16);
      out.Uint64(patch.removed.utf16);
      document::write_json_string(out, patch.text);
      break;
    case PatchKind::conflict:
      begin(out, "conflict", patch.path);
      write_values(out, patch.values);
      break;
  }
  out.EndArray();
}

}  // namespace

std::string patches_json(const std::vector<document::Patch>& patches) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.StartArray();
  for (const document::Patch& patch : patches) write(out, patch);
  out.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace tlfs::websocket_bridge
