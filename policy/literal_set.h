// Which of many literals stand in a text, ASCII case ignored: one pass, no dependency between
// bytes. Bitmaps of the literals' first bytes reject nearly every position; what is left is
// compared eight bytes at a time.
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
  const std::string& literal(std::uint32_t id) const noexcept { return literals_[id]; }
  /// Bytes of the longest literal.
  std::size_t longest() const noexcept { return longest_; }

  /// Calls visit(begin, end, id) for every occurrence, by ascending begin. A visitor that returns
  /// false ends the walk.
  template <class Visit>
  void for_each(std::string_view text, Visit&& visit) const {
    if (literals_.empty()) return;
    std::size_t at = 0;
    // Four positions from one load and with one branch: almost always none of them is a hit.
    for (; at + 8 <= text.size(); at += 4) {
      const std::uint64_t word = load(text.substr(at));
      const auto hit = [&](int i) {
        const auto bytes = static_cast<std::uint32_t>(word >> (8 * i));
        return long_.marks(bytes) | short_.marks(bytes << 8);
      };
      if (((hit(0) | hit(1) | hit(2) | hit(3)) & 1) == 0) [[likely]]
        continue;
      for (std::size_t i = 0; i < 4; ++i) {
        if (!visit_at(text, at + i, visit)) return;
      }
    }
    for (; at + kMinimumLength <= text.size(); ++at) {
      if (!visit_at(text, at, visit)) return;
    }
  }

 private:
  /// Literals whose first bytes, as a number, have the same hash.
  struct Entry {
    std::uint64_t word = 0, mask = 0;  // the first eight bytes or fewer, with 0x20 set in each
    std::uint32_t id = 0;
  };
  template <unsigned kBits>
  struct Table {
    static constexpr unsigned kBucketBits = kBits - 4;
    std::array<std::uint64_t, (1U << kBits) / 64> bitmap{};
    std::array<std::uint32_t, (1U << kBucketBits) + 1> starts{};  // of the buckets in `entries`
    std::vector<Entry> entries;

    static std::uint32_t hash(std::uint32_t bytes) noexcept {
      return bytes * 0x9E3779B1U >> (32 - kBits);
    }
    std::uint64_t marks(std::uint32_t bytes) const noexcept {
      const std::uint32_t bit = hash(bytes);
      return bitmap[bit >> 6] >> (bit & 63);
    }
    void fill(std::vector<std::pair<std::uint32_t, Entry>> by_bytes);
  };

  /// The first eight bytes, with 0x20 set in each: letters are lower-case then. Zeros behind the
  /// end.
  static std::uint64_t load(std::string_view text) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size() < sizeof word ? text.size() : sizeof word);
    return word | 0x2020202020202020U;
  }
  static bool equal(std::string_view text, std::string_view literal) noexcept;

  template <class Visit>
  bool visit_at(std::string_view text, std::size_t at, Visit& visit) const {
    const std::string_view rest = text.substr(at);
    const std::uint64_t word = load(rest);
    const auto bytes = static_cast<std::uint32_t>(word);
    return visit_entries(long_, bytes, word, rest, at, visit) &&
           visit_entries(short_, bytes << 8, word, rest, at, visit);
  }

  template <class Set, class Visit>
  bool visit_entries(const Set& set, std::uint32_t bytes, std::uint64_t word, std::string_view rest,
                     std::size_t at, Visit& visit) const {
    if ((set.marks(bytes) & 1) == 0) return true;
    const std::uint32_t bucket = Set::hash(bytes) >> 4;
    for (std::uint32_t i = set.starts[bucket]; i < set.starts[bucket + 1]; ++i) {
      const Entry& entry = set.entries[i];
      if ((word & entry.mask) != entry.word) continue;
      const std::string& literal = literals_[entry.id];
      if (equal(rest, literal) && !visit(at, at + literal.size(), entry.id)) return false;
    }
    return true;
  }

  std::vector<std::string> literals_;
  std::size_t longest_ = 0;
  Table<16> long_;   // by their first four bytes
  Table<13> short_;  // those of three bytes
};

}  // namespace customhouse::policy
