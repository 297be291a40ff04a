#include "policy/literal_set.h"

#include <cassert>

#include "policy/text.h"

namespace customhouse::policy {

LiteralSet::LiteralSet(std::vector<std::string> literals)
    : literals_(std::move(literals)), next_(literals_.size()) {
  for (std::uint32_t id = 0; id < literals_.size(); ++id) {
    assert(literals_[id].size() >= kMinimumLength);
    const std::uint32_t bit = hash(prefix(literals_[id].data()));
    bitmap_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    std::uint32_t& head = heads_[bit & (kHeads - 1)];
    next_[id] = head;
    head = id + 1;
  }
}

bool LiteralSet::equal(std::string_view text, std::string_view literal) noexcept {
  if (text.size() < literal.size()) return false;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (to_lower(text[i]) != literal[i]) return false;
  }
  return true;
}

}  // namespace customhouse::policy
