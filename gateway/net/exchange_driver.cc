// The driver: where the pure exchange meets sockets, ledger and CPU pool. It decides nothing.
#include <boost/asio/post.hpp>

#include "gateway/net/connection.h"
#include "gateway/net/run_on.h"
#include "gateway/telemetry/log.h"

namespace customhouse::net {

namespace {

// Scanning this much takes longer than a hand-over to another thread and back.
constexpr std::size_t kBigBody = 48 * 1024;
constexpr std::size_t kUpstreamReadSize = 16 * 1024;
// Head and body go out in one TLS record if they are small.
constexpr std::size_t kOneWrite = 16 * 1024;

using Sequence = std::expected<std::uint64_t, std::string>;

/// Appends and waits until the record is durable.
Task<Sequence> append(audit::Log& log, audit::Record record) {
  Sequence result;
  auto start = [&log, &record, &result](auto handler) {
    auto home = asio::get_associated_executor(handler);
    // Log::Done is copyable, the handler is not.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    log.append(std::move(record),
               [&result, home, shared](std::expected<std::uint64_t, audit::LogError> seq) {
                 if (seq)
                   result = *seq;
                 else
                   result = std::unexpected(seq.error().what);
                 asio::post(home, std::move(*shared));
               });
  };
  co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(start, asio::use_awaitable);
  co_return result;
}

}  // namespace

std::uint64_t Connection::elapsed_us() const {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - exchange_started_)
          .count());
}

/// True if the connection can serve another request afterwards.
Task<bool> Connection::drive(flow::Exchange& exchange, proto::Http1Decoder& decoder,
                             std::optional<proto::RequestHead> head) {
  exchange_started_ = Clock::now();
  expired_ = client_gone_ = aborted_ = false;
  services_.active_exchanges.fetch_add(1, std::memory_order_relaxed);
  services_.metrics.exchanges.add(1);

  const bool complete = co_await read_request(exchange, decoder, std::move(head));
  keep_alive_ = complete && decoder.keep_alive() && requests_left_ > 1 &&
                !services_.draining.load(std::memory_order_relaxed);

  if (exchange.phase() != flow::Phase::RequestHead) {
    if (!exchange.settled()) {
      const Clock::time_point begun = Clock::now();
      if (exchange.request_bytes() > kBigBody) {
        std::function<void()> work = [&exchange] { exchange.decide(); };
        co_await run_on(services_.cpu, std::move(work));
      } else {
        exchange.decide();
      }
      services_.metrics.decide_seconds.observe_us(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count()));
    }
    exchange_ = &exchange;
    co_await carry_out(exchange);
    exchange_ = nullptr;
    co_await flush();
    count(exchange);
  }
  clear_deadline();
  upstream_.reset();
  client_unwatched_ = false;
  ++watch_generation_;
  services_.metrics.exchanges.add(-1);
  services_.active_exchanges.fetch_sub(1, std::memory_order_relaxed);
  co_return keep_alive_ && !aborted_ && !client_gone_ && !shutting_down_ && client_.open();
}

void Connection::count(const flow::Exchange& exchange) {
  switch (exchange.decision().action) {
    case policy::Action::Allow:
      services_.metrics.allowed.add();
      break;
    case policy::Action::Redact:
      services_.metrics.redacted.add();
      break;
    case policy::Action::Block:
      services_.metrics.blocked.add();
      break;
    case policy::Action::Divert:
      services_.metrics.diverted.add();
      break;
  }
  services_.metrics.exchange_seconds.observe_us(elapsed_us());
}

/// Reads head and body. True if the request was read to its end, so that another may follow.
Task<bool> Connection::read_request(flow::Exchange& exchange, proto::Http1Decoder& decoder,
                                    std::optional<proto::RequestHead> head) {
  const auto& limits = services_.options.limits;
  if (head) {
    minor_version_ = static_cast<std::uint32_t>(head->minor_version);
    exchange.request_head(std::move(*head));
    set_deadline(Deadline::FailRequest, limits.body_timeout);
  } else {
    set_deadline(Deadline::FailRequest, limits.head_timeout);
  }
  bool complete = false;
  while (!complete &&
         (exchange.phase() == flow::Phase::RequestHead || exchange.wants_request_body())) {
    co_await carry_out(exchange);  // 100 Continue
    Read read = co_await next_event(decoder);
    if (read.kind == Read::Kind::Malformed) {
      services_.metrics.malformed.add();
      exchange.request_failed(read.error);
      break;
    }
    if (read.kind == Read::Kind::TimedOut) {
      exchange.timed_out();
      break;
    }
    if (read.kind == Read::Kind::Closed) {
      if (shutting_down_)
        exchange.shut_down();
      else if (exchange.phase() != flow::Phase::RequestHead)
        exchange.client_closed();
      client_gone_ = true;
      break;
    }
    if (auto* begin = std::get_if<proto::RequestHead>(&*read.event)) {
      minor_version_ = static_cast<std::uint32_t>(begin->minor_version);
      exchange.request_head(std::move(*begin));
      set_deadline(Deadline::FailRequest, limits.body_timeout);
    } else if (const auto* body = std::get_if<proto::BodyBytes>(&*read.event)) {
      exchange.request_body(body->bytes);
    } else {
      complete = true;
    }
  }
  // A refusal that came with the head: a body that is not there needs no reading.
  if (!complete && !exchange.wants_request_body() && !client_gone_ && !expired_) {
    std::size_t used = 0;
    auto polled = decoder.poll(unread(), used);
    consume(used);
    complete = polled && *polled && std::holds_alternative<proto::MessageEnd>(**polled);
  }
  clear_deadline();
  co_return complete;
}

/// Carries out what the exchange asks until it asks nothing more.
Task<void> Connection::carry_out(flow::Exchange& exchange) {
  while (auto action = exchange.next()) {
    if (std::holds_alternative<flow::SendContinue>(*action)) {
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
      co_await flush();
    } else if (auto* decision = std::get_if<flow::AppendDecision>(&*action)) {
      const Clock::time_point begun = Clock::now();
      Sequence seq = co_await append(services_.log, std::move(decision->record));
      services_.metrics.record_seconds.observe_us(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count()));
      if (!seq) services_.metrics.record_failures.add();
      exchange.recorded(std::move(seq));
    } else if (auto* request = std::get_if<flow::Forward>(&*action)) {
      co_await forward(exchange, std::move(*request));
    } else if (auto* begin = std::get_if<flow::SendHead>(&*action)) {
      begin_answer(*begin);
    } else if (const auto* body = std::get_if<flow::SendBody>(&*action)) {
      add_to_answer(body->bytes);
    } else if (std::holds_alternative<flow::SendEnd>(*action)) {
      if (chunked_) proto::append_last_chunk(out_);
    } else if (std::holds_alternative<flow::AbortAnswer>(*action)) {
      aborted_ = true;
    } else if (auto* completion = std::get_if<flow::AppendCompletion>(&*action)) {
      services_.log.append_soon(std::move(completion->record), [services = &services_](auto seq) {
        if (!seq) services->metrics.record_failures.add();
      });
    }
  }
}

// ---------------------------------------------------------------- the answer on the wire

void Connection::begin_answer(flow::SendHead& action) {
  proto::ResponseHead& head = action.head;
  bodyless_ = action.no_body;
  chunked_ = false;
  if (action.content_length) {
    head.headers.add("Content-Length", std::to_string(*action.content_length));
  } else if (!bodyless_) {
    if (minor_version_ >= 1) {
      head.headers.add("Transfer-Encoding", "chunked");
      chunked_ = true;
    } else {
      keep_alive_ = false;
    }
  }
  if (!keep_alive_)
    head.headers.add("Connection", "close");
  else if (minor_version_ == 0)
    head.headers.add("Connection", "keep-alive");
  head.minor_version = 1;
  proto::append_head(out_, head);
}

void Connection::add_to_answer(std::string_view bytes) {
  if (bodyless_) return;
  if (chunked_)
    proto::append_chunk(out_, bytes);
  else
    out_ += bytes;
}

Task<void> Connection::flush() {
  if (out_.empty() || client_gone_) {
    out_.clear();
    co_return;
  }
  const Deadline before = deadline_;
  const Clock::time_point before_at = deadline_at_;
  set_deadline(Deadline::CloseClient, services_.options.limits.write_timeout);
  const IoStatus status = co_await client_.write_all(out_);
  deadline_ = before;
  deadline_at_ = before_at;
  out_.clear();
  last_activity_ = Clock::now();
  if (status != IoStatus::Done) client_gone_ = true;
}

// ---------------------------------------------------------------- the provider

/// While the provider works, a client that goes away must stop it: tokens cost money. Begins with
/// the first tick, because most waits are over before it and each watch costs a system call.
void Connection::watch_client() {
  if (!unread().empty()) return;  // a pipelined request: the client is there
  const std::uint64_t generation = ++watch_generation_;
  client_.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this(), generation](
                                                          boost::system::error_code error) {
    if (error || generation != self->watch_generation_) return;
    self->client_readable();
  });
}

void Connection::client_readable() {
  char byte = 0;
  const IoResult result = client_.read(&byte, 1);
  if (result.status == IoStatus::Done) {
    in_.erase(0, in_begin_);
    in_begin_ = 0;
    in_.push_back(byte);
  } else if (result.status == IoStatus::Closed || result.status == IoStatus::Failed) {
    client_gone_ = true;
    if (upstream_) upstream_->stream.close();
  } else {
    watch_client();  // a TLS record without data
  }
}

Task<void> Connection::forward(flow::Exchange& exchange, flow::Forward request) {
  const auto& options = services_.options.upstream;
  proto::Authority authority = exchange.authority();
  const std::string key = authority.host + ":" + std::to_string(authority.port);
  std::string wire;
  proto::append_head(wire, request.head);
  const bool together = request.body.size() <= kOneWrite;
  if (together) wire += request.body;

  for (int attempt = 0;; ++attempt) {
    expired_ = false;
    if (attempt == 0) {
      upstream_ = thread_.pool().take(key);
      client_unwatched_ = true;
    }
    if (upstream_) {
      services_.metrics.upstream_reused.add();
    } else {
      upstream_ = std::make_unique<UpstreamConnection>(thread_.io());
      set_deadline(Deadline::FailUpstream, options.connect_timeout + options.handshake_timeout);
      auto connected = co_await thread_.pool().connect(*upstream_, authority, true, false);
      clear_deadline();
      services_.metrics.upstream_opened.add();
      if (!connected || client_gone_) {
        upstream_.reset();
        exchange.set_elapsed_ms(elapsed_us() / 1000);
        if (client_gone_)
          exchange.client_closed();
        else if (shutting_down_)
          exchange.shut_down();
        else if (expired_)
          exchange.upstream_failed(flow::UpstreamFailure::TimedOut, "no connection");
        else
          exchange.upstream_failed(connected.error().failure, connected.error().detail);
        if (!client_gone_) services_.metrics.upstream_failures.add();
        co_return;
      }
    }
    const bool reused = upstream_->reused;
    proto::Http1Decoder decoder(proto::Http1Decoder::Role::Response, services_.options.limits);
    decoder.expect_response_to(request.head.method);
    upstream_in_.clear();
    set_deadline(Deadline::FailUpstream, options.response_head_timeout);
    IoStatus written = co_await upstream_->stream.write_all(wire);
    if (written == IoStatus::Done && !together)
      written = co_await upstream_->stream.write_all(request.body);
    // Also after a failed write: the provider may have answered before it stopped reading.
    const Answer answer = co_await read_answer(exchange, decoder);
    clear_deadline();
    streaming_ = false;
    exchange.set_elapsed_ms(elapsed_us() / 1000);
    // A kept connection that the provider closed just then: it never saw the request.
    const bool again = answer == Answer::Nothing && reused && attempt == 0 && !client_gone_ &&
                       !expired_ && !shutting_down_;
    if (again) {
      upstream_.reset();
      continue;
    }
    if (answer == Answer::Complete) {
      exchange.response_end();
      if (decoder.keep_alive() && upstream_in_.empty() && upstream_->stream.open()) {
        thread_.pool().give_back(std::move(upstream_));
      }
    } else if (client_gone_) {
      exchange.client_closed();
    } else if (shutting_down_) {
      exchange.shut_down();
    } else if (!exchange.settled()) {
      services_.metrics.upstream_failures.add();
      if (expired_)
        exchange.timed_out();
      else
        exchange.upstream_failed(flow::UpstreamFailure::Broken, {});
    }
    upstream_.reset();
    co_return;
  }
}

/// Feeds the answer to the exchange as it arrives, and what the exchange makes of it to the client.
Task<Connection::Answer> Connection::read_answer(flow::Exchange& exchange,
                                                 proto::Http1Decoder& decoder) {
  Stream& stream = upstream_->stream;
  bool any = false;
  std::size_t begin = 0;
  for (;;) {
    std::size_t used = 0;
    auto polled = decoder.poll(std::string_view(upstream_in_).substr(begin), used);
    begin += used;
    if (!polled) {
      exchange.upstream_failed(flow::UpstreamFailure::BadAnswer, polled.error().what);
      co_return Answer::Broken;
    }
    if (*polled) {
      if (auto* head = std::get_if<proto::ResponseHead>(&**polled)) {
        any = true;
        if (head->status == 101) {
          exchange.upstream_failed(flow::UpstreamFailure::BadAnswer,
                                   "it switched protocols unasked");
          co_return Answer::Broken;
        }
        if (head->status >= 200) exchange.response_head(std::move(*head));
      } else if (const auto* body = std::get_if<proto::BodyBytes>(&**polled)) {
        exchange.response_body(body->bytes);
      } else {
        upstream_in_.erase(
            0, begin);  // what is left would be the beginning of an answer nobody asked for
        co_await carry_out(exchange);
        co_return Answer::Complete;
      }
      if (exchange.settled()) co_return Answer::Broken;
      continue;
    }
    upstream_in_.erase(0, begin);
    begin = 0;
    co_await carry_out(exchange);
    co_await flush();
    if (client_gone_) co_return Answer::Broken;
    if (any) set_deadline(Deadline::FailUpstream, services_.options.upstream.idle_timeout);
    const std::size_t old_size = upstream_in_.size();
    upstream_in_.resize_and_overwrite(old_size + kUpstreamReadSize,
                                      [](char*, std::size_t size) { return size; });
    streaming_ = any;
    if (!any) co_await stream.readable();
    const IoResult result =
        co_await stream.read_some(upstream_in_.data() + old_size, kUpstreamReadSize);
    streaming_ = false;
    upstream_in_.resize(old_size + result.bytes);
    if (result.status == IoStatus::Done) {
      any = true;
      last_activity_ = Clock::now();
      continue;
    }
    if (result.status != IoStatus::Closed) co_return any ? Answer::Broken : Answer::Nothing;
    auto finished = decoder.finish();
    if (!finished || !*finished) co_return any ? Answer::Broken : Answer::Nothing;
    co_return Answer::Complete;
  }
}

}  // namespace customhouse::net
