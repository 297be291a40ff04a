#include "policy/pseudonym.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace customhouse::policy {

PseudonymKey::PseudonymKey(const std::array<std::uint8_t, 32>& bytes) : bytes_(bytes) {}

PseudonymKey::~PseudonymKey() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

std::string placeholder(const PseudonymKey& key, std::string_view type, std::string_view normalized,
                        std::size_t hex_digits) {
  std::string message;
  message.reserve(type.size() + 1 + normalized.size());
  message.append(type).push_back('\0');
  message.append(normalized);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  // Fetched once: OpenSSL 3 otherwise looks the algorithm up on every call.
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> kSha256(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
  const unsigned char* made =
      HMAC(kSha256.get(), key.bytes().data(), static_cast<int>(key.bytes().size()), data,
           message.size(), digest.data(), &digest_size);
  OPENSSL_cleanse(message.data(), message.size());
  if (made == nullptr || kSha256 == nullptr)
    throw std::runtime_error("HMAC-SHA-256 is not available");

  static constexpr std::string_view kHex = "0123456789abcdef";
  // HMAC-SHA-256 has 64 digits and the name takes what is left of the bound.
  const std::size_t room = kMaxPlaceholderBytes - 3 - std::min<std::size_t>(type.size(), 61);
  const std::size_t digits = std::min({hex_digits, std::size_t{digest_size} * 2, room});
  std::string text = "[";
  text.append(type.substr(0, 61)).push_back('_');
  for (std::size_t i = 0; i < digits; ++i) {
    const unsigned byte = digest[i / 2];
    text.push_back(kHex[i % 2 == 0 ? byte >> 4 : byte & 15]);
  }
  text.push_back(']');
  return text;
}

}  // namespace customhouse::policy
