// The running gateway: listeners and threads. The one door between app and the socket side.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "audit/log.h"
#include "gateway/flow/snapshot.h"
#include "gateway/net/ca.h"
#include "gateway/net/options.h"
#include "gateway/proto/http_message.h"
#include "gateway/telemetry/metrics.h"

namespace customhouse::net {

/// Answers a request on the admin listener; called on an io thread, must not block.
struct AdminResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};
using AdminHandler = std::function<AdminResponse(const proto::RequestHead& head)>;

class Server {
 public:
  /// Binds every listener (an error names the address and the mend). Nothing is accepted yet.
  /// `log` and `metrics` must outlive the server.
  static std::expected<std::unique_ptr<Server>, std::string> create(
      ServerOptions options, std::shared_ptr<CertificateAuthority> ca,
      std::shared_ptr<const flow::Snapshot> snapshot, audit::Log& log, telemetry::Registry& metrics,
      AdminHandler admin);
  ~Server();

  /// Ports bound, for ":0" in the configuration; 0 if not listening.
  std::uint16_t proxy_port() const noexcept;
  std::uint16_t api_port() const noexcept;
  std::uint16_t admin_port() const noexcept;

  void start();
  /// New exchanges use it; running ones keep theirs. Thread-safe.
  void swap_snapshot(std::shared_ptr<const flow::Snapshot> snapshot);
  /// Stops accepting, lets exchanges finish for at most drain_timeout, then closes the rest; every
  /// exchange is settled in the ledger. Returns when all threads have ended.
  void drain();
  /// Exchanges under way.
  std::int64_t active_exchanges() const noexcept;

  struct Implementation;

 private:
  explicit Server(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace customhouse::net
