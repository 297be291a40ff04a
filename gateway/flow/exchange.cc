#include "gateway/flow/exchange.h"

#include <algorithm>
#include <utility>

#include "audit/digest.h"
#include "gateway/flow/request_rewrite.h"
#include "gateway/provider/refusal.h"
#include "policy/edit.h"
#include "policy/evaluator.h"

namespace customhouse::flow {

namespace {

/// The media type in lower case, without parameters.
std::string media_type(const proto::HeaderList& headers) {
  const std::string* value = headers.find("Content-Type");
  if (value == nullptr) return {};
  std::string type = value->substr(0, value->find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  std::ranges::transform(type, type.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  });
  return type;
}

std::string header_or_empty(const proto::HeaderList& headers, std::string_view name) {
  const std::string* value = headers.find(name);
  return value == nullptr ? std::string{} : *value;
}

audit::Coverage to_audit(const policy::Coverage& coverage) {
  audit::Coverage result;
  result.scanned = coverage.scanned;
  result.decoded = coverage.decoded;
  result.skipped = coverage.skipped;
  for (const auto& skip : coverage.reasons) result.reasons.emplace_back(skip.reason, skip.bytes);
  return result;
}

enum class TargetFit { Here, Elsewhere, Malformed };

/// An origin takes absolute-form too (RFC 9112 §3.2.2); the provider gets origin-form.
TargetFit to_origin_form(proto::RequestHead& head, const proto::Authority& here) {
  const bool origin_form =
      head.target.starts_with('/') || head.target == "*" || head.method == "CONNECT";
  if (origin_form) return TargetFit::Here;
  auto absolute = proto::parse_absolute_target(head.target);
  if (!absolute) return TargetFit::Malformed;
  const proto::Authority& named = absolute->authority;
  if (absolute->scheme != "https" || named.host != here.host || named.port != here.port)
    return TargetFit::Elsewhere;
  head.target = std::move(absolute->origin_form);
  return TargetFit::Here;
}

struct FailureAnswer {
  int status;
  std::string_view code, message;
};

FailureAnswer describe(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::Unresolved:
      return {502, "upstream_unresolved", "the provider's host name could not be resolved"};
    case UpstreamFailure::Unreachable:
      return {502, "upstream_unreachable", "the provider could not be reached"};
    case UpstreamFailure::BadCertificate:
      return {502, "upstream_certificate",
              "the provider's certificate could not be verified; nothing was sent"};
    case UpstreamFailure::TimedOut:
      return {504, "upstream_timeout", "the provider did not answer in time"};
    case UpstreamFailure::Broken:
      return {502, "upstream_broken", "the provider closed the connection before answering"};
    case UpstreamFailure::BadAnswer:
      return {502, "upstream_bad_answer", "the provider's answer was malformed"};
  }
  return {502, "upstream_failed", "the provider failed"};
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::Complete:
      return "complete";
    case Outcome::Refused:
      return "refused";
    case Outcome::ClientClosed:
      return "client_closed";
    case Outcome::UpstreamFailed:
      return "upstream_failed";
    case Outcome::Truncated:
      return "truncated";
    case Outcome::TimedOut:
      return "timed_out";
    case Outcome::Shutdown:
      return "shutdown";
  }
  return "unknown";
}

Exchange::Exchange(ExchangeContext context) : context_(std::move(context)) {}

Exchange::~Exchange() {
  // What was taken out of the prompt does not outlive the exchange in freed memory.
  for (auto& entry : decision_.restores) {
    volatile char* bytes = entry.value.data();
    for (std::size_t i = 0; i < entry.value.size(); ++i) bytes[i] = 0;
  }
}

std::optional<Action> Exchange::next() {
  if (actions_.empty()) return std::nullopt;
  Action action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

// ---------------------------------------------------------------- RequestHead -> RequestBody

void Exchange::request_head(proto::RequestHead head) {
  request_ = std::move(head);
  phase_ = Phase::RequestBody;
  const TargetFit target = to_origin_form(request_, context_.authority);
  operation_ = provider::classify(context_.provider->family, request_.method, request_.target);
  const auto& headers = request_.headers;

  if (!context_.server_name.empty() && context_.server_name != context_.authority.host) {
    refuse(421, "misdirected_request",
           "the TLS server name is another host than the proxy was asked for; open a connection to "
           "that host",
           "customhouse.misdirected");
    return;
  }
  if (const std::string* host = headers.find("Host"); host != nullptr) {
    auto named = proto::parse_authority(*host, context_.authority.port);
    if (!named || named->host != context_.authority.host ||
        named->port != context_.authority.port) {
      refuse(421, "misdirected_request",
             "Host names another host than the connection is for; open a connection to that host",
             "customhouse.misdirected");
      return;
    }
  }
  if (target == TargetFit::Elsewhere) {
    refuse(421, "misdirected_request",
           "the request's target names another host than the connection is for; open a connection "
           "to that host",
           "customhouse.misdirected");
    return;
  }
  if (request_.method == "CONNECT") {
    refuse(405, "method_not_allowed", "CONNECT inside an intercepted connection is not allowed",
           "customhouse.nested_connect");
    return;
  }
  if (target == TargetFit::Malformed) {
    refuse(400, "invalid_request", "the request's target is neither a path nor an https URL",
           "customhouse.invalid_request");
    return;
  }
  if (headers.count("Upgrade") != 0 && headers.has_token("Upgrade", "websocket")) {
    // 426 makes clients fall back to HTTP at once (DESIGN §5.3).
    refuse(426, "websocket_not_inspected",
           "WebSocket is not inspected by this gateway; use HTTP streaming (SSE)",
           "customhouse.websocket");
    return;
  }
  auto decoder = proto::ContentDecoder::create(header_or_empty(headers, "Content-Encoding"),
                                               context_.max_body_bytes);
  if (!decoder) {
    request_failed(decoder.error());
    return;
  }
  request_decoder_.emplace(std::move(*decoder));
  if (headers.has_token("Expect", "100-continue")) actions_.emplace_back(SendContinue{});
}

void Exchange::request_body(std::string_view bytes) {
  if (!wants_request_body()) return;
  if (auto fed = request_decoder_->feed(bytes, body_); !fed) request_failed(fed.error());
}

// ---------------------------------------------------------------- RequestBody -> Decided

void Exchange::request_failed(const proto::ProtocolError& error) {
  if (phase_ > Phase::RequestBody || refusal_) return;
  phase_ = Phase::RequestBody;
  const char* code = error.status == 413   ? "request_too_large"
                     : error.status == 415 ? "unsupported_content_coding"
                                           : "invalid_request";
  refuse(error.status, code, error.what, std::string("customhouse.") + code);
}

void Exchange::refuse(int status, std::string code, std::string message, std::string rule) {
  refusal_ = Refusal{status, std::move(code), std::move(message)};
  decision_.action = policy::Action::Block;
  decision_.rules = {std::move(rule)};
  decision_.reason = refusal_->message;
  decision_.restores.clear();
  body_.clear();
  forward_.reset();
}

void Exchange::decide() {
  if (phase_ != Phase::RequestBody) return;
  const Snapshot& snapshot = *context_.snapshot;
  std::string model;
  std::optional<policy::Coverage> coverage;
  record_.actor =
      actor_pseudonym(*snapshot.pseudonym_key, request_.headers, context_.client_address);

  if (!refusal_) {
    if (auto finished = request_decoder_->finish(); !finished) request_failed(finished.error());
  }
  if (!refusal_) {
    auto extraction =
        provider::extract(operation_, request_.target, media_type_and_parameters(request_.headers),
                          body_, snapshot.extraction_limits);
    if (!extraction) {
      refuse(extraction.error().status, "unreadable_request",
             "the gateway cannot read this request and does not send what it cannot read: " +
                 extraction.error().what,
             "customhouse.unreadable");
    } else {
      model = extraction->model();
      coverage = extraction->coverage();
      // The target is scanned too: ids and queries leave with it.
      std::vector<policy::TextSpan> spans = extraction->spans();
      const std::size_t body_spans = spans.size();
      const TargetParts target = split_target(request_.target);
      spans.push_back({target.scanned, "target", policy::SpanRole::Identifier});
      const policy::RequestFacts facts{context_.provider->id, context_.authority.host,
                                       context_.provider->jurisdiction, model, record_.actor};
      auto decision =
          policy::evaluate(*snapshot.rules, facts, spans, *coverage, *snapshot.pseudonym_key);
      if (!decision) {
        refuse(503, "scan_failed",
               "the request could not be scanned and was not sent: " + decision.error().what,
               "customhouse.scan_failed");
      } else {
        decision_ = std::move(*decision);
        if (decision_.action == policy::Action::Block) {
          refusal_ = Refusal{400, "customhouse_policy_block", decision_.reason};
        } else {
          const auto first_in_target = std::ranges::find_if(
              decision_.replacements, [&](const policy::Replacement& replacement) {
                return replacement.span >= body_spans;
              });
          const std::span in_body(decision_.replacements.begin(), first_in_target);
          if (first_in_target != decision_.replacements.end()) {
            request_.target = edit_target(target, {first_in_target, decision_.replacements.end()});
          }
          std::string sent = in_body.empty() ? std::move(body_) : extraction->apply(in_body);
          record_.sha256_sent = audit::sha256_hex(sent);
          record_.request_bytes = sent.size();
          const bool restoring = !decision_.restores.empty();
          forward_ = Forward{rewrite_request(request_, context_.authority, sent.size(), restoring),
                             std::move(sent)};
        }
      }
    }
  }
  body_.clear();
  body_.shrink_to_fit();
  if (decision_.policy_digest.empty()) decision_.policy_digest = snapshot.rules->digest();

  record_.destination.model = std::move(model);
  fill_record();
  phase_ = Phase::Decided;
  AppendDecision append{record_};
  append.record.kind = "decision";
  if (coverage) append.record.coverage = to_audit(*coverage);
  for (const auto& finding : decision_.findings) {
    append.record.findings.push_back({finding.type, finding.rule, finding.location, finding.count});
  }
  actions_.emplace_back(std::move(append));
}

void Exchange::fill_record() {
  const Snapshot& snapshot = *context_.snapshot;
  record_.exchange = context_.id;
  if (record_.actor.empty()) {
    record_.actor =
        actor_pseudonym(*snapshot.pseudonym_key, request_.headers, context_.client_address);
  }
  record_.application = application_name(header_or_empty(request_.headers, "User-Agent"));
  record_.destination.provider = context_.provider->id;
  record_.destination.host = context_.authority.host;
  record_.destination.jurisdiction = context_.provider->jurisdiction;
  record_.method = known_method(request_.method);
  record_.path_class = std::string(operation_.name);
  record_.action = std::string(policy::to_string(decision_.action));
  record_.rules = decision_.rules;
  record_.policy = decision_.policy_digest;
  record_.reason = refusal_ ? refusal_->code : std::string{};
}

// ---------------------------------------------------------------- Decided -> Recorded ->
// Forwarding

void Exchange::recorded(std::expected<std::uint64_t, std::string> seq) {
  if (phase_ != Phase::Decided) return;
  if (!seq) {
    // No audit, no egress (promise 1). There is no ledger to take a completion either.
    forward_.reset();
    refusal_ = Refusal{503, "audit_unavailable",
                       "the audit ledger cannot be written, so nothing was sent: " + seq.error()};
    phase_ = Phase::Recorded;
    answer_refusal();
    phase_ = Phase::Settled;
    return;
  }
  record_.decision_seq = *seq;
  phase_ = Phase::Recorded;
  if (refusal_) {
    answer_refusal();
    settle(Outcome::Refused);
    return;
  }
  phase_ = Phase::Forwarding;
  actions_.emplace_back(std::move(*forward_));
  forward_.reset();
}

void Exchange::answer_refusal() {
  proto::ResponseHead head;
  head.status = refusal_->status;
  head.headers.add("Content-Type", "application/json");
  head.headers.add("Cache-Control", "no-store");
  head.headers.add("x-customhouse-exchange", context_.id);
  if (refusal_->status == 426) head.headers.add("Upgrade", "HTTP/1.1");
  // SDKs retry 408, 409, 429 and 5xx by themselves; only an outage of ours is worth that.
  head.headers.add("x-should-retry", refusal_->status == 503 ? "true" : "false");
  std::string body = provider::error_body(context_.provider->family, refusal_->status,
                                          refusal_->code, refusal_->message);
  response_status_ = refusal_->status;
  const std::uint64_t length = body.size();
  head_sent_ = true;
  const bool no_body = request_.method == "HEAD";
  actions_.emplace_back(SendHead{std::move(head), length, no_body});
  response_bytes_ += length;
  if (!no_body) actions_.emplace_back(SendBody{std::move(body)});
  actions_.emplace_back(SendEnd{});
}

void Exchange::upstream_failed(UpstreamFailure failure, std::string_view detail) {
  if (settled()) return;
  if (head_sent_) {
    // Visibly truncated: never a clean end that the provider did not send.
    if (restorer_) {
      std::string rest;
      restorer_->finish(true, rest);
      emit_body(std::move(rest));
    }
    actions_.emplace_back(AbortAnswer{});
    settle(Outcome::Truncated);
    return;
  }
  const FailureAnswer answer = describe(failure);
  std::string message(answer.message);
  if (!detail.empty()) message.append(": ").append(detail);
  refusal_ = Refusal{answer.status, std::string(answer.code), std::move(message)};
  record_.reason = refusal_->code;
  answer_refusal();
  settle(failure == UpstreamFailure::TimedOut ? Outcome::TimedOut : Outcome::UpstreamFailed);
}

// ---------------------------------------------------------------- ResponseHead, ResponseBody

void Exchange::response_head(proto::ResponseHead head) {
  if (phase_ != Phase::Forwarding) return;
  response_status_ = head.status;
  const std::string type = media_type(head.headers);
  const std::string coding = header_or_empty(head.headers, "Content-Encoding");
  std::optional<std::uint64_t> length;
  const bool no_body = request_.method == "HEAD" || head.status == 204 || head.status == 304;
  if (const std::string* declared = head.headers.find("Content-Length"); declared != nullptr) {
    // The decoder has checked it; digits only.
    length = std::strtoull(declared->c_str(), nullptr, 10);
  }
  proto::strip_hop_by_hop(head.headers);
  // HTTP/3 would go round the gateway (RFC 7838 §2.4 lets a proxy remove it).
  head.headers.remove("Alt-Svc");
  head.headers.remove("Content-Length");

  if (!decision_.restores.empty() && !no_body) {
    auto decoder = proto::ContentDecoder::create(coding, kMaxDecodedAnswerBytes);
    if (!decoder) {
      upstream_failed(UpstreamFailure::BadAnswer, decoder.error().what);
      return;
    }
    if (!decoder->identity()) {
      response_decoder_.emplace(std::move(*decoder));
      head.headers.remove("Content-Encoding");
    }
    head.headers.remove("Content-MD5");
    head.headers.remove("Digest");
    restorer_ = provider::AnswerRestorer::create(
        operation_, header_or_empty(head.headers, "Content-Type"), decision_.restores);
    length.reset();
  }
  // In a coded stream a comment cannot be put between events.
  event_stream_ =
      type == "text/event-stream" && (coding.empty() || response_decoder_ || coding == "identity");
  head_sent_ = true;
  phase_ = Phase::ResponseHead;
  actions_.emplace_back(SendHead{std::move(head), length, no_body});
}

void Exchange::emit_body(std::string bytes) {
  if (bytes.empty()) return;
  response_bytes_ += bytes.size();
  if (event_stream_) {
    // Count the line ends at the end, CR ignored: two of them and we stand between events.
    int newlines = 0;
    std::size_t i = bytes.size();
    while (i > 0 && newlines < 2 && (bytes[i - 1] == '\n' || bytes[i - 1] == '\r')) {
      if (bytes[--i] == '\n') ++newlines;
    }
    newlines_at_end_ = i == 0 ? std::min(2, newlines_at_end_ + newlines) : newlines;
  }
  actions_.emplace_back(SendBody{std::move(bytes)});
}

void Exchange::response_body(std::string_view bytes) {
  if (phase_ != Phase::ResponseHead && phase_ != Phase::ResponseBody) return;
  phase_ = Phase::ResponseBody;
  if (!restorer_) {
    emit_body(std::string(bytes));
    return;
  }
  std::string decoded;
  std::string out;
  if (response_decoder_) {
    if (auto fed = response_decoder_->feed(bytes, decoded); !fed) {
      upstream_failed(UpstreamFailure::BadAnswer, fed.error().what);
      return;
    }
    bytes = decoded;
  }
  if (auto fed = restorer_->feed(bytes, out); !fed) {
    upstream_failed(UpstreamFailure::BadAnswer, fed.error().what);
    return;
  }
  emit_body(std::move(out));
}

void Exchange::response_end() {
  if (phase_ != Phase::ResponseHead && phase_ != Phase::ResponseBody) return;
  if (response_decoder_) {
    if (auto finished = response_decoder_->finish(); !finished) {
      upstream_failed(UpstreamFailure::BadAnswer, finished.error().what);
      return;
    }
  }
  if (restorer_) {
    std::string rest;
    restorer_->finish(false, rest);
    emit_body(std::move(rest));
  }
  actions_.emplace_back(SendEnd{});
  settle(Outcome::Complete);
}

void Exchange::silence() {
  if (!event_stream_ || newlines_at_end_ < 2) return;
  if (phase_ != Phase::ResponseHead && phase_ != Phase::ResponseBody) return;
  actions_.emplace_back(SendBody{": ping\n\n"});
}

// ---------------------------------------------------------------- Settled

void Exchange::client_closed() {
  settle(Outcome::ClientClosed);
}
void Exchange::shut_down() {
  if (!settled()) actions_.emplace_back(AbortAnswer{});
  settle(Outcome::Shutdown);
}

void Exchange::timed_out() {
  if (settled()) return;
  if (phase_ <= Phase::RequestBody) {
    request_failed({408, "the request did not arrive in time"});
    decide();
    return;
  }
  upstream_failed(UpstreamFailure::TimedOut, {});
}

void Exchange::settle(Outcome outcome) {
  if (settled()) return;
  const bool decided = phase_ >= Phase::Decided;
  if (!decided) {
    // Nothing was judged and nothing left: the ledger still says that somebody tried.
    decision_.action = policy::Action::Block;
    decision_.policy_digest = context_.snapshot->rules->digest();
    record_.kind = "decision";
    fill_record();
    record_.action = "block";
    record_.reason = std::string(to_string(outcome));
    actions_.emplace_back(AppendCompletion{std::move(record_)});
    phase_ = Phase::Settled;
    return;
  }
  phase_ = Phase::Settled;
  record_.kind = "completion";
  if (response_status_ != 0) record_.response_status = response_status_;
  record_.response_bytes = response_bytes_;
  record_.duration_ms = elapsed_ms_;
  record_.outcome = std::string(to_string(outcome));
  actions_.emplace_back(AppendCompletion{std::move(record_)});
}

}  // namespace customhouse::flow
