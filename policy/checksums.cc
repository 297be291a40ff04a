#include "policy/checksums.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "policy/text.h"

namespace customhouse::policy {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (0xEDB88320U & (0U - (value & 1)));
    table[i] = value;
  }
  return table;
}

// Keccak-f[1600] (FIPS 202 §3): Ethereum uses the original Keccak-256 padding (0x01), which
// OpenSSL 3.0 does not offer.
void keccak_permute(std::array<std::uint64_t, 25>& a) {
  static constexpr std::array<int, 24> kRotation = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                                    27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
  static constexpr std::array<std::size_t, 24> kLane = {
      10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
  const auto rotate = [](std::uint64_t x, int n) { return x << n | x >> (64 - n); };
  std::uint8_t lfsr = 1;  // round constants, FIPS 202 algorithm 5
  for (int round = 0; round < 24; ++round) {
    std::array<std::uint64_t, 5> c{};
    for (std::size_t x = 0; x < 5; ++x) {
      c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    for (std::size_t x = 0; x < 5; ++x) {
      const std::uint64_t d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
      for (std::size_t y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
    std::uint64_t moved = a[1];
    for (std::size_t i = 0; i < 24; ++i) {
      const std::uint64_t next = a[kLane[i]];
      a[kLane[i]] = rotate(moved, kRotation[i]);
      moved = next;
    }
    for (std::size_t y = 0; y < 25; y += 5) {
      std::array<std::uint64_t, 5> row{};
      for (std::size_t x = 0; x < 5; ++x) row[x] = a[y + x];
      for (std::size_t x = 0; x < 5; ++x)
        a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    for (unsigned j = 0; j < 7; ++j) {
      if ((lfsr & 1) != 0) a[0] ^= std::uint64_t{1} << ((1U << j) - 1);
      const bool high = (lfsr & 0x80) != 0;
      lfsr = static_cast<std::uint8_t>(lfsr << 1);
      if (high) lfsr ^= 0x71;
    }
  }
}

std::uint32_t bech32_polymod(const std::vector<std::uint8_t>& values) {
  static constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                                                              0x3d4233dd, 0x2a1462b3};
  std::uint32_t check = 1;
  for (const std::uint8_t value : values) {
    const std::uint32_t top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ value;
    for (std::size_t i = 0; i < 5; ++i) check ^= (top >> i & 1) != 0 ? kGenerator[i] : 0;
  }
  return check;
}

/// Length of a witness program, 0 if the 5-bit groups do not make whole bytes with zero padding.
std::size_t witness_program_bytes(std::string_view groups) {
  const std::size_t bits = groups.size() * 5;
  const std::size_t padding = bits % 8;
  if (padding >= 5) return 0;
  const auto last = groups.empty() ? 0U : static_cast<unsigned char>(groups.back());
  return (last & ((1U << padding) - 1)) == 0 ? bits / 8 : 0;
}

}  // namespace

std::array<std::uint8_t, 32> keccak256_short(std::string_view message) {
  if (message.size() > 135) return {};
  std::array<std::uint8_t, 136> block{};
  std::memcpy(block.data(), message.data(), message.size());
  block[message.size()] = 0x01;
  block[135] |= 0x80;
  std::array<std::uint64_t, 25> state{};
  for (std::size_t i = 0; i < block.size(); ++i) {
    state[i / 8] |= std::uint64_t{block[i]} << (8 * (i % 8));
  }
  keccak_permute(state);
  std::array<std::uint8_t, 32> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state[i / 8] >> (8 * (i % 8)));
  }
  return digest;
}

bool luhn_valid(std::string_view digits) noexcept {
  int sum = 0;
  bool twice = false;
  for (std::size_t i = digits.size(); i-- > 0; twice = !twice) {
    if (!is_digit(digits[i])) return false;
    const int value = (digits[i] - '0') * (twice ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return !digits.empty() && sum % 10 == 0;
}

bool mod97_valid(std::string_view text) noexcept {
  if (text.size() < 5) return false;
  unsigned rest = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[(i + 4) % text.size()];
    if (is_digit(c)) {
      rest = (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
    } else if (is_upper(c)) {
      rest = (rest * 100 + static_cast<unsigned>(c - 'A' + 10)) % 97;
    } else {
      return false;
    }
  }
  return rest == 1;
}

std::uint32_t crc32_of(std::string_view bytes) noexcept {
  static constexpr auto kTable = make_crc_table();
  std::uint32_t value = ~0U;
  for (const char c : bytes) {
    value = kTable[(value ^ static_cast<unsigned char>(c)) & 0xFF] ^ value >> 8;
  }
  return ~value;
}

std::optional<std::vector<std::uint8_t>> decode_base58(std::string_view text,
                                                       std::string_view alphabet) {
  static constexpr std::size_t kLongest = 128;
  if (text.empty() || text.size() > kLongest) return std::nullopt;
  std::array<std::uint8_t, 256> values;
  values.fill(0xFF);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  std::vector<std::uint8_t> number;  // little-endian
  for (const char c : text) {
    std::uint32_t carry = values[static_cast<unsigned char>(c)];
    if (carry == 0xFF) return std::nullopt;
    for (std::uint8_t& byte : number) {
      carry += 58U * byte;
      byte = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    if (carry != 0) number.push_back(static_cast<std::uint8_t>(carry));
  }
  // A leading zero digit stands for a zero byte, one each.
  for (std::size_t i = 0; i < text.size() && text[i] == alphabet.front(); ++i) number.push_back(0);
  std::ranges::reverse(number);
  return number;
}

std::optional<std::vector<std::uint8_t>> decode_base58check(std::string_view text,
                                                            std::string_view alphabet) {
  auto bytes = decode_base58(text, alphabet);
  if (!bytes || bytes->size() < 5) return std::nullopt;
  const std::size_t payload = bytes->size() - 4;
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes->data(), payload, digest.data());
  SHA256(digest.data(), digest.size(), digest.data());
  if (std::memcmp(digest.data(), bytes->data() + payload, 4) != 0) return std::nullopt;
  bytes->resize(payload);
  return bytes;
}

bool base58check_valid(std::string_view text) {
  const auto payload = decode_base58check(text);
  return payload && payload->size() == 21;
}

std::optional<Bech32> decode_bech32(std::string_view text) {
  static constexpr std::string_view kCharset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  static constexpr std::size_t kLongest = 1024;  // BIP 173 says 90; other chains write longer ones
  static constexpr std::uint32_t kBech32 = 1, kBech32m = 0x2bc830a3;
  if (text.size() > kLongest) return std::nullopt;
  const std::string lower = lowered(text);
  if (lower != text && uppered(text) != text) return std::nullopt;
  const std::size_t separator = lower.rfind('1');
  if (separator == std::string::npos || separator == 0 || lower.size() - separator < 7) {
    return std::nullopt;
  }
  Bech32 result;
  result.prefix = lower.substr(0, separator);
  std::vector<std::uint8_t> values;
  for (const char c : result.prefix) values.push_back(static_cast<std::uint8_t>((c & 0x7F) >> 5));
  values.push_back(0);
  for (const char c : result.prefix) values.push_back(static_cast<std::uint8_t>(c & 31));
  for (const char c : std::string_view(lower).substr(separator + 1)) {
    const std::size_t value = kCharset.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    values.push_back(static_cast<std::uint8_t>(value));
    result.groups.push_back(static_cast<char>(value));
  }
  const std::uint32_t check = bech32_polymod(values);
  if (check != kBech32 && check != kBech32m) return std::nullopt;
  result.modified = check == kBech32m;
  result.groups.resize(result.groups.size() - 6);
  return result;
}

bool segwit_address_valid(std::string_view text) {
  const auto decoded = decode_bech32(text);
  if (!decoded || text.size() > 90 || decoded->groups.empty()) return false;
  static constexpr std::array<std::string_view, 5> kPrefixes = {"bc", "tb", "bcrt", "ltc", "tltc"};
  if (std::ranges::find(kPrefixes, decoded->prefix) == kPrefixes.end()) return false;
  const int version = decoded->groups.front();
  if (version > 16 || decoded->modified != (version != 0)) return false;
  const std::size_t bytes = witness_program_bytes(std::string_view(decoded->groups).substr(1));
  if (version == 0) return bytes == 20 || bytes == 32;
  return bytes >= 2 && bytes <= 40;
}

bool eip55_valid(std::string_view digits) {
  if (digits.size() != 40) return false;
  const auto hash = keccak256_short(lowered(digits));
  for (std::size_t i = 0; i < 40; ++i) {
    if (hex_value(digits[i]) < 0) return false;
    if (is_digit(digits[i])) continue;
    const unsigned nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15U;
    if (is_upper(digits[i]) != (nibble >= 8)) return false;
  }
  return true;
}

double entropy_bits_per_byte(std::string_view text) noexcept {
  std::array<unsigned, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const unsigned count : counts) {
    if (count == 0) continue;
    const double p = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= p * std::log2(p);
  }
  return bits;
}

}  // namespace customhouse::policy
