#include "policy/national_numbers.h"

#include <cstdint>

namespace customhouse::policy {

bool verhoeff_valid(std::string_view digits) noexcept {
  if (!all_digits(digits)) return false;
  // The dihedral group of order ten, and the permutation that a place applies.
  static constexpr std::array<std::array<std::uint8_t, 10>, 10> kProduct = {
      {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
       {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
       {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
       {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
       {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
       {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
       {6, 5, 9, 8, 7, 1, 0, 4, 3, 2},
       {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
       {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
       {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}};
  static constexpr std::array<std::uint8_t, 10> kPermutation = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  std::size_t check = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    auto value = static_cast<std::size_t>(digit_at(digits, digits.size() - 1 - i));
    for (std::size_t times = i % 8; times > 0; --times) value = kPermutation[value];
    check = kProduct[check][value];
  }
  return check == 0;
}

bool mod11_10_valid(std::string_view digits) noexcept {
  if (digits.size() < 2 || !all_digits(digits)) return false;
  int product = 10;
  for (const char c : digits.substr(0, digits.size() - 1)) {
    const int sum = (product + (c - '0')) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
  }
  return (product + digit_at(digits, digits.size() - 1)) % 10 == 1;
}

}  // namespace customhouse::policy
