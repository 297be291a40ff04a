#include "gateway/net/services.h"

#include <algorithm>
#include <thread>

namespace customhouse::net {

Metrics::Metrics(telemetry::Registry& registry)
    : connections(registry.gauge("customhouse_connections", "Client connections open.")),
      exchanges(registry.gauge("customhouse_exchanges_active", "Exchanges under way.")),
      allowed(registry.counter("customhouse_exchanges_total", "Governed exchanges by decision.",
                               {{"action", "allow"}})),
      redacted(registry.counter("customhouse_exchanges_total", "Governed exchanges by decision.",
                                {{"action", "redact"}})),
      blocked(registry.counter("customhouse_exchanges_total", "Governed exchanges by decision.",
                               {{"action", "block"}})),
      diverted(registry.counter("customhouse_exchanges_total", "Governed exchanges by decision.",
                                {{"action", "divert"}})),
      upstream_opened(registry.counter("customhouse_upstream_connections_total",
                                       "Upstream connections used.", {{"reused", "false"}})),
      upstream_reused(registry.counter("customhouse_upstream_connections_total",
                                       "Upstream connections used.", {{"reused", "true"}})),
      upstream_failures(
          registry.counter("customhouse_upstream_failures_total",
                           "Exchanges whose provider could not be reached or broke off.")),
      client_tls_failures(registry.counter(
          "customhouse_client_tls_failures_total",
          "Client handshakes that failed: often a client that does not trust the CA.")),
      tunnels(registry.counter("customhouse_tunnels_total",
                               "Connections to unlisted hosts passed on unread.")),
      tunnels_refused(registry.counter("customhouse_tunnels_refused_total",
                                       "Connections to unlisted hosts refused.")),
      malformed(registry.counter("customhouse_malformed_requests_total",
                                 "Requests refused by the HTTP parser.")),
      record_failures(registry.counter("customhouse_record_failures_total",
                                       "Ledger records that could not be written.")),
      decide_seconds(registry.histogram("customhouse_decide_seconds",
                                        "Reading, scanning and judging a request.")),
      record_seconds(registry.histogram("customhouse_record_seconds",
                                        "Waiting for a decision record to be durable.")),
      exchange_seconds(registry.histogram("customhouse_exchange_seconds",
                                          "First byte of a request to the end of its answer.")) {}

Services::Services(ServerOptions server_options, std::shared_ptr<CertificateAuthority> authority,
                   SslContext client, audit::Log& ledger, telemetry::Registry& registry,
                   AdminHandler admin_handler)
    : options(std::move(server_options)),
      issuer(std::move(authority)),
      client_context(std::move(client)),
      log(ledger),
      metrics(registry),
      admin(std::move(admin_handler)),
      cpu(std::max(1u, std::thread::hardware_concurrency())) {}

}  // namespace customhouse::net
