#include "gateway/net/leaf_issuer.h"

#include <exception>

#include "gateway/net/certificate.h"

namespace customhouse::net {

namespace {
// Wildcard hosts are many; a client that walks through names must not fill the memory (about 20 KiB
// each).
constexpr std::size_t kMaxEntries = 1000;
}  // namespace

LeafIssuer::LeafIssuer(std::shared_ptr<CertificateAuthority> ca)
    : ca_(std::move(ca)), key_(generate_p256_key()) {}
LeafIssuer::~LeafIssuer() = default;

std::expected<SslContext, std::string> LeafIssuer::context_for(const std::string& host) {
  const std::time_t now = std::time(nullptr);
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(host);
      found != entries_.end() && found->second.renew_at > now) {
    return found->second.context;
  }
  const auto& ca = ca_->implementation();
  if (!ca.permitted_domains.empty() && !permits(ca.permitted_domains, host)) {
    return std::unexpected("the interception CA's name constraints do not permit this host");
  }
  try {
    const X509Pointer leaf = make_leaf_certificate(ca, key_.get(), host, now);
    if (entries_.size() >= kMaxEntries) entries_.clear();
    Entry& entry = entries_[host];
    entry.context = make_server_context(leaf.get(), key_.get());
    entry.renew_at = now + kLeafLifetime / 2 - kLeafBackdate;
    ++minted_;
    return entry.context;
  } catch (const std::exception& error) {
    return std::unexpected(error.what());
  }
}

std::uint64_t LeafIssuer::minted() const noexcept {
  const std::lock_guard lock(mutex_);
  return minted_;
}

}  // namespace customhouse::net
