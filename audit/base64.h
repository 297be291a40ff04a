// Base64 with padding (RFC 4648 §4), strict: what decodes encodes to the same text again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace customhouse::audit {

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace customhouse::audit
