#include "actors/document/patch_message.h"

#include "actors/document/errors.h"

namespace tlfs::document_actor {

using document::Patch;
using document::PatchKind;

void write(const Patch& patch, messages::Patch::Builder out) {
  write(patch.path, out.initPath(static_cast<unsigned>(patch.path.size())));
  const auto values = static_cast<unsigned>(patch.values.size());
  switch (patch.kind) {
    case PatchKind::set:
      write(patch.value, out.initSet());
      break;
    case PatchKind::remove: {
      auto remove = out.initRemove();
      remove.setIndex(patch.index);
      remove.setCount(patch.count);
      break;
    }
    case PatchKind::insert: {
      auto insert = out.initInsert();
      insert.setAt(patch.index);
      write(patch.values, insert.initValues(values));
      break;
    }
    case PatchKind::move: {
      auto move = out.initMove();
      move.setElement(patch.index);
      move.setTo(patch.to);
      break;
    }
    case PatchKind::splice: {
      auto splice = out.initSplice();
      splice.setPosition(patch.position.code_points);
      splice.setPosition16(patch.position.utf16);
      splice.setRemoved(patch.removed.code_points);
      splice.setRemoved16(patch.removed.utf16);
      splice.setText(to_text(patch.text));
      break;
    }
    case PatchKind::conflict:
      write(patch.values, out.initConflict(values));
      break;
  }
}

Result<Patch> read(messages::Patch::Reader in) {
  Patch patch;
  Result<document::Path> path = read(in.getPath());
  if (!path) return path.error();
  patch.path = std::move(*path);
  const auto take_values = [&](capnp::List<messages::Tree>::Reader list) -> Status {
    Result<std::vector<document::Data>> values = read(list);
    if (!values) return values.error();
    patch.values = std::move(*values);
    return {};
  };
  switch (in.which()) {
    case messages::Patch::SET: {
      patch.kind = PatchKind::set;
      Result<document::Data> value = read(in.getSet());
      if (!value) return value.error();
      patch.value = std::move(*value);
      return patch;
    }
    case messages::Patch::REMOVE:
      patch.kind = PatchKind::remove;
      patch.index = in.getRemove().getIndex();
      patch.count = in.getRemove().getCount();
      return patch;
    case messages::Patch::INSERT: {
      patch.kind = PatchKind::insert;
      patch.index = in.getInsert().getAt();
      if (Status s = take_values(in.getInsert().getValues()); !s) return s.error();
      return patch;
    }
    case messages::Patch::MOVE:
      patch.kind = PatchKind::move;
      patch.index = in.getMove().getElement();
      patch.to = in.getMove().getTo();
      return patch;
    case messages::Patch::SPLICE: {
      patch.kind = PatchKind::splice;
      const auto splice = in.getSplice();
      patch.position = {splice.getPosition(), splice.getPosition16()};
      patch.removed = {splice.getRemoved(), splice.getRemoved16()};
      patch.text = from_text(splice.getText());
      if (!is_valid_utf8(patch.text)) return Error(Errc::malformed, "a splice whose text is not UTF-8");
      return patch;
    }
    case messages::Patch::CONFLICT: {
      patch.kind = PatchKind::conflict;
      if (Status s = take_values(in.getConflict()); !s) return s.error();
      return patch;
    }
  }
  return Error(Errc::malformed, "a patch of unknown kind");
}

void write(const std::vector<Patch>& patches, capnp::List<messages::Patch>::Builder out) {
  for (unsigned i = 0; i < patches.size(); ++i) write(patches[i], out[i]);
}

Result<std::vector<Patch>> read(capnp::List<messages::Patch>::Reader in) {
  std::vector<Patch> out;
  out.reserve(in.size());
  for (const auto patch : in) {
    Result<Patch> one = read(patch);
    if (!one) return one.error();
    out.push_back(std::move(*one));
  }
  return out;
}

}  // namespace tlfs::document_actor
