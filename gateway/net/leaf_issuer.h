// Leaf certificates for governed hosts, minted on demand by the interception CA.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/net/ca.h"
#include "gateway/net/tls_context.h"

namespace customhouse::net {

/// A server context per host, kept until half of its leaf's life is over. Minting takes about
/// 0.3 ms under the lock, so that many connections to a new host mint once (single flight).
/// All leaves of a process share one P-256 key; it is never written down. Thread-safe.
class LeafIssuer {
 public:
  explicit LeafIssuer(std::shared_ptr<CertificateAuthority> ca);
  ~LeafIssuer();
  /// Error: the host is outside the CA's name constraints, or OpenSSL failed.
  std::expected<SslContext, std::string> context_for(const std::string& host);
  std::uint64_t minted() const noexcept;

 private:
  struct Entry {
    SslContext context;
    std::time_t renew_at = 0;
  };
  std::shared_ptr<CertificateAuthority> ca_;
  std::shared_ptr<EVP_PKEY> key_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // governed hosts only: bounded by max_entries
  std::uint64_t minted_ = 0;
};

}  // namespace customhouse::net
