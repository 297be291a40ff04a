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

std::uint32_t ValueIndex::child_of(std::uint32_t node, char byte) const noexcept {
  std::uint32_t child = nodes_[node].child;
  while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].sibling;
  return child;
}

void ValueIndex::add(std::string_view value, std::uint32_t id) {
  if (value.size() < kShortest || value.size() > kLongest) return;
  std::uint32_t node = 0;
  for (const char c : value) {
    std::uint32_t next = child_of(node, c);
    if (next == 0) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({0, nodes_[node].child, kNone, c});
      nodes_[node].child = next;
    }
    node = next;
  }
  if (nodes_[node].value == kNone) nodes_[node].value = id;
  const std::uint32_t bit = hash(value.data());
  prefixes_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
  first_bytes_[static_cast<unsigned char>(value.front())] = true;
}

std::vector<ValueIndex::Place> ValueIndex::find(std::string_view text) const {
  std::vector<Place> places;
  if (empty() || text.size() < kShortest) return places;
  for (std::size_t at = 0; at + kShortest <= text.size();) {
    if (!first_bytes_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const std::uint32_t bit = hash(text.data() + at);
    const bool possible = (prefixes_[bit >> 6] >> (bit & 63) & 1) != 0;
    if (!possible || (is_alnum(text[at]) && !token_begins(text, at))) {
      ++at;
      continue;
    }
    Place longest{at, at, kNone};
    std::uint32_t node = 0;
    for (std::size_t end = at; end < text.size();) {
      node = child_of(node, text[end]);
      if (node == 0) break;
      ++end;
      const bool whole = !is_alnum(text[end - 1]) || token_ends(text, end);
      if (nodes_[node].value != kNone && whole) longest = {at, end, nodes_[node].value};
    }
    if (longest.end > at) places.push_back(longest);
    at = std::max(longest.end, at + 1);
  }
  return places;
}

}  // namespace customhouse::policy
