// The host and port a request is for: from CONNECT, absolute-form or Host (RFC 9110 §7.2, RFC 3986 §3.2).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "gateway/proto/http1.h"

namespace customhouse::proto {

struct Authority {
  std::string host;  // lower case; no trailing dot; an IPv6 literal without its brackets
  std::uint16_t port = 0;
  bool is_ip = false;
  bool operator==(const Authority&) const = default;
};

/// Strict: userinfo, empty host, zone ids, bad ports, non-ASCII and characters outside
/// reg-name's LDH + '_' are errors. `default_port` is used if the text names none; 0 makes the
/// port mandatory (CONNECT).
std::expected<Authority, ProtocolError> parse_authority(std::string_view text, std::uint16_t default_port);

/// "host:port", with brackets around IPv6; the port is left out if it equals `default_port`.
std::string to_string(const Authority& authority, std::uint16_t default_port = 0);

struct AbsoluteTarget {
  std::string scheme;  // "http" or "https"
  Authority authority;
  std::string origin_form;  // path and query, at least "/"
};
/// Absolute-form request target (RFC 9112 §3.2.2).
std::expected<AbsoluteTarget, ProtocolError> parse_absolute_target(std::string_view target);

}  // namespace customhouse::proto
