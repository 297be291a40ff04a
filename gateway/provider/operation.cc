#include "gateway/provider/operation.h"

#include <array>

namespace customhouse::provider {

namespace {

struct Suffix {
  std::string_view text;
  Operation operation;
};

// Longer suffixes stand before those that end them.
constexpr std::array kSuffixes = {
    Suffix{"/chat/completions", {Shape::OpenAiChat, "chat.completions"}},
    Suffix{"/completions", {Shape::OpenAiCompletions, "completions"}},
    Suffix{"/responses/compact", {Shape::OpenAiResponses, "responses.compact"}},
    Suffix{"/responses/input_tokens", {Shape::OpenAiResponses, "responses.input_tokens"}},
    Suffix{"/responses", {Shape::OpenAiResponses, "responses"}},
    Suffix{"/embeddings", {Shape::OpenAiEmbeddings, "embeddings"}},
    Suffix{"/v1/messages/count_tokens", {Shape::AnthropicCountTokens, "messages.count_tokens"}},
    Suffix{"/v1/messages/batches", {Shape::Json, "messages.batches"}},
    Suffix{"/v1/messages", {Shape::AnthropicMessages, "messages"}},
    Suffix{"/files", {Shape::Json, "files"}},
    Suffix{"/batches", {Shape::Json, "batches"}},
    Suffix{"/rerank", {Shape::Json, "rerank"}},
    Suffix{"/models", {Shape::Json, "models"}},
    Suffix{"/images/generations", {Shape::Json, "images.generations"}},
    Suffix{"/images/edits", {Shape::Json, "images.edits"}},
    Suffix{"/audio/transcriptions", {Shape::Json, "audio.transcriptions"}},
    Suffix{"/audio/speech", {Shape::Json, "audio.speech"}},
    Suffix{"/converse", {Shape::Json, "converse"}},
    Suffix{"/converse-stream", {Shape::Json, "converse"}},
    Suffix{"/invoke", {Shape::Json, "invoke"}},
    Suffix{"/invoke-with-response-stream", {Shape::Json, "invoke"}},
};

// Google's custom methods: "…/models/gemini-2.5-pro:generateContent".
constexpr std::array kCustomMethods = {
    Suffix{"generateContent", {Shape::GeminiGenerate, "generateContent"}},
    Suffix{"streamGenerateContent", {Shape::GeminiGenerate, "streamGenerateContent"}},
    Suffix{"countTokens", {Shape::GeminiGenerate, "countTokens"}},
    Suffix{"embedContent", {Shape::GeminiGenerate, "embedContent"}},
    Suffix{"batchEmbedContents", {Shape::GeminiGenerate, "embedContent"}},
};

std::string_view custom_method(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (const std::size_t colon = last.rfind(':'); colon != std::string_view::npos)
    return last.substr(colon + 1);
  for (const std::string_view coded : {"%3A", "%3a"}) {
    if (const std::size_t colon = last.rfind(coded); colon != std::string_view::npos) {
      return last.substr(colon + coded.size());
    }
  }
  return {};
}

}  // namespace

Operation classify(Family family, std::string_view, std::string_view path) noexcept {
  path = path.substr(0, path.find_first_of("?#"));
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (const std::string_view method = custom_method(path); !method.empty()) {
    for (const Suffix& known : kCustomMethods) {
      if (method == known.text) return known.operation;
    }
    // Vertex serves other vendors' models under their own message shape.
    if ((method == "rawPredict" || method == "streamRawPredict") &&
        path.find("/publishers/anthropic/") != std::string_view::npos) {
      return {Shape::AnthropicMessages, "messages"};
    }
  }
  for (const Suffix& known : kSuffixes) {
    if (path.ends_with(known.text)) return known.operation;
  }
  if (family == Family::Anthropic && path.ends_with("/messages"))
    return {Shape::AnthropicMessages, "messages"};
  // A stored response that is fetched again, possibly as a stream: "/v1/responses/resp_1".
  if (family == Family::OpenAi && path.find("/v1/responses/") != std::string_view::npos) {
    return {Shape::OpenAiResponses, "responses"};
  }
  return {Shape::Json, "other"};
}

}  // namespace customhouse::provider
