// Wallets against the vectors of their specifications; keys and phrases are the specifications'
// own.
#include <gtest/gtest.h>

#include <string>

#include "policy/bip39_words.h"
#include "policy/checksums.h"
#include "validator_support.h"

namespace customhouse::policy {
namespace {

struct Row {
  const char* validator;
  std::string address;
};

/// The last character changed: every checksum must notice.
std::string spoiled(std::string address) {
  address.back() = address.back() == '7' ? '6' : '7';  // of every alphabet here
  return address;
}

TEST(Wallets, AddressesOfPublishedVectorsAreTakenAndNoNeighbour) {
  const Row rows[] = {
      {"base58_address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
      {"base58_address", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"},
      {"base58_address", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"},
      {"base58_address", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"},
      {"base58_address", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"},
      {"base58_address", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"},
      {"base58_address", "rrrrrrrrrrrrrrrrrrrrBZbvji"},
      {"base58_address", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"},
      {"base58_address", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"},
      {"base58_address",
       "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDav"
       "up3H"},
      {"base58_address", "Ae2tdPwUPEZFRbyhz3cpfC2CumGzNkFBN2L42rcUc2yjQpEkxDbkPodpMAi"},
      {"bech32_address", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
      {"bech32_address", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"},
      {"bech32_address", "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8"},
      {"bech32_address", "stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw"},
      {"cashaddr", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"},
      {"base32_address", "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"},
      {"base32_address", "7ZUECA7HFLZTXENRV24SHLU4AVPUTMTTDUFUBNBD64C73F3UHRTHAIOF6Q"},
      {"ton_address", "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF"},
  };
  for (const Row& row : rows) {
    EXPECT_TRUE(accepts(row.validator, row.address)) << row.address;
    EXPECT_FALSE(accepts(row.validator, spoiled(row.address))) << spoiled(row.address);
  }
}

TEST(Wallets, KeysOfPublishedVectorsAreTakenAndNoNeighbour) {
  const Row rows[] = {
      {"wallet_key", std::string("5HueCGU8rMjxEXxiPuD5BDku4MkFqe") + "Zyd4dZ1jvhTVqvbTLvyTJ"},
      {"wallet_key", std::string("KwdMAjGmerYanjeui5SHS7JkmpZvVip") + "YvB2LJGU1ZxJwYvP98617"},
      {"wallet_key", std::string("snoPBrXtMeMyMHUVT") + "gbuqAfg1SUTb"},
      {"extended_key", std::string("xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPP") +
                           "qjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"},
      {"stellar_seed",
       std::string("SBGWSG6BTNCKCOB3DIFBGCVMUPQF") + "YPA2G4O34RMTB343OYPXU5DJDVMN"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(judge(row.validator, row.address).confidence, Confidence::Certain) << row.validator;
    EXPECT_FALSE(accepts(row.validator, spoiled(row.address))) << row.validator;
  }
}

std::string repeated(const std::string& word, int count, const std::string& last) {
  std::string phrase;
  for (int i = 0; i < count; ++i) phrase += word + ' ';
  return phrase + last;
}

TEST(SeedPhrase, VectorsOfBip39AreTakenAndAWrongLastWordIsNot) {
  for (const std::string& phrase : {
           repeated("abandon", 11, "about"),
           repeated("zoo", 11, "wrong"),
           repeated("abandon", 17, "agent"),
           repeated("zoo", 17, "when"),
           repeated("abandon", 23, "art"),
           repeated("zoo", 23, "vote"),
           std::string("legal winner thank year wave sausage ") +
               "worth useful legal winner thank yellow",
           std::string("letter advice cage absurd amount doctor ") +
               "acoustic avoid letter advice cage above",
       }) {
    EXPECT_EQ(judge("seed_phrase", phrase).confidence, Confidence::Certain) << phrase;
    const std::string wrong = phrase.substr(0, phrase.rfind(' ')) + " absurd";
    Candidate candidate{wrong, 0, wrong.size(), true};
    const bool whole =
        find_validator("seed_phrase")(candidate).accepted && candidate.end == wrong.size();
    EXPECT_FALSE(whole) << wrong;
  }
}

TEST(SeedPhrase, ListIsThatOfTheStandard) {
  EXPECT_EQ(bip39_index("abandon"), 0U);
  EXPECT_EQ(bip39_index("zoo"), 2047U);
  EXPECT_EQ(bip39_index("letter"), 1028U);
  EXPECT_FALSE(bip39_index("the").has_value());
}

TEST(Keccak, VectorsOfTheOriginalSubmission) {
  const auto hex_of = [](const auto& digest) {
    std::string hex;
    for (const unsigned byte : digest) {
      hex += "0123456789abcdef"[byte >> 4];
      hex += "0123456789abcdef"[byte & 15];
    }
    return hex;
  };
  EXPECT_EQ(hex_of(keccak256_short("")),
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  EXPECT_EQ(hex_of(keccak256_short("abc")),
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

}  // namespace
}  // namespace customhouse::policy
