// Content carried as base64 inside a message: what it is, whatever it is declared as.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace customhouse::provider {

/// Base64 (RFC 4648 §4 and §5). Remembers how it was written, so that an edit writes it the same
/// way.
struct Base64Text {
  std::string bytes;
  bool url_alphabet = false;
  bool padded = true;
};
/// White space is passed over; anything else outside one alphabet is no base64. At least one byte.
std::optional<Base64Text> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes, bool url_alphabet, bool padded);

/// "data:<mime>[;parameter]…;base64,<content>" (RFC 2397).
struct DataUrl {
  std::string_view media_type;  // as written, may be empty
  std::size_t content_at = 0;   // offset of the base64
};
std::optional<DataUrl> parse_data_url(std::string_view text) noexcept;

/// What bytes are, by being text and by their magic numbers.
enum class ContentKind : std::uint8_t { Text, Image, Audio, Video, Pdf, Binary };
ContentKind sniff(std::string_view bytes) noexcept;
/// What a media type ("image/png") or audio format ("wav") names; Binary if neither. A declaration
/// is hostile input: it only names what could not be read, and never keeps text from being read.
ContentKind declared_kind(std::string_view media_type) noexcept;
std::string_view skip_reason(ContentKind kind) noexcept;  // "image", …, "binary"

/// UTF-8 without control characters other than white space.
bool is_readable_text(std::string_view bytes) noexcept;

}  // namespace customhouse::provider
