#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

#include "gateway/proto/http1.h"
#include "gateway/proto/http_syntax.h"

namespace customhouse::proto {
namespace {

using namespace std::string_view_literals;

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

void check_fields(const HeaderList& headers) {
  for (const HeaderField& field : headers.fields()) {
    require(is_token(field.name), "header name cannot be written");
    require(is_field_value(field.value), "header value cannot be written");
  }
}

void append_fields(std::string& out, const HeaderList& headers) {
  for (const HeaderField& field : headers.fields()) {
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  out.append("\r\n");
}

bool less_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::lexicographical_compare(a, b, {}, to_lower, to_lower);
}

}  // namespace

void append_head(std::string& out, const RequestHead& head) {
  require(is_token(head.method), "method cannot be written");
  require(is_target(head.target), "request target cannot be written");
  require(head.minor_version == 0 || head.minor_version == 1, "version cannot be written");
  check_fields(head.headers);
  out.append(head.method).append(" ").append(head.target);
  out.append(head.minor_version == 1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  append_fields(out, head.headers);
}

void append_head(std::string& out, const ResponseHead& head) {
  require(head.status >= 100 && head.status <= 599, "status cannot be written");
  require(is_field_value(head.reason), "reason phrase cannot be written");
  require(head.minor_version == 0 || head.minor_version == 1, "version cannot be written");
  check_fields(head.headers);
  out.append(head.minor_version == 1 ? "HTTP/1.1 " : "HTTP/1.0 ");
  out.append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
  append_fields(out, head.headers);
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;  // an empty chunk would end the body
  std::array<char, 16> digits;
  char* const end =
      std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16).ptr;
  out.append(digits.data(), end).append("\r\n").append(bytes).append("\r\n");
}

void append_last_chunk(std::string& out, const HeaderList& trailers) {
  check_fields(trailers);
  out.append("0\r\n");
  append_fields(out, trailers);
}

void strip_hop_by_hop(HeaderList& headers) {
  // In order, for the binary search.
  static constexpr std::array kHopByHop = {"connection"sv,
                                           "http2-settings"sv,
                                           "keep-alive"sv,
                                           "proxy-authenticate"sv,
                                           "proxy-authentication-info"sv,
                                           "proxy-authorization"sv,
                                           "proxy-connection"sv,
                                           "te"sv,
                                           "trailer"sv,
                                           "transfer-encoding"sv,
                                           "upgrade"sv};
  static_assert(std::ranges::is_sorted(kHopByHop));
  std::vector<std::string> named;  // by Connection fields, which go themselves
  for (const HeaderField& field : headers.fields()) {
    if (!equals_ignoring_case(field.name, "connection")) continue;
    for_each_element(field.value, [&](std::string_view name) { named.emplace_back(name); });
  }
  // Sorted: a Connection field can name thousands.
  std::ranges::sort(named, less_ignoring_case);
  headers.remove_if([&](const HeaderField& field) {
    if (std::ranges::binary_search(kHopByHop, field.name, less_ignoring_case)) return true;
    // What says where the message goes and ends does not go, whoever asks for it.
    const bool kept = equals_ignoring_case(field.name, "content-length") ||
                      equals_ignoring_case(field.name, "host");
    return !kept && std::ranges::binary_search(named, field.name, less_ignoring_case);
  });
}

}  // namespace customhouse::proto
