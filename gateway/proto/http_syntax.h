// Character classes and small words of HTTP's grammar (RFC 9110 §5.6, RFC 9112 §3).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace customhouse::proto {

inline constexpr auto kTokenTable = [] {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

inline bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!kTokenTable[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

/// No control character but HTAB; bytes above 0x7f are opaque (RFC 9110 §5.5). No early exit, so
/// that the compiler makes vectors of it.
inline bool is_field_value(std::string_view text) noexcept {
  unsigned bad = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= static_cast<unsigned>(byte < 0x20) & static_cast<unsigned>(byte != '\t');
    bad |= static_cast<unsigned>(byte == 0x7f);
  }
  return bad == 0;
}

/// Visible ASCII without a fragment: what a request target may consist of.
inline bool is_target(std::string_view text) noexcept {
  unsigned bad = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= static_cast<unsigned>(byte <= 0x20) | static_cast<unsigned>(byte >= 0x7f) |
           static_cast<unsigned>(byte == '#');
  }
  return bad == 0 && !text.empty();
}

inline std::string_view trim_ows(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

inline constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Calls `use(element)` for each non-empty element of a comma-separated list (RFC 9110 §5.6.1).
template <typename Use>
void for_each_element(std::string_view list, Use&& use) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t comma = std::min(list.find(',', begin), list.size());
    const std::string_view element = trim_ows(list.substr(begin, comma - begin));
    if (!element.empty()) use(element);
    begin = comma + 1;
  }
}

}  // namespace customhouse::proto
