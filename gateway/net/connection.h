// A client's connection: proxy, base-URL or admin. Reads requests, hands governed ones to an
// Exchange, carries out what the exchange asks, and relays tunnels.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/flow/exchange.h"
#include "gateway/net/asio.h"
#include "gateway/net/io_thread.h"
#include "gateway/net/stream.h"
#include "gateway/net/upstream.h"
#include "gateway/proto/http1.h"

namespace customhouse::net {

enum class Entry : std::uint8_t { Proxy, Api, Admin };

/// Lives on its thread; kept alive by its own coroutine. The public calls below come from the
/// thread's tick and never block.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(IoThread& thread, tcp::socket socket, Entry entry, std::string client_address);
  ~Connection();

  /// The whole life of the connection. `self` keeps it alive.
  static Task<void> run(std::shared_ptr<Connection> self);

  void on_tick(Clock::time_point now);
  void close_if_idle();
  void shut_down();

 private:
  // What ends a wait that the client or provider does not end.
  enum class Deadline : std::uint8_t { None, CloseClient, FailRequest, FailUpstream };

  struct Read {
    enum class Kind : std::uint8_t { Event, Malformed, Closed, TimedOut } kind = Kind::Closed;
    std::optional<proto::HttpEvent> event;
    proto::ProtocolError error{};
  };

  // connection.cc: requests
  Task<void> serve_proxy();
  Task<void> serve_api();
  Task<void> serve_admin();
  Task<void> intercept(proto::Authority authority, const provider::Provider& provider);
  Task<void> serve_exchanges(proto::Authority authority);
  Task<bool> serve_exchange(proto::Http1Decoder& decoder, flow::ExchangeContext context,
                            std::optional<proto::RequestHead> head);
  Task<bool> wait_for_request();
  Task<Read> next_event(proto::Http1Decoder& decoder);
  Task<std::optional<proto::RequestHead>> read_head(proto::Http1Decoder& decoder);
  Task<IoStatus> fill();
  Task<void> answer_plainly(int status, std::string message, std::string code);
  Task<void> linger();
  std::string_view unread() const noexcept;
  void consume(std::size_t bytes) noexcept;
  void drop_input() noexcept;  // and its memory
  flow::ExchangeContext exchange_context(proto::Authority authority,
                                         const provider::Provider* provider);
  void record_refusal(const std::string& host, std::string reason);

  // exchange_driver.cc: one exchange
  Task<bool> drive(flow::Exchange& exchange, proto::Http1Decoder& decoder,
                   std::optional<proto::RequestHead> head);
  Task<bool> read_request(flow::Exchange& exchange, proto::Http1Decoder& decoder,
                          std::optional<proto::RequestHead> head);
  Task<void> carry_out(flow::Exchange& exchange);
  Task<void> forward(flow::Exchange& exchange, flow::Forward request);
  enum class Answer : std::uint8_t { Nothing, Complete, Broken };
  Task<Answer> read_answer(flow::Exchange& exchange, proto::Http1Decoder& decoder);
  void begin_answer(flow::SendHead& action);
  void add_to_answer(std::string_view bytes);
  Task<void> flush();
  void watch_client();
  void client_readable();
  void count(const flow::Exchange& exchange);
  std::uint64_t elapsed_us() const;

  // tunnel.cc: what is passed on unread
  Task<void> tunnel(proto::Authority authority);
  Task<void> forward_plain_http(proto::RequestHead head, proto::Http1Decoder& decoder);
  struct Tunnel;
  Task<void> relay(Stream& upstream);
  static Task<void> copy(std::shared_ptr<Connection> self, Stream& from, Stream& to,
                         std::shared_ptr<Tunnel> tunnel);

  void set_deadline(Deadline kind, std::chrono::milliseconds after) noexcept;
  void clear_deadline() noexcept { deadline_ = Deadline::None; }

  IoThread& thread_;
  Services& services_;
  Stream client_;
  const Entry entry_;
  const std::string client_address_;
  std::string server_name_;  // SNI

  std::string in_;  // bytes read from the client, from in_begin_ on not yet used
  std::size_t in_begin_ = 0;
  std::string out_;  // bytes for the client, not yet written
  std::string upstream_in_;

  Deadline deadline_ = Deadline::None;
  Clock::time_point deadline_at_;
  Clock::time_point last_activity_;
  Clock::time_point exchange_started_;

  flow::Exchange* exchange_ = nullptr;  // the one being answered, for pings
  UpstreamPointer upstream_;
  std::uint64_t watch_generation_ = 0;
  bool client_unwatched_ = false;    // the provider works since the last tick: see watch_client()
  std::size_t requests_left_ = 2;    // the last answer says Connection: close
  std::uint32_t minor_version_ = 1;  // of the request being answered
  bool idle_ = false;                // between requests: may be closed without loss
  bool expired_ = false;             // a deadline passed
  bool client_gone_ = false;
  bool shutting_down_ = false;
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool bodyless_ = false;
  bool aborted_ = false;    // the answer broke off: the client must see it
  bool streaming_ = false;  // waiting for more of an answer
};

}  // namespace customhouse::net
