// Vendors' tokens: checksums against published tokens, placeholders against real shapes. Tokens
// stand in pieces, so that no scanner takes this file for a leak.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "policy/validators.h"
#include "policy_support.h"

namespace customhouse::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Verdict judge(std::string_view validator, const std::string& value) {
  const Validator function = find_validator(validator);
  EXPECT_NE(function, nullptr) << validator;
  Candidate candidate{value, 0, value.size(), false};
  return function(candidate);
}

// The token of Grafana's own unit test of its key generator.
TEST(GrafanaToken, ChecksumRaisesToCertain) {
  const std::string head = "glsa_";
  const std::string body = "yscW25imSKJIuav8zF37RZmnbiDvB05G";
  EXPECT_EQ(judge("grafana_token", head + body + "_fcaaf58a").confidence, Confidence::Certain);
  EXPECT_EQ(judge("grafana_token", head + body + "_fcaaf58b").confidence, Confidence::High);
}

TEST(NpmToken, HasGithubsChecksum) {
  const std::string body = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ";
  EXPECT_EQ(judge("github_token", "npm_" + body + "0mLq17").confidence, Confidence::Certain);
  EXPECT_EQ(judge("github_token", "npm_" + body + "0mLq71").confidence, Confidence::High);
}

TEST(VendorToken, PlaceholdersAsAWholeAreNone) {
  for (const char* filler :
       {"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "sk-proj-your-api-key-goes-here",
        "sk-ant-api03-YOUR_ANTHROPIC_API_KEY_HERE", "glpat-00000000000000000000",
        "dop_v1_abababababababababababababababab"}) {
    EXPECT_FALSE(judge("vendor_token", filler).accepted) << filler;
  }
}

TEST(VendorToken, AWordInsideDoesNotMakeAPlaceholder) {
  for (const std::string tail :
       {"example4Zt8wLr2Xc6Vb1Nk7", "todoQm4tZ8wLr2Xc6Vb1Nk7p", "Qm4tZ8wLr2Xc6Vb1testNk7p"}) {
    EXPECT_TRUE(judge("vendor_token", "glpat-" + tail).accepted) << tail;
  }
  EXPECT_TRUE(judge("vendor_token", "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").accepted);
}

TEST(VendorKeys, MoreThanTwoHundredKindsAreKnown) {
  std::set<std::string> kinds;
  for (const char* family :
       {"ai", "cloud", "code_hosting", "infrastructure", "messaging", "payment", "saas"}) {
    const auto text =
        read_from_disk(CUSTOMHOUSE_SOURCE_DIR "/config/policies/detectors/vendor_keys_" +
                       std::string(family) + ".yaml");
    ASSERT_TRUE(text.has_value()) << family;
    for (std::size_t at = 0; (at = text->find("\n  - id: ", at)) != std::string::npos;) {
      at += 9;
      kinds.insert(text->substr(at, text->find('\n', at) - at));
    }
  }
  EXPECT_GE(kinds.size(), 230U);
}

TEST(VendorKeys, AreFoundInTheCarriersTheyTravelIn) {
  const std::string token = std::string("glpat-") + "Xy7bQ2mN9kLp4RsT1vWz";
  for (const std::string& text :
       {"token " + token + ".", "{\"t\":\"" + token + "\"}", "{\\\"t\\\":\\\"" + token + "\\\"}",
        "url?private_token=" + token + "&x=1", "line\\n" + token + "\\nnext",
        "https://oauth2:" + token + "@gitlab.example.com/x.git"}) {
    EXPECT_THAT(found_in(text), testing::Contains(testing::HasSubstr(token))) << text;
  }
}

TEST(VendorKeys, AreNoPartOfLongerWords) {
  EXPECT_THAT(found_in(std::string("my") + "glpat-" + "Xy7bQ2mN9kLp4RsT1vWz"), IsEmpty());
  EXPECT_THAT(found_in("flask-sqlalchemy-and-task-management-for-the-impatient"), IsEmpty());
}

}  // namespace
}  // namespace customhouse::policy
