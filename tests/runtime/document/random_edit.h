// Random edits of every kind, through the public interface of a transaction.
#pragma once

#include "runtime/base/environment.h"
#include "runtime/document/transaction.h"

namespace tlfs::document::testing {

// One edit at a place chosen by a walk through the view. Most are valid; what the transaction says about the others is
// returned.
Status random_edit(Transaction& tx, SeededRandom& random);

// A value that fits the place.
Data random_data(const Transaction& tx, SeededRandom& random, std::uint32_t view_node);
Value random_primitive(SeededRandom& random, Primitive type);
std::string random_words(SeededRandom& random, std::size_t max_code_points);

}  // namespace tlfs::document::testing
