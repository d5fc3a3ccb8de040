// Documents: what there is, what they hold, undoing, JSON Patch.
#include "bridges/c/handles.h"
#include "bridges/control/json_patch.h"
#include "bridges/control/names.h"

using namespace tlfs;
using namespace tlfs::c_api;

namespace {

document::Data texts(const std::vector<std::string>& all) {
  document::Data::Array out;
  for (const std::string& one : all) out.push_back(text_data(one));
  return out;
}

document::Data entry(const HistoryEntry& e) {
  document::Data::Array parents;
  for (const document::ChangeHash& parent : e.parents) parents.push_back(text_data(to_hex(parent)));
  return document::Data::Object{{"hash", text_data(to_hex(e.hash))},
                                {"device", text_data(to_hex(e.device))},
                                {"operations", number_data(e.operations)},
                                {"time_ms", e.time_ms ? document::Data(Value(*e.time_ms)) : document::Data()},
                                {"label", text_data(e.label)},
                                {"parents", std::move(parents)}};
}

constexpr std::size_t kMaxHeads = 1024;  // of a version that is asked for

Result<document::Version> version_in(const std::string& json) {
  const auto data = document::parse_json(json);
  if (!data) return data.error();
  const document::Data::Array* array = data->array();
  const Error wrong(c_api::Errc::bad_value, "a version is a JSON array of hashes, each of 64 digits");
  if (!array || array->empty() || array->size() > kMaxHeads) return wrong;
  document::Version out;
  for (const document::Data& one : *array) {
    const auto* text = one.value() ? std::get_if<std::string>(one.value()) : nullptr;
    const auto hash = text ? control::parse_id(*text) : std::nullopt;
    if (!hash) return wrong;
    out.push_back(*hash);
  }
  return out;
}

}  // namespace

bool tlfs_document_create(tlfs_node* node, const tlfs_schema* schema, const char* name, size_t name_length,
                          uint8_t id[TLFS_ID_SIZE], tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    if (!schema) return Error(c_api::Errc::null_handle, "the schema is NULL");
    const auto made = waited(node->node->create_document(
        schema->package, {text_in(name, name_length), schema->package->latest()->version()}));
    if (!made) return made.error();
    id_out(*made, id);
    return {};
  });
}

bool tlfs_document_list(tlfs_node* node, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto documents = waited(node->node->documents());
    if (!documents) return documents.error();
    document::Data::Array all;
    for (const DocumentInfo& d : *documents)
      all.push_back(document::Data::Object{{"id", text_data(to_hex(d.id))},
                                           {"name", text_data(d.name)},
                                           {"package", text_data(d.package)},
                                           {"version", text_data(d.version)},
                                           {"created_ms", Value(d.created_ms)}});
    return json_out(all, json, length);
  });
}

bool tlfs_document_delete(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    return waited(node->node->delete_document(id_in(id)));
  });
}

bool tlfs_document_status(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], char** json, size_t* length,
                          tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto status = waited(node->node->status(id_in(id)));
    if (!status) return status.error();
    return json_out(
        document::Data::Object{{"revision", number_data(status->revision)},
                               {"durable", number_data(status->durable)},
                               {"disk_error", status->disk_error ? text_data(*status->disk_error) : document::Data()},
                               {"changes", number_data(status->changes)},
                               {"waiting", number_data(status->waiting)},
                               {"unreadable", number_data(status->unreadable)},
                               {"subscriptions", number_data(status->subscriptions)},
                               {"withheld", texts(status->withheld)},
                               {"lost", texts(status->lost)}},
        json, length);
  });
}

bool tlfs_document_history(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], size_t limit, char** json, size_t* length,
                           tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto entries = waited(node->node->history(id_in(id), limit));
    if (!entries) return entries.error();
    document::Data::Array all;
    for (const HistoryEntry& one : *entries) all.push_back(entry(one));
    return json_out(all, json, length);
  });
}

bool tlfs_document_read(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* path, size_t path_length,
                        char** json, size_t* length, uint64_t* revision, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto update = waited(node->node->snapshot(id_in(id), text_in(path, path_length)));
    if (!update) return update.error();
    Status s = json_out(update->snapshot ? *update->snapshot : document::Data(), json, length);
    if (s && revision) *revision = update->to;
    return s;
  });
}

bool tlfs_document_read_at(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* version, size_t version_length,
                           const char* path, size_t path_length, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    auto heads = version_in(text_in(version, version_length));
    if (!heads) return heads.error();
    const auto update = waited(node->node->snapshot_at(id_in(id), std::move(*heads), text_in(path, path_length)));
    if (!update) return update.error();
    return json_out(update->snapshot ? *update->snapshot : document::Data(), json, length);
  });
}

bool tlfs_document_undo(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* origin, size_t origin_length,
                        tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto done = waited(node->node->undo(id_in(id), text_in(origin, origin_length)));
    return done ? Status() : Status(done.error());
  });
}

bool tlfs_document_redo(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* origin, size_t origin_length,
                        tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto done = waited(node->node->redo(id_in(id), text_in(origin, origin_length)));
    return done ? Status() : Status(done.error());
  });
}

bool tlfs_document_patch(tlfs_node* node, const uint8_t id[TLFS_ID_SIZE], const char* patch, size_t patch_length,
                         uint64_t* revision, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    const auto data = document::parse_json(text_in(patch, patch_length));
    if (!data) return data.error();
    auto parsed = control::parse_json_patch(*data);
    if (!parsed) return parsed.error();
    const auto operations = std::make_shared<const std::vector<control::PatchOperation>>(std::move(*parsed));
    WriteOptions options;
    options.label = "patch";
    const auto done = waited(node->node->transact(
        id_in(id), [operations](document::Transaction& tx) { return control::apply_json_patch(tx, *operations); },
        std::move(options)));
    if (!done) return done.error();
    if (revision) *revision = done->revision;
    return {};
  });
}
