// The gateway put together: configuration in, running server out. The one place that knows all
// rooms.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "audit/log.h"
#include "gateway/app/admin.h"
#include "gateway/app/config.h"
#include "gateway/app/run_state.h"
#include "gateway/app/snapshot_loader.h"
#include "gateway/net/ca.h"
#include "gateway/net/server.h"
#include "gateway/telemetry/metrics.h"

namespace customhouse::app {

inline constexpr int kExitDone = 0;
inline constexpr int kExitNo = 1;         // a check found faults
inline constexpr int kExitUsage = 2;      // usage or configuration error
inline constexpr int kExitNoLedger = 75;  // the ledger cannot be written (EX_TEMPFAIL)

struct StartError {
  int exit_code = kExitUsage;
  Complaints complaints;
};

/// Addresses as bound ("127.0.0.1:40123"), with real ports; "" if not listened on.
struct Listeners {
  std::string proxy, api, admin;
};

class App {
 public:
  /// Locks the data folder, loads or makes key, CA and ledger, binds, and serves. The start is in
  /// the ledger before anything is accepted.
  static std::expected<std::unique_ptr<App>, StartError> start(Config config);
  ~App();  // as stop()

  /// Reads policies and providers again and swaps both at once, or neither and says why. Not
  /// reloaded: the configuration file itself. One thread at a time.
  std::expected<void, Complaints> reload();

  /// Drains, records the stop, closes the ledger. Idempotent.
  void stop();

  const Listeners& listeners() const noexcept { return listeners_; }
  const Config& config() const noexcept { return config_; }
  const net::CertificateAuthority& ca() const noexcept { return *ca_; }

 private:
  explicit App(Config config) : config_(std::move(config)) {}
  std::expected<void, StartError> open();
  std::expected<void, StartError> open_ledger();
  std::expected<void, StartError> bind_and_serve();
  std::expected<std::uint64_t, std::string> record(const std::string& kind);
  std::shared_ptr<const flow::Snapshot> snapshot() const;

  // In the order of making; what comes later uses what comes before and goes first.
  Config config_;
  std::optional<DataDirLock> lock_;
  telemetry::Registry metrics_;
  std::unique_ptr<audit::Log> log_;
  std::shared_ptr<net::CertificateAuthority> ca_;
  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const flow::Snapshot> snapshot_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<net::Server> server_;
  Listeners listeners_;
};

}  // namespace customhouse::app
