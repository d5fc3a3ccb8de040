// Replicas of one document with a network between them that reorders, repeats and loses. Each checks at every step that
// its patches turn the value before into the value after.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/environment.h"
#include "runtime/document/document.h"

namespace tlfs::document::testing {

std::shared_ptr<const crypto::SigningKey> key_number(std::uint8_t number);

class Replica {
 public:
  explicit Replica(Document::Settings settings);

  Document& document() { return *document_; }
  Document* operator->() { return document_.get(); }

  // A transaction of up to four random edits, an undo or a redo, from one of two origins; sometimes one that gives up.
  void edit(SeededRandom& random);
  void import(std::vector<Change> changes);
  void set_voided(const std::vector<LeafId>& leaves, bool voided);
  // Applies patches to the exported value of before and compares.
  void follow(const std::vector<Patch>& patches);
  const Data& shadow() const { return shadow_; }

 private:
  std::unique_ptr<Document> document_;
  Data shadow_;
};

// What a link that reorders, repeats and loses makes of some changes.
std::vector<Change> mangle(SeededRandom& random, std::vector<Change> changes, double loss);

}  // namespace tlfs::document::testing
