// Structured logs: one JSON object a line on standard error. Values of fields are facts about the
// gateway, never a prompt, a found value, a credential or a raw URL.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace customhouse::telemetry {

enum class Level : std::uint8_t { Debug, Info, Warning, Error };

struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, std::int64_t v) : key(k), value(v) {}
  Field(std::string_view k, std::uint64_t v) : key(k), value(v) {}
  Field(std::string_view k, int v) : key(k), value(std::int64_t{v}) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
};

void set_level(Level level) noexcept;  // default Info
/// {"time":"…","level":"info","event":"…",…}. Thread-safe; one write(2) a line, so lines never mix.
void log(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void log_debug(std::string_view event, std::initializer_list<Field> fields = {}) { log(Level::Debug, event, fields); }
inline void log_info(std::string_view event, std::initializer_list<Field> fields = {}) { log(Level::Info, event, fields); }
inline void log_warning(std::string_view event, std::initializer_list<Field> fields = {}) { log(Level::Warning, event, fields); }
inline void log_error(std::string_view event, std::initializer_list<Field> fields = {}) { log(Level::Error, event, fields); }

}  // namespace customhouse::telemetry
