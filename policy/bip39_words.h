#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace customhouse::policy {

/// The eleven bits that a word of the English list stands for.
std::optional<std::uint32_t> bip39_index(std::string_view lower_word) noexcept;

}  // namespace customhouse::policy
