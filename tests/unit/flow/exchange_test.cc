// The exchange as a script: what goes in, what comes out, without sockets or clocks.
#include "gateway/flow/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/digest.h"

namespace customhouse::flow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPolicy = R"(version: 1
name: test
detectors: [detectors.yaml]
rules:
  - id: redact-mail
    types: [EMAIL_ADDRESS]
    action: redact
    restore: everywhere
  - id: block-codename
    types: [CODENAME]
    action: block
unscanned: {image: allow, default: block}
)";
constexpr const char* kDetectors = R"(detectors:
  - id: EMAIL_ADDRESS
    labels: [pii]
    pattern: '[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}'
    keywords: ['@']
    confidence: high
    examples: {match: ['alice@example.com'], no_match: ['alice at home']}
  - id: CODENAME
    labels: [confidential]
    pattern: 'PROJECT-HALCYON'
    keywords: ['halcyon']
    confidence: certain
    examples: {match: ['PROJECT-HALCYON'], no_match: ['halcyon days']}
)";
constexpr const char* kProviders = R"(providers:
  - id: openai
    name: OpenAI
    family: openai
    hosts: [api.openai.com]
    base_url_host: api.openai.com
    operator_country: US
    jurisdiction: US
)";

std::shared_ptr<const Snapshot> snapshot() {
  static const std::shared_ptr<const Snapshot> shared = [] {
    auto made = std::make_shared<Snapshot>();
    auto rules = policy::RuleSet::load(
        {"policy.yaml"}, [](const std::string& path) -> std::expected<std::string, std::string> {
          return path.ends_with("detectors.yaml") ? kDetectors : kPolicy;
        });
    if (!rules) throw std::runtime_error(policy::to_string(rules.error().front()));
    made->rules = *rules;
    auto table = provider::ProviderTable::parse(kProviders, "providers.yaml");
    if (!table) throw std::runtime_error(provider::to_string(table.error()));
    made->providers = std::make_shared<const provider::ProviderTable>(std::move(*table));
    std::array<std::uint8_t, 32> key{};
    key.fill(7);
    made->pseudonym_key = std::make_shared<const policy::PseudonymKey>(key);
    return made;
  }();
  return shared;
}

class ExchangeTest : public ::testing::Test {
 protected:
  static ExchangeContext context() {
    ExchangeContext made;
    made.id = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
    made.client_address = "127.0.0.1";
    made.authority.host = "api.openai.com";
    made.authority.port = 443;
    made.server_name = "api.openai.com";
    made.snapshot = snapshot();
    made.provider = made.snapshot->providers->find_host("api.openai.com");
    made.max_body_bytes = 1 << 20;
    return made;
  }
  static proto::RequestHead post(const std::string& body) {
    proto::RequestHead head;
    head.method = "POST";
    head.target = "/v1/chat/completions";
    head.headers.add("Host", "api.openai.com");
    head.headers.add("Content-Type", "application/json");
    head.headers.add("Content-Length", std::to_string(body.size()));
    head.headers.add("Authorization", "Bearer made-up");
    head.headers.add("Proxy-Authorization", "Basic c2VjcmV0");
    head.headers.add("Via", "1.1 inside.corp");
    head.headers.add("X-Forwarded-For", "10.0.0.7");
    head.headers.add("Accept-Encoding", "gzip, sdch");
    return head;
  }
  template <class T>
  T expect() {
    auto action = exchange.next();
    if (!action || !std::holds_alternative<T>(*action)) {
      ADD_FAILURE() << "another action than expected: "
                    << (action ? static_cast<int>(action->index()) : -1);
      return T{};
    }
    return std::get<T>(std::move(*action));
  }
  void nothing() { EXPECT_FALSE(exchange.next().has_value()); }
  /// Head, body, decision; returns the decision record.
  audit::Record ask(const std::string& body) {
    exchange.request_head(post(body));
    exchange.request_body(body);
    exchange.decide();
    return expect<AppendDecision>().record;
  }

  Exchange exchange{context()};
};

const std::string kMail =
    R"({"model":"gpt-x","seed":12345678901234567890,"x":1.0,"messages":[{"role":"user","content":"write to alice@example.com"}]})";

TEST_F(ExchangeTest, NothingLeavesBeforeItsRecordIsDurable) {
  const audit::Record record = ask(kMail);
  nothing();
  EXPECT_EQ(record.kind, "decision");
  EXPECT_EQ(record.action, "redact");
  exchange.recorded(41);
  const Forward forward = expect<Forward>();
  EXPECT_THAT(forward.body, Not(HasSubstr("alice@example.com")));
  EXPECT_EQ(record.sha256_sent, audit::sha256_hex(forward.body));
  EXPECT_EQ(record.request_bytes, forward.body.size());
}

TEST_F(ExchangeTest, OnlyTheFoundRangeChanges) {
  ask(kMail);
  exchange.recorded(1);
  std::string body = expect<Forward>().body;
  const std::size_t begin = body.find('[', body.find("write to"));
  const std::size_t end = body.find(']', begin) + 1;
  body.replace(begin, end - begin, "alice@example.com");
  EXPECT_EQ(body, kMail);
}

TEST_F(ExchangeTest, ProxyFieldsAndAddressesStayInTheHouse) {
  ask(kMail);
  exchange.recorded(1);
  const proto::RequestHead head = expect<Forward>().head;
  for (const char* name : {"Proxy-Authorization", "Via", "X-Forwarded-For", "Expect"})
    EXPECT_EQ(head.headers.count(name), 0u) << name;
  EXPECT_EQ(*head.headers.find("Authorization"), "Bearer made-up");
  EXPECT_EQ(*head.headers.find("Accept-Encoding"), "identity");
}

TEST_F(ExchangeTest, AnAnswersPlaceholdersBecomeValuesAgain) {
  ask(kMail);
  exchange.recorded(1);
  const std::string sent = expect<Forward>().body;
  const std::size_t begin = sent.find('[', sent.find("write to"));
  const std::string placeholder = sent.substr(begin, sent.find(']', begin) + 1 - begin);
  proto::ResponseHead head;
  head.status = 200;
  head.headers.add("Content-Type", "application/json");
  head.headers.add("Content-Length", "999");
  head.headers.add("Alt-Svc", "h3=\":443\"");
  exchange.response_head(head);
  const SendHead answer = expect<SendHead>();
  EXPECT_FALSE(answer.content_length.has_value());
  EXPECT_EQ(answer.head.headers.count("Alt-Svc"), 0u);
  std::string out;
  exchange.response_body(R"({"choices":[{"message":{"content":"Dear )" + placeholder + R"("}}]})");
  exchange.response_end();
  while (auto action = exchange.next()) {
    if (auto* body = std::get_if<SendBody>(&*action)) out += body->bytes;
    if (auto* completion = std::get_if<AppendCompletion>(&*action)) {
      EXPECT_EQ(completion->record.kind, "completion");
      EXPECT_EQ(completion->record.decision_seq, 1u);
      EXPECT_EQ(completion->record.outcome, "complete");
    }
  }
  EXPECT_EQ(out, R"({"choices":[{"message":{"content":"Dear alice@example.com"}}]})");
  EXPECT_TRUE(exchange.settled());
}

TEST_F(ExchangeTest, ALedgerThatFailsLetsNothingOut) {
  ask(kMail);
  exchange.recorded(std::unexpected("disk full"));
  EXPECT_EQ(expect<SendHead>().head.status, 503);
  EXPECT_THAT(expect<SendBody>().bytes, HasSubstr("audit"));
  expect<SendEnd>();
  nothing();
  EXPECT_TRUE(exchange.settled());
}

TEST_F(ExchangeTest, ABlockIsAnsweredInTheProvidersShapeWithoutTheValue) {
  const audit::Record record =
      ask(R"({"messages":[{"role":"user","content":"about PROJECT-HALCYON"}]})");
  EXPECT_EQ(record.action, "block");
  EXPECT_EQ(record.rules, std::vector<std::string>{"block-codename"});
  EXPECT_TRUE(record.sha256_sent.empty());
  exchange.recorded(5);
  const SendHead head = expect<SendHead>();
  EXPECT_EQ(head.head.status, 400);
  EXPECT_EQ(*head.head.headers.find("x-should-retry"), "false");
  const std::string body = expect<SendBody>().bytes;
  EXPECT_THAT(body, HasSubstr("block-codename"));
  EXPECT_THAT(body, Not(HasSubstr("HALCYON")));
  expect<SendEnd>();
  EXPECT_EQ(expect<AppendCompletion>().record.outcome, "refused");
}

TEST_F(ExchangeTest, OtherHostsOnTheSameConnectionAreMisdirected) {
  proto::RequestHead head = post("");
  head.headers.set("Host", "api.anthropic.com");
  exchange.request_head(head);
  EXPECT_FALSE(exchange.wants_request_body());
  exchange.decide();
  expect<AppendDecision>();
  exchange.recorded(1);
  EXPECT_EQ(expect<SendHead>().head.status, 421);
}

TEST_F(ExchangeTest, AnAbsoluteTargetMustNameTheSameHostAndBecomesAPath) {
  struct Case {
    const char* target;
    int status;  // 0: goes on
  };
  for (const Case& c : {Case{"https://api.openai.com/v1/chat/completions", 0},
                        Case{"https://API.openai.com:443/v1/chat/completions", 0},
                        Case{"https://api.anthropic.com/v1/messages", 421},
                        Case{"https://api.openai.com:8443/v1/chat/completions", 421},
                        Case{"http://api.openai.com/v1/chat/completions", 421},
                        Case{"ftp://api.openai.com/", 400}}) {
    Exchange other{context()};
    proto::RequestHead head = post("{}");
    head.target = c.target;
    other.request_head(head);
    EXPECT_EQ(other.wants_request_body(), c.status == 0) << c.target;
    if (c.status == 0) other.request_body("{}");
    other.decide();
    while (auto action = other.next()) EXPECT_TRUE(std::holds_alternative<AppendDecision>(*action));
    other.recorded(1);
    const auto action = other.next();
    ASSERT_TRUE(action) << c.target;
    if (c.status != 0)
      EXPECT_EQ(std::get<SendHead>(*action).head.status, c.status) << c.target;
    else
      EXPECT_EQ(std::get<Forward>(*action).head.target, "/v1/chat/completions") << c.target;
  }
}

TEST_F(ExchangeTest, HostMayNameTheDefaultPortOrLeaveItOut) {
  for (const char* host : {"api.openai.com", "API.openai.com", "api.openai.com:443"}) {
    Exchange other{context()};
    proto::RequestHead head = post("");
    head.headers.set("Host", host);
    other.request_head(head);
    EXPECT_TRUE(other.wants_request_body()) << host;
  }
}

TEST_F(ExchangeTest, WebSocketUpgradesAreToldToUseHttp) {
  proto::RequestHead head = post("");
  head.headers.add("Connection", "Upgrade");
  head.headers.add("Upgrade", "websocket");
  exchange.request_head(head);
  exchange.decide();
  expect<AppendDecision>();
  exchange.recorded(1);
  EXPECT_EQ(expect<SendHead>().head.status, 426);
}

TEST_F(ExchangeTest, UnreadableBodiesAreRefusedAndRecorded) {
  for (const std::string body :
       {"{\"messages\":[", "{\"a\":1}{", "{\"a\":\"\xff\"}", "{\"a\":1,\"a\":2}", "not json"}) {
    Exchange other{context()};
    other.request_head(post(body));
    other.request_body(body);
    other.decide();
    auto action = other.next();
    ASSERT_TRUE(action && std::holds_alternative<AppendDecision>(*action)) << body;
    EXPECT_EQ(std::get<AppendDecision>(*action).record.action, "block") << body;
    other.recorded(1);
    bool forwarded = false;
    while (auto next = other.next()) forwarded |= std::holds_alternative<Forward>(*next);
    EXPECT_FALSE(forwarded) << body;
  }
}

TEST_F(ExchangeTest, AnAnswerThatBreaksOffIsNeverEndedCleanly) {
  ask(R"({"messages":[]})");
  exchange.recorded(1);
  expect<Forward>();
  proto::ResponseHead head;
  head.status = 200;
  head.headers.add("Content-Type", "text/event-stream");
  exchange.response_head(head);
  expect<SendHead>();
  exchange.response_body("data: {\"a\":");
  expect<SendBody>();
  exchange.upstream_failed(UpstreamFailure::Broken, {});
  expect<AbortAnswer>();
  EXPECT_EQ(expect<AppendCompletion>().record.outcome, "truncated");
}

TEST_F(ExchangeTest, PingsStandBetweenEventsOnly) {
  ask(R"({"messages":[]})");
  exchange.recorded(1);
  expect<Forward>();
  proto::ResponseHead head;
  head.status = 200;
  head.headers.add("Content-Type", "text/event-stream; charset=utf-8");
  exchange.response_head(head);
  expect<SendHead>();
  exchange.silence();
  EXPECT_EQ(expect<SendBody>().bytes, ": ping\n\n");
  exchange.response_body("data: 1\n");
  expect<SendBody>();
  exchange.silence();
  nothing();
  exchange.response_body("\n");
  expect<SendBody>();
  exchange.silence();
  EXPECT_EQ(expect<SendBody>().bytes, ": ping\n\n");
}

TEST_F(ExchangeTest, UpstreamTroubleIsA502ThatSaysWhy) {
  ask(R"({"messages":[]})");
  exchange.recorded(1);
  expect<Forward>();
  exchange.upstream_failed(UpstreamFailure::BadCertificate, "certificate has expired");
  EXPECT_EQ(expect<SendHead>().head.status, 502);
  EXPECT_THAT(expect<SendBody>().bytes, HasSubstr("certificate has expired"));
  expect<SendEnd>();
  EXPECT_EQ(expect<AppendCompletion>().record.outcome, "upstream_failed");
}

TEST_F(ExchangeTest, AValueInTheTargetIsReplacedAndAProvidersKeyIsLeft) {
  proto::RequestHead head = post("");
  head.method = "GET";
  head.target = "/v1/files?owner=alice@example.com&key=AIzaMadeUp";
  head.headers.remove("Content-Length");
  exchange.request_head(head);
  exchange.decide();
  EXPECT_EQ(expect<AppendDecision>().record.action, "redact");
  exchange.recorded(1);
  const std::string target = expect<Forward>().head.target;
  EXPECT_THAT(target, Not(HasSubstr("alice")));
  EXPECT_THAT(target, HasSubstr("/v1/files?owner=%5BEMAIL_ADDRESS_"));
  EXPECT_THAT(target, HasSubstr("&key=AIzaMadeUp"));
}

}  // namespace
}  // namespace customhouse::flow
