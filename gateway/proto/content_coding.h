// Content codings (RFC 9110 §8.4.1): identity, gzip, deflate, br, zstd, decoded as a stream.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/proto/http1.h"

namespace customhouse::proto {

/// What we ask of upstreams: codings that decode event by event.
inline constexpr std::string_view kAcceptEncoding = "gzip, deflate, br, zstd, identity";

/// Decodes a body, possibly coded several times ("gzip, br": the last coding is undone first).
/// Output is bounded: exceeding `max_output_bytes` is an error with status 413, so a bomb costs no
/// more memory than the limit. Corrupt or truncated input, bytes after the end, and unknown
/// codings are errors (400, 415). Output of a flushed input block comes out at once.
class ContentDecoder {
 public:
  /// `content_encoding` is the header's value; empty or "identity" passes bytes through.
  /// At most 3 stacked codings.
  static std::expected<ContentDecoder, ProtocolError> create(std::string_view content_encoding,
                                                             std::size_t max_output_bytes);
  ContentDecoder(ContentDecoder&&) noexcept;
  ContentDecoder& operator=(ContentDecoder&&) noexcept;
  ~ContentDecoder();

  bool identity() const noexcept;
  /// Appends what `bytes` decode to.
  std::expected<void, ProtocolError> feed(std::string_view bytes, std::string& out);
  /// Call at the end of the body: an unfinished stream is an error.
  std::expected<void, ProtocolError> finish();

  class Stage;  // one coding

 private:
  ContentDecoder();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace customhouse::proto
