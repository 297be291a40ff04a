// The composition root and the admin answers, with a real ledger, CA and listeners on loopback.
#include "gateway/app/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "audit/reader.h"
#include "gateway/app/admin.h"
#include "tests/unit/app/child_process.h"

namespace customhouse::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kProviders = R"(providers:
  - id: openai
    name: OpenAI
    family: openai
    hosts: [api.openai.com, "*.openai.azure.com", "runtime.*.cloud.example"]
    base_url_host: api.openai.com
    operator_country: US
    jurisdiction: US
)";

class AdminTest : public testing::Test {
 protected:
  AdminTest() {
    auto table = provider::ProviderTable::parse(kProviders, "p.yaml");
    if (!table) throw std::runtime_error(provider::to_string(table.error()));
    table_ = std::make_shared<const provider::ProviderTable>(std::move(*table));
    auto log = audit::Log::open({.directory = folder_.path() + "/ledger", .min_free_bytes = 0});
    if (!log) throw std::runtime_error(log.error().what);
    log_ = std::move(*log);
    admin_ = std::make_unique<Admin>(Admin::Sources{.metrics = &metrics_,
                                                    .log = log_.get(),
                                                    .ca_pem = "PEM\n",
                                                    .listen_host = "gateway.corp",
                                                    .providers = [this] { return table_; }});
    admin_->set_proxy("127.0.0.1:8080");
  }

  net::AdminResponse ask(const std::string& target, const std::string& method = "GET",
                         const std::string& host = "127.0.0.1:8082") {
    proto::RequestHead head{.method = method, .target = target, .headers = {}};
    head.headers.add("Host", host);
    return admin_->answer(head);
  }

  TemporaryFolder folder_;
  telemetry::Registry metrics_;
  std::shared_ptr<const provider::ProviderTable> table_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<Admin> admin_;
};

TEST_F(AdminTest, AnswersWhatItLists) {
  EXPECT_EQ(ask("/healthz").body, "ok\n");
  EXPECT_EQ(ask("/readyz").status, 200);
  EXPECT_EQ(ask("/healthz?x=1").status, 200);
  EXPECT_EQ(ask("/ca.pem").body, "PEM\n");
  EXPECT_EQ(ask("/ca.pem").content_type, "application/x-pem-file");
  EXPECT_EQ(ask("/healthz", "HEAD").status, 200);
  EXPECT_THAT(ask("/").body, HasSubstr("/proxy.pac"));
  EXPECT_EQ(ask("/nothing").status, 404);
  EXPECT_EQ(ask("/healthz", "POST").status, 405);
  const auto metrics = ask("/metrics");
  EXPECT_THAT(metrics.content_type, HasSubstr("version=0.0.4"));
  EXPECT_THAT(metrics.body, HasSubstr("customhouse_ledger_healthy 1\n"));
}

TEST_F(AdminTest, ANameThatIsNotOursIsRefusedWhateverItPointsTo) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8082", "[::1]:8082", "localhost",
                           "LOCALHOST:8082", "gateway.corp:8082"}) {
    EXPECT_EQ(ask("/ca.pem", "GET", host).status, 200) << host;
  }
  for (const char* host :
       {"evil.example", "evil.example:8082", "127.0.0.1.evil.example", "", "a@127.0.0.1"}) {
    EXPECT_EQ(ask("/ca.pem", "GET", host).status, 403) << host;
  }
  EXPECT_EQ(admin_->answer({.method = "GET", .target = "/ca.pem", .headers = {}}).status, 403);
}

TEST_F(AdminTest, IsNotReadyWithoutALedgerOrWhileStopping) {
  admin_->set_draining();
  EXPECT_EQ(ask("/readyz").status, 503);
  EXPECT_THAT(ask("/readyz").body, HasSubstr("stopping"));
  EXPECT_EQ(ask("/healthz").status, 200);
}

TEST_F(AdminTest, ThePacFileSendsGovernedHostsOnlyThroughTheProxy) {
  const auto pac = ask("/proxy.pac");
  EXPECT_EQ(pac.content_type, "application/x-ns-proxy-autoconfig");
  const std::string script = folder_.write("pac.js", pac.body + R"(
    const cases = [["api.openai.com", 1], ["API.OpenAI.com.", 1], ["x.openai.azure.com", 1],
      ["x.y.openai.azure.com", 1], ["runtime.eu.cloud.example", 1],
      ["runtime.cloud.example", 0], ["runtime.a.b.cloud.example", 0],
      ["openai.azure.com", 0], ["evilapi.openai.com", 0], ["api.openai.com.evil.example", 0],
      ["example.com", 0], ["localhost", 0]];
    for (const [host, governed] of cases) {
      const want = governed ? "PROXY 127.0.0.1:8080" : "DIRECT";
      if (FindProxyForURL("https://" + host + "/", host) !== want) throw new Error(host);
    })");
  EXPECT_EQ(std::system(("node '" + script + "'").c_str()), 0);
}

TEST_F(AdminTest, ThePacFileNamesTheAddressByWhichTheClientCame) {
  admin_->set_proxy("0.0.0.0:8080");
  EXPECT_THAT(ask("/proxy.pac", "GET", "10.1.2.3:8082").body, HasSubstr("PROXY 10.1.2.3:8080"));
  EXPECT_THAT(ask("/proxy.pac", "GET", "[::1]:8082").body, HasSubstr("PROXY [::1]:8080"));
}

class AppTest : public testing::Test {
 protected:
  Config config() {
    folder_.write("providers.yaml", kProviders);
    const std::string file = write_test_config(folder_);
    auto loaded = load_config(file);
    if (!loaded) throw std::runtime_error(to_string(loaded.error().front()));
    loaded->providers = folder_.path() + "/providers.yaml";
    loaded->log_level = "error";
    return *loaded;
  }
  std::unique_ptr<App> started() {
    auto app = App::start(config());
    if (!app) throw std::runtime_error(app.error().complaints.front());
    return std::move(*app);
  }
  std::vector<std::string> kinds() {
    std::vector<std::string> out;
    auto reader = audit::Reader::open(folder_.path() + "/var/ledger");
    if (!reader) return out;
    static_cast<void>(
        reader->for_each(0, reader->size(), [&](std::uint64_t, std::string_view text) {
          const std::size_t at = text.find("\"kind\":\"") + 8;
          out.emplace_back(text.substr(at, text.find('"', at) - at));
          return true;
        }));
    return out;
  }

  TemporaryFolder folder_;
};

TEST_F(AppTest, StartAndStopAreInTheLedger) {
  const auto app = started();
  EXPECT_THAT(app->listeners().proxy, testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_TRUE(running_ports(folder_.path() + "/var").has_value());
  app->stop();
  app->stop();
  EXPECT_FALSE(running_ports(folder_.path() + "/var").has_value());
  EXPECT_THAT(kinds(), testing::ElementsAre("start", "stop"));
}

TEST_F(AppTest, ASecondGatewayOnTheSameDataFolderIsRefused) {
  const auto app = started();
  const auto second = App::start(config());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().exit_code, kExitUsage);
  EXPECT_THAT(second.error().complaints.front(), HasSubstr("in use by another gateway"));
}

TEST_F(AppTest, AReloadThatFailsKeepsTheOldAndSaysWhy) {
  const auto app = started();
  EXPECT_TRUE(app->reload().has_value());
  folder_.write("providers.yaml", "nonsense: [\n");
  const auto broken = app->reload();
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().front(), HasSubstr("providers.yaml:"));
  folder_.write("providers.yaml", std::string(kProviders) + R"(  - id: other
    name: Other
    family: openai
    hosts: [api.other.example]
    operator_country: US
    jurisdiction: US
)");
  const auto outside = app->reload();
  ASSERT_FALSE(outside.has_value());
  EXPECT_THAT(outside.error().front(), HasSubstr("may not vouch for api.other.example"));
  folder_.write("providers.yaml", kProviders);
  EXPECT_TRUE(app->reload().has_value());
  app->stop();
  EXPECT_THAT(kinds(), testing::ElementsAre("start", "reload", "reload", "stop"));
}

}  // namespace
}  // namespace customhouse::app
