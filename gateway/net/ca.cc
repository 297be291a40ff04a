#include "gateway/net/ca.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "gateway/net/certificate.h"

namespace customhouse::net {

namespace {

using BioPointer = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
}

/// Whole or not at all: temporary file, fsync, rename, fsync of the folder.
std::expected<void, std::string> write_file(const std::string& path, const std::string& bytes,
                                            mode_t mode) {
  const std::filesystem::path target(path);
  std::error_code error;
  std::filesystem::create_directories(target.parent_path(), error);
  const std::string temporary = path + ".new";
  const auto failed = [&](const char* what) {
    return std::unexpected(std::string(what) + " " + temporary + ": " + std::strerror(errno));
  };
  const int fd =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return failed("cannot create");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (written <= 0) {
      ::close(fd);
      return failed("cannot write");
    }
    done += static_cast<std::size_t>(written);
  }
  if (::fchmod(fd, mode) != 0 || ::fsync(fd) != 0) {
    ::close(fd);
    return failed("cannot secure");
  }
  ::close(fd);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot rename");
  if (const int folder = ::open(target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected("cannot read " + path + ": " + std::strerror(errno));
  std::string text(64 * 1024, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::string certificate_to_pem(X509* certificate) {
  BioPointer bio(BIO_new(BIO_s_mem()), BIO_free_all);
  PEM_write_bio_X509(bio.get(), certificate);
  return bio_text(bio.get());
}

std::expected<void, std::string> create(const CaOptions& options) {
  const KeyPointer key = generate_p256_key();
  const X509Pointer certificate =
      make_ca_certificate(key.get(), options.permitted_domains, std::time(nullptr));
  BioPointer bio(BIO_new(BIO_s_secmem()), BIO_free_all);
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::string pem = bio_text(bio.get());
  // Key first: a certificate without its key would have to be thrown away on the next start.
  auto written = write_file(options.private_key_file, pem, 0600);
  OPENSSL_cleanse(pem.data(), pem.size());
  if (!written) return written;
  return write_file(options.certificate_file, certificate_to_pem(certificate.get()), 0644);
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
CertificateAuthority::~CertificateAuthority() = default;

std::expected<std::shared_ptr<CertificateAuthority>, std::string>
CertificateAuthority::load_or_create(const CaOptions& options) {
  const bool have_certificate = std::filesystem::exists(options.certificate_file);
  const bool have_key = std::filesystem::exists(options.private_key_file);
  if (have_key && !have_certificate) {
    return std::unexpected("the CA key " + options.private_key_file +
                           " is there but its certificate " + options.certificate_file +
                           " is not; restore it, or remove the key to have a new CA made");
  }
  if (have_certificate && !have_key) {
    return std::unexpected("the CA certificate " + options.certificate_file +
                           " is there but its key " + options.private_key_file +
                           " is not; restore it, or remove the certificate to have a new CA made");
  }
  if (!have_certificate) {
    if (auto created = create(options); !created) return std::unexpected(created.error());
  }
  return load(options);
}

std::expected<std::shared_ptr<CertificateAuthority>, std::string> CertificateAuthority::load(
    const CaOptions& options) {
  struct stat status{};
  if (::stat(options.private_key_file.c_str(), &status) != 0) {
    return std::unexpected("cannot read the CA key " + options.private_key_file + ": " +
                           std::strerror(errno) + "; start the gateway once to have a CA made");
  }
  if ((status.st_mode & 077) != 0) {
    return std::unexpected("the CA key " + options.private_key_file +
                           " can be read by others; run: chmod 600 " + options.private_key_file);
  }
  auto certificate_text = read_file(options.certificate_file);
  if (!certificate_text) return std::unexpected(certificate_text.error());
  auto key_text = read_file(options.private_key_file);
  if (!key_text) return std::unexpected(key_text.error());

  auto implementation = std::make_unique<Implementation>();
  BioPointer certificate_bio(
      BIO_new_mem_buf(certificate_text->data(), static_cast<int>(certificate_text->size())),
      BIO_free_all);
  implementation->certificate = {
      PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr), X509_free};
  BioPointer key_bio(BIO_new_mem_buf(key_text->data(), static_cast<int>(key_text->size())),
                     BIO_free_all);
  // An encrypted key must not make OpenSSL ask on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  implementation->key = {PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr),
                         EVP_PKEY_free};
  OPENSSL_cleanse(key_text->data(), key_text->size());
  ERR_clear_error();
  if (!implementation->certificate)
    return std::unexpected(options.certificate_file + " holds no PEM certificate");
  if (!implementation->key)
    return std::unexpected(options.private_key_file + " holds no unencrypted PEM key");
  if (X509_check_private_key(implementation->certificate.get(), implementation->key.get()) != 1) {
    ERR_clear_error();
    return std::unexpected("the CA certificate " + options.certificate_file + " and the key " +
                           options.private_key_file + " do not belong together");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(implementation->certificate.get())) < 0) {
    return std::unexpected(
        "the CA certificate " + options.certificate_file +
        " has expired; remove it and its key to have a new CA made, then roll it out");
  }
  if (X509_check_ca(implementation->certificate.get()) != 1) {
    return std::unexpected(options.certificate_file + " is not a CA certificate");
  }
  implementation->permitted_domains = permitted_domains_of(implementation->certificate.get());
  return std::shared_ptr<CertificateAuthority>(new CertificateAuthority(std::move(implementation)));
}

std::string CertificateAuthority::certificate_pem() const {
  return certificate_to_pem(implementation_->certificate.get());
}

std::vector<std::string> CertificateAuthority::domains_not_permitted(
    const std::vector<std::string>& domains) const {
  std::vector<std::string> missing;
  // A CA that the company brought itself may have no constraints: then it permits everything.
  if (implementation_->permitted_domains.empty()) return missing;
  for (const std::string& domain : domains) {
    if (!permits(implementation_->permitted_domains, domain)) missing.push_back(domain);
  }
  return missing;
}

CertificateAuthority::Description CertificateAuthority::describe() const {
  X509* certificate = implementation_->certificate.get();
  Description description;
  description.permitted_domains = implementation_->permitted_domains;
  const auto text_of = [](auto&& print) {
    BioPointer bio(BIO_new(BIO_s_mem()), BIO_free_all);
    print(bio.get());
    return bio_text(bio.get());
  };
  description.subject = text_of([&](BIO* bio) {
    X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  });
  description.serial =
      text_of([&](BIO* bio) { i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(certificate)); });
  description.not_before =
      text_of([&](BIO* bio) { ASN1_TIME_print(bio, X509_get0_notBefore(certificate)); });
  description.not_after =
      text_of([&](BIO* bio) { ASN1_TIME_print(bio, X509_get0_notAfter(certificate)); });
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest, &size);
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (unsigned int i = 0; i < size; ++i) {
    if (i != 0) description.sha256_fingerprint += ':';
    description.sha256_fingerprint += kHex[digest[i] >> 4];
    description.sha256_fingerprint += kHex[digest[i] & 15];
  }
  return description;
}

}  // namespace customhouse::net
