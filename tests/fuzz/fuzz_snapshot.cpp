// Any bytes as a snapshot: refused, or a document that reads, takes edits everywhere and makes a snapshot that opens as
// the same.
#include <cstdint>

#include "runtime/base/check.h"
#include "tests/runtime/document/every_kind.h"

namespace {

using namespace tlfs;
using namespace tlfs::document;

// Changes something in every cell there is.
void touch(Document& d) {
  const auto edited = d.transact({}, [](Transaction& tx) -> Status {
    std::vector<const Cell*> open{tx.state().root()};
    std::vector<Address> texts, arrays;
    while (!open.empty()) {
      const Cell* c = open.back();
      open.pop_back();
      if (!c) continue;
      if (c->type == CellType::text) texts.push_back(tx.state().address_of(*c));
      if (c->type == CellType::table)
        for (const EntryCell* e : static_cast<const TableCell*>(c)->entries) open.push_back(e);
      if (c->type == CellType::array) {
        arrays.push_back(tx.state().address_of(*c));
        static_cast<const ArrayCell*>(c)->sequence.for_each_span([&](const Span& s, std::string_view) {
          if (const ElementCell* e = tx.state().element(s.id)) open.push_back(e);
        });
      }
      switch (c->type) {
        case CellType::structure:
        case CellType::entry:
        case CellType::element:
          for (const Cell* below = static_cast<const BranchCell*>(c)->first; below; below = below->next)
            open.push_back(below);
          break;
        default:
          break;
      }
    }
    // What does not exist for want of something around it is refused, which is fine.
    for (const Address& a : texts) {
      (void)tx.splice(a, 0, 0, "x");
      (void)tx.splice(a, 1, 1, "yz");
    }
    for (const Address& a : arrays) {
      (void)tx.insert(a, 0, 2);
      (void)tx.move(a, 0, 1);
      (void)tx.erase(a, 0, 2);
    }
    return {};
  });
  TLFS_CHECK(edited.ok(), "an edit fails as a whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs::document::testing;
  static const auto package = every_kind();
  const Document::Settings settings = settings_of(package, 1);
  auto opened = Document::open({data, size}, settings, {}, {});
  if (!opened) {
    TLFS_CHECK(!opened.error().message().empty(), "an error without a message");
    return 0;
  }
  Document& d = **opened;
  if (d.graph().ids().size() > (1u << 20)) return 0;  // sound, but its sequences may take a while
  const std::string json = d.json();
  const Bytes again = d.snapshot();
  auto second = Document::open(again, settings, {}, {});
  TLFS_CHECK(second.ok(), "what was written cannot be read");
  TLFS_CHECK((*second)->json() == json, "a document that changes its value on the way");
  touch(d);
  (void)d.json();
  (void)d.state_digest_input();
  return 0;
}
