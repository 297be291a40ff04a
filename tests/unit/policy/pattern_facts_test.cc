#include "policy/pattern_facts.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "policy/rule_set_implementation.h"
#include "policy_support.h"

namespace customhouse::policy {
namespace {

TEST(PatternFacts, AreReadOffThePattern) {
  const PatternFacts card = pattern_facts("[0-9](?:[ .-]?[0-9]){11,22}");
  EXPECT_EQ(card.fewest_digits, 12U);
  EXPECT_EQ(card.most_digits, 23U);
  EXPECT_EQ(card.first.count(), 10U);
  EXPECT_FALSE(card.needs_letter);
  const PatternFacts iban = pattern_facts("(?i)[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,30}");
  EXPECT_TRUE(iban.needs_letter);
  EXPECT_EQ(iban.fewest_digits, 2U);
  EXPECT_EQ(iban.first.count(), 52U);
  EXPECT_TRUE(pattern_facts(R"(\+[1-9][0-9]{7})").needs_plus);
  EXPECT_FALSE(pattern_facts(R"(\+?[1-9][0-9]{7})").needs_plus);
  EXPECT_FALSE(pattern_facts("[0-9]{9}|[A-Z][0-9]{8}").needs_letter);
  EXPECT_EQ(pattern_facts("(?:x|[0-9]{3})?[0-9]").most_digits, 4U);
}

TEST(PatternFacts, WhatIsNotUnderstoodAllowsEverything) {
  for (const char* pattern : {R"(\pL[0-9])", "(?s)a", "[[:alpha:]]1", R"(\x41)", "a**", "x?", ""}) {
    const PatternFacts facts = pattern_facts(pattern);
    EXPECT_TRUE(facts.first.all()) << pattern;
    EXPECT_EQ(facts.fewest_digits, 0U) << pattern;
    EXPECT_EQ(facts.most_digits, PatternFacts::kUnbounded) << pattern;
  }
}

// A wrong fact would be a silent leak: every value found in every example agrees with the facts.
TEST(PatternFacts, HoldForEveryMatchInTheExamplesOfThePack) {
  for (const Detector& d : default_pack().implementation().detectors) {
    for (const auto& example : d.match) {
      re2::StringPiece match;
      const re2::StringPiece text(example.text);
      std::size_t at = 0;
      while (at < text.size() &&
             d.pattern->Match(text, at, text.size(), re2::RE2::UNANCHORED, &match, 1)) {
        const std::string found(match);
        EXPECT_TRUE(d.facts.first.test(static_cast<unsigned char>(found.at(0)))) << d.id;
        const auto digits = static_cast<std::size_t>(
            std::ranges::count_if(found, [](char c) { return c >= '0' && c <= '9'; }));
        EXPECT_GE(digits, d.facts.fewest_digits) << d.id;
        EXPECT_LE(digits, d.facts.most_digits) << d.id;
        at = static_cast<std::size_t>(match.data() - text.data()) + 1;
      }
    }
  }
}

}  // namespace
}  // namespace customhouse::policy
