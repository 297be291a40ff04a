// Tokens that bear their vendor's mark. Formats: the vendors' public documentation.
#include <algorithm>
#include <array>

#include "policy/base64.h"
#include "policy/checksums.h"
#include "policy/stand_in.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

Verdict random_token(Candidate& c) {
  return entropy_bits_per_byte(c.value()) >= 2.5 ? Verdict::accept() : Verdict::reject();
}

Verdict aws_access_key(Candidate& c) {
  if (entropy_bits_per_byte(c.value()) < 2.5) return Verdict::reject();
  // AWS's own documentation marks its samples so.
  if (c.value().ends_with("EXAMPLE")) return Verdict::accept({}, Confidence::Medium);
  return Verdict::accept();
}

Verdict aws_secret_key(Candidate& c) {
  const std::string_view value = c.value();
  const bool mixed = std::ranges::any_of(value, is_lower) && std::ranges::any_of(value, is_upper) &&
                     !std::ranges::all_of(value, is_alpha);
  return mixed && entropy_bits_per_byte(value) >= 3.5 ? Verdict::accept() : Verdict::reject();
}

/// Nothing random in it: one character over and over, words, or letters of one case only, which
/// the alphabets of tokens make all but impossible at their lengths.
bool is_filler(std::string_view tail) {
  if (entropy_bits_per_byte(tail) < 2.5) return true;
  if (std::ranges::any_of(tail, is_digit)) return false;
  return std::ranges::none_of(tail, is_lower) || std::ranges::none_of(tail, is_upper) ||
         reads_like_words(tail);
}

/// A token known by its prefix and length. Only a value that is a placeholder as a whole is
/// refused: a secret with a word in it stays a secret.
Verdict vendor_token(Candidate& c) {
  const std::string_view value = c.value();
  return is_filler(value.substr(value.size() / 3)) ? Verdict::reject() : Verdict::accept();
}

/// GitHub and npm: a prefix, '_', thirty characters and their CRC-32 in base 62.
Verdict github_token(Candidate& c) {
  static constexpr std::string_view kBase62 =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::string_view value = c.value();
  if (!vendor_token(c).accepted) return Verdict::reject();
  if (value.size() != 40) return Verdict::accept({}, Confidence::High);
  std::uint32_t crc = crc32_of(value.substr(4, 30));
  std::string check(6, '0');
  for (std::size_t i = 6; i-- > 0; crc /= 62) check[i] = kBase62[crc % 62];
  return Verdict::accept({}, value.ends_with(check) ? Confidence::Certain : Confidence::High);
}

/// Grafana service accounts: after the last '_' the CRC-32 of all before it, low byte first, in
/// hex.
Verdict grafana_token(Candidate& c) {
  const std::string_view value = c.value();
  if (!vendor_token(c).accepted) return Verdict::reject();
  const std::size_t cut = value.rfind('_');
  const std::uint32_t crc = crc32_of(value.substr(0, cut));
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(crc >> shift));
  const bool right = value.substr(cut + 1) == encode_hex(bytes);
  return Verdict::accept({}, right ? Confidence::Certain : Confidence::High);
}

/// RFC 7519: the header is base64url JSON with "alg" (or "enc").
Verdict jwt(Candidate& c) {
  const std::string_view value = c.value();
  const auto header = decode_base64(value.substr(0, value.find('.')));
  if (!header || !header->starts_with('{')) return Verdict::reject();
  const bool known =
      header->find("\"alg\"") != std::string::npos || header->find("\"enc\"") != std::string::npos;
  if (!known) return Verdict::reject();
  // Claims are JSON too; the payload of a bare JWS may be anything, that of a JWE is encrypted.
  const std::size_t first = value.find('.') + 1;
  const auto claims = decode_base64(value.substr(first, value.find('.', first) - first));
  const bool json = claims && claims->starts_with('{');
  return Verdict::accept({}, json ? Confidence::Certain : Confidence::High);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"aws_access_key", aws_access_key},
    {"aws_secret_key", aws_secret_key},
    {"github_token", github_token},
    {"grafana_token", grafana_token},
    {"jwt", jwt},
    {"random_token", random_token},
    {"vendor_token", vendor_token},
});

}  // namespace

std::span<const NamedValidator> secret_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
