#include "actors/document/request_message.h"

#include <algorithm>

namespace tlfs::document_actor {
namespace {

Error malformed(std::string what) { return Error(Errc::malformed, std::move(what)); }

}  // namespace

void write(const PermanentAddress& address, messages::Address::Builder out) {
  out.setNode(to_blob(address.node));
  auto keys = out.initKeys(static_cast<unsigned>(address.keys.size()));
  for (unsigned i = 0; i < keys.size(); ++i) {
    const PermanentKey& key = address.keys[i];
    if (!key.element) {
      write(key.table_key, keys[i].initTable());
      continue;
    }
    auto element = keys[i].initElement();
    element.setDevice(to_blob(key.element->writer.device));
    element.setIncarnation(key.element->writer.incarnation);
    element.setCounter(key.element->counter);
  }
}

Result<PermanentAddress> read(messages::Address::Reader in) {
  PermanentAddress out;
  if (!read_fixed(in.getNode(), out.node)) return malformed("a schema node's id that is not 16 bytes long");
  if (in.getKeys().size() > document::kMaxKeysPerTarget) return malformed("an address with too many keys");
  for (const auto key : in.getKeys()) {
    PermanentKey& to = out.keys.emplace_back();
    if (key.isElement()) {
      to.element.emplace();
      if (!read_fixed(key.getElement().getDevice(), to.element->writer.device))
        return malformed("a device's key that is not 32 bytes long");
      to.element->writer.incarnation = key.getElement().getIncarnation();
      to.element->counter = key.getElement().getCounter();
    } else if (key.isTable()) {
      Result<Value> value = read(key.getTable());
      if (!value) return value.error();
      to.table_key = std::move(*value);
    } else {
      return malformed("an address with a key of unknown kind");
    }
  }
  return out;
}

void write(const Edit& edit, messages::Edit::Builder out) {
  if (const auto* path = std::get_if<document::Path>(&edit.place)) {
    write(*path, out.getPlace().initPath(static_cast<unsigned>(path->size())));
  } else {
    write(std::get<PermanentAddress>(edit.place), out.getPlace().initAddress());
  }
  auto what = out.getWhat();
  switch (edit.kind) {
    case EditKind::set:
      if (edit.seen) {
        auto beside = what.initSetBeside();
        write(edit.value, beside.initValue());
        write(*edit.seen, beside.initSeen(static_cast<unsigned>(edit.seen->size())));
        break;
      }
      write(edit.value, what.initSet());
      break;
    case EditKind::remove:
      what.setRemove();
      break;
    case EditKind::insert: {
      auto insert = what.initInsert();
      insert.setIndex(edit.index);
      write(edit.values, insert.initValues(static_cast<unsigned>(edit.values.size())));
      break;
    }
    case EditKind::erase: {
      auto erase = what.initErase();
      erase.setFrom(edit.index);
      erase.setCount(edit.count);
      break;
    }
    case EditKind::move: {
      auto move = what.initMove();
      move.setElement(edit.index);
      move.setTo(edit.to);
      break;
    }
    case EditKind::splice: {
      auto splice = what.initSplice();
      splice.setPosition(edit.index);
      splice.setRemoved(edit.count);
      splice.setText(to_text(edit.text));
      break;
    }
    case EditKind::increment:
      what.setIncrement(edit.amount);
      break;
    case EditKind::reset:
      what.setReset();
      break;
    case EditKind::touch:
      what.setTouch();
      break;
  }
}

Result<Edit> read(messages::Edit::Reader in) {
  Edit edit;
  if (in.getPlace().isPath()) {
    Result<document::Path> path = read(in.getPlace().getPath());
    if (!path) return path.error();
    edit.place = std::move(*path);
  } else if (in.getPlace().isAddress()) {
    Result<PermanentAddress> address = read(in.getPlace().getAddress());
    if (!address) return address.error();
    edit.place = std::move(*address);
  } else {
    return malformed("an edit at a place of unknown kind");
  }
  const auto what = in.getWhat();
  switch (what.which()) {
    case messages::Edit::What::SET: {
      edit.kind = EditKind::set;
      Result<document::Data> value = read(what.getSet());
      if (!value) return value.error();
      edit.value = std::move(*value);
      return edit;
    }
    case messages::Edit::What::SET_BESIDE: {
      edit.kind = EditKind::set;
      Result<document::Data> value = read(what.getSetBeside().getValue());
      if (!value) return value.error();
      edit.value = std::move(*value);
      Result<std::vector<document::Data>> seen = read(what.getSetBeside().getSeen());
      if (!seen) return seen.error();
      edit.seen = std::move(*seen);
      return edit;
    }
    case messages::Edit::What::REMOVE:
      edit.kind = EditKind::remove;
      return edit;
    case messages::Edit::What::INSERT: {
      edit.kind = EditKind::insert;
      edit.index = what.getInsert().getIndex();
      Result<std::vector<document::Data>> values = read(what.getInsert().getValues());
      if (!values) return values.error();
      edit.values = std::move(*values);
      return edit;
    }
    case messages::Edit::What::ERASE:
      edit.kind = EditKind::erase;
      edit.index = what.getErase().getFrom();
      edit.count = what.getErase().getCount();
      return edit;
    case messages::Edit::What::MOVE:
      edit.kind = EditKind::move;
      edit.index = what.getMove().getElement();
      edit.to = what.getMove().getTo();
      return edit;
    case messages::Edit::What::SPLICE:
      edit.kind = EditKind::splice;
      edit.index = what.getSplice().getPosition();
      edit.count = what.getSplice().getRemoved();
      edit.text = from_text(what.getSplice().getText());
      return edit;
    case messages::Edit::What::INCREMENT:
      edit.kind = EditKind::increment;
      edit.amount = what.getIncrement();
      return edit;
    case messages::Edit::What::RESET:
      edit.kind = EditKind::reset;
      return edit;
    case messages::Edit::What::TOUCH:
      edit.kind = EditKind::touch;
      return edit;
  }
  return malformed("an edit of unknown kind");
}

void write(const WriteRequest& request, messages::Transact::Builder out) {
  auto edits = out.initEdits(static_cast<unsigned>(request.edits.size()));
  for (unsigned i = 0; i < edits.size(); ++i) write(request.edits[i], edits[i]);
  if (request.on_revision) out.setOnRevision(*request.on_revision);
  out.setUnit(request.unit == document::TextUnit::utf16 ? messages::TextUnit::UTF16 : messages::TextUnit::CODE_POINTS);
  out.setOrigin(to_text(request.options.origin));
  out.setLabel(to_text(request.options.label));
  out.setTimeMs(request.options.time_ms.value_or(0));
  if (request.id.named()) {
    auto id = out.initWrite();
    id.setClient(request.id.client);
    id.setNumber(request.id.number);
  }
}

Result<WriteRequest> read(messages::Transact::Reader in) {
  WriteRequest request;
  const auto edits = in.getEdits();
  if (edits.size() > kMaxEditsPerWrite) return malformed("a write with " + std::to_string(edits.size()) + " edits");
  request.edits.reserve(edits.size());
  for (const auto edit : edits) {
    Result<Edit> one = read(edit);
    if (!one) return one.error();
    request.edits.push_back(std::move(*one));
  }
  if (in.getOnRevision() != ~std::uint64_t{0}) request.on_revision = in.getOnRevision();
  switch (in.getUnit()) {
    case messages::TextUnit::CODE_POINTS:
      request.unit = document::TextUnit::code_points;
      break;
    case messages::TextUnit::UTF16:
      request.unit = document::TextUnit::utf16;
      break;
    default:
      return malformed("a write in an unknown unit of text");
  }
  request.options.origin = from_text(in.getOrigin());
  request.options.label = from_text(in.getLabel());
  if (!is_valid_utf8(request.options.origin) || !is_valid_utf8(request.options.label))
    return malformed("an origin or label that is not UTF-8");
  if (in.getTimeMs() != 0) request.options.time_ms = in.getTimeMs();
  request.id = {in.getWrite().getClient(), in.getWrite().getNumber()};
  return request;
}

void write(const document::Version& heads, capnp::List<capnp::Data>::Builder out) {
  for (unsigned i = 0; i < heads.size(); ++i) out.set(i, to_blob(heads[i]));
}

Result<document::Version> read_heads(capnp::List<capnp::Data>::Reader in) {
  if (in.size() > kMaxHeads) return malformed("a version with " + std::to_string(in.size()) + " heads");
  document::Version heads;
  for (const auto hash : in)
    if (!read_fixed(hash, heads.emplace_back())) return malformed("a change's hash that is not 32 bytes long");
  return heads;
}

Result<std::vector<document::Change>> read_changes(capnp::List<capnp::Data>::Reader in) {
  if (in.size() > kMaxChangesPerMessage) return malformed(std::to_string(in.size()) + " changes in one message");
  std::vector<document::Change> changes;
  changes.reserve(in.size());
  for (const auto bytes : in) {
    Result<document::Change> change = document::decode_change({bytes.begin(), bytes.size()});
    if (!change) return change.error();
    changes.push_back(std::move(*change));
  }
  return changes;
}

void write(const std::vector<document::Change>& changes, capnp::List<capnp::Data>::Builder out) {
  for (unsigned i = 0; i < changes.size(); ++i) out.set(i, to_blob(document::encode_change(changes[i])));
}

std::vector<Bytes> read_blobs(capnp::List<capnp::Data>::Reader in) {
  std::vector<Bytes> out;
  out.reserve(in.size());
  for (const auto bytes : in) out.push_back(from_blob(bytes));
  return out;
}

void write(const std::vector<Bytes>& blobs, capnp::List<capnp::Data>::Builder out) {
  for (unsigned i = 0; i < blobs.size(); ++i) out.set(i, to_blob(blobs[i]));
}

Result<std::vector<access::SignedStatement>> read_statements(capnp::List<capnp::Data>::Reader in) {
  if (in.size() > kMaxStatementsPerMessage) return malformed(std::to_string(in.size()) + " statements in one message");
  std::vector<access::SignedStatement> out;
  out.reserve(in.size());
  for (const auto bytes : in) {
    Result<access::SignedStatement> statement = access::decode_statement({bytes.begin(), bytes.size()});
    if (!statement) return statement.error();
    out.push_back(std::move(*statement));
  }
  return out;
}

Result<access::Level> read(messages::Level level) {
  const auto number = static_cast<std::uint16_t>(level);
  if (number > static_cast<std::uint16_t>(access::Level::own)) return malformed("an unknown level of access");
  return static_cast<access::Level>(number);
}

void write(const access::Principal& principal, messages::Principal::Builder out) {
  switch (principal.kind) {
    case access::Principal::Kind::anyone:
      return out.setAnyone();
    case access::Principal::Kind::key:
      return out.setDevice(to_blob(principal.key));
    case access::Principal::Kind::members: {
      if (principal.level == access::Level::own) return out.setUser(to_blob(principal.key));
      auto members = out.initMembers();
      members.setDocument(to_blob(principal.key));
      members.setLevel(static_cast<messages::Level>(principal.level));
      return;
    }
  }
}

Result<access::Principal> read(messages::Principal::Reader in) {
  crypto::PublicKey key{};
  const auto misfit = [] { return malformed("a principal's key that is not 32 bytes long"); };
  switch (in.which()) {
    case messages::Principal::ANYONE:
      return access::Principal::anyone();
    case messages::Principal::DEVICE:
      if (!read_fixed(in.getDevice(), key)) return misfit();
      return access::Principal::of_key(key);
    case messages::Principal::USER:
      if (!read_fixed(in.getUser(), key)) return misfit();
      return access::Principal::user(key);
    case messages::Principal::MEMBERS: {
      if (!read_fixed(in.getMembers().getDocument(), key)) return misfit();
      const Result<access::Level> level = read(in.getMembers().getLevel());
      if (!level) return level.error();
      return access::Principal::members(key, {}, *level);
    }
  }
  return malformed("a principal of unknown kind");
}

}  // namespace tlfs::document_actor
