// Numbers of health care. Sources: CMS NPI check digit, DEA form and check digit, CMS MBI format,
// NHS data dictionary, AIHW Medicare number, NZ HISO 10046, ICD-10-CM and CPT/HCPCS code shapes,
// FDA NDC, SNOMED CT technical guide, LOINC mod 10, BC PHN and Ontario health numbers.
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

Verdict judged(bool valid, std::string plain) {
  return valid ? Verdict::accept(std::move(plain)) : Verdict::reject();
}

/// Luhn over "80840" (health, United States) and the number.
Verdict us_npi(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 10 || (digits[0] != '1' && digits[0] != '2')) return Verdict::reject();
  return judged(stands_alone(c) && luhn_valid("80840" + digits), digits);
}

/// Registrant's kind, initial of the name (or 9), six digits and a check digit.
Verdict us_dea(Candidate& c) {
  const std::string plain = uppered(c.value());
  if (plain.size() != 9 || !all_digits(std::string_view(plain).substr(2))) return Verdict::reject();
  static constexpr std::string_view kKinds = "ABCDEFGHJKLMPRSTUX";
  if (!kKinds.contains(plain[0])) return Verdict::reject();
  static constexpr std::array kWeights = {1, 2, 1, 2, 1, 2};
  const std::string_view digits = std::string_view(plain).substr(2);
  const int sum = weighted_sum(digits.substr(0, 6), kWeights);
  return judged(sum != 0 && sum % 10 == digits[6] - '0', plain);
}

Verdict uk_nhs(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 10 || all_same(digits) || !stands_alone(c)) return Verdict::reject();
  static constexpr std::array kWeights = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
  const bool valid = weighted_sum(digits, kWeights) % 11 == 0;  // a check digit of 10 is not issued
  const bool printed = c.value().size() == 12 && c.value()[3] == c.value()[7];
  if (!valid || (!printed && !c.context)) return Verdict::reject();
  return Verdict::accept(digits);
}

Verdict au_medicare(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() < 10 || digits.size() > 11) return Verdict::reject();
  if (digits[0] < '2' || digits[0] > '6' || digits[9] == '0') return Verdict::reject();
  static constexpr std::array kWeights = {1, 3, 7, 9, 1, 3, 7, 9};
  const int sum = weighted_sum(std::string_view(digits).substr(0, 8), kWeights);
  return judged(sum % 10 == digits[8] - '0', digits);
}

/// Old form AAANNNC (mod 11) and the new one of 2022, AAANNAX (mod 23 letter): no I, no O.
Verdict nz_nhi(Candidate& c) {
  static constexpr std::string_view kLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ";
  const std::string plain = uppered(c.value());
  if (plain.size() != 7) return Verdict::reject();
  int sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    const std::size_t letter = kLetters.find(plain[i]);
    if (!is_digit(plain[i]) && letter == std::string_view::npos) return Verdict::reject();
    const int value = is_digit(plain[i]) ? plain[i] - '0' : static_cast<int>(letter) + 1;
    sum += value * (7 - static_cast<int>(i));
  }
  if (is_digit(plain[6])) {
    const int check = 11 - sum % 11;
    return judged(sum % 11 != 0 && check % 10 == plain[6] - '0', plain);
  }
  const std::size_t check = 23 - static_cast<std::size_t>(sum % 23);
  return judged(is_alpha(plain[5]) && kLetters[check - 1] == plain[6], plain);
}

/// British Columbia: 9, then weights 2 4 8 5 10 9 7 3 modulo 11.
Verdict ca_bc_phn(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 10 || digits[0] != '9') return Verdict::reject();
  static constexpr std::array kWeights = {2, 4, 8, 5, 10, 9, 7, 3};
  int sum = 0;
  for (std::size_t i = 0; i < 8; ++i) sum += (digits[i + 1] - '0') * kWeights[i] % 11;
  const int check = 11 - sum % 11;
  return judged(check < 10 && check == digits[9] - '0', digits);
}

/// Dihedral group D5: finds every single error and every swap of neighbours.
Verdict verhoeff(Candidate& c) {
  static constexpr std::array<std::array<int, 10>, 8> kPermutation = {{
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
      {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
      {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
      {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
      {9, 4, 5, 3, 1, 2, 6, 8, 7, 0},
      {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
      {2, 7, 9, 3, 8, 0, 6, 4, 1, 5},
      {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
  }};
  const auto times = [](int a, int b) {
    if (a < 5) return b < 5 ? (a + b) % 5 : (a + b - 5) % 5 + 5;
    return b < 5 ? (a - 5 + 5 - b) % 5 + 5 : (a - b + 5) % 5;
  };
  const std::string digits = digits_of(c.value());
  int check = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const auto digit = static_cast<std::size_t>(digits[digits.size() - 1 - i] - '0');
    check = times(check, kPermutation[i % 8][digit]);
  }
  return judged(!all_same(digits) && check == 0, digits);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"au_medicare", au_medicare},
    {"ca_bc_phn", ca_bc_phn},
    {"nz_nhi", nz_nhi},
    {"uk_nhs", uk_nhs},
    {"us_dea", us_dea},
    {"us_npi", us_npi},
    {"verhoeff", verhoeff},
});

}  // namespace

std::span<const NamedValidator> medical_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
