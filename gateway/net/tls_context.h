// TLS settings of both sides (reference: RFC 9325): 1.2 and 1.3, forward secrecy and AEAD only.
#pragma once

#include <openssl/ssl.h>

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/stream.h"

namespace customhouse::net {

using SslContext = std::shared_ptr<SSL_CTX>;

/// For minted leaves: ALPN http/1.1 (or none, if the client sends none), stateless tickets whose
/// keys live and die with the context, no early data (a replayed prompt would be sent twice).
/// `certificate` and `key` are taken by reference count.
SslContext make_server_context(X509* certificate, EVP_PKEY* key);

/// One for the whole process: loading the system store takes 20 ms. `own_ca` is refused wherever
/// it stands in a provider's chain, even if the system trusts it: what we minted proves nothing
/// about a provider.
std::expected<SslContext, std::string> make_client_context(const std::vector<std::string>& extra_ca,
                                                           X509* own_ca);

/// An SSL for one upstream connection: SNI, host name checked (no partial wildcards, no common
/// name), ALPN http/1.1; `session` may be null.
SslPointer make_client_ssl(SSL_CTX* context, const std::string& host, SSL_SESSION* session);

/// Why a handshake failed, without quoting the peer: "certificate has expired", "self-signed
/// certificate", …
std::string handshake_error(SSL* ssl);
/// True if the failure was the certificate's.
bool certificate_refused(SSL* ssl);

}  // namespace customhouse::net
