// Byte-exact editing: only the ranges named change.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace customhouse::policy {

struct Edit {
  std::size_t begin = 0;  // byte offsets into the text edited, end exclusive
  std::size_t end = 0;
  std::string text;  // what stands there instead
};

/// `edits` must be sorted, inside the text and disjoint; throws std::logic_error otherwise
/// (a bug of ours, never of the input).
std::string apply_edits(std::string_view text, std::span<const Edit> edits);

}  // namespace customhouse::policy
