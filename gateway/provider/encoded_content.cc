#include "gateway/provider/encoded_content.h"

#include <algorithm>
#include <array>

#include "gateway/provider/json_text.h"

namespace customhouse::provider {

namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kBad = 255, kSpace = 254, kPad = 253;

constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kBad);
  for (std::size_t i = 0; i < 64; ++i) {
    values[static_cast<unsigned char>(kStandard[i])] = static_cast<std::uint8_t>(i);
    values[static_cast<unsigned char>(kUrl[i])] = static_cast<std::uint8_t>(i);
  }
  for (const char c : std::string_view(" \t\r\n")) values[static_cast<unsigned char>(c)] = kSpace;
  values['='] = kPad;
  return values;
}();

bool equals_ignoring_case(std::string_view a, std::string_view lower) noexcept {
  return std::ranges::equal(a, lower, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 0x20) : x) == y;
  });
}

struct Magic {
  std::size_t at;
  std::string_view bytes;
  ContentKind kind;
};
using namespace std::string_view_literals;
constexpr std::array kMagics = {
    Magic{0, "\x89PNG\r\n\x1a\n"sv, ContentKind::Image},
    Magic{0, "\xFF\xD8\xFF"sv, ContentKind::Image},  // JPEG
    Magic{0, "GIF87a"sv, ContentKind::Image},
    Magic{0, "GIF89a"sv, ContentKind::Image},
    Magic{8, "WEBP"sv, ContentKind::Image},  // behind "RIFF" and a length
    Magic{4, "ftypavif"sv, ContentKind::Image},
    Magic{4, "ftypheic"sv, ContentKind::Image},
    Magic{4, "ftypheix"sv, ContentKind::Image},
    Magic{4, "ftypmif1"sv, ContentKind::Image},
    Magic{0, "II*\0"sv, ContentKind::Image},  // TIFF
    Magic{0, "MM\0*"sv, ContentKind::Image},
    Magic{0, "\0\0\1\0"sv, ContentKind::Image},  // ICO
    Magic{8, "WAVE"sv, ContentKind::Audio},
    Magic{0, "ID3"sv, ContentKind::Audio},  // MP3
    Magic{0, "\xFF\xFB"sv, ContentKind::Audio},
    Magic{0, "\xFF\xF3"sv, ContentKind::Audio},
    Magic{0, "\xFF\xF2"sv, ContentKind::Audio},
    Magic{0, "\xFF\xF1"sv, ContentKind::Audio},  // AAC
    Magic{0, "fLaC"sv, ContentKind::Audio},
    Magic{0, "OggS"sv, ContentKind::Audio},
    Magic{4, "ftypM4A"sv, ContentKind::Audio},
    Magic{8, "AVI "sv, ContentKind::Video},
    Magic{4, "ftyp"sv, ContentKind::Video},              // MP4, MOV
    Magic{0, "\x1A\x45\xDF\xA3"sv, ContentKind::Video},  // WebM, Matroska
    Magic{0, "%PDF-"sv, ContentKind::Pdf},
};

}  // namespace

std::optional<Base64Text> decode_base64(std::string_view text) {
  Base64Text result;
  result.bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  std::size_t count = 0;
  std::size_t pads = 0;
  bool standard = false;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kSpace) continue;
    if (value == kBad) return std::nullopt;
    if (value == kPad) {
      if (++pads > 2) return std::nullopt;
      continue;
    }
    if (pads != 0) return std::nullopt;
    if (c == '+' || c == '/') standard = true;
    if (c == '-' || c == '_') result.url_alphabet = true;
    bits = (bits << 6) | value;
    if (++count % 4 == 0) {
      result.bytes += static_cast<char>((bits >> 16) & 0xFF);
      result.bytes += static_cast<char>((bits >> 8) & 0xFF);
      result.bytes += static_cast<char>(bits & 0xFF);
    }
  }
  if (count < 2 || count % 4 == 1 || (standard && result.url_alphabet)) return std::nullopt;
  if (pads != 0 && (count + pads) % 4 != 0) return std::nullopt;
  if (count % 4 == 2) {
    result.bytes += static_cast<char>((bits >> 4) & 0xFF);
  } else if (count % 4 == 3) {
    result.bytes += static_cast<char>((bits >> 10) & 0xFF);
    result.bytes += static_cast<char>((bits >> 2) & 0xFF);
  }
  result.padded = pads != 0 || count % 4 == 0;
  return result;
}

std::string encode_base64(std::string_view bytes, bool url_alphabet, bool padded) {
  const std::string_view alphabet = url_alphabet ? kUrl : kStandard;
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i) {
      group = (group << 8) | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      if (i <= count) {
        result += alphabet[(group >> (18 - 6 * i)) & 0x3F];
      } else if (padded) {
        result += '=';
      }
    }
  }
  return result;
}

std::optional<DataUrl> parse_data_url(std::string_view text) noexcept {
  constexpr std::string_view kScheme = "data:";
  constexpr std::string_view kMarker = ";base64";
  constexpr std::size_t kMaxHead = 1024;  // media type and parameters
  if (text.size() < kScheme.size() ||
      !equals_ignoring_case(text.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const std::size_t comma = text.substr(0, kMaxHead).find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view head = text.substr(kScheme.size(), comma - kScheme.size());
  if (head.size() < kMarker.size() ||
      !equals_ignoring_case(head.substr(head.size() - kMarker.size()), kMarker)) {
    return std::nullopt;
  }
  head.remove_suffix(kMarker.size());
  return DataUrl{head.substr(0, head.find(';')), comma + 1};
}

bool is_readable_text(std::string_view bytes) noexcept {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || byte == 0x7F)
      return false;
  }
  return is_valid_utf8(bytes);
}

ContentKind sniff(std::string_view bytes) noexcept {
  if (is_readable_text(bytes)) return ContentKind::Text;
  for (const Magic& magic : kMagics) {
    if (bytes.size() >= magic.at && bytes.substr(magic.at).starts_with(magic.bytes))
      return magic.kind;
  }
  return ContentKind::Binary;
}

ContentKind declared_kind(std::string_view media_type) noexcept {
  if (media_type.starts_with("image/")) return ContentKind::Image;
  if (media_type.starts_with("audio/")) return ContentKind::Audio;
  if (media_type.starts_with("video/")) return ContentKind::Video;
  if (media_type == "application/pdf") return ContentKind::Pdf;
  for (const std::string_view format : {"wav", "mp3", "flac", "opus", "pcm16", "aac"}) {
    if (media_type == format) return ContentKind::Audio;
  }
  return ContentKind::Binary;
}

std::string_view skip_reason(ContentKind kind) noexcept {
  switch (kind) {
    case ContentKind::Text:
      break;
    case ContentKind::Image:
      return "image";
    case ContentKind::Audio:
      return "audio";
    case ContentKind::Video:
      return "video";
    case ContentKind::Pdf:
      return "pdf";
    case ContentKind::Binary:
      return "binary";
  }
  return "binary";
}

}  // namespace customhouse::provider
