// Private keys over many lines: where they end.
#include <algorithm>
#include <array>

#include "policy/text.h"
#include "policy/validators.h"

namespace customhouse::policy {
namespace {

bool skip_line_break(std::string_view text, std::size_t& at) {
  const std::size_t from = at;
  while (at < text.size()) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
    } else if (c == '\\' && at + 1 < text.size() &&
               (text[at + 1] == 'n' || text[at + 1] == 'r' || text[at + 1] == 't')) {
      at += 2;
    } else if (c == '\\' && at + 2 < text.size() && text[at + 1] == '\\') {
      ++at;  // escaped twice
    } else {
      break;
    }
  }
  return at != from;
}

/// Quotes, plus and comment marks stand between the lines of a key in source code and diffs.
void skip_decoration(std::string_view text, std::size_t& at) {
  static constexpr std::string_view kMarks = "\"'+,>|#*";
  for (int marks = 0; marks < 6 && at < text.size() && kMarks.contains(text[at]); ++marks) {
    ++at;
    skip_line_break(text, at);
  }
}

/// From the BEGIN line to the END line; without one, as far as lines of key material go.
Verdict pem_private_key(Candidate& c) {
  static constexpr std::string_view kEnd = "-----END";
  const std::string_view text = c.text;
  std::size_t at = c.end, material = 0, last = c.end;
  while (at < text.size()) {
    skip_line_break(text, at);
    skip_decoration(text, at);
    if (text.substr(at).starts_with(kEnd)) {
      const std::size_t close =
          text.substr(0, std::min(text.size(), at + 80)).find("-----", at + kEnd.size());
      c.end = close == std::string_view::npos ? last : close + 5;
      return material >= 16 ? Verdict::accept() : Verdict::reject();
    }
    const std::size_t line = at;
    bool header = false;  // "Proc-Type: 4,ENCRYPTED", "Version: …"
    while (at < text.size()) {
      const char b = text[at];
      if (is_alnum(b) || b == '+' || b == '/' || b == '=' || (header && b != '\n' && b != '\\')) {
        ++at;
      } else if (at > line && (b == ':' || b == '-') && at - line < 24) {
        header = header || b == ':';
        ++at;
      } else {
        break;
      }
    }
    const std::size_t length = at - line;
    if (length == 0 || at - line > 16384) break;
    // A short word is prose, unless it ends the key: padded, before the END line, or cut off.
    if (!header && length < 16 && !text.substr(line, length).contains('=')) {
      std::size_t next = at;
      skip_line_break(text, next);
      skip_decoration(text, next);
      const bool ends = next >= text.size() || text.substr(next).starts_with(kEnd);
      if (material < 16 || !ends) break;
    }
    material += header ? 0 : length;
    last = at;
  }
  c.end = last;
  return material >= 16 ? Verdict::accept() : Verdict::reject();
}

constexpr auto kTable = std::to_array<NamedValidator>({
    {"pem_private_key", pem_private_key},
});

}  // namespace

std::span<const NamedValidator> private_key_validators() noexcept {
  return kTable;
}

}  // namespace customhouse::policy
