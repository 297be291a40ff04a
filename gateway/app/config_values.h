// Notations of the configuration file: sizes, durations, addresses. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace customhouse::app {

/// "4096", "64KiB", "64MiB", "1GiB" in bytes. nullopt: not a size, or over 2^63.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// "500us", "250ms", "10s", "5m", "1h". A number without a unit is no duration.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

/// An address to listen on: an IP literal (IPv6 in brackets) and a port; port 0 lets the system
/// choose.
struct ListenAddress {
  std::string host;  // without brackets
  bool ipv6 = false;
  std::uint16_t port = 0;
};
std::optional<ListenAddress> parse_listen_address(std::string_view text);
/// "host:port", with brackets around IPv6.
std::string to_string(const ListenAddress& address);
/// The same with loopback instead of "any address", and `port` instead of 0: what a client is told.
ListenAddress client_view(ListenAddress address, std::uint16_t port);

/// "host:port", as connect_to takes it: a host name or IP literal, port 1 to 65535.
bool is_host_and_port(std::string_view text);

/// The key of `known` that was probably meant (edit distance at most 2), or "".
std::string_view nearest_key(std::string_view key, const std::vector<std::string_view>& known);

}  // namespace customhouse::app
