// What the tables of national numbers share: a rule is a question about the plain form.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "policy/digits.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {

/// Of the value in capitals, without separators.
using NumberRule = bool (*)(std::string_view plain);

/// The validator of a rule: the number stands alone and is not one digit over and over.
template <NumberRule kRule>
Verdict ruled(Candidate& c) {
  std::string plain = uppered(alnum_of(c.value()));
  if (all_same(plain) || !stands_alone(c) || !kRule(plain)) return Verdict::reject();
  return Verdict::accept(std::move(plain));
}

inline int digit_at(std::string_view digits, std::size_t at) noexcept {
  return digits[at] - '0';
}

/// 0-9, and A-Z as 10 to 35.
inline int base36(char c) noexcept {
  return is_digit(c) ? c - '0' : c - 'A' + 10;
}

template <std::size_t kCount>
int weighted(std::string_view digits, const std::array<int, kCount>& weights) noexcept {
  return weighted_sum(digits.substr(0, kCount), weights);
}

/// A day that there is in some year with these last two digits (29 February counts).
inline bool day_of_year(int month, int day) noexcept {
  static constexpr std::array kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month >= 1 && month <= 12 && day >= 1 && day <= kDays[static_cast<std::size_t>(month - 1)];
}
/// YYMMDD, or DDMMYY with `day_first`, at `at`.
inline bool date_at(std::string_view digits, std::size_t at, bool day_first = false) noexcept {
  const int month = number_at(digits, at + 2, 2);
  return day_of_year(month, number_at(digits, day_first ? at : at + 4, 2));
}

bool verhoeff_valid(std::string_view digits) noexcept;  // J. Verhoeff, 1969
bool mod11_10_valid(std::string_view digits) noexcept;  // ISO 7064 MOD 11,10

}  // namespace customhouse::policy
