#include "gateway/net/io_thread.h"

#include <openssl/rand.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>

#include "gateway/net/connection.h"
#include "gateway/net/spawn.h"

namespace customhouse::net {

namespace {
// Deadlines are checked this often: one timer per thread instead of one per connection.
constexpr std::chrono::milliseconds kTick{100};
}  // namespace

IoThread::IoThread(Services& services, std::shared_ptr<const flow::Snapshot> snapshot)
    : services_(services),
      work_(io_.get_executor()),
      timer_(io_),
      pool_(io_, services.options.upstream, services.client_context),
      snapshot_(std::move(snapshot)) {}

IoThread::~IoThread() {
  join();
}

void IoThread::start() {
  spawn(io_.get_executor(), tick());
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "customhouse-io");
    io_.run();
  });
}

void IoThread::join() {
  if (thread_.joinable()) thread_.join();
}

void IoThread::post_snapshot(std::shared_ptr<const flow::Snapshot> snapshot) {
  asio::post(io_,
             [this, snapshot = std::move(snapshot)]() mutable { snapshot_ = std::move(snapshot); });
}

void IoThread::post_drain(Clock::time_point deadline) {
  asio::post(io_, [this, deadline] {
    drain_deadline_ = deadline;
    for (auto& stop : stop_accepting_) stop();
    stop_accepting_.clear();
    for (Connection* connection : connections_) connection->close_if_idle();
    finish_if_empty();
  });
}

void IoThread::remove(Connection* connection) {
  connections_.erase(connection);
  finish_if_empty();
}

void IoThread::finish_if_empty() {
  if (!drain_deadline_ || !connections_.empty()) return;
  timer_.cancel();
  pool_.close_all();
  work_.reset();
}

Task<void> IoThread::tick() {
  while (!drain_deadline_ || !connections_.empty()) {
    timer_.expires_after(kTick);
    co_await timer_.async_wait(kAwait);
    const Clock::time_point now = Clock::now();
    const bool out_of_time = drain_deadline_ && now >= *drain_deadline_;
    for (Connection* connection : connections_) {
      if (out_of_time)
        connection->shut_down();
      else
        connection->on_tick(now);
    }
    pool_.close_idle(now);
  }
}

std::string IoThread::new_exchange_id() {
  std::array<unsigned char, 16> bytes{};
  // Drawn in bulk: each call to RAND_bytes costs a system call (fork detection).
  if (random_left_ < bytes.size()) {
    RAND_bytes(random_.data(), static_cast<int>(random_.size()));
    random_left_ = random_.size();
  }
  random_left_ -= bytes.size();
  std::copy_n(random_.begin() + static_cast<std::ptrdiff_t>(random_left_), bytes.size(),
              bytes.begin());
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(now >> (8 * (5 - i)));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

}  // namespace customhouse::net
