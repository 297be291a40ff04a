// Payment numbers against published ones: test cards that networks and acquirers print, the example
// of every country in the SWIFT IBAN registry (and of countries that use IBANs beside it), ISO 7813
// tracks, examples of national account numbers and securities.
#include <gtest/gtest.h>

#include <string>

#include "policy/validators.h"
#include "validator_support.h"

namespace customhouse::policy {
namespace {

constexpr const char* kIbans[] = {
    "AL47212110090000000235698741",
    "AD1200012030200359100100",
    "AT611904300234573201",
    "AZ21NABZ00000000137010001944",
    "BH67BMAG00001299123456",
    "BE68539007547034",
    "BA391290079401028494",
    "BR9700360305000010009795493P1",
    "VG96VPVG0000012345678901",
    "BG80BNBG96611020345678",
    "BI4210000100010000332045181",
    "BY13NBRB3600900000002Z00AB00",
    "CR05015202001026284066",
    "HR1210010051863000160",
    "CY17002001280000001200527600",
    "CZ6508000000192000145399",
    "DJ2100010000000154000100186",
    "DK5000400440116243",
    "FO2000400440116243",
    "GL2000400440116243",
    "DO28BAGR00000001212453611324",
    "EE382200221020145685",
    "EG380019000500000000263180002",
    "FI2112345600000785",
    "FK88SC123456789012",
    "FR1420041010050500013M02606",
    "GE29NB0000000101904917",
    "DE89370400440532013000",
    "GI75NWBK000000007099453",
    "GR1601101250000000012300695",
    "GT82TRAJ01020000001210029690",
    "HN88CABF00000000000250005469",
    "HU42117730161111101800000000",
    "IS140159260076545510730339",
    "IQ98NBIQ850123456789012",
    "IE29AIBK93115212345678",
    "IL620108000000099999999",
    "IT60X0542811101000000123456",
    "JO94CBJO0010000000000131000302",
    "KZ86125KZT5004100100",
    "XK051212012345678906",
    "KW81CBKU0000000000001234560101",
    "LV80BANK0000435195001",
    "LB62099900000001001901229114",
    "LI21088100002324013AA",
    "LT121000011101001000",
    "LU280019400644750000",
    "LY83002048000020100120361",
    "MK07250120000058984",
    "MT84MALT011000012345MTLCAST001S",
    "MN121234123456789123",
    "MR1300020001010000123456753",
    "MU17BOMM0101101030300200000MUR",
    "MD24AG000225100013104168",
    "MC5811222000010123456789030",
    "ME25505000012345678951",
    "NI45BAPR00000013000003558124",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "OM810180000001299123456",
    "PK36SCBL0000001123456702",
    "PS92PALS000000000400123456702",
    "PL61109010140000071219812874",
    "PT50000201231234567890154",
    "QA58DOHB00001234567890ABCDEFG",
    "RO49AAAA1B31007593840000",
    "RU0304452522540817810538091310419",
    "LC55HEMM000100010012001200023015",
    "SM86U0322509800000000270100",
    "ST68000100010051845310112",
    "SA0380000000608010167519",
    "SC18SSCB11010000000000001497USD",
    "SD8811123456789012",
    "SK3112000000198742637541",
    "SI56191000000123438",
    "SO211000001001000100141",
    "SV62CENR00000000000000700025",
    "ES9121000418450200051332",
    "SE4550000000058398257466",
    "CH9300762011623852957",
    "TL380080012345678910157",
    "TN5910006035183598478831",
    "TR330006100519786457841326",
    "UA213996220000026007233566001",
    "AE070331234567890123456",
    "GB29NWBK60161331926819",
    "VA59001123000012345678",
    "YE15CBYE0001018861234567891234",
    "BJ83A12312341234123412341234",
    "CI77A12312341234123412341234",
    "SN15A12312341234123412341234",
    "ML75A12312341234123412341234",
    "CM1512341234123412341234123",
    "CG3930013020003710721836132",
    "IR081234123412341234123412",
    "MG4012341234123412341234123",
    "MZ97123412341234123412341",
    "CV05123412341234123412341",
    "AO44123412341234123412341",
    "RS35260005601001611379",
};

TEST(PaymentNumbers, TestCardsOfEveryNetworkAreTakenInContext) {
  for (const char* card : {
           "4111111111111111",    "4988438843884305",    // Visa
           "5555341244441115",    "2222400070000005",    // Mastercard
           "370000000000002",     "6011601160116611",    // American Express, Discover
           "6445644564456445",    "36006666333344",      // Discover, Diners Club
           "3569990010095841",    "6243030000000001",    // JCB, UnionPay
           "8171999927660000",    "6771798021000008",    // UnionPay, Maestro
           "6759649826438453",    "6703444444444449",    // Maestro, Bancontact
           "2200000000000004",    "6527658900001005",    // Mir, RuPay
           "5066991111111118",    "6062828888666688",    // Elo, Hipercard
           "5060666666666666666", "507850785078507812",  // Verve
           "9792030394440796",    "5019555544445555",    // Troy, Dankort
           "9704000000000018",    "8600495473316478",    // Napas, UzCard
       }) {
    EXPECT_EQ(judge("credit_card", card, true).confidence, Confidence::Certain) << card;
    expect_single_digit_errors_refused("credit_card", card);
  }
}

TEST(PaymentNumbers, SmallOrWideIssuerRangesNeedGroupingOrContext) {
  for (const char* card : {"6771798021000008", "5060666666666666666", "507850785078507812"}) {
    EXPECT_EQ(judge("credit_card", card).confidence, Confidence::Low) << card;
  }
  EXPECT_FALSE(accepts("credit_card", "100000000000008"));
}

TEST(PaymentNumbers, IbanOfEveryCountryIsTakenAndNoTypingErrorOfIt) {
  for (const std::string iban : kIbans) {
    EXPECT_EQ(judge("iban", iban).confidence, Confidence::Certain) << iban;
    expect_single_digit_errors_refused("iban", iban);
  }
}

TEST(PaymentNumbers, IbanMustHaveItsCountrysStructure) {
  // Right checksums, letters where the country has digits and the other way round.
  for (const char* iban : {"DE04A70400440532013000", "NL2712340417164300"}) {
    EXPECT_FALSE(accepts("iban", iban)) << iban;
  }
}

TEST(PaymentNumbers, TracksOfIso7813) {
  EXPECT_TRUE(accepts("magnetic_track", "%B4111111111111111^DOE/JANE^28121010000000000000?"));
  EXPECT_TRUE(accepts("magnetic_track", ";5555555555554444=28121011234567890?"));
  EXPECT_FALSE(accepts("magnetic_track", ";5555555555554445=28121011234567890?"));
  EXPECT_FALSE(accepts("magnetic_track", ";5555555555554444=28131011234567890?"));
  EXPECT_FALSE(accepts("magnetic_track", ";5555555555554444="));
}

struct Row {
  const char* validator;
  const char* number;
};

TEST(BankNumbers, PublishedExamplesAreTakenAndNoTypingErrorOfThem) {
  for (const Row& row : {
           Row{"aba_routing", "021000021"},
           {"aba_routing", "111000025"},
           {"aba_routing", "011401533"},
           {"mx_clabe", "032180000118359719"},
           {"ar_cbu", "2850590940090418135201"},
           {"es_ccc", "21000418450200051332"},
           {"pl_nrb", "61109010140000071219812874"},
           {"hu_account", "11773016-11111018-00000000"},
           {"no_account", "86011117947"},
           {"lei", "7LTWFZYICNSX8D621K86"},
           {"lei", "529900T8BM49AURSDO55"},
           {"sepa_creditor", "DE98ZZZ09999999999"},
           {"isin", "US0378331005"},
           {"isin", "DE000BAY0017"},
           {"isin", "AU0000XVGZA3"},
           {"cusip", "037833100"},
           {"sedol", "0263494"},
           {"sedol", "B0WNLY7"},
           {"figi", "BBG000BLNNH6"},
       }) {
    EXPECT_TRUE(accepts(row.validator, row.number, true)) << row.validator << ' ' << row.number;
    expect_single_digit_errors_refused(row.validator, row.number);
  }
  EXPECT_TRUE(accepts("fr_rib", "20041010050500013M02606"));
  EXPECT_FALSE(accepts("fr_rib", "20041010050500013M02607"));
  EXPECT_TRUE(accepts("cz_account", "19-2000145399/0800"));
  EXPECT_FALSE(accepts("cz_account", "18-2000145399/0800"));
  EXPECT_FALSE(accepts("cz_account", "19-2000145398/0800"));
}

TEST(BankNumbers, RangesThatAreNeverIssuedAreRefused) {
  EXPECT_FALSE(accepts("aba_routing", "411000027", true));  // right digit, no such district
  EXPECT_FALSE(accepts("bic", "DEUTZZFF"));
  EXPECT_TRUE(accepts("bic", "DEUTDEFF500"));
  EXPECT_FALSE(accepts("isin", "ZZ0378331005"));
}

TEST(BankNumbers, QuickResponsePaymentsCarryTheirChecksum) {
  const std::string pix =
      "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-"
      "4266554400005204000053039865802BR5913"
      "Fulano de Tal6008BRASILIA62070503***6304";
  EXPECT_TRUE(accepts("emv_qr", pix + "1D3D"));  // example of the Pix manual
  EXPECT_FALSE(accepts("emv_qr", pix + "1D3E"));
}

}  // namespace
}  // namespace customhouse::policy
