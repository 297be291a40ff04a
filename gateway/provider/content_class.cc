#include "gateway/provider/content_class.h"

#include <algorithm>
#include <array>

#include "gateway/proto/http_message.h"

namespace customhouse::provider {

ContentClass content_class(std::string_view media_type) noexcept {
  constexpr std::array<std::string_view, 4> kLines = {"application/x-ndjson", "application/ndjson",
                                                      "application/jsonl", "application/jsonlines"};
  constexpr std::array<std::string_view, 12> kText = {"application/x-www-form-urlencoded",
                                                      "application/xml",
                                                      "application/yaml",
                                                      "application/x-yaml",
                                                      "application/javascript",
                                                      "application/csv",
                                                      "application/sql",
                                                      "application/graphql",
                                                      "application/x-javascript",
                                                      "application/x-sh",
                                                      "application/toml",
                                                      "application/x-ipynb"};
  if (media_type == "application/json" || media_type == "text/json" ||
      media_type.ends_with("+json")) {
    return ContentClass::Json;
  }
  if (std::ranges::find(kLines, media_type) != kLines.end()) return ContentClass::JsonLines;
  if (media_type.starts_with("text/") || media_type.ends_with("+xml") ||
      std::ranges::find(kText, media_type) != kText.end()) {
    return ContentClass::Text;
  }
  if (media_type.starts_with("image/") || media_type.starts_with("audio/") ||
      media_type.starts_with("video/") || media_type == "application/pdf" ||
      media_type == "application/octet-stream") {
    return ContentClass::Opaque;
  }
  return ContentClass::Unknown;
}

bool is_utf8_charset(std::string_view charset) noexcept {
  return charset.empty() || proto::equals_ignoring_case(charset, "utf-8") ||
         proto::equals_ignoring_case(charset, "utf8") ||
         proto::equals_ignoring_case(charset, "us-ascii");
}

}  // namespace customhouse::provider
