#include "gateway/proto/authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "gateway/proto/http_syntax.h"

namespace customhouse::proto {
namespace {

constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035 §2.3.4, as text
constexpr std::size_t kMaxLabelBytes = 63;

std::unexpected<ProtocolError> refuse(const char* what) {
  return std::unexpected(ProtocolError{400, what});
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0') return std::nullopt;
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return port;
}

/// Canonical text of an IPv6 address: one address has one name (RFC 5952).
std::optional<std::string> canonical_ipv6(const std::string& text) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  if (inet_ntop(AF_INET6, &address, canonical.data(), canonical.size()) == nullptr) {
    return std::nullopt;
  }
  return std::string(canonical.data());
}

bool has_valid_labels(std::string_view host) {
  std::size_t length = 0;
  for (const char c : host) {
    if (c == '.') {
      if (length == 0) return false;
      length = 0;
      continue;
    }
    const bool allowed = (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
    if (!allowed || ++length > kMaxLabelBytes) return false;
  }
  return length > 0;
}

/// Whether a resolver might take the name for a number: "127.1", "0x7f000001", "2130706433"
/// (WHATWG URL §3.5, "ends in a number"). Only a dotted quad may.
bool ends_in_number(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);  // npos + 1 is 0
  return last.starts_with("0x") || std::ranges::all_of(last, is_digit);
}

std::expected<Authority, ProtocolError> parse_name(std::string_view text) {
  Authority authority;
  authority.host.reserve(text.size());
  std::ranges::transform(text, std::back_inserter(authority.host), to_lower);
  if (authority.host.ends_with('.')) authority.host.pop_back();
  if (authority.host.empty() || authority.host.size() > kMaxHostBytes)
    return refuse("invalid host");
  if (!has_valid_labels(authority.host)) return refuse("invalid host");
  if (ends_in_number(authority.host)) {
    in_addr address{};
    if (inet_pton(AF_INET, authority.host.c_str(), &address) != 1) return refuse("invalid host");
    authority.is_ip = true;
  }
  return authority;
}

std::expected<Authority, ProtocolError> parse_ip_literal(std::string_view inside) {
  if (inside.size() >= INET6_ADDRSTRLEN || inside.find('\0') != std::string_view::npos) {
    return refuse("invalid IPv6 address");
  }
  auto host = canonical_ipv6(std::string(inside));
  if (!host) return refuse("invalid IPv6 address");
  return Authority{.host = std::move(*host), .port = 0, .is_ip = true};
}

}  // namespace

std::expected<Authority, ProtocolError> parse_authority(std::string_view text,
                                                        std::uint16_t default_port) {
  const bool literal = text.starts_with('[');
  const std::size_t bracket = literal ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return refuse("unterminated IPv6 address");
  const std::size_t host_end = literal ? bracket + 1 : std::min(text.find(':'), text.size());
  const std::string_view behind = text.substr(host_end);

  auto authority = literal ? parse_ip_literal(text.substr(1, bracket - 1))
                           : parse_name(text.substr(0, host_end));
  if (!authority) return authority;
  if (behind.empty()) {
    if (default_port == 0) return refuse("no port");
    authority->port = default_port;
    return authority;
  }
  const auto port = behind.front() == ':' ? parse_port(behind.substr(1)) : std::nullopt;
  if (!port) return refuse("invalid port");
  authority->port = *port;
  return authority;
}

std::string to_string(const Authority& authority, std::uint16_t default_port) {
  const bool brackets = authority.host.find(':') != std::string::npos;
  std::string text = brackets ? "[" + authority.host + "]" : authority.host;
  if (authority.port != default_port) text.append(":").append(std::to_string(authority.port));
  return text;
}

std::expected<AbsoluteTarget, ProtocolError> parse_absolute_target(std::string_view target) {
  if (!is_target(target)) return refuse("invalid character in the request target");
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return refuse("not an absolute request target");
  AbsoluteTarget absolute;
  const bool https = equals_ignoring_case(target.substr(0, colon), "https");
  if (!https && !equals_ignoring_case(target.substr(0, colon), "http")) {
    return refuse("scheme other than http and https");
  }
  absolute.scheme = https ? "https" : "http";
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  auto authority = parse_authority(rest.substr(0, path), https ? 443 : 80);
  if (!authority) return std::unexpected(std::move(authority.error()));
  absolute.authority = std::move(*authority);
  if (!rest.substr(path).starts_with('/')) absolute.origin_form = "/";
  absolute.origin_form.append(rest.substr(path));
  return absolute;
}

}  // namespace customhouse::proto
