// Check digits and checksums that issuers publish. All take the plain form (no separators) and
// answer false for anything malformed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::policy {

bool luhn_valid(std::string_view digits) noexcept;        // ISO/IEC 7812-1 annex B
bool mod97_valid(std::string_view upper_alnum) noexcept;  // ISO 7064 MOD 97-10, as in ISO 13616
std::uint32_t crc32_of(std::string_view bytes) noexcept;  // IEEE 802.3

inline constexpr std::string_view kBitcoinBase58 =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Big-endian bytes of up to 128 digits.
std::optional<std::vector<std::uint8_t>> decode_base58(std::string_view text,
                                                       std::string_view alphabet = kBitcoinBase58);
/// The same without its four bytes of double SHA-256, if they are right.
std::optional<std::vector<std::uint8_t>> decode_base58check(
    std::string_view text, std::string_view alphabet = kBitcoinBase58);
bool base58check_valid(std::string_view text);  // Bitcoin addresses: version + 20 bytes

struct Bech32 {
  std::string prefix;
  std::string groups;     // values of 5 bits, without the checksum
  bool modified = false;  // bech32m (BIP 350)
};
std::optional<Bech32> decode_bech32(std::string_view text);
bool segwit_address_valid(std::string_view text);  // BIP 173 (v0) and BIP 350 (v1 and up)

/// Keccak-256 with the original padding, of a message within one block (135 bytes; else zeros).
std::array<std::uint8_t, 32> keccak256_short(std::string_view message);
bool eip55_valid(std::string_view forty_hex_digits);           // Ethereum mixed-case checksum
double entropy_bits_per_byte(std::string_view text) noexcept;  // Shannon

}  // namespace customhouse::policy
