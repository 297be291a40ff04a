#include "gateway/provider/json_text.h"

#include <algorithm>
#include <cstring>

namespace customhouse::provider {

namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;

unsigned byte_at(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]);
}

unsigned hex4(std::string_view digits) noexcept {
  unsigned value = 0;
  for (const char c : digits.substr(0, 4)) {
    const unsigned digit =
        c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a' + 10);
    value = value * 16 + digit;
  }
  return value;
}

std::size_t put_utf8(unsigned code_point, char* out) noexcept {
  const auto put = [&](std::size_t i, unsigned byte) { out[i] = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(0, code_point);
    return 1;
  }
  if (code_point < 0x800) {
    put(0, 0xC0 | (code_point >> 6));
    put(1, 0x80 | (code_point & 0x3F));
    return 2;
  }
  if (code_point < 0x10000) {
    put(0, 0xE0 | (code_point >> 12));
    put(1, 0x80 | ((code_point >> 6) & 0x3F));
    put(2, 0x80 | (code_point & 0x3F));
    return 3;
  }
  put(0, 0xF0 | (code_point >> 18));
  put(1, 0x80 | ((code_point >> 12) & 0x3F));
  put(2, 0x80 | ((code_point >> 6) & 0x3F));
  put(3, 0x80 | (code_point & 0x3F));
  return 4;
}

struct Escape {
  std::size_t raw = 2;      // bytes of the escape in the raw string
  std::size_t decoded = 1;  // bytes written
};

/// The escape at the front of `raw`, which the scanner has accepted.
Escape decode_escape(std::string_view raw, char* out) noexcept {
  switch (raw[1]) {
    case 'b':
      out[0] = '\b';
      return {};
    case 'f':
      out[0] = '\f';
      return {};
    case 'n':
      out[0] = '\n';
      return {};
    case 'r':
      out[0] = '\r';
      return {};
    case 't':
      out[0] = '\t';
      return {};
    case 'u':
      break;
    default:
      out[0] = raw[1];
      return {};
  }
  unsigned code_point = hex4(raw.substr(2));
  if (code_point < 0xD800 || code_point > 0xDBFF) return {6, put_utf8(code_point, out)};
  const unsigned low = hex4(raw.substr(8));
  code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
  return {12, put_utf8(code_point, out)};
}

}  // namespace

std::size_t utf8_sequence_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const unsigned lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  const auto trails = [&](std::size_t count) {
    if (text.size() <= count) return false;
    for (std::size_t i = 1; i <= count; ++i) {
      if ((byte_at(text, i) & 0xC0) != 0x80) return false;
    }
    return true;
  };
  if (lead >= 0xC2 && lead <= 0xDF) return trails(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!trails(2)) return 0;
    const unsigned second = byte_at(text, 1);
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!trails(3)) return 0;
    const unsigned second = byte_at(text, 1);
    const bool overlong = lead == 0xF0 && second < 0x90;
    const bool too_large = lead == 0xF4 && second >= 0x90;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

bool is_valid_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & kHighBits) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::size_t decode_json_string(std::string_view raw, char* out) noexcept {
  char* const begin = out;
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t backslash = std::min(raw.find('\\', at), raw.size());
    std::memcpy(out, raw.data() + at, backslash - at);
    out += backslash - at;
    at = backslash;
    if (at == raw.size()) break;
    const Escape escape = decode_escape(raw.substr(at), out);
    at += escape.raw;
    out += escape.decoded;
  }
  return static_cast<std::size_t>(out - begin);
}

std::string decode_json_string(std::string_view raw) {
  std::string text(raw.size(), '\0');
  text.resize(decode_json_string(raw, text.data()));
  return text;
}

void append_json_escaped(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        continue;
      case '\\':
        out += "\\\\";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xF];
    } else {
      out += c;
    }
  }
}

std::string json_escaped(std::string_view text, int times) {
  std::string result(text);
  for (int i = 0; i < times; ++i) {
    std::string escaped;
    escaped.reserve(result.size());
    append_json_escaped(escaped, result);
    result = std::move(escaped);
  }
  return result;
}

std::vector<policy::Edit> edits_in_raw(std::string_view raw, std::span<const policy::Edit> edits,
                                       std::size_t base) {
  std::vector<policy::Edit> result;
  result.reserve(edits.size());
  std::size_t raw_at = 0;
  std::size_t decoded_at = 0;
  std::size_t unit_raw = 0;      // the escape stepped over last: where it begins …
  std::size_t unit_decoded = 0;  // … raw and decoded
  // Looked for once, not again for each edit in front of it.
  std::size_t next_escape = std::min(raw.find('\\'), raw.size());
  // Walks to the first unit edge at or behind `target`, an offset into the decoded text.
  const auto walk_to = [&](std::size_t target) {
    while (decoded_at < target && raw_at < raw.size()) {
      if (raw[raw_at] != '\\') {
        if (next_escape < raw_at) next_escape = std::min(raw.find('\\', raw_at), raw.size());
        const std::size_t step = std::min(next_escape - raw_at, target - decoded_at);
        raw_at += step;
        decoded_at += step;
        unit_raw = raw_at;
        unit_decoded = decoded_at;
        continue;
      }
      char buffer[4];
      unit_raw = raw_at;
      unit_decoded = decoded_at;
      const Escape escape = decode_escape(raw.substr(raw_at), buffer);
      raw_at += escape.raw;
      decoded_at += escape.decoded;
    }
  };
  for (const policy::Edit& edit : edits) {
    walk_to(edit.begin);
    std::size_t begin = decoded_at > edit.begin ? unit_raw : raw_at;
    walk_to(edit.end);
    // Two edits inside one escape: the first one takes it whole.
    if (!result.empty()) begin = std::max(begin, result.back().end - base);
    result.push_back({base + begin, base + std::max(begin, raw_at), json_escaped(edit.text)});
  }
  return result;
}

}  // namespace customhouse::provider
