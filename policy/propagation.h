// Values that stand again elsewhere in a request, without the context that gave them away.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace customhouse::policy {

/// Whether a value is long and mixed enough to be told from chance.
bool is_distinctive(std::string_view value) noexcept;

/// Finds values verbatim at token boundaries, the longest first. Linear: a value has at most
/// kLongest bytes and every position is looked at once.
class ValueIndex {
 public:
  static constexpr std::size_t kShortest = 6;
  static constexpr std::size_t kLongest = 256;

  /// `value` must outlive the index; one outside the bounds is passed over.
  void add(std::string_view value, std::uint32_t id);
  bool empty() const noexcept { return nodes_.size() <= 1; }

  struct Place {
    std::size_t begin = 0, end = 0;
    std::uint32_t id = 0;
  };
  std::vector<Place> find(std::string_view text) const;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kBits = 13;
  static std::uint32_t hash(const char* six_bytes) noexcept;

  struct Node {
    std::uint32_t child = 0, sibling = 0;  // 0: none (the root is nobody's child)
    std::uint32_t value = kNone;           // id of the value that ends here
    char byte = 0;
  };
  std::uint32_t child_of(std::uint32_t node, char byte) const noexcept;

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::array<std::uint64_t, (1U << kBits) / 64> prefixes_{};
  std::array<bool, 256> first_bytes_{};
};

}  // namespace customhouse::policy
