// Authorities: what is accepted is written in one way only, and reads back as the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/proto/authority.h"

namespace {

using namespace customhouse::proto;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Authority& authority) {
  require(!authority.host.empty() && authority.port != 0);
  const std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-_.:";
  require(authority.host.find_first_not_of(allowed) == std::string::npos);
  const bool ipv6 = authority.host.find(':') != std::string::npos;
  require(!ipv6 || authority.is_ip);
  const auto again = parse_authority(to_string(authority), 0);
  require(again && *again == authority);
  const auto by_default = parse_authority(to_string(authority, authority.port), authority.port);
  require(by_default && *by_default == authority);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto authority = parse_authority(text, 443)) check(*authority);
  if (const auto target = parse_absolute_target(text)) {
    check(target->authority);
    require(target->origin_form.starts_with('/'));
    require(target->scheme == "http" || target->scheme == "https");
    require(text.ends_with(target->origin_form) || target->origin_form.size() <= text.size() + 1);
  }
  return 0;
}
