#include "gateway/provider/placeholder_set.h"

#include <algorithm>

namespace customhouse::provider {

PlaceholderSet::PlaceholderSet(const std::vector<policy::RestoreEntry>& entries) {
  entries_.reserve(entries.size());  // no reallocation: it would leave copies of values behind
  for (const policy::RestoreEntry& entry : entries) {
    if (entry.restore == policy::Restore::Never || entry.placeholder.empty()) continue;
    entries_.push_back(entry);
    if (first_bytes_.find(entry.placeholder.front()) == std::string::npos)
      first_bytes_ += entry.placeholder.front();
  }
  std::ranges::sort(entries_, {}, &policy::RestoreEntry::placeholder);
}

PlaceholderSet::~PlaceholderSet() {
  for (policy::RestoreEntry& entry : entries_) {
    volatile char* const bytes = entry.value.data();
    for (std::size_t i = 0; i < entry.value.size(); ++i) bytes[i] = 0;
  }
}

PlaceholderSet::Match PlaceholderSet::find(std::string_view text, std::size_t from) const noexcept {
  const auto name = [](const policy::RestoreEntry& entry) {
    return std::string_view(entry.placeholder);
  };
  // All begin alike in practice, and one byte is found many times faster than one of several.
  const auto next_start = [&](std::size_t at) {
    return first_bytes_.size() == 1 ? text.find(first_bytes_.front(), at)
                                    : text.find_first_of(first_bytes_, at);
  };
  for (std::size_t at = next_start(from); at != std::string_view::npos; at = next_start(at + 1)) {
    const std::string_view rest = text.substr(at);
    auto next = std::ranges::upper_bound(entries_, rest, {}, name);
    if (next != entries_.end() && name(*next).starts_with(rest)) return {at, nullptr};
    if (next == entries_.begin()) continue;
    const policy::RestoreEntry& candidate = *std::prev(next);
    if (rest.starts_with(candidate.placeholder)) return {at, &candidate};
  }
  return {text.size(), nullptr};
}

}  // namespace customhouse::provider
