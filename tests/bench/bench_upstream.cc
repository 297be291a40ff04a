// The provider of the benchmarks: answers every POST with the text of its last "content" member,
// as a chat completion, or as server-sent events if the body says "stream":true. One thread per
// connection.
#include <algorithm>
#include <csignal>
#include <thread>

#include "blocking_tls.h"

namespace {

using namespace customhouse::bench;

std::string last_content(std::string_view message) {
  constexpr std::string_view kKey = "\"content\":\"";
  const std::size_t at = message.rfind(kKey);
  if (at == std::string_view::npos) return "nothing";
  const std::size_t begin = at + kKey.size();
  // Large prompts are not echoed whole: what is measured then is the way out.
  return std::string(
      message.substr(begin, std::min<std::size_t>(message.find('"', begin) - begin, 4096)));
}

std::string answer_to(const std::string& message) {
  const std::string text = last_content(message);
  if (message.find("\"stream\":true") == std::string::npos) {
    const std::string body =
        R"({"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":")" +
        text + R"("},"finish_reason":"stop"}],"usage":{"total_tokens":2}})";
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto event = [&](const std::string& data) {
    const std::string bytes = "data: " + data + "\n\n";
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    out += size + bytes + "\r\n";
  };
  for (std::size_t i = 0; i < text.size(); i += 16) {
    event(R"({"choices":[{"index":0,"delta":{"content":")" + text.substr(i, 16) + R"("}}]})");
  }
  event("[DONE]");
  return out + "0\r\n\r\n";
}

void serve(SSL_CTX* context, int fd) {
  Tls tls(context, fd);
  if (SSL_accept(tls.ssl()) != 1) return;
  std::string buffer, message;
  while (read_message(tls, buffer, message, [](const std::string&) {})) {
    if (!tls.write(answer_to(message))) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s CERTIFICATE.pem KEY.pem   (prints its port)\n", argv[0]);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_file(context, argv[1], SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1) {
    fail("certificate");
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = parse_address("127.0.0.1:0");
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 1024) != 0)
    fail("listen");
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  for (;;) {
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd < 0) continue;
    std::thread(serve, context, fd).detach();
  }
}
