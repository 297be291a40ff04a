// Server-sent events: no byte is lost or moved, however the stream is cut, and rewriting an event's
// data changes its data alone.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/proto/sse.h"

namespace {

using namespace customhouse::proto;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_rewriting(const SseEvent& event, bool first) {
  if (!event.has_data()) return;
  require(with_data(event, event.data) == event.raw);
  for (const std::string_view data : {"", "x", " y\nz", "a\n\nb\n"}) {
    const std::string raw = with_data(event, data);
    SseDecoder decoder;
    // Another event before it, where no byte order mark is expected any more.
    if (!first) {
      require(decoder.feed("\n").has_value());
      require(decoder.next().has_value());
    }
    // A last CR could be half a CRLF until another byte follows.
    require(decoder.feed(raw + "x").has_value());
    const auto again = decoder.next();
    require(again && again->data == data && again->name == event.name && again->raw == raw);
    require(!decoder.next() && decoder.take_rest() == "x");
  }
}

std::string read(std::string_view input, std::size_t first, std::size_t step) {
  SseDecoder decoder(1 << 16);
  std::string events;
  std::string raw;
  bool first_event = true;
  std::size_t end = std::min(first, input.size());
  for (std::size_t begin = 0;;) {
    require(decoder.feed(input.substr(begin, end - begin)).has_value());
    while (const auto event = decoder.next()) {
      check_rewriting(*event, first_event);
      first_event = false;
      raw += event->raw;
      events += "<" + event->name + "|" + event->data + "|" + event->raw + ">";
    }
    if (end == input.size()) break;
    begin = end;
    end = std::min(end + step, input.size());
  }
  const std::string rest = decoder.take_rest();
  require(raw + rest == input);
  return events + rest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > (1 << 12)) return 0;
  const std::size_t cut = data[0];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = read(input, input.size(), 1);
  require(read(input, cut, input.size()) == whole);
  require(read(input, 1, 1) == whole);
  return 0;
}
