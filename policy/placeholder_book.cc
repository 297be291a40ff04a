#include "policy/placeholder_book.h"

#include <algorithm>

#include "policy/text.h"

namespace customhouse::policy {

const std::string& PlaceholderBook::take(std::string_view type, std::string_view normalized,
                                         std::string_view original, Restore restore,
                                         const std::vector<std::string>& hosts) {
  std::string identity(type);
  identity.append(1, '\0').append(normalized);
  const auto [known, fresh] = by_value_.try_emplace(std::move(identity), entries_.size());
  if (fresh) {
    std::string text;
    // HMAC-SHA-256 has 64 digits; two values that share them all are one value.
    for (std::size_t digits = 8; digits <= 64; digits += 8) {
      text = placeholder(key_, type, normalized, digits);
      const bool confusable = restore != Restore::Never && literals_.contains(text);
      if (!given_.contains(text) && !confusable) break;
    }
    given_.insert(text);
    entries_.push_back({std::move(text), std::string(original), restore, {}});
  }
  RestoreEntry& entry = entries_[known->second];
  entry.restore = std::max(entry.restore, restore);  // ordered by strictness
  if (entry.restore == Restore::SameHost) {
    for (const std::string& host : hosts) {
      if (std::ranges::find(entry.hosts, host) == entry.hosts.end()) entry.hosts.push_back(host);
    }
  }
  return entry.placeholder;
}

std::vector<std::string> url_hosts(std::string_view text) {
  static constexpr std::size_t kMostHosts = 64;
  static constexpr std::size_t kLongestAuthority = 512;
  std::vector<std::string> hosts;
  for (std::size_t at = text.find("://"); at != std::string_view::npos && hosts.size() < kMostHosts;
       at = text.find("://", at + 3)) {
    std::string_view authority = text.substr(at + 3, kLongestAuthority);
    authority = authority.substr(0, authority.find_first_of("/?#\\ \t\r\n\"'<>`)"));
    if (const std::size_t user = authority.rfind('@'); user != std::string_view::npos) {
      authority.remove_prefix(user + 1);
    }
    authority = authority.starts_with('[') ? authority.substr(0, authority.find(']') + 1)
                                           : authority.substr(0, authority.find_first_of(":,;"));
    while (authority.ends_with('.')) authority.remove_suffix(1);
    if (authority.empty()) continue;
    std::string host = lowered(authority);
    if (std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(std::move(host));
  }
  return hosts;
}

}  // namespace customhouse::policy
