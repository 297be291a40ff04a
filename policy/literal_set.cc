#include "policy/literal_set.h"

#include <algorithm>
#include <cassert>

#include "policy/text.h"

namespace customhouse::policy {

template <unsigned kBits>
void LiteralSet::Table<kBits>::fill(std::vector<std::pair<std::uint32_t, Entry>> by_bytes) {
  std::ranges::sort(by_bytes, {},
                    [](const auto& one) { return std::pair(hash(one.first) >> 4, one.second.id); });
  for (const auto& [bytes, entry] : by_bytes) {
    const std::uint32_t bit = hash(bytes);
    bitmap[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    ++starts[(bit >> 4) + 1];
    entries.push_back(entry);
  }
  for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
}

LiteralSet::LiteralSet(std::vector<std::string> literals) : literals_(std::move(literals)) {
  std::vector<std::pair<std::uint32_t, Entry>> longer, shorter;
  for (std::uint32_t id = 0; id < literals_.size(); ++id) {
    const std::string& literal = literals_[id];
    assert(literal.size() >= kMinimumLength);
    longest_ = std::max(longest_, literal.size());
    const std::uint64_t mask =
        literal.size() >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * literal.size())) - 1;
    const std::uint64_t word = load(literal);
    const auto bytes = static_cast<std::uint32_t>(word);
    if (literal.size() > kMinimumLength)
      longer.push_back({bytes, {word & mask, mask, id}});
    else
      shorter.push_back({bytes << 8, {word & mask, mask, id}});
  }
  long_.fill(std::move(longer));
  short_.fill(std::move(shorter));
}

bool LiteralSet::equal(std::string_view text, std::string_view literal) noexcept {
  if (text.size() < literal.size()) return false;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (to_lower(text[i]) != literal[i]) return false;
  }
  return true;
}

}  // namespace customhouse::policy
