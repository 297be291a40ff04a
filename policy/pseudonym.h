// Placeholders: "[TYPE_xxxxxxxx]", the tag being HMAC-SHA-256(key, type || 0 || normalised value),
// so that a value has the same placeholder in every turn, replica and restart (DESIGN §5.4).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace customhouse::policy {

/// 256-bit secret. Zeroised on destruction; not copyable by accident. Threads may share one.
class PseudonymKey {
 public:
  using Tag = std::array<std::uint8_t, 32>;

  explicit PseudonymKey(const std::array<std::uint8_t, 32>& bytes);
  ~PseudonymKey();
  PseudonymKey(const PseudonymKey&) = delete;
  PseudonymKey& operator=(const PseudonymKey&) = delete;
  const std::array<std::uint8_t, 32>& bytes() const noexcept { return bytes_; }

  /// HMAC-SHA-256 of `first` || 0 || `second`.
  Tag tag(std::string_view first, std::string_view second) const;

 private:
  struct Midstates;
  std::array<std::uint8_t, 32> bytes_;
  std::unique_ptr<const Midstates> midstates_;
};

/// Tag of `hex_digits` digits (8 by default; 16, 24… where two values of one exchange collide).
std::string placeholder(const PseudonymKey& key, std::string_view type, std::string_view normalized,
                        std::size_t hex_digits = 8);

/// Length of the longest placeholder that can exist, brackets included.
inline constexpr std::size_t kMaxPlaceholderBytes = 128;

}  // namespace customhouse::policy
