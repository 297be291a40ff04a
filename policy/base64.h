// Encoded tokens: base64 (RFC 4648 §4), base64url (§5) and hex.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace customhouse::policy {

/// Either alphabet, padded or not; line breaks are passed over. nullopt if it is neither.
std::optional<std::string> decode_base64(std::string_view text);
std::optional<std::string> decode_hex(std::string_view text);

std::string encode_base64(std::string_view bytes, bool url_alphabet, bool padded);
std::string encode_hex(std::string_view bytes);

/// UTF-8 that a person could read: no control characters but white space.
bool is_readable_text(std::string_view bytes) noexcept;

/// Whether the first bytes of an encoded token decode to text: throws out random tokens early.
bool begins_readable(std::string_view base64) noexcept;

}  // namespace customhouse::policy
