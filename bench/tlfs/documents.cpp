#include "bench/tlfs/documents.h"

#include "schema/compiler/compile.h"

namespace tlfs::bench {
namespace {

Package compiled(std::string_view text) {
  return expect(schema::compile(text, "bench.tlfs"), "the schema").front().package;
}

}  // namespace

Package text_package() { return compiled("text { 0.1.0 { .: Struct .text: Text } }"); }

Package table_package() {
  return compiled("table { 0.1.0 { .: Struct .table: Table<String> .table.{}: MVReg<i64> } }");
}

Package todos_package() {
  return compiled(
      "todos { 0.1.0 { .: Struct .todos: Array .todos.[]: Struct .todos.[].title: MVReg<String> "
      ".todos.[].complete: EWFlag } }");
}

document::Document::Settings settings(const Package& package, std::uint8_t device) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(static_cast<std::uint8_t>(device + 1));
  document::Document::Settings out;
  out.id.fill(7);
  out.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(seed));
  out.package = package;
  return out;
}

std::unique_ptr<document::Document> make_document(const Package& package, std::uint8_t device) {
  return std::make_unique<document::Document>(settings(package, device));
}

std::unique_ptr<document::Document> open_snapshot(ByteView snapshot, const Package& package) {
  return expect(document::Document::open(snapshot, settings(package, 1), {},
                                         [](const document::ChangeHash&) -> Result<document::Change> {
                                           return Error(document::Errc::unknown_version, "no row needs history");
                                         }),
                "the snapshot");
}

document::Address address(const document::Document& doc, std::string_view path) {
  const document::Path steps = expect(document::parse_path(path), path);
  return expect(doc.reader().locate(steps), path).address;
}

document::NodeIndex node(const document::Document& doc, std::string_view path) {
  const document::BoundView& bound = doc.view();
  for (std::uint32_t i = 0; i < bound.view->nodes().size(); ++i)
    if (bound.view->path(i) == path) return bound.node_of[i];
  require(false, "the schema has no " + std::string(path));
  return document::kNoNode;
}

void import_all(document::Document& doc, std::vector<document::Change> changes) {
  const std::size_t count = changes.size();
  const document::Import done = doc.import(std::move(changes));
  require(done.refused.empty(), done.refused.empty() ? "" : done.refused.front().message());
  require(done.applied == count && doc.waiting() == 0, "not every change was applied");
}

std::vector<document::Change> decode_all(const std::vector<Bytes>& encoded) {
  std::vector<document::Change> out;
  out.reserve(encoded.size());
  for (const Bytes& bytes : encoded) out.push_back(expect(document::decode_change(bytes), "a change"));
  return out;
}

}  // namespace tlfs::bench
