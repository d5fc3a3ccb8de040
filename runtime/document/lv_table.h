// A sparse map from local versions to pointers: two-level pages, because the ids of one container lie in runs.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "runtime/document/ids.h"

namespace tlfs::document {

template <class T>
class LvTable {
 public:
  T* get(Lv lv) const {
    const std::size_t page = lv / kPage;
    return page < pages_.size() && pages_[page] ? (*pages_[page])[lv % kPage] : nullptr;
  }
  void set(Lv lv, T* value) { (*page_for(lv))[lv % kPage] = value; }
  void set(Lv first, std::uint32_t count, T* value) {
    while (count > 0) {
      const std::uint32_t at = first % kPage;
      const std::uint32_t n = count < kPage - at ? count : kPage - at;
      auto& page = *page_for(first);
      std::fill(page.begin() + at, page.begin() + at + n, value);
      first += n;
      count -= n;
    }
  }

 private:
  static constexpr std::uint32_t kPage = 256;
  using Page = std::array<T*, kPage>;
  Page* page_for(Lv lv) {
    const std::size_t page = lv / kPage;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (!pages_[page]) pages_[page] = std::make_unique<Page>();
    return pages_[page].get();
  }
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace tlfs::document
