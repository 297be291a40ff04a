#include "gateway/telemetry/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <ctime>
#include <mutex>

namespace customhouse::telemetry {
namespace {

// A field is a fact, not a document: what is longer is cut, so that a line stays under what a pipe
// takes at once.
constexpr std::size_t kMaxValueBytes = 512;

std::atomic<Level> g_level{Level::Info};
std::mutex g_write_mutex;  // a write(2) may be partial on pipes: whole lines, one after another

std::string_view name_of(Level level) {
  constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

/// Bytes of the UTF-8 character at the front of `text`; 0 if it is malformed (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

void append_string(std::string& out, std::string_view value) {
  const bool cut = value.size() > kMaxValueBytes;
  std::string_view rest = value.substr(0, kMaxValueBytes);
  out += '"';
  while (!rest.empty()) {
    const std::size_t length = utf8_length(rest);
    const char c = rest.front();
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += rest.substr(0, length);
    }
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  if (cut) out += "…";
  out += '"';
}

void append_value(std::string& out, std::string_view value) {
  append_string(out, value);
}
void append_value(std::string& out, bool value) {
  out += value ? "true" : "false";
}
void append_value(std::string& out, double value) {
  out += std::isfinite(value) ? fmt::format("{}", value) : "null";
}
void append_value(std::string& out, std::int64_t value) {
  out += fmt::format("{}", value);
}
void append_value(std::string& out, std::uint64_t value) {
  out += fmt::format("{}", value);
}

std::string now_rfc3339() {
  using namespace std::chrono;
  const auto since_epoch = system_clock::now().time_since_epoch();
  const std::time_t seconds = duration_cast<std::chrono::seconds>(since_epoch).count();
  const auto millis = duration_cast<milliseconds>(since_epoch).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
}

void write_all(std::string_view line) {
  const std::scoped_lock lock(g_write_mutex);
  while (!line.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody reads: a log never stops the gateway
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

void set_level(Level level) noexcept {
  g_level.store(level, std::memory_order_relaxed);
}

void log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","event":)", now_rfc3339(), name_of(level));
  append_string(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_string(line, field.key);
    line += ':';
    std::visit([&](const auto& value) { append_value(line, value); }, field.value);
  }
  line += "}\n";
  write_all(line);
}

}  // namespace customhouse::telemetry
