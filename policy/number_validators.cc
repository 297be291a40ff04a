// Cards, accounts and national numbers. Ranges: ISO/IEC 7812 issuer ranges as the networks publish
// them, SWIFT IBAN registry, SSA and IRS number rules, HMRC NIM39110.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "policy/checksums.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

bool all_same(std::string_view text) noexcept {
  return text.find_first_not_of(text.front()) == std::string_view::npos;
}

int number_at(std::string_view digits, std::size_t at, std::size_t count) noexcept {
  int value = 0;
  const auto part = digits.substr(at, count);
  std::from_chars(part.data(), part.data() + part.size(), value);
  return value;
}

/// No digit hangs on by a separator: "1.4111…" is a fraction, "12-345-67-8901" a longer number.
bool stands_alone(const Candidate& c) noexcept {
  static constexpr std::string_view kJoiners = ".-/";
  if (c.begin >= 2 && kJoiners.contains(c.text[c.begin - 1]) && is_digit(c.text[c.begin - 2])) {
    return false;
  }
  return !(c.end + 1 < c.text.size() && kJoiners.contains(c.text[c.end]) &&
           is_digit(c.text[c.end + 1]));
}

struct CardRange {
  int low, high;          // first four digits
  std::uint32_t lengths;  // bit n: n digits
  bool strong;            // narrow enough to count without grouping or context
};
constexpr std::uint32_t lengths(int from, int to) {
  std::uint32_t bits = 0;
  for (int n = from; n <= to; ++n) bits |= 1U << n;
  return bits;
}
constexpr std::array kCardRanges = {
    CardRange{4000, 4999, 1U << 13 | 1U << 16 | 1U << 19, true},  // Visa
    CardRange{5100, 5599, 1U << 16, true},                        // Mastercard
    CardRange{2221, 2720, 1U << 16, true},                        // Mastercard 2-series
    CardRange{3400, 3499, 1U << 15, true},                        // American Express
    CardRange{3700, 3799, 1U << 15, true},
    CardRange{6011, 6011, lengths(16, 19), true},  // Discover
    CardRange{6440, 6599, lengths(16, 19), true},
    CardRange{3528, 3589, lengths(16, 19), true},  // JCB
    CardRange{3000, 3059, lengths(14, 19), true},  // Diners Club
    CardRange{3095, 3095, lengths(14, 19), true},
    CardRange{3600, 3699, lengths(14, 19), true},
    CardRange{3800, 3999, lengths(14, 19), true},
    CardRange{6200, 6299, lengths(16, 19), true},   // UnionPay
    CardRange{8100, 8299, lengths(16, 19), true},   // UnionPay, RuPay
    CardRange{2200, 2204, lengths(16, 19), true},   // Mir
    CardRange{6000, 6099, 1U << 16, true},          // RuPay
    CardRange{5000, 5099, lengths(12, 19), false},  // Maestro
    CardRange{5600, 6999, lengths(12, 19), false},
};

enum class CardKind : std::uint8_t { None, Weak, Strong };

CardKind card_kind(std::string_view digits) noexcept {
  const int first = number_at(digits, 0, 4);
  CardKind kind = CardKind::None;
  for (const CardRange& range : kCardRanges) {
    if (first < range.low || first > range.high) continue;
    if ((range.lengths >> digits.size() & 1) == 0) continue;
    // 13 and 19 digits are also bar codes, nanoseconds and 64-bit ids.
    const bool strong = range.strong && digits.size() >= 14 && digits.size() <= 16;
    kind = std::max(kind, strong ? CardKind::Strong : CardKind::Weak);
  }
  return kind;
}

/// Groups of a printed number: one kind of separator, groups of 3 or more, or every digit alone.
bool grouped_evenly(std::string_view text) noexcept {
  char separator = 0;
  std::size_t group = 0, shortest = text.size(), longest = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_digit(text[i])) {
      ++group;
      continue;
    }
    shortest = std::min(shortest, group);
    longest = std::max(longest, group);
    group = 0;
    if (i == text.size()) break;
    if (separator != 0 && text[i] != separator) return false;
    separator = text[i];
  }
  return longest == 1 || (shortest >= 3 && longest <= 7);
}

/// Any network issues numbers that begin so.
bool card_begins(std::string_view digits) noexcept {
  const int first = number_at(digits, 0, 4);
  return std::ranges::any_of(kCardRanges, [first](const CardRange& range) {
    return first >= range.low && first <= range.high;
  });
}

Verdict credit_card(Candidate& c) {
  static constexpr std::size_t kShortest = 12, kLongest = 19;
  std::array<char, kLongest> bytes{};
  std::array<std::size_t, kLongest> ends{};  // where each digit ends
  std::size_t count = 0;
  for (std::size_t i = c.begin; i < c.end && count < kLongest; ++i) {
    if (!is_digit(c.text[i])) continue;
    bytes[count] = c.text[i];
    ends[count++] = i + 1;
  }
  const std::string_view all(bytes.data(), count);
  if (count < kShortest || !card_begins(all) || all_same(all)) return Verdict::reject();
  // The longest number that begins here: digits of a neighbour may have been matched with it.
  for (std::size_t n = count; n >= kShortest; --n) {
    c.end = ends[n - 1];
    const std::string_view digits = all.substr(0, n);
    const CardKind kind = card_kind(digits);
    if (kind == CardKind::None || !token_ends(c.text, c.end) || !luhn_valid(digits)) continue;
    const bool solid = n == c.value().size();
    if (!stands_alone(c) || (!solid && !grouped_evenly(c.value()))) continue;
    const bool certain = !solid || c.context;
    return Verdict::accept(std::string(digits), certain                    ? Confidence::Certain
                                                : kind == CardKind::Strong ? Confidence::Medium
                                                                           : Confidence::Low);
  }
  return Verdict::reject();
}

struct IbanCountry {
  std::string_view code;
  std::size_t length;
};
constexpr auto kIbanCountries = std::to_array<IbanCountry>({
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
    {"YE", 30},
});

Verdict iban(Candidate& c) {
  const std::string country = uppered(c.text.substr(c.begin, 2));
  const auto row = std::ranges::lower_bound(kIbanCountries, country, {}, &IbanCountry::code);
  if (row == kIbanCountries.end() || row->code != country) return Verdict::reject();
  std::string plain;
  std::size_t at = c.begin;
  for (; at < c.text.size() && plain.size() < row->length; ++at) {
    const char byte = c.text[at];
    if (is_alnum(byte)) {
      plain.push_back(to_upper(byte));
    } else if ((byte != ' ' && byte != '-') || plain.empty() || !is_alnum(c.text[at - 1])) {
      return Verdict::reject();
    }
  }
  if (plain.size() != row->length || !mod97_valid(plain)) return Verdict::reject();
  c.end = at;
  return Verdict::accept(std::move(plain), Confidence::Certain);
}

struct UsNumber {
  int area, group, serial;
  bool separated;
};

/// 3-2-4 digits, solid or with one kind of separator.
std::optional<UsNumber> us_number(const Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 9 || all_same(digits) || !stands_alone(c)) return std::nullopt;
  const bool separated = c.value().size() == 11;
  if (separated && c.value()[3] != c.value()[6]) return std::nullopt;
  // Only hyphens are the printed form; other separators need a word beside them.
  if ((!separated || c.value()[3] != '-') && !c.context) return std::nullopt;
  return UsNumber{number_at(digits, 0, 3), number_at(digits, 3, 2), number_at(digits, 5, 4),
                  separated};
}

Verdict us_ssn(Candidate& c) {
  const auto n = us_number(c);
  if (!n || n->area == 0 || n->area == 666 || n->area >= 900) return Verdict::reject();
  if (n->group == 0 || n->serial == 0) return Verdict::reject();
  std::string digits = digits_of(c.value());
  // Numbers of advertisements and manuals: a word beside them is needed.
  const bool published = digits == "078051120" || digits == "219099999" || digits == "123456789";
  if (!published) return Verdict::accept(std::move(digits));
  return c.context ? Verdict::accept(std::move(digits), Confidence::Medium) : Verdict::reject();
}

Verdict us_itin(Candidate& c) {
  const auto n = us_number(c);
  if (!n || n->area < 900) return Verdict::reject();
  const int g = n->group;
  const bool issued =
      (g >= 50 && g <= 65) || (g >= 70 && g <= 88) || (g >= 90 && g <= 92) || (g >= 94 && g <= 99);
  return issued ? Verdict::accept(digits_of(c.value())) : Verdict::reject();
}

Verdict uk_nino(Candidate& c) {
  const std::string plain = uppered(alnum_of(c.value()));
  static constexpr std::array<std::string_view, 7> kNeverIssued = {"BG", "GB", "NK", "KN",
                                                                   "TN", "NT", "ZZ"};
  if (std::ranges::find(kNeverIssued, plain.substr(0, 2)) != kNeverIssued.end()) {
    return Verdict::reject();
  }
  const bool printed = is_upper(c.text[c.begin]) && is_upper(c.text[c.end - 1]);
  return printed || c.context ? Verdict::accept(plain) : Verdict::reject();
}

bool plausible_date(int day, int month, int year) noexcept {
  static constexpr std::array<int, 12> kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month >= 1 && month <= 12 && day >= 1 &&
         day <= kDays[static_cast<std::size_t>(month - 1)] && year >= 1880 && year <= 2100;
}

bool is_cyrillic(std::string_view text, std::size_t at) noexcept {
  return at < text.size() && (text[at] == '\xD0' || text[at] == '\xD1');
}

Verdict date(Candidate& c) {
  std::array<int, 3> parts{};
  std::array<std::size_t, 3> widths{};
  std::size_t count = 0;
  bool named_month = false;
  for (std::size_t i = c.begin; i < c.end;) {
    if (is_digit(c.text[i])) {
      std::size_t width = 0;
      while (i + width < c.end && is_digit(c.text[i + width])) ++width;
      if (count == 3 || width > 4) return Verdict::reject();
      parts[count] = number_at(c.text, i, width);
      widths[count++] = width;
      i += width;
    } else {
      named_month = named_month ||
                    (is_alpha(c.text[i]) && i + 2 < c.end && is_alpha(c.text[i + 1]) &&
                     is_alpha(c.text[i + 2])) ||
                    (is_cyrillic(c.text, i) && is_cyrillic(c.text, i + 2));
      ++i;
    }
  }
  if (!stands_alone(c)) return Verdict::reject();
  std::string plain = lowered(c.value());
  if (named_month) {
    const bool ok = count == 2 && widths[1] == 4 && plausible_date(parts[0], 1, parts[1]);
    return ok ? Verdict::accept(std::move(plain)) : Verdict::reject();
  }
  if (count != 3) return Verdict::reject();
  if (widths[0] == 4) {
    const bool ok = plausible_date(parts[2], parts[1], parts[0]);
    return ok ? Verdict::accept(std::move(plain)) : Verdict::reject();
  }
  const int year = widths[2] == 2 ? 1900 + parts[2] : parts[2];
  const bool ok = (widths[2] == 2 || widths[2] == 4) && (plausible_date(parts[0], parts[1], year) ||
                                                         plausible_date(parts[1], parts[0], year));
  return ok ? Verdict::accept(std::move(plain)) : Verdict::reject();
}

Verdict bitcoin_address(Candidate& c) {
  const std::string_view value = c.value();
  if (value.size() > 3 && (contains_ignoring_case(value.substr(0, 3), "bc1") ||
                           contains_ignoring_case(value.substr(0, 3), "tb1"))) {
    return segwit_address_valid(value) ? Verdict::accept(lowered(value), Confidence::Certain)
                                       : Verdict::reject();
  }
  return base58check_valid(value) ? Verdict::accept({}, Confidence::Certain) : Verdict::reject();
}

Verdict ethereum_address(Candidate& c) {
  if (c.value().size() != 42) return Verdict::reject();
  const std::string_view digits = c.value().substr(2);
  std::string plain = lowered(c.value());
  const bool mixed = lowered(digits) != digits && uppered(digits) != digits;
  if (mixed && eip55_valid(digits)) return Verdict::accept(std::move(plain), Confidence::Certain);
  if (!c.context || all_same(digits)) return Verdict::reject();
  return Verdict::accept(std::move(plain), Confidence::Medium);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"bitcoin_address", bitcoin_address},
    {"credit_card", credit_card},
    {"date", date},
    {"ethereum_address", ethereum_address},
    {"iban", iban},
    {"uk_nino", uk_nino},
    {"us_itin", us_itin},
    {"us_ssn", us_ssn},
});

}  // namespace

std::span<const NamedValidator> number_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
