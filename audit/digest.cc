#include "audit/digest.h"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace customhouse::audit {

namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

}  // namespace

Hash sha256(std::initializer_list<std::string_view> parts) {
  // Kept: making a context and finding the algorithm takes longer than hashing a node of the tree.
  static thread_local const std::unique_ptr<EVP_MD_CTX, ContextDeleter> kContext(EVP_MD_CTX_new());
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> kSha256(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
  Hash hash{};
  bool done = kContext && kSha256 && EVP_DigestInit_ex(kContext.get(), kSha256.get(), nullptr) == 1;
  for (const std::string_view part : parts)
    done = done && EVP_DigestUpdate(kContext.get(), part.data(), part.size()) == 1;
  if (!done || EVP_DigestFinal_ex(kContext.get(), hash.data(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available");
  return hash;
}

std::string to_hex(const Hash& hash) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(2 * hash.size());
  for (const std::uint8_t byte : hash) {
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  return to_hex(sha256({bytes}));
}

}  // namespace customhouse::audit
