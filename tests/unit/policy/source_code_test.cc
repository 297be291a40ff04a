// Code and markings: found where they stand as such, silent in prose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy_support.h"

namespace customhouse::policy {
namespace {

const RuleSet& code_pack() {
  static const auto kRules = [] {
    auto made = RuleSet::load(
        {"p.yaml"}, [](const std::string& path) -> std::expected<std::string, std::string> {
          if (path != "p.yaml") return read_from_disk(path);
          return "version: 1\nname: code\ndetectors: [" CUSTOMHOUSE_SOURCE_DIR
                 "/config/policies/detectors/source_code.yaml]\nrules:\n"
                 "  - {id: code, labels: source_code, minimum_confidence: low, action: block}\n";
        });
    if (!made) throw std::runtime_error(to_string(made.error().front()));
    return std::move(*made);
  }();
  return *kRules;
}

TEST(SourceCode, EveryDetectorHoldsItsExamples) {
  for (const PolicyError& fault : check_examples(code_pack())) ADD_FAILURE() << to_string(fault);
}

TEST(SourceCode, APolicyMayAskForItAndProseIsNone) {
  const auto decision = [](const std::string& text) {
    TextSpan span;
    span.text = text;
    return decide(code_pack(), {span}).decision.action;
  };
  EXPECT_EQ(decision("please fix\n#include <vector>\nint main() {\n"), Action::Block);
  EXPECT_EQ(decision("We import goods from abroad and define a class of customers."),
            Action::Allow);
}

TEST(Markings, CountInCapitalsAndWhereMarkingsStand) {
  using testing::Contains;
  using testing::IsEmpty;
  EXPECT_THAT(found_in("Board report\nSTRICTLY CONFIDENTIAL\n"),
              Contains("CONFIDENTIALITY_MARKING:STRICTLY CONFIDENTIAL"));
  EXPECT_THAT(found_in("TLP:RED - for the named only"), Contains("TLP_MARKING:TLP:RED"));
  EXPECT_THAT(found_in("The talk was confidential, internal use only they said."), IsEmpty());
}

}  // namespace
}  // namespace customhouse::policy
