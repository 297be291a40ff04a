// Which bodies are read how, by their declared media type.
#pragma once

#include <cstdint>
#include <string_view>

namespace customhouse::provider {

enum class ContentClass : std::uint8_t {
  Json,
  JsonLines,
  Text,     // also JSON or JSON lines, if it reads as such
  Opaque,   // images, audio, octet streams: what the bytes turn out to be
  Unknown,  // JSON if it reads as such, else skipped
};
/// `media_type` in lower case, without parameters.
ContentClass content_class(std::string_view media_type) noexcept;

/// UTF-8, US-ASCII or not named.
bool is_utf8_charset(std::string_view charset) noexcept;

}  // namespace customhouse::provider
