// Which addresses the gateway may connect to on somebody else's behalf.
#pragma once

#include <expected>
#include <string>

#include "gateway/net/asio.h"

namespace customhouse::net {

/// False for loopback, link-local, private, shared (RFC 6598), multicast, unspecified,
/// documentation and reserved ranges, also inside IPv4-mapped, 6to4 and NAT64 addresses: a proxy
/// must not be a way into the network it stands in (SSRF).
bool is_public(const asio::ip::address& address);

/// "127.0.0.1:8080", "[::1]:0".
std::expected<tcp::endpoint, std::string> parse_endpoint(const std::string& text);

}  // namespace customhouse::net
