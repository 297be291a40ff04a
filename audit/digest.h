// SHA-256 of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace customhouse::audit {

using Hash = std::array<std::uint8_t, 32>;

/// Of the parts one behind the other. Throws std::runtime_error if OpenSSL has no SHA-256.
Hash sha256(std::initializer_list<std::string_view> parts);

std::string to_hex(const Hash& hash);
std::string sha256_hex(std::string_view bytes);

}  // namespace customhouse::audit
