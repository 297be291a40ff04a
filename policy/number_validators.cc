// National numbers and dates. Sources: SSA and IRS number rules, HMRC NIM39110.
#include <algorithm>
#include <array>
#include <utility>

#include "policy/digits.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

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

constexpr auto kTable = std::to_array<NamedValidator>({
    {"date", date},
    {"uk_nino", uk_nino},
    {"us_itin", us_itin},
    {"us_ssn", us_ssn},
});

}  // namespace

std::span<const NamedValidator> number_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
