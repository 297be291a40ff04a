// Byte classes and UTF-8 steps shared by the detectors. ASCII only, locale-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace customhouse::policy {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_alpha(char c) noexcept {
  return is_upper(c) || is_lower(c);
}
constexpr bool is_alnum(char c) noexcept {
  return is_alpha(c) || is_digit(c);
}
constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
constexpr bool is_ascii(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x80;
}
constexpr char to_lower(char c) noexcept {
  return is_upper(c) ? static_cast<char>(c | 0x20) : c;
}
constexpr char to_upper(char c) noexcept {
  return is_lower(c) ? static_cast<char>(c & ~0x20) : c;
}

/// Value of a hex digit, -1 for any other byte.
constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string lowered(std::string_view text);
std::string uppered(std::string_view text);
std::string digits_of(std::string_view text);
std::string alnum_of(std::string_view text);
bool contains_ignoring_case(std::string_view text, std::string_view lower_literal) noexcept;

/// One code point at `at`. Invalid UTF-8 gives the byte itself with `valid` false and length 1.
struct CodePoint {
  std::uint32_t value = 0;
  std::uint8_t length = 1;
  bool valid = false;
};
CodePoint decode_utf8(std::string_view text, std::size_t at) noexcept;
void append_utf8(std::string& out, std::uint32_t code_point);

/// Moves an offset outwards to the edge of the UTF-8 character it stands in.
std::size_t character_begin(std::string_view text, std::size_t at) noexcept;
std::size_t character_end(std::string_view text, std::size_t at) noexcept;

/// Whether a token may begin (end) at `at`: not inside a longer alphanumeric word. The letter of a
/// literal escape such as \n does not count as part of a word.
bool token_begins(std::string_view text, std::size_t at) noexcept;
bool token_ends(std::string_view text, std::size_t at) noexcept;

}  // namespace customhouse::policy
