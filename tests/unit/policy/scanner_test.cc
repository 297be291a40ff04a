#include "policy/scanner.h"

#include <gmock/gmock.h>

#include <thread>

#include "policy/rule_set_implementation.h"
#include "policy_support.h"

namespace customhouse::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DefaultPack, EveryDetectorHoldsItsExamples) {
  for (const char* name : {"default", "strict"}) {
    const auto faults = check_examples(shipped(name));
    for (const PolicyError& fault : faults) ADD_FAILURE() << to_string(fault);
    EXPECT_GE(shipped(name).detector_count(), 25U);
  }
}

TEST(Scan, FindsTheTypesOfOneMessageInOrder) {
  const std::string key = std::string("sk-pr") + "oj-Ab3dEf6hIj9lMn2pQr5tUv8x";
  EXPECT_THAT(found_in("Mail john@example.com, card 4111 1111 1111 1111, key=" + key + "\n"),
              ElementsAre("EMAIL_ADDRESS:john@example.com", "CREDIT_CARD:4111 1111 1111 1111",
                          "OPENAI_API_KEY:" + key));
}

TEST(Scan, KeysStandBesideEqualsQuotesAndEscapesButNotInsideWords) {
  const std::string key = std::string("AKIA") + "Q3EGRIUBTNWF5Z7H";
  for (const std::string& before : {"key=", "\"", "'", "\\n", "\\\"", "(", "\n", "/"}) {
    EXPECT_THAT(found_in(before + key + "\""), ElementsAre("AWS_ACCESS_KEY:" + key)) << before;
  }
  EXPECT_THAT(found_in("x" + key), IsEmpty());
  EXPECT_THAT(found_in(key + "0"), IsEmpty());
}

TEST(Scan, OnlyThePasswordOfAUrlIsTheValue) {
  EXPECT_THAT(found_in("postgres://app:s3cr3t@db.example.com/x"),
              ElementsAre("URL_CREDENTIALS:s3cr3t"));
}

TEST(Scan, PrivateKeysWholeEscapedAndCutOff) {
  const std::string head = std::string("-----BEGIN RSA PRIV") + "ATE KEY-----";
  const std::string tail = std::string("-----END RSA PRIV") + "ATE KEY-----";
  const std::string line = "MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu";
  for (const std::string& breaks : {"\n", "\r\n", "\\n", "\\\\n", "\n    "}) {
    const std::string key = head + breaks + line + breaks + line + breaks + "Ks1Q=" + breaks + tail;
    EXPECT_THAT(found_in("k: " + key + " end"), ElementsAre("PRIVATE_KEY:" + key)) << breaks;
  }
  const std::string cut = head + "\n" + line + "\n" + line.substr(0, 30);
  EXPECT_THAT(found_in(cut + "\n\nand so on"), ElementsAre("PRIVATE_KEY:" + cut));
  EXPECT_THAT(found_in(head + " is the header of a key."), IsEmpty());
}

TEST(Scan, FalseAlarmTable) {
  for (const char* text :
       {"1699999999",
        "1700000000000",
        "id 2025550143",
        "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
        "550e8400-e29b-41d4-a716-446655440000",
        "v1.22.333.4444",
        "python 3.11.2",
        "2026-11-23T20:00:00Z",
        "order 100-2345-6789-01",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"
        "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "1795123456789012345",
        "price 1,234,567.89",
        "127.0.0.1:8080",
        "task-runner",
        "std::vector<int>::iterator",
        "if (password == null) return;",
        "password: string",
        "const password = req.body.password;",
        "the password must be 8 characters",
        "sk-learn and sk-image",
        "https://example.com/a:b@c",
        "@Override public void x() {}",
        "user@localhost",
        "12:34:56:78",
        "a[1:2:3]",
        "0xdeadbeef",
        "call me at noon",
        "chapter 3.4.5.6 of the book",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"}) {
    EXPECT_THAT(found_in(text), IsEmpty()) << text;
  }
}

TEST(Scan, OverlapsGoToTheMoreCertainAndFindingsAreDisjoint) {
  EXPECT_THAT(found_in("password=foo@bar.com!!x"), ElementsAre("PASSWORD:foo@bar.com!!x"));
  const std::string text =
      "a@b.co c@d.org 4111111111111111 536-90-4399 +1 202-555-0143 password: Tr0ub4dor&3";
  std::size_t end = 0;
  for (const Finding& f : find_in(text)) {
    EXPECT_GE(f.begin, end);
    EXPECT_LT(f.begin, f.end);
    EXPECT_LE(f.end, text.size());
    end = f.end;
  }
}

TEST(Scan, OpaqueIdentifiersKeepChanceHitsAndLosePlantedValues) {
  EXPECT_THAT(found_in("call_203.0.113.7x", SpanRole::Identifier), IsEmpty());
  EXPECT_THAT(found_in("msg-202-555-0143", SpanRole::Identifier), IsEmpty());
  EXPECT_THAT(found_in("id:4111111111111111:x", SpanRole::Identifier), IsEmpty());
  for (const char* planted : {"john@example.com", "4111111111111111", "DE89370400440532013000"}) {
    EXPECT_EQ(found_in(planted, SpanRole::Identifier).size(), 1U) << planted;
  }
  EXPECT_EQ(found_in("user-john@example.com", SpanRole::Identifier).size(), 1U);
  EXPECT_EQ(found_in("card 4111111111111111 of mine", SpanRole::Identifier).size(), 1U);
}

TEST(Scan, IsTheSameOnEveryThread) {
  std::string text;
  for (int i = 0; i < 200; ++i) {
    text +=
        "line " + std::to_string(i) + " user" + std::to_string(i) + "@example.com \\u0040 %40\n";
  }
  const auto expected = found_in(text);
  EXPECT_EQ(expected.size(), 200U);
  std::vector<std::vector<std::size_t>> begins(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : begins) {
      threads.emplace_back([&text, &mine] {
        const auto findings = scan(default_pack(), text);
        for (const Finding& f : *findings) mine.push_back(f.begin);
      });
    }
  }
  for (const auto& mine : begins) EXPECT_EQ(mine, begins.front());
}

TEST(Scan, LongMatchesAreFollowedBeyondTheWindow) {
  const std::string token =
      std::string("github_pat_") + "Q7xZ1wLr2Xc6Vb1Nk7pTmA_H5gDs9aYe3Uf0Jo4Ki8RtB6vMn2PzWq";
  const std::string longest = "Authorization: Bearer " + std::string(300, 'a') + "1B2c" + "z";
  EXPECT_EQ(found_in(longest).size(), 0U);  // one letter over and over is no secret
  EXPECT_THAT(found_in("x " + token + " y"), ElementsAre("GITHUB_TOKEN:" + token));
  std::string varied;
  for (int i = 0; i < 120; ++i) varied += std::to_string(i * 7919);
  EXPECT_THAT(found_in("Authorization: Bearer " + varied + " y"),
              ElementsAre("HTTP_AUTHORIZATION:" + varied));
}

constexpr const char* kWidePattern = R"(detectors:
  - id: WIDE
    labels: pii
    pattern: 'key-[a-y]{0,90}[p-z][^u-z]{18}x'
    keywords: [key-]
    after: 4000
    examples: {match: [key-qaaaaaaaaaaaaaaaaaax]}
)";

TEST(Memory, APatternOverItsBudgetIsRefusedAndNeverReadAsClean) {
  std::vector<Detector> detectors;
  std::vector<PolicyError> errors;
  parse_detectors("d.yaml", kWidePattern, 1 << 10, detectors, errors);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(to_string(errors[0]),
            "d.yaml:4:14: the pattern takes more memory than RE2 is given; shorten it");
}

TEST(Memory, APatternWhoseAutomatonRunsOutOfMemoryFindsTheSame) {
  // The text drives the pattern's DFA through more states than a small budget holds.
  std::string text = "key-";
  std::uint32_t random = 1;
  for (int i = 0; i < 60; ++i) {
    random = random * 1664525U + 1013904223U;
    text.push_back("aqpbr"[random >> 24 & 3]);
  }
  text += "qaaaaaaaaaaaaaaaaaax end";
  const auto find = [&](std::int64_t memory) {
    const FileReader reader =
        files({{"p.yaml", "version: 1\nname: t\ndetectors: d.yaml\n"}, {"d.yaml", kWidePattern}});
    RuleSet::Implementation rules;
    EXPECT_THAT(parse_policies({"p.yaml"}, RuleFiles{reader, memory}, rules), IsEmpty());
    re2::StringPiece match;
    const bool found =
        rules.detectors.at(0).pattern->Match(text, 0, text.size(), re2::RE2::UNANCHORED, &match, 1);
    return found ? std::string(match) : std::string();
  };
  const std::string plenty = find(64 << 20);
  EXPECT_FALSE(plenty.empty());
  EXPECT_EQ(find(40 << 10), plenty);
}

}  // namespace
}  // namespace customhouse::policy
