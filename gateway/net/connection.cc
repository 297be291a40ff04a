#include "gateway/net/connection.h"

#include <openssl/err.h>

#include <algorithm>

#include "gateway/net/run_on.h"
#include "gateway/net/spawn.h"
#include "gateway/proto/authority.h"
#include "gateway/telemetry/log.h"

namespace customhouse::net {

namespace {
constexpr std::size_t kReadSize = 16 * 1024;  // one TLS record
constexpr std::string_view kHealthy = "HTTP/1.1 200 Connection established\r\n\r\n";
}  // namespace

Connection::Connection(IoThread& thread, tcp::socket socket, Entry entry,
                       std::string client_address)
    : thread_(thread),
      services_(thread.services()),
      client_(std::move(socket)),
      entry_(entry),
      client_address_(std::move(client_address)),
      last_activity_(Clock::now()) {
  thread_.add(this);
  services_.metrics.connections.add(1);
}

Connection::~Connection() {
  services_.metrics.connections.add(-1);
  thread_.remove(this);
}

Task<void> Connection::run(std::shared_ptr<Connection> self) {
  switch (self->entry_) {
    case Entry::Proxy:
      co_await self->serve_proxy();
      break;
    case Entry::Api:
      co_await self->serve_api();
      break;
    case Entry::Admin:
      co_await self->serve_admin();
      break;
  }
  self->client_.close();
}

// ---------------------------------------------------------------- deadlines

void Connection::set_deadline(Deadline kind, std::chrono::milliseconds after) noexcept {
  deadline_ = kind;
  deadline_at_ = Clock::now() + after;
}

void Connection::on_tick(Clock::time_point now) {
  if (client_unwatched_) {
    client_unwatched_ = false;
    watch_client();
  }
  if (deadline_ != Deadline::None && now >= deadline_at_) {
    const Deadline kind = deadline_;
    deadline_ = Deadline::None;
    expired_ = true;
    switch (kind) {
      case Deadline::CloseClient:
        client_.close();
        break;
      case Deadline::FailRequest:
        client_.cancel_waits();
        break;
      case Deadline::FailUpstream:
        if (upstream_) upstream_->stream.close();
        break;
      case Deadline::None:
        break;
    }
    return;
  }
  // Only while the driver waits for the provider: then nothing else writes to the client.
  if (streaming_ && exchange_ != nullptr &&
      now - last_activity_ >= services_.options.ping_interval) {
    last_activity_ = now;
    exchange_->silence();
    while (auto action = exchange_->next()) {
      if (auto* body = std::get_if<flow::SendBody>(&*action)) add_to_answer(body->bytes);
    }
    if (!out_.empty()) {
      if (const IoResult result = client_.write(out_); result.status == IoStatus::Done)
        out_.erase(0, result.bytes);
    }
  }
}

void Connection::close_if_idle() {
  if (idle_) client_.close();
}

void Connection::shut_down() {
  if (shutting_down_) return;
  shutting_down_ = true;
  if (upstream_) upstream_->stream.close();
  client_.cancel_waits();
  if (idle_) client_.close();
  // The driver has one tick to settle its exchange; then nothing holds it any more.
  set_deadline(Deadline::CloseClient, std::chrono::milliseconds(500));
}

// ---------------------------------------------------------------- reading

std::string_view Connection::unread() const noexcept {
  return std::string_view(in_).substr(in_begin_);
}

void Connection::consume(std::size_t bytes) noexcept {
  in_begin_ += bytes;
}

void Connection::drop_input() noexcept {
  std::string().swap(in_);
  in_begin_ = 0;
}

Task<IoStatus> Connection::fill() {
  if (in_begin_ != 0) {
    in_.erase(0, in_begin_);
    in_begin_ = 0;
  }
  const std::size_t old_size = in_.size();
  in_.resize_and_overwrite(old_size + kReadSize, [](char*, std::size_t size) { return size; });
  const IoResult result = co_await client_.read_some(in_.data() + old_size, kReadSize);
  in_.resize(old_size + result.bytes);
  if (result.status == IoStatus::Done) last_activity_ = Clock::now();
  co_return result.status;
}

/// Waits between requests for the first byte of the next. False: the connection is over.
Task<bool> Connection::wait_for_request() {
  if (!unread().empty()) co_return true;
  if (services_.draining.load(std::memory_order_relaxed)) co_return false;
  // An idle connection keeps no buffers.
  drop_input();
  std::string().swap(out_);
  std::string().swap(upstream_in_);
  idle_ = true;
  set_deadline(Deadline::CloseClient, services_.options.limits.idle_timeout);
  co_await client_.readable();
  const IoStatus status = co_await fill();
  clear_deadline();
  idle_ = false;
  co_return status == IoStatus::Done;
}

Task<Connection::Read> Connection::next_event(proto::Http1Decoder& decoder) {
  for (;;) {
    std::size_t used = 0;
    auto polled = decoder.poll(unread(), used);
    consume(used);
    Read read;
    if (!polled) {
      read.kind = Read::Kind::Malformed;
      read.error = polled.error();
      co_return read;
    }
    if (polled->has_value()) {
      read.kind = Read::Kind::Event;
      read.event = std::move(*polled);
      co_return read;
    }
    const IoStatus status = co_await fill();
    if (status != IoStatus::Done) {
      read.kind = expired_ ? Read::Kind::TimedOut : Read::Kind::Closed;
      co_return read;
    }
  }
}

/// Lets a client that is still sending read our answer before the reset that closing would cause
/// (RFC 9112 §9.6).
Task<void> Connection::linger() {
  client_.shutdown_write();
  set_deadline(Deadline::CloseClient, std::chrono::seconds(2));
  IoStatus status = IoStatus::Done;
  while (status == IoStatus::Done && client_.open()) {
    drop_input();
    status = co_await fill();
  }
  clear_deadline();
}

/// An answer outside any governed exchange: the proxy's own words.
Task<void> Connection::answer_plainly(int status, std::string message, std::string code) {
  proto::ResponseHead head;
  head.status = status;
  head.headers.add("Content-Type", "text/plain; charset=utf-8");
  message += '\n';
  head.headers.add("Content-Length", std::to_string(message.size()));
  head.headers.add("x-customhouse-error", std::move(code));
  head.headers.add("Connection", "close");
  proto::append_head(out_, head);
  out_ += message;
  co_await flush();
  co_await linger();
}

void Connection::record_refusal(const std::string& host, std::string reason) {
  audit::Record record;
  record.kind = "refusal";
  record.exchange = thread_.new_exchange_id();
  record.destination.host = host;
  record.action = "block";
  record.reason = std::move(reason);
  services_.log.append(std::move(record), [this_services = &services_](auto seq) {
    if (!seq) this_services->metrics.record_failures.add();
  });
}

/// The head of a request that begins here. Nothing: the client was answered, or is gone.
Task<std::optional<proto::RequestHead>> Connection::read_head(proto::Http1Decoder& decoder) {
  set_deadline(Deadline::FailRequest, services_.options.limits.head_timeout);
  Read read = co_await next_event(decoder);
  clear_deadline();
  if (read.kind == Read::Kind::Malformed) {
    services_.metrics.malformed.add();
    record_refusal({}, "malformed_request");
    co_await answer_plainly(read.error.status, read.error.what, "malformed_request");
  } else if (read.kind == Read::Kind::TimedOut) {
    record_refusal({}, "timed_out");
    co_await answer_plainly(408, "the request's head did not arrive in time", "timed_out");
  }
  if (read.kind != Read::Kind::Event) co_return std::nullopt;
  co_return std::get<proto::RequestHead>(std::move(*read.event));
}

// ---------------------------------------------------------------- the proxy listener

Task<void> Connection::serve_proxy() {
  proto::Http1Decoder decoder(proto::Http1Decoder::Role::Request, services_.options.limits);
  for (;;) {
    const bool begun = co_await wait_for_request();
    if (!begun) co_return;
    auto read = co_await read_head(decoder);
    if (!read) co_return;
    proto::RequestHead& head = *read;

    if (head.method == "CONNECT") {
      auto authority = proto::parse_authority(head.target, 0);
      const std::string* host = head.headers.find("Host");
      // Host may lack the port (undici) and must name the same host.
      auto named = host == nullptr || !authority ? authority
                                                 : proto::parse_authority(*host, authority->port);
      if (!authority || !named || named->host != authority->host) {
        services_.metrics.malformed.add();
        record_refusal({}, "malformed_connect");
        co_await answer_plainly(400, "CONNECT needs host:port, and Host must name the same host",
                                "malformed_request");
        co_return;
      }
      Read end = co_await next_event(decoder);
      const bool clean =
          end.kind == Read::Kind::Event && std::holds_alternative<proto::MessageEnd>(*end.event);
      if (!clean) {
        record_refusal(authority->host, "malformed_connect");
        co_await answer_plainly(400, "CONNECT takes no body", "malformed_request");
        co_return;
      }
      const provider::Provider* provider =
          thread_.snapshot()->providers->find_host(authority->host);
      if (provider != nullptr)
        co_await intercept(std::move(*authority), *provider);
      else
        co_await tunnel(std::move(*authority));
      co_return;
    }

    auto absolute = proto::parse_absolute_target(head.target);
    if (!absolute) {
      record_refusal({}, "not_a_proxy_request");
      co_await answer_plainly(
          400, "this is a proxy: set HTTPS_PROXY to this address (see `customhouse env`)",
          "not_a_proxy_request");
      co_return;
    }
    const provider::Provider* provider =
        thread_.snapshot()->providers->find_host(absolute->authority.host);
    if (provider == nullptr) {
      if (absolute->scheme != "http") {
        record_refusal(absolute->authority.host, "use_connect");
        co_await answer_plainly(400, "use CONNECT for https", "use_connect");
        co_return;
      }
      head.target = absolute->origin_form;
      head.headers.set("Host", proto::to_string(absolute->authority, 80));
      upstream_ = std::make_unique<UpstreamConnection>(thread_.io());
      upstream_->key = absolute->authority.host + ":" + std::to_string(absolute->authority.port);
      co_await forward_plain_http(std::move(head), decoder);
      co_return;
    }
    if (absolute->scheme != "https") {
      record_refusal(absolute->authority.host, "plain_http_to_governed_host");
      co_await answer_plainly(400, "plain HTTP to a governed host is refused: use https",
                              "plain_http");
      co_return;
    }
    // A proxy takes the authority from the target and not from Host (RFC 9112 §3.2.2).
    head.target = absolute->origin_form;
    head.headers.set("Host", proto::to_string(absolute->authority, 443));
    const bool keep = co_await serve_exchange(
        decoder, exchange_context(std::move(absolute->authority), provider), std::move(head));
    if (!keep) co_return;
  }
}

Task<void> Connection::intercept(proto::Authority authority, const provider::Provider& provider) {
  auto context = services_.issuer.context_for(authority.host);
  if (!context) {
    telemetry::log_warning("interception_refused",
                           {{"provider", provider.id}, {"reason", context.error()}});
    record_refusal(authority.host, "interception_refused");
    co_await answer_plainly(502, context.error(), "interception_refused");
    co_return;
  }
  if (!unread().empty()) {
    // TLS before our 200 would be read from the buffer by one parser and from the socket by
    // another.
    record_refusal(authority.host, "malformed_connect");
    co_await answer_plainly(400, "bytes after CONNECT before it was answered", "malformed_request");
    co_return;
  }
  set_deadline(Deadline::CloseClient, services_.options.limits.handshake_timeout);
  const IoStatus answered = co_await client_.write_all(kHealthy);
  if (answered != IoStatus::Done) co_return;
  drop_input();
  SslPointer ssl(SSL_new(context->get()));
  SSL_set_accept_state(ssl.get());
  const IoStatus shaken = co_await client_.handshake(std::move(ssl));
  clear_deadline();
  if (shaken != IoStatus::Done) {
    services_.metrics.client_tls_failures.add();
    record_refusal(authority.host, "client_tls_failed");
    const unsigned long error = ERR_peek_last_error();
    const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
    telemetry::log_info("client_tls_failed",
                        {{"host", authority.host},
                         {"reason", reason == nullptr ? "closed or out of time" : reason},
                         {"mend", "does this client trust the CA? see `customhouse env`"}});
    ERR_clear_error();
    co_return;
  }
  if (const char* name = SSL_get_servername(client_.ssl(), TLSEXT_NAMETYPE_host_name);
      name != nullptr) {
    server_name_ = name;
    std::ranges::transform(server_name_, server_name_.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    });
  }
  co_await serve_exchanges(std::move(authority));
}

flow::ExchangeContext Connection::exchange_context(proto::Authority authority,
                                                   const provider::Provider* provider) {
  flow::ExchangeContext context;
  context.id = thread_.new_exchange_id();
  context.client_address = client_address_;
  context.authority = std::move(authority);
  context.server_name = server_name_;
  context.provider = provider;
  context.snapshot = thread_.snapshot();
  context.max_body_bytes = services_.options.limits.max_body_bytes;
  return context;
}

Task<void> Connection::serve_exchanges(proto::Authority authority) {
  proto::Http1Decoder decoder(proto::Http1Decoder::Role::Request, services_.options.limits);
  for (requests_left_ = services_.options.limits.max_requests_per_connection; requests_left_ != 0;
       --requests_left_) {
    const bool begun = co_await wait_for_request();
    if (!begun) co_return;
    // The table may have been reloaded since the CONNECT.
    const provider::Provider* provider = thread_.snapshot()->providers->find_host(authority.host);
    if (provider == nullptr) co_return;
    const bool keep =
        co_await serve_exchange(decoder, exchange_context(authority, provider), std::nullopt);
    if (!keep) co_return;
  }
}

Task<bool> Connection::serve_exchange(proto::Http1Decoder& decoder, flow::ExchangeContext context,
                                      std::optional<proto::RequestHead> head) {
  flow::Exchange exchange(std::move(context));
  const bool keep = co_await drive(exchange, decoder, std::move(head));
  if (!keep && client_.open() && !client_gone_) {
    if (aborted_)
      client_.close();  // no close_notify: the client must not take it for an end
    else
      co_await linger();
  }
  co_return keep;
}

// ---------------------------------------------------------------- base-URL mode

Task<void> Connection::serve_api() {
  proto::Http1Decoder decoder(proto::Http1Decoder::Role::Request, services_.options.limits);
  for (requests_left_ = services_.options.limits.max_requests_per_connection; requests_left_ != 0;
       --requests_left_) {
    const bool begun = co_await wait_for_request();
    if (!begun) co_return;
    auto read = co_await read_head(decoder);
    if (!read) co_return;
    proto::RequestHead& head = *read;
    const std::size_t end = head.target.find_first_of("/?", 1);
    const std::string id = head.target.empty() || head.target.front() != '/'
                               ? std::string{}
                               : head.target.substr(1, end - 1);
    const provider::Provider* provider = thread_.snapshot()->providers->find_id(id);
    if (provider == nullptr || provider->base_url_host.empty()) {
      record_refusal({}, "unknown_provider");
      co_await answer_plainly(404,
                              "no such provider: the path begins with a provider's id, as in "
                              "/openai/v1/chat/completions",
                              "unknown_provider");
      co_return;
    }
    const std::string rest = end == std::string::npos ? "" : head.target.substr(end);
    head.target = provider->base_path + (rest.empty() || rest.front() == '?' ? "/" + rest : rest);
    proto::Authority authority;
    authority.host = provider->base_url_host;
    authority.port = 443;
    head.headers.set("Host", authority.host);
    const bool keep = co_await serve_exchange(
        decoder, exchange_context(std::move(authority), provider), std::move(head));
    if (!keep) co_return;
  }
}

// ---------------------------------------------------------------- the admin listener

Task<void> Connection::serve_admin() {
  proto::Http1Decoder decoder(proto::Http1Decoder::Role::Request, services_.options.limits);
  for (;;) {
    const bool begun = co_await wait_for_request();
    if (!begun) co_return;
    set_deadline(Deadline::CloseClient, services_.options.limits.head_timeout);
    std::optional<proto::RequestHead> head;
    bool complete = false;
    while (!complete) {
      Read read = co_await next_event(decoder);
      if (read.kind == Read::Kind::Malformed) {
        co_await answer_plainly(read.error.status, read.error.what, "malformed_request");
        co_return;
      }
      if (read.kind != Read::Kind::Event) co_return;
      if (auto* begin = std::get_if<proto::RequestHead>(&*read.event)) head = std::move(*begin);
      complete = std::holds_alternative<proto::MessageEnd>(*read.event);
    }
    clear_deadline();
    AdminResponse response;
    std::function<void()> work = [&] { response = services_.admin(*head); };  // may read the ledger
    co_await run_on(services_.cpu, std::move(work));
    proto::ResponseHead answer;
    answer.status = response.status;
    if (answer.status == 405) answer.headers.add("Allow", "GET, HEAD");
    answer.headers.add("Content-Type", response.content_type);
    answer.headers.add("Content-Length", std::to_string(response.body.size()));
    answer.headers.add("Cache-Control", "no-store");
    answer.headers.add("X-Content-Type-Options", "nosniff");
    const bool keep = decoder.keep_alive() && !services_.draining.load(std::memory_order_relaxed);
    if (!keep) answer.headers.add("Connection", "close");
    proto::append_head(out_, answer);
    if (head->method != "HEAD") out_ += response.body;
    co_await flush();
    if (!keep || client_gone_) {
      co_await linger();
      co_return;
    }
  }
}

}  // namespace customhouse::net
