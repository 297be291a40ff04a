// Characters that read as ASCII (Unicode NFKC and UTS #39 confusables, as far as people and
// programs use them to write addresses, numbers and keys).
#pragma once

#include <cstdint>
#include <string_view>

namespace customhouse::policy {

struct Folded {
  enum class Kind : std::uint8_t { Keep, Drop, Text } kind = Kind::Keep;
  char text[3] = {};
  std::uint8_t length = 0;
  std::string_view view() const noexcept { return {text, length}; }
};

/// `c` is not ASCII.
Folded fold_compatibility(std::uint32_t c) noexcept;

/// The Latin letter that `c` (Cyrillic, Greek, IPA) is mistaken for; 0 if none.
char latin_lookalike(std::uint32_t c) noexcept;

}  // namespace customhouse::policy
