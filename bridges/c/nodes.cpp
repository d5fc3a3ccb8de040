// Schemas, options and nodes.
#include "bridges/c/handles.h"
#include "bridges/control/tree_json.h"
#include "schema/compiler/compile.h"
#include "schema/lens/shape.h"

using namespace tlfs;
using namespace tlfs::c_api;

namespace {

Result<std::shared_ptr<const schema::Package>> compile(const std::string& text, const std::string& name) {
  const auto compiled = schema::compile(text, "schema");
  if (!compiled) return compiled.error();
  if (name.empty() && compiled->size() == 1) return compiled->front().package;
  std::string known;
  for (const schema::CompiledSchema& one : *compiled) {
    if (one.name == name) return one.package;
    known += (known.empty() ? "" : ", ") + one.name;
  }
  return Error(control::Errc::bad_name, name.empty() ? "there are several schemas; name one of " + known
                                                     : "there is no schema " + name + "; there is " + known);
}

NetworkOptions& network_of(tlfs_options* options) {
  auto& network = options->settings.network;
  if (!network) network.emplace();
  return *network;
}

}  // namespace

tlfs_schema* tlfs_schema_compile(const char* text, size_t text_length, const char* name, size_t name_length,
                                 tlfs_error** error) {
  std::unique_ptr<tlfs_schema> made;
  guarded(error, [&]() -> Status {
    auto package = compile(text_in(text, text_length), text_in(name, name_length));
    if (!package) return package.error();
    made = std::make_unique<tlfs_schema>(tlfs_schema{std::move(*package)});
    return {};
  });
  return made.release();
}

tlfs_schema* tlfs_schema_decode(const uint8_t* bytes, size_t length, tlfs_error** error) {
  std::unique_ptr<tlfs_schema> made;
  guarded(error, [&]() -> Status {
    auto package = schema::Package::decode(bytes_in(bytes, length));
    if (!package) return package.error();
    made = std::make_unique<tlfs_schema>(tlfs_schema{std::move(*package)});
    return {};
  });
  return made.release();
}

bool tlfs_schema_encoded(const tlfs_schema* schema, uint8_t** bytes, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (!schema) return Error(c_api::Errc::null_handle, "the schema is NULL");
    return text_out(as_text(schema->package->encoded()), reinterpret_cast<char**>(bytes), length);
  });
}

bool tlfs_schema_shape(const tlfs_schema* schema, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (!schema) return Error(c_api::Errc::null_handle, "the schema is NULL");
    return text_out(schema::shape_json(*schema->package, *schema->package->latest()), json, length);
  });
}

void tlfs_schema_destroy(tlfs_schema* schema) { delete schema; }

tlfs_options* tlfs_options_create(void) {
  std::unique_ptr<tlfs_options> made;
  quietly([&] { made = std::make_unique<tlfs_options>(); });
  return made.release();
}

void tlfs_options_set_directory(tlfs_options* options, const char* directory, size_t length) {
  quietly([&] { options->settings.directory = text_in(directory, length); });
}
void tlfs_options_set_passphrase(tlfs_options* options, const char* passphrase, size_t length) {
  quietly([&] { options->settings.passphrase.emplace(text_in(passphrase, length)); });
}
void tlfs_options_set_workers(tlfs_options* options, size_t workers) {
  options->settings.workers = std::max<std::size_t>(workers, 1);
}
void tlfs_options_set_log_level(tlfs_options* options, const char* level, size_t length) {
  quietly([&] { options->settings.log_level = text_in(level, length); });
}
void tlfs_options_enable_network(tlfs_options* options) {
  quietly([&] { network_of(options); });
}
void tlfs_options_add_listen(tlfs_options* options, const char* address, size_t length) {
  quietly([&] { network_of(options).listen.push_back(text_in(address, length)); });
}
void tlfs_options_set_discover(tlfs_options* options, bool discover) {
  quietly([&] { network_of(options).discover = discover; });
}
void tlfs_options_set_visible_as(tlfs_options* options, const char* name, size_t length) {
  quietly([&] { network_of(options).visible_as = text_in(name, length); });
}
void tlfs_options_destroy(tlfs_options* options) { delete options; }

tlfs_node* tlfs_node_open(tlfs_options* options, tlfs_error** error) {
  std::unique_ptr<tlfs_node> made;
  guarded(error, [&]() -> Status {
    if (in_callback()) return Error(c_api::Errc::in_callback, "a node is not opened in a callback");
    auto node = Node::start(options ? std::exchange(options->settings, {}) : Node::Settings());
    if (!node) return node.error();
    made = std::make_unique<tlfs_node>();
    made->node = std::move(*node);
    return {};
  });
  return made.release();
}

void tlfs_node_close(tlfs_node* node) {
  quietly([&] { delete node; });
}

void tlfs_node_device(const tlfs_node* node, uint8_t id[TLFS_ID_SIZE]) { id_out(node->node->device(), id); }
void tlfs_node_user(const tlfs_node* node, uint8_t id[TLFS_ID_SIZE]) { id_out(node->node->user(), id); }

bool tlfs_node_addresses(tlfs_node* node, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (!node) return Error(c_api::Errc::null_handle, "the node is NULL");
    document::Data::Array all;
    for (std::string& one : node->node->addresses()) all.push_back(text_data(std::move(one)));
    return json_out(all, json, length);
  });
}

bool tlfs_node_tree(tlfs_node* node, char** json, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    auto tree = node->node->tree();
    if (tree.wait_for(control::kAnswerTimeout) != std::future_status::ready) return control::silent();
    return json_out(control::tree_data(*tree.get().read()), json, length);
  });
}

bool tlfs_node_metrics(tlfs_node* node, char** text, size_t* length, tlfs_error** error) {
  return guarded(error, [&]() -> Status {
    if (Status s = may_wait(node); !s) return s;
    auto metrics = node->node->metrics();
    if (metrics.wait_for(control::kAnswerTimeout) != std::future_status::ready) return control::silent();
    return text_out(metrics.get(), text, length);
  });
}
