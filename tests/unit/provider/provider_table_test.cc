#include "gateway/provider/provider_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gateway/provider/operation.h"
#include "gateway/provider/refusal.h"
#include "tests/unit/provider/wire_files.h"

namespace customhouse::provider {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::string row(const std::string& id, const std::string& hosts, const std::string& more = "") {
  return "  - id: " + id + "\n    name: N\n    family: openai\n    hosts: [" + hosts +
         "]\n    jurisdiction: US\n" + more;
}

std::expected<ProviderTable, TableError> parse(const std::string& rows) {
  return ProviderTable::parse("providers:\n" + rows, "p.yaml");
}

ProviderTable shipped() {
  auto table = ProviderTable::parse(read_file(CUSTOMHOUSE_SOURCE_DIR "/config/providers.yaml"),
                                    "providers.yaml");
  EXPECT_TRUE(table) << to_string(table.error());
  return std::move(*table);
}

std::string id_of(const ProviderTable& table, std::string_view host) {
  const Provider* provider = table.find_host(host);
  return provider == nullptr ? "" : provider->id;
}

TEST(ShippedProviders, AreManyAndNameTheHostsPeopleUse) {
  const ProviderTable table = shipped();
  EXPECT_GE(table.providers().size(), 40U);
  EXPECT_EQ(id_of(table, "api.openai.com"), "openai");
  EXPECT_EQ(id_of(table, "eu.api.openai.com"), "openai-eu");
  EXPECT_EQ(id_of(table, "ab.chatgpt.com"), "chatgpt");
  EXPECT_EQ(id_of(table, "auth.openai.com"), "openai-web");
  EXPECT_EQ(id_of(table, "api.anthropic.com"), "anthropic");
  EXPECT_EQ(id_of(table, "acme.openai.azure.com"), "azure");
  EXPECT_EQ(id_of(table, "bedrock-runtime.us-east-1.amazonaws.com"), "bedrock");
  EXPECT_EQ(id_of(table, "s3.us-east-1.amazonaws.com"), "");
  EXPECT_EQ(id_of(table, "bedrock-runtime.a.b.amazonaws.com"), "");
  EXPECT_EQ(id_of(table, "storage.googleapis.com"), "");
  EXPECT_EQ(id_of(table, "example.com"), "");
  EXPECT_FALSE(table.find_host("auth.openai.com")->inference);
}

TEST(ShippedProviders, OfferBaseUrlModeForTheUsualOnes) {
  const ProviderTable table = shipped();
  for (const char* id : {"openai", "anthropic", "gemini", "deepseek", "mistral", "xai", "groq",
                         "together", "openrouter", "qwen", "moonshot", "zhipu", "doubao", "hunyuan",
                         "qianfan", "meta-llama", "cohere"}) {
    const Provider* provider = table.find_id(id);
    ASSERT_NE(provider, nullptr) << id;
    EXPECT_FALSE(provider->base_url_host.empty()) << id;
  }
  EXPECT_NE(table.find_id("azure"), nullptr);
  EXPECT_EQ(table.find_id("openrouter")->base_path, "/api");
  EXPECT_EQ(table.find_id("nobody"), nullptr);
}

TEST(ShippedProviders, ConstrainTheCaToTheirOwnDomains) {
  const auto domains = shipped().constraint_domains();
  EXPECT_THAT(domains, Contains("openai.azure.com"));
  // A stolen CA key must not be good for all of a cloud.
  for (const char* wide : {"amazonaws.com", "amazonaws.com.cn", "api.aws", "oraclecloud.com", "ghe.com", "googleapis.com",
                           "us-east-1.amazonaws.com"}) {
    EXPECT_THAT(domains, Contains(wide).Times(0)) << wide;
  }
  EXPECT_THAT(domains, Contains("bedrock-runtime.us-east-1.amazonaws.com"));
  EXPECT_THAT(domains, Contains("api.deepseek.com").Times(0));  // below deepseek.com
  EXPECT_THAT(domains, Contains("deepseek.com"));
  for (const std::string& domain : domains) {
    EXPECT_THAT(domain, Not(HasSubstr("*")));
    EXPECT_THAT(domain, HasSubstr("."));
  }
}

TEST(ProviderTable, ExactBeatsInnerBeatsLongerBeatsShorterWildcard) {
  const auto table = parse(row("short", "'*.b.com'") + row("long", "'*.a.b.com'") +
                           row("inner", "x.*.a.b.com") + row("exact", "x.y.a.b.com"));
  ASSERT_TRUE(table) << to_string(table.error());
  EXPECT_EQ(id_of(*table, "x.y.a.b.com"), "exact");
  EXPECT_EQ(id_of(*table, "x.z.a.b.com"), "inner");
  EXPECT_EQ(id_of(*table, "q.a.b.com"), "long");
  EXPECT_EQ(id_of(*table, "p.q.b.com"), "short");
  EXPECT_EQ(id_of(*table, "b.com"), "");
  EXPECT_EQ(id_of(*table, "xb.com"), "");
  EXPECT_EQ(id_of(*table, ""), "");
}

TEST(ProviderTable, NamesTheFaultWithItsPlace) {
  const auto error = [](const std::string& rows) {
    const auto table = parse(rows);
    return table ? "none" : to_string(table.error());
  };
  EXPECT_THAT(error(row("a", "a.com", "    colour: red\n")),
              HasSubstr("p.yaml:7:5: unknown key 'colour'"));
  EXPECT_THAT(error(row("a", "a.com") + row("a", "b.com")), HasSubstr("id 'a' stands twice"));
  EXPECT_THAT(error(row("a", "a.com") + row("b", "a.com")), HasSubstr("host 'a.com' stands twice"));
  EXPECT_THAT(error(row("a", "a.com", "    base_url_host: b.com\n")), HasSubstr("not among"));
  EXPECT_THAT(error(row("a", "a.com", "    base_path: /x\n")), HasSubstr("without"));
  EXPECT_THAT(error(row("a", "a.com", "    inference: maybe\n")), HasSubstr("true or false"));
  EXPECT_THAT(error(row("a", "a.com", "    operator_country: usa\n")), HasSubstr("ISO 3166"));
  EXPECT_THAT(error(row("A", "a.com")), HasSubstr("'id' must"));
  EXPECT_THAT(error("  - id: a\n"), HasSubstr("'name' is missing"));
  EXPECT_THAT(error("  - [\n"), HasSubstr("p.yaml:"));
  for (const char* host :
       {"A.com", "'*'", "'*.com'", "a.com:443", "'x*.a.com'", "'*.a.*.com'", "a..com", "-a.com",
        "a", "10.0.0.1", "a.com.", "''", "'bedrock.*.com'"}) {
    EXPECT_THAT(error(row("a", host)), HasSubstr("malformed host")) << host;
  }
}

TEST(ProviderTable, RefusesOtherShapesOfFiles) {
  for (const char* yaml : {"", "[]", "x: 1", "providers: {}", "providers: []", "providers: [1]",
                           "providers: []\nproviders: []"}) {
    EXPECT_FALSE(ProviderTable::parse(yaml, "p.yaml")) << yaml;
  }
}

TEST(Operation, IsReadOffTheEndOfThePath) {
  const auto name = [](std::string_view path, Family family = Family::OpenAi) {
    return std::string(classify(family, "POST", path).name);
  };
  EXPECT_EQ(name("/v1/chat/completions"), "chat.completions");
  EXPECT_EQ(name("/openai/deployments/x/chat/completions?api-version=1"), "chat.completions");
  EXPECT_EQ(name("/v1/completions/"), "completions");
  EXPECT_EQ(name("/backend-api/codex/responses"), "responses");
  EXPECT_EQ(name("/v1/responses/resp_1?stream=true"), "responses");
  EXPECT_EQ(name("/v1/embeddings"), "embeddings");
  EXPECT_EQ(name("/api/v1/messages?beta=true"), "messages");
  EXPECT_EQ(name("/v1/messages/count_tokens", Family::Anthropic), "messages.count_tokens");
  EXPECT_EQ(name("/v1beta/models/gemini:streamGenerateContent?alt=sse", Family::Gemini),
            "streamGenerateContent");
  EXPECT_EQ(name("/v1beta/models/gemini%3AgenerateContent", Family::Gemini), "generateContent");
  EXPECT_EQ(name("/v1/projects/p/locations/l/publishers/anthropic/models/c:streamRawPredict",
                 Family::Gemini),
            "messages");
  EXPECT_EQ(name("/v1/threads/t/messages"), "other");
  EXPECT_EQ(name("/"), "other");
  EXPECT_EQ(name(""), "other");
  EXPECT_EQ(classify(Family::Anthropic, "POST", "/v1/messages").shape, Shape::AnthropicMessages);
}

TEST(Refusal, HasTheShapeOfTheApi) {
  const std::string message = "rule \"x\"\nask a\\b \u00e4";
  const auto body = [&](Family family, int status) {
    return nlohmann::json::parse(error_body(family, status, "blocked", message));
  };
  EXPECT_EQ(body(Family::OpenAi, 400), (nlohmann::json{{"error",
                                                        {{"message", message},
                                                         {"type", "invalid_request_error"},
                                                         {"param", nullptr},
                                                         {"code", "blocked"}}}}));
  const auto anthropic = body(Family::Anthropic, 400);
  EXPECT_EQ(anthropic["type"], "error");
  EXPECT_EQ(anthropic["error"]["type"], "invalid_request_error");
  EXPECT_EQ(anthropic["error"]["message"], message);
  EXPECT_EQ(body(Family::Anthropic, 503)["error"]["type"], "api_error");
  EXPECT_EQ(body(Family::Gemini, 400)["error"]["status"], "INVALID_ARGUMENT");
  EXPECT_EQ(body(Family::Gemini, 503)["error"]["code"], 503);
  for (const Family family : {Family::Cohere, Family::Bedrock})
    EXPECT_EQ(body(family, 400)["message"], message);
}

}  // namespace
}  // namespace customhouse::provider
