// A TCP socket, plain or with TLS over it: the byte stream everything else in net reads and writes.
//
// OpenSSL works on the socket itself (SSL_set_fd) and Asio only waits for readiness: no copy
// through BIO pairs, and an idle connection keeps no record buffers (SSL_MODE_RELEASE_BUFFERS).
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/net/asio.h"

namespace customhouse::net {

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
using SslPointer = std::unique_ptr<SSL, SslDeleter>;

enum class IoStatus : std::uint8_t {
  Done,
  WantRead,  // nothing now; wait until readable
  WantWrite,
  Closed,  // orderly end: FIN, or close_notify under TLS
  Failed,  // reset, TLS alert, FIN without close_notify
};

struct IoResult {
  IoStatus status = IoStatus::Failed;
  std::size_t bytes = 0;
};

/// One thread only. Coroutines take it by reference: it must outlive them.
class Stream {
 public:
  explicit Stream(tcp::socket socket);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// At once, without waiting.
  IoResult read(char* data, std::size_t size) noexcept;
  IoResult write(std::string_view bytes) noexcept;

  /// Waits until the socket is readable, unless TLS already holds bytes: for reads that would
  /// find nothing yet, where trying first costs a system call. False: the stream is closed.
  Task<bool> readable();
  /// Waits until something was read (Done) or nothing more can be.
  Task<IoResult> read_some(char* data, std::size_t size);
  /// Done once all is written.
  Task<IoStatus> write_all(std::string_view bytes);
  /// TLS handshake with an SSL prepared for its side. Done or Failed; see ssl() for why.
  Task<IoStatus> handshake(SslPointer ssl);

  /// Sends close_notify if TLS is up, then FIN; reading still works.
  void shutdown_write() noexcept;
  /// Ends pending waits with an error; the stream stays usable.
  void cancel_waits() noexcept;
  void close() noexcept;

  SSL* ssl() const noexcept { return ssl_.get(); }
  tcp::socket& socket() noexcept { return socket_; }
  bool open() const noexcept { return socket_.is_open(); }

 private:
  IoResult tls_result(int result) noexcept;
  Task<bool> wait(IoStatus wanted);

  tcp::socket socket_;
  SslPointer ssl_;
  bool tls_ready_ = false;
};

}  // namespace customhouse::net
