// National numbers: published ones pass, and no single changed digit does where that is promised.
#include "policy/national_numbers.h"

#include <gtest/gtest.h>

#include <set>

#include "policy/validators.h"

namespace customhouse::policy {
namespace {

bool accepts(std::string_view validator, std::string_view number) {
  const Validator function = find_validator(validator);
  EXPECT_NE(function, nullptr) << validator;
  Candidate candidate{number, 0, number.size(), true};
  return function != nullptr && function(candidate).accepted;
}

struct Published {
  const char* validator;
  const char* number;
  bool every_digit = true;  // a change of any one digit is found
};

// From the registers' own documents and from the documentation of python-stdnum 1.18.
constexpr Published kPublished[] = {
    {"at_svnr", "1237010180"},
    {"baltic_code", "36805280109", false},
    {"baltic_code", "33309240064", false},
    {"be_nrn", "85073003328"},
    {"be_nrn", "17073003384"},
    {"bg_egn", "7523169263", false},
    {"br_cnh", "97625655678", false},
    {"br_cnpj", "16727230000197"},
    {"br_cnpj", "12ABC34501DE35"},
    {"br_cpf", "39053344705", false},
    {"ca_sin", "123456782"},
    {"ch_ahv", "7569217076985"},
    {"cl_rut", "125319092"},
    {"cn_resident", "11010519491231002X"},
    {"cn_social_credit", "91110000600037341L"},
    {"co_nit", "2131234321", false},
    {"cz_birth_number", "7103192745"},
    {"de_identity_document", "C01X00T478"},
    {"de_identity_document", "T220001293"},
    {"de_pension_number", "15070649C103", false},
    {"de_health_insurance", "A123456780", false},
    {"de_tax_id", "36574261809"},
    {"do_cedula", "00113918205"},
    {"ec_cedula", "1714307103"},
    {"es_cif", "J99216582"},
    {"es_nie", "X2482300W"},
    {"es_nif", "54362315K"},
    {"es_social_security", "281234567840"},
    {"fi_hetu", "131052308T"},
    {"fr_nir", "295109912611193"},
    {"fr_nir", "253072A07300443"},
    {"fr_siren", "552008443"},
    {"fr_siret", "73282932000074"},
    {"gb_utr", "1955839661", false},
    {"gr_afm", "094259216", false},
    {"gr_amka", "01013099997"},
    {"hk_identity", "A1234563"},
    {"hr_oib", "33392005961"},
    {"hu_tax_id", "8071592153", false},
    {"ie_pps", "6433435F"},
    {"ie_pps", "6433435FT"},
    {"il_identity", "039337423"},
    {"in_aadhaar", "234123412346"},
    {"in_gstin", "27AAPFU0939F1ZV"},
    {"ir_national", "0499370899"},
    {"is_kennitala", "4504013150", false},
    {"it_codice_fiscale", "RCCMNL83S18D969H", false},
    {"it_partita_iva", "00743110157"},
    {"jmbg", "0101006500006", false},
    {"jp_corporate", "5835678256246"},
    {"jp_my_number", "123456789018", false},
    {"kr_business", "1168200276"},
    {"lv_personal_code", "16117519997", false},
    {"mx_curp", "BOXW310820HNERXN09", false},
    {"mx_rfc", "GODE561231GR8", false},
    {"my_nric", "770305021234", false},
    {"nl_bsn", "111222333"},
    {"no_fnr", "15108695088"},
    {"nz_ird", "049091850", false},
    {"pe_ruc", "20512333797", false},
    {"pl_identity_card", "ABA300000"},
    {"pl_nip", "8567346215"},
    {"pl_pesel", "44051401359"},
    {"pl_regon", "192598184", false},
    {"pt_citizen_card", "000000000ZZ4", false},
    {"pt_nif", "501964843", false},
    {"ro_cnp", "1630615123457", false},
    {"ru_inn", "7707083893", false},
    {"ru_snils", "11223344595"},
    {"se_organisation", "1234567897"},
    {"se_personnummer", "8803200016"},
    {"sg_nric", "S1234567D"},
    {"sg_nric", "F1234567N"},
    {"tr_tckn", "17291716060"},
    {"tw_identity", "A123456789", false},
    {"ua_tax_number", "1759013776", false},
    {"us_ein", "911144442", false},
    {"uy_cedula", "12345672", false},
    {"ve_rif", "V114702834", false},
    {"za_identity", "7503305044089"},
};

TEST(NationalNumbers, PublishedOnesPass) {
  for (const Published& one : kPublished)
    EXPECT_TRUE(accepts(one.validator, one.number)) << one.validator << " " << one.number;
}

TEST(NationalNumbers, AChangedDigitIsFoundWhereTheCheckDigitPromisesIt) {
  for (const Published& one : kPublished) {
    if (!one.every_digit) continue;
    std::string number = one.number;
    for (char& c : number) {
      if (!is_digit(c)) continue;
      const char right = c;
      for (char other = '0'; other <= '9'; ++other) {
        c = other;
        if (other != right)
          EXPECT_FALSE(accepts(one.validator, number)) << one.validator << " " << number;
      }
      c = right;
    }
  }
}

TEST(NationalNumbers, OneDigitOverAndOverIsNone) {
  for (const auto table : {european_validators(), world_validators()}) {
    for (const NamedValidator& validator : table) {
      for (std::size_t size = 7; size <= 18; ++size) {
        for (const char digit : {'0', '1', '5', '9'}) {
          const std::string number(size, digit);
          Candidate candidate{number, 0, number.size(), true};
          EXPECT_FALSE(validator.function(candidate).accepted) << validator.name << " " << number;
        }
      }
    }
  }
}

TEST(NationalNumbers, AKoreanNumberOfAfterOctober2020HasNoCheckDigit) {
  for (const char* number : {"2011013123456", "2011013123457", "2011013123450"})
    EXPECT_TRUE(accepts("kr_resident", number)) << number;
  EXPECT_FALSE(accepts("kr_resident", "2013013123456")) << "no such month";
}

TEST(NationalNumbers, NothingOfAnyLengthOrKindIsReadBeyondItsEnd) {
  for (const auto table : {european_validators(), world_validators()}) {
    for (const NamedValidator& validator : table) {
      for (std::size_t size = 0; size <= 24; ++size) {
        for (const char* part : {"1", "A", "Z9", "12A", "\xC3\xA9", "-", "784GHA"}) {
          std::string number;
          while (number.size() < size) number += part;
          number.resize(size);
          Candidate candidate{number, 0, number.size(), true};
          validator.function(candidate);
        }
      }
    }
  }
}

TEST(CheckDigits, VerhoeffAndMod11_10) {
  EXPECT_TRUE(verhoeff_valid("2363"));
  EXPECT_FALSE(verhoeff_valid("2364"));
  EXPECT_FALSE(verhoeff_valid("3263")) << "neighbours swapped";
  EXPECT_TRUE(mod11_10_valid("07945"));  // ISO 7064, annex: 0794 has check digit 5
  EXPECT_FALSE(mod11_10_valid("07944"));
}

}  // namespace
}  // namespace customhouse::policy
