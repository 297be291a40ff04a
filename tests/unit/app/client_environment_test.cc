#include "gateway/app/client_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <optional>

#include "gateway/app/pseudonym_key_file.h"
#include "gateway/app/run_state.h"
#include "tests/unit/app/temporary_folder.h"

namespace customhouse::app {
namespace {

using testing::HasSubstr;

constexpr const char* kPem = "-----BEGIN CERTIFICATE-----\nb3Vycw==\n-----END CERTIFICATE-----\n";

Config config_in(const TemporaryFolder& folder) {
  Config config;
  config.data_dir = folder.path();
  config.server.listen_proxy = "0.0.0.0:8080";
  config.ca_certificate = folder.path() + "/ca/ca.pem";
  return config;
}

std::string value_of(const Environment& environment, const std::string& name) {
  for (const auto& [key, value] : environment) {
    if (key == name) return value;
  }
  return {};
}

TEST(ClientEnvironment, NamesProxyAndTrustForEveryClient) {
  const auto environment = client_environment("127.0.0.1:8080", "/d/ca.pem", "/d/bundle.pem");
  EXPECT_EQ(value_of(environment, "HTTPS_PROXY"), "http://127.0.0.1:8080");
  EXPECT_EQ(value_of(environment, "https_proxy"), "http://127.0.0.1:8080");
  EXPECT_EQ(value_of(environment, "NO_PROXY"), "localhost,127.0.0.1,::1");
  EXPECT_EQ(value_of(environment, "NODE_EXTRA_CA_CERTS"), "/d/ca.pem");
  EXPECT_EQ(value_of(environment, "NODE_USE_ENV_PROXY"), "1");
  // These replace a client's store: they must name the bundle, or every other site would fail.
  for (const char* name :
       {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
        "CODEX_CA_CERTIFICATE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"}) {
    EXPECT_EQ(value_of(environment, name), "/d/bundle.pem") << name;
  }
}

TEST(ClientEnvironment, ValuesCannotRunAsCode) {
  const Environment hostile{{"X", "a'b\\c$(touch /tmp/x)`id`\"d"}};
  EXPECT_EQ(render(hostile, Shell::Sh), "export X='a'\\''b\\c$(touch /tmp/x)`id`\"d'\n");
  EXPECT_EQ(render(hostile, Shell::Fish), "set -gx X 'a\\'b\\\\c$(touch /tmp/x)`id`\"d'\n");
  EXPECT_EQ(render(hostile, Shell::PowerShell), "$env:X = 'a''b\\c$(touch /tmp/x)`id`\"d'\n");
  // And the shell itself reads back what was meant.
  const TemporaryFolder folder;
  const std::string script = folder.write(
      "s", render(hostile, Shell::Sh) + "printf %s \"$X\" > " + folder.path() + "/out\n");
  ASSERT_EQ(std::system(("sh " + script).c_str()), 0);
  EXPECT_EQ(slurp(folder.path() + "/out"), hostile.front().second);
}

TEST(ClientEnvironment, TheBundleIsTheSystemsStoreAndOurCa) {
  const TemporaryFolder folder;
  folder.write("ca/ca.pem", kPem);
  const Config config = config_in(folder);
  const auto environment = environment_of(config);
  ASSERT_TRUE(environment.has_value()) << environment.error();
  EXPECT_EQ(value_of(*environment, "HTTPS_PROXY"), "http://127.0.0.1:8080");
  const std::string bundle = slurp(value_of(*environment, "SSL_CERT_FILE"));
  EXPECT_TRUE(bundle.starts_with(slurp(system_trust_store())));
  EXPECT_TRUE(bundle.ends_with(kPem));
}

TEST(ClientEnvironment, WithoutACaItSaysWhatToDoFirst) {
  const TemporaryFolder folder;
  const auto environment = environment_of(config_in(folder));
  ASSERT_FALSE(environment.has_value());
  EXPECT_THAT(environment.error(), HasSubstr("customhouse serve"));
}

TEST(ClientEnvironment, AChosenPortComesFromTheRunningGatewayOnly) {
  const TemporaryFolder folder;
  folder.write("ca/ca.pem", kPem);
  Config config = config_in(folder);
  config.server.listen_proxy = "127.0.0.1:0";
  EXPECT_FALSE(environment_of(config).has_value());
  ASSERT_TRUE(write_bound_ports(config.data_dir, {40123, 0, 0, 1}).has_value());
  EXPECT_FALSE(environment_of(config).has_value()) << "left by a gateway that was killed";
  const auto lock = DataDirLock::acquire(config.data_dir);
  ASSERT_TRUE(lock.has_value());
  const auto environment = environment_of(config);
  ASSERT_TRUE(environment.has_value());
  EXPECT_EQ(value_of(*environment, "HTTPS_PROXY"), "http://127.0.0.1:40123");
}

TEST(DataDirLock, TwoGatewaysNeverShareAFolder) {
  const TemporaryFolder folder;
  const std::string data_dir = folder.path() + "/made/here";
  EXPECT_FALSE(DataDirLock::held(data_dir));
  std::optional<DataDirLock> first;
  {
    auto lock = DataDirLock::acquire(data_dir);
    ASSERT_TRUE(lock.has_value()) << lock.error();
    first.emplace(std::move(*lock));
  }
  EXPECT_TRUE(DataDirLock::held(data_dir));
  const auto second = DataDirLock::acquire(data_dir);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error(), HasSubstr("process " + std::to_string(::getpid())));
  first.reset();
  EXPECT_TRUE(DataDirLock::acquire(data_dir).has_value());
}

TEST(PseudonymKeyFile, IsMadeOnceAndKept) {
  const TemporaryFolder folder;
  const auto none = load_pseudonym_key(folder.path());
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(*none, nullptr);
  const auto first = load_or_create_pseudonym_key(folder.path());
  const auto second = load_or_create_pseudonym_key(folder.path());
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ((*first)->bytes(), (*second)->bytes());
  struct stat status{};
  ASSERT_EQ(::stat(pseudonym_key_path(folder.path()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_NE((*ephemeral_pseudonym_key())->bytes(), (*first)->bytes());
}

TEST(PseudonymKeyFile, OneThatOthersMayReadOrThatIsCutIsRefused) {
  const TemporaryFolder folder;
  ASSERT_TRUE(load_or_create_pseudonym_key(folder.path()).has_value());
  const std::string path = pseudonym_key_path(folder.path());
  ::chmod(path.c_str(), 0640);
  const auto open_key = load_or_create_pseudonym_key(folder.path());
  ASSERT_FALSE(open_key.has_value());
  EXPECT_THAT(open_key.error(), HasSubstr("chmod 600"));
  ::chmod(path.c_str(), 0600);
  folder.write("pseudonym.key", "short");
  EXPECT_FALSE(load_or_create_pseudonym_key(folder.path()).has_value());
}

}  // namespace
}  // namespace customhouse::app
