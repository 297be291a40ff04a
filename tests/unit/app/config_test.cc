#include "gateway/app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "gateway/app/config_values.h"
#include "tests/unit/app/temporary_folder.h"

namespace customhouse::app {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

constexpr const char* kStart =
    "listen: {proxy: 127.0.0.1:8080}\n"
    "data_dir: var\n"
    "providers: providers.yaml\n"
    "policies: [policies/default.yaml]\n";

std::vector<std::string> samples(const std::string& kind) {
  std::vector<std::string> files;
  const std::string folder = std::string(CUSTOMHOUSE_SOURCE_DIR) + "/tests/unit/app/config/" + kind;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path().string());
  }
  return files;
}

std::string errors_of(const std::string& yaml) {
  const TemporaryFolder folder;
  const auto config = load_config(folder.write("c.yaml", yaml));
  if (config) return {};
  std::string out;
  for (const auto& error : config.error()) {
    out += std::filesystem::path(to_string(error)).filename().string() + "\n";
  }
  return out;
}

TEST(Config, AcceptsEveryGoodSampleThatTheSchemaAccepts) {
  const auto files = samples("good");
  ASSERT_GE(files.size(), 3U);
  for (const auto& file : files) {
    const auto config = load_config(file);
    EXPECT_TRUE(config.has_value()) << (config ? "" : to_string(config.error().front()));
  }
}

TEST(Config, RefusesEveryBadSampleWithItsPlace) {
  auto files = samples("bad");
  for (auto& file : samples("bad_loader_only")) files.push_back(file);
  ASSERT_GE(files.size(), 20U);
  for (const auto& file : files) {
    const auto config = load_config(file);
    ASSERT_FALSE(config.has_value()) << file;
    EXPECT_GT(config.error().front().line, 0) << file;
    EXPECT_THAT(to_string(config.error().front()), HasSubstr(file + ":"));
  }
}

TEST(Config, TheShippedFileLoads) {
  const auto config = load_config(std::string(CUSTOMHOUSE_SOURCE_DIR) + "/config/customhouse.yaml");
  ASSERT_TRUE(config.has_value()) << to_string(config.error().front());
  EXPECT_EQ(config->server.listen_proxy, "127.0.0.1:8080");
  EXPECT_EQ(config->audit.durability, audit::Durability::Strict);
  EXPECT_EQ(config->server.limits.max_body_bytes, 64U << 20);
  EXPECT_FALSE(config->server.allow_private_networks);
}

TEST(Config, RelativePathsAreRelativeToTheFileAndTheCaToTheDataDir) {
  const TemporaryFolder folder;
  const auto config = load_config(folder.write(
      "c.yaml",
      std::string("ca: {certificate: tls/my.pem}\nupstream: {extra_ca: [x.pem]}\n") + kStart));
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->data_dir, folder.path() + "/var");
  EXPECT_EQ(config->providers, folder.path() + "/providers.yaml");
  EXPECT_EQ(config->policies.at(0), folder.path() + "/policies/default.yaml");
  EXPECT_EQ(config->ca_certificate, folder.path() + "/var/tls/my.pem");
  EXPECT_EQ(config->ca_private_key, folder.path() + "/var/ca/ca.key");
  EXPECT_EQ(config->audit.directory, folder.path() + "/var/ledger");
  EXPECT_EQ(config->server.upstream.extra_ca.at(0), folder.path() + "/x.pem");
}

TEST(Config, EveryKeyReachesItsOption) {
  const auto loaded = load_config(std::string(CUSTOMHOUSE_SOURCE_DIR) +
                                  "/tests/unit/app/config/good/all_keys.yaml");
  ASSERT_TRUE(loaded.has_value());
  const Config& config = *loaded;
  const auto& server = config.server;
  EXPECT_EQ(server.listen_proxy, "0.0.0.0:8080");
  EXPECT_EQ(server.listen_api, "127.0.0.1:8081");
  EXPECT_EQ(server.listen_admin, "127.0.0.1:8082");
  EXPECT_EQ(server.upstream.connect_to.at("api.anthropic.com:443"), "[::1]:9443");
  EXPECT_EQ(server.upstream.connect_timeout, 5s);
  EXPECT_EQ(server.upstream.handshake_timeout, 2500ms);
  EXPECT_EQ(server.upstream.response_head_timeout, 10min);
  EXPECT_EQ(server.upstream.idle_timeout, 1h);
  EXPECT_EQ(server.upstream.pool_idle_timeout, 30s);
  EXPECT_EQ(server.upstream.pool_size, 0U);
  EXPECT_EQ(server.unlisted_hosts, net::UnlistedHosts::Deny);
  EXPECT_TRUE(server.allow_private_networks);
  EXPECT_THAT(server.tunnel_ports, testing::ElementsAre(443, 8443));
  EXPECT_EQ(server.tunnel_idle_timeout, 5min);
  EXPECT_EQ(config.audit.directory, "/srv/ledger");
  EXPECT_EQ(config.audit.durability, audit::Durability::Os);
  EXPECT_EQ(config.audit.max_queue, 100U);
  EXPECT_EQ(config.audit.min_free_bytes, 1ULL << 30);
  EXPECT_EQ(config.audit.linger_us, 200U);
  EXPECT_EQ(server.max_connections, 500U);
  EXPECT_EQ(server.limits.max_head_bytes, 32U << 10);
  EXPECT_EQ(server.limits.max_header_count, 100U);
  EXPECT_EQ(server.limits.max_target_bytes, 8192U);
  EXPECT_EQ(server.limits.max_body_bytes, 8U << 20);
  EXPECT_EQ(server.limits.max_chunk_extension_bytes, 0U);
  EXPECT_EQ(server.limits.max_trailer_bytes, 1024U);
  EXPECT_EQ(server.limits.max_requests_per_connection, 7U);
  EXPECT_EQ(config.extraction_limits.max_depth, 64U);
  EXPECT_EQ(config.extraction_limits.max_strings, 1000U);
  EXPECT_EQ(config.extraction_limits.max_nested_documents, 2U);
  EXPECT_EQ(config.extraction_limits.max_decoded_bytes, 16U << 20);
  EXPECT_EQ(server.limits.handshake_timeout, 1s);
  EXPECT_EQ(server.limits.head_timeout, 2s);
  EXPECT_EQ(server.limits.body_timeout, 3s);
  EXPECT_EQ(server.limits.idle_timeout, 4s);
  EXPECT_EQ(server.limits.write_timeout, 5s);
  EXPECT_EQ(server.ping_interval, 6s);
  EXPECT_EQ(server.drain_timeout, 0s);
  EXPECT_EQ(server.threads, 3U);
  EXPECT_EQ(config.log_level, "warning");
}

TEST(Config, FaultsNamePlaceAndMend) {
  EXPECT_EQ(errors_of(std::string(kStart) + "unlisted_host: deny\n"),
            "c.yaml:5:1: unknown key `unlisted_host`; did you mean `unlisted_hosts`?\n");
  EXPECT_EQ(errors_of(std::string(kStart) + "audit:\n  durabilty: os\n"),
            "c.yaml:6:3: unknown key `durabilty` in `audit`; did you mean `durability`?\n");
  EXPECT_THAT(errors_of(std::string(kStart) + "local_model: {backend: embedded}\n"),
              HasSubstr("c.yaml:5:1: unknown key `local_model`; known are: listen, data_dir"));
  EXPECT_THAT(errors_of(std::string(kStart) + "timeouts: {head: 10}\n"),
              HasSubstr("c.yaml:5:18: must be a time from 1ms to 86400s; write it with its unit"));
}

TEST(Config, AllFaultsComeTogether) {
  const std::string errors = errors_of(
      "listen: {proxy: nowhere}\nthreads: x\nlimits: {max_body_bytes: 64MB}\nunlisted_hosts: "
      "maybe\n");
  EXPECT_EQ(std::ranges::count(errors, '\n'), 7) << errors;  // four values, three keys missing
}

TEST(Config, WhatIsNoYamlOrNoFileIsToldAsSuch) {
  EXPECT_THAT(errors_of("listen: [\n"), HasSubstr("is not YAML"));
  EXPECT_FALSE(errors_of("").empty());
  EXPECT_FALSE(errors_of(std::string(100'000, '[')).empty());  // depth is bounded
  EXPECT_FALSE(errors_of("a: &a [*a, *a]\n").empty());
  EXPECT_FALSE(errors_of(std::string(2 << 20, '#')).empty());  // and size
  const auto missing = load_config("/nonexistent/c.yaml");
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(to_string(missing.error().front()), HasSubstr("/nonexistent/c.yaml: cannot open"));
  EXPECT_FALSE(load_config("/dev/zero").has_value());
}

TEST(ConfigValues, Sizes) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("1GiB"), 1ULL << 30);
  for (const char* bad : {"", "-1", "+1", "01", "1 KiB", "1KB", "0x10", "1.5MiB", "KiB",
                          "99999999999999999999", "9999999999GiB"}) {
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
  }
}

TEST(ConfigValues, Durations) {
  EXPECT_EQ(parse_duration("500us"), 500us);
  EXPECT_EQ(parse_duration("2h"), 2h);
  for (const char* bad : {"", "10", "s", "-1s", "1 s", "1d", "1.5s", "9999999999999999h"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

TEST(ConfigValues, AddressesAsClientsReachThem) {
  EXPECT_EQ(to_string(client_view(*parse_listen_address("0.0.0.0:0"), 8080)), "127.0.0.1:8080");
  EXPECT_EQ(to_string(client_view(*parse_listen_address("[::]:0"), 8080)), "[::1]:8080");
  EXPECT_EQ(to_string(client_view(*parse_listen_address("10.1.2.3:1"), 8080)), "10.1.2.3:8080");
  for (const char* bad : {"", ":80", "host:80", "1.2.3.4", "::1:80", "[::1]", "1.2.3.4:070",
                          "1.2.3.4:65536", "[1.2.3.4]:80", "1.2.3.4:80 "}) {
    EXPECT_FALSE(parse_listen_address(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace customhouse::app
