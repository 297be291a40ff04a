#include "policy/propagation.h"

#include <algorithm>
#include <cstring>

#include "policy/text.h"

namespace customhouse::policy {

bool is_distinctive(std::string_view value) noexcept {
  if (value.size() < ValueIndex::kShortest || value.size() > ValueIndex::kLongest) return false;
  const bool digit = std::ranges::any_of(value, is_digit);
  const bool letter = std::ranges::any_of(value, is_alpha);
  const bool other = std::ranges::any_of(value, [](char c) { return !is_alnum(c); });
  return (digit && letter) || (digit && (other || value.size() >= 9)) || value.contains('@') ||
         (letter && other && value.size() >= 10);
}

std::uint32_t ValueIndex::hash(const char* six_bytes) noexcept {
  std::uint64_t key = 0;
  std::memcpy(&key, six_bytes, kShortest);
  return static_cast<std::uint32_t>(key * 0x9E3779B97F4A7C15U >> (64 - kBits));
}

void ValueIndex::add(std::string_view value, std::uint32_t id) {
  if (value.size() < kShortest || value.size() > kLongest) return;
  std::uint64_t node = 0;
  for (const char c : value) {
    const auto [child, made] = children_.try_emplace(node << 8 | static_cast<unsigned char>(c),
                                                     static_cast<std::uint32_t>(ends_.size()));
    if (made) ends_.push_back(kNone);
    node = child->second;
  }
  if (ends_[node] == kNone) ends_[node] = id;
  const std::uint32_t bit = hash(value.data());
  prefixes_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
}

std::vector<ValueIndex::Place> ValueIndex::find(std::string_view text) const {
  std::vector<Place> places;
  if (empty() || text.size() < kShortest) return places;
  for (std::size_t at = 0; at + kShortest <= text.size();) {
    const std::uint32_t bit = hash(text.data() + at);
    const bool possible = (prefixes_[bit >> 6] >> (bit & 63) & 1) != 0;
    if (!possible || (is_alnum(text[at]) && !token_begins(text, at))) {
      ++at;
      continue;
    }
    Place longest{at, at, kNone};
    std::uint64_t node = 0;
    for (std::size_t end = at; end < text.size();) {
      const auto child = children_.find(node << 8 | static_cast<unsigned char>(text[end]));
      if (child == children_.end()) break;
      node = child->second;
      ++end;
      const bool whole = !is_alnum(text[end - 1]) || token_ends(text, end);
      if (ends_[node] != kNone && whole) longest = {at, end, ends_[node]};
    }
    if (longest.end > at) places.push_back(longest);
    at = std::max(longest.end, at + 1);
  }
  return places;
}

}  // namespace customhouse::policy
