#include "gateway/provider/field_roles.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace customhouse::provider {

namespace {

// Sorted (bytewise): binary search.
constexpr std::array<std::string_view, 41> kIdentifiers = {"anthropic_version",
                                                           "approval_request_id",
                                                           "batch_id",
                                                           "cache_key",
                                                           "cachedContent",
                                                           "cached_content",
                                                           "call_id",
                                                           "checksum",
                                                           "container_id",
                                                           "conversation_id",
                                                           "detail",
                                                           "effort",
                                                           "encrypted_content",
                                                           "encrypted_index",
                                                           "etag",
                                                           "fileUri",
                                                           "file_id",
                                                           "fingerprint",
                                                           "format",
                                                           "id",
                                                           "item_id",
                                                           "media_type",
                                                           "mimeType",
                                                           "mime_type",
                                                           "model",
                                                           "modelVersion",
                                                           "object",
                                                           "parent_id",
                                                           "previous_response_id",
                                                           "prompt_cache_key",
                                                           "responseId",
                                                           "response_id",
                                                           "role",
                                                           "safety_identifier",
                                                           "service_tier",
                                                           "signature",
                                                           "system_fingerprint",
                                                           "thoughtSignature",
                                                           "thought_signature",
                                                           "tool_call_id",
                                                           "tool_use_id"};
static_assert(std::ranges::is_sorted(kIdentifiers));

}  // namespace

bool is_identifier_field(std::string_view name) noexcept {
  return name == "type" || std::ranges::binary_search(kIdentifiers, name);
}

bool may_carry_base64(std::string_view name) noexcept {
  return name == "data" || name == "file_data" || name == "b64_json" || name == "bytes" ||
         name == "fileData" || name == "imageBytes" || name == "bytesBase64Encoded" ||
         name == "image_data";
}

bool is_tool_call_type(std::string_view type) noexcept {
  return type == "tool_use" || type == "server_tool_use" || type == "mcp_tool_use" ||
         type == "custom_tool_call" || type == "tool_call";
}

bool is_arguments_field(std::string_view name) noexcept {
  return name == "arguments" || name == "partial_json";
}

bool is_function_call_field(std::string_view name) noexcept {
  return name == "functionCall" || name == "function_call";
}

std::string_view location_segment(std::string_view key) noexcept {
  constexpr std::size_t kMaxLength = 32;
  constexpr std::ptrdiff_t kMaxDigits = 2;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_name = [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '$';
  };
  const bool plain = !key.empty() && key.size() <= kMaxLength &&
                     std::ranges::all_of(key, is_name) &&
                     std::ranges::count_if(key, is_digit) <= kMaxDigits;
  return plain ? key : "*";
}

}  // namespace customhouse::provider
