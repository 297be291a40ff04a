// The interception CA and its leaves, judged by OpenSSL's own strict verification.
#include "gateway/net/certificate.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "gateway/net/leaf_issuer.h"

namespace customhouse::net {
namespace {

class CertificateTest : public ::testing::Test {
 protected:
  CertificateTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "customhouse-ca-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    options_ = {folder_ + "/ca/ca.pem", folder_ + "/ca/ca.key", {"openai.com", "anthropic.com"}};
  }
  ~CertificateTest() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<CertificateAuthority> make() {
    auto ca = CertificateAuthority::load_or_create(options_);
    EXPECT_TRUE(ca.has_value()) << ca.error();
    return *ca;
  }
  /// X509_V_OK or the error, for `host`, as a strict client sees it.
  static int verify(const CertificateAuthority& ca, X509* leaf, const std::string& host,
                    std::time_t at = 0) {
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, ca.implementation().certificate.get());
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf, nullptr);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
    if (at != 0) X509_VERIFY_PARAM_set_time(parameters, at);
    X509_verify_cert(context);
    const int error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
  }

  std::string folder_;
  CaOptions options_;
};

TEST_F(CertificateTest, LeavesPassStrictVerificationForTheirHostOnly) {
  const auto ca = make();
  const KeyPointer key = generate_p256_key();
  const X509Pointer leaf =
      make_leaf_certificate(ca->implementation(), key.get(), "api.openai.com", std::time(nullptr));
  EXPECT_EQ(verify(*ca, leaf.get(), "api.openai.com"), X509_V_OK);
  EXPECT_EQ(verify(*ca, leaf.get(), "eu.api.openai.com"), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(CertificateTest, NameConstraintsMakeALeafForAnotherDomainWorthless) {
  const auto ca = make();
  const KeyPointer key = generate_p256_key();
  for (const std::string host : {"example.com", "notopenai.com", "api.openai.com.example.com"}) {
    const X509Pointer leaf =
        make_leaf_certificate(ca->implementation(), key.get(), host, std::time(nullptr));
    EXPECT_EQ(verify(*ca, leaf.get(), host), X509_V_ERR_PERMITTED_VIOLATION) << host;
  }
  LeafIssuer issuer(ca);
  EXPECT_FALSE(issuer.context_for("example.com").has_value());
  EXPECT_TRUE(issuer.context_for("api.anthropic.com").has_value());
}

TEST_F(CertificateTest, LeavesLiveSevenDaysAtMostAndStartADayAgo) {
  const auto ca = make();
  const KeyPointer key = generate_p256_key();
  const std::time_t now = std::time(nullptr);
  // Minted in a week, when the CA is old enough for the full day of backdating.
  const std::time_t later = now + 7 * 86400;
  const X509Pointer leaf =
      make_leaf_certificate(ca->implementation(), key.get(), "api.openai.com", later);
  EXPECT_EQ(verify(*ca, leaf.get(), "api.openai.com", later - 86000), X509_V_OK);
  EXPECT_EQ(verify(*ca, leaf.get(), "api.openai.com", later + 6 * 86400 - 60), X509_V_OK);
  EXPECT_EQ(verify(*ca, leaf.get(), "api.openai.com", later + 6 * 86400 + 60),
            X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(CertificateTest, ALongHostNameStillVerifies) {
  const auto ca = make();
  const KeyPointer key = generate_p256_key();
  const std::string host = std::string(60, 'a') + ".openai.com";
  const X509Pointer leaf =
      make_leaf_certificate(ca->implementation(), key.get(), host, std::time(nullptr));
  EXPECT_EQ(verify(*ca, leaf.get(), host), X509_V_OK);
}

TEST_F(CertificateTest, TheKeyIsPrivateAndReusedOnTheNextStart) {
  const std::string first = make()->certificate_pem();
  struct stat status{};
  ASSERT_EQ(::stat(options_.private_key_file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(make()->certificate_pem(), first);
}

TEST_F(CertificateTest, AKeyOthersCanReadIsRefused) {
  make();
  ::chmod(options_.private_key_file.c_str(), 0644);
  const auto again = CertificateAuthority::load_or_create(options_);
  ASSERT_FALSE(again.has_value());
  EXPECT_NE(again.error().find("chmod 600"), std::string::npos);
}

TEST_F(CertificateTest, HalfACaIsAnErrorAndNeverOverwritten) {
  make();
  std::filesystem::remove(options_.private_key_file);
  const auto size = std::filesystem::file_size(options_.certificate_file);
  EXPECT_FALSE(CertificateAuthority::load_or_create(options_).has_value());
  EXPECT_EQ(std::filesystem::file_size(options_.certificate_file), size);
  EXPECT_FALSE(std::filesystem::exists(options_.private_key_file));
}

TEST_F(CertificateTest, AKeyOfAnotherCertificateIsAnError) {
  make();
  const std::string other = folder_ + "/other";
  CaOptions second = {other + "/ca.pem", other + "/ca.key", {"openai.com"}};
  ASSERT_TRUE(CertificateAuthority::load_or_create(second).has_value());
  std::filesystem::copy_file(second.private_key_file, options_.private_key_file,
                             std::filesystem::copy_options::overwrite_existing);
  const auto mixed = CertificateAuthority::load(options_);
  ASSERT_FALSE(mixed.has_value());
  EXPECT_NE(mixed.error().find("do not belong together"), std::string::npos);
}

TEST_F(CertificateTest, DomainsOutsideTheConstraintsAreNamed) {
  const auto ca = make();
  const std::vector<std::string> missing =
      ca->domains_not_permitted({"api.openai.com", "deepseek.com"});
  EXPECT_EQ(missing, std::vector<std::string>{"deepseek.com"});
}

TEST_F(CertificateTest, ManyThreadsAskingForAHostMintOnce) {
  LeafIssuer issuer(make());
  std::vector<std::thread> threads;
  std::vector<SSL_CTX*> contexts(8);
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    threads.emplace_back(
        [&, i] { contexts[i] = issuer.context_for("api.openai.com").value().get(); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::set<SSL_CTX*>(contexts.begin(), contexts.end()).size(), 1u);
  EXPECT_EQ(issuer.minted(), 1u);
}

}  // namespace
}  // namespace customhouse::net
