// Addresses, telephone numbers, ages, names and reference numbers as people write them in prompts.
#include <gmock/gmock.h>

#include "policy_support.h"

namespace customhouse::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

/// What the default pack redacts: findings of medium confidence and above.
std::vector<std::string> redacted_in(const std::string& text) {
  std::vector<std::string> values;
  for (const Finding& f : find_in(text)) {
    if (f.confidence >= Confidence::Medium) {
      values.push_back(std::string(f.type) + ":" + text.substr(f.begin, f.end - f.begin));
    }
  }
  return values;
}

TEST(Address, WholeInTheOrderOfEachCountry) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"I live at 12 Rosewood Avenue, Flat 3, Leeds LS1 4DY.",
       "12 Rosewood Avenue, Flat 3, Leeds LS1 4DY"},
      {"to: 4521 Oak Hill Dr, Apt 12B, Austin, TX 78701, USA",
       "4521 Oak Hill Dr, Apt 12B, Austin, TX 78701"},
      {"wohnt Lindenallee 14, 50668 Köln.", "Lindenallee 14, 50668 Köln"},
      {"indirizzo: Via Garibaldi 12, 20121 Milano", "Via Garibaldi 12, 20121 Milano"},
      {"Storgatan 5, 111 22 Stockholm", "Storgatan 5, 111 22 Stockholm"},
      {"Keizersgracht 123-A, 1015 CJ Amsterdam", "Keizersgracht 123-A, 1015 CJ Amsterdam"},
      {"12/4 George Street, Parramatta NSW 2150, please",
       "12/4 George Street, Parramatta NSW 2150"},
      {"ул. Ленина, д. 5, кв. 12, Москва 101000", "ул. Ленина, д. 5, кв. 12, Москва 101000"},
      {"東京都渋谷区渋谷2-21-1です", "東京都渋谷区渋谷2-21-1"},
  };
  for (const auto& [text, address] : table) {
    EXPECT_THAT(redacted_in(text), Contains("STREET_ADDRESS:" + address)) << text;
  }
}

TEST(Address, OverSeveralLinesAndQuoted) {
  EXPECT_THAT(
      redacted_in("> 040 Snellmaninkatu 55\n> Apt. 022\n> ESPOO\n> Finland 23221\n"),
      ElementsAre("STREET_ADDRESS:040 Snellmaninkatu 55\n> Apt. 022\n> ESPOO\n> Finland 23221"));
}

TEST(Address, EndsWhereATelephoneNumberBegins) {
  EXPECT_THAT(redacted_in("12 George Street, Parramatta NSW 2150, call 0412 345 678"),
              ElementsAre("STREET_ADDRESS:12 George Street, Parramatta NSW 2150",
                          "PHONE_NUMBER:0412 345 678"));
}

TEST(Address, ALicenceNamesItsPublisherAndNobodyElse) {
  EXPECT_THAT(redacted_in("write to the Free Software Foundation, Inc., 51 Franklin Street, Fifth "
                          "Floor, Boston, MA 02110-1301 USA."),
              IsEmpty());
}

TEST(Phone, NationalFormsByTheirShape) {
  for (const std::string number :
       {"01.84.17.61.18", "0680 298 70 63", "(64) 3591-3246", "0731-88888888", "8 (912) 345-67-89",
        "202-555-0143", "+1-903-140-4508x769", "(898)666-3621x0135"}) {
    EXPECT_THAT(redacted_in("It is " + number + " today"), ElementsAre("PHONE_NUMBER:" + number));
  }
}

TEST(Phone, BareDigitsOnlyWithWordsThatCall) {
  EXPECT_THAT(redacted_in("please call me on 9472 7916"), ElementsAre("PHONE_NUMBER:9472 7916"));
  EXPECT_THAT(redacted_in("rows 9472 7916 differ"), IsEmpty());
  EXPECT_THAT(redacted_in("手机13812345678"), ElementsAre("PHONE_NUMBER:13812345678"));
}

TEST(Phone, CountingDatesAndHexDumpsAreNone) {
  for (const char* text : {"01 02 03 04 05", "06-07-2024 10", "0012 0034 0056 0078 009a",
                           "2024-05-06 07:08:09", "f(12) 3591"}) {
    EXPECT_THAT(redacted_in(text), IsEmpty()) << text;
  }
}

TEST(Age, ByTheWordsBesideIt) {
  EXPECT_THAT(redacted_in("my dad is 71 and my sister turned 33 last week"),
              ElementsAre("AGE:71", "AGE:33"));
  EXPECT_THAT(redacted_in("a 61 year old man"), ElementsAre("AGE:61 year old"));
  for (const char* text : {"it turned 90 degrees", "max-age=60", "he was 5% slower", "page: 42",
                           "version he is 1.2", "a 300 year old tree"}) {
    EXPECT_THAT(redacted_in(text), IsEmpty()) << text;
  }
}

TEST(Birth, DatesInTenLanguages) {
  for (const std::string text :
       {"born on March 3, 1971", "Geboren am 3. Mai 1987", "née le 3 février 1988",
        "fecha de nacimiento: 14 de mayo de 1979", "nato il 12/05/1980",
        "data urodzenia 5 maja 1966", "дата рождения 12 апреля 1961", "doğum tarihi: 01.02.1993",
        "出生日期:1990年1月31日", "生年月日 1985年12月3日"}) {
    const auto found = find_in(text);
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_EQ(found[0].type, "DATE_OF_BIRTH") << text;
  }
}

TEST(Person, TitlesGiveNamesAwayAndQuotationsDoNot) {
  EXPECT_THAT(redacted_in("ask Herr Dr. Weber about it"), ElementsAre("PERSON:Weber"));
  EXPECT_THAT(redacted_in("To be is to do.\n\t\t-- Prof. Somebody Else\n"), IsEmpty());
  EXPECT_THAT(redacted_in("Dear Customer, hello World!"), IsEmpty());
}

TEST(Reference, NumbersUnderWhichAnOfficeKnowsSomebody) {
  EXPECT_THAT(redacted_in("Your reservation code is GOLF20250510."),
              ElementsAre("REFERENCE_NUMBER:GOLF20250510"));
  EXPECT_THAT(redacted_in("Meeting ID: 884 567 321. Bye"),
              ElementsAre("REFERENCE_NUMBER:884 567 321"));
  EXPECT_THAT(redacted_in("status code 404, error code E1234, the order number is important"),
              IsEmpty());
}

TEST(Network, VersionsAndNetworksAreNotMachines) {
  EXPECT_THAT(redacted_in("base-files (2.0.3.5) unstable"), IsEmpty());
  EXPECT_THAT(redacted_in("route add 10.0.0.0 netmask 255.0.0.0"), IsEmpty());
  EXPECT_THAT(redacted_in("from 203.0.113.7 port 22"), ElementsAre("IP_ADDRESS:203.0.113.7"));
}

}  // namespace
}  // namespace customhouse::policy
