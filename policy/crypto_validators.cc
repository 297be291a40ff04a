// Wallets: addresses, keys and seed phrases with their checksums. Sources: Bitcoin wiki
// (base58check versions), BIP 32, 39, 173, 350, SLIP-132 and SLIP-173, EIP-55, CashAddr
// specification, Monero base58, Ripple base58 dictionary, Stellar SEP-23, Algorand address format,
// TON address format, Substrate SS58, Cardano CIP-19 and the CBOR of Byron addresses.
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "policy/base64.h"
#include "policy/bip39_words.h"
#include "policy/checksums.h"
#include "policy/digits.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::string_view kRippleBase58 =
    "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

bool begins_with(const Bytes& bytes, std::initializer_list<std::uint8_t> prefix) {
  return bytes.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool digest_of(const EVP_MD* kind, std::span<const std::uint8_t> bytes,
               std::array<std::uint8_t, EVP_MAX_MD_SIZE>& out) {
  unsigned size = 0;
  return EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr) == 1;
}

std::uint32_t crc16_xmodem(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0;
  for (const std::uint8_t byte : bytes) {
    crc ^= std::uint32_t{byte} << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021U : 0U)) & 0xFFFF;
    }
  }
  return crc;
}

/// Version bytes of chains that write base58check addresses as Bitcoin does.
bool address_version(const Bytes& payload) {
  static constexpr std::array<std::uint8_t, 15> kVersions = {
      0x00, 0x05, 0x6F, 0xC4,        // Bitcoin, its test network
      0x30, 0x32, 0x3A,              // Litecoin, its test network
      0x1E, 0x16, 0x71,              // Dogecoin, its test network
      0x4C, 0x10, 0x41, 0x0F, 0x3C,  // Dash, Tron, others
  };
  if (payload.size() == 21) return std::ranges::find(kVersions, payload[0]) != kVersions.end();
  if (payload.size() == 22) {  // Zcash transparent
    return begins_with(payload, {0x1C, 0xB8}) || begins_with(payload, {0x1C, 0xBD});
  }
  return payload.size() == 23 &&  // Tezos
         (begins_with(payload, {0x06, 0xA1, 0x9F}) || begins_with(payload, {0x06, 0xA1, 0xA1}) ||
          begins_with(payload, {0x06, 0xA1, 0xA4}) || begins_with(payload, {0x02, 0x5A, 0x79}));
}

/// 8 bytes are 11 digits; what is left over (5 bytes of an address) is 7. Keccak-256 checksum.
bool monero_valid(std::string_view text) {
  static constexpr std::size_t kDigits = 11, kBlock = 8;
  Bytes bytes;
  for (std::size_t at = 0; at < text.size(); at += kDigits) {
    const std::string_view digits = text.substr(at, kDigits);
    const std::size_t size = digits.size() == kDigits ? kBlock : digits.size() == 7 ? 5 : 0;
    auto block = decode_base58(digits);
    if (!block || size == 0) return false;
    while (block->size() > size && block->front() == 0) block->erase(block->begin());
    if (block->size() > size) return false;
    bytes.insert(bytes.end(), size - block->size(), 0);
    bytes.insert(bytes.end(), block->begin(), block->end());
  }
  static constexpr std::array<std::uint8_t, 9> kNetworks = {18, 19, 42, 53, 54, 63, 24, 25, 36};
  if (bytes.size() != 69 && bytes.size() != 77) return false;
  if (std::ranges::find(kNetworks, bytes[0]) == kNetworks.end()) return false;
  const std::size_t payload = bytes.size() - 4;
  const auto hash = keccak256_short({reinterpret_cast<const char*>(bytes.data()), payload});
  return std::memcmp(hash.data(), bytes.data() + payload, 4) == 0;
}

/// Cardano before Shelley: CBOR [24(bytes), CRC-32 of them].
bool byron_valid(std::string_view text) {
  const auto bytes = decode_base58(text);
  if (!bytes || bytes->size() < 12 || !begins_with(*bytes, {0x82, 0xD8, 0x18})) return false;
  const Bytes& b = *bytes;
  const bool longer = b[3] == 0x58;
  const std::size_t begin = longer ? 5 : 4;
  const std::size_t length = longer ? b[4] : b[3] - 0x40U;
  if (begin + length + 5 != b.size() || b[begin + length] != 0x1A) return false;
  const auto* payload = reinterpret_cast<const char*>(b.data() + begin);
  std::uint32_t given = 0;
  for (std::size_t i = b.size() - 4; i < b.size(); ++i) given = given << 8 | b[i];
  return crc32_of({payload, length}) == given;
}

/// Polkadot, Kusama and other Substrate chains: two bytes of BLAKE2b.
bool ss58_valid(std::string_view text) {
  const auto bytes = decode_base58(text);
  if (!bytes || (bytes->size() != 35 && bytes->size() != 36)) return false;
  if ((bytes->size() == 36) != ((*bytes)[0] >= 64)) return false;
  static constexpr std::string_view kContext = "SS58PRE";
  Bytes message(kContext.begin(), kContext.end());
  message.insert(message.end(), bytes->begin(), bytes->end() - 2);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  return digest_of(EVP_blake2b512(), message, digest) &&
         std::memcmp(digest.data(), bytes->data() + bytes->size() - 2, 2) == 0;
}

Verdict base58_address(Candidate& c) {
  const std::string_view value = c.value();
  const std::size_t size = value.size();
  if (size <= 36) {
    if (const auto payload = decode_base58check(value); payload && address_version(*payload)) {
      return Verdict::accept({}, Confidence::Certain);
    }
    if (value.front() != 'r') return Verdict::reject();
    const auto payload = decode_base58check(value, kRippleBase58);
    const bool ripple = payload && payload->size() == 21 && payload->front() == 0;
    return ripple ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
  }
  if (size >= 46 && size <= 49) {
    return ss58_valid(value) ? Verdict::accept({}, Confidence::High) : Verdict::reject();
  }
  const bool byron = value.starts_with("Ae2") || value.starts_with("DdzFF");
  if (byron) {
    return byron_valid(value) ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
  }
  const bool monero = (size == 95 || size == 106) && monero_valid(value);
  return monero ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
}

/// Solana: the 32 bytes of a public key and nothing to check.
Verdict solana_address(Candidate& c) {
  const auto bytes = decode_base58(c.value());
  const bool key = bytes && bytes->size() == 32 && c.context;
  return key ? Verdict::accept() : Verdict::reject();
}

/// Private keys: WIF (Bitcoin, Litecoin, Dogecoin, Dash) and Ripple's seeds.
Verdict wallet_key(Candidate& c) {
  const std::string_view value = c.value();
  if (value.front() == 's') {
    const auto seed = decode_base58check(value, kRippleBase58);
    const bool family = seed && ((seed->size() == 17 && seed->front() == 0x21) ||
                                 (seed->size() == 19 && begins_with(*seed, {0x01, 0xE1, 0x4B})));
    return family ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
  }
  const auto payload = decode_base58check(value);
  if (!payload || (payload->size() != 33 && payload->size() != 34)) return Verdict::reject();
  static constexpr std::array<std::uint8_t, 7> kVersions = {0x80, 0xEF, 0xB0, 0x9E,
                                                            0xCC, 0xF1, 0xBF};
  const bool version = std::ranges::find(kVersions, payload->front()) != kVersions.end();
  const bool compressed = payload->size() == 33 || payload->back() == 0x01;
  return version && compressed ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
}

/// BIP 32 and SLIP-132: 78 bytes, a version that tells public from private.
Verdict extended_key(Candidate& c) {
  const auto payload = decode_base58check(c.value());
  const bool key = payload && payload->size() == 78 && (*payload)[0] == 0x04;
  return key ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
}

Verdict bech32_address(Candidate& c) {
  const std::string_view value = c.value();
  const auto decoded = decode_bech32(value);
  if (!decoded) return Verdict::reject();
  const std::string& prefix = decoded->prefix;
  const bool segwit = prefix == "bc" || prefix == "tb" || prefix == "bcrt" || prefix == "ltc";
  if (segwit && !segwit_address_valid(value)) return Verdict::reject();
  return Verdict::accept(lowered(value), Confidence::Certain);
}

/// Bitcoin Cash: a polynomial over GF(32) with 40 bits of checksum.
Verdict cashaddr(Candidate& c) {
  static constexpr std::string_view kCharset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  static constexpr std::array<std::uint64_t, 5> kGenerator = {
      0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470};
  const std::string plain = lowered(c.value());
  const std::size_t colon = plain.find(':');
  if (colon == std::string::npos || plain.size() > 128) return Verdict::reject();
  std::uint64_t check = 1;
  const auto feed = [&check](std::uint64_t value) {
    const std::uint64_t top = check >> 35;
    check = (check & 0x07ffffffff) << 5 ^ value;
    for (std::size_t i = 0; i < 5; ++i) check ^= (top >> i & 1) != 0 ? kGenerator[i] : 0;
  };
  for (const char byte : plain.substr(0, colon)) feed(static_cast<std::uint64_t>(byte & 0x1F));
  feed(0);
  for (const char byte : plain.substr(colon + 1)) {
    const std::size_t value = kCharset.find(byte);
    if (value == std::string_view::npos) return Verdict::reject();
    feed(value);
  }
  return check == 1 ? Verdict::accept(plain, Confidence::Certain) : Verdict::reject();
}

/// RFC 4648 base32 without padding; nothing if bits are left over that are not zero.
std::optional<Bytes> decode_base32(std::string_view text) {
  Bytes bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = is_upper(c) ? c - 'A' : c >= '2' && c <= '7' ? c - '2' + 26 : -1;
    if (value < 0) return std::nullopt;
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xFFFF;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held));
  }
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

bool stellar_valid(std::string_view text, std::uint8_t version) {
  const auto bytes = decode_base32(text);
  if (!bytes || bytes->size() != 35 || bytes->front() != version) return false;
  const std::uint32_t crc = crc16_xmodem(std::span(*bytes).first(33));
  return (*bytes)[33] == (crc & 0xFF) && (*bytes)[34] == crc >> 8;
}

Verdict base32_address(Candidate& c) {
  const std::string_view value = c.value();
  if (value.size() == 56) {
    const bool stellar = stellar_valid(value, 6 << 3);
    return stellar ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
  }
  const auto bytes = decode_base32(value);
  if (!bytes || bytes->size() != 36) return Verdict::reject();
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};  // Algorand
  const bool valid = digest_of(EVP_sha512_256(), std::span(*bytes).first(32), digest) &&
                     std::memcmp(digest.data() + 28, bytes->data() + 32, 4) == 0;
  return valid ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
}

Verdict stellar_seed(Candidate& c) {
  const bool valid = stellar_valid(c.value(), 18 << 3);
  return valid ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
}

Verdict ton_address(Candidate& c) {
  const auto decoded = decode_base64(c.value());
  if (!decoded || decoded->size() != 36) return Verdict::reject();
  const Bytes bytes(decoded->begin(), decoded->end());
  const int tag = bytes[0] & 0x7F;  // the eighth bit: test network
  if ((tag != 0x11 && tag != 0x51) || (bytes[1] != 0 && bytes[1] != 0xFF)) return Verdict::reject();
  const std::uint32_t crc = crc16_xmodem(std::span(bytes).first(34));
  const bool valid = bytes[34] == crc >> 8 && bytes[35] == (crc & 0xFF);
  return valid ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
}

Verdict ethereum_address(Candidate& c) {
  if (c.value().size() != 42) return Verdict::reject();
  const std::string_view digits = c.value().substr(2);
  std::string plain = lowered(c.value());
  const bool mixed = lowered(digits) != digits && uppered(digits) != digits;
  if (mixed && eip55_valid(digits)) return Verdict::accept(std::move(plain), Confidence::Certain);
  if (!c.context || all_same(digits)) return Verdict::reject();
  return Verdict::accept(std::move(plain), Confidence::Medium);
}

/// The first bits of SHA-256 of the entropy stand behind it: one for each three words.
bool bip39_checksum(std::span<const std::uint32_t> words) {
  std::array<std::uint8_t, 34> bits{};
  for (std::size_t i = 0; i < words.size() * 11; ++i) {
    const std::uint32_t bit = words[i / 11] >> (10 - i % 11) & 1;
    bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | bit << (7 - i % 8));
  }
  const std::size_t entropy = words.size() * 11 * 32 / 33 / 8;
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bits.data(), entropy, digest.data());
  const auto mask = static_cast<unsigned>(0xFF00U >> (words.size() / 3)) & 0xFFU;
  return ((bits[entropy] ^ digest[0]) & mask) == 0;
}

/// Words of the list from the first on, with a little punctuation or numbering between them.
Verdict seed_phrase(Candidate& c) {
  static constexpr std::size_t kMostWords = 24, kLongestWord = 8, kLongestGap = 8;
  std::array<std::uint32_t, kMostWords> words{};
  std::array<std::size_t, kMostWords> ends{};
  std::size_t count = 0;
  for (std::size_t at = c.begin; at < c.text.size() && count < kMostWords;) {
    std::size_t end = at;
    while (end < c.text.size() && is_alpha(c.text[end]) && end - at <= kLongestWord) ++end;
    const auto index = bip39_index(lowered(c.text.substr(at, end - at)));
    if (!index) break;
    words[count] = *index;
    ends[count++] = end;
    at = end;
    // A ':' or '=' ends what is said about the phrase: "seed phrase" are words of the list.
    while (at < c.text.size() && at - end < kLongestGap && !is_alpha(c.text[at]) &&
           c.text[at] != ':' && c.text[at] != '=') {
      ++at;
    }
  }
  for (const std::size_t size : {24U, 21U, 18U, 15U, 12U}) {
    if (size > count) continue;
    const auto phrase = std::span(words).first(size);
    const bool one_word = std::ranges::all_of(phrase, [&](auto w) { return w == phrase[0]; });
    if (one_word || !bip39_checksum(phrase)) continue;
    c.end = ends[size - 1];
    return Verdict::accept(lowered(c.value()), Confidence::Certain);
  }
  return Verdict::reject();
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"base32_address", base32_address},
    {"base58_address", base58_address},
    {"bech32_address", bech32_address},
    {"cashaddr", cashaddr},
    {"ethereum_address", ethereum_address},
    {"extended_key", extended_key},
    {"seed_phrase", seed_phrase},
    {"solana_address", solana_address},
    {"stellar_seed", stellar_seed},
    {"ton_address", ton_address},
    {"wallet_key", wallet_key},
});

}  // namespace

std::span<const NamedValidator> crypto_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
