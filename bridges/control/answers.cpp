#include "bridges/control/answers.h"

#include "bridges/control/names.h"

namespace tlfs::control {

Result<document::DocumentId> find_document(Node& node, capnp::Text::Reader name) {
  const std::string_view text(name.begin(), name.size());
  if (const auto id = parse_id(text)) return *id;
  const auto documents = settled(node.documents());
  if (!documents) return documents.error();
  std::vector<Named> named;
  for (const DocumentInfo& d : *documents) named.push_back({d.id, d.name});
  return choose_document(text, named);
}

}  // namespace tlfs::control
