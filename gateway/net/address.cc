#include "gateway/net/address.h"

#include <charconv>
#include <cstdint>

namespace customhouse::net {

namespace {

bool is_public_v4(const asio::ip::address_v4& address) {
  const std::uint32_t bits = address.to_uint();
  struct Range {
    std::uint32_t base;
    int prefix;
  };
  // IANA special-purpose address registry (RFC 6890 and updates).
  static constexpr Range kSpecial[] = {
      {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
      {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
      {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3}};
  for (const Range& range : kSpecial) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32 - range.prefix);
    if ((bits & mask) == range.base) return false;
  }
  return true;
}

asio::ip::address_v4 v4_at(const asio::ip::address_v6::bytes_type& bytes, std::size_t at) {
  return asio::ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

}  // namespace

bool is_public(const asio::ip::address& address) {
  if (address.is_v4()) return is_public_v4(address.to_v4());
  const auto v6 = address.to_v6();
  const auto bytes = v6.to_bytes();
  if (v6.is_v4_mapped()) return is_public_v4(v4_at(bytes, 12));
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_v4(v4_at(bytes, 2));  // 6to4
  if (bytes[0] == 0x00 && bytes[1] == 0x64 && bytes[2] == 0xff && bytes[3] == 0x9b) {
    return bytes[4] == 0 &&
           is_public_v4(v4_at(bytes, 12));  // NAT64 64:ff9b::/96, not 64:ff9b:1::/48
  }
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8)
    return false;  // documentation
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x00 && bytes[3] == 0x00)
    return false;                    // Teredo
  return (bytes[0] & 0xe0) == 0x20;  // 2000::/3 is all the global unicast there is
}

std::expected<tcp::endpoint, std::string> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::unexpected("'" + text + "' is not address:port");
  std::string host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, parse_error] = std::from_chars(text.data() + colon + 1, end, port);
  if (parse_error != std::errc{} || stop != end)
    return std::unexpected("'" + text + "' has no valid port");
  boost::system::error_code error;
  if (host == "localhost") host = "127.0.0.1";
  const auto address = asio::ip::make_address(host, error);
  if (error) return std::unexpected("'" + host + "' is not an IP address");
  return tcp::endpoint(address, port);
}

}  // namespace customhouse::net
