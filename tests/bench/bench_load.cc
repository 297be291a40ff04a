// Load for the benchmarks: N connections, each asking again as soon as it is answered. Through a
// forward proxy (CONNECT) or straight to a TLS server, with the same request and the same checks.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "blocking_tls.h"

namespace {

using namespace customhouse::bench;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string to, proxy_authority, host = "api.openai.com", ca, body, expect, mode = "keepalive";
  int connections = 1;
  double seconds = 3;
};

std::string request_for(const Options& options) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: " + options.host +
         "\r\nContent-Type: application/json\r\nAuthorization: Bearer made-up\r\nAccept: "
         "*/*\r\nContent-Length: " +
         std::to_string(options.body.size()) + "\r\n\r\n" + options.body;
}

std::unique_ptr<Tls> connect(const Options& options, SSL_CTX* context, const sockaddr_in& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  if (!options.proxy_authority.empty()) {
    const std::string connect_request = "CONNECT " + options.proxy_authority +
                                        " HTTP/1.1\r\nHost: " + options.proxy_authority +
                                        "\r\n\r\n";
    if (::write(fd, connect_request.data(), connect_request.size()) < 0) fail("CONNECT");
    std::string answer;
    char byte = 0;
    while (!answer.ends_with("\r\n\r\n")) {
      if (::read(fd, &byte, 1) != 1) fail("CONNECT was not answered");
      answer += byte;
    }
    if (answer.find(" 200 ") == std::string::npos) fail("CONNECT was refused");
  }
  auto tls = std::make_unique<Tls>(context, fd);
  SSL_set_tlsext_host_name(tls->ssl(), options.host.c_str());
  SSL_set1_host(tls->ssl(), options.host.c_str());
  if (SSL_connect(tls->ssl()) != 1) fail("TLS handshake");
  return tls;
}

struct Result {
  std::vector<double> latencies_us, first_event_us;
};

void run(const Options& options, SSL_CTX* context, const sockaddr_in& address,
         Clock::time_point end, Result& result) {
  const std::string request = request_for(options);
  std::unique_ptr<Tls> tls;
  std::string buffer, message;
  while (Clock::now() < end) {
    const Clock::time_point begun = Clock::now();
    if (!tls) tls = connect(options, context, address);
    double first = 0;
    if (!tls->write(request)) fail("write");
    const bool read = read_message(*tls, buffer, message, [&](const std::string& so_far) {
      if (first == 0 && so_far.find("data: ") != std::string::npos) {
        first = std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
      }
    });
    if (!read || message.compare(9, 3, "200") != 0) {
      std::fprintf(stderr, "bench: not a 200: %.200s\n", message.c_str());
      std::exit(1);
    }
    if (!options.expect.empty() && message.find(options.expect) == std::string::npos) {
      std::fprintf(stderr, "bench: the answer lacks what was expected\n");
      std::exit(1);
    }
    result.latencies_us.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
    if (first != 0) result.first_event_us.push_back(first);
    if (options.mode == "new") {
      SSL_shutdown(tls->ssl());
      tls.reset();
      buffer.clear();
    }
  }
}

double quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

int hold_idle(const Options& options, SSL_CTX* context, const sockaddr_in& address) {
  std::vector<std::unique_ptr<Tls>> held;
  const std::string request = request_for(options);
  std::string buffer, message;
  for (int i = 0; i < options.connections; ++i) {
    held.push_back(connect(options, context, address));
    if (!held.back()->write(request) ||
        !read_message(*held.back(), buffer, message, [](const std::string&) {}))
      fail("request");
  }
  std::printf("held\n");
  std::fflush(stdout);
  std::getchar();  // until the script has measured
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  if (argc < 2 || given["--to"].empty() || given["--ca"].empty() || given["--body"].empty()) {
    std::fprintf(stderr,
                 "usage: %s --to IP:PORT --ca FILE --body FILE [--connect HOST:PORT] [--host NAME] "
                 "[--connections N]\n"
                 "       [--seconds S] [--mode keepalive|new|idle] [--expect TEXT]\n",
                 argv[0]);
    return 2;
  }
  Options options;
  options.to = given["--to"];
  options.proxy_authority = given["--connect"];
  options.ca = given["--ca"];
  options.expect = given["--expect"];
  if (given.contains("--host")) options.host = given["--host"];
  if (given.contains("--mode")) options.mode = given["--mode"];
  if (given.contains("--connections")) options.connections = std::stoi(given["--connections"]);
  if (given.contains("--seconds")) options.seconds = std::stod(given["--seconds"]);
  std::ifstream file(given["--body"], std::ios::binary);
  options.body.assign(std::istreambuf_iterator<char>(file), {});

  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (SSL_CTX_load_verify_file(context, options.ca.c_str()) != 1) fail("CA file");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const sockaddr_in address = parse_address(options.to);
  if (options.mode == "idle") return hold_idle(options, context, address);

  std::vector<Result> results(static_cast<std::size_t>(options.connections));
  std::vector<std::thread> threads;
  const Clock::time_point begun = Clock::now();
  const Clock::time_point end =
      begun + std::chrono::microseconds(static_cast<long>(options.seconds * 1e6));
  for (auto& result : results)
    threads.emplace_back([&] { run(options, context, address, end, result); });
  for (auto& thread : threads) thread.join();
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  std::vector<double> latencies, first;
  for (const auto& result : results) {
    latencies.insert(latencies.end(), result.latencies_us.begin(), result.latencies_us.end());
    first.insert(first.end(), result.first_event_us.begin(), result.first_event_us.end());
  }
  std::printf(
      "{\"requests\":%zu,\"per_second\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"first_event_p50_"
      "us\":%.1f}\n",
      latencies.size(), static_cast<double>(latencies.size()) / took, quantile(latencies, 0.5),
      quantile(latencies, 0.99), quantile(first, 0.5));
}
