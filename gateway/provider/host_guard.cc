#include "gateway/provider/host_guard.h"

#include <algorithm>
#include <array>

namespace customhouse::provider {

namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_alpha(char c) noexcept {
  return lower(c) >= 'a' && lower(c) <= 'z';
}

/// Bytes of an authority: everything up to path, query, fragment, white space or a quote.
bool in_authority(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && std::string_view("/?#\"'`<>(){}|^,;").find(c) == std::string_view::npos;
}

/// The host of an authority, lower case: without userinfo, port and trailing dot.
std::string host_of(std::string_view authority) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos)
    authority.remove_prefix(at + 1);
  if (authority.starts_with('[')) {
    authority = authority.substr(1, authority.find(']') - 1);
  } else {
    authority = authority.substr(0, authority.find(':'));
  }
  while (authority.ends_with('.')) authority.remove_suffix(1);
  std::string host(authority);
  std::ranges::transform(host, host.begin(), lower);
  return host;
}

bool is_allowed(std::string_view authority, const std::vector<std::string>& hosts) {
  return std::ranges::find(hosts, host_of(authority)) != hosts.end();
}

bool urls_are_allowed(std::string_view text, const std::vector<std::string>& hosts, bool prose) {
  constexpr std::string_view kMark = "://";
  for (std::size_t at = text.find(kMark); at != std::string_view::npos;
       at = text.find(kMark, at + 1)) {
    const std::string_view rest = text.substr(at + kMark.size());
    // In prose a backslash belongs to it, since clients disagree where "https://a\\@b/" leads; in
    // arguments it is part of an escape, and the next level is looked at as well.
    const auto end = std::ranges::find_if_not(
        rest, [&](char c) { return in_authority(c) && (prose || c != '\\'); });
    // The authority runs up to the placeholder: what follows decides where it leads.
    if (end == rest.end() && prose) return false;
    const auto size = static_cast<std::size_t>(end - rest.begin());
    if (!is_allowed(rest.substr(0, size), hosts)) return false;
  }
  return true;
}

/// Undoes JSON escapes once, leniently: what is malformed stays.
std::string unescaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'u' && text.size() - i > 4) {
      unsigned value = 0;
      bool hex = true;
      for (std::size_t k = 1; k <= 4; ++k) {
        const char digit = lower(text[i + k]);
        hex = hex && (is_digit(digit) || (digit >= 'a' && digit <= 'f'));
        value =
            value * 16 + static_cast<unsigned>(is_digit(digit) ? digit - '0' : digit - 'a' + 10);
      }
      if (hex) {
        result += value < 0x80 ? static_cast<char>(value) : '?';
        i += 4;
        continue;
      }
    }
    result += c == 'n' || c == 't' || c == 'r' ? ' ' : c;
  }
  return result;
}

bool is_word(char c) noexcept {
  return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
}

bool is_network_command(std::string_view word) noexcept {
  constexpr std::array<std::string_view, 26> kCommands = {
      "curl",   "wget",     "nc",     "ncat",     "netcat",
      "ssh",    "scp",      "sftp",   "ftp",      "http",
      "https",  "telnet",   "rsync",  "socat",    "dig",
      "host",   "nslookup", "ping",   "hostname", "url",
      "domain", "endpoint", "server", "openssl",  "invoke-webrequest",
      "iwr"};
  std::string name(word);
  std::ranges::transform(name, name.begin(), lower);
  return std::ranges::find(kCommands, name) != kCommands.end();
}

/// Two or more labels, the last alphabetic; or an IPv4 address.
bool looks_like_host(std::string_view word) noexcept {
  const std::size_t dot = word.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view last = word.substr(dot + 1);
  if (last.size() >= 2 && std::ranges::all_of(last, is_alpha)) return true;
  return std::ranges::count(word, '.') == 3 &&
         std::ranges::all_of(word, [](char c) { return is_digit(c) || c == '.'; }) &&
         is_digit(word.back());
}

bool bare_hosts_are_allowed(std::string_view text, const std::vector<std::string>& hosts) {
  bool network = false, foreign = false;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    std::string_view word = text.substr(at, end - at);
    while (word.ends_with('.')) word.remove_suffix(1);
    network = network || is_network_command(word);
    foreign = foreign || (looks_like_host(word) && !is_allowed(word, hosts));
    at = end;
  }
  return !network || !foreign;
}

}  // namespace

bool may_stand_in_run(std::string_view run, const std::vector<std::string>& hosts) {
  return urls_are_allowed(run, hosts, true);
}

bool may_stand_in_arguments(std::string_view arguments, const std::vector<std::string>& hosts) {
  // Arguments are JSON, and strings in them may be JSON again: look at each level of escapes.
  constexpr int kLevels = 4;
  std::string text(arguments);
  for (int level = 0; level < kLevels; ++level) {
    std::string next = unescaped(text);
    const bool plain = next == text;
    if (plain || level > 0) {
      if (!urls_are_allowed(text, hosts, false) || !bare_hosts_are_allowed(text, hosts))
        return false;
    }
    if (plain) return true;
    text = std::move(next);
  }
  return urls_are_allowed(text, hosts, false) && bare_hosts_are_allowed(text, hosts);
}

}  // namespace customhouse::provider
