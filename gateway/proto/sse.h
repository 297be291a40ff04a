// Server-sent events (WHATWG HTML §9.2), without I/O and byte-exact: an event that nobody edits
// leaves exactly as it came, with its line ends, comments and unknown fields.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/proto/http1.h"

namespace customhouse::proto {

/// One event with the blank line that ends it. Owns its bytes.
struct SseEvent {
  std::string raw;
  std::string name;  // of the `event:` field; empty if it has none
  std::string data;  // `data:` lines joined by \n
  struct Range {
    std::size_t begin, end;
  };
  std::vector<Range> data_ranges;  // where each data line's value stands in `raw`
  bool has_data() const noexcept { return !data_ranges.empty(); }
};

/// Rewrites an event's data: same field order, line ends and other fields. The new data must not
/// contain CR; a \n makes a further data line. Throws std::logic_error on CR, or on data for an
/// event that has no data line.
std::string with_data(const SseEvent& event, std::string_view new_data);

class SseDecoder {
 public:
  /// An event larger than `max_event_bytes` is an error (an upstream that never ends one).
  explicit SseDecoder(std::size_t max_event_bytes = 16 * 1024 * 1024);
  /// Takes all of `bytes`; complete events come from next(). LF, CRLF and CR end lines, also when
  /// cut between CR and LF. A leading byte order mark stays in the raw bytes.
  std::expected<void, ProtocolError> feed(std::string_view bytes);
  std::optional<SseEvent> next();
  /// What arrived after the last complete event: at the end of a stream, a truncated event.
  std::string take_rest();

 private:
  void compact();
  bool find_event_end();

  std::size_t max_event_bytes_;
  std::string buffer_;
  std::queue<std::size_t> ends_;  // of the complete events that next() has not given out yet
  std::size_t start_ = 0;         // first byte that next() has not given out
  std::size_t scanned_ = 0;       // no line end of the unfinished event from line_start_ to here
  std::size_t line_start_ = 0;
  bool after_bare_cr_ = false;  // the line before ended in CR alone
  bool first_ = true;           // no event given out yet: a byte order mark may lead
  bool too_large_ = false;
};

}  // namespace customhouse::proto
