#include "gateway/net/certificate.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace customhouse::net {

namespace {

/// OpenSSL builds these objects from our own data: a failure is an out-of-memory or a bug.
void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

void set_random_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};  // at least 64 random bits, positive (CA/B BR §7.1)
  check(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "make random bytes");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  check(number != nullptr &&
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr,
        "set a serial");
  BN_free(number);
}

void add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str());
  check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "add an extension");
  X509_EXTENSION_free(extension);
}

void add_common_name(X509_NAME* name, const std::string& text) {
  check(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()), -1, 0) == 1,
        "set a name");
}

void set_times(X509* certificate, std::time_t not_before, std::time_t not_after) {
  check(ASN1_TIME_set(X509_getm_notBefore(certificate), not_before) != nullptr &&
            ASN1_TIME_set(X509_getm_notAfter(certificate), not_after) != nullptr,
        "set times");
}

std::time_t to_time(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return timegm(&parts);
}

GENERAL_SUBTREE* subtree(GENERAL_NAME* name) {
  GENERAL_SUBTREE* tree = GENERAL_SUBTREE_new();
  check(tree != nullptr, "make a name constraint");
  GENERAL_NAME_free(tree->base);
  tree->base = name;
  return tree;
}

GENERAL_NAME* dns_name(const std::string& domain) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  check(name != nullptr && text != nullptr &&
            ASN1_STRING_set(text, domain.data(), static_cast<int>(domain.size())) == 1,
        "make a DNS name");
  GENERAL_NAME_set0_value(name, GEN_DNS, text);
  return name;
}

/// Every address of a family: address and mask all zero (RFC 5280 §4.2.1.10).
GENERAL_NAME* all_addresses(std::size_t address_bytes) {
  const std::string zeros(2 * address_bytes, '\0');
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
  check(name != nullptr && octets != nullptr &&
            ASN1_OCTET_STRING_set(octets, reinterpret_cast<const unsigned char*>(zeros.data()),
                                  static_cast<int>(zeros.size())) == 1,
        "make an address range");
  GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
  return name;
}

}  // namespace

KeyPointer generate_p256_key() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  check(key != nullptr, "generate a P-256 key");
  return {key, EVP_PKEY_free};
}

X509Pointer make_ca_certificate(EVP_PKEY* key, const std::vector<std::string>& domains,
                                std::time_t now) {
  X509Pointer certificate(X509_new(), X509_free);
  X509* raw = certificate.get();
  X509_set_version(raw, X509_VERSION_3);
  set_random_serial(raw);
  constexpr std::time_t kYears10 = 3652LL * 24 * 3600;
  set_times(raw, now - kLeafBackdate, now + kYears10);
  X509_NAME* name = X509_get_subject_name(raw);
  check(X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>("Customhouse"), -1, -1,
                                   0) == 1,
        "set a name");
  add_common_name(name, "Customhouse interception CA");
  X509_set_issuer_name(raw, name);
  X509_set_pubkey(raw, key);
  X509V3_CTX context{};
  X509V3_set_ctx(&context, raw, raw, nullptr, nullptr, 0);
  add_extension(raw, &context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(raw, &context, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(raw, &context, NID_subject_key_identifier, "hash");
  add_extension(raw, &context, NID_authority_key_identifier, "keyid:always");

  NAME_CONSTRAINTS* constraints = NAME_CONSTRAINTS_new();
  check(constraints != nullptr, "make name constraints");
  constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
  constraints->excludedSubtrees = sk_GENERAL_SUBTREE_new_null();
  for (const std::string& domain : domains) {
    sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree(dns_name(domain)));
  }
  sk_GENERAL_SUBTREE_push(constraints->excludedSubtrees, subtree(all_addresses(4)));
  sk_GENERAL_SUBTREE_push(constraints->excludedSubtrees, subtree(all_addresses(16)));
  const int added = X509_add1_ext_i2d(raw, NID_name_constraints, constraints, 1, X509V3_ADD_APPEND);
  NAME_CONSTRAINTS_free(constraints);
  check(added == 1, "add name constraints");
  check(X509_sign(raw, key, EVP_sha256()) > 0, "sign the CA certificate");
  return certificate;
}

X509Pointer make_leaf_certificate(const CertificateAuthority::Implementation& ca,
                                  EVP_PKEY* leaf_key, const std::string& host, std::time_t now) {
  X509Pointer certificate(X509_new(), X509_free);
  X509* raw = certificate.get();
  X509_set_version(raw, X509_VERSION_3);
  set_random_serial(raw);
  const std::time_t ca_end = to_time(X509_get0_notAfter(ca.certificate.get()));
  const std::time_t ca_start = to_time(X509_get0_notBefore(ca.certificate.get()));
  const std::time_t start = std::max(now - kLeafBackdate, ca_start);
  set_times(raw, start, std::min(now - kLeafBackdate + kLeafLifetime, ca_end));
  // A common name holds at most 64 characters (X.520 ub-common-name); without one the SAN is
  // critical.
  const bool named = host.size() <= 64;
  if (named) add_common_name(X509_get_subject_name(raw), host);
  X509_set_issuer_name(raw, X509_get_subject_name(ca.certificate.get()));
  X509_set_pubkey(raw, leaf_key);
  X509V3_CTX context{};
  X509V3_set_ctx(&context, ca.certificate.get(), raw, nullptr, nullptr, 0);
  add_extension(raw, &context, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(raw, &context, NID_key_usage, "critical,digitalSignature");
  add_extension(raw, &context, NID_ext_key_usage, "serverAuth");
  add_extension(raw, &context, NID_subject_key_identifier, "hash");
  add_extension(raw, &context, NID_authority_key_identifier, "keyid:always");
  GENERAL_NAMES* names = GENERAL_NAMES_new();
  check(names != nullptr && sk_GENERAL_NAME_push(names, dns_name(host)) > 0, "make a subject name");
  const int added =
      X509_add1_ext_i2d(raw, NID_subject_alt_name, names, named ? 0 : 1, X509V3_ADD_APPEND);
  GENERAL_NAMES_free(names);
  check(added == 1, "add the subject name");
  check(X509_sign(raw, ca.key.get(), EVP_sha256()) > 0, "sign a leaf");
  return certificate;
}

std::vector<std::string> permitted_domains_of(X509* ca_certificate) {
  std::vector<std::string> domains;
  auto* constraints = static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(ca_certificate, NID_name_constraints, nullptr, nullptr));
  if (constraints == nullptr) return domains;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base;
    if (base->type != GEN_DNS) continue;
    domains.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(base->d.dNSName)),
                         static_cast<std::size_t>(ASN1_STRING_length(base->d.dNSName)));
  }
  NAME_CONSTRAINTS_free(constraints);
  return domains;
}

bool permits(const std::vector<std::string>& domains, std::string_view host) {
  return std::ranges::any_of(domains, [&](const std::string& domain) {
    if (host == domain) return true;
    return host.size() > domain.size() && host.ends_with(domain) &&
           host[host.size() - domain.size() - 1] == '.';
  });
}

}  // namespace customhouse::net
