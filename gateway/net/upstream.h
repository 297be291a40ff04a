// Connections to providers and tunnelled hosts: resolve, connect, verify, keep alive.
#pragma once

#include <chrono>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/flow/exchange.h"
#include "gateway/net/asio.h"
#include "gateway/net/options.h"
#include "gateway/net/stream.h"
#include "gateway/net/tls_context.h"
#include "gateway/proto/authority.h"

namespace customhouse::net {

struct UpstreamError {
  flow::UpstreamFailure failure;
  std::string detail;  // may be shown to the client
};

struct UpstreamConnection {
  explicit UpstreamConnection(asio::io_context& io) : stream(tcp::socket(io)) {}
  Stream stream;
  std::string key;      // "host:port": what it may be reused for
  bool reused = false;  // it answered a request before
  std::chrono::steady_clock::time_point idle_since;
};
using UpstreamPointer = std::unique_ptr<UpstreamConnection>;

/// The idle connections and TLS sessions of one thread. Per thread, not shared: no lock and no
/// hand-over between threads on the hot path; the price is that a host has up to one idle set per
/// core (ARCHITECTURE.md, "Upstream pool", has the measurement).
class UpstreamPool {
 public:
  UpstreamPool(asio::io_context& io, const UpstreamOptions& options, SslContext context);
  ~UpstreamPool();

  /// An idle connection that is still open, or nullptr.
  UpstreamPointer take(const std::string& key);
  void give_back(UpstreamPointer connection);
  void close_idle(std::chrono::steady_clock::time_point now);
  void close_all() { idle_.clear(); }

  /// Connects `connection` to the authority, over TLS if `tls`. `connection` must outlive the call
  /// and may be closed meanwhile to cancel. `only_public`: refuse addresses of private networks.
  Task<std::expected<void, UpstreamError>> connect(UpstreamConnection& connection,
                                                   const proto::Authority& authority, bool tls,
                                                   bool only_public);

  struct SessionCache;

 private:
  Task<std::expected<std::vector<tcp::endpoint>, UpstreamError>> resolve(
      const proto::Authority& authority);

  const UpstreamOptions& options_;
  SslContext context_;
  tcp::resolver resolver_;
  std::unordered_map<std::string, std::vector<UpstreamPointer>> idle_;
  std::unique_ptr<SessionCache> sessions_;
};

}  // namespace customhouse::net
