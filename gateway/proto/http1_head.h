// The text of a complete head or trailer section, and what it says about framing (RFC 9112 §2-§6).
// Private to the HTTP/1 decoder.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "gateway/proto/http1.h"

namespace customhouse::proto {

/// The fields that decide where a message ends and what becomes of its connection.
struct Framing {
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  bool close = false;    // Connection: close
  bool persist = false;  // Connection: keep-alive
};

template <typename Head>
struct ParsedHead {
  Head head;
  Framing framing;
};

/// `section` is everything up to and including the empty line; every LF in it follows a CR.
std::expected<ParsedHead<RequestHead>, ProtocolError> parse_request_head(std::string_view section,
                                                                         const HttpLimits& limits);
std::expected<ParsedHead<ResponseHead>, ProtocolError> parse_response_head(
    std::string_view section, const HttpLimits& limits);
/// Refuses fields that frame, route or describe the message: they mean nothing behind the body,
/// and a recipient that merges them is open to smuggling (RFC 9110 §6.5.1).
std::expected<HeaderList, ProtocolError> parse_trailers(std::string_view section,
                                                        const HttpLimits& limits);

}  // namespace customhouse::proto
