#include "policy/base64.h"

#include <array>
#include <cstdint>

#include "policy/text.h"

namespace customhouse::policy {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < 64; ++i) {
    values[static_cast<unsigned char>(kStandard[i])] = static_cast<std::int8_t>(i);
    values[static_cast<unsigned char>(kUrl[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto kValues = make_values();

constexpr bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20 && !is_space(c)) || c == 0x7F;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  std::size_t digits = 0, padding = 0;
  for (const char c : text) {
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    const int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++digits % 4 == 0) {
      out.push_back(static_cast<char>(bits >> 16));
      out.push_back(static_cast<char>(bits >> 8));
      out.push_back(static_cast<char>(bits));
    }
  }
  if (padding > 0 && (digits + padding) % 4 != 0) return std::nullopt;
  switch (digits % 4) {
    case 1:
      return std::nullopt;
    case 2:
      out.push_back(static_cast<char>(bits >> 4));
      break;
    case 3:
      out.push_back(static_cast<char>(bits >> 10));
      out.push_back(static_cast<char>(bits >> 2));
      break;
    default:
      break;
  }
  return out;
}

std::optional<std::string> decode_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string encode_base64(std::string_view bytes, bool url_alphabet, bool padded) {
  const std::string_view alphabet = url_alphabet ? kUrl : kStandard;
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      if (k <= count) {
        out.push_back(alphabet[bits >> (18 - 6 * k) & 63]);
      } else if (padded) {
        out.push_back('=');
      }
    }
  }
  return out;
}

std::string encode_hex(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

bool is_readable_text(std::string_view bytes) noexcept {
  for (std::size_t at = 0; at < bytes.size();) {
    if (is_ascii(bytes[at])) {
      if (is_control(bytes[at])) return false;
      ++at;
      continue;
    }
    const CodePoint point = decode_utf8(bytes, at);
    if (!point.valid) return false;
    at += point.length;
  }
  return true;
}

bool begins_readable(std::string_view base64) noexcept {
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : base64.substr(0, 12)) {
    const int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if ((have += 6) < 8) continue;
    have -= 8;
    if (is_control(static_cast<char>(bits >> have))) return false;
  }
  return true;
}

}  // namespace customhouse::policy
