// What every thread and connection of a running server shares.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "audit/log.h"
#include "gateway/net/asio.h"
#include "gateway/net/leaf_issuer.h"
#include "gateway/net/options.h"
#include "gateway/net/server.h"
#include "gateway/net/tls_context.h"
#include "gateway/telemetry/metrics.h"

namespace customhouse::net {

/// Metrics of the socket side, looked up once.
struct Metrics {
  explicit Metrics(telemetry::Registry& registry);
  telemetry::Gauge& connections;
  telemetry::Gauge& exchanges;
  telemetry::Counter& allowed;
  telemetry::Counter& redacted;
  telemetry::Counter& blocked;
  telemetry::Counter& diverted;
  telemetry::Counter& upstream_opened;
  telemetry::Counter& upstream_reused;
  telemetry::Counter& upstream_failures;
  telemetry::Counter& client_tls_failures;
  telemetry::Counter& tunnels;
  telemetry::Counter& tunnels_refused;
  telemetry::Counter& malformed;
  telemetry::Counter& record_failures;
  telemetry::Histogram& decide_seconds;
  telemetry::Histogram& record_seconds;
  telemetry::Histogram& exchange_seconds;
};

struct Services {
  Services(ServerOptions server_options, std::shared_ptr<CertificateAuthority> authority,
           SslContext client, audit::Log& ledger, telemetry::Registry& registry,
           AdminHandler admin_handler);

  const ServerOptions options;
  LeafIssuer issuer;
  SslContext client_context;
  audit::Log& log;
  Metrics metrics;
  AdminHandler admin;
  asio::thread_pool cpu;  // scanning of big bodies
  std::atomic<bool> draining{false};
  std::atomic<std::int64_t> active_exchanges{0};
};

}  // namespace customhouse::net
