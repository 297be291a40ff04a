// Payment cards, magnetic tracks and IBANs. Sources: ISO/IEC 7812 issuer ranges as the networks
// publish them, ISO/IEC 7813 tracks, the SWIFT IBAN registry and the national structures beside it.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "policy/checksums.h"
#include "policy/digits.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

struct CardRange {
  int low, high;          // first six digits
  std::uint32_t lengths;  // bit n: n digits
  bool strong;            // narrow enough to count without grouping or context
};
constexpr std::uint32_t lengths(int from, int to) {
  std::uint32_t bits = 0;
  for (int n = from; n <= to; ++n) bits |= 1U << n;
  return bits;
}
constexpr std::uint32_t k16 = 1U << 16;
constexpr std::array kCardRanges = {
    CardRange{400000, 499999, 1U << 13 | k16 | 1U << 19, true},  // Visa; Elo, Dankort within
    CardRange{510000, 559999, k16, true},                        // Mastercard
    CardRange{222100, 272099, k16, true},                        // Mastercard 2-series
    CardRange{340000, 349999, 1U << 15, true},                   // American Express
    CardRange{370000, 379999, 1U << 15, true},
    CardRange{601100, 601199, lengths(16, 19), true},  // Discover
    CardRange{644000, 659999, lengths(16, 19), true},  // Discover; Elo, RuPay, Troy within
    CardRange{352800, 358999, lengths(16, 19), true},  // JCB
    CardRange{213100, 213199, 1U << 15, false},        // JCB, older
    CardRange{180000, 180099, 1U << 15, false},
    CardRange{300000, 305999, lengths(14, 19), true},  // Diners Club
    CardRange{309500, 309599, lengths(14, 19), true},
    CardRange{360000, 369999, lengths(14, 19), true},
    CardRange{380000, 399999, lengths(14, 19), true},
    CardRange{620000, 629999, lengths(16, 19), true},   // UnionPay
    CardRange{810000, 829999, lengths(16, 19), true},   // UnionPay, RuPay
    CardRange{220000, 220499, lengths(16, 19), true},   // Mir
    CardRange{220500, 220599, k16, true},               // Borica
    CardRange{600000, 609999, k16, true},               // RuPay; Hipercard, UkrCard within
    CardRange{606282, 606282, lengths(13, 19), false},  // Hipercard
    CardRange{506099, 506198, lengths(16, 19), false},  // Verve
    CardRange{507865, 507964, lengths(16, 19), false},
    CardRange{506699, 506778, k16, true},  // Elo
    CardRange{509000, 509999, k16, true},
    CardRange{504175, 504175, k16, true},
    CardRange{627780, 627780, k16, true},
    CardRange{636297, 636368, k16, true},
    CardRange{508500, 508999, k16, true},               // RuPay
    CardRange{979200, 979289, k16, true},               // Troy
    CardRange{501900, 501999, k16, true},               // Dankort
    CardRange{670300, 670399, lengths(16, 19), false},  // Bancontact
    CardRange{970400, 970499, k16 | 1U << 19, true},    // Napas
    CardRange{860000, 860099, k16, true},               // UzCard
    CardRange{986000, 986099, k16, true},               // Humo
    CardRange{968201, 968211, k16, true},               // mada
    CardRange{588845, 588851, k16, true},               // mada
    CardRange{589562, 589562, k16, true},               // Naranja
    CardRange{507800, 507899, k16 | 1U << 19, false},   // Meeza
    CardRange{636000, 639999, lengths(16, 19), false},  // InterPayment, InstaPayment, Verve
    CardRange{500000, 509999, lengths(12, 19), false},  // Maestro
    CardRange{560000, 699999, lengths(12, 19), false},  // Maestro
    CardRange{100000, 199999, 1U << 15, false},         // UATP
};

enum class CardKind : std::uint8_t { None, Weak, Strong };

CardKind card_kind(std::string_view digits) noexcept {
  const int first = number_at(digits, 0, 6);
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
  const int first = number_at(digits, 0, 6);
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
    if (digits.starts_with('1') && !c.context) continue;  // also milliseconds and counters
    const bool certain = !solid || c.context;
    return Verdict::accept(std::string(digits), certain                    ? Confidence::Certain
                                                : kind == CardKind::Strong ? Confidence::Medium
                                                                           : Confidence::Low);
  }
  return Verdict::reject();
}

/// Track 1 "%B<PAN>^<name>^YYMM…" or track 2 ";<PAN>=YYMM…" (ISO/IEC 7813).
Verdict magnetic_track(Candidate& c) {
  const std::string_view value = c.value();
  const std::size_t first = value.find_first_of("0123456789");
  if (first == std::string_view::npos) return Verdict::reject();
  const std::size_t last = value.find_first_not_of("0123456789", first);
  if (last == std::string_view::npos) return Verdict::reject();
  const std::string_view digits = value.substr(first, last - first);
  const std::size_t date =
      value[last] == '^' ? value.find('^', last + 1) : last;  // the separator before it
  if (date == std::string_view::npos || date + 4 >= value.size()) return Verdict::reject();
  for (std::size_t i = date + 1; i < date + 5; ++i) {
    if (!is_digit(value[i])) return Verdict::reject();
  }
  const int month = number_at(value, date + 3, 2);
  if (month < 1 || month > 12 || digits.size() < 12 || digits.size() > 19) return Verdict::reject();
  if (!luhn_valid(digits) || all_same(digits)) return Verdict::reject();
  return Verdict::accept({}, Confidence::Certain);
}

struct IbanCountry {
  std::string_view code;
  std::string_view structure;  // of the BBAN: count and kind (n digit, a letter, c either)
};
constexpr auto kIbanCountries = std::to_array<IbanCountry>({
    {"AD", "8n12c"},    {"AE", "19n"},      {"AL", "8n16c"}, {"AO", "21n"},      {"AT", "16n"},
    {"AZ", "4a20c"},    {"BA", "16n"},      {"BE", "12n"},   {"BF", "2c22n"},    {"BG", "4a6n8c"},
    {"BH", "4a14c"},    {"BI", "23n"},      {"BJ", "2c22n"}, {"BR", "23n1a1c"},  {"BY", "4c4n16c"},
    {"CF", "23n"},      {"CG", "23n"},      {"CH", "5n12c"}, {"CI", "2c22n"},    {"CM", "23n"},
    {"CR", "18n"},      {"CV", "21n"},      {"CY", "8n16c"}, {"CZ", "20n"},      {"DE", "18n"},
    {"DJ", "23n"},      {"DK", "14n"},      {"DO", "4c20n"}, {"DZ", "22n"},      {"EE", "16n"},
    {"EG", "25n"},      {"ES", "20n"},      {"FI", "14n"},   {"FK", "2a12n"},    {"FO", "14n"},
    {"FR", "10n11c2n"}, {"GA", "23n"},      {"GB", "4a14n"}, {"GE", "2a16n"},    {"GI", "4a15c"},
    {"GL", "14n"},      {"GQ", "23n"},      {"GR", "7n16c"}, {"GT", "24c"},      {"GW", "2c19n"},
    {"HN", "4a20n"},    {"HR", "17n"},      {"HU", "24n"},   {"IE", "4a14n"},    {"IL", "19n"},
    {"IQ", "4a15n"},    {"IR", "22n"},      {"IS", "22n"},   {"IT", "1a10n12c"}, {"JO", "4a4n18c"},
    {"KM", "23n"},      {"KW", "4a22c"},    {"KZ", "3n13c"}, {"LB", "4n20c"},    {"LC", "4a24c"},
    {"LI", "5n12c"},    {"LT", "16n"},      {"LU", "3n13c"}, {"LV", "4a13c"},    {"LY", "21n"},
    {"MA", "24n"},      {"MC", "10n11c2n"}, {"MD", "20c"},   {"ME", "18n"},      {"MG", "23n"},
    {"MK", "3n10c2n"},  {"ML", "2c22n"},    {"MN", "16n"},   {"MR", "23n"},      {"MT", "4a5n18c"},
    {"MU", "4a19n3a"},  {"MZ", "21n"},      {"NE", "2c22n"}, {"NI", "4a20n"},    {"NL", "4a10n"},
    {"NO", "11n"},      {"OM", "3n16c"},    {"PK", "4a16c"}, {"PL", "24n"},      {"PS", "4a21c"},
    {"PT", "21n"},      {"QA", "4a21c"},    {"RO", "4a16c"}, {"RS", "18n"},      {"RU", "14n15c"},
    {"SA", "2n18c"},    {"SC", "4a20n3a"},  {"SD", "14n"},   {"SE", "20n"},      {"SI", "15n"},
    {"SK", "20n"},      {"SM", "1a10n12c"}, {"SN", "2c22n"}, {"SO", "19n"},      {"ST", "21n"},
    {"SV", "4a20n"},    {"TD", "23n"},      {"TG", "2c22n"}, {"TL", "19n"},      {"TN", "20n"},
    {"TR", "6n16c"},    {"UA", "6n19c"},    {"VA", "18n"},   {"VG", "4a16n"},    {"XK", "16n"},
    {"YE", "4a4n18c"},
});

/// Each part of a structure: its count and kind.
template <class Visit>
constexpr void for_each_part(std::string_view structure, Visit visit) {
  std::size_t count = 0;
  for (const char c : structure) {
    if (is_digit(c)) {
      count = count * 10 + static_cast<std::size_t>(c - '0');
    } else {
      visit(count, c);
      count = 0;
    }
  }
}

std::size_t iban_length(const IbanCountry& country) {
  std::size_t length = 4;
  for_each_part(country.structure, [&](std::size_t count, char) { length += count; });
  return length;
}

bool fits_structure(std::string_view bban, std::string_view structure) {
  std::size_t at = 0;
  bool fits = true;
  for_each_part(structure, [&](std::size_t count, char kind) {
    for (std::size_t i = 0; i < count; ++i, ++at) {
      const bool good = kind == 'n' ? is_digit(bban[at]) : kind == 'c' || is_upper(bban[at]);
      fits = fits && good;
    }
  });
  return fits;
}

Verdict iban(Candidate& c) {
  const std::string country = uppered(c.text.substr(c.begin, 2));
  const auto row = std::ranges::lower_bound(kIbanCountries, country, {}, &IbanCountry::code);
  if (row == kIbanCountries.end() || row->code != country) return Verdict::reject();
  const std::size_t length = iban_length(*row);
  std::string plain;
  std::size_t at = c.begin;
  for (; at < c.text.size() && plain.size() < length; ++at) {
    const char byte = c.text[at];
    if (is_alnum(byte)) {
      plain.push_back(to_upper(byte));
    } else if ((byte != ' ' && byte != '-') || plain.empty() || !is_alnum(c.text[at - 1])) {
      return Verdict::reject();
    }
  }
  if (plain.size() != length || !is_digit(plain[2]) || !is_digit(plain[3])) {
    return Verdict::reject();
  }
  if (!fits_structure(std::string_view(plain).substr(4), row->structure)) return Verdict::reject();
  if (!mod97_valid(plain)) return Verdict::reject();
  c.end = at;
  return Verdict::accept(std::move(plain), Confidence::Certain);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"credit_card", credit_card},
    {"iban", iban},
    {"magnetic_track", magnetic_track},
});

}  // namespace

std::span<const NamedValidator> payment_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
