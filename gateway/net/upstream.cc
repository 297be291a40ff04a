#include "gateway/net/upstream.h"

#include <algorithm>

#include "gateway/net/address.h"

namespace customhouse::net {

// TLS sessions to resume, newest only: a TLS 1.3 ticket is for one use (RFC 8446 §C.4).
struct UpstreamPool::SessionCache {
  struct SessionDeleter {
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
  };
  std::unordered_map<std::string, std::unique_ptr<SSL_SESSION, SessionDeleter>> by_key;
  static constexpr std::size_t kMaxSessions = 1000;
};

namespace {

/// What an SSL points back to, so that the session callback finds its cache and key.
struct SessionOwner {
  UpstreamPool::SessionCache* cache;
  std::string key;
};

int owner_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* owner, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<SessionOwner*>(owner);
      });
  return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto* owner = static_cast<SessionOwner*>(SSL_get_ex_data(ssl, owner_index()));
  if (owner == nullptr || owner->cache->by_key.size() >= UpstreamPool::SessionCache::kMaxSessions)
    return 0;
  owner->cache->by_key[owner->key].reset(session);
  return 1;  // the reference is ours now
}

}  // namespace

UpstreamPool::UpstreamPool(asio::io_context& io, const UpstreamOptions& options, SslContext context)
    : options_(options),
      context_(std::move(context)),
      resolver_(io),
      sessions_(std::make_unique<SessionCache>()) {
  SSL_CTX_sess_set_new_cb(context_.get(), keep_session);  // the same for every thread
}

UpstreamPool::~UpstreamPool() {
  idle_.clear();
}  // before the sessions that their SSLs point to

UpstreamPointer UpstreamPool::take(const std::string& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  auto& connections = found->second;
  while (!connections.empty()) {
    UpstreamPointer connection = std::move(connections.back());  // the warmest
    connections.pop_back();
    char byte = 0;
    // Nothing may have come since the last answer: bytes would be taken for the next one's
    // (desync).
    if (connection->stream.read(&byte, 1).status == IoStatus::WantRead) {
      connection->reused = true;
      return connection;
    }
  }
  return nullptr;
}

void UpstreamPool::give_back(UpstreamPointer connection) {
  auto& connections = idle_[connection->key];
  if (connections.size() >= options_.pool_size) return;
  connection->idle_since = std::chrono::steady_clock::now();
  connections.push_back(std::move(connection));
}

void UpstreamPool::close_idle(std::chrono::steady_clock::time_point now) {
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    std::erase_if(entry->second, [&](const UpstreamPointer& connection) {
      return now - connection->idle_since > options_.pool_idle_timeout;
    });
    entry = entry->second.empty() ? idle_.erase(entry) : std::next(entry);
  }
}

Task<std::expected<std::vector<tcp::endpoint>, UpstreamError>> UpstreamPool::resolve(
    const proto::Authority& authority) {
  std::vector<tcp::endpoint> endpoints;
  std::string host = authority.host;
  std::string port = std::to_string(authority.port);
  if (const auto mapped = options_.connect_to.find(host + ":" + port);
      mapped != options_.connect_to.end()) {
    if (auto endpoint = parse_endpoint(mapped->second)) {
      endpoints.push_back(*endpoint);
      co_return endpoints;
    }
    const std::size_t colon = mapped->second.rfind(':');
    host = mapped->second.substr(0, colon);
    port = mapped->second.substr(colon + 1);
  }
  boost::system::error_code error;
  const auto literal = asio::ip::make_address(host, error);
  if (!error) {
    endpoints.emplace_back(literal, static_cast<std::uint16_t>(std::stoul(port)));
    co_return endpoints;
  }
  const auto resolved =
      co_await resolver_.async_resolve(host, port, tcp::resolver::numeric_service, kAwait);
  if (std::get<0>(resolved)) {
    co_return std::unexpected(
        UpstreamError{flow::UpstreamFailure::Unresolved, std::get<0>(resolved).message()});
  }
  for (const auto& entry : std::get<1>(resolved)) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

Task<std::expected<void, UpstreamError>> UpstreamPool::connect(UpstreamConnection& connection,
                                                               const proto::Authority& authority,
                                                               bool tls, bool only_public) {
  auto endpoints = co_await resolve(authority);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  if (only_public) {
    std::erase_if(*endpoints,
                  [](const tcp::endpoint& endpoint) { return !is_public(endpoint.address()); });
    if (endpoints->empty()) {
      co_return std::unexpected(UpstreamError{flow::UpstreamFailure::Unreachable,
                                              "the host is a loopback, link-local or private "
                                              "address (tunnel.allow_private_networks is off)"});
    }
  }
  std::string last_error = "no address";
  bool connected = false;
  for (const tcp::endpoint& endpoint : *endpoints) {
    boost::system::error_code error;
    connection.stream.close();
    connection.stream.socket().open(endpoint.protocol(), error);
    if (error) {
      last_error = error.message();
      continue;
    }
    const auto result = co_await connection.stream.socket().async_connect(endpoint, kAwait);
    if (!std::get<0>(result)) {
      connected = true;
      break;
    }
    last_error = std::get<0>(result).message();
    if (std::get<0>(result) == asio::error::operation_aborted) break;  // cancelled or out of time
  }
  if (!connected)
    co_return std::unexpected(UpstreamError{flow::UpstreamFailure::Unreachable, last_error});
  boost::system::error_code ignored;
  connection.stream.socket().set_option(tcp::no_delay(true), ignored);
  connection.stream.socket().non_blocking(true, ignored);
  connection.key = authority.host + ":" + std::to_string(authority.port);
  if (!tls) co_return std::expected<void, UpstreamError>();

  SSL_SESSION* session = nullptr;
  const auto cached = sessions_->by_key.find(connection.key);
  if (cached != sessions_->by_key.end()) session = cached->second.get();
  SslPointer ssl = make_client_ssl(context_.get(), authority.host, session);
  if (cached != sessions_->by_key.end()) sessions_->by_key.erase(cached);
  SSL_set_ex_data(ssl.get(), owner_index(), new SessionOwner{sessions_.get(), connection.key});
  const IoStatus status = co_await connection.stream.handshake(std::move(ssl));
  if (status != IoStatus::Done) {
    SSL* failed = connection.stream.ssl();
    const auto failure = certificate_refused(failed) ? flow::UpstreamFailure::BadCertificate
                                                     : flow::UpstreamFailure::Unreachable;
    co_return std::unexpected(UpstreamError{failure, handshake_error(failed)});
  }
  co_return std::expected<void, UpstreamError>();
}

}  // namespace customhouse::net
