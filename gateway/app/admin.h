// Answers of the admin listener: health, metrics, what clients need to find and trust us, and the
// ledger's tree for monitors (c2sp.org/tlog-tiles).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "audit/log.h"
#include "gateway/net/server.h"
#include "gateway/provider/provider_table.h"
#include "gateway/telemetry/metrics.h"

namespace customhouse::app {

/// Answers on any thread. May read the ledger. Thread-safe.
class Admin {
 public:
  struct Sources {
    telemetry::Registry* metrics = nullptr;  // outlives the Admin, as `log` does
    const audit::Log* log = nullptr;
    std::string ca_pem;
    bool serve_entries = false;  // records to monitors, not only hashes
    std::string listen_host;     // of `listen: admin:`; a Host header may name it
    std::function<std::shared_ptr<const provider::ProviderTable>()> providers;
  };
  explicit Admin(Sources sources) : sources_(std::move(sources)) {}

  net::AdminResponse answer(const proto::RequestHead& head);

  /// "address:port" of the proxy as bound; "" if there is none. Set before the server starts.
  void set_proxy(std::string address) { proxy_ = std::move(address); }
  void set_draining() noexcept { draining_.store(true); }

 private:
  bool host_allowed(const proto::RequestHead& head) const;
  net::AdminResponse ready() const;
  net::AdminResponse checkpoint() const;
  net::AdminResponse tile(std::string_view path) const;
  net::AdminResponse metrics();
  net::AdminResponse proxy_pac(const proto::RequestHead& head) const;

  Sources sources_;
  std::string proxy_;
  std::atomic<bool> draining_{false};
  std::mutex metrics_mutex_;  // the ledger's totals are copied once at a time
};

/// A PAC file (FindProxyForURL): governed hosts through `proxy`, everything else direct.
std::string proxy_pac(const provider::ProviderTable& providers, std::string_view proxy);

}  // namespace customhouse::app
