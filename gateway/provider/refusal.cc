#include "gateway/provider/refusal.h"

#include "gateway/provider/json_text.h"

namespace customhouse::provider {

namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  append_json_escaped(result, text);
  result += '"';
  return result;
}

// Types of docs.anthropic.com/en/api/errors.
std::string_view anthropic_type(int status) noexcept {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

// google.rpc.Code names.
std::string_view google_status(int status) noexcept {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
  }
}

}  // namespace

std::string error_body(Family family, int status, std::string_view code, std::string_view message) {
  const std::string text = quoted(message);
  const std::string word = quoted(code);
  switch (family) {
    case Family::Anthropic:
      return "{\"type\":\"error\",\"error\":{\"type\":" + quoted(anthropic_type(status)) +
             ",\"message\":" + text + ",\"code\":" + word + "}}";
    case Family::Gemini:
      return "{\"error\":{\"code\":" + std::to_string(status) + ",\"message\":" + text +
             ",\"status\":" + quoted(google_status(status)) +
             ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":" +
             word + ",\"domain\":\"customhouse\"}]}}";
    case Family::Cohere:
    case Family::Bedrock:
      return "{\"message\":" + text + ",\"code\":" + word + "}";
    case Family::OpenAi:
    case Family::Json:
      break;
  }
  const std::string_view type = status >= 500 ? "server_error" : "invalid_request_error";
  return "{\"error\":{\"message\":" + text + ",\"type\":" + quoted(type) +
         ",\"param\":null,\"code\":" + word + "}}";
}

}  // namespace customhouse::provider
