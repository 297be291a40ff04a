#include "gateway/net/stream.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace customhouse::net {

Stream::Stream(tcp::socket socket) : socket_(std::move(socket)) {}

Stream::~Stream() {
  close();
}

IoResult Stream::tls_result(int result) noexcept {
  const int error = SSL_get_error(ssl_.get(), result);
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return {IoStatus::WantRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::WantWrite, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::Closed, 0};
    default:
      // Only a handshake's errors are read afterwards (why a certificate failed): see handshake().
      if (tls_ready_) ERR_clear_error();
      tls_ready_ = false;  // the session is broken: no close_notify on it
      return {IoStatus::Failed, 0};
  }
}

IoResult Stream::read(char* data, std::size_t size) noexcept {
  if (!socket_.is_open()) return {IoStatus::Failed, 0};
  if (ssl_) {
    if (!tls_ready_) return {IoStatus::Failed, 0};
    std::size_t taken = 0;
    if (const int result = SSL_read_ex(ssl_.get(), data, size, &taken); result != 1)
      return tls_result(result);
    return {IoStatus::Done, taken};
  }
  const ssize_t taken = ::recv(socket_.native_handle(), data, size, 0);
  if (taken > 0) return {IoStatus::Done, static_cast<std::size_t>(taken)};
  if (taken == 0) return {IoStatus::Closed, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {IoStatus::WantRead, 0};
  return {IoStatus::Failed, 0};
}

IoResult Stream::write(std::string_view bytes) noexcept {
  if (!socket_.is_open()) return {IoStatus::Failed, 0};
  if (bytes.empty()) return {IoStatus::Done, 0};
  if (ssl_) {
    if (!tls_ready_) return {IoStatus::Failed, 0};
    std::size_t written = 0;
    if (const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
        result != 1) {
      return tls_result(result);
    }
    return {IoStatus::Done, written};
  }
  const ssize_t written = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (written >= 0) return {IoStatus::Done, static_cast<std::size_t>(written)};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {IoStatus::WantWrite, 0};
  return {IoStatus::Failed, 0};
}

Task<bool> Stream::wait(IoStatus wanted) {
  const auto direction =
      wanted == IoStatus::WantWrite ? tcp::socket::wait_write : tcp::socket::wait_read;
  const auto result = co_await socket_.async_wait(direction, kAwait);
  co_return !std::get<0>(result) && socket_.is_open();
}

Task<bool> Stream::readable() {
  if (ssl_ && SSL_has_pending(ssl_.get()) == 1) co_return true;
  const bool ready = co_await wait(IoStatus::WantRead);
  co_return ready;
}

Task<IoResult> Stream::read_some(char* data, std::size_t size) {
  for (;;) {
    const IoResult result = read(data, size);
    if (result.status != IoStatus::WantRead && result.status != IoStatus::WantWrite)
      co_return result;
    const bool ready = co_await wait(result.status);
    if (!ready) co_return IoResult{IoStatus::Failed, 0};
  }
}

Task<IoStatus> Stream::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const IoResult result = write(bytes);
    if (result.status == IoStatus::Done) {
      bytes.remove_prefix(result.bytes);
    } else if (result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite) {
      const bool ready = co_await wait(result.status);
      if (!ready) co_return IoStatus::Failed;
    } else {
      co_return result.status;
    }
  }
  co_return IoStatus::Done;
}

Task<IoStatus> Stream::handshake(SslPointer ssl) {
  ssl_ = std::move(ssl);
  if (SSL_set_fd(ssl_.get(), socket_.native_handle()) != 1) co_return IoStatus::Failed;
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      tls_ready_ = true;
      co_return IoStatus::Done;
    }
    const IoResult state = tls_result(result);
    if (state.status != IoStatus::WantRead && state.status != IoStatus::WantWrite)
      co_return IoStatus::Failed;
    const bool ready = co_await wait(state.status);
    if (!ready) co_return IoStatus::Failed;
  }
}

void Stream::shutdown_write() noexcept {
  if (!socket_.is_open()) return;
  if (ssl_ && tls_ready_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::cancel_waits() noexcept {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() noexcept {
  if (!socket_.is_open()) return;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace customhouse::net
