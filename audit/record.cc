#include "audit/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace customhouse::audit {

namespace {

/// Length of the valid UTF-8 sequence at `at`, or 0 (RFC 3629: no surrogates, no overlong forms).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const unsigned first = byte(0);
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf && continues(1)) return 2;
  if (first >= 0xe0 && first <= 0xef && continues(1) && continues(2)) {
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4 && continues(1) && continues(2) && continues(3)) {
    if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
    return 4;
  }
  return 0;
}

/// Writes canonical JSON (RFC 8785): the caller gives members in sorted order; only strings and
/// integers occur, so no number ever needs a float's shortest form.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void key(std::string_view name) {
    separate();
    quote(name);
    out_ += ':';
    first_ = true;  // the value follows without a comma
  }
  void value(std::string_view text) {
    separate();
    quote(text);
  }
  void value(std::uint64_t number) {
    separate();
    std::array<char, 20> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out_.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  template <class T>
  void member(std::string_view name, const T& content) {
    key(name);
    value(content);
  }
  /// Empty texts are left out: an absent member says as much.
  void member_if(std::string_view name, const std::string& text) {
    if (!text.empty()) member(name, std::string_view(text));
  }

 private:
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void quote(std::string_view text) {
    out_ += '"';
    std::size_t clean = 0;
    for (std::size_t i = 0; i < text.size();) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
        ++i;
        continue;
      }
      const std::size_t length = byte < 0x80 ? 0 : utf8_length(text, i);
      if (length != 0) {
        i += length;
        continue;
      }
      out_.append(text.substr(clean, i - clean));
      escape(byte);
      clean = ++i;
    }
    out_.append(text.substr(clean));
    out_ += '"';
  }
  void escape(unsigned char byte) {
    switch (byte) {
      case '"':
        out_ += "\\\"";
        return;
      case '\\':
        out_ += "\\\\";
        return;
      case '\b':
        out_ += "\\b";
        return;
      case '\t':
        out_ += "\\t";
        return;
      case '\n':
        out_ += "\\n";
        return;
      case '\f':
        out_ += "\\f";
        return;
      case '\r':
        out_ += "\\r";
        return;
      default:
        break;
    }
    if (byte >= 0x80) {
      out_ += "\xEF\xBF\xBD";  // U+FFFD
      return;
    }
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "\\u%04x", byte);
    out_ += text.data();
  }

  std::string& out_;
  bool first_ = true;
};

// Sizes of what an attacker could make long; everything else is short by construction.
constexpr std::size_t kMaxFieldBytes = 512;
constexpr std::size_t kMaxRules = 32;

std::string_view bounded(std::string_view text) {
  if (text.size() <= kMaxFieldBytes) return text;
  std::size_t end = kMaxFieldBytes;  // not in the middle of a character
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

void write_coverage(Writer& json, const Coverage& coverage) {
  json.key("coverage");
  json.open('{');
  json.member("decoded", coverage.decoded);
  auto reasons = coverage.reasons;
  std::ranges::sort(reasons);
  if (reasons.size() > kMaxRules) reasons.resize(kMaxRules);
  json.key("reasons");
  json.open('{');
  for (const auto& [reason, bytes] : reasons) json.member(bounded(reason), bytes);
  json.close('}');
  json.member("scanned", coverage.scanned);
  json.member("skipped", coverage.skipped);
  json.close('}');
}

void write_findings(Writer& json, const std::vector<Finding>& findings, std::size_t count) {
  json.key("findings");
  json.open('[');
  for (std::size_t i = 0; i < count; ++i) {
    json.open('{');
    json.member("count", findings[i].count);
    json.member("location", bounded(findings[i].location));
    json.member("rule", bounded(findings[i].rule));
    json.member("type", bounded(findings[i].type));
    json.close('}');
  }
  json.close(']');
}

void write_decision(Writer& json, const Record& record) {
  json.key("decision");
  json.open('{');
  json.member("action", std::string_view(record.action));
  json.member("policy", std::string_view(record.policy));
  json.key("rules");
  json.open('[');
  for (std::size_t i = 0; i < std::min(record.rules.size(), kMaxRules); ++i)
    json.value(bounded(record.rules[i]));
  json.close(']');
  json.close('}');
}

std::string write(const Record& record, std::size_t finding_count) {
  std::string out;
  out.reserve(1024 + finding_count * 128);
  Writer json(out);
  const bool completion = record.kind == "completion";
  json.open('{');
  if (record.abandoned) {
    json.key("abandoned");
    json.open('{');
    json.member("root", std::string_view(record.abandoned->root));
    json.member("size", record.abandoned->size);
    json.close('}');
  }
  json.member_if("actor", record.actor);
  json.member_if("application", record.application);
  if (record.coverage) write_coverage(json, *record.coverage);
  if (!record.action.empty()) write_decision(json, record);
  if (record.decision_seq) json.member("decision_seq", *record.decision_seq);
  if (!record.destination.host.empty() || !record.destination.provider.empty()) {
    json.key("destination");
    json.open('{');
    json.member("host", bounded(record.destination.host));
    json.member("jurisdiction", bounded(record.destination.jurisdiction));
    json.member("model", bounded(record.destination.model));
    json.member("provider", bounded(record.destination.provider));
    json.close('}');
  }
  if (completion) json.member("duration_ms", record.duration_ms);
  json.member_if("exchange", record.exchange);
  if (record.kind == "decision" || !record.findings.empty())
    write_findings(json, record.findings, finding_count);
  if (finding_count < record.findings.size()) {
    json.member("findings_omitted", std::uint64_t{record.findings.size() - finding_count});
  }
  json.member("kind", std::string_view(record.kind));
  json.member_if("method", record.method);
  json.member_if("operation", record.path_class);
  json.member_if("outcome", record.outcome);
  if (!record.reason.empty()) json.member("reason", bounded(record.reason));
  if (!record.sha256_sent.empty() || record.request_bytes != 0 || record.kind == "decision") {
    json.key("request");
    json.open('{');
    json.member("bytes", record.request_bytes);
    json.member("sha256_sent", std::string_view(record.sha256_sent));
    json.close('}');
  }
  if (completion) {
    json.key("response");
    json.open('{');
    json.member("bytes", record.response_bytes);
    if (record.response_status)
      json.member("status", static_cast<std::uint64_t>(*record.response_status));
    json.close('}');
  }
  json.member("seq", record.seq);
  json.member("time", std::string_view(format_time(record.time_us)));
  json.member("v", std::uint64_t{1});
  json.close('}');
  return out;
}

}  // namespace

std::string to_canonical_json(const Record& record) {
  std::size_t count = record.findings.size();
  std::string json = write(record, count);
  while (json.size() > kMaxRecordBytes && count > 0) {
    // Findings are all that can make a record this long: halve until it fits.
    count /= 2;
    json = write(record, count);
  }
  return json;
}

std::string format_time(std::uint64_t microseconds_since_epoch) {
  const auto seconds = static_cast<std::time_t>(microseconds_since_epoch / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<unsigned>(microseconds_since_epoch % 1'000'000));
  return text.data();
}

}  // namespace customhouse::audit
