// One request and its answer (RFC 9110 "exchange"), without I/O: facts go in as calls, what is to
// be done comes out as actions. It knows neither sockets nor clocks nor which HTTP version carries
// it. ARCHITECTURE.md walks through the phases in the order in which they stand here.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "audit/record.h"
#include "gateway/flow/snapshot.h"
#include "gateway/proto/authority.h"
#include "gateway/proto/content_coding.h"
#include "gateway/proto/http1.h"
#include "gateway/provider/answer_restorer.h"
#include "gateway/provider/operation.h"
#include "policy/decision.h"

namespace customhouse::flow {

enum class Phase : std::uint8_t {
  RequestHead,  // nothing known yet
  RequestBody,  // head accepted; body arriving, content codings undone
  Decided,      // body read, scanned and judged; the decision record is on its way to the ledger
  // Beyond this point the decision is durable and nothing about it changes.
  Recorded,
  Forwarding,    // the edited request may leave
  ResponseHead,  // the answer's head went to the client
  ResponseBody,  // the answer streams, restored
  Settled,       // completion recorded; every exchange ends here, failed ones too
};

/// How an exchange ended, as the ledger says it.
enum class Outcome : std::uint8_t {
  Complete,
  Refused,
  ClientClosed,
  UpstreamFailed,
  Truncated,
  TimedOut,
  Shutdown
};
std::string_view to_string(Outcome outcome) noexcept;

/// What the edge knows about an exchange before its first byte.
struct ExchangeContext {
  std::string id;              // UUIDv7
  std::string client_address;  // only its keyed pseudonym is recorded
  proto::Authority authority;  // where the client asked to go
  std::string server_name;     // SNI of the client's TLS, lower case; empty if it sent none
  const provider::Provider* provider = nullptr;  // in snapshot->providers
  std::shared_ptr<const Snapshot> snapshot;
  std::size_t max_body_bytes = 0;  // of the decoded request body
};

// Actions, to be carried out in order.
struct SendContinue {};
struct AppendDecision {
  audit::Record record;  // answer with recorded()
};
struct Forward {
  proto::RequestHead head;  // origin-form, Content-Length set, hop-by-hop fields gone
  std::string body;
};
struct SendHead {
  proto::ResponseHead head;                     // without framing fields
  std::optional<std::uint64_t> content_length;  // unknown: the wire chooses chunked or close
  bool no_body = false;                         // answers HEAD, or 204 or 304
};
struct SendBody {
  std::string bytes;
};
struct SendEnd {};
struct AbortAnswer {};  // the answer cannot be completed: close the client so that it sees it
struct AppendCompletion {
  audit::Record record;
};
using Action = std::variant<SendContinue, AppendDecision, Forward, SendHead, SendBody, SendEnd,
                            AbortAnswer, AppendCompletion>;

/// Why the provider could not be reached or asked. No request byte has left for any but `Broken`.
enum class UpstreamFailure : std::uint8_t {
  Unresolved,
  Unreachable,
  BadCertificate,
  TimedOut,
  Broken,
  BadAnswer
};

/// Not thread-safe; one thread at a time.
class Exchange {
 public:
  explicit Exchange(ExchangeContext context);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The request arrives.
  void request_head(proto::RequestHead head);
  void request_body(std::string_view bytes);
  /// The body is complete. Work of decide() grows with it: big ones belong on another thread.
  std::size_t request_bytes() const noexcept { return body_.size(); }
  void decide();
  /// The request is malformed or over a limit: refused, recorded, never sent.
  void request_failed(const proto::ProtocolError& error);

  // The ledger answers AppendDecision.
  void recorded(std::expected<std::uint64_t, std::string> seq);

  // The provider answers Forward.
  void response_head(proto::ResponseHead head);
  void response_body(std::string_view bytes);
  void response_end();
  void upstream_failed(UpstreamFailure failure, std::string_view detail);
  /// Nothing came for a while: a comment keeps intermediaries from cutting an event stream.
  void silence();

  // The other end.
  void client_closed();
  void timed_out();
  void shut_down();
  /// Time since the first byte, for the completion record; call before the event that may settle
  /// it.
  void set_elapsed_ms(std::uint64_t milliseconds) noexcept { elapsed_ms_ = milliseconds; }

  std::optional<Action> next();
  Phase phase() const noexcept { return phase_; }
  bool settled() const noexcept { return phase_ == Phase::Settled; }
  /// True while the client still waits for request bytes to be read (no refusal yet).
  bool wants_request_body() const noexcept { return phase_ == Phase::RequestBody && !refusal_; }
  const proto::Authority& authority() const noexcept { return context_.authority; }
  const policy::Decision& decision() const noexcept { return decision_; }

 private:
  struct Refusal {
    int status;
    std::string code, message;
  };
  void refuse(int status, std::string code, std::string message, std::string rule);
  void answer_refusal();
  void fill_record();
  void build_forward(std::string body);
  void settle(Outcome outcome);
  void emit_body(std::string bytes);

  ExchangeContext context_;
  Phase phase_ = Phase::RequestHead;
  std::deque<Action> actions_;

  proto::RequestHead request_;
  provider::Operation operation_;
  std::optional<proto::ContentDecoder> request_decoder_;
  std::string body_;
  policy::Decision decision_;
  std::optional<Refusal> refusal_;
  std::optional<Forward> forward_;
  audit::Record record_;  // what decision and completion say alike; moved into the completion

  std::optional<proto::ContentDecoder> response_decoder_;
  std::unique_ptr<provider::AnswerRestorer> restorer_;
  int response_status_ = 0;
  std::uint64_t response_bytes_ = 0;
  bool event_stream_ = false;
  bool head_sent_ = false;
  int newlines_at_end_ = 2;  // of what was sent of an event stream: 2 = between events
  std::uint64_t elapsed_ms_ = 0;
};

}  // namespace customhouse::flow
