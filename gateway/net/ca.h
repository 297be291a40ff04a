// The interception CA: made on first start, then kept. ECDSA P-256, path length 0, critical name
// constraints (RFC 5280 §4.2.1.10): it can only vouch for the governed hosts, and no IP address.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace customhouse::net {

struct CaOptions {
  std::string certificate_file;
  std::string private_key_file;                // 0600
  std::vector<std::string> permitted_domains;  // ProviderTable::constraint_domains()
};

class CertificateAuthority {
 public:
  /// Loads both files, or makes both if neither exists (key first, each written to a temporary
  /// file, fsynced and renamed). Errors say what to do: one file missing, key too open, key and
  /// certificate not belonging together, expired, or constraints that lack a governed domain
  /// (the mend: remove both files, start again, give clients the new certificate).
  static std::expected<std::shared_ptr<CertificateAuthority>, std::string> load_or_create(
      const CaOptions& options);
  static std::expected<std::shared_ptr<CertificateAuthority>, std::string> load(
      const CaOptions& options);
  ~CertificateAuthority();

  std::string certificate_pem() const;
  struct Description {
    std::string subject, serial, sha256_fingerprint, not_before, not_after;
    std::vector<std::string> permitted_domains;
  };
  Description describe() const;
  /// Governed domains that the certificate's constraints do not permit.
  std::vector<std::string> domains_not_permitted(const std::vector<std::string>& domains) const;

  struct Implementation;  // OpenSSL objects, for the leaf issuer
  const Implementation& implementation() const noexcept { return *implementation_; }

 private:
  explicit CertificateAuthority(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace customhouse::net
