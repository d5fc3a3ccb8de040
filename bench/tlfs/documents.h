// Documents as the rows use them: their schemas, their devices.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "bench/tlfs/harness.h"
#include "runtime/document/document.h"

namespace tlfs::bench {

using Package = std::shared_ptr<const schema::Package>;

Package text_package();   // .text: Text
Package table_package();  // .table: Table<String> of MVReg<i64>
Package todos_package();  // .todos: Array of {title: MVReg<String>, complete: EWFlag}

// What replica number `device` (from 0) of the one document is made of. Devices' keys are the same in every process.
document::Document::Settings settings(const Package& package, std::uint8_t device);
std::unique_ptr<document::Document> make_document(const Package& package, std::uint8_t device = 0);

// A document from a snapshot, without its history.
std::unique_ptr<document::Document> open_snapshot(ByteView snapshot, const Package& package);

// The address of a path without dynamic keys that are not there yet.
document::Address address(const document::Document& doc, std::string_view path);

// The schema node at a path as .tlfs spells it, ".todos.[].title".
document::NodeIndex node(const document::Document& doc, std::string_view path);

// Changes as they are sent; every one must be good.
std::vector<document::Change> decode_all(const std::vector<Bytes>& encoded);

// Imports all of it; nothing may be refused or left waiting.
void import_all(document::Document& doc, std::vector<document::Change> changes);

}  // namespace tlfs::bench
