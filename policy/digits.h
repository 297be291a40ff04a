// Small questions about numbers that many validators ask.
#pragma once

#include <charconv>
#include <cstddef>
#include <span>
#include <string_view>

#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {

inline bool all_same(std::string_view text) noexcept {
  return text.empty() || text.find_first_not_of(text.front()) == std::string_view::npos;
}

inline bool all_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// `count` digits from `at` as a number; 0 where there is none.
inline int number_at(std::string_view digits, std::size_t at, std::size_t count) noexcept {
  int value = 0;
  const auto part = digits.substr(at, count);
  std::from_chars(part.data(), part.data() + part.size(), value);
  return value;
}

/// Sum of digit times weight; the weights repeat. Only digits may stand in `digits`.
inline int weighted_sum(std::string_view digits, std::span<const int> weights) noexcept {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    sum += (digits[i] - '0') * weights[i % weights.size()];
  }
  return sum;
}

/// No digit hangs on by a separator: "1.4111…" is a fraction, "12-345-67-8901" a longer number.
inline bool stands_alone(const Candidate& c) noexcept {
  static constexpr std::string_view kJoiners = ".-/";
  if (c.begin >= 2 && kJoiners.contains(c.text[c.begin - 1]) && is_digit(c.text[c.begin - 2])) {
    return false;
  }
  return !(c.end + 1 < c.text.size() && kJoiners.contains(c.text[c.end]) &&
           is_digit(c.text[c.end + 1]));
}

}  // namespace customhouse::policy
