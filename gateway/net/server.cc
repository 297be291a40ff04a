#include "gateway/net/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "gateway/net/address.h"
#include "gateway/net/certificate.h"
#include "gateway/net/connection.h"
#include "gateway/net/io_thread.h"
#include "gateway/net/services.h"
#include "gateway/net/spawn.h"
#include "gateway/telemetry/log.h"

namespace customhouse::net {

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

/// One listening socket of one thread.
struct Acceptor {
  explicit Acceptor(asio::io_context& io) : socket(io) {}
  tcp::acceptor socket;
  Entry entry = Entry::Proxy;
};

/// Accepts until it is closed. Out of descriptors: waits instead of spinning.
Task<void> accept_connections(IoThread& thread, std::shared_ptr<Acceptor> acceptor) {
  asio::steady_timer pause(thread.io());
  const std::size_t limit = std::max<std::size_t>(1, thread.services().options.max_connections / 2);
  while (acceptor->socket.is_open()) {
    if (thread.connections() >= limit) {
      pause.expires_after(std::chrono::milliseconds(20));
      co_await pause.async_wait(kAwait);
      continue;
    }
    tcp::socket socket(thread.io());
    const auto accepted = co_await acceptor->socket.async_accept(socket, kAwait);
    const boost::system::error_code error = std::get<0>(accepted);
    if (error == asio::error::operation_aborted || !acceptor->socket.is_open()) co_return;
    if (error) {
      telemetry::log_warning("accept_failed", {{"reason", error.message()}});
      pause.expires_after(std::chrono::milliseconds(50));
      co_await pause.async_wait(kAwait);
      continue;
    }
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    const std::string address = socket.remote_endpoint(ignored).address().to_string();
    auto connection =
        std::make_shared<Connection>(thread, std::move(socket), acceptor->entry, address);
    spawn(thread.io().get_executor(), Connection::run(std::move(connection)));
  }
}

}  // namespace

struct Server::Implementation {
  Implementation(ServerOptions options, std::shared_ptr<CertificateAuthority> ca, SslContext client,
                 audit::Log& log, telemetry::Registry& metrics, AdminHandler admin)
      : services(std::move(options), std::move(ca), std::move(client), log, metrics,
                 std::move(admin)) {}

  Services services;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::vector<std::pair<IoThread*, std::shared_ptr<Acceptor>>> acceptors;
  std::uint16_t ports[3] = {0, 0, 0};
  bool started = false;
  bool drained = false;

  /// Binds `text` on every thread (SO_REUSEPORT), or on the first only.
  std::expected<std::uint16_t, std::string> listen(const std::string& text, Entry entry,
                                                   const char* key) {
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return std::unexpected(std::string(key) + ": " + endpoint.error());
    for (auto& thread : threads) {
      auto acceptor = std::make_shared<Acceptor>(thread->io());
      acceptor->entry = entry;
      boost::system::error_code error;
      acceptor->socket.open(endpoint->protocol(), error);
      if (!error) acceptor->socket.set_option(tcp::acceptor::reuse_address(true), error);
      // The first thread binds alone: somebody else's socket on the port must be an error.
      const bool first = thread == threads.front();
      if (!error && !first) acceptor->socket.set_option(ReusePort(true), error);
      if (!error && first && threads.size() > 1) {
        tcp::acceptor probe(thread->io());
        probe.open(endpoint->protocol(), error);
        if (!error) probe.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) probe.bind(*endpoint, error);
        if (!error) endpoint->port(probe.local_endpoint().port());
        if (!error) probe.close(error);
        if (!error) acceptor->socket.set_option(ReusePort(true), error);
      }
      if (!error) acceptor->socket.bind(*endpoint, error);
      if (!error) acceptor->socket.listen(1024, error);
      if (error) {
        return std::unexpected(
            std::string(key) + ": cannot listen on " + text + ": " + error.message() +
            "; is another gateway running? choose another port in the configuration");
      }
      endpoint->port(acceptor->socket.local_endpoint().port());
      acceptors.emplace_back(thread.get(), std::move(acceptor));
      if (entry == Entry::Admin) break;
    }
    return endpoint->port();
  }
};

Server::Server(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

std::expected<std::unique_ptr<Server>, std::string> Server::create(
    ServerOptions options, std::shared_ptr<CertificateAuthority> ca,
    std::shared_ptr<const flow::Snapshot> snapshot, audit::Log& log, telemetry::Registry& metrics,
    AdminHandler admin) {
  auto client =
      make_client_context(options.upstream.extra_ca, ca->implementation().certificate.get());
  if (!client) return std::unexpected(client.error());
  auto implementation = std::make_unique<Implementation>(
      std::move(options), std::move(ca), std::move(*client), log, metrics, std::move(admin));
  const ServerOptions& used = implementation->services.options;
  const std::size_t count =
      used.threads != 0 ? used.threads : std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i) {
    implementation->threads.push_back(
        std::make_unique<IoThread>(implementation->services, snapshot));
  }
  const std::pair<const std::string*, const char*> listeners[] = {
      {&used.listen_proxy, "listen.proxy"},
      {&used.listen_api, "listen.api"},
      {&used.listen_admin, "listen.admin"}};
  for (std::size_t i = 0; i < 3; ++i) {
    if (listeners[i].first->empty()) continue;
    auto port =
        implementation->listen(*listeners[i].first, static_cast<Entry>(i), listeners[i].second);
    if (!port) return std::unexpected(port.error());
    implementation->ports[i] = *port;
  }
  return std::unique_ptr<Server>(new Server(std::move(implementation)));
}

Server::~Server() {
  if (implementation_->started) drain();
}

std::uint16_t Server::proxy_port() const noexcept {
  return implementation_->ports[0];
}
std::uint16_t Server::api_port() const noexcept {
  return implementation_->ports[1];
}
std::uint16_t Server::admin_port() const noexcept {
  return implementation_->ports[2];
}

void Server::start() {
  implementation_->started = true;
  for (auto& [thread, acceptor] : implementation_->acceptors) {
    thread->on_stop([listening = acceptor] {
      boost::system::error_code ignored;
      listening->socket.close(ignored);
    });
    spawn(thread->io().get_executor(), accept_connections(*thread, acceptor));
  }
  for (auto& thread : implementation_->threads) thread->start();
}

void Server::swap_snapshot(std::shared_ptr<const flow::Snapshot> snapshot) {
  for (auto& thread : implementation_->threads) thread->post_snapshot(snapshot);
}

void Server::drain() {
  if (implementation_->drained) return;
  implementation_->drained = true;
  implementation_->services.draining = true;
  const auto deadline = IoThread::Clock::now() + implementation_->services.options.drain_timeout;
  for (auto& thread : implementation_->threads) thread->post_drain(deadline);
  for (auto& thread : implementation_->threads) thread->join();
  implementation_->services.cpu.join();
}

std::int64_t Server::active_exchanges() const noexcept {
  return implementation_->services.active_exchanges.load(std::memory_order_relaxed);
}

}  // namespace customhouse::net
