// Did you mean: the name closest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tlfs::schema {

// The candidate that few edits (insert, delete, replace, swap neighbours; letter case counts half) turn `word` into;
// empty when none of the first 256 is close.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

// `; did you mean "title"?` or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace tlfs::schema
