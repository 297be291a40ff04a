#include "gateway/net/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace customhouse::net {

namespace {

// First offered is AEAD with forward secrecy, and so is everything else.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr const char* kSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

void set_common(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers12);
  SSL_CTX_set1_groups_list(context, kGroups);
  SSL_CTX_set1_sigalgs_list(context, kSignatures);
  SSL_CTX_set_security_level(context, 2);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);  // a record in one read(2) instead of two
}

int select_http11(SSL*, const unsigned char** out, unsigned char* out_length,
                  const unsigned char* offered, unsigned int offered_length, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kHttp11, sizeof kHttp11, offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2: no_application_protocol
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int own_ca_index() {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                               [](void*, void* certificate, CRYPTO_EX_DATA*, int, long, void*) {
                                 X509_free(static_cast<X509*>(certificate));
                               });
  return index;
}

/// Runs for every certificate of the chain OpenSSL built.
int refuse_own_ca(int verified, X509_STORE_CTX* store) {
  if (verified != 1) return verified;
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* own = static_cast<X509*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), own_ca_index()));
  X509* current = X509_STORE_CTX_get_current_cert(store);
  if (own == nullptr || current == nullptr) return verified;
  if (EVP_PKEY_eq(X509_get0_pubkey(current), X509_get0_pubkey(own)) == 1) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  return verified;
}

}  // namespace

SslContext make_server_context(X509* certificate, EVP_PKEY* key) {
  SslContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  set_common(context.get());
  SSL_CTX_use_certificate(context.get(), certificate);
  SSL_CTX_use_PrivateKey(context.get(), key);
  SSL_CTX_set_alpn_select_cb(context.get(), select_http11, nullptr);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context.get(), 0);
  return context;
}

std::expected<SslContext, std::string> make_client_context(const std::vector<std::string>& extra_ca,
                                                           X509* own_ca) {
  SslContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  set_common(context.get());
  if (SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return std::unexpected(
        "the system's certificate store cannot be read; install ca-certificates");
  }
  for (const std::string& file : extra_ca) {
    if (SSL_CTX_load_verify_file(context.get(), file.c_str()) != 1) {
      ERR_clear_error();
      return std::unexpected("upstream.extra_ca: no PEM certificates can be read from " + file);
    }
  }
  if (own_ca != nullptr) {
    X509_up_ref(own_ca);
    SSL_CTX_set_ex_data(context.get(), own_ca_index(), own_ca);
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, refuse_own_ca);
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_alpn_protos(context.get(), kHttp11, sizeof kHttp11);
  SSL_CTX_set_tlsext_status_type(context.get(), TLSEXT_STATUSTYPE_ocsp);
  return context;
}

SslPointer make_client_ssl(SSL_CTX* context, const std::string& host, SSL_SESSION* session) {
  SslPointer ssl(SSL_new(context));
  SSL_set_connect_state(ssl.get());
  in6_addr address{};
  const bool is_ip = inet_pton(AF_INET, host.c_str(), &address) == 1 ||
                     inet_pton(AF_INET6, host.c_str(), &address) == 1;
  if (is_ip) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    SSL_set1_host(ssl.get(), host.c_str());
  }
  if (session != nullptr) SSL_set_session(ssl.get(), session);
  return ssl;
}

bool certificate_refused(SSL* ssl) {
  return SSL_get_verify_result(ssl) != X509_V_OK;
}

std::string handshake_error(SSL* ssl) {
  if (const long verify = SSL_get_verify_result(ssl); verify != X509_V_OK) {
    if (verify == X509_V_ERR_CERT_REJECTED)
      return "it was issued by this gateway's own interception CA";
    return X509_verify_cert_error_string(verify);
  }
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  std::string text = reason == nullptr ? "the connection broke during the TLS handshake" : reason;
  ERR_clear_error();
  return text;
}

}  // namespace customhouse::net
