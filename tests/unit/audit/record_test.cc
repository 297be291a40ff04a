// The canonical form of a record, against an independent JSON library.
#include "audit/record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace customhouse::audit {
namespace {

Record full() {
  Record record;
  record.kind = "decision";
  record.exchange = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
  record.actor = "CREDENTIAL_0123456789abcdef";
  record.application = "openai/6.49.0";
  record.destination = {"openai", "api.openai.com", "gpt-x", "US"};
  record.method = "POST";
  record.path_class = "chat.completions";
  record.action = "redact";
  record.rules = {"redact-personal-data"};
  record.policy = std::string(64, 'a');
  record.findings = {{"EMAIL_ADDRESS", "redact-personal-data", "/messages/0/content", 2}};
  record.coverage = Coverage{100, 20, 5, {{"pdf", 2}, {"image", 3}}};
  record.request_bytes = 105;
  record.sha256_sent = std::string(64, 'b');
  record.seq = 41;
  record.time_us = 1'700'000'000'123'456;
  return record;
}

TEST(Record, IsCanonicalJson) {
  const std::string json = to_canonical_json(full());
  // nlohmann sorts keys and writes no white space: for ASCII keys and integers that is RFC 8785.
  EXPECT_EQ(nlohmann::json::parse(json).dump(), json);
}

TEST(Record, CarriesTheFieldsThatToolsRelyOn) {
  const auto json = nlohmann::json::parse(to_canonical_json(full()));
  EXPECT_EQ(json["seq"], 41);
  EXPECT_EQ(json["time"], "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(json["kind"], "decision");
  EXPECT_EQ(json["destination"]["jurisdiction"], "US");
  EXPECT_EQ(json["decision"]["action"], "redact");
  EXPECT_EQ(json["decision"]["rules"][0], "redact-personal-data");
  EXPECT_EQ(json["findings"][0]["count"], 2);
  EXPECT_EQ(json["coverage"]["reasons"]["image"], 3);
  EXPECT_EQ(json["request"]["bytes"], 105);
  EXPECT_FALSE(json.contains("response"));
}

TEST(Record, ACompletionNamesItsDecisionAndTheAnswer) {
  Record record = full();
  record.kind = "completion";
  record.findings.clear();
  record.coverage.reset();
  record.decision_seq = 40;
  record.response_status = 200;
  record.response_bytes = 77;
  record.duration_ms = 9;
  record.outcome = "complete";
  const auto json = nlohmann::json::parse(to_canonical_json(record));
  EXPECT_EQ(json["response"]["status"], 200);
  EXPECT_EQ(json["response"]["bytes"], 77);
  EXPECT_EQ(json["duration_ms"], 9);
  EXPECT_EQ(json["decision_seq"], 40);
  EXPECT_FALSE(json.contains("findings"));
}

TEST(Record, HostileTextStaysValidJson) {
  Record record = full();
  record.destination.model = "a\"b\\c\n\x01\x7f\xff\xc0\x80\xed\xa0\x80\xf0\x9f\x98\x80 é";
  const std::string json = to_canonical_json(record);
  const auto parsed = nlohmann::json::parse(json);  // throws on invalid UTF-8
  EXPECT_EQ(parsed["destination"]["model"],
            "a\"b\\c\n\x01\x7f\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF"
            "\xBD\xf0\x9f\x98\x80 é");
  EXPECT_EQ(parsed.dump(), json);
}

TEST(Record, StaysUnderItsLimitAndSaysWhatItLeftOut) {
  Record record = full();
  record.destination.model = std::string(100'000, 'm');
  for (int i = 0; i < 5000; ++i)
    record.findings.push_back({"T", "r", "/messages/" + std::to_string(i), 1});
  const std::string json = to_canonical_json(record);
  EXPECT_LE(json.size(), kMaxRecordBytes);
  const auto parsed = nlohmann::json::parse(json);
  EXPECT_EQ(parsed["findings"].size() + parsed["findings_omitted"].get<std::size_t>(), 5001u);
}

}  // namespace
}  // namespace customhouse::audit
