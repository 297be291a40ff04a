#include "gateway/proto/sse.h"

#include <stdexcept>

namespace customhouse::proto {

namespace {

struct Line {
  std::string_view text;  // without its line end
  std::size_t end = 0;    // offset behind the line end
};

/// The line starting at `begin`. `complete` bytes only: the caller knows that a line end is there.
Line read_line(std::string_view raw, std::size_t begin) {
  const std::size_t stop = raw.find_first_of("\r\n", begin);
  if (stop == std::string_view::npos) return {raw.substr(begin), raw.size()};
  const bool pair = raw[stop] == '\r' && stop + 1 < raw.size() && raw[stop + 1] == '\n';
  return {raw.substr(begin, stop - begin), stop + (pair ? 2u : 1u)};
}

SseEvent parse_event(std::string raw) {
  SseEvent event;
  event.raw = std::move(raw);
  const std::string_view bytes = event.raw;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::size_t at = bytes.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  while (at < bytes.size()) {
    const Line line = read_line(bytes, at);
    const std::size_t colon = line.text.find(':');
    const std::string_view field = line.text.substr(0, colon);
    std::size_t value_at = colon == std::string_view::npos ? line.text.size() : colon + 1;
    if (value_at < line.text.size() && line.text[value_at] == ' ') ++value_at;
    if (field == "data") {
      if (event.has_data()) event.data += '\n';
      event.data += line.text.substr(value_at);
      event.data_ranges.push_back({at + value_at, at + line.text.size()});
    } else if (field == "event") {
      event.name = line.text.substr(value_at);
    }
    at = line.end;
  }
  return event;
}

}  // namespace

std::string with_data(const SseEvent& event, std::string_view new_data) {
  if (!event.has_data() || new_data.find('\r') != std::string_view::npos) {
    throw std::logic_error("this event's data cannot be replaced so");
  }
  // The first data line takes all of the new data; the others go, each with its line end.
  std::string result(event.raw, 0, event.data_ranges.front().begin);
  const std::string_view raw = event.raw;
  const Line first = read_line(raw, event.data_ranges.front().begin);
  const std::string_view line_end =
      raw.substr(event.data_ranges.front().end, first.end - event.data_ranges.front().end);
  for (std::size_t begin = 0;;) {
    const std::size_t newline = new_data.find('\n', begin);
    result.append(new_data.substr(begin, newline - begin));
    if (newline == std::string_view::npos) break;
    result.append(line_end).append("data: ");
    begin = newline + 1;
  }
  std::size_t at = event.data_ranges.front().end;
  for (std::size_t i = 1; i < event.data_ranges.size(); ++i) {
    // From the line's start: between it and the value stand only "data", ":" and a space.
    const std::size_t line_start = raw.find_last_of("\r\n", event.data_ranges[i].begin - 1) + 1;
    result.append(raw.substr(at, line_start - at));
    at = read_line(raw, event.data_ranges[i].begin).end;
    if (event.data_ranges[i].begin == event.data_ranges[i].end && at < line_start) at = line_start;
  }
  result.append(raw.substr(at));
  return result;
}

SseDecoder::SseDecoder(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

std::expected<void, ProtocolError> SseDecoder::feed(std::string_view bytes) {
  if (start_ != 0) {
    buffer_.erase(0, start_);
    scanned_ -= start_;
    start_ = 0;
  }
  buffer_ += bytes;
  // The limit is on one event; complete ones leave with next().
  if (buffer_.size() > max_event_bytes_ && buffer_.find("\n\n") == std::string::npos &&
      buffer_.find("\r\n\r\n") == std::string::npos && buffer_.find("\r\r") == std::string::npos) {
    return std::unexpected(ProtocolError{502, "an event of the answer is too large"});
  }
  return {};
}

std::optional<SseEvent> SseDecoder::next() {
  // An event ends with an empty line. `scanned_` is always at the start of a line or inside one
  // whose beginning is not empty.
  std::size_t at = scanned_;
  while (at < buffer_.size()) {
    const bool line_start = at == start_ || buffer_[at - 1] == '\n' || buffer_[at - 1] == '\r';
    const std::size_t stop = buffer_.find_first_of("\r\n", at);
    if (stop == std::string::npos) {
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    // A CR at the end of what is there may be half of a CRLF: wait for the next byte.
    if (buffer_[stop] == '\r' && stop + 1 == buffer_.size()) {
      scanned_ = at;
      return std::nullopt;
    }
    const std::size_t end = stop + (buffer_[stop] == '\r' && buffer_[stop + 1] == '\n' ? 2 : 1);
    if (line_start && stop == at) {
      SseEvent event = parse_event(buffer_.substr(start_, end - start_));
      start_ = scanned_ = end;
      return event;
    }
    at = end;
  }
  scanned_ = at;
  return std::nullopt;
}

std::string SseDecoder::take_rest() {
  std::string rest = buffer_.substr(start_);
  buffer_.clear();
  start_ = scanned_ = 0;
  return rest;
}

}  // namespace customhouse::proto
