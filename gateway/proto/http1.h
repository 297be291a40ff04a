// HTTP/1.1 on the wire (RFC 9112), without I/O: bytes in, events out, and back.
//
// Strict on purpose. What two parsers could read differently is an error, never repaired:
// bare LF or CR, obs-fold, NUL, white space before the colon, Content-Length with
// Transfer-Encoding, repeated or listed Content-Length, any transfer coding but a single
// "chunked", a chunk size with sign, white space or more than 16 digits (RFC 9112 §11.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/proto/http_message.h"
#include "gateway/proto/limits.h"

namespace customhouse::proto {

/// Why bytes were refused. `status` is what a server would answer (400, 413, 414, 431, 501, 505);
/// `what` names the fault and never quotes the peer's bytes.
struct ProtocolError {
  int status = 400;
  std::string what;
};

struct BodyBytes {
  std::string_view bytes;  // points into the input of the poll() that returned it
};
struct MessageEnd {
  HeaderList trailers;
};
using HttpEvent = std::variant<RequestHead, ResponseHead, BodyBytes, MessageEnd>;

struct Framing;  // http1_head.h

/// Reads one side of a connection. Not thread-safe. One decoder lives as long as its connection
/// and reads message after message.
class Http1Decoder {
 public:
  enum class Role { Request, Response };
  Http1Decoder(Role role, const HttpLimits& limits);

  /// Response side: the method the next final response answers. HEAD has no body; a 2xx to CONNECT
  /// ends the HTTP part of the connection.
  void expect_response_to(std::string_view method);

  /// Reads at most one event from the front of `input` and says in `consumed` how many bytes it
  /// took (also when it returns nothing: then call again with more bytes behind the rest).
  /// 1xx responses come as a ResponseHead without a MessageEnd.
  /// The MessageEnd of a message without body needs no further byte: poll until nothing comes.
  /// After a 101, or a 2xx to CONNECT, no bytes are taken any more: they are not HTTP.
  /// After an error the decoder stays failed: answer and close.
  std::expected<std::optional<HttpEvent>, ProtocolError> poll(std::string_view input,
                                                              std::size_t& consumed);

  /// The peer closed. Returns MessageEnd if that completes a response without length, nothing if
  /// the connection was between messages, else an error: the message is truncated.
  std::expected<std::optional<HttpEvent>, ProtocolError> finish();

  /// True before the first byte of a message and after its MessageEnd.
  bool between_messages() const noexcept;
  /// True once the message read last (or being read) leaves the connection usable afterwards.
  bool keep_alive() const noexcept;
  /// Length of the body being read if the head declared it.
  std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }

 private:
  enum class State {
    Head,
    Length,
    UntilClose,
    ChunkSize,
    ChunkData,
    ChunkDataEnd,
    Trailers,
    End,
    Tunnel,
    Failed
  };
  using Poll = std::expected<std::optional<HttpEvent>, ProtocolError>;

  Poll step(std::string_view input, std::size_t& taken);
  Poll read_head(std::string_view input, std::size_t& taken);
  HttpEvent start_request(RequestHead head, const Framing& framing);
  HttpEvent start_response(ResponseHead head, const Framing& framing);
  Poll read_data(std::string_view input, std::size_t& taken);
  Poll read_chunk_size(std::string_view input, std::size_t& taken);
  Poll start_chunk(std::string_view line);
  Poll read_chunk_data_end(std::string_view input, std::size_t& taken);
  Poll read_trailers(std::string_view input, std::size_t& taken);
  HttpEvent end_message(HeaderList trailers);
  std::expected<std::optional<std::size_t>, ProtocolError> find_section_end(
      std::string_view input, std::size_t limit, std::size_t first_line_limit);

  Role role_;
  const HttpLimits* limits_;  // the configuration's; outlives the connection
  State state_ = State::Head;
  std::string method_;  // response side: see expect_response_to
  std::optional<std::uint64_t> content_length_;
  std::uint64_t remaining_ = 0;
  std::uint64_t body_total_ = 0;  // of the chunks so far
  std::size_t extension_bytes_ =
      0;                        // chunk extensions: of a request in all, of an answer per chunk
  std::size_t scanned_ = 0;     // how far the unfinished section was searched for its end already
  std::size_t line_start_ = 0;  // of the line that the search stands in
  bool keep_alive_ = true;
  ProtocolError failure_;  // in state Failed
};

/// Serialisation. Framing fields are the caller's: set Content-Length or Transfer-Encoding before.
/// Throws std::logic_error, and appends nothing, if a part could not be read back as it stands
/// (CR, LF, NUL …): input was validated by the decoder, so that is a fault of our own.
void append_head(std::string& out, const RequestHead& head);
void append_head(std::string& out, const ResponseHead& head);
void append_chunk(std::string& out, std::string_view bytes);  // nothing for empty bytes
void append_last_chunk(std::string& out, const HeaderList& trailers = {});

/// Removes hop-by-hop fields: those RFC 9110 §7.6.1 lists, what Connection names, and Proxy-*.
void strip_hop_by_hop(HeaderList& headers);

}  // namespace customhouse::proto
