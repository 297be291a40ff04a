// Accounts, banks and securities. Sources: ABA routing number policy, ISO 9362 (BIC), ISO 17442
// (LEI), ISO 6166 (ISIN), ANSI X9.6 (CUSIP), LSE SEDOL masterfile, FIGI specification, CNBV
// (CLABE), BCRA (CBU), Banco de España (CCC), CFONB (RIB), NBP (NRB), EPC262-08 (creditor
// identifier), MNB, CNB decree 169/2011, Bits (Norwegian accounts), Bankgirot, EMVCo QR codes.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "policy/checksums.h"
#include "policy/digits.h"
#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

using Weights = std::span<const int>;

/// The rest of a checksum decides; with context or without, what passes is as sure.
Verdict judged(bool valid, std::string plain, std::optional<Confidence> confidence = {}) {
  return valid ? Verdict::accept(std::move(plain), confidence) : Verdict::reject();
}

Verdict aba_routing(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 9 || all_same(digits) || !stands_alone(c)) return Verdict::reject();
  const int area = number_at(digits, 0, 2);
  const bool issued =
      area <= 12 || (area >= 21 && area <= 32) || (area >= 61 && area <= 72) || area == 80;
  static constexpr std::array kWeights = {3, 7, 1};
  return judged(issued && weighted_sum(digits, kWeights) % 10 == 0, digits);
}

/// ISO 3166-1 codes and XK, two letters each.
constexpr std::string_view kCountries =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCM"
    "CNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGY"
    "HKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMF"
    "MGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARE"
    "RORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZ"
    "VAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

bool is_country(std::string_view code) noexcept {
  for (std::size_t i = 0; i + 1 < kCountries.size(); i += 2) {
    if (kCountries.substr(i, 2) == code) return true;
  }
  return false;
}

/// Four letters of the party, country, two of the place, three of the branch.
Verdict bic(Candidate& c) {
  const std::string plain = uppered(alnum_of(c.value()));
  const bool shaped = (plain.size() == 8 || plain.size() == 11) &&
                      std::ranges::all_of(plain.substr(0, 6), is_upper);
  return judged(shaped && is_country(std::string_view(plain).substr(4, 2)), plain);
}

Verdict mx_clabe(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 18 || all_same(digits) || !stands_alone(c)) return Verdict::reject();
  static constexpr std::array kWeights = {3, 7, 1};
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) sum += (digits[i] - '0') * kWeights[i % 3] % 10;
  return judged((10 - sum % 10) % 10 == digits[17] - '0', digits);
}

/// Bank and branch with a check digit, account with another.
Verdict ar_cbu(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 22 || all_same(digits) || !stands_alone(c)) return Verdict::reject();
  static constexpr std::array kBank = {7, 1, 3, 9, 7, 1, 3};
  static constexpr std::array kAccount = {3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3};
  const std::string_view all = digits;
  const bool valid = (weighted_sum(all.substr(0, 7), kBank) + (all[7] - '0')) % 10 == 0 &&
                     (weighted_sum(all.substr(8, 13), kAccount) + (all[21] - '0')) % 10 == 0;
  return judged(valid, digits);
}

int spanish_digit(std::string_view digits) noexcept {
  static constexpr std::array kWeights = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    sum += (digits[i] - '0') * kWeights[i + 10 - digits.size()];
  }
  const int rest = 11 - sum % 11;
  return rest == 11 ? 0 : rest == 10 ? 1 : rest;
}

Verdict es_ccc(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 20 || all_same(digits) || !stands_alone(c)) return Verdict::reject();
  const std::string_view all = digits;
  const bool valid = spanish_digit(all.substr(0, 8)) == all[8] - '0' &&
                     spanish_digit(all.substr(10, 10)) == all[9] - '0';
  const bool printed = c.value().size() > digits.size();
  if (!printed && !c.context) return Verdict::reject();
  return judged(valid, digits);
}

/// Letters of an account stand for digits as on a telephone of the time: A-I, J-R, S-Z (from 2).
int french_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const int letter = c - 'A';
  return letter < 18 ? letter % 9 + 1 : letter - 18 + 2;
}

Verdict fr_rib(Candidate& c) {
  const std::string plain = uppered(alnum_of(c.value()));
  if (plain.size() != 23 || all_same(plain) || !stands_alone(c)) return Verdict::reject();
  const std::string_view all = plain;
  if (!all_digits(all.substr(0, 10)) || !all_digits(all.substr(21))) return Verdict::reject();
  std::uint64_t account = 0;
  for (const char letter : all.substr(10, 11)) {
    account = account * 10 + static_cast<std::uint64_t>(french_digit(letter));
  }
  const auto part = [&](std::size_t at) {
    return static_cast<std::uint64_t>(number_at(all, at, 5));
  };
  const std::uint64_t key = 97 - (89 * part(0) + 15 * part(5) + 3 * account) % 97;
  return judged(key == static_cast<std::uint64_t>(number_at(all, 21, 2)), plain);
}

Verdict pl_nrb(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 26 || all_same(digits) || !stands_alone(c)) return Verdict::reject();
  return judged(mod97_valid("PL" + digits), digits);
}

Verdict hu_account(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if ((digits.size() != 16 && digits.size() != 24) || all_same(digits)) return Verdict::reject();
  static constexpr std::array kWeights = {9, 7, 3, 1};
  const std::string_view all = digits;
  return judged(weighted_sum(all.substr(0, 8), kWeights) % 10 == 0 &&
                    weighted_sum(all.substr(8), kWeights) % 10 == 0,
                digits);
}

bool czech_part_valid(std::string_view digits) noexcept {
  static constexpr std::array kWeights = {6, 3, 7, 9, 10, 5, 8, 4, 2, 1};
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    sum += (digits[i] - '0') * kWeights[i + 10 - digits.size()];
  }
  return sum % 11 == 0;
}

/// [prefix-]account/bank, prefix up to 6 and account up to 10 digits.
Verdict cz_account(Candidate& c) {
  const std::string_view value = c.value();
  const std::size_t slash = value.find('/'), hyphen = value.find('-');
  if (slash == std::string_view::npos || value.size() - slash != 5) return Verdict::reject();
  const std::size_t begin = hyphen == std::string_view::npos ? 0 : hyphen + 1;
  const std::string_view prefix = value.substr(0, begin == 0 ? 0 : hyphen);
  const std::string_view account = value.substr(begin, slash - begin);
  if (!all_digits(account) || account.size() > 10 || prefix.size() > 6) return Verdict::reject();
  if (!prefix.empty() && !all_digits(prefix)) return Verdict::reject();
  return judged(czech_part_valid(prefix) && czech_part_valid(account), std::string(value));
}

Verdict no_account(Candidate& c) {
  const std::string digits = digits_of(c.value());
  if (digits.size() != 11 || all_same(digits) || !stands_alone(c)) return Verdict::reject();
  static constexpr std::array kWeights = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
  return judged(weighted_sum(digits, kWeights) % 11 == 0, digits);
}

Verdict luhn(Candidate& c) {
  const std::string digits = digits_of(c.value());
  return judged(!all_same(digits) && luhn_valid(digits), digits);
}

/// ISO 7064 MOD 97-10 over the whole, check digits last.
bool mod97_at_end(std::string_view plain) {
  if (plain.size() < 6) return false;
  const std::string_view tail = plain.substr(plain.size() - 4);
  return mod97_valid(std::string(tail).append(plain.substr(0, plain.size() - 4)));
}

Verdict lei(Candidate& c) {
  const std::string plain = uppered(alnum_of(c.value()));
  return judged(plain.size() == 20 && !all_digits(plain) && mod97_at_end(plain), plain);
}

/// The business code at 5-7 is not part of the checksum.
Verdict sepa_creditor(Candidate& c) {
  const std::string plain = uppered(alnum_of(c.value()));
  if (plain.size() < 9 || plain.size() > 35) return Verdict::reject();
  const bool country = is_country(std::string_view(plain).substr(0, 2));
  return judged(country && mod97_valid(plain.substr(0, 4) + plain.substr(7)), plain);
}

int letter_value(char c) noexcept {
  return is_digit(c) ? c - '0' : to_upper(c) - 'A' + 10;
}

Verdict isin(Candidate& c) {
  const std::string_view value = c.value();
  if (value.size() != 12 || !is_digit(value.back())) return Verdict::reject();
  const std::string_view prefix = value.substr(0, 2);
  if (!is_country(prefix) && prefix != "XS" && prefix != "EU") return Verdict::reject();
  std::string digits;
  for (const char byte : value) digits += std::to_string(letter_value(byte));
  return judged(luhn_valid(digits) && !all_same(value.substr(2, 9)), std::string(value));
}

/// Letters are 10 to 35, every second value doubled, digits of each product added.
int doubled_sum(std::string_view plain) noexcept {
  int sum = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const int value = letter_value(plain[i]) * (i % 2 == 1 ? 2 : 1);
    sum += value / 10 + value % 10;
  }
  return sum;
}

Verdict cusip(Candidate& c) {
  const std::string plain = uppered(c.value());
  if (plain.size() != 9 || !is_digit(plain.back()) || all_same(plain)) return Verdict::reject();
  const int sum = doubled_sum(std::string_view(plain).substr(0, 8));
  return judged((10 - sum % 10) % 10 == plain[8] - '0', plain);
}

Verdict sedol(Candidate& c) {
  static constexpr std::array kWeights = {1, 3, 1, 7, 3, 9, 1};
  const std::string plain = uppered(c.value());
  if (plain.size() != 7 || all_same(plain)) return Verdict::reject();
  int sum = 0;
  for (std::size_t i = 0; i < 7; ++i) {
    if (std::string_view("AEIOU").contains(plain[i])) return Verdict::reject();
    sum += letter_value(plain[i]) * kWeights[i];
  }
  return judged(sum % 10 == 0, plain);
}

Verdict figi(Candidate& c) {
  const std::string_view plain = c.value();
  if (plain.size() != 12 || plain[2] != 'G' || !is_digit(plain.back())) return Verdict::reject();
  const int sum = doubled_sum(plain.substr(0, 11));
  return judged((10 - sum % 10) % 10 == plain[11] - '0', std::string(plain));
}

/// EMVCo merchant-presented QR: the last field is "6304" and CRC-16/CCITT-FALSE of all before.
Verdict emv_qr(Candidate& c) {
  const std::string_view value = c.value();
  if (value.size() < 12) return Verdict::reject();
  std::uint32_t crc = 0xFFFF;
  for (const char byte : value.substr(0, value.size() - 4)) {
    crc ^= std::uint32_t{static_cast<unsigned char>(byte)} << 8;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021U : 0U)) & 0xFFFF;
  }
  std::uint32_t given = 0;
  for (const char byte : value.substr(value.size() - 4)) {
    if (hex_value(byte) < 0) return Verdict::reject();
    given = given << 4 | static_cast<std::uint32_t>(hex_value(byte));
  }
  return judged(crc == given, {}, Confidence::Certain);
}

/// A UPI handle has no dot: what goes on is a mail address.
Verdict upi_id(Candidate& c) {
  const std::string_view after = c.text.substr(c.end, 2);
  if (!after.empty() && (is_alnum(after[0]) || after[0] == '-')) return Verdict::reject();
  if (after.size() == 2 && after[0] == '.' && is_alnum(after[1])) return Verdict::reject();
  return Verdict::accept(lowered(c.value()));
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"aba_routing", aba_routing},
    {"ar_cbu", ar_cbu},
    {"bic", bic},
    {"cusip", cusip},
    {"cz_account", cz_account},
    {"emv_qr", emv_qr},
    {"es_ccc", es_ccc},
    {"figi", figi},
    {"fr_rib", fr_rib},
    {"hu_account", hu_account},
    {"isin", isin},
    {"lei", lei},
    {"luhn", luhn},
    {"mx_clabe", mx_clabe},
    {"no_account", no_account},
    {"pl_nrb", pl_nrb},
    {"sedol", sedol},
    {"sepa_creditor", sepa_creditor},
    {"upi_id", upi_id},
});

}  // namespace

std::span<const NamedValidator> bank_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
