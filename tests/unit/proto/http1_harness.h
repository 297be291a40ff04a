// Feeds a decoder and writes down what came out, so that two ways of cutting the same bytes can be
// compared.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/proto/http1.h"

namespace customhouse::proto {

struct Transcript {
  std::string events;  // bodies joined: where a body is cut is not part of the meaning
  int error = 0;       // status, 0 if none
  std::string what;
  bool keep_alive = false;
  bool operator==(const Transcript&) const = default;
};

class Http1Harness {
 public:
  Http1Harness(Http1Decoder::Role role, const HttpLimits& limits, std::string_view method = {})
      : decoder_(role, limits) {
    decoder_.expect_response_to(method);
  }

  void feed(std::string_view piece) {
    pending_ += piece;
    for (;;) {
      std::size_t used = 0;
      auto polled = decoder_.poll(pending_, used);
      if (polled && *polled) std::visit([this](const auto& event) { note(event); }, **polled);
      pending_.erase(0, used);
      if (!polled) return fail(polled.error());
      if (!*polled) return;
    }
  }

  Transcript finish() {
    auto finished = decoder_.finish();
    if (!finished)
      fail(finished.error());
    else if (*finished)
      std::visit([this](const auto& event) { note(event); }, **finished);
    transcript_.keep_alive = decoder_.keep_alive();
    return transcript_;
  }

  Http1Decoder& decoder() { return decoder_; }
  const Transcript& so_far() const { return transcript_; }
  const std::string& pending() const { return pending_; }

 private:
  void note_headers(const HeaderList& headers) {
    for (const auto& [name, value] : headers.fields()) {
      transcript_.events += "|" + name + "=" + value;
    }
    transcript_.events += "]";
    in_body_ = false;
  }
  void note(const RequestHead& head) {
    transcript_.events +=
        "[" + head.method + " " + head.target + " 1." + std::to_string(head.minor_version);
    note_headers(head.headers);
  }
  void note(const ResponseHead& head) {
    transcript_.events += "[" + std::to_string(head.status) + " " + head.reason + " 1." +
                          std::to_string(head.minor_version);
    note_headers(head.headers);
  }
  void note(const BodyBytes& body) {
    if (!in_body_) transcript_.events += "body:";
    in_body_ = true;
    transcript_.events += body.bytes;
  }
  void note(const MessageEnd& end) {
    transcript_.events += "[end";
    note_headers(end.trailers);
  }
  void fail(const ProtocolError& error) {
    transcript_.error = error.status;
    transcript_.what = error.what;
  }

  Http1Decoder decoder_;
  std::string pending_;
  Transcript transcript_;
  bool in_body_ = false;
};

inline Transcript read_pieces(Http1Decoder::Role role, const std::vector<std::string_view>& pieces,
                              const HttpLimits& limits = {}, std::string_view method = {}) {
  Http1Harness harness(role, limits, method);
  for (const std::string_view piece : pieces) harness.feed(piece);
  return harness.finish();
}

}  // namespace customhouse::proto
