// Vehicles and devices. Sources: ISO 3779 and 49 CFR 565 (VIN), 3GPP TS 23.003 and GSMA TS.06
// (IMEI), 3GPP2 X.S0053 (MEID), ITU-T E.118 (ICCID) and E.212 (IMSI), GSMA SGP.02 (EID).
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

/// What a letter counts in 49 CFR 565.15; -1: not used in a VIN.
int vin_value(char c) noexcept {
  static constexpr std::array<int, 26> kValues = {1, 2,  3, 4,  5, 6, 7, 8, -1, 1, 2, 3, 4,
                                                  5, -1, 7, -1, 9, 2, 3, 4, 5,  6, 7, 8, 9};
  return is_digit(c) ? c - '0' : is_upper(c) ? kValues[static_cast<std::size_t>(c - 'A')] : -1;
}

/// The check digit is law in North America (first character 1 to 5) and China (L), custom
/// elsewhere.
Verdict vin(Candidate& c) {
  static constexpr std::array kWeights = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  const std::string plain = uppered(c.value());
  if (plain.size() != 17) return Verdict::reject();
  int sum = 0, letters = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    const int value = vin_value(plain[i]);
    if (value < 0) return Verdict::reject();
    letters += is_alpha(plain[i]) ? 1 : 0;
    sum += value * kWeights[i];
  }
  // The serial number ends in digits.
  if (!all_digits(std::string_view(plain).substr(14)) || letters < 2) {
    if (!c.context || letters == 0) return Verdict::reject();
  }
  const char check = sum % 11 == 10 ? 'X' : static_cast<char>('0' + sum % 11);
  const bool valid = plain[8] == check;
  const bool binding = plain[0] >= '1' && plain[0] <= '5';
  if (binding && !valid) return Verdict::reject();
  if (c.context) return Verdict::accept(plain, valid ? Confidence::Certain : Confidence::High);
  const bool written = lowered(c.value()) != c.value();
  return valid && written ? Verdict::accept(plain, Confidence::Medium) : Verdict::reject();
}

/// Fourteen digits and Luhn; the first two name the body that gave the type allocation code.
Verdict imei(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 15 || all_same(digits) || !stands_alone(c)) return Verdict::reject();
  static constexpr std::array<std::string_view, 13> kBodies = {
      "01", "10", "30", "33", "35", "44", "45", "49", "50", "51", "52", "53", "86"};
  const bool issued =
      std::ranges::find(kBodies, digits.substr(0, 2)) != kBodies.end() || digits.starts_with("9");
  return issued && luhn_valid(digits) ? Verdict::accept(digits) : Verdict::reject();
}

/// Two digits for telecommunication (89), country, issuer, account and Luhn: 19 or 20 digits.
Verdict iccid(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() < 18 || digits.size() > 20 || !digits.starts_with("89")) {
    return Verdict::reject();
  }
  return stands_alone(c) && luhn_valid(digits) ? Verdict::accept(digits) : Verdict::reject();
}

/// The number of an embedded SIM: 32 digits from 89, MOD 97-10.
Verdict eid(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 32 || !digits.starts_with("89")) return Verdict::reject();
  const bool valid = mod97_valid(digits.substr(28) + digits.substr(0, 28));
  return valid && stands_alone(c) ? Verdict::accept(digits) : Verdict::reject();
}

/// Country code of mobile networks (200 to 799, 901), network and subscriber.
Verdict imsi(Candidate& c) {
  const std::string digits = digits_of(c.value());
  const int country = number_at(digits, 0, 3);
  const bool assigned = (country >= 202 && country <= 750) || country == 901;
  const bool shaped = digits.size() >= 14 && digits.size() <= 15 && stands_alone(c);
  return shaped && assigned ? Verdict::accept(digits) : Verdict::reject();
}

/// 14 hexadecimal digits from A0 on: a number with less is an IMEI's.
Verdict meid(Candidate& c) {
  const std::string plain = uppered(alnum_of(c.value()));
  if (plain.size() != 14 || plain[0] < 'A' || plain[0] > 'F') return Verdict::reject();
  const bool hex = std::ranges::all_of(plain, [](char d) { return hex_value(d) >= 0; });
  return hex ? Verdict::accept(plain) : Verdict::reject();
}

/// 81 provinces, and of letters and digits together as many as the plate holds.
Verdict tr_plate(Candidate& c) {
  const std::string plain = uppered(alnum_of(c.value()));
  const int province = number_at(plain, 0, 2);
  if (province < 1 || province > 81) return Verdict::reject();
  const std::size_t letters = plain.find_first_of("0123456789", 2) - 2;
  const std::size_t digits = plain.size() - 2 - letters;
  const bool shaped = (letters == 1 && digits >= 4) ||
                      (letters == 2 && digits >= 3 && digits <= 4) ||
                      (letters == 3 && digits >= 2 && digits <= 3);
  return shaped ? Verdict::accept(plain) : Verdict::reject();
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"eid", eid},
    {"iccid", iccid},
    {"imei", imei},
    {"imsi", imsi},
    {"meid", meid},
    {"tr_plate", tr_plate},
    {"vin", vin},
});

}  // namespace

std::span<const NamedValidator> device_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
