// The placeholders of one exchange, and the rules for putting their values back.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"

namespace customhouse::provider {

/// Copies entries and wipes the values when it goes. Entries that are never restored are left out.
/// A placeholder is no other one's beginning: they end with their only ']'.
class PlaceholderSet {
 public:
  explicit PlaceholderSet(const std::vector<policy::RestoreEntry>& entries);
  PlaceholderSet(const PlaceholderSet&) = delete;
  PlaceholderSet& operator=(const PlaceholderSet&) = delete;
  ~PlaceholderSet();

  bool empty() const noexcept { return entries_.empty(); }
  struct Match {
    std::size_t begin = 0;                        // where it stands; text.size() if there is none
    const policy::RestoreEntry* entry = nullptr;  // nullptr: the text ends in what may become one
  };
  /// The first placeholder, or beginning of one at the text's end, at or behind `from`.
  Match find(std::string_view text, std::size_t from) const noexcept;

 private:
  std::vector<policy::RestoreEntry> entries_;  // sorted by placeholder
  std::string first_bytes_;
};

}  // namespace customhouse::provider
