#include "gateway/proto/http1_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "gateway/proto/authority.h"
#include "gateway/proto/http_syntax.h"

namespace customhouse::proto {
namespace {

using namespace std::string_view_literals;

std::unexpected<ProtocolError> refuse(int status, const char* what) {
  return std::unexpected(ProtocolError{status, what});
}

/// Takes the line at the front of `text` without its CRLF. The scan made sure that there is one.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end - 1);
  text.remove_prefix(end + 1);
  return line;
}

/// The framing fields as they stand, before they are understood.
struct RawFraming {
  int transfer_encodings = 0;
  int content_lengths = 0;
  int hosts = 0;
  std::string_view transfer_encoding;
  std::string_view content_length;
  std::string_view host;
  Framing framing;
};

/// White space other than SP around these values is legal, but not read the same by everybody.
bool note_framing(std::string_view name, std::string_view raw_value, std::string_view value,
                  RawFraming& raw) {
  const bool tab = raw_value.find('\t') != std::string_view::npos;
  if (name.size() == 17 && equals_ignoring_case(name, "transfer-encoding")) {
    ++raw.transfer_encodings;
    raw.transfer_encoding = value;
    return !tab;
  }
  if (name.size() == 14 && equals_ignoring_case(name, "content-length")) {
    ++raw.content_lengths;
    raw.content_length = value;
    return !tab;
  }
  if (name.size() == 4 && equals_ignoring_case(name, "host")) {
    ++raw.hosts;
    raw.host = value;
    return !tab;
  }
  if (name.size() == 10 && equals_ignoring_case(name, "connection")) {
    for_each_element(value, [&](std::string_view option) {
      raw.framing.close = raw.framing.close || equals_ignoring_case(option, "close");
      raw.framing.persist = raw.framing.persist || equals_ignoring_case(option, "keep-alive");
    });
  }
  return true;
}

/// Reads field lines up to the empty line.
std::expected<RawFraming, ProtocolError> parse_fields(std::string_view section,
                                                      const HttpLimits& limits,
                                                      HeaderList& headers) {
  RawFraming raw;
  headers.reserve(16);
  for (std::string_view line = take_line(section); !line.empty(); line = take_line(section)) {
    if (headers.size() == limits.max_header_count) return refuse(431, "too many header fields");
    if (line.front() == ' ' || line.front() == '\t') return refuse(400, "folded header line");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return refuse(400, "header line without a colon");
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name)) return refuse(400, "invalid header name");
    const std::string_view raw_value = line.substr(colon + 1);
    if (!is_field_value(raw_value)) return refuse(400, "control character in a header value");
    const std::string_view value = trim_ows(raw_value);
    if (!note_framing(name, raw_value, value, raw)) {
      return refuse(400, "tab in a framing header");
    }
    headers.add(std::string(name), std::string(value));
  }
  return raw;
}

std::expected<void, ProtocolError> check_transfer_encoding(std::string_view value) {
  if (equals_ignoring_case(value, "chunked")) return {};
  const std::size_t comma = value.rfind(',');
  const bool chunked_last = comma != std::string_view::npos &&
                            equals_ignoring_case(trim_ows(value.substr(comma + 1)), "chunked");
  if (chunked_last) return refuse(501, "transfer coding other than chunked");
  return refuse(400, "chunked is not the final transfer coding");
}

/// Decides the framing, or refuses what could be framed in two ways (RFC 9112 §6.1, §6.3).
std::expected<Framing, ProtocolError> decide_framing(const RawFraming& raw, int minor_version) {
  Framing framing = raw.framing;
  if (raw.transfer_encodings > 0 && raw.content_lengths > 0) {
    return refuse(400, "both Transfer-Encoding and Content-Length");
  }
  if (raw.transfer_encodings > 1) return refuse(400, "repeated Transfer-Encoding");
  if (raw.content_lengths > 1) return refuse(400, "repeated Content-Length");
  if (raw.transfer_encodings == 1) {
    if (minor_version == 0) return refuse(400, "Transfer-Encoding in an HTTP/1.0 message");
    if (auto ok = check_transfer_encoding(raw.transfer_encoding); !ok) {
      return std::unexpected(std::move(ok.error()));
    }
    framing.chunked = true;
  }
  if (raw.content_lengths == 1) {
    std::uint64_t length = 0;
    const char* const end = raw.content_length.data() + raw.content_length.size();
    const auto [stop, error] = std::from_chars(raw.content_length.data(), end, length);
    if (error != std::errc{} || stop != end) return refuse(400, "invalid Content-Length");
    framing.content_length = length;
  }
  return framing;
}

/// "HTTP/1.0" or "HTTP/1.1" to 0 or 1.
std::expected<int, ProtocolError> parse_version(std::string_view text) {
  if (text == "HTTP/1.1"sv) return 1;
  if (text == "HTTP/1.0"sv) return 0;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() == 8 && text.starts_with("HTTP/"sv) && digit(text[5]) && text[6] == '.' &&
      digit(text[7])) {
    return refuse(505, "HTTP version other than 1.0 and 1.1");
  }
  return refuse(400, "malformed HTTP version");
}

bool target_fits_method(std::string_view target, std::string_view method) {
  if (method == "CONNECT"sv) return target.find('/') == std::string_view::npos;
  if (target == "*"sv) return method == "OPTIONS"sv;
  return target.front() == '/' || target.find("://"sv) != std::string_view::npos;
}

std::expected<void, ProtocolError> parse_request_line(std::string_view line, RequestHead& head,
                                                      const HttpLimits& limits) {
  const std::size_t first = line.find(' ');
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return refuse(400, "invalid method");
  if (first == std::string_view::npos) return refuse(400, "malformed request line");
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return refuse(400, "malformed request line");
  const std::string_view target = line.substr(first + 1, second - first - 1);
  if (target.size() > limits.max_target_bytes) return refuse(414, "request target too long");
  if (!is_target(target)) return refuse(400, "invalid character in the request target");
  const auto version = parse_version(line.substr(second + 1));
  if (!version) return std::unexpected(version.error());
  if (!target_fits_method(target, method)) return refuse(400, "malformed request target");
  head.method = method;
  head.target = target;
  head.minor_version = *version;
  return {};
}

std::expected<void, ProtocolError> check_host(const RawFraming& raw, int minor_version) {
  if (raw.hosts > 1) return refuse(400, "repeated Host");
  if (raw.hosts == 0) {
    if (minor_version == 0) return {};
    return refuse(400, "no Host");
  }
  // Any port will do: Host need not name one.
  if (auto host = parse_authority(raw.host, 443); !host) return refuse(400, "invalid Host");
  return {};
}

std::expected<void, ProtocolError> parse_status_line(std::string_view line, ResponseHead& head) {
  const auto version = parse_version(line.substr(0, 8));
  if (!version) return std::unexpected(version.error());
  // The SP behind the code is compulsory, yet often missing together with the reason; no two
  // parsers disagree about that.
  const std::string_view code = line.substr(8, 4);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (code.size() != 4 || code[0] != ' ' || code[1] < '1' || code[1] > '5' || !digit(code[2]) ||
      !digit(code[3]) || (line.size() > 12 && line[12] != ' ')) {
    return refuse(400, "malformed status line");
  }
  head.reason = line.substr(std::min<std::size_t>(13, line.size()));
  if (!is_field_value(head.reason)) return refuse(400, "control character in the reason phrase");
  head.status = (code[1] - '0') * 100 + (code[2] - '0') * 10 + (code[3] - '0');
  head.minor_version = *version;
  return {};
}

}  // namespace

std::expected<ParsedHead<RequestHead>, ProtocolError> parse_request_head(std::string_view section,
                                                                         const HttpLimits& limits) {
  ParsedHead<RequestHead> parsed;
  RequestHead& head = parsed.head;
  if (auto ok = parse_request_line(take_line(section), head, limits); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  const auto raw = parse_fields(section, limits, head.headers);
  if (!raw) return std::unexpected(raw.error());
  const auto framing = decide_framing(*raw, head.minor_version);
  if (!framing) return std::unexpected(framing.error());
  if (auto ok = check_host(*raw, head.minor_version); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  if (framing->content_length.value_or(0) > limits.max_body_bytes) {
    return refuse(413, "request body too large");
  }
  if (head.method == "CONNECT"sv && (framing->chunked || framing->content_length.value_or(0) > 0)) {
    return refuse(400, "CONNECT with a body");  // would it be the tunnel's first bytes?
  }
  parsed.framing = *framing;
  return parsed;
}

std::expected<ParsedHead<ResponseHead>, ProtocolError> parse_response_head(
    std::string_view section, const HttpLimits& limits) {
  ParsedHead<ResponseHead> parsed;
  ResponseHead& head = parsed.head;
  if (auto ok = parse_status_line(take_line(section), head); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  const auto raw = parse_fields(section, limits, head.headers);
  if (!raw) return std::unexpected(raw.error());
  const auto framing = decide_framing(*raw, head.minor_version);
  if (!framing) return std::unexpected(framing.error());
  if ((head.status < 200 || head.status == 204) &&
      (framing->chunked || framing->content_length.value_or(0) > 0)) {
    return refuse(400, "body declared by a status that has none");
  }
  parsed.framing = *framing;
  return parsed;
}

std::expected<HeaderList, ProtocolError> parse_trailers(std::string_view section,
                                                        const HttpLimits& limits) {
  static constexpr std::array kForbidden = {
      "content-length"sv,
      "transfer-encoding"sv,
      "host"sv,
      "connection"sv,
      "keep-alive"sv,
      "proxy-connection"sv,
      "te"sv,
      "trailer"sv,
      "upgrade"sv,
      "expect"sv,
      "max-forwards"sv,
      "content-encoding"sv,
      "content-type"sv,
      "content-range"sv,
      "authorization"sv,
      "proxy-authorization"sv,
      "www-authenticate"sv,
      "proxy-authenticate"sv,
      "cookie"sv,
      "set-cookie"sv,
  };
  HeaderList trailers;
  if (section == "\r\n"sv) return trailers;
  if (auto raw = parse_fields(section, limits, trailers); !raw) {
    return std::unexpected(std::move(raw.error()));
  }
  for (const HeaderField& field : trailers.fields()) {
    const auto same = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
    if (std::ranges::any_of(kForbidden, same)) return refuse(400, "forbidden trailer field");
  }
  return trailers;
}

}  // namespace customhouse::proto
