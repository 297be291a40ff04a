#include "policy/rule_set.h"

#include <gmock/gmock.h>

#include "policy_support.h"

namespace customhouse::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kGoodDetectors =
    "detectors:\n"
    "  - id: BADGE\n"
    "    labels: pii\n"
    "    pattern: 'BDG-[0-9]{6}'\n"
    "    keywords: [bdg-]\n"
    "    examples: {match: [BDG-004711], no_match: [BDG-1]}\n";
constexpr const char* kGoodPolicy =
    "version: 1\nname: t\ndetectors: [d/own.yaml]\n"
    "rules:\n  - {id: r, types: BADGE, action: redact}\n";

std::vector<std::string> faults(const std::string& policy, const std::string& detectors) {
  const auto loaded =
      RuleSet::load({"etc/p.yaml"}, files({{"etc/p.yaml", policy}, {"etc/d/own.yaml", detectors}}));
  std::vector<std::string> told;
  if (!loaded) {
    for (const PolicyError& error : loaded.error()) told.push_back(to_string(error));
  }
  return told;
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(RuleSet, LoadsAPolicyAndItsDetectorsBesideIt) {
  EXPECT_THAT(faults(kGoodPolicy, kGoodDetectors), ElementsAre());
}

TEST(RuleSet, DigestFollowsEveryByteThatDecides) {
  const auto digest = [](const std::string& policy, const std::string& detectors) {
    return (*RuleSet::load({"etc/p.yaml"},
                           files({{"etc/p.yaml", policy}, {"etc/d/own.yaml", detectors}})))
        ->digest();
  };
  const std::string base = digest(kGoodPolicy, kGoodDetectors);
  EXPECT_EQ(base.size(), 64U);
  EXPECT_EQ(digest(kGoodPolicy, kGoodDetectors), base);
  EXPECT_NE(digest(std::string(kGoodPolicy) + "#", kGoodDetectors), base);
  EXPECT_NE(digest(kGoodPolicy, replaced(kGoodDetectors, "{6}", "{7}")), base);
}

struct Fault {
  const char* from;
  const char* to;
  const char* told;
};

TEST(RuleSet, FaultsInDetectorsAreToldWithTheirPlace) {
  const Fault table[] = {
      {"labels: pii", "labels: pii\n    colour: red", "etc/d/own.yaml:4:5: unknown key 'colour'"},
      {"'BDG-[0-9]{6}'", "'BDG-['", "own.yaml:4:14: the pattern does not compile"},
      {"'BDG-[0-9]{6}'", "'(BDG)?'", "own.yaml:4:14: the pattern matches the empty string"},
      {"'BDG-[0-9]{6}'", "'((BDG-.{1,900}){1,900}){1,900}'", "own.yaml:4:14: the pattern"},
      {"'BDG-[0-9]{6}'", "'BDG-[ä]'", "own.yaml:4:14: a class [...] holds a letter outside ASCII"},
      {"keywords: [bdg-]", "keywords: [bd]", "own.yaml:5:15: keywords are lower-case"},
      {"keywords: [bdg-]", "keywords: [BDG-]", "own.yaml:5:15: keywords are lower-case"},
      {"    keywords: [bdg-]\n", "", "own.yaml:2:5: a detector needs 'keywords' or 'shape'"},
      {"keywords: [bdg-]", "shape: {colour: 1}", "unknown key 'colour' in 'shape'"},
      {"labels: pii", "labels: pii\n    group: 1", "own.yaml:5:14: the pattern has no group 1"},
      {"labels: pii", "labels: pii\n    group: x", "own.yaml:4:12: 'group' must be a number"},
      {"labels: pii", "labels: pii\n    validator: none", "no validator is called so"},
      {"labels: pii", "labels: pii\n    confidence: sure", "own.yaml:4:17: must be low"},
      {"labels: pii", "labels: pii\n    context_required: true", "'context_required' needs"},
      {"labels: pii", "labels: {a: b}", "own.yaml:3:13: 'labels' must be a string or a list"},
      {"labels: pii", "labels: pii\n    labels: pii", "own.yaml:4:5: 'labels' stands here twice"},
      {"labels: pii", "labels: &a pii", "anchors are not allowed"},
      {"id: BADGE", "id: badge", "own.yaml:2:9: 'id' must be upper-case"},
      {"{match: [BDG-004711], no_match: [BDG-1]}", "{}", "'examples' needs 'match'"},
      {"detectors:\n", "", "a detector file must be a map"},
  };
  for (const Fault& fault : table) {
    EXPECT_THAT(faults(kGoodPolicy, replaced(kGoodDetectors, fault.from, fault.to)),
                Contains(HasSubstr(fault.told)))
        << fault.to;
  }
}

TEST(RuleSet, FaultsInPoliciesAreToldWithTheirPlace) {
  const Fault table[] = {
      {"version: 1", "version: 2", "etc/p.yaml:1:10: 'version' must be 1"},
      {"name: t\n", "", "etc/p.yaml:1:1: a policy file needs 'name'"},
      {"name: t", "name: t\nowner: me", "etc/p.yaml:3:1: unknown key 'owner'"},
      {"d/own.yaml", "d/other.yaml",
       "etc/p.yaml:3:12: cannot read 'etc/d/other.yaml': no such file"},
      {"types: BADGE", "types: BAGDE", "etc/p.yaml:5:20: no detector finds type 'BAGDE'"},
      {"types: BADGE", "labels: none", "no detector bears label 'none'"},
      {"types: BADGE, ", "", "etc/p.yaml:5:5: a rule needs 'types' or 'labels'"},
      {"action: redact", "action: erase", "etc/p.yaml:5:35: 'action' must be one of allow"},
      {"action: redact", "restore: text", "a rule needs 'action'"},
      {"action: redact", "action: redact, restore: home", "'restore' must be one of"},
      {"action: redact", "action: redact, when: {moon: full}", "unknown key 'moon' in 'when'"},
      {"rules:\n", "unscanned: {image: maybe}\nrules:\n", "either allow or block"},
      {"  - {id: r", "  - {id: r, types: BADGE, action: allow}\n  - {id: r",
       "rule id 'r' is taken"},
      {"version: 1", "version: [1", "etc/p.yaml:"},
      {"name: t", "name: *x", "etc/p.yaml:"},
      {"name: t", "name: t\n---\nname: u", "etc/p.yaml"},
  };
  for (const Fault& fault : table) {
    EXPECT_THAT(faults(replaced(kGoodPolicy, fault.from, fault.to), kGoodDetectors),
                Contains(HasSubstr(fault.told)))
        << fault.to;
  }
}

TEST(RuleSet, AllFaultsAreToldAtOnce) {
  EXPECT_GE(faults(replaced(kGoodPolicy, "name: t", "owner: me"),
                   replaced(kGoodDetectors, "id: BADGE", "id: badge"))
                .size(),
            3U);
}

TEST(RuleSet, SizeDepthAndDuplicateIdsAreBounded) {
  EXPECT_THAT(faults(std::string(2 << 20, '#'), kGoodDetectors),
              Contains(HasSubstr("larger than 1 MiB")));
  EXPECT_THAT(
      faults(replaced(kGoodPolicy, "name: t", "name: " + std::string(40, '[')), kGoodDetectors),
      Contains(HasSubstr("etc/p.yaml")));
  const std::string twice = std::string(kGoodDetectors) + std::string(kGoodDetectors).substr(11);
  EXPECT_THAT(faults(kGoodPolicy, twice), Contains(HasSubstr("detector id 'BADGE' is taken")));
}

TEST(RuleSet, TwoPoliciesMayNameOneDetectorFile) {
  const auto loaded =
      RuleSet::load({"a.yaml", "b.yaml"},
                    files({{"a.yaml",
                            "version: 1\nname: a\ndetectors: d.yaml\nrules: [{id: x, types: BADGE, "
                            "action: allow}]\n"},
                           {"b.yaml",
                            "version: 1\nname: b\ndetectors: d.yaml\nrules: [{id: y, labels: pii, "
                            "action: block}]\n"},
                           {"d.yaml", kGoodDetectors}}));
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ((*loaded)->detector_count(), 1U);
}

TEST(RuleSet, ExamplesThatFailAreToldWithTheirPlace) {
  const auto loaded = RuleSet::load(
      {"etc/p.yaml"},
      files({{"etc/p.yaml", kGoodPolicy},
             {"etc/d/own.yaml", replaced(kGoodDetectors, "[BDG-004711], no_match: [BDG-1]",
                                         "[BDG-47], no_match: [BDG-004711]")}}));
  ASSERT_TRUE(loaded.has_value());
  std::vector<std::string> told;
  for (const PolicyError& fault : check_examples(**loaded)) told.push_back(to_string(fault));
  EXPECT_THAT(told,
              ElementsAre("etc/d/own.yaml:6:24: BADGE does not find this example",
                          "etc/d/own.yaml:6:44: BADGE finds this example, which it must not"));
}

}  // namespace
}  // namespace customhouse::policy
