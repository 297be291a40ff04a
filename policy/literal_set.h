// Which of many literals stand in a text, ASCII case ignored: one pass, no dependency between
// bytes. A bitmap of the literals' first three bytes rejects nearly every position; what is left
// is compared in full.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::policy {

class LiteralSet {
 public:
  static constexpr std::size_t kMinimumLength = 3;

  /// `literals` are lower-case, at least kMinimumLength long; their index is their id.
  explicit LiteralSet(std::vector<std::string> literals);
  LiteralSet() : LiteralSet(std::vector<std::string>{}) {}

  bool empty() const noexcept { return literals_.empty(); }
  std::size_t size() const noexcept { return literals_.size(); }

  /// Calls visit(begin, end, id) for every occurrence, by ascending begin. A visitor that returns
  /// false ends the walk.
  template <class Visit>
  void for_each(std::string_view text, Visit&& visit) const {
    if (literals_.empty() || text.size() < kMinimumLength) return;
    const std::size_t last = text.size() - kMinimumLength;
    for (std::size_t at = 0; at <= last; ++at) {
      const std::uint32_t key = prefix(text.data() + at);
      const std::uint32_t bit = hash(key);
      if ((bitmap_[bit >> 6] >> (bit & 63) & 1) == 0) continue;
      for (std::uint32_t slot = heads_[bit & (kHeads - 1)]; slot != 0; slot = next_[slot - 1]) {
        const std::string& literal = literals_[slot - 1];
        if (!equal(text.substr(at), literal)) continue;
        if (!visit(at, at + literal.size(), slot - 1)) return;
      }
    }
  }

 private:
  static constexpr std::uint32_t kBits = 15;
  static constexpr std::uint32_t kHeads = 1024;

  static std::uint32_t prefix(const char* p) noexcept {
    const auto byte = [p](int i) { return std::uint32_t{static_cast<unsigned char>(p[i])}; };
    return (byte(0) | byte(1) << 8 | byte(2) << 16) | 0x202020U;
  }
  static std::uint32_t hash(std::uint32_t key) noexcept {
    return key * 0x9E3779B1U >> (32 - kBits);
  }
  static bool equal(std::string_view text, std::string_view literal) noexcept;

  std::vector<std::string> literals_;
  std::array<std::uint64_t, (1U << kBits) / 64> bitmap_{};
  std::array<std::uint32_t, kHeads> heads_{};  // 1 + id of the first literal of a bucket; 0 none
  std::vector<std::uint32_t> next_;            // chain, as heads_
};

}  // namespace customhouse::policy
