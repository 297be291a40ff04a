#include "gateway/proto/http1.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "gateway/proto/http1_head.h"
#include "gateway/proto/http_syntax.h"

namespace customhouse::proto {
namespace {

// Besides the target, a request line holds a method, two spaces and a version.
constexpr std::size_t kRequestLineRest = 64;
constexpr std::size_t kChunkSizeDigits = 16;

std::unexpected<ProtocolError> refuse(int status, const char* what) {
  return std::unexpected(ProtocolError{status, what});
}

}  // namespace

// Every decision below depends on a prefix of the stream alone, never on how it was cut: limits
// are windows on the input, and the first fault in the stream's order is the one that is told.

Http1Decoder::Http1Decoder(Role role, const HttpLimits& limits) : role_(role), limits_(&limits) {}

void Http1Decoder::expect_response_to(std::string_view method) {
  method_ = method;
}

bool Http1Decoder::between_messages() const noexcept {
  return state_ == State::Head && scanned_ == 0;
}

bool Http1Decoder::keep_alive() const noexcept {
  return keep_alive_;
}

Http1Decoder::Poll Http1Decoder::poll(std::string_view input, std::size_t& consumed) {
  consumed = 0;
  for (;;) {
    const State before = state_;
    std::size_t taken = 0;
    Poll event = step(input.substr(consumed), taken);
    consumed += taken;
    if (!event) {
      state_ = State::Failed;
      keep_alive_ = false;
      failure_ = event.error();
    }
    if (!event || *event || state_ == before) return event;
  }
}

Http1Decoder::Poll Http1Decoder::step(std::string_view input, std::size_t& taken) {
  switch (state_) {
    case State::Head:
      return read_head(input, taken);
    case State::Length:
    case State::UntilClose:
    case State::ChunkData:
      return read_data(input, taken);
    case State::ChunkSize:
      return read_chunk_size(input, taken);
    case State::ChunkDataEnd:
      return read_chunk_data_end(input, taken);
    case State::Trailers:
      return read_trailers(input, taken);
    case State::End:
      return end_message({});
    case State::Tunnel:
      return std::nullopt;
    case State::Failed:
      return std::unexpected(failure_);
  }
  std::unreachable();
}

Http1Decoder::Poll Http1Decoder::finish() {
  if (state_ == State::Failed) return std::unexpected(failure_);
  if (state_ == State::UntilClose || state_ == State::End) return end_message({});
  if (between_messages() || state_ == State::Tunnel) return std::nullopt;
  state_ = State::Failed;
  keep_alive_ = false;
  failure_ = {400, "connection closed in the middle of a message"};
  return std::unexpected(failure_);
}

HttpEvent Http1Decoder::end_message(HeaderList trailers) {
  state_ = State::Head;
  method_.clear();
  return MessageEnd{std::move(trailers)};
}

/// Looks for the empty line that ends a section, line by line, going on where it stopped before.
/// Returns the size of the section with that line.
std::expected<std::optional<std::size_t>, ProtocolError> Http1Decoder::find_section_end(
    std::string_view input, std::size_t limit, std::size_t first_line_limit) {
  for (;;) {
    const std::size_t window_size = line_start_ == 0 ? std::min(limit, first_line_limit) : limit;
    const std::string_view window = input.substr(0, window_size);
    const std::size_t lf = window.find('\n', scanned_);
    if (lf == std::string_view::npos) {
      scanned_ = window.size();
      if (input.size() < window_size) return std::nullopt;
      if (window_size < limit) return refuse(414, "request line too long");
      return refuse(431, "header section too large");
    }
    if (lf == line_start_ || window[lf - 1] != '\r') return refuse(400, "bare line feed");
    scanned_ = lf + 1;
    if (lf == line_start_ + 1) {
      scanned_ = line_start_ = 0;
      return lf + 1;
    }
    line_start_ = lf + 1;
  }
}

Http1Decoder::Poll Http1Decoder::read_head(std::string_view input, std::size_t& taken) {
  if (input.empty()) return std::nullopt;
  // Not HTTP at all (a TLS hello, an empty line): said at once instead of after a time limit.
  if (!kTokenTable[static_cast<unsigned char>(input.front())]) {
    return refuse(400, "not the start of an HTTP message");
  }
  const bool request = role_ == Role::Request;
  const std::size_t first_line_limit =
      request ? limits_->max_target_bytes + kRequestLineRest : limits_->max_head_bytes;
  const auto end = find_section_end(input, limits_->max_head_bytes, first_line_limit);
  if (!end) return std::unexpected(end.error());
  if (!*end) return std::nullopt;
  const std::string_view section = input.substr(0, **end);
  taken = section.size();
  if (request) {
    auto parsed = parse_request_head(section, *limits_);
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    return start_request(std::move(parsed->head), parsed->framing);
  }
  auto parsed = parse_response_head(section, *limits_);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  return start_response(std::move(parsed->head), parsed->framing);
}

HttpEvent Http1Decoder::start_request(RequestHead head, const Framing& framing) {
  keep_alive_ = !framing.close && (head.minor_version == 1 || framing.persist);
  content_length_ = framing.content_length;
  remaining_ = framing.content_length.value_or(0);
  body_total_ = 0;
  extension_bytes_ = 0;
  state_ = framing.chunked ? State::ChunkSize : remaining_ > 0 ? State::Length : State::End;
  return head;
}

HttpEvent Http1Decoder::start_response(ResponseHead head, const Framing& framing) {
  content_length_.reset();
  remaining_ = 0;
  body_total_ = 0;
  const bool tunnel = head.status == 101 || (method_ == "CONNECT" && head.status / 100 == 2);
  if (tunnel) {
    keep_alive_ = false;
    state_ = State::Tunnel;
    return head;
  }
  if (head.status < 200) return head;  // the final response is still to come
  keep_alive_ = !framing.close && (head.minor_version == 1 || framing.persist);
  if (method_ == "HEAD" || head.status == 204 || head.status == 304) {
    state_ = State::End;
  } else if (framing.chunked) {
    state_ = State::ChunkSize;
  } else if (framing.content_length) {
    content_length_ = framing.content_length;
    remaining_ = *framing.content_length;
    state_ = remaining_ > 0 ? State::Length : State::End;
  } else {
    keep_alive_ = false;
    state_ = State::UntilClose;
  }
  return head;
}

Http1Decoder::Poll Http1Decoder::read_data(std::string_view input, std::size_t& taken) {
  if (input.empty()) return std::nullopt;
  if (state_ == State::UntilClose) {
    taken = input.size();
    return BodyBytes{input};
  }
  taken = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
  remaining_ -= taken;
  if (remaining_ == 0) state_ = state_ == State::Length ? State::End : State::ChunkDataEnd;
  return BodyBytes{input.substr(0, taken)};
}

Http1Decoder::Poll Http1Decoder::read_chunk_size(std::string_view input, std::size_t& taken) {
  const std::size_t limit = kChunkSizeDigits + limits_->max_chunk_extension_bytes + 2;
  const std::string_view window = input.substr(0, limit);
  const std::size_t lf = window.find('\n', scanned_);
  if (lf == std::string_view::npos) {
    scanned_ = window.size();
    if (input.size() >= limit) return refuse(400, "chunk size line too long");
    return std::nullopt;
  }
  if (lf == 0 || window[lf - 1] != '\r') return refuse(400, "bare line feed");
  scanned_ = 0;
  taken = lf + 1;
  return start_chunk(window.substr(0, lf - 1));
}

Http1Decoder::Poll Http1Decoder::start_chunk(std::string_view line) {
  const std::size_t semicolon = std::min(line.find(';'), line.size());
  const std::string_view digits = line.substr(0, semicolon);
  std::uint64_t size = 0;
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (digits.size() > kChunkSizeDigits || error != std::errc{} ||
      stop != digits.data() + digits.size()) {
    return refuse(400, "invalid chunk size");
  }
  const std::string_view extension = line.substr(semicolon);
  if (!is_field_value(extension)) return refuse(400, "control character in a chunk extension");
  // An answer is an endless stream, so that only a request can be charged for all its chunks.
  if (role_ == Role::Response) extension_bytes_ = 0;
  extension_bytes_ += extension.size();
  if (extension_bytes_ > limits_->max_chunk_extension_bytes) {
    return refuse(400, "chunk extensions too long");
  }
  if (role_ == Role::Request && size > limits_->max_body_bytes - body_total_) {
    return refuse(413, "request body too large");
  }
  body_total_ += size;
  remaining_ = size;
  state_ = size == 0 ? State::Trailers : State::ChunkData;
  return std::nullopt;
}

Http1Decoder::Poll Http1Decoder::read_chunk_data_end(std::string_view input, std::size_t& taken) {
  if (!std::string_view("\r\n").starts_with(input.substr(0, 2))) {
    return refuse(400, "chunk data not followed by CRLF");
  }
  if (input.size() < 2) return std::nullopt;
  taken = 2;
  state_ = State::ChunkSize;
  return std::nullopt;
}

Http1Decoder::Poll Http1Decoder::read_trailers(std::string_view input, std::size_t& taken) {
  const std::size_t limit = limits_->max_trailer_bytes;
  const auto end = find_section_end(input, limit, limit);
  if (!end) return std::unexpected(end.error());
  if (!*end) return std::nullopt;
  taken = **end;
  auto trailers = parse_trailers(input.substr(0, taken), *limits_);
  if (!trailers) return std::unexpected(std::move(trailers.error()));
  return end_message(std::move(*trailers));
}

}  // namespace customhouse::proto
