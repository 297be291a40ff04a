// Numbers that states outside Europe give to people and firms. Sources: the registers' own
// publications as collected in the documentation of python-stdnum; IN RFB 2.229/2024 (CNPJ with
// letters); GB 11643-1999 and GB 32100-2015 (China); UIDAI (Aadhaar).
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
/// 11 less the rest, ten and eleven being 0: the rule of many registers.
int eleven_less(int sum) noexcept {
  const int check = 11 - sum % 11;
  return check >= 10 ? 0 : check;
}

// ---------------------------------------------------------------- the Americas

bool ca_sin(std::string_view n) {
  return digits_only(n, 9) && n[0] != '0' && n[0] != '8' && luhn_valid(n);
}
bool us_ein(std::string_view n) {
  // Prefixes of the IRS campuses that were never given out.
  static constexpr std::array kNever = {0,  7,  8,  9,  17, 18, 19, 28, 29,
                                        49, 69, 70, 78, 79, 89, 96, 97};
  return digits_only(n, 9) && std::ranges::find(kNever, number_at(n, 0, 2)) == kNever.end();
}

bool br_cpf(std::string_view n) {
  static constexpr std::array kFirst = {10, 9, 8, 7, 6, 5, 4, 3, 2};
  static constexpr std::array kSecond = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
  return digits_only(n, 11) && eleven_less(weighted(n, kFirst)) == digit_at(n, 9) &&
         eleven_less(weighted(n, kSecond)) == digit_at(n, 10);
}
/// Letters count as their ASCII code less 48 (since July 2026).
bool br_cnpj(std::string_view n) {
  static constexpr std::array kWeights = {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
  if (n.size() != 14 || !all_digits(n.substr(12))) return false;
  const auto check = [&](std::size_t count) {
    int sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += (n[i] - '0') * kWeights[13 - count + i];
    return eleven_less(sum);
  };
  return check(12) == digit_at(n, 12) && check(13) == digit_at(n, 13);
}
bool br_cnh(std::string_view n) {
  if (!digits_only(n, 11)) return false;
  int first = 0, second = 0;
  for (int i = 0; i < 9; ++i) {
    first += digit_at(n, static_cast<std::size_t>(i)) * (9 - i);
    second += digit_at(n, static_cast<std::size_t>(i)) * (1 + i);
  }
  const int less = first % 11 >= 10 ? 2 : 0;
  const int one = first % 11 >= 10 ? 0 : first % 11;
  int two = second % 11 - less;
  if (two < 0) two += 11;
  if (second % 11 >= 10) two = 0;
  return one == digit_at(n, 9) && two == digit_at(n, 10);
}
bool br_pis(std::string_view n) {
  static constexpr std::array kWeights = {3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
  return digits_only(n, 11) && eleven_less(weighted(n, kWeights)) == last(n);
}

bool mx_curp(std::string_view n) {
  static constexpr std::string_view kStates =
      "AS BC BS CC CS CH CL CM DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TS TL VZ "
      "YN "
      "ZS NE";
  if (n.size() != 18 || !std::ranges::all_of(n.substr(0, 4), is_upper) ||
      !all_digits(n.substr(4, 6)) || !is_digit(n[17]))
    return false;
  if (!date_at(n, 4) || (n[10] != 'H' && n[10] != 'M' && n[10] != 'X')) return false;
  if (kStates.find(n.substr(11, 2)) % 3 != 0) return false;
  // Ñ takes a place behind N in the alphabet that the weights count.
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    const int value = base36(n[i]) + (n[i] > 'N' ? 1 : 0);
    sum += value * static_cast<int>(18 - i);
  }
  return (10 - sum % 10) % 10 == last(n);
}
bool mx_rfc(std::string_view n) {
  const std::size_t name = n.size() == 13 ? 4 : 3;
  if ((n.size() != 12 && n.size() != 13) || !all_digits(n.substr(name, 6))) return false;
  return std::ranges::all_of(n.substr(0, name), is_upper) && date_at(n, name);
}
bool mx_social_security(std::string_view n) {
  return digits_only(n, 11) && luhn_valid(n);
}
bool ar_cuit(std::string_view n) {
  static constexpr std::array kWeights = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  static constexpr std::array kKinds = {20, 23, 24, 25, 26, 27, 30, 33, 34, 50, 51, 55};
  if (!digits_only(n, 11)) return false;
  const int check = "01234567899"[(11 - weighted(n, kWeights) % 11) % 11] - '0';
  return std::ranges::find(kKinds, number_at(n, 0, 2)) != kKinds.end() && check == last(n);
}
bool cl_rut(std::string_view n) {
  if (n.size() != 8 && n.size() != 9) return false;
  const std::string_view body = n.substr(0, n.size() - 1);
  if (!all_digits(body)) return false;
  int sum = 0, weight = 2;
  for (std::size_t i = body.size(); i-- > 0; weight = weight == 7 ? 2 : weight + 1)
    sum += digit_at(body, i) * weight;
  return "0K987654321"[sum % 11] == n.back();
}
bool co_nit(std::string_view n) {
  static constexpr std::array kWeights = {3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71};
  if (n.size() < 9 || n.size() > 11 || !all_digits(n)) return false;
  int sum = 0;
  for (std::size_t i = 0; i + 1 < n.size(); ++i) sum += digit_at(n, n.size() - 2 - i) * kWeights[i];
  return "01987654321"[sum % 11] == n.back();
}
bool pe_ruc(std::string_view n) {
  static constexpr std::array kWeights = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  if (!digits_only(n, 11)) return false;
  const int kind = number_at(n, 0, 2);
  return (kind == 10 || kind == 15 || kind == 17 || kind == 20) &&
         (11 - weighted(n, kWeights) % 11) % 10 == last(n);
}
bool uy_cedula(std::string_view n) {
  static constexpr std::array kWeights = {2, 9, 8, 7, 6, 3, 4};
  return digits_only(n, 8) && (10 - weighted(n, kWeights) % 10) % 10 == last(n);
}
bool ec_cedula(std::string_view n) {
  if (!digits_only(n, 10)) return false;
  const int province = number_at(n, 0, 2);
  return ((province >= 1 && province <= 24) || province == 30) && n[2] < '6' && luhn_valid(n);
}
bool do_cedula(std::string_view n) {
  return digits_only(n, 11) && luhn_valid(n);
}
bool ve_rif(std::string_view n) {
  static constexpr std::array kWeights = {3, 2, 7, 6, 5, 4, 3, 2};
  static constexpr std::string_view kKinds = "VEJPG";
  if (n.size() != 10 || !kKinds.contains(n[0]) || !all_digits(n.substr(1))) return false;
  const int kind = std::array{4, 8, 12, 16, 20}[kKinds.find(n[0])];
  return "00987654321"[(kind + weighted(n.substr(1), kWeights)) % 11] == n.back();
}

// ---------------------------------------------------------------- East and South Asia

bool cn_resident(std::string_view n) {
  static constexpr std::array kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  if (n.size() != 18 || !all_digits(n.substr(0, 17))) return false;
  const int province = number_at(n, 0, 2), year = number_at(n, 6, 4);
  if (province < 11 || province > 91 || year < 1880 || year > 2100 || !date_at(n, 8)) return false;
  return "10X98765432"[weighted(n, kWeights) % 11] == n[17];
}
bool cn_social_credit(std::string_view n) {
  static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  static constexpr std::array kWeights = {1,  3,  9,  27, 19, 26, 16, 17, 20,
                                          29, 25, 13, 8,  24, 10, 30, 28};
  if (n.size() != 18 || !all_digits(n.substr(2, 6))) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    const std::size_t value = kAlphabet.find(n[i]);
    if (value == std::string_view::npos) return false;
    sum += static_cast<int>(value) * kWeights[i];
  }
  return kAlphabet[static_cast<std::size_t>((31 - sum % 31) % 31)] == n[17];
}
bool hk_identity(std::string_view n) {
  if (n.size() != 8 && n.size() != 9) return false;
  const std::size_t letters = n.size() - 7;
  int sum = letters == 1 ? 36 * 9 : 0;  // a space stands for the missing letter
  for (std::size_t i = 0; i + 1 < n.size(); ++i) {
    if (i < letters ? !is_upper(n[i]) : !is_digit(n[i])) return false;
    sum += base36(n[i]) * static_cast<int>(n.size() - i);
  }
  const int check = n.back() == 'A' ? 10 : is_digit(n.back()) ? n.back() - '0' : 99;
  return (sum + check) % 11 == 0;
}
bool tw_identity(std::string_view n) {
  static constexpr std::string_view kLetters = "ABCDEFGHJKLMNPQRSTUVXYWZIO";  // 10, 11, 12, …
  static constexpr std::array kWeights = {8, 7, 6, 5, 4, 3, 2, 1};
  if (n.size() != 10 || !is_upper(n[0]) || !all_digits(n.substr(1))) return false;
  if (n[1] != '1' && n[1] != '2' && n[1] != '8' && n[1] != '9') return false;
  const int area = static_cast<int>(kLetters.find(n[0])) + 10;
  const int sum = area / 10 + area % 10 * 9 + weighted(n.substr(1), kWeights) + last(n);
  return sum % 10 == 0;
}
bool jp_my_number(std::string_view n) {
  static constexpr std::array kWeights = {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  return digits_only(n, 12) && eleven_less(weighted(n, kWeights)) == last(n);
}
bool jp_corporate(std::string_view n) {
  static constexpr std::array kWeights = {2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1};
  return digits_only(n, 13) && 9 - weighted(n.substr(1), kWeights) % 9 == digit_at(n, 0);
}
bool kr_resident(std::string_view n) {
  // The last digit is no check digit any more since October 2020: it decides nothing.
  return digits_only(n, 13) && date_at(n, 0) && n[6] >= '1' && n[6] <= '8';
}
bool kr_business(std::string_view n) {
  static constexpr std::array kWeights = {1, 3, 7, 1, 3, 7, 1, 3, 5};
  if (!digits_only(n, 10) || number_at(n, 0, 3) < 101) return false;
  const int sum = weighted(n, kWeights) + digit_at(n, 8) * 5 / 10;
  return (10 - sum % 10) % 10 == last(n);
}

bool in_aadhaar(std::string_view n) {
  return digits_only(n, 12) && n[0] >= '2' && verhoeff_valid(n);
}
bool in_pan(std::string_view n) {
  return n.size() == 10 && std::ranges::all_of(n.substr(0, 5), is_upper) &&
         std::string_view("ABCFGHJLPTK").contains(n[3]) && all_digits(n.substr(5, 4)) &&
         n.substr(5, 4) != "0000" && is_upper(n[9]);
}
bool in_gstin(std::string_view n) {
  if (n.size() != 15 || !all_digits(n.substr(0, 2)) || !in_pan(n.substr(2, 10)) || n[12] == '0' ||
      n[13] != 'Z')
    return false;
  const int state = number_at(n, 0, 2);
  if (state < 1 || (state > 38 && state != 97 && state != 99)) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 14; ++i) {
    const int product = base36(n[i]) * (i % 2 == 0 ? 1 : 2);
    sum += product / 36 + product % 36;
  }
  return (36 - sum % 36) % 36 == base36(n[14]);
}
bool pk_cnic(std::string_view n) {
  return digits_only(n, 13) && n[0] >= '1' && n[0] <= '7' && n[12] != '0';
}
bool lk_nic(std::string_view n) {
  const std::size_t day_at = n.size() == 12 ? 4 : 2;
  if (n.size() == 10 ? !all_digits(n.substr(0, 9)) : !digits_only(n, 12)) return false;
  const int day = number_at(n, day_at, 3) % 500;  // +500: a woman
  return day >= 1 && day <= 366;
}

// ---------------------------------------------------------------- South-East Asia and the Pacific

bool sg_nric(std::string_view n) {
  static constexpr std::array kWeights = {2, 7, 6, 5, 4, 3, 2};
  if (n.size() != 9 || !all_digits(n.substr(1, 7))) return false;
  const int sum = weighted(n.substr(1), kWeights);
  switch (n[0]) {
    case 'S':
      return "JZIHGFEDCBA"[sum % 11] == n[8];
    case 'T':
      return "JZIHGFEDCBA"[(sum + 4) % 11] == n[8];
    case 'F':
      return "XWUTRQPNMLK"[sum % 11] == n[8];
    case 'G':
      return "XWUTRQPNMLK"[(sum + 4) % 11] == n[8];
    case 'M':
      return "KLJNPQRTUWX"[10 - (sum + 3) % 11] == n[8];
    default:
      return false;
  }
}
bool my_nric(std::string_view n) {
  static constexpr std::array kNever = {0, 17, 18, 19, 20, 69, 70, 73, 80, 81, 94, 95, 96, 97};
  return digits_only(n, 12) && date_at(n, 0) &&
         std::ranges::find(kNever, number_at(n, 6, 2)) == kNever.end();
}
bool th_identity(std::string_view n) {
  if (!digits_only(n, 13) || n[0] == '0' || n[0] == '9') return false;
  int sum = 0;
  for (int i = 0; i < 12; ++i) sum += digit_at(n, static_cast<std::size_t>(i)) * (13 - i);
  return (11 - sum % 11) % 10 == last(n);
}
bool id_nik(std::string_view n) {
  if (!digits_only(n, 16) || n[0] == '0' || n.ends_with("0000")) return false;
  return day_of_year(number_at(n, 8, 2), number_at(n, 6, 2) % 40);  // +40: a woman
}
bool vn_citizen(std::string_view n) {
  return digits_only(n, 12) && number_at(n, 0, 3) >= 1 && number_at(n, 0, 3) <= 96;
}
bool au_tfn(std::string_view n) {
  static constexpr std::array kNine = {1, 4, 3, 7, 5, 8, 6, 9, 10};
  static constexpr std::array kEight = {10, 7, 8, 4, 6, 3, 5, 1};
  if (digits_only(n, 8)) return weighted(n, kEight) % 11 == 0;
  return digits_only(n, 9) && weighted(n, kNine) % 11 == 0;
}
bool au_abn(std::string_view n) {
  static constexpr std::array kWeights = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
  return digits_only(n, 11) && number_at(n, 0, 2) > 10 && (weighted(n, kWeights) - 10) % 89 == 0;
}
bool au_acn(std::string_view n) {
  static constexpr std::array kWeights = {8, 7, 6, 5, 4, 3, 2, 1};
  return digits_only(n, 9) && (10 - weighted(n, kWeights) % 10) % 10 == last(n);
}
bool nz_ird(std::string_view n) {
  static constexpr std::array kFirst = {3, 2, 7, 6, 5, 4, 3, 2};
  static constexpr std::array kSecond = {7, 4, 3, 2, 5, 2, 7, 6};
  if ((n.size() != 8 && n.size() != 9) || !all_digits(n)) return false;
  const std::string nine = n.size() == 8 ? "0" + std::string(n) : std::string(n);
  const int value = number_at(nine, 0, 9);
  if (value < 10'000'000 || value > 150'000'000) return false;
  int check = (11 - weighted(nine, kFirst) % 11) % 11;
  if (check == 10) check = (11 - weighted(nine, kSecond) % 11) % 11;
  return check == last(nine);
}

// ---------------------------------------------------------------- Middle East, Africa, Central
// Asia

bool kz_iin(std::string_view n) {
  static constexpr std::array kFirst = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  static constexpr std::array kSecond = {3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2};
  if (!digits_only(n, 12) || !date_at(n, 0) || n[6] > '6') return false;
  int check = weighted(n, kFirst) % 11;
  if (check == 10) check = weighted(n, kSecond) % 11;
  return check == last(n);
}
bool il_identity(std::string_view n) {
  return digits_only(n, 9) && luhn_valid(n);
}
bool ae_emirates(std::string_view n) {
  return digits_only(n, 15) && n.starts_with("784") && luhn_valid(n);
}
bool sa_identity(std::string_view n) {
  return digits_only(n, 10) && (n[0] == '1' || n[0] == '2') && luhn_valid(n);
}
bool eg_national(std::string_view n) {
  if (!digits_only(n, 14) || (n[0] != '2' && n[0] != '3') || !date_at(n, 1)) return false;
  const int governorate = number_at(n, 7, 2);
  return (governorate >= 1 && governorate <= 35) || governorate == 88;
}
bool kw_civil(std::string_view n) {
  static constexpr std::array kWeights = {2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  return digits_only(n, 12) && n[0] >= '1' && n[0] <= '3' && date_at(n, 1) &&
         11 - weighted(n, kWeights) % 11 == last(n);
}
bool ir_national(std::string_view n) {
  static constexpr std::array kWeights = {10, 9, 8, 7, 6, 5, 4, 3, 2};
  if (!digits_only(n, 10)) return false;
  const int rest = weighted(n, kWeights) % 11;
  return (rest < 2 ? rest : 11 - rest) == last(n);
}
bool za_identity(std::string_view n) {
  return digits_only(n, 13) && date_at(n, 0) && n[10] <= '2' && luhn_valid(n);
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"ae_emirates", ruled<ae_emirates>},
    {"ar_cuit", ruled<ar_cuit>},
    {"au_abn", ruled<au_abn>},
    {"au_acn", ruled<au_acn>},
    {"au_tfn", ruled<au_tfn>},
    {"br_cnh", ruled<br_cnh>},
    {"br_cnpj", ruled<br_cnpj>},
    {"br_cpf", ruled<br_cpf>},
    {"br_pis", ruled<br_pis>},
    {"ca_sin", ruled<ca_sin>},
    {"cl_rut", ruled<cl_rut>},
    {"cn_resident", ruled<cn_resident>},
    {"cn_social_credit", ruled<cn_social_credit>},
    {"co_nit", ruled<co_nit>},
    {"do_cedula", ruled<do_cedula>},
    {"ec_cedula", ruled<ec_cedula>},
    {"eg_national", ruled<eg_national>},
    {"hk_identity", ruled<hk_identity>},
    {"id_nik", ruled<id_nik>},
    {"il_identity", ruled<il_identity>},
    {"in_aadhaar", ruled<in_aadhaar>},
    {"in_gstin", ruled<in_gstin>},
    {"in_pan", ruled<in_pan>},
    {"ir_national", ruled<ir_national>},
    {"jp_corporate", ruled<jp_corporate>},
    {"jp_my_number", ruled<jp_my_number>},
    {"kr_business", ruled<kr_business>},
    {"kr_resident", ruled<kr_resident>},
    {"kw_civil", ruled<kw_civil>},
    {"kz_iin", ruled<kz_iin>},
    {"lk_nic", ruled<lk_nic>},
    {"mx_curp", ruled<mx_curp>},
    {"mx_rfc", ruled<mx_rfc>},
    {"mx_social_security", ruled<mx_social_security>},
    {"my_nric", ruled<my_nric>},
    {"nz_ird", ruled<nz_ird>},
    {"pe_ruc", ruled<pe_ruc>},
    {"pk_cnic", ruled<pk_cnic>},
    {"sa_identity", ruled<sa_identity>},
    {"sg_nric", ruled<sg_nric>},
    {"th_identity", ruled<th_identity>},
    {"tw_identity", ruled<tw_identity>},
    {"us_ein", ruled<us_ein>},
    {"uy_cedula", ruled<uy_cedula>},
    {"ve_rif", ruled<ve_rif>},
    {"vn_citizen", ruled<vn_citizen>},
    {"za_identity", ruled<za_identity>},
});

}  // namespace

std::span<const NamedValidator> world_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
