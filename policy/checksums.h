// Check digits and checksums that issuers publish. All take the plain form (no separators) and
// answer false for anything malformed.
#pragma once

#include <cstdint>
#include <string_view>

namespace customhouse::policy {

bool luhn_valid(std::string_view digits) noexcept;        // ISO/IEC 7812-1 annex B
bool mod97_valid(std::string_view upper_alnum) noexcept;  // ISO 7064 MOD 97-10, as in ISO 13616
std::uint32_t crc32_of(std::string_view bytes) noexcept;  // IEEE 802.3
bool base58check_valid(std::string_view text);            // Bitcoin addresses: version + 20 bytes
bool segwit_address_valid(std::string_view text);         // BIP 173 (v0) and BIP 350 (v1 and up)
bool eip55_valid(std::string_view forty_hex_digits);      // Ethereum mixed-case checksum
double entropy_bits_per_byte(std::string_view text) noexcept;  // Shannon

}  // namespace customhouse::policy
