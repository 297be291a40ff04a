// multipart/form-data (RFC 7578, RFC 2046 §5.1), read strictly: what two parsers could read
// differently is an error.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::provider {

struct BodyPart {
  std::size_t head_begin = 0, head_end = 0;  // header lines, offsets into the body
  std::size_t content_begin = 0, content_end = 0;
  std::string content_type;  // as written; empty if the part has none
  bool encoded = false;      // has a Content-Transfer-Encoding but binary, 7bit, 8bit
};

/// The parts of `body`. Errors: no or malformed boundary, text before the first or behind the last
/// delimiter (white space apart), a part without end, malformed header lines, a repeated
/// Content-Type, over 1,000 parts.
std::expected<std::vector<BodyPart>, std::string> parse_multipart(std::string_view content_type,
                                                                  std::string_view body);

/// The value of a parameter of a media type ("charset"), unquoted; empty if there is none.
std::string media_parameter(std::string_view content_type, std::string_view name);
/// Type and subtype in lower case, without parameters.
std::string media_type(std::string_view content_type);

}  // namespace customhouse::provider
