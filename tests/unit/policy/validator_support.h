// Validators called by name on a value that stands alone.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "policy/validators.h"

namespace customhouse::policy {

inline Verdict judge(std::string_view validator, std::string_view value, bool context = false) {
  const Validator function = find_validator(validator);
  EXPECT_NE(function, nullptr) << validator;
  if (function == nullptr) return Verdict::reject();
  Candidate candidate{value, 0, value.size(), context};
  return function(candidate);
}

inline bool accepts(std::string_view validator, std::string_view value, bool context = false) {
  return judge(validator, value, context).accepted;
}

/// Every other digit in the place of every digit, with context.
inline void expect_single_digit_errors_refused(std::string_view validator,
                                               const std::string& number) {
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (number[i] < '0' || number[i] > '9') continue;
    for (char digit = '0'; digit <= '9'; ++digit) {
      if (digit == number[i]) continue;
      std::string wrong = number;
      wrong[i] = digit;
      Candidate candidate{wrong, 0, wrong.size(), true};
      const Verdict verdict = find_validator(validator)(candidate);
      // A validator that narrows a match may find another number inside it.
      const bool whole = verdict.accepted && candidate.end == wrong.size();
      EXPECT_FALSE(whole) << validator << ' ' << wrong;
    }
  }
}

}  // namespace customhouse::policy
