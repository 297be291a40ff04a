#include "gateway/provider/multipart.h"

#include <algorithm>

#include "gateway/proto/http_message.h"

namespace customhouse::provider {

namespace {

constexpr std::size_t kMaxParts = 1000;
constexpr std::size_t kMaxHeadBytes = 16 * 1024;

std::string_view trim(std::string_view text) noexcept {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_boundary(std::string_view boundary) noexcept {
  constexpr std::string_view kOther = "'()+_,-./:=? ";
  return !boundary.empty() && boundary.size() <= 70 && boundary.back() != ' ' &&
         std::ranges::all_of(boundary, [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kOther.find(c) != std::string_view::npos;
         });
}

std::unexpected<std::string> fault(const char* what) {
  return std::unexpected<std::string>(std::string("multipart body: ") + what);
}

/// The header lines of one part; each ends with CRLF.
std::expected<void, std::string> read_head(std::string_view head, BodyPart& part) {
  bool typed = false;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return fault("a malformed header line");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 ||
        line.find_first_of("\r\n") != std::string_view::npos) {
      return fault("a malformed header line");
    }
    const std::string_view name = line.substr(0, colon);
    if (name.find_first_of(" \t") != std::string_view::npos)
      return fault("a malformed header line");
    const std::string_view value = trim(line.substr(colon + 1));
    if (proto::equals_ignoring_case(name, "Content-Type")) {
      if (typed) return fault("a part with two content types");
      typed = true;
      part.content_type = value;
    } else if (proto::equals_ignoring_case(name, "Content-Transfer-Encoding")) {
      part.encoded = !proto::equals_ignoring_case(value, "binary") &&
                     !proto::equals_ignoring_case(value, "8bit") &&
                     !proto::equals_ignoring_case(value, "7bit");
    }
  }
  return {};
}

}  // namespace

std::string media_parameter(std::string_view content_type, std::string_view name) {
  std::size_t at = content_type.find(';');
  while (at < content_type.size()) {
    ++at;
    const std::size_t equals = content_type.find('=', at);
    if (equals == std::string_view::npos) return {};
    const bool wanted =
        proto::equals_ignoring_case(trim(content_type.substr(at, equals - at)), name);
    std::string value;
    at = equals + 1;
    if (at < content_type.size() && content_type[at] == '"') {
      for (++at; at < content_type.size() && content_type[at] != '"'; ++at) {
        if (content_type[at] == '\\' && at + 1 < content_type.size()) ++at;
        value += content_type[at];
      }
      at = content_type.find(';', at);
    } else {
      const std::size_t end = content_type.find(';', at);
      value = trim(content_type.substr(at, end == std::string_view::npos ? end : end - at));
      at = end;
    }
    if (wanted) return value;
  }
  return {};
}

std::string media_type(std::string_view content_type) {
  std::string type(trim(content_type.substr(0, content_type.find(';'))));
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return type;
}

std::expected<std::vector<BodyPart>, std::string> parse_multipart(std::string_view content_type,
                                                                  std::string_view body) {
  const std::string boundary = media_parameter(content_type, "boundary");
  if (!is_boundary(boundary)) return fault("no valid boundary");
  const std::string delimiter = "\r\n--" + boundary;
  std::vector<BodyPart> parts;
  if (!body.starts_with(std::string_view(delimiter).substr(2)))
    return fault("it does not begin with its boundary");
  std::size_t at = delimiter.size() - 2;
  for (;;) {
    // `at` stands behind a delimiter: "--" ends the body, CRLF begins a part.
    if (body.substr(at).starts_with("--")) {
      if (body.substr(at + 2).find_first_not_of("\r\n \t") != std::string_view::npos)
        return fault("bytes behind its end");
      return parts;
    }
    if (!body.substr(at).starts_with("\r\n")) return fault("a malformed delimiter");
    if (parts.size() >= kMaxParts) return fault("too many parts");
    BodyPart part;
    part.head_begin = at + 2;
    if (body.substr(part.head_begin).starts_with("\r\n")) {
      part.head_end = part.head_begin;
    } else {
      const std::size_t blank = body.substr(part.head_begin, kMaxHeadBytes).find("\r\n\r\n");
      if (blank == std::string_view::npos) return fault("a part without an end of its header");
      part.head_end = part.head_begin + blank + 2;
    }
    part.content_begin = part.head_end + 2;
    if (body.substr(part.head_end).starts_with(delimiter))
      return fault("a part without a blank line");
    part.content_end = body.find(delimiter, part.content_begin);
    if (part.content_end == std::string_view::npos) return fault("a part without end");
    if (auto read = read_head(body.substr(part.head_begin, part.head_end - part.head_begin), part);
        !read) {
      return std::unexpected(read.error());
    }
    at = part.content_end + delimiter.size();
    parts.push_back(std::move(part));
  }
}

}  // namespace customhouse::provider
