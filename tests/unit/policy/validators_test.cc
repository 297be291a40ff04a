// Validators against published numbers: networks' test cards, the IBAN registry's examples, BIP 173
// and 350 vectors, EIP-55 examples, SSA and IRS rules.
#include "policy/validators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/base64.h"
#include "policy/checksums.h"
#include "validator_support.h"

namespace customhouse::policy {
namespace {

TEST(Checksums, LuhnTakesPublishedNumbersAndNoNeighbour) {
  EXPECT_TRUE(luhn_valid("79927398713"));
  for (const char* wrong : {"79927398710", "79927398714", "", "7992739871x"}) {
    EXPECT_FALSE(luhn_valid(wrong)) << wrong;
  }
}

TEST(Checksums, Crc32IsThatOfIeee) {
  EXPECT_EQ(crc32_of("123456789"), 0xCBF43926U);
}

TEST(Checksums, Base58CheckTakesAddressesAndNoTypingError) {
  EXPECT_TRUE(base58check_valid("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
  EXPECT_TRUE(base58check_valid("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"));
  EXPECT_TRUE(base58check_valid("1111111111111111111114oLvT2"));
  EXPECT_FALSE(base58check_valid("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"));
  EXPECT_FALSE(base58check_valid("0A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
  EXPECT_FALSE(base58check_valid("11A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
}

TEST(Checksums, SegwitVectorsOfBip173AndBip350) {
  for (const char* valid :
       {"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "BC1SW50QGDZ25J", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"}) {
    EXPECT_TRUE(segwit_address_valid(valid)) << valid;
  }
  for (const char* invalid :
       {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "bc1rw5uspcuh", "bc1gmk9yu",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du"}) {
    EXPECT_FALSE(segwit_address_valid(invalid)) << invalid;
  }
}

TEST(Checksums, Eip55ExamplesOfTheStandard) {
  for (const char* valid :
       {"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "fB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "dbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "D1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"}) {
    EXPECT_TRUE(eip55_valid(valid)) << valid;
  }
  EXPECT_FALSE(eip55_valid("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"));
}

TEST(CreditCard, TestNumbersOfEveryNetworkAreTaken) {
  for (const char* card :
       {"4111111111111111", "4012888888881881", "5555555555554444", "5105105105105100",
        "2223003122003222", "378282246310005", "371449635398431", "6011111111111117",
        "3530111333300000", "30569309025904", "38520000023237", "6200000000000005",
        "2200000000000004"}) {
    const Verdict verdict = judge("credit_card", card);
    EXPECT_TRUE(verdict.accepted) << card;
    EXPECT_EQ(verdict.confidence, Confidence::Medium) << card;
  }
}

TEST(CreditCard, GroupingOrContextMakesItCertainAndPlainFormIsTheSame) {
  for (const char* card : {"4111 1111 1111 1111", "4111-1111-1111-1111", "4111.1111.1111.1111"}) {
    const Verdict verdict = judge("credit_card", card);
    EXPECT_EQ(verdict.confidence, Confidence::Certain) << card;
    EXPECT_EQ(verdict.normalized, "4111111111111111");
  }
  EXPECT_EQ(judge("credit_card", "4222222222222", true).confidence, Confidence::Certain);
  EXPECT_EQ(judge("credit_card", "4222222222222").confidence, Confidence::Low);
}

TEST(CreditCard, WrongCheckDigitRangeOrGroupingIsNone) {
  for (const char* number : {"4111111111111112", "1234567812345670", "0000000000000000",
                             "4111 1111-1111 1111", "41 11 1111 1111 1111", "9999999999999995"}) {
    EXPECT_FALSE(accepts("credit_card", number)) << number;
  }
}

TEST(Iban, RegistryExamplesAreTakenGroupedAndSolid) {
  for (const char* iban : {"AD1200012030200359100100",
                           "AT611904300234573201",
                           "BE68539007547034",
                           "BG80BNBG96611020345678",
                           "CH9300762011623852957",
                           "CY17002001280000001200527600",
                           "DE89370400440532013000",
                           "DK5000400440116243",
                           "EE382200221020145685",
                           "ES9121000418450200051332",
                           "FI2112345600000785",
                           "FR1420041010050500013M02606",
                           "GB29NWBK60161331926819",
                           "GR1601101250000000012300695",
                           "HU42117730161111101800000000",
                           "IE29AIBK93115212345678",
                           "IT60X0542811101000000123456",
                           "MT84MALT011000012345MTLCAST001S",
                           "NL91ABNA0417164300",
                           "NO9386011117947",
                           "PL61109010140000071219812874",
                           "PT50000201231234567890154",
                           "SE4550000000058398257466",
                           "SA0380000000608010167519",
                           "GB29 NWBK 6016 1331 9268 19",
                           "de89 3704 0044 0532 0130 00"}) {
    EXPECT_TRUE(accepts("iban", iban)) << iban;
  }
}

TEST(Iban, WrongLengthCountryOrCheckIsNone) {
  for (const char* iban : {"GB29NWBK60161331926818", "GB29NWBK6016133192681",
                           "XX29NWBK60161331926819", "GB29  NWBK60161331926819"}) {
    EXPECT_FALSE(accepts("iban", iban)) << iban;
  }
}

TEST(UsNumbers, RulesOfSsaAndIrs) {
  EXPECT_TRUE(accepts("us_ssn", "536-90-4399"));
  EXPECT_TRUE(accepts("us_ssn", "536904399", true));
  for (const char* never :
       {"000-12-3456", "666-12-3456", "900-12-3456", "536-00-4399", "536-90-0000", "078-05-1120",
        "536 90 4399", "536904399", "536-90.4399", "333-33-3333"}) {
    EXPECT_FALSE(accepts("us_ssn", never)) << never;
  }
  EXPECT_TRUE(accepts("us_itin", "911-70-1234"));
  for (const char* never : {"911-66-1234", "911-89-1234", "911-93-1234", "811-70-1234"}) {
    EXPECT_FALSE(accepts("us_itin", never)) << never;
  }
}

TEST(UkNino, PrefixesThatAreNeverIssued) {
  EXPECT_TRUE(accepts("uk_nino", "AA123456A"));
  for (const char* never : {"BG123456A", "GB123456A", "NK123456A", "ZZ123456A"}) {
    EXPECT_FALSE(accepts("uk_nino", never)) << never;
  }
}

TEST(GithubToken, ChecksumRaisesToCertain) {
  // Thirty characters and their CRC-32 in base 62.
  const std::string body = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ";
  const std::string token = "ghp_" + body + "0mLq17";
  EXPECT_EQ(judge("github_token", token).confidence, Confidence::Certain);
  EXPECT_EQ(judge("github_token", "ghp_" + body + "0mLq18").confidence, Confidence::High);
}

TEST(Base64, RfcVectorsGoThereAndBack) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(encode_base64(plain, false, true), encoded);
    EXPECT_EQ(decode_base64(encoded), plain);
  }
  EXPECT_EQ(decode_base64("Zg"), "f");
  EXPECT_FALSE(decode_base64("Zg=a").has_value());
  EXPECT_FALSE(decode_base64("Z").has_value());
  EXPECT_EQ(decode_hex("666f6F"), "foo");
  EXPECT_FALSE(decode_hex("666").has_value());
}

TEST(Validators, AreFoundByNameOnly) {
  EXPECT_EQ(find_validator("no_such_validator"), nullptr);
  for (const NamedValidator& v : validators()) EXPECT_EQ(find_validator(v.name), v.function);
}

}  // namespace
}  // namespace customhouse::policy
