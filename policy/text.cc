#include "policy/text.h"

#include <algorithm>

namespace customhouse::policy {
namespace {

constexpr bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

template <class Keep>
std::string filtered(std::string_view text, Keep keep) {
  std::string out;
  out.reserve(text.size());
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), keep);
  return out;
}

}  // namespace

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

std::string uppered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_upper);
  return out;
}

std::string digits_of(std::string_view text) {
  return filtered(text, is_digit);
}
std::string alnum_of(std::string_view text) {
  return filtered(text, is_alnum);
}

bool contains_ignoring_case(std::string_view text, std::string_view lower_literal) noexcept {
  return std::search(text.begin(), text.end(), lower_literal.begin(), lower_literal.end(),
                     [](char a, char b) { return to_lower(a) == b; }) != text.end();
}

CodePoint decode_utf8(std::string_view text, std::size_t at) noexcept {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || lead > 0xF4 || at + length > text.size()) return {lead, 1, false};
  std::uint32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[at + i])) return {lead, 1, false};
    value = value << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  }
  static constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
    return {lead, 1, false};
  }
  return {value, static_cast<std::uint8_t>(length), true};
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

std::size_t character_begin(std::string_view text, std::size_t at) noexcept {
  for (std::size_t back = 0; back < 4 && back <= at && at < text.size(); ++back) {
    if (is_continuation(text[at - back])) continue;
    const CodePoint point = decode_utf8(text, at - back);
    return point.valid && point.length > back ? at - back : at;
  }
  return at;
}

std::size_t character_end(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size()) return text.size();
  const std::size_t begin = character_begin(text, at);
  return begin == at ? at : begin + decode_utf8(text, begin).length;
}

bool token_begins(std::string_view text, std::size_t at) noexcept {
  if (at == 0) return true;
  const char before = text[at - 1];
  if (!is_alnum(before) && before != '_') return true;
  return at >= 2 && text[at - 2] == '\\' &&
         (before == 'n' || before == 't' || before == 'r' || before == 'b' || before == 'f');
}

bool token_ends(std::string_view text, std::size_t at) noexcept {
  return at >= text.size() || (!is_alnum(text[at]) && text[at] != '_');
}

}  // namespace customhouse::policy
