// A disguised value is found and maps back to all of its bytes, and to no others.
#include <gmock/gmock.h>

#include "policy/base64.h"
#include "policy/normalizer.h"
#include "policy_support.h"

namespace customhouse::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kBefore = "write to ", kAfter = " today";

struct Disguise {
  const char* name;
  std::string text;
};

TEST(Disguise, EmailInEveryFormMapsBackExactly) {
  const Disguise disguises[] = {
      {"full-width", "ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ"},
      {"one full-width sign", "john＠example.com"},
      {"mathematical bold", "𝐣𝐨𝐡𝐧@𝐞𝐱𝐚𝐦𝐩𝐥𝐞.com"},
      {"circled", "ⓙⓞⓗⓝ@example.com"},
      {"small form", "john﹫example﹒com"},
      {"zero-width", "jo\u200Bhn@ex\u200Dample.c\u2060om"},
      {"soft hyphen", "john@exam\u00ADple.com"},
      {"byte order mark", "john\uFEFF@example.com"},
      {"Cyrillic", "jоhn@exаmple.com"},
      {"Greek", "jοhn@example.cοm"},
      {"percent", "john%40example.com"},
      {"percent, all", "%6A%6f%68%6e%40example%2ecom"},
      {"percent twice", "john%2540example.com"},
      {"HTML decimal", "john&#64;example&#46;com"},
      {"HTML hex", "john&#x40;example.com"},
      {"HTML names", "john&commat;example&period;com"},
      {"HTML in percent", "john%26%2364%3Bexample.com"},
      {"percent in HTML", "john&#37;40example.com"},
      {"JSON", "john\\u0040example.com"},
      {"JSON, braces", "john\\u{40}example.com"},
      {"hex escape", "john\\x40example.com"},
      {"JSON twice", "john\\\\u0040example.com"},
      {"full-width, escaped", "john\\uff20example.com"},
      {"full-width, percent-encoded", "john%EF%BC%A0example.com"},
  };
  for (const Disguise& d : disguises) {
    const std::string text = std::string(kBefore) + d.text + std::string(kAfter);
    const auto findings = find_in(text);
    ASSERT_EQ(findings.size(), 1U) << d.name;
    EXPECT_EQ(findings[0].type, "EMAIL_ADDRESS") << d.name;
    EXPECT_EQ(findings[0].normalized, "john@example.com") << d.name;
    EXPECT_EQ(text.substr(findings[0].begin, findings[0].end - findings[0].begin), d.text)
        << d.name;
  }
}

TEST(Disguise, NumbersInOtherDigitsAndDashes) {
  for (const char* number :
       {"４１１１ １１１１ １１１１ １１１１", "٤١١١ ١١١١ ١١١١ ١١١١", "४१११ ११११ ११११ ११११",
        "4111–1111–1111–1111", "4111\u00A01111\u00A01111\u00A01111", "𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏",
        "4111\u200B 1111\u200B 1111\u200B 1111"}) {
    EXPECT_THAT(found_in(number), ElementsAre(std::string("CREDIT_CARD:") + number)) << number;
  }
}

TEST(Disguise, KeysWithLookalikesAndInvisibles) {
  const std::string rest = "Q3EGRIUBTNWF5Z7H";
  EXPECT_THAT(found_in("\u0410KIA" + rest), ElementsAre("AWS_ACCESS_KEY:\u0410KIA" + rest));
  EXPECT_THAT(found_in("AK\u200CIA" + rest), ElementsAre("AWS_ACCESS_KEY:AK\u200CIA" + rest));
}

TEST(Disguise, TagCharactersSpellTextAndFlagsDoNot) {
  std::string tags;
  for (const char c : std::string("john@example.com")) {
    tags += std::string("\xF3\xA0") + static_cast<char>(0x80 | (c >> 6)) +
            static_cast<char>(0x80 | (c & 0x3F));
  }
  EXPECT_THAT(found_in("hello " + tags), ElementsAre("EMAIL_ADDRESS:" + tags));
}

TEST(Disguise, EncodedTokensAreFoundWholeTwoDeep) {
  const std::string plain = "user john@example.com has card 4111 1111 1111 1111 ok";
  const std::string standard = encode_base64(plain, false, true);
  for (const std::string& token :
       {standard, encode_base64(plain, true, false), encode_hex(plain),
        encode_base64("wrapped: " + standard, false, true),
        encode_base64("user ｊｏｈｎ＠example.com, card 4111 1111 1111 1111", false, true)}) {
    const std::string text = "data=" + token + " end";
    const auto findings = find_in(text);
    ASSERT_EQ(findings.size(), 1U) << token;
    EXPECT_EQ(text.substr(findings[0].begin, findings[0].end - findings[0].begin), token);
    EXPECT_FALSE(findings[0].encoded.findings.empty());
  }
  std::string lines = encode_base64(plain + plain, false, true);
  for (std::size_t at = 76; at < lines.size(); at += 78) lines.insert(at, "\r\n");
  EXPECT_EQ(find_in(lines).size(), 1U);
}

TEST(Disguise, RandomTokensStayUntouched) {
  EXPECT_THAT(found_in("etag 9f86d081884c7d659a2feaa0c55ad015 q83vEjRWeJCrze8SNFZ4kKvN7w=="),
              IsEmpty());
}

TEST(Normalizer, OrdinaryTextOfOtherScriptsIsLeftAlone) {
  for (const char* text : {"Это обычный русский текст.", "这是一个普通的句子", "Ελληνικό κείμενο",
                           "plain ASCII", "naïve café", ""}) {
    EXPECT_FALSE(fold_characters(text).has_value()) << text;
  }
  EXPECT_FALSE(undo_escapes("100% sure & <done>; C:\\Users").has_value());
}

TEST(Normalizer, MapsEveryByteBackInsideTheSourceAndInOrder) {
  const std::string source = "a%41b\u200B&amp;\\u00e9ｘ%zz&nosuch;\xFF\xC3";
  for (const auto& mapped : {undo_escapes(source), fold_characters(source)}) {
    ASSERT_TRUE(mapped.has_value());
    std::size_t last = 0;
    for (std::size_t i = 0; i < mapped->text.size(); ++i) {
      EXPECT_GE(mapped->source_begin(i), last);
      EXPECT_GT(mapped->source_end(i + 1), mapped->source_begin(i));
      EXPECT_LE(mapped->source_end(i + 1), source.size());
      last = mapped->source_begin(i);
    }
  }
}

}  // namespace
}  // namespace customhouse::policy
