// HTTP/1 messages: whatever the bytes, reading them whole, in two parts and in small pieces gives
// the same events and the same error, and what was read can be written and read back.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/proto/http1.h"

namespace {

using namespace customhouse::proto;

// Small, so that the fuzzer meets them.
constexpr HttpLimits kLimits{.max_head_bytes = 512,
                             .max_header_count = 8,
                             .max_target_bytes = 64,
                             .max_body_bytes = 256,
                             .max_chunk_extension_bytes = 16,
                             .max_trailer_bytes = 64};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Writer {
  std::string text;
  bool in_body = false;

  void operator()(const RequestHead& head) { write_head(head); }
  void operator()(const ResponseHead& head) { write_head(head); }
  void operator()(const BodyBytes& body) {
    require(!body.bytes.empty());
    if (!in_body) text += "<body>";
    in_body = true;
    text += body.bytes;
  }
  void operator()(const MessageEnd& end) {
    in_body = false;
    text += "<end>";
    append_last_chunk(text, end.trailers);
  }

 private:
  template <typename Head>
  void write_head(const Head& head) {
    in_body = false;
    text += "<head>";
    append_head(text, head);
  }
};

std::string read(Http1Decoder::Role role, std::string_view input, std::size_t first,
                 std::size_t step) {
  Http1Decoder decoder(role, kLimits);
  Writer writer;
  std::size_t begin = 0;
  std::size_t end = std::min(first, input.size());
  for (;;) {
    std::size_t used = 0;
    const auto polled = decoder.poll(input.substr(begin, end - begin), used);
    if (!polled) {
      require(!polled.error().what.empty() && !decoder.keep_alive());
      return writer.text + "<error " + polled.error().what + ">";
    }
    require(used <= end - begin);
    begin += used;
    if (*polled) {
      std::visit(writer, **polled);
      continue;
    }
    if (end == input.size()) break;
    end = std::min(end + step, input.size());
  }
  const auto finished = decoder.finish();
  if (!finished) return writer.text + "<truncated>";
  if (*finished) std::visit(writer, **finished);
  return writer.text;
}

/// A head that was accepted must mean the same to the next reader of our own serialisation.
void check_round_trip(std::string_view input) {
  Http1Decoder decoder(Http1Decoder::Role::Request, kLimits);
  std::size_t used = 0;
  const auto polled = decoder.poll(input, used);
  if (!polled || !*polled) return;
  const auto& head = std::get<RequestHead>(**polled);
  std::string wire;
  append_head(wire, head);
  const HttpLimits wider;  // ": " may be longer than what came
  Http1Decoder again(Http1Decoder::Role::Request, wider);
  const auto reread = again.poll(wire, used);
  require(reread && *reread && used == wire.size());
  std::string rewritten;
  append_head(rewritten, std::get<RequestHead>(**reread));
  require(rewritten == wire);
  HeaderList stripped = head.headers;
  strip_hop_by_hop(stripped);
  require(stripped.count("Content-Length") == head.headers.count("Content-Length"));
  require(stripped.count("Transfer-Encoding") == 0 && stripped.count("Connection") == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto role = (data[0] & 1) != 0 ? Http1Decoder::Role::Response : Http1Decoder::Role::Request;
  const std::size_t cut = data[1];
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = read(role, input, input.size(), 1);
  require(read(role, input, cut, input.size()) == whole);
  require(read(role, input, 1, 1) == whole);
  require(read(role, input, cut, 1 + cut % 7) == whole);
  if (role == Http1Decoder::Role::Request) check_round_trip(input);
  return 0;
}
