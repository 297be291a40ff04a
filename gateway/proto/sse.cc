#include "gateway/proto/sse.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace customhouse::proto {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Position of the first CR or LF at or behind `from`. In blocks, so that neither search runs far
/// ahead of the other: a stream with CR alone stays linear too.
std::size_t find_line_end(std::string_view text, std::size_t from) {
  constexpr std::size_t kBlock = 256;
  for (; from < text.size(); from += kBlock) {
    const std::string_view block = text.substr(from, kBlock);
    const std::size_t lf = block.find('\n');
    const std::size_t cr = block.substr(0, lf).find('\r');
    if (cr != std::string_view::npos) return from + cr;
    if (lf != std::string_view::npos) return from + lf;
  }
  return std::string_view::npos;
}

std::size_t line_end_size(std::string_view text, std::size_t at) {
  return text.substr(at).starts_with("\r\n") ? 2 : 1;
}

void read_field(SseEvent& event, std::size_t begin, std::size_t end) {
  const std::string_view line = std::string_view(event.raw).substr(begin, end - begin);
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  std::size_t value = std::min(colon + 1, line.size());
  if (value < line.size() && line[value] == ' ') ++value;
  if (name == "event") {
    event.name = line.substr(value);
  } else if (name == "data") {
    if (event.has_data()) event.data.push_back('\n');
    event.data.append(line.substr(value));
    event.data_ranges.push_back({begin + value, end});
  }
}

SseEvent read_event(std::string raw, bool first_of_stream) {
  SseEvent event;
  event.raw = std::move(raw);
  std::size_t begin =
      first_of_stream && event.raw.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  while (begin < event.raw.size()) {
    const std::size_t end = std::min(find_line_end(event.raw, begin), event.raw.size());
    read_field(event, begin, end);
    begin = end + line_end_size(event.raw, end);
  }
  return event;
}

/// Writes the value of one data line so that reading it gives `value` again: a line that is just
/// "data" needs its colon, and a value that begins with a space needs the one that readers drop.
void append_value(std::string& out, std::string_view prefix, std::string_view value) {
  if (!prefix.ends_with(' ') && !prefix.ends_with(':')) {
    if (value.empty()) return;
    out.append(": ");
  } else if (prefix.ends_with(':') && value.starts_with(' ')) {
    out.push_back(' ');
  }
  out.append(value);
}

struct DataLine {
  std::size_t before = 0;     // end of the previous line's text
  std::string_view prefix;    // "data", "data:" or "data: "
  std::string_view line_end;  // behind the value
};

DataLine data_line(std::string_view raw, SseEvent::Range range) {
  const std::size_t previous = raw.substr(0, range.begin).find_last_of("\r\n");
  DataLine line;
  std::size_t begin = 0;
  if (previous != std::string_view::npos) {
    begin = previous + 1;
    line.before = previous > 0 && raw.substr(previous - 1, 2) == "\r\n" ? previous - 1 : previous;
  } else if (raw.starts_with(kByteOrderMark)) {
    begin = kByteOrderMark.size();
  }
  line.prefix = raw.substr(begin, range.begin - begin);
  line.line_end = raw.substr(range.end, line_end_size(raw, range.end));
  return line;
}

/// Cuts the first line off `text`; `more` says whether another follows.
std::string_view take_line(std::string_view& text, bool& more) {
  const std::size_t end = text.find('\n');
  more = end != std::string_view::npos;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(more ? end + 1 : text.size());
  return line;
}

}  // namespace

std::string with_data(const SseEvent& event, std::string_view new_data) {
  if (new_data.find('\r') != std::string_view::npos) {
    throw std::logic_error("a carriage return cannot stand in SSE data");
  }
  const std::string_view raw = event.raw;
  if (!event.has_data()) {
    if (new_data.empty()) return event.raw;
    throw std::logic_error("an SSE event without data lines cannot take data");
  }
  std::string out;
  out.reserve(raw.size() + new_data.size());
  std::size_t copied = 0;
  bool more = true;
  for (std::size_t i = 0; i < event.data_ranges.size(); ++i) {
    const SseEvent::Range range = event.data_ranges[i];
    const DataLine line = data_line(raw, range);
    if (!more) {
      // No data left for this line: it goes with the line end before it, never with the one
      // behind it, so that no CR comes to stand before a foreign LF.
      out.append(raw.substr(copied, line.before - copied));
      copied = range.end;
      continue;
    }
    out.append(raw.substr(copied, range.begin - copied));
    append_value(out, line.prefix, take_line(new_data, more));
    copied = range.end;
    const bool last = i + 1 == event.data_ranges.size();
    while (last && more) {
      out.append(line.line_end).append(line.prefix);
      append_value(out, line.prefix, take_line(new_data, more));
    }
  }
  out.append(raw.substr(copied));
  return out;
}

SseDecoder::SseDecoder(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

std::expected<void, ProtocolError> SseDecoder::feed(std::string_view bytes) {
  if (!too_large_) {
    compact();
    buffer_.append(bytes);
    while (find_event_end()) {
    }
    const std::size_t begin = ends_.empty() ? start_ : ends_.back();
    too_large_ = too_large_ || buffer_.size() - begin > max_event_bytes_;
  }
  if (too_large_) return std::unexpected(ProtocolError{502, "server-sent event too large"});
  return {};
}

/// Drops what next() has given out, once it is the greater part: linear over the whole stream.
void SseDecoder::compact() {
  if (!ends_.empty() || start_ == 0 || start_ < buffer_.size() - start_) return;
  buffer_.erase(0, start_);
  scanned_ -= start_;
  line_start_ -= start_;
  start_ = 0;
}

/// Goes on line by line from `scanned_`. True if it found the end of one more event.
bool SseDecoder::find_event_end() {
  for (;;) {
    const std::size_t at = find_line_end(buffer_, scanned_);
    if (at == std::string_view::npos) {
      scanned_ = buffer_.size();
      return false;
    }
    scanned_ = at;
    const bool blank = at == line_start_;
    const bool carriage_return = buffer_[at] == '\r';
    std::size_t size = line_end_size(buffer_, at);
    if (blank && after_bare_cr_ && carriage_return) {
      size = 1;  // lines end in CR alone here, so nobody waits for an LF; one would be a blank line
    } else if (carriage_return && at + 1 == buffer_.size()) {
      return false;  // an LF may follow
    }
    after_bare_cr_ = carriage_return && size == 1 && !blank;
    scanned_ = line_start_ = at + size;
    if (!blank) continue;
    const std::size_t begin = ends_.empty() ? start_ : ends_.back();
    if (scanned_ - begin > max_event_bytes_) {
      too_large_ = true;
      return false;
    }
    ends_.push(scanned_);
    return true;
  }
}

std::optional<SseEvent> SseDecoder::next() {
  if (ends_.empty()) return std::nullopt;
  SseEvent event =
      read_event(buffer_.substr(start_, ends_.front() - start_), std::exchange(first_, false));
  start_ = ends_.front();
  ends_.pop();
  return event;
}

std::string SseDecoder::take_rest() {
  const std::size_t begin = ends_.empty() ? start_ : ends_.back();
  std::string rest = buffer_.substr(begin);
  buffer_.resize(begin);
  scanned_ = line_start_ = begin;
  after_bare_cr_ = false;
  return rest;
}

}  // namespace customhouse::proto
