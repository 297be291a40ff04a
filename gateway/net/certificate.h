// X.509 for the CA and its leaves (RFC 5280): what both sides of ca.h share.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/ca.h"

namespace customhouse::net {

using X509Pointer = std::shared_ptr<X509>;
using KeyPointer = std::shared_ptr<EVP_PKEY>;

struct CertificateAuthority::Implementation {
  X509Pointer certificate;
  KeyPointer key;
  std::vector<std::string> permitted_domains;
};

KeyPointer generate_p256_key();

/// Self-signed: CA:TRUE pathlen 0, keyCertSign, SKI, AKI, critical name constraints permitting
/// `domains` (and what stands below them) and excluding every IP address.
X509Pointer make_ca_certificate(EVP_PKEY* key, const std::vector<std::string>& domains,
                                std::time_t now);

/// Valid from a day ago (clients' clocks) for 7 days in all and never beyond the CA; SAN is `host`
/// only.
X509Pointer make_leaf_certificate(const CertificateAuthority::Implementation& ca,
                                  EVP_PKEY* leaf_key, const std::string& host, std::time_t now);
inline constexpr std::time_t kLeafLifetime = 7 * 24 * 3600;
inline constexpr std::time_t kLeafBackdate = 24 * 3600;

/// DNS names a CA certificate's constraints permit.
std::vector<std::string> permitted_domains_of(X509* ca_certificate);
/// True if one of `domains` is `host` or a parent of it.
bool permits(const std::vector<std::string>& domains, std::string_view host);

}  // namespace customhouse::net
