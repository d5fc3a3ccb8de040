// Makes a Model of the sealed changes that a document holds: the model judges what replicas really exchange.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "runtime/document/document.h"
#include "tests/runtime/document/model.h"

namespace tlfs::document::testing {

// `packages`: all that the changes were written under. Seals.
Model read_model(Document& document, const std::vector<std::shared_ptr<const schema::Package>>& packages,
                 const std::set<LeafId>& voided = {});

}  // namespace tlfs::document::testing
