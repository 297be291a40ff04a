#include "policy/normalizer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "policy/fold_table.h"
#include "policy/text.h"

namespace customhouse::policy {

const MappedText::Segment& MappedText::segment_of(std::size_t at) const noexcept {
  auto found =
      std::upper_bound(segments_.begin(), segments_.end(), at,
                       [](std::size_t value, const Segment& s) { return value < s.begin; });
  return *std::prev(found);
}

std::size_t MappedText::source_begin(std::size_t at) const noexcept {
  const Segment& s = segment_of(at);
  return s.source_length == 0 ? s.source + (at - s.begin) : s.source;
}

std::size_t MappedText::source_end(std::size_t at) const noexcept {
  if (at == 0) return source_begin(0);
  const Segment& s = segment_of(at - 1);
  return s.source_length == 0 ? s.source + (at - s.begin) : s.source + s.source_length;
}

std::size_t MappedText::from_source(std::size_t at) const noexcept {
  const auto after =
      std::upper_bound(segments_.begin(), segments_.end(), at,
                       [](std::size_t value, const Segment& s) { return value < s.source; });
  if (after == segments_.begin()) return 0;
  const Segment& s = *std::prev(after);
  if (s.source_length != 0) return s.begin;
  const std::size_t end = after == segments_.end() ? text.size() : after->begin;
  return std::min(end, s.begin + (at - s.source));
}

bool MappedText::is_verbatim(std::size_t begin, std::size_t end) const noexcept {
  if (begin >= end) return true;
  const Segment& s = segment_of(begin);
  return s.source_length == 0 && &s == &segment_of(end - 1);
}

std::vector<Window> MappedText::changes(std::size_t margin) const {
  std::vector<Window> ranges;
  const auto add = [&](std::size_t begin, std::size_t end) {
    begin = begin > margin ? begin - margin : 0;
    end = std::min(text.size(), end + margin);
    if (!ranges.empty() && begin <= ranges.back().end) {
      ranges.back().end = std::max(ranges.back().end, end);
    } else {
      ranges.push_back({begin, end});
    }
  };
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const bool verbatim = segments_[i].source_length == 0;
    const std::size_t end = i + 1 < segments_.size() ? segments_[i + 1].begin : text.size();
    // Something was dropped before a verbatim segment, unless it is the first from the start.
    if (verbatim && segments_[i].source == 0) continue;
    add(segments_[i].begin, verbatim ? segments_[i].begin : end);
  }
  add(text.size(), text.size());  // something may have been dropped at the end
  return ranges;
}

void MappedTextBuilder::copy_until(std::size_t at) {
  if (at == done_) return;
  result_.segments_.push_back(
      {static_cast<std::uint32_t>(result_.text.size()), static_cast<std::uint32_t>(done_), 0});
  result_.text.append(source_, done_, at - done_);
  done_ = at;
}

void MappedTextBuilder::replace(std::size_t begin, std::size_t end, std::string_view text) {
  if (!changed_) result_.text.reserve(source_.size());
  changed_ = true;
  copy_until(begin);
  if (!text.empty()) {
    result_.segments_.push_back({static_cast<std::uint32_t>(result_.text.size()),
                                 static_cast<std::uint32_t>(begin),
                                 static_cast<std::uint32_t>(end - begin)});
    result_.text.append(text);
  }
  done_ = end;
}

MappedText MappedTextBuilder::finish() {
  copy_until(source_.size());
  if (result_.segments_.empty()) result_.segments_.push_back({0, 0, 0});
  return std::move(result_);
}

namespace {

constexpr std::size_t kLargestText = std::numeric_limits<std::uint32_t>::max();

std::size_t next_non_ascii(std::string_view text, std::size_t at) noexcept {
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  while (at < text.size() && is_ascii(text[at])) ++at;
  return at;
}

/// Lookalikes are folded only inside a token that has ASCII letters or digits too and no other
/// foreign letter: a Russian or Greek word stays what it is.
class TokenJudge {
 public:
  explicit TokenJudge(std::string_view text) : text_(text) {}

  bool is_machine_token(std::size_t at) {
    if (at >= token_end_) judge(at);
    return verdict_;
  }

 private:
  static constexpr std::size_t kReach = 256;  // bytes looked at either side

  static bool joins(char c) noexcept {
    return is_alnum(c) || std::string_view("._-+@%:/=~").contains(c);
  }

  void judge(std::size_t at) {
    bool ascii = false, foreign = false;
    std::size_t begin = at;
    while (begin > 0 && at - begin < kReach && joins(text_[begin - 1])) {
      --begin;
      ascii = ascii || is_alnum(text_[begin]) || text_[begin] == '@';
    }
    std::size_t end = at;
    while (end < text_.size() && end - at < kReach) {
      const CodePoint point = decode_utf8(text_, end);
      if (!point.valid) break;
      if (point.value < 0x80) {
        if (!joins(text_[end])) break;
        ascii = ascii || is_alnum(text_[end]) || text_[end] == '@';
      } else if (latin_lookalike(point.value) == '\0') {
        const Folded folded = fold_compatibility(point.value);
        if (folded.kind == Folded::Kind::Text && folded.text[0] == ' ') break;
        if (folded.kind == Folded::Kind::Keep) {
          foreign = true;
          break;
        }
        ascii = ascii || folded.kind == Folded::Kind::Text;
      }
      end += point.length;
    }
    token_end_ = std::max(end, at + 1);
    verdict_ = ascii && !foreign && !(begin == at && foreign_before(at));
  }

  bool foreign_before(std::size_t at) const noexcept {
    if (at == 0 || is_ascii(text_[at - 1])) return false;
    const std::size_t begin = character_begin(text_, at - 1);
    const CodePoint point = decode_utf8(text_, begin);
    return point.valid && latin_lookalike(point.value) == '\0' &&
           fold_compatibility(point.value).kind == Folded::Kind::Keep;
  }

  std::string_view text_;
  std::size_t token_end_ = 0;
  bool verdict_ = false;
};

bool is_tag(const CodePoint& point) noexcept {
  return point.valid && point.value >= 0xE0020 && point.value <= 0xE007E;
}

/// A sentence written in tag characters (invisible ASCII) is text; a few belong to a flag emoji.
std::size_t tag_run_end(std::string_view text, std::size_t at) noexcept {
  static constexpr std::size_t kFlagTags = 6;
  std::size_t end = at;
  while (end < text.size()) {
    const CodePoint point = decode_utf8(text, end);
    if (!is_tag(point)) break;
    end += point.length;
  }
  return end - at > kFlagTags * 4 ? end : at;
}

struct NamedReference {
  std::string_view name;
  std::string_view text;
};
constexpr auto kReferences = std::to_array<NamedReference>(
    {{"amp", "&"},    {"apos", "'"},   {"ast", "*"},      {"bsol", "\\"},        {"colon", ":"},
     {"comma", ","},  {"commat", "@"}, {"dash", "-"},     {"dollar", "$"},       {"equals", "="},
     {"excl", "!"},   {"gt", ">"},     {"hyphen", "-"},   {"lbrack", "["},       {"lcub", "{"},
     {"lowbar", "_"}, {"lpar", "("},   {"lt", "<"},       {"nbsp", " "},         {"num", "#"},
     {"percnt", "%"}, {"period", "."}, {"plus", "+"},     {"quest", "?"},        {"quot", "\""},
     {"rbrack", "]"}, {"rcub", "}"},   {"rpar", ")"},     {"semi", ";"},         {"shy", ""},
     {"sol", "/"},    {"Tab", "\t"},   {"NewLine", "\n"}, {"ZeroWidthSpace", ""}});

struct Unescaped {
  std::size_t length = 0;  // of the escape; 0: none here
  std::string text;
};

/// `digits` hex digits at `at`, or none.
std::optional<std::uint32_t> hex_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = hex_value(text[at + i]);
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

Unescaped from_code_point(std::size_t length, std::uint32_t value) {
  if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000) || value == 0) return {};
  Unescaped result{length, {}};
  append_utf8(result.text, value);
  return result;
}

Unescaped percent_at(std::string_view text, std::size_t at) {
  if (at + 5 < text.size() && (text[at + 1] == 'u' || text[at + 1] == 'U')) {
    const auto value = hex_at(text, at + 2, 4);
    return value ? from_code_point(6, *value) : Unescaped{};
  }
  const auto value = hex_at(text, at + 1, 2);
  if (!value || *value == 0) return {};
  return {3, std::string(1, static_cast<char>(*value))};
}

Unescaped reference_at(std::string_view text, std::size_t at) {
  static constexpr std::size_t kLongest = 16;
  const std::string_view rest = text.substr(at + 1, kLongest);
  if (rest.starts_with('#')) {
    const bool hex = rest.size() > 1 && to_lower(rest[1]) == 'x';
    std::size_t i = hex ? 2 : 1;
    const std::size_t first = i;
    std::uint32_t value = 0;
    for (; i < rest.size() && i - first < 9; ++i) {
      const int digit = hex_value(rest[i]);
      if (digit < 0 || (!hex && digit > 9)) break;
      value = std::min<std::uint32_t>(0x110000,
                                      value * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit));
    }
    if (i == first) return {};
    const bool closed = i < rest.size() && rest[i] == ';';
    return from_code_point(1 + i + (closed ? 1 : 0), value);
  }
  const std::size_t end = rest.find(';');
  if (end == std::string_view::npos) return {};
  for (const NamedReference& reference : kReferences) {
    if (rest.substr(0, end) == reference.name) return {end + 2, std::string(reference.text)};
  }
  return {};
}

Unescaped unicode_escape_at(std::string_view text, std::size_t at) {
  if (at + 2 < text.size() && text[at + 2] == '{') {
    const std::size_t close = text.substr(0, std::min(text.size(), at + 12)).find('}', at);
    if (close == std::string_view::npos || close == at + 3) return {};
    const auto value = hex_at(text, at + 3, close - at - 3);
    return value ? from_code_point(close - at + 1, *value) : Unescaped{};
  }
  const auto value = hex_at(text, at + 2, 4);
  if (!value) return {};
  if (*value >= 0xD800 && *value < 0xDC00 && text.substr(at + 6).starts_with("\\u")) {
    const auto low = hex_at(text, at + 8, 4);
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      return from_code_point(12, 0x10000 + ((*value - 0xD800) << 10) + (*low - 0xDC00));
    }
  }
  return from_code_point(6, *value);
}

Unescaped backslash_at(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return {};
  switch (text[at + 1]) {
    case 'u':
      return unicode_escape_at(text, at);
    case 'U': {
      const auto value = hex_at(text, at + 2, 8);
      return value ? from_code_point(10, *value) : Unescaped{};
    }
    case 'x': {
      const auto value = hex_at(text, at + 2, 2);
      return value ? from_code_point(4, *value) : Unescaped{};
    }
    case '/':
      return {2, "/"};
    case '"':
      return {2, "\""};
    case '\\':
      return {2, "\\"};
    case 'n':
      return {2, "\n"};
    case 'r':
      return {2, "\r"};
    case 't':
      return {2, "\t"};
    default:
      return {};
  }
}

}  // namespace

std::optional<MappedText> fold_characters(std::string_view text) {
  if (text.size() >= kLargestText) return std::nullopt;
  MappedTextBuilder builder(text);
  TokenJudge judge(text);
  for (std::size_t at = next_non_ascii(text, 0); at < text.size(); at = next_non_ascii(text, at)) {
    const CodePoint point = decode_utf8(text, at);
    const std::size_t end = at + point.length;
    if (!point.valid) {
      at = end;
      continue;
    }
    if (is_tag(point)) {
      std::size_t tags_end = tag_run_end(text, at);
      for (; at < tags_end; at += 4) {
        const char c = static_cast<char>(decode_utf8(text, at).value - 0xE0000);
        builder.replace(at, at + 4, {&c, 1});
      }
      if (tags_end == end - point.length) {
        // Too few for a sentence: all of them vanish, so that the run is looked at once.
        builder.replace(at, end, {});
        at = end;
      }
      continue;
    }
    const Folded folded = fold_compatibility(point.value);
    if (folded.kind != Folded::Kind::Keep) {
      builder.replace(at, end, folded.view());
    } else if (const char latin = latin_lookalike(point.value);
               latin != '\0' && judge.is_machine_token(at)) {
      builder.replace(at, end, {&latin, 1});
    }
    at = end;
  }
  if (!builder.changed()) return std::nullopt;
  return builder.finish();
}

std::optional<MappedText> undo_escapes(std::string_view text) {
  if (text.size() >= kLargestText) return std::nullopt;
  static constexpr auto kOpens = [] {
    std::array<bool, 256> opens{};
    opens['%'] = opens['&'] = opens['\\'] = true;
    return opens;
  }();
  MappedTextBuilder builder(text);
  for (std::size_t at = 0; at < text.size();) {
    if (!kOpens[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const Unescaped found = text[at] == '%'   ? percent_at(text, at)
                            : text[at] == '&' ? reference_at(text, at)
                                              : backslash_at(text, at);
    if (found.length == 0) {
      ++at;
      continue;
    }
    builder.replace(at, at + found.length, found.text);
    at += found.length;
  }
  if (!builder.changed()) return std::nullopt;
  return builder.finish();
}

}  // namespace customhouse::policy
