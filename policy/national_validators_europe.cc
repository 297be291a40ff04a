// Numbers that European states give to people and firms. Sources: the registers' own publications
// as collected in the documentation of python-stdnum; ICAO 9303 for the German cards; Deutsche
// Rentenversicherung, VKVV §4; INSEE, NIR; DVLA for driver numbers.
#include <algorithm>
#include <array>

#include "policy/checksums.h"
#include "policy/national_numbers.h"

namespace customhouse::policy {
namespace {

bool digits_only(std::string_view plain, std::size_t count) noexcept {
  return plain.size() == count && all_digits(plain);
}
int last(std::string_view digits) noexcept {
  return digit_at(digits, digits.size() - 1);
}

// ---------------------------------------------------------------- Western Europe

bool at_svnr(std::string_view n) {
  static constexpr std::array kWeights = {3, 7, 9, 0, 5, 8, 4, 2, 1, 6};
  if (!digits_only(n, 10) || n[0] == '0') return false;
  const int day = number_at(n, 4, 2), month = number_at(n, 6, 2);
  return day >= 1 && day <= 31 && month >= 1 && month <= 15 &&
         weighted(n, kWeights) % 11 == digit_at(n, 3);
}

bool be_nrn(std::string_view n) {
  if (!digits_only(n, 11)) return false;
  const int month = number_at(n, 2, 2) % 20;  // +20 and +40: numbers for people without a register
  if (month > 12 || number_at(n, 4, 2) > 31) return false;
  const int body = number_at(n, 0, 9), check = number_at(n, 9, 2);
  // Born since 2000: a 2 stands in front when the check is made.
  return 97 - body % 97 == check ||
         (number_at(n, 0, 2) < 50 && 97 - (2'000'000'000LL + body) % 97 == check);
}

bool ch_ahv(std::string_view n) {
  static constexpr std::array kWeights = {1, 3};
  return digits_only(n, 13) && n.starts_with("756") && weighted_sum(n, kWeights) % 10 == 0;
}

bool fr_nir(std::string_view n) {
  if (n.size() != 15) return false;
  std::string body(n.substr(0, 13));
  long long less = 0;
  if (body.substr(5, 2) == "2A") less = 1'000'000;
  if (body.substr(5, 2) == "2B") less = 2'000'000;
  if (less != 0) body[6] = '0';
  if (!all_digits(body) || !all_digits(n.substr(13))) return false;
  const int sex = digit_at(n, 0), month = number_at(n, 3, 2);
  const bool known = sex == 1 || sex == 2 || sex == 3 || sex == 4 || sex == 7 || sex == 8;
  if (!known || month == 0 || (month > 12 && month < 20) || (month > 42 && month < 50))
    return false;
  long long value = 0;
  for (const char c : body) value = value * 10 + (c - '0');
  return 97 - (value - less) % 97 == number_at(n, 13, 2);
}
bool fr_siren(std::string_view n) {
  return digits_only(n, 9) && luhn_valid(n);
}
bool fr_siret(std::string_view n) {
  return digits_only(n, 14) && luhn_valid(n) && luhn_valid(n.substr(0, 9));
}
bool fr_tax_number(std::string_view n) {
  if (!digits_only(n, 13) || n[0] > '3') return false;
  long long body = 0;
  for (const char c : n.substr(0, 10)) body = body * 10 + (c - '0');
  return body % 511 == number_at(n, 10, 3);
}

bool de_tax_id(std::string_view n) {
  if (!digits_only(n, 11) || n[0] == '0') return false;
  std::array<int, 10> counts{};
  for (const char c : n.substr(0, 10)) ++counts[static_cast<std::size_t>(c - '0')];
  // One digit stands two or three times among the first ten, the others once at most.
  const auto repeated = std::ranges::count_if(counts, [](int count) { return count > 1; });
  return repeated == 1 && std::ranges::max(counts) <= 3 && mod11_10_valid(n);
}
int cross_sum(int product) noexcept {
  return product / 10 + product % 10;
}
bool de_pension_number(std::string_view n) {
  static constexpr std::array kWeights = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
  if (n.size() != 12 || !is_upper(n[8]) || !all_digits(n.substr(0, 8)) || !all_digits(n.substr(9)))
    return false;
  const int day = number_at(n, 2, 2), month = number_at(n, 4, 2);
  if (day == 0 || (day > 31 && day < 51) || month > 12) return false;
  const int letter = n[8] - 'A' + 1;
  std::string digits(n.substr(0, 8));
  digits += static_cast<char>('0' + letter / 10);
  digits += static_cast<char>('0' + letter % 10);
  digits += n.substr(9, 2);
  int sum = 0;
  for (std::size_t i = 0; i < kWeights.size(); ++i)
    sum += cross_sum(digit_at(digits, i) * kWeights[i]);
  return sum % 10 == last(n);
}
bool de_health_insurance(std::string_view n) {
  if (n.size() != 10 || !is_upper(n[0]) || !all_digits(n.substr(1))) return false;
  const int letter = n[0] - 'A' + 1;
  std::string digits = {static_cast<char>('0' + letter / 10), static_cast<char>('0' + letter % 10)};
  digits += n.substr(1, 8);
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i)
    sum += cross_sum(digit_at(digits, i) * (i % 2 == 0 ? 1 : 2));
  return sum % 10 == last(n);
}
/// Identity cards and passports: nine characters and the check digit of ICAO 9303.
bool de_identity_document(std::string_view n) {
  static constexpr std::string_view kLetters = "CFGHJKLMNPRTVWXYZ";
  static constexpr std::array kWeights = {7, 3, 1};
  if (n.size() != 10 || !is_digit(n[9]) || !kLetters.contains(n[0])) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    if (!is_digit(n[i]) && !kLetters.contains(n[i])) return false;
    sum += base36(n[i]) * kWeights[i % 3];
  }
  return sum % 10 == last(n) && std::ranges::any_of(n.substr(1), is_digit);
}

bool gb_utr(std::string_view n) {
  static constexpr std::array kWeights = {0, 6, 7, 8, 9, 10, 5, 4, 3, 2};
  static constexpr std::string_view kChecks = "21987654321";
  return digits_only(n, 10) &&
         kChecks[static_cast<std::size_t>(weighted(n, kWeights) % 11)] == n[0];
}
bool gb_driver(std::string_view n) {
  if (n.size() != 16 || !is_alpha(n[0]) || !all_digits(n.substr(5, 6))) return false;
  const int month = number_at(n, 6, 2) % 50;  // +50: a woman
  return month >= 1 && month <= 12 && day_of_year(month, number_at(n, 8, 2));
}

bool ie_pps(std::string_view n) {
  static constexpr std::array kWeights = {8, 7, 6, 5, 4, 3, 2};
  static constexpr std::string_view kChecks = "WABCDEFGHIJKLMNOPQRSTUV";
  if ((n.size() != 8 && n.size() != 9) || !all_digits(n.substr(0, 7))) return false;
  int sum = weighted(n, kWeights);
  if (n.size() == 9 && n[8] >= 'A' && n[8] <= 'I') sum += (n[8] - 'A' + 1) * 9;
  return kChecks[static_cast<std::size_t>(sum % 23)] == n[7];
}

bool lu_matricule(std::string_view n) {
  return digits_only(n, 13) && number_at(n, 0, 4) >= 1880 && number_at(n, 0, 4) <= 2100 &&
         date_at(n, 2) && luhn_valid(n.substr(0, 12)) &&
         verhoeff_valid(std::string(n.substr(0, 11)) + n[12]);
}
bool nl_bsn(std::string_view n) {
  static constexpr std::array kWeights = {9, 8, 7, 6, 5, 4, 3, 2, -1};
  return digits_only(n, 9) && weighted(n, kWeights) % 11 == 0;
}

// ---------------------------------------------------------------- Southern Europe

constexpr std::string_view kSpanishChecks = "TRWAGMYFPDXBNJZSQVHLCKE";
bool es_nif(std::string_view n) {
  return n.size() == 9 && all_digits(n.substr(0, 8)) &&
         kSpanishChecks[static_cast<std::size_t>(number_at(n, 0, 8) % 23)] == n[8];
}
bool es_nie(std::string_view n) {
  if (n.size() != 9 || n[0] < 'X' || n[0] > 'Z') return false;
  std::string digits(n);
  digits[0] = static_cast<char>('0' + (n[0] - 'X'));
  return es_nif(digits);
}
bool es_cif(std::string_view n) {
  if (n.size() != 9 || !std::string_view("ABCDEFGHJNPQRSUVW").contains(n[0]) ||
      !all_digits(n.substr(1, 7)))
    return false;
  int sum = 0;
  for (std::size_t i = 1; i <= 7; ++i)
    sum += i % 2 == 1 ? cross_sum(digit_at(n, i) * 2) : digit_at(n, i);
  const int check = (10 - sum % 10) % 10;
  return n[8] == '0' + check || n[8] == "JABCDEFGHI"[check];
}
bool es_social_security(std::string_view n) {
  if (!digits_only(n, 12)) return false;
  const long long province = number_at(n, 0, 2), number = number_at(n, 2, 8);
  const long long body =
      number < 10'000'000 ? number + province * 10'000'000 : number + province * 100'000'000;
  return province >= 1 && province <= 66 && body % 97 == number_at(n, 10, 2);
}

bool it_codice_fiscale(std::string_view n) {
  // In months letters, in case of two people alike also letters for digits ("omocodia").
  static constexpr std::string_view kForDigits = "LMNPQRSTUV", kMonths = "ABCDEHLMPRST";
  static constexpr std::array kOdd = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                      20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  if (n.size() != 16) return false;
  std::string plain(n);
  for (const std::size_t i : {6u, 7u, 9u, 10u, 12u, 13u, 14u}) {
    const std::size_t digit = kForDigits.find(plain[i]);
    if (digit != std::string_view::npos) plain[i] = static_cast<char>('0' + digit);
    if (!is_digit(plain[i])) return false;
  }
  for (const std::size_t i : {0u, 1u, 2u, 3u, 4u, 5u, 8u, 11u, 15u}) {
    if (!is_upper(n[i])) return false;
  }
  const std::size_t month = kMonths.find(n[8]);
  const int day = number_at(plain, 9, 2) % 40;  // +40: a woman
  if (month == std::string_view::npos || !day_of_year(static_cast<int>(month) + 1, day))
    return false;
  int sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const int value = is_digit(n[i]) ? n[i] - '0' : n[i] - 'A';
    sum += i % 2 == 0 ? kOdd[static_cast<std::size_t>(value)] : value;
  }
  return 'A' + sum % 26 == n[15];
}
bool it_partita_iva(std::string_view n) {
  if (!digits_only(n, 11) || n.substr(0, 7) == "0000000" || !luhn_valid(n)) return false;
  const int office = number_at(n, 7, 3);
  return (office >= 1 && office <= 100) || office == 120 || office == 121 || office == 888 ||
         office == 999;
}

bool gr_afm(std::string_view n) {
  static constexpr std::array kWeights = {256, 128, 64, 32, 16, 8, 4, 2};
  return digits_only(n, 9) && weighted(n, kWeights) % 11 % 10 == last(n);
}
bool gr_amka(std::string_view n) {
  return digits_only(n, 11) && date_at(n, 0, true) && luhn_valid(n);
}
bool pt_nif(std::string_view n) {
  static constexpr std::array kWeights = {9, 8, 7, 6, 5, 4, 3, 2};
  if (!digits_only(n, 9) || n[0] == '0' || (n[0] == '4' && n[1] != '5')) return false;
  const int check = 11 - weighted(n, kWeights) % 11;
  return (check > 9 ? 0 : check) == last(n);
}
bool pt_citizen_card(std::string_view n) {
  if (n.size() != 12 || !all_digits(n.substr(0, 9)) || !is_upper(n[9]) || !is_digit(n[11]))
    return false;
  int sum = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    int value = base36(n[i]) * (i % 2 == 0 ? 2 : 1);
    if (i % 2 == 0 && value > 9) value -= 9;
    sum += value;
  }
  return sum % 10 == 0;
}

// ---------------------------------------------------------------- Northern Europe

bool dk_cpr(std::string_view n) {
  return digits_only(n, 10) && date_at(n, 0, true);  // since 2007 without a check digit
}
bool fi_hetu(std::string_view n) {
  static constexpr std::string_view kChecks = "0123456789ABCDEFHJKLMNPRSTUVWXY";
  // The sign of the century may be a letter; a '+' or '-' is gone here.
  std::string digits(n.substr(0, 6));
  const std::size_t serial = n.size() == 11 ? 7 : 6;
  if (n.size() != serial + 4 || !all_digits(digits) || !date_at(digits, 0, true)) return false;
  digits += n.substr(serial, 3);
  if (!all_digits(digits)) return false;
  return kChecks[static_cast<std::size_t>(number_at(digits, 0, 9) % 31)] == n.back();
}
bool is_kennitala(std::string_view n) {
  static constexpr std::array kWeights = {3, 2, 7, 6, 5, 4, 3, 2};
  if (!digits_only(n, 10)) return false;
  const int day = number_at(n, 0, 2) % 40;  // +40: a firm
  const bool century = n[9] == '9' || n[9] == '0';
  return century && day_of_year(number_at(n, 2, 2), day) &&
         (11 - weighted(n, kWeights) % 11) % 11 == digit_at(n, 8);
}
bool no_fnr(std::string_view n) {
  static constexpr std::array kFirst = {3, 7, 6, 1, 8, 9, 4, 5, 2};
  static constexpr std::array kSecond = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  if (!digits_only(n, 11)) return false;
  // D numbers add 40 to the day, synthetic ones 40 or 80 to the month.
  if (!day_of_year(number_at(n, 2, 2) % 40, number_at(n, 0, 2) % 40)) return false;
  return (11 - weighted(n, kFirst) % 11) % 11 == digit_at(n, 9) &&
         (11 - weighted(n, kSecond) % 11) % 11 == digit_at(n, 10);
}
bool se_personnummer(std::string_view n) {
  if (n.size() == 12) n.remove_prefix(2);
  // Coordination numbers add 60 to the day.
  return digits_only(n, 10) && day_of_year(number_at(n, 2, 2), number_at(n, 4, 2) % 60) &&
         luhn_valid(n);
}
bool se_organisation(std::string_view n) {
  return digits_only(n, 10) && n[2] >= '2' && luhn_valid(n);
}
bool baltic_code(std::string_view n) {  // Estonia and Lithuania
  static constexpr std::array kFirst = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1};
  static constexpr std::array kSecond = {3, 4, 5, 6, 7, 8, 9, 1, 2, 3};
  if (!digits_only(n, 11) || n[0] < '1' || n[0] > '8' || !date_at(n, 1)) return false;
  int check = weighted(n, kFirst) % 11;
  if (check == 10) check = weighted(n, kSecond) % 11 % 10;
  return check == last(n);
}
bool lv_personal_code(std::string_view n) {
  static constexpr std::array kWeights = {10, 5, 8, 4, 2, 1, 6, 3, 7, 9};
  if (!digits_only(n, 11)) return false;
  if (n.starts_with("32")) return true;  // since 2017: drawn by lot, without a check digit
  return date_at(n, 0, true) && (1 + weighted(n, kWeights)) % 11 % 10 == last(n);
}

// ---------------------------------------------------------------- Eastern Europe

bool bg_egn(std::string_view n) {
  static constexpr std::array kWeights = {2, 4, 8, 5, 10, 9, 7, 3, 6};
  return digits_only(n, 10) && day_of_year(number_at(n, 2, 2) % 20, number_at(n, 4, 2)) &&
         weighted(n, kWeights) % 11 % 10 == last(n);
}
bool cz_birth_number(std::string_view n) {
  if (!digits_only(n, 10)) return false;
  const int month = number_at(n, 2, 2) % 50 % 20;  // +50: a woman; +20: the day's numbers ran out
  if (!day_of_year(month, number_at(n, 4, 2))) return false;
  const int rest = number_at(n, 0, 9) % 11;
  return rest == 10 ? last(n) == 0 && number_at(n, 0, 2) <= 85 : rest == last(n);
}
bool hr_oib(std::string_view n) {
  return digits_only(n, 11) && mod11_10_valid(n);
}
bool hu_taj(std::string_view n) {
  static constexpr std::array kWeights = {3, 7, 3, 7, 3, 7, 3, 7};
  return digits_only(n, 9) && weighted(n, kWeights) % 10 == last(n);
}
bool hu_tax_id(std::string_view n) {
  static constexpr std::array kWeights = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  return digits_only(n, 10) && n[0] == '8' && weighted(n, kWeights) % 11 == last(n);
}
bool jmbg(std::string_view n) {  // the states that were Yugoslavia
  static constexpr std::array kWeights = {7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  if (!digits_only(n, 13) || !date_at(n, 0, true)) return false;
  const int check = (11 - weighted(n, kWeights) % 11) % 11;
  return check % 10 == last(n);
}
bool pl_pesel(std::string_view n) {
  static constexpr std::array kWeights = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3};
  return digits_only(n, 11) && day_of_year(number_at(n, 2, 2) % 20, number_at(n, 4, 2)) &&
         (10 - weighted(n, kWeights) % 10) % 10 == last(n);
}
bool pl_nip(std::string_view n) {
  static constexpr std::array kWeights = {6, 5, 7, 2, 3, 4, 5, 6, 7};
  return digits_only(n, 10) && weighted(n, kWeights) % 11 == last(n);
}
bool pl_regon(std::string_view n) {
  static constexpr std::array kNine = {8, 9, 2, 3, 4, 5, 6, 7};
  static constexpr std::array kFourteen = {2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8};
  if (n.size() != 9 && n.size() != 14) return false;
  return all_digits(n) && weighted(n, kNine) % 11 % 10 == digit_at(n, 8) &&
         (n.size() == 9 || weighted(n, kFourteen) % 11 % 10 == last(n));
}
bool pl_identity_card(std::string_view n) {
  static constexpr std::array kWeights = {7, 3, 1, 9, 7, 3, 1, 7, 3};
  if (n.size() != 9 || !std::ranges::all_of(n.substr(0, 3), is_upper) || !all_digits(n.substr(3)))
    return false;
  int sum = 0;
  for (std::size_t i = 0; i < 9; ++i) sum += base36(n[i]) * kWeights[i];
  return sum % 10 == 0;
}
bool ro_cnp(std::string_view n) {
  static constexpr std::array kWeights = {2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9};
  if (!digits_only(n, 13) || n[0] == '0' || !date_at(n, 1)) return false;
  const int check = weighted(n, kWeights) % 11;
  return (check == 10 ? 1 : check) == last(n);
}
bool ru_snils(std::string_view n) {
  static constexpr std::array kWeights = {9, 8, 7, 6, 5, 4, 3, 2, 1};
  return digits_only(n, 11) && number_at(n, 0, 9) > 1'001'998 &&
         weighted(n, kWeights) % 101 % 100 == number_at(n, 9, 2);
}
bool ru_inn(std::string_view n) {
  static constexpr std::array kTen = {2, 4, 10, 3, 5, 9, 4, 6, 8};
  static constexpr std::array kEleventh = {7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
  static constexpr std::array kTwelfth = {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
  if (digits_only(n, 10)) return weighted(n, kTen) % 11 % 10 == last(n);
  return digits_only(n, 12) && weighted(n, kEleventh) % 11 % 10 == digit_at(n, 10) &&
         weighted(n, kTwelfth) % 11 % 10 == last(n);
}
bool ua_tax_number(std::string_view n) {
  static constexpr std::array kWeights = {-1, 5, 7, 9, 4, 6, 10, 5, 7};
  return digits_only(n, 10) && (weighted(n, kWeights) + 11) % 11 % 10 == last(n);
}
bool by_identity(std::string_view n) {
  static constexpr std::array kWeights = {7, 3, 1};
  if (n.size() != 14 || !all_digits(n.substr(0, 7)) || !is_upper(n[7]) ||
      !all_digits(n.substr(8, 3)) || !is_digit(n[13]))
    return false;
  int sum = 0;
  for (std::size_t i = 0; i < 13; ++i) sum += base36(n[i]) * kWeights[i % 3];
  return sum % 10 == last(n);
}
bool md_idnp(std::string_view n) {
  static constexpr std::array kWeights = {7, 3, 1};
  return digits_only(n, 13) && (n[0] == '0' || n[0] == '2') &&
         weighted_sum(n.substr(0, 12), kWeights) % 10 == last(n);
}
bool tr_tckn(std::string_view n) {
  if (!digits_only(n, 11) || n[0] == '0') return false;
  int odd = 0, even = 0;
  for (std::size_t i = 0; i < 9; ++i) (i % 2 == 0 ? odd : even) += digit_at(n, i);
  const int tenth = ((odd * 7 - even) % 10 + 10) % 10;
  return tenth == digit_at(n, 9) && (odd + even + tenth) % 10 == last(n);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"at_svnr", ruled<at_svnr>},
    {"baltic_code", ruled<baltic_code>},
    {"be_nrn", ruled<be_nrn>},
    {"bg_egn", ruled<bg_egn>},
    {"by_identity", ruled<by_identity>},
    {"ch_ahv", ruled<ch_ahv>},
    {"cz_birth_number", ruled<cz_birth_number>},
    {"de_health_insurance", ruled<de_health_insurance>},
    {"de_identity_document", ruled<de_identity_document>},
    {"de_pension_number", ruled<de_pension_number>},
    {"de_tax_id", ruled<de_tax_id>},
    {"dk_cpr", ruled<dk_cpr>},
    {"es_cif", ruled<es_cif>},
    {"es_nie", ruled<es_nie>},
    {"es_nif", ruled<es_nif>},
    {"es_social_security", ruled<es_social_security>},
    {"fi_hetu", ruled<fi_hetu>},
    {"fr_nir", ruled<fr_nir>},
    {"fr_siren", ruled<fr_siren>},
    {"fr_siret", ruled<fr_siret>},
    {"fr_tax_number", ruled<fr_tax_number>},
    {"gb_driver", ruled<gb_driver>},
    {"gb_utr", ruled<gb_utr>},
    {"gr_afm", ruled<gr_afm>},
    {"gr_amka", ruled<gr_amka>},
    {"hr_oib", ruled<hr_oib>},
    {"hu_taj", ruled<hu_taj>},
    {"hu_tax_id", ruled<hu_tax_id>},
    {"ie_pps", ruled<ie_pps>},
    {"is_kennitala", ruled<is_kennitala>},
    {"it_codice_fiscale", ruled<it_codice_fiscale>},
    {"it_partita_iva", ruled<it_partita_iva>},
    {"jmbg", ruled<jmbg>},
    {"lu_matricule", ruled<lu_matricule>},
    {"lv_personal_code", ruled<lv_personal_code>},
    {"md_idnp", ruled<md_idnp>},
    {"nl_bsn", ruled<nl_bsn>},
    {"no_fnr", ruled<no_fnr>},
    {"pl_identity_card", ruled<pl_identity_card>},
    {"pl_nip", ruled<pl_nip>},
    {"pl_pesel", ruled<pl_pesel>},
    {"pl_regon", ruled<pl_regon>},
    {"pt_citizen_card", ruled<pt_citizen_card>},
    {"pt_nif", ruled<pt_nif>},
    {"ro_cnp", ruled<ro_cnp>},
    {"ru_inn", ruled<ru_inn>},
    {"ru_snils", ruled<ru_snils>},
    {"se_organisation", ruled<se_organisation>},
    {"se_personnummer", ruled<se_personnummer>},
    {"tr_tckn", ruled<tr_tckn>},
    {"ua_tax_number", ruled<ua_tax_number>},
});

}  // namespace

std::span<const NamedValidator> european_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
