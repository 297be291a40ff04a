#include "policy/pseudonym.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace customhouse::policy {

namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

void require(bool done) {
  if (!done) throw std::runtime_error("SHA-256 is not available");
}

/// SHA-256 after one block of the key, each byte of it combined with `pad`.
ContextPointer keyed_context(const std::array<std::uint8_t, 32>& key, unsigned char pad) {
  std::array<unsigned char, 64> block{};
  block.fill(pad);
  for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
  ContextPointer context(EVP_MD_CTX_new());
  const bool done = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), block.data(), block.size()) == 1;
  OPENSSL_cleanse(block.data(), block.size());
  require(done);
  return context;
}

}  // namespace

// HMAC is H(key ^ opad || H(key ^ ipad || message)) (RFC 2104 §2): both first blocks depend on the
// key alone, so they are hashed once. OpenSSL's HMAC() does it for each message, which takes
// longer than the rest for values as short as ours.
struct PseudonymKey::Midstates {
  explicit Midstates(const std::array<std::uint8_t, 32>& key)
      : inner(keyed_context(key, 0x36)), outer(keyed_context(key, 0x5c)) {}
  ContextPointer inner, outer;
};

PseudonymKey::PseudonymKey(const std::array<std::uint8_t, 32>& bytes)
    : bytes_(bytes), midstates_(std::make_unique<const Midstates>(bytes)) {}

PseudonymKey::~PseudonymKey() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

PseudonymKey::Tag PseudonymKey::tag(std::string_view first, std::string_view second) const {
  static thread_local const ContextPointer kWorking(EVP_MD_CTX_new());
  Tag tag{};
  EVP_MD_CTX* const working = kWorking.get();
  require(working != nullptr && EVP_MD_CTX_copy_ex(working, midstates_->inner.get()) == 1 &&
          EVP_DigestUpdate(working, first.data(), first.size()) == 1 &&
          EVP_DigestUpdate(working, "", 1) == 1 &&
          EVP_DigestUpdate(working, second.data(), second.size()) == 1 &&
          EVP_DigestFinal_ex(working, tag.data(), nullptr) == 1 &&
          EVP_MD_CTX_copy_ex(working, midstates_->outer.get()) == 1 &&
          EVP_DigestUpdate(working, tag.data(), tag.size()) == 1 &&
          EVP_DigestFinal_ex(working, tag.data(), nullptr) == 1);
  return tag;
}

std::string placeholder(const PseudonymKey& key, std::string_view type, std::string_view normalized,
                        std::size_t hex_digits) {
  const PseudonymKey::Tag digest = key.tag(type, normalized);
  static constexpr std::string_view kHex = "0123456789abcdef";
  // HMAC-SHA-256 has 64 digits and the name takes what is left of the bound.
  const std::size_t room = kMaxPlaceholderBytes - 3 - std::min<std::size_t>(type.size(), 61);
  const std::size_t digits = std::min({hex_digits, digest.size() * 2, room});
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
