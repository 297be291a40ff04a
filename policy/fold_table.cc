#include "policy/fold_table.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace customhouse::policy {
namespace {

Folded one(std::uint32_t c) noexcept {
  Folded f{Folded::Kind::Text, {}, 1};
  f.text[0] = static_cast<char>(c);
  return f;
}
Folded letters(std::string_view text) noexcept {
  Folded f{Folded::Kind::Text, {}, static_cast<std::uint8_t>(text.size())};
  std::copy(text.begin(), text.end(), f.text);
  return f;
}
constexpr Folded kDrop{Folded::Kind::Drop, {}, 0};

bool is_invisible(std::uint32_t c) noexcept {
  return c == 0xAD || c == 0x34F || c == 0x61C || c == 0x115F || c == 0x1160 || c == 0x17B4 ||
         c == 0x17B5 || (c >= 0x180B && c <= 0x180F) || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0x3164 ||
         (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || c == 0xFFA0 ||
         (c >= 0xE0000 && c <= 0xE007F) || (c >= 0xE0100 && c <= 0xE01EF);
}

/// Digit zero of every decimal run (Unicode Nd) that is not handled elsewhere, ascending.
constexpr auto kZeros = std::to_array<std::uint32_t>(
    {0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66,
     0x0CE6,  0x0D66,  0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,
     0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,
     0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136,
     0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50,
     0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0});

struct Pair {
  std::uint32_t from;
  char to;
};

constexpr auto kSingles = std::to_array<Pair>({
    {0x00B2, '2'},  {0x00B3, '3'},  {0x00B9, '1'},  {0x0131, 'i'},  {0x017F, 's'},  {0x0237, 'j'},
    {0x2010, '-'},  {0x2011, '-'},  {0x2012, '-'},  {0x2013, '-'},  {0x2014, '-'},  {0x2015, '-'},
    {0x2018, '\''}, {0x2019, '\''}, {0x201A, '\''}, {0x201B, '\''}, {0x201C, '"'},  {0x201D, '"'},
    {0x201E, '"'},  {0x201F, '"'},  {0x2024, '.'},  {0x2043, '-'},  {0x2044, '/'},  {0x204E, '*'},
    {0x2070, '0'},  {0x2071, 'i'},  {0x207A, '+'},  {0x207B, '-'},  {0x207C, '='},  {0x207D, '('},
    {0x207E, ')'},  {0x207F, 'n'},  {0x208A, '+'},  {0x208B, '-'},  {0x208C, '='},  {0x208D, '('},
    {0x208E, ')'},  {0x2102, 'C'},  {0x210A, 'g'},  {0x210B, 'H'},  {0x210C, 'H'},  {0x210D, 'H'},
    {0x210E, 'h'},  {0x2110, 'I'},  {0x2111, 'I'},  {0x2112, 'L'},  {0x2113, 'l'},  {0x2115, 'N'},
    {0x2119, 'P'},  {0x211A, 'Q'},  {0x211B, 'R'},  {0x211C, 'R'},  {0x211D, 'R'},  {0x2124, 'Z'},
    {0x2128, 'Z'},  {0x212A, 'K'},  {0x212B, 'A'},  {0x212C, 'B'},  {0x212D, 'C'},  {0x212F, 'e'},
    {0x2130, 'E'},  {0x2131, 'F'},  {0x2133, 'M'},  {0x2134, 'o'},  {0x2139, 'i'},  {0x2145, 'D'},
    {0x2146, 'd'},  {0x2147, 'e'},  {0x2148, 'i'},  {0x2149, 'j'},  {0x2212, '-'},  {0x2215, '/'},
    {0x2236, ':'},  {0x24EA, '0'},  {0x24FF, '0'},  {0xFE50, ','},  {0xFE52, '.'},  {0xFE54, ';'},
    {0xFE55, ':'},  {0xFE56, '?'},  {0xFE57, '!'},  {0xFE58, '-'},  {0xFE59, '('},  {0xFE5A, ')'},
    {0xFE5B, '{'},  {0xFE5C, '}'},  {0xFE5F, '#'},  {0xFE60, '&'},  {0xFE61, '*'},  {0xFE62, '+'},
    {0xFE63, '-'},  {0xFE64, '<'},  {0xFE65, '>'},  {0xFE66, '='},  {0xFE68, '\\'}, {0xFE69, '$'},
    {0xFE6A, '%'},  {0xFE6B, '@'},
});

/// A run of characters that stand for consecutive ASCII characters.
struct Run {
  std::uint32_t first, last;
  char to;
};
constexpr auto kRuns = std::to_array<Run>({
    {0x2074, 0x2079, '4'},
    {0x2080, 0x2089, '0'},
    {0x2460, 0x2468, '1'},
    {0x2474, 0x247C, '1'},
    {0x2488, 0x2490, '1'},
    {0x249C, 0x24B5, 'a'},
    {0x24B6, 0x24CF, 'A'},
    {0x24D0, 0x24E9, 'a'},
    {0x24F5, 0x24FD, '1'},
    {0x2776, 0x277E, '1'},
    {0x2780, 0x2788, '1'},
    {0x278A, 0x2792, '1'},
    {0xFF01, 0xFF5E, '!'},
    {0x1F101, 0x1F10A, '0'},
    {0x1F110, 0x1F129, 'A'},
    {0x1F130, 0x1F149, 'A'},
    {0x1F150, 0x1F169, 'A'},
    {0x1F170, 0x1F189, 'A'},
});

Folded fold_mathematical(std::uint32_t c) noexcept {
  if (c <= 0x1D6A3) {  // 13 alphabets of A–Z a–z
    const std::uint32_t letter = (c - 0x1D400) % 52;
    return one(letter < 26 ? 'A' + letter : 'a' + letter - 26);
  }
  if (c == 0x1D6A4) return one('i');
  if (c == 0x1D6A5) return one('j');
  return c >= 0x1D7CE ? one('0' + (c - 0x1D7CE) % 10) : Folded{};
}

constexpr auto kLookalikes = std::to_array<Pair>({
    {0x0251, 'a'}, {0x0261, 'g'}, {0x0269, 'i'}, {0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'},
    {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'}, {0x039A, 'K'}, {0x039C, 'M'}, {0x039D, 'N'},
    {0x039F, 'O'}, {0x03A1, 'P'}, {0x03A4, 'T'}, {0x03A5, 'Y'}, {0x03A7, 'X'}, {0x03B1, 'a'},
    {0x03B3, 'y'}, {0x03B9, 'i'}, {0x03BA, 'k'}, {0x03BD, 'v'}, {0x03BF, 'o'}, {0x03C1, 'p'},
    {0x03C3, 'o'}, {0x03C5, 'u'}, {0x03C7, 'x'}, {0x03F2, 'c'}, {0x03F3, 'j'}, {0x03F9, 'C'},
    {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'}, {0x0410, 'A'}, {0x0412, 'B'}, {0x0415, 'E'},
    {0x0417, '3'}, {0x041A, 'K'}, {0x041C, 'M'}, {0x041D, 'H'}, {0x041E, 'O'}, {0x0420, 'P'},
    {0x0421, 'C'}, {0x0422, 'T'}, {0x0423, 'Y'}, {0x0425, 'X'}, {0x0430, 'a'}, {0x0435, 'e'},
    {0x043E, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'},
    {0x0456, 'i'}, {0x0458, 'j'}, {0x0475, 'v'}, {0x04AE, 'Y'}, {0x04BB, 'h'}, {0x04C0, 'I'},
    {0x04CF, 'l'}, {0x0501, 'd'}, {0x051A, 'Q'}, {0x051B, 'q'}, {0x051C, 'W'}, {0x051D, 'w'},
    {0x0555, 'O'}, {0x0570, 'h'}, {0x0578, 'n'}, {0x057D, 'u'}, {0x0585, 'o'}, {0x3002, '.'},
});

char find_pair(const Pair* begin, const Pair* end, std::uint32_t c) noexcept {
  const Pair* found = std::lower_bound(
      begin, end, c, [](const Pair& pair, std::uint32_t value) { return pair.from < value; });
  return found != end && found->from == c ? found->to : '\0';
}

}  // namespace

Folded fold_compatibility(std::uint32_t c) noexcept {
  // Most text that is not ASCII: CJK, kana, Hangul.
  if (c >= 0x3041 && c < 0xF900 && c != 0x3164 && (c < 0xA620 || c > 0xABF9)) return {};
  if (is_invisible(c)) return kDrop;
  if (c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000 ||
      c == 0x1680) {
    return one(' ');
  }
  if (c >= 0x1D400 && c <= 0x1D7FF) return fold_mathematical(c);
  for (const Run& run : kRuns) {
    if (c >= run.first && c <= run.last) {
      return one(static_cast<unsigned char>(run.to) + (c - run.first));
    }
  }
  static constexpr std::array<std::string_view, 7> kLigatures = {"ff",  "fi", "fl", "ffi",
                                                                 "ffl", "st", "st"};
  if (c >= 0xFB00 && c <= 0xFB06) return letters(kLigatures[c - 0xFB00]);
  if (const char single = find_pair(kSingles.begin(), kSingles.end(), c); single != '\0') {
    return one(static_cast<unsigned char>(single));
  }
  const auto* zero = std::upper_bound(kZeros.begin(), kZeros.end(), c);
  if (zero != kZeros.begin() && c - *std::prev(zero) < 10) return one('0' + (c - *std::prev(zero)));
  return {};
}

char latin_lookalike(std::uint32_t c) noexcept {
  if (c > 0x3002 || c < 0x0251) return '\0';
  return find_pair(kLookalikes.begin(), kLookalikes.end(), c);
}

}  // namespace customhouse::policy
