// Which API operation a request is: fixes what its strings mean and how its answer streams.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/provider/provider_table.h"

namespace customhouse::provider {

enum class Shape : std::uint8_t {
  OpenAiChat,
  OpenAiResponses,
  OpenAiCompletions,
  OpenAiEmbeddings,
  AnthropicMessages,
  AnthropicCountTokens,
  GeminiGenerate,  // generateContent, streamGenerateContent, countTokens, embedContent
  Json,            // any other JSON: every string scanned, no special meaning
};

struct Operation {
  Shape shape = Shape::Json;
  std::string_view name;  // for the ledger: "chat.completions", "messages", "other", static storage
};

/// By path suffix ("…/chat/completions", "…/v1/messages", "…:streamGenerateContent"), whatever
/// prefix a provider puts before it; `path` may carry a query, which is ignored.
Operation classify(Family family, std::string_view method, std::string_view path) noexcept;

}  // namespace customhouse::provider
