#include "gateway/app/config_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace customhouse::app {
namespace {

/// Digits at the front (no sign, no leading zero but "0" itself), and the rest.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || digits == 0 || (text.front() == '0' && digits > 1)) {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return value;
}

template <std::size_t N>
std::optional<std::uint64_t> scaled(
    std::string_view text, const std::array<std::pair<std::string_view, std::uint64_t>, N>& units) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  for (const auto& [unit, factor] : units) {
    if (text != unit) continue;
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (*number > kMax / factor) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

bool is_ip(int family, const std::string& text) {
  std::array<unsigned char, 16> address{};
  return inet_pton(family, text.c_str(), address.data()) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = take_number(text);
  if (!port || !text.empty() || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '-' && host.front() != '.' &&
         std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

struct HostAndPort {
  std::string host;
  bool ipv6 = false;
  std::uint16_t port = 0;
};
std::optional<HostAndPort> split(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!port || (!bracketed && host.find(':') != std::string_view::npos)) return std::nullopt;
  HostAndPort parts{std::string(host), bracketed, *port};
  if (bracketed && !is_ip(AF_INET6, parts.host)) return std::nullopt;
  return parts;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits{
      {{"", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}}};
  return scaled(text, kUnits);
}

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> kUnits{
      {{"us", 1}, {"ms", 1000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}}};
  const auto us = scaled(text, kUnits);
  if (!us) return std::nullopt;
  return std::chrono::microseconds(static_cast<std::int64_t>(*us));
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const auto parts = split(text);
  if (!parts || (!parts->ipv6 && !is_ip(AF_INET, parts->host))) return std::nullopt;
  return ListenAddress{parts->host, parts->ipv6, parts->port};
}

std::string to_string(const ListenAddress& address) {
  const std::string port = ":" + std::to_string(address.port);
  return address.ipv6 ? "[" + address.host + "]" + port : address.host + port;
}

ListenAddress client_view(ListenAddress address, std::uint16_t port) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  address.port = port;
  return address;
}

bool is_host_and_port(std::string_view text) {
  const auto parts = split(text);
  return parts && parts->port != 0 && (parts->ipv6 || is_host_name(parts->host));
}

std::string_view nearest_key(std::string_view key, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t best_distance = 3;
  if (key.size() > 64) return best;  // nobody meant that: and the comparison stays small
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(key, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace customhouse::app
