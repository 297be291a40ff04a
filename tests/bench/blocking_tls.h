// Blocking sockets with TLS for the benchmark programs: simple, and independent of the gateway's
// own I/O. Errors end the program: a benchmark with errors measures nothing.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace customhouse::bench {

[[noreturn]] inline void fail(const char* what) {
  std::fprintf(stderr, "bench: %s: %s\n", what, std::strerror(errno));
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

inline sockaddr_in parse_address(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    fail("an address must be IPv4:port");
  }
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1))));
  return address;
}

/// One TLS connection over a blocking socket. Not copyable; closes itself.
class Tls {
 public:
  Tls(SSL_CTX* context, int fd) : fd_(fd), ssl_(SSL_new(context)) {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(ssl_, fd_);
  }
  ~Tls() {
    SSL_free(ssl_);
    ::close(fd_);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  SSL* ssl() { return ssl_; }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const int done = SSL_write(ssl_, bytes.data(),
                                 static_cast<int>(std::min<std::size_t>(bytes.size(), 1u << 30)));
      if (done <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }
  /// Appends what there is; false at the end.
  bool read(std::string& buffer) {
    char bytes[16384];
    const int got = SSL_read(ssl_, bytes, sizeof bytes);
    if (got <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

 private:
  int fd_;
  SSL* ssl_;
};

/// Reads one HTTP/1.1 message (Content-Length or chunked) from `tls` through `buffer`; what follows
/// it stays in `buffer`. Calls `on_bytes(message so far)` after each read. False: closed.
template <class OnBytes>
bool read_message(Tls& tls, std::string& buffer, std::string& message, OnBytes on_bytes) {
  message.clear();
  for (;;) {
    const std::size_t head_end = buffer.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      std::size_t end = 0;
      std::string_view head = std::string_view(buffer).substr(0, head_end);
      std::size_t at = head.find("ontent-Length: ");
      if (at == std::string_view::npos) at = head.find("ontent-length: ");
      if (at != std::string_view::npos) {
        end = head_end + 4 + std::strtoull(buffer.c_str() + at + 15, nullptr, 10);
        if (buffer.size() < end) end = 0;
      } else if (head.find("chunked") != std::string_view::npos) {
        const std::size_t last = buffer.find("0\r\n\r\n", head_end);
        // Good enough for our own upstream, whose chunks never end so.
        if (last != std::string::npos && buffer[last - 1] == '\n') end = last + 5;
      } else {
        end = head_end + 4;
      }
      on_bytes(buffer);
      if (end != 0) {
        message = buffer.substr(0, end);
        buffer.erase(0, end);
        return true;
      }
    }
    if (!tls.read(buffer)) return false;
  }
}

}  // namespace customhouse::bench
