// What policy looks at and what it answers. Plain values: policy knows no HTTP, provider or
// storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::policy {

/// What kind of text a span is: it changes which findings count, never whether it is scanned.
enum class SpanRole : std::uint8_t {
  Text,           // prose, code, prompts, tool results
  ToolArguments,  // a string inside a tool call's arguments
  Identifier,     // ids, signatures, encrypted blobs: only findings that are certain count
};

/// A string of the message, decoded to UTF-8 (its JSON escapes undone). `text` points into
/// storage of the Extraction that made it. Bytes that are no UTF-8 may occur: detectors must cope.
struct TextSpan {
  std::string_view text;
  std::string location;  // JSON pointer, with "#json", "#base64" where a string was opened further
  SpanRole role = SpanRole::Text;
};

/// What was looked at, in bytes of the body as sent. scanned + skipped covers the whole body.
struct Coverage {
  struct Skip {
    std::string reason;  // "image", "audio", "video", "pdf", "binary", "unknown_content_type", …
    std::uint64_t bytes = 0;
  };
  std::uint64_t scanned = 0;
  std::uint64_t decoded =
      0;  // bytes of text that had to be decoded (base64, nested JSON) to be read
  std::uint64_t skipped = 0;
  std::vector<Skip> reasons;  // one per reason, bytes added up
};

}  // namespace customhouse::policy
