#include "policy/evaluator.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "policy/base64.h"
#include "policy_support.h"

namespace customhouse::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

TEST(Evaluate, CleanTextIsAllowedUntouched) {
  const Request r = decide({{"Hello, how are you?", "/messages/0", SpanRole::Text}});
  EXPECT_EQ(r.decision.action, Action::Allow);
  EXPECT_THAT(r.decision.replacements, IsEmpty());
  EXPECT_THAT(r.decision.rules, IsEmpty());
  EXPECT_EQ(r.decision.policy_digest, default_pack().digest());
}

TEST(Evaluate, ReplacesOnlyTheValueAndTellsHowToUndoIt) {
  const Request r = decide({{"Mail john@example.com now", "/m/0", SpanRole::Text}});
  EXPECT_EQ(r.decision.action, Action::Redact);
  EXPECT_THAT(r.sent(0), MatchesRegex("Mail \\[EMAIL_ADDRESS_[0-9a-f]{8}\\] now"));
  ASSERT_EQ(r.decision.restores.size(), 1U);
  EXPECT_EQ(r.decision.restores[0].value, "john@example.com");
  EXPECT_EQ(r.decision.restores[0].restore, Restore::Everywhere);
  EXPECT_THAT(r.decision.rules, ElementsAre("personal-data"));
  ASSERT_EQ(r.decision.findings.size(), 1U);
  EXPECT_EQ(r.decision.findings[0].location, "/m/0");
}

TEST(Evaluate, OneValueHasOnePlaceholderHoweverItIsWritten) {
  const Request r = decide({{"John@Example.com and john%40example.com", "/a", SpanRole::Text},
                            {"4111 1111 1111 1111 or 4111-1111-1111-1111", "/b", SpanRole::Text}});
  EXPECT_EQ(r.decision.restores.size(), 2U);
  EXPECT_EQ(r.decision.replacements.size(), 4U);
  EXPECT_EQ(r.decision.restores[0].value, "John@Example.com");  // as seen first
}

TEST(Evaluate, AddsUpFindingsPerTypeRuleAndPlace) {
  const Request r =
      decide({{"a@b.co c@d.org", "/x", SpanRole::Text}, {"a@b.co", "/y", SpanRole::Text}});
  ASSERT_EQ(r.decision.findings.size(), 2U);
  EXPECT_EQ(r.decision.findings[0].count, 2U);
  EXPECT_EQ(r.decision.findings[1].location, "/y");
}

TEST(Evaluate, RedactingTwiceChangesNothing) {
  const std::string text =
      "john@example.com 4111 1111 1111 1111 password: Tr0ub4dor&3 "
      "postgres://app:s3cr3t@db.example.com/x 536-90-4399 https://u:p@ss@h.example.com";
  const std::string once = decide({{text, "/m", SpanRole::Text}}).sent(0);
  EXPECT_NE(once, text);
  const Request twice = decide({{once, "/m", SpanRole::Text}});
  EXPECT_EQ(twice.sent(0), once);
  EXPECT_EQ(twice.decision.action, Action::Allow);
}

TEST(Evaluate, AValueFoundByContextIsReplacedWhereItStandsBare) {
  const Request r = decide({{"password: Tr0ub4dor-3x", "/m/0", SpanRole::Text},
                            {"I typed Tr0ub4dor-3x, not Tr0ub4dor-3xy", "/m/1", SpanRole::Text},
                            {"Tr0ub4dor-3x", "/id", SpanRole::Identifier}});
  EXPECT_THAT(r.sent(1), MatchesRegex("I typed \\[PASSWORD_[0-9a-f]{8}\\], not Tr0ub4dor-3xy"));
  EXPECT_EQ(r.sent(2), "Tr0ub4dor-3x");  // an opaque field is not damaged for it
  EXPECT_EQ(r.decision.restores.size(), 1U);
}

TEST(Evaluate, ShortOrCommonValuesAreNotChasedThroughTheText) {
  const Request r = decide({{"password: \"production\"", "/m/0", SpanRole::Text},
                            {"the production server", "/m/1", SpanRole::Text}});
  EXPECT_EQ(r.sent(1), "the production server");
}

TEST(Evaluate, SeveralValuesInOneEncodedTokenAllGoAndItStillDecodes) {
  const std::string plain = "user john@example.com has card 4111 1111 1111 1111 ok";
  for (const std::string& token : {encode_base64(plain, false, true), encode_hex(plain)}) {
    const Request r = decide({{"data=" + token, "/m", SpanRole::Text}});
    const std::string sent = r.sent(0).substr(5);
    const auto decoded = sent.starts_with("7573") ? decode_hex(sent) : decode_base64(sent);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_THAT(*decoded, MatchesRegex("user \\[EMAIL_ADDRESS_[0-9a-f]{8}\\] has card "
                                       "\\[CREDIT_CARD_[0-9a-f]{8}\\] ok"));
    EXPECT_EQ(r.decision.restores.size(), 2U);
  }
}

TEST(Evaluate, SecretsGoBackOnlyToHostsTheyStoodBeside) {
  const Request r =
      decide({{"push to https://git.example.com/x and https://Cdn.example.org:8443/ "
               "with password: Tr0ub4dor&3",
               "/m", SpanRole::Text}});
  ASSERT_EQ(r.decision.restores.size(), 1U);
  EXPECT_EQ(r.decision.restores[0].restore, Restore::SameHost);
  EXPECT_THAT(r.decision.restores[0].hosts, ElementsAre("git.example.com", "cdn.example.org"));
}

TEST(Evaluate, APlaceholderAlreadyInThePromptIsNeverTakenForOurs) {
  const std::string ours = placeholder(test_key(), "EMAIL_ADDRESS", "john@example.com");
  const Request r = decide({{"john@example.com is not " + ours, "/m", SpanRole::Text}});
  EXPECT_THAT(r.sent(0), HasSubstr(" is not " + ours));
  ASSERT_EQ(r.decision.restores.size(), 1U);
  EXPECT_EQ(r.decision.restores[0].placeholder,
            placeholder(test_key(), "EMAIL_ADDRESS", "john@example.com", 16));
}

TEST(Evaluate, ValuesWhoseTagsCollideGetLongerTags) {
  // Enough values that 32-bit tags collide would take hours; the literal rule uses the same path:
  // a value whose 8- and 16-digit placeholders are taken gets 24 digits.
  const std::string eight = placeholder(test_key(), "EMAIL_ADDRESS", "a@b.co");
  const std::string sixteen = placeholder(test_key(), "EMAIL_ADDRESS", "a@b.co", 16);
  const Request r = decide({{"a@b.co " + eight + " " + sixteen, "/m", SpanRole::Text}});
  ASSERT_EQ(r.decision.restores.size(), 1U);
  EXPECT_EQ(r.decision.restores[0].placeholder.size(), sixteen.size() + 8);
}

TEST(Evaluate, DefaultPackLetsMediaPassAndBlocksWhatItCannotName) {
  const auto action = [](const RuleSet& rules, const char* reason) {
    const Coverage coverage{10, 0, 5, {{reason, 5}}};
    return decide(rules, {}, coverage).decision.action;
  };
  for (const char* media : {"image", "audio", "video", "pdf"}) {
    EXPECT_EQ(action(default_pack(), media), Action::Allow) << media;
    EXPECT_EQ(action(shipped("strict"), media), Action::Block) << media;
  }
  for (const char* other : {"binary", "unknown_content_type", "brand_new"}) {
    EXPECT_EQ(action(default_pack(), other), Action::Block) << other;
  }
  EXPECT_EQ(decide({}, Coverage{10, 0, 5, {}}).decision.action, Action::Block);
  EXPECT_EQ(decide({}, Coverage{10, 0, 5, {{"image", 2}}}).decision.action, Action::Block);
  EXPECT_THAT(decide({}, Coverage{0, 0, 5, {{"binary", 5}}}).decision.rules,
              ElementsAre("unscanned:binary"));
}

TEST(Evaluate, ABlockSaysWhyAndNeverTheValue) {
  const Request r = decide(shipped("strict"), {{"password: Tr0ub4dor&3", "/m", SpanRole::Text}});
  EXPECT_EQ(r.decision.action, Action::Block);
  EXPECT_THAT(r.decision.reason, HasSubstr("block-secrets"));
  EXPECT_THAT(r.decision.reason, HasSubstr("PASSWORD"));
  EXPECT_THAT(r.decision.reason, Not(HasSubstr("Tr0ub4dor")));
  EXPECT_THAT(r.decision.replacements, IsEmpty());
  EXPECT_THAT(r.decision.restores, IsEmpty());
}

std::shared_ptr<const RuleSet> with_rules(const std::string& rules) {
  const auto made = RuleSet::load(
      {"p.yaml"},
      files({{"p.yaml", "version: 1\nname: t\ndetectors: [contact.yaml]\n" + rules},
             {"contact.yaml",
              *read_from_disk(CUSTOMHOUSE_SOURCE_DIR "/config/policies/detectors/contact.yaml")}}));
  EXPECT_TRUE(made.has_value());
  return made ? *made : nullptr;
}

TEST(Evaluate, TheFirstRuleThatFitsDecidesAboutAFinding) {
  const auto rules = with_rules(
      "rules:\n"
      "  - {id: at-home, types: EMAIL_ADDRESS, action: allow, when: {host: '*.internal'}}\n"
      "  - {id: abroad, types: EMAIL_ADDRESS, action: block, when: {jurisdiction: [CN, ru]}}\n"
      "  - {id: rest, labels: pii, minimum_confidence: high, action: redact, restore: text}\n");
  const std::vector<TextSpan> spans = {{"a@b.co from 203.0.113.7", "/m", SpanRole::Text}};
  const auto action = [&](std::string_view host, std::string_view jurisdiction) {
    RequestFacts facts;
    facts.host = host;
    facts.jurisdiction = jurisdiction;
    return decide(*rules, spans, {}, facts).decision;
  };
  EXPECT_EQ(action("llm.Internal", "").action, Action::Allow);
  EXPECT_THAT(action("llm.internal", "").rules, ElementsAre("at-home"));
  EXPECT_EQ(action("", "RU").action, Action::Block);
  const Decision elsewhere = action("api.example.com", "US");
  EXPECT_EQ(elsewhere.action, Action::Redact);
  ASSERT_EQ(elsewhere.replacements.size(), 1U);  // the address is only medium
  EXPECT_EQ(elsewhere.restores.at(0).restore, Restore::Text);
}

TEST(Evaluate, IsDeterministic) {
  const std::vector<TextSpan> spans = {
      {"john@example.com 4111 1111 1111 1111", "/a", SpanRole::Text},
      {"again john@example.com", "/b", SpanRole::ToolArguments}};
  const Request first = decide(spans);
  const Request second = decide(spans);
  for (std::size_t i = 0; i < spans.size(); ++i) EXPECT_EQ(first.sent(i), second.sent(i));
}

TEST(Pseudonym, IsHmacSha256OfTypeAndValue) {
  // HMAC-SHA-256 with key 00…1f over "A\0b", as openssl dgst -mac HMAC gives it.
  EXPECT_EQ(placeholder(test_key(), "A", "b").size(), std::string("[A_00000000]").size());
  EXPECT_NE(placeholder(test_key(), "A", "b"), placeholder(test_key(), "A", "c"));
  EXPECT_NE(placeholder(test_key(), "AB", "c"), placeholder(test_key(), "A", "Bc"));
  EXPECT_THAT(placeholder(test_key(), "A", "b", 16),
              testing::StartsWith(placeholder(test_key(), "A", "b").substr(0, 11)));
  EXPECT_LE(placeholder(test_key(), std::string(200, 'T'), "b", 64).size(), kMaxPlaceholderBytes);
}

TEST(Edits, ApplyInPlaceAndRefuseWhatIsOurBug) {
  const std::vector<Edit> edits = {{0, 1, "XX"}, {2, 2, "-"}, {3, 5, ""}};
  EXPECT_EQ(apply_edits("abcde", edits), "XXb-c");
  EXPECT_EQ(apply_edits("abc", {}), "abc");
  for (const std::vector<Edit>& wrong :
       {std::vector<Edit>{{2, 3, ""}, {1, 2, ""}}, std::vector<Edit>{{0, 2, ""}, {1, 3, ""}},
        std::vector<Edit>{{2, 9, ""}}, std::vector<Edit>{{2, 1, ""}}}) {
    EXPECT_THROW(apply_edits("abcde", wrong), std::logic_error);
  }
}

}  // namespace
}  // namespace customhouse::policy
