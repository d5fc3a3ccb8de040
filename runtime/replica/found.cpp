#include "runtime/replica/found.h"

#include <algorithm>

namespace tlfs::replica {

using storage::Kind;

void Found::lose(ByteView key, std::uint8_t kind, const std::string& why) {
  std::string consequence;
  switch (static_cast<Kind>(kind)) {
    case Kind::package:
      consequence = "the packages that the other records name are used";
      break;
    case Kind::statement:
      statements_lost = true;
      consequence = "the statement, and what rests on it, must be fetched again from others";
      break;
    case Kind::snapshot:
      snapshot_lost = true;
      consequence = "the document is made of its history again";
      break;
    case Kind::change:
      changes_lost = true;
      consequence = "the change, and what rests on it, must be fetched again from others";
      break;
    case Kind::local:
      locals_lost = true;
      consequence = "this transaction and the later ones that were in no change yet are lost";
      break;
    case Kind::history:
      history_lost = true;
      consequence = "old changes that it held cannot be read here any more";
      break;
    case Kind::note:
      done_lost = true;
      consequence = "writes that it noted as done may take effect once more when they are asked for again";
      break;
    default:
      consequence = "no version wrote it";
  }
  bad_keys.emplace_back(key.begin(), key.end());
  lost.push_back(storage::describe_key(key) + " " + why + ": " + consequence);
}

Result<Found> Found::sort(const DocumentId& document, const crypto::Secret& at_rest, Records& records) {
  Found out;
  bool opened = false;
  bool foreign = false;
  const auto kind_of = [&](ByteView key) -> std::optional<storage::Place> {
    Result<storage::Place> place = storage::parse_key(key);
    if (!place || place->document != document || place->region != static_cast<std::uint8_t>(storage::Region::document))
      return std::nullopt;
    return std::move(*place);
  };
  for (Records::Record& record : records.records) {
    const std::optional<storage::Place> place = kind_of(record.key);
    if (!place) continue;
    const auto decrypt = [&]() -> Result<Bytes> {
      Result<Bytes> content = open_value(at_rest, record.key, record.value);
      opened = opened || content.ok();
      foreign = foreign || (!content && content.error().is(Errc::wrong_key));
      return content;
    };
    Status read;
    // Decrypts, decodes, and keeps what comes out.
    const auto take = [&]<class T>(std::type_identity<T>, auto&& keep) {
      const Result<Bytes> content = decrypt();
      Result<T> value = content ? T::decode(*content) : Result<T>(content.error());
      if (value) {
        keep(std::move(*value));
      } else {
        read = value.error();
      }
    };
    const std::uint64_t number = place->number.value_or(0);
    switch (static_cast<Kind>(place->kind)) {
      case Kind::package: {
        crypto::Digest hash;
        std::copy_n(place->rest.begin(), std::min(place->rest.size(), hash.size()), hash.begin());
        out.packages.insert(hash);
        break;
      }
      case Kind::statement: {
        Result<access::SignedStatement> s = access::decode_statement(record.value);
        if (s) {
          out.statements.emplace(number, std::move(*s));
        } else {
          read = s.error();
        }
        break;
      }
      case Kind::change: {
        Result<document::Change> c = document::decode_change(record.value);
        if (c && c->header.document == document) {
          out.changes.emplace(number, StoredChange{std::move(*c), record.value.size()});
        } else {
          read = c ? Error(Errc::damaged, "it is of another document") : c.error();
        }
        break;
      }
      case Kind::local:
        take(std::type_identity<LocalRecord>(), [&](LocalRecord l) { out.locals.emplace(number, std::move(l)); });
        break;
      case Kind::snapshot: {
        Result<Bytes> content = decrypt();
        if (content) {
          out.blocks.emplace(number, std::move(*content));
        } else {
          read = content.error();
        }
        break;
      }
      case Kind::history:
        take(std::type_identity<HistoryPart>(), [&](HistoryPart p) { out.history.emplace(number, std::move(p)); });
        break;
      case Kind::note: {
        const std::string_view name = as_text(place->rest);
        if (name == kProgressNote) {
          take(std::type_identity<Progress>(), [&](Progress p) { out.progress = p; });
        } else if (const auto segment = done_segment_of(name)) {
          take(std::type_identity<DoneSegment>(), [&](DoneSegment d) { out.done.emplace(*segment, std::move(d)); });
        } else {
          continue;  // of a later version
        }
        break;
      }
      default:
        continue;
    }
    out.keys.push_back(record.key);
    if (!read) out.lose(record.key, place->kind, "is damaged");
  }
  for (const Bytes& key : records.corrupt)
    if (const auto place = kind_of(key); place && place->kind != static_cast<std::uint8_t>(Kind::manifest)) {
      out.keys.push_back(key);
      out.lose(key, place->kind, "is damaged");
    }
  if (foreign && !opened)
    return Error(Errc::wrong_key,
                 "the records of document " + to_hex(document) + " were written under the key of another device");
  if (out.keys.empty()) return Error(Errc::no_such_document, "there are no records of document " + to_hex(document));
  return out;
}

}  // namespace tlfs::replica
