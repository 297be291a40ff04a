// Numbers of health care against the examples that their issuers print.
#include <gtest/gtest.h>

#include "validator_support.h"

namespace customhouse::policy {
namespace {

struct Row {
  const char* validator;
  const char* number;
};

TEST(MedicalNumbers, PublishedExamplesAreTakenAndNoTypingErrorOfThem) {
  for (const Row& row : {
           Row{"us_npi", "1234567893"},  // CMS, "Requirements for NPI check digit"
           {"us_npi", "1245319599"},
           {"us_dea", "AB1234563"},
           {"uk_nhs", "943 476 5919"},  // NHS data dictionary
           {"uk_nhs", "401 023 2137"},
           {"au_medicare", "2123456701"},
           {"ca_bc_phn", "9698658215"},
           {"verhoeff", "22298006"},  // SNOMED CT: myocardial infarction
           {"verhoeff", "195967001"},
       }) {
    EXPECT_TRUE(accepts(row.validator, row.number, true)) << row.validator << ' ' << row.number;
    // The issue number at the end of a Medicare number has no check digit; DEA weighs digits by
    // 1 and 2 and a transposition of some passes, a single error in the others does not.
    if (row.validator == std::string_view("us_npi") ||
        row.validator == std::string_view("uk_nhs") ||
        row.validator == std::string_view("verhoeff")) {
      expect_single_digit_errors_refused(row.validator, row.number);
    }
  }
}

TEST(MedicalNumbers, WhatIsNeverIssuedIsRefused) {
  EXPECT_FALSE(accepts("us_npi", "3234567899"));  // begins with 1 or 2
  EXPECT_FALSE(accepts("us_dea", "AB0000000"));
  EXPECT_FALSE(accepts("us_dea", "NB1234563"));  // no such registrant
  EXPECT_FALSE(accepts("uk_nhs", "9434765919")) << "solid digits need a word beside them";
  EXPECT_TRUE(accepts("uk_nhs", "9434765919", true));
  EXPECT_FALSE(accepts("au_medicare", "7123456701"));
  EXPECT_FALSE(accepts("ca_bc_phn", "8698658215"));
}

TEST(MedicalNumbers, NewZealandBothForms) {
  EXPECT_TRUE(accepts("nz_nhi", "ZAC5361"));  // HISO 10046 examples
  EXPECT_TRUE(accepts("nz_nhi", "ZBN77VL"));
  EXPECT_FALSE(accepts("nz_nhi", "ZZZ0044"));
  EXPECT_FALSE(accepts("nz_nhi", "ZZZ00AA"));
  expect_single_digit_errors_refused("nz_nhi", "ZBN77VL");
}

}  // namespace
}  // namespace customhouse::policy
