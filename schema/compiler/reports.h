// Where the parts of the compiler put what they find wrong.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "schema/compiler/diagnostics.h"
#include "schema/compiler/syntax.h"

namespace tlfs::schema {

class Reports {
 public:
  void add(const syntax::Token& at, std::string message, std::string expected) {
    if (!full()) list_.push_back({at.offset, at.text.size(), std::move(message), std::move(expected)});
  }
  // Nothing more is wanted.
  bool full() const { return list_.size() >= kMaxDiagnostics; }
  bool empty() const { return list_.empty(); }
  std::vector<Diagnostic> take() { return std::move(list_); }

 private:
  std::vector<Diagnostic> list_;
};

}  // namespace tlfs::schema
