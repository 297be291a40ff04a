#include "policy/catalogue.h"

#include <gmock/gmock.h>

#include "policy_support.h"

namespace customhouse::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<const RuleSet> own(const std::string& detector) {
  auto made = RuleSet::load(
      {"p.yaml"}, files({{"p.yaml",
                          "version: 1\nname: own\ndetectors: [d.yaml]\nrules:\n"
                          "  - {id: all, labels: own, action: redact, restore: text}\n"},
                         {"d.yaml", "detectors:\n  - id: OWN\n    labels: own\n" + detector}}));
  if (!made) {
    ADD_FAILURE() << to_string(made.error().front());
    return nullptr;
  }
  return *made;
}

std::string fault_of(const std::string& detector) {
  const auto made = RuleSet::load(
      {"p.yaml"},
      files({{"p.yaml", "version: 1\nname: own\ndetectors: [d.yaml]\nrules: []\n"},
             {"d.yaml", "detectors:\n  - id: OWN\n    labels: own\n" + detector}}));
  return made ? "" : to_string(made.error().front());
}

TEST(Explain, NamesPatternValidatorContextAndStepsAndNoValue) {
  const std::string text = "my card is 4111 1111 1111 1111";
  const auto findings = scan(default_pack(), text);
  ASSERT_TRUE(findings && findings->size() == 1);
  const Explanation told = explain(default_pack(), findings->front());
  EXPECT_THAT(told.pattern, HasSubstr("config/policies/detectors/financial.yaml:"));
  EXPECT_EQ(told.validator, "credit_card");
  EXPECT_EQ(told.context, "card");
  ASSERT_FALSE(told.score.empty());
  EXPECT_THAT(told.score.front(), HasSubstr("pattern: "));
  for (const std::string& step : told.score) EXPECT_FALSE(step.contains("4111"));
}

TEST(Catalogue, ListsEveryDetectorWithWhatItNeeds) {
  const auto entries = catalogue(default_pack());
  EXPECT_EQ(entries.size(), default_pack().detector_count());
  for (const DetectorEntry& d : entries) {
    EXPECT_FALSE(d.labels.empty()) << d.id;
    EXPECT_FALSE(d.family.empty() || d.family.contains('/') || d.family.contains('.')) << d.family;
    EXPECT_GT(d.examples, 0U) << d.id;
  }
}

TEST(OwnWords, AreFoundWholeInAnyCaseTheLongestFirst) {
  const auto rules = own(
      "    words: [blue falcon, Blue Falcon II, größenwahn]\n"
      "    examples: {match: [the blue falcon flies], no_match: [blue falconry]}\n");
  ASSERT_TRUE(rules);
  EXPECT_THAT(check_examples(*rules), IsEmpty());
  const std::string text = "BLUE FALCON II and Größenwahn, not blue falcons";
  const auto findings = scan(*rules, text);
  ASSERT_TRUE(findings);
  std::vector<std::string> found;
  for (const Finding& f : *findings) found.push_back(text.substr(f.begin, f.end - f.begin));
  EXPECT_THAT(found, ElementsAre("BLUE FALCON II", "Größenwahn"));
}

TEST(OwnWords, AreRefusedWithTheirPlace) {
  EXPECT_THAT(fault_of("    words: [ab]\n    examples: {match: [ab]}\n"),
              HasSubstr("d.yaml:4:12: 'words' are 1 to 1000 words of 3 bytes or more"));
  EXPECT_THAT(fault_of("    words: [abc]\n    pattern: abc\n    examples: {match: [abc]}\n"),
              HasSubstr("d.yaml:4:12: a detector has either 'pattern' or 'words'"));
  EXPECT_THAT(fault_of("    words: [abc]\n"), HasSubstr("d.yaml:2:5: "));
  EXPECT_THAT(fault_of("    words: [abc]\n    regions: [deu]\n    examples: {match: [abc]}\n"),
              HasSubstr("d.yaml:5:14: 'regions' are ISO 3166 codes"));
}

}  // namespace
}  // namespace customhouse::policy
