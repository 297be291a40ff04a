// One thread, one io_context: a connection lives its whole life here, so net needs no locks.
#pragma once

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_set>

#include "gateway/flow/snapshot.h"
#include "gateway/net/asio.h"
#include "gateway/net/services.h"
#include "gateway/net/upstream.h"

namespace customhouse::net {

class Connection;

class IoThread {
 public:
  using Clock = std::chrono::steady_clock;

  IoThread(Services& services, std::shared_ptr<const flow::Snapshot> snapshot);
  ~IoThread();

  void start();
  void post_snapshot(std::shared_ptr<const flow::Snapshot> snapshot);  // from any thread
  /// Closes idle connections now, busy ones at `deadline`; the thread ends when none is left.
  void post_drain(Clock::time_point deadline);
  void join();

  // On the thread only:
  asio::io_context& io() noexcept { return io_; }
  Services& services() noexcept { return services_; }
  UpstreamPool& pool() noexcept { return pool_; }
  const std::shared_ptr<const flow::Snapshot>& snapshot() const noexcept { return snapshot_; }
  void add(Connection* connection) { connections_.insert(connection); }
  void remove(Connection* connection);
  std::size_t connections() const noexcept { return connections_.size(); }
  std::string new_exchange_id();  // UUIDv7 (RFC 9562 §5.7)
  void on_stop(std::function<void()> stop_accepting) {
    stop_accepting_.push_back(std::move(stop_accepting));
  }

 private:
  Task<void> tick();
  void finish_if_empty();

  Services& services_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  UpstreamPool pool_;
  std::shared_ptr<const flow::Snapshot> snapshot_;
  std::unordered_set<Connection*> connections_;
  std::vector<std::function<void()>> stop_accepting_;
  std::array<unsigned char, 1024> random_{};  // for exchange ids
  std::size_t random_left_ = 0;
  std::optional<Clock::time_point> drain_deadline_;
  std::thread thread_;
};

}  // namespace customhouse::net
