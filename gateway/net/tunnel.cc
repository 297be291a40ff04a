// What is passed on unread: unlisted hosts, by CONNECT or plain HTTP.
#include <algorithm>
#include <boost/asio/steady_timer.hpp>

#include "gateway/net/connection.h"
#include "gateway/net/spawn.h"
#include "gateway/proto/client_hello.h"
#include "gateway/telemetry/log.h"

namespace customhouse::net {

namespace {
constexpr std::size_t kCopySize = 32 * 1024;
}

/// The two directions of a tunnel. `ended` is cancelled when the last one ends.
struct Connection::Tunnel {
  explicit Tunnel(asio::io_context& io) : ended(io, asio::steady_timer::time_point::max()) {}
  int open = 2;
  asio::steady_timer ended;
};

Task<void> Connection::tunnel(proto::Authority authority) {
  const auto& options = services_.options;
  const bool port_allowed =
      std::ranges::find(options.tunnel_ports, authority.port) != options.tunnel_ports.end();
  if (options.unlisted_hosts == UnlistedHosts::Deny || !port_allowed) {
    services_.metrics.tunnels_refused.add();
    record_refusal(authority.host, port_allowed ? "unlisted_host" : "tunnel_port");
    std::string why = port_allowed ? "this host is not listed and unlisted_hosts is deny"
                                   : "tunnels to this port are not allowed (tunnel.ports)";
    co_await answer_plainly(403, std::move(why), "tunnel_refused");
    co_return;
  }
  upstream_ = std::make_unique<UpstreamConnection>(thread_.io());
  set_deadline(Deadline::FailUpstream, options.upstream.connect_timeout);
  auto connected = co_await thread_.pool().connect(*upstream_, authority, false,
                                                   !options.allow_private_networks);
  clear_deadline();
  if (!connected) {
    services_.metrics.tunnels_refused.add();
    record_refusal(authority.host, "tunnel_failed");
    co_await answer_plainly(502, "cannot open the tunnel: " + connected.error().detail,
                            "tunnel_failed");
    co_return;
  }
  out_ += "HTTP/1.1 200 Connection established\r\n\r\n";
  co_await flush();

  // An unlisted name or address must not be a way round the gateway: the first bytes of TLS name
  // the host that is really meant (domain fronting).
  set_deadline(Deadline::CloseClient, options.limits.handshake_timeout);
  for (;;) {
    const auto hello = proto::parse_client_hello(unread());
    if (hello.status == proto::ClientHello::Status::NeedMore) {
      const IoStatus status = co_await fill();
      if (status != IoStatus::Done) co_return;
      continue;
    }
    if (hello.status == proto::ClientHello::Status::Complete &&
        thread_.snapshot()->providers->find_host(hello.server_name) != nullptr) {
      services_.metrics.tunnels_refused.add();
      record_refusal(hello.server_name, "governed_host_in_tunnel");
      telemetry::log_warning("governed_host_in_tunnel",
                             {{"host", hello.server_name}, {"connect", authority.host}});
      client_.close();
      co_return;
    }
    break;
  }
  clear_deadline();
  services_.metrics.tunnels.add();
  co_await relay(upstream_->stream);
}

/// Copies both ways, half-closes included, until both directions have ended or nothing moved for
/// tunnel_idle_timeout.
Task<void> Connection::relay(Stream& upstream) {
  set_deadline(Deadline::CloseClient, services_.options.tunnel_idle_timeout);
  if (!unread().empty()) {
    const IoStatus status = co_await upstream.write_all(unread());
    if (status != IoStatus::Done) co_return;
    consume(unread().size());
  }
  auto tunnel = std::make_shared<Tunnel>(thread_.io());
  spawn(thread_.io().get_executor(), copy(shared_from_this(), upstream, client_, tunnel));
  co_await copy(shared_from_this(), client_, upstream, tunnel);
  // A client that has ended its side may still be read to: the other direction goes on until it
  // ends too, or the deadline closes the client.
  if (tunnel->open != 0) co_await tunnel->ended.async_wait(kAwait);
}

Task<void> Connection::copy(std::shared_ptr<Connection> self, Stream& from, Stream& to,
                            std::shared_ptr<Tunnel> tunnel) {
  std::string buffer;
  buffer.resize(kCopySize);
  bool clean = false;
  for (;;) {
    const IoResult result = co_await from.read_some(buffer.data(), buffer.size());
    if (result.status != IoStatus::Done) {
      clean = result.status == IoStatus::Closed;
      break;
    }
    self->set_deadline(Deadline::CloseClient, self->services_.options.tunnel_idle_timeout);
    const IoStatus status = co_await to.write_all(std::string_view(buffer).substr(0, result.bytes));
    if (status != IoStatus::Done) break;
  }
  if (clean) to.shutdown_write();
  --tunnel->open;
  if (tunnel->open == 0) tunnel->ended.cancel();
  if (!clean || tunnel->open == 0) {
    // The other direction's waits end with these.
    self->client_.close();
    if (self->upstream_) self->upstream_->stream.close();
  }
}

/// Absolute-form HTTP to an unlisted host: one request, its body by its framing, then the answer as
/// it comes until the server closes.
Task<void> Connection::forward_plain_http(proto::RequestHead head, proto::Http1Decoder& decoder) {
  const auto& options = services_.options;
  auto authority = proto::parse_authority(upstream_->key, 0);
  const bool allowed =
      authority && options.unlisted_hosts == UnlistedHosts::Tunnel &&
      std::ranges::find(options.tunnel_ports, authority->port) != options.tunnel_ports.end();
  if (!allowed) {
    services_.metrics.tunnels_refused.add();
    record_refusal(authority ? authority->host : std::string{}, "unlisted_host");
    co_await answer_plainly(403, "this host is not listed, or its port is not among tunnel.ports",
                            "tunnel_refused");
    co_return;
  }
  set_deadline(Deadline::FailUpstream, options.upstream.connect_timeout);
  auto connected = co_await thread_.pool().connect(*upstream_, *authority, false,
                                                   !options.allow_private_networks);
  clear_deadline();
  if (!connected) {
    services_.metrics.tunnels_refused.add();
    record_refusal(authority->host, "tunnel_failed");
    co_await answer_plainly(502, "cannot reach the server: " + connected.error().detail,
                            "tunnel_failed");
    co_return;
  }
  services_.metrics.tunnels.add();
  Stream& server = upstream_->stream;
  const bool chunked = head.headers.count("Transfer-Encoding") != 0;
  proto::strip_hop_by_hop(head.headers);
  head.headers.remove("Expect");
  if (chunked) head.headers.add("Transfer-Encoding", "chunked");
  head.headers.add("Connection", "close");
  std::string wire;
  proto::append_head(wire, head);
  set_deadline(Deadline::CloseClient, options.limits.body_timeout);
  for (bool complete = false; !complete;) {
    Read read = co_await next_event(decoder);
    if (read.kind != Read::Kind::Event) co_return;
    if (const auto* body = std::get_if<proto::BodyBytes>(&*read.event)) {
      if (chunked)
        proto::append_chunk(wire, body->bytes);
      else
        wire += body->bytes;
    } else {
      complete = true;
      if (chunked) proto::append_last_chunk(wire);
    }
    const IoStatus status = co_await server.write_all(wire);
    if (status != IoStatus::Done) co_return;
    wire.clear();
  }
  std::string buffer;
  buffer.resize(kCopySize);
  for (;;) {
    set_deadline(Deadline::CloseClient, options.tunnel_idle_timeout);
    const IoResult result = co_await server.read_some(buffer.data(), buffer.size());
    if (result.status != IoStatus::Done) break;
    const IoStatus status =
        co_await client_.write_all(std::string_view(buffer).substr(0, result.bytes));
    if (status != IoStatus::Done) break;
  }
  clear_deadline();
  client_.shutdown_write();
}

}  // namespace customhouse::net
