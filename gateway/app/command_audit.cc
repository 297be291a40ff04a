// audit list and audit show: the ledger, beside a running gateway or without one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <nlohmann/json.hpp>
#include <thread>

#include "audit/reader.h"
#include "audit/record.h"
#include "gateway/app/app.h"
#include "gateway/app/command_support.h"
#include "gateway/app/commands.h"
#include "gateway/app/config_values.h"

namespace customhouse::app {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr std::uint64_t kTableLimit = 50;

std::string text_at(const Json& record, const Json::json_pointer& at) {
  if (!record.contains(at)) return {};
  const Json& value = record.at(at);
  return value.is_string() ? value.get<std::string>() : value.dump();
}
std::string text_at(const Json& record, const char* pointer) {
  return text_at(record, Json::json_pointer(pointer));
}

/// Client-chosen text (a model's name) must not steer the terminal: control characters become '?'.
std::string printable(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) text[i] = '?';
    // U+0080 to U+009F, in UTF-8
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      text[i] = text[i + 1] = '?';
    }
  }
  return text;
}

/// "2026-11-23", "2026-11-23T10:00Z" or "2h" -> a text that compares with a record's time.
std::optional<std::string> moment(const std::string& text) {
  if (text.empty()) return text;
  if (const auto age = parse_duration(text)) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto then = std::chrono::duration_cast<std::chrono::microseconds>(now) - *age;
    return audit::format_time(static_cast<std::uint64_t>(std::max<std::int64_t>(then.count(), 0)));
  }
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddddd";
  std::string front = text;
  if (front.ends_with('Z')) front.pop_back();
  if (front.size() < 4 || front.size() > kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < front.size(); ++i) {
    const bool digit = front[i] >= '0' && front[i] <= '9';
    if (kShape[i] == 'd' ? !digit : front[i] != kShape[i]) return std::nullopt;
  }
  return front;
}

class Filter {
 public:
  static std::optional<Filter> create(const AuditListOptions& options) {
    const auto since = moment(options.since);
    const auto until = moment(options.until);
    if (!since || !until) return std::nullopt;
    Filter filter(options);
    filter.since_ = *since;
    filter.until_ = *until;
    return filter;
  }

  bool passes(const Json& record) const {
    const std::string time = text_at(record, "/time");
    return (since_.empty() || time >= since_) && (until_.empty() || time < until_) &&
           is(record, "/kind", options_->kind) &&
           is(record, "/decision/action", options_->action) &&
           is(record, "/destination/provider", options_->provider) &&
           is(record, "/destination/host", options_->host) &&
           is(record, "/destination/model", options_->model) &&
           is(record, "/actor", options_->actor) && is(record, "/exchange", options_->exchange) &&
           finding_has(record, "type", options_->type) && rule_led(record);
  }

 private:
  explicit Filter(const AuditListOptions& options) : options_(&options) {}

  static bool is(const Json& record, const char* pointer, const std::string& wanted) {
    return wanted.empty() || text_at(record, pointer) == wanted;
  }
  static bool finding_has(const Json& record, const char* field, const std::string& wanted) {
    if (wanted.empty()) return true;
    const auto findings = record.find("findings");
    return findings != record.end() && findings->is_array() &&
           std::ranges::any_of(*findings, [&](const Json& finding) {
             return finding.is_object() && finding.contains(field) && finding[field] == wanted;
           });
  }
  bool rule_led(const Json& record) const {
    if (options_->rule.empty() || finding_has(record, "rule", options_->rule)) return true;
    const Json::json_pointer at("/decision/rules");
    if (!record.contains(at) || !record.at(at).is_array()) return false;
    return std::ranges::any_of(record.at(at),
                               [&](const Json& rule) { return rule == options_->rule; });
  }

  const AuditListOptions* options_;  // outlives the filter
  std::string since_, until_;
};

/// "EMAIL_ADDRESS×2 CREDIT_CARD×1", the counts of one type added up.
std::string findings_of(const Json& record) {
  const auto findings = record.find("findings");
  if (findings == record.end() || !findings->is_array()) return {};
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (const auto& finding : *findings) {
    const std::string type = text_at(finding, "/type");
    const std::uint64_t count = finding.value("count", std::uint64_t{1});
    const auto known = std::ranges::find(counts, type, &decltype(counts)::value_type::first);
    if (known == counts.end()) {
      counts.emplace_back(type, count);
    } else {
      known->second += count;
    }
  }
  std::string out;
  for (const auto& [type, count] : counts) {
    out += (out.empty() ? "" : " ") + type + "×" + std::to_string(count);
  }
  return out;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text + "  ";
}

std::string table_head() {
  return padded("SEQ", 7) + padded("TIME", 20) + padded("KIND", 10) + padded("WHAT", 9) +
         padded("DESTINATION", 34) + "FINDINGS\n";
}

std::string table_row(const Json& record) {
  std::string what = text_at(record, "/decision/action");
  if (what.empty()) what = text_at(record, "/response/status");
  std::string destination = text_at(record, "/destination/provider");
  const std::string model = text_at(record, "/destination/model");
  if (!model.empty()) destination += "/" + model;
  return printable(padded(text_at(record, "/seq"), 7) +
                   padded(text_at(record, "/time").substr(0, 19) + "Z", 20) +
                   padded(text_at(record, "/kind"), 10) + padded(what, 9) +
                   padded(destination, 34) + findings_of(record)) +
         "\n";
}

/// Prints what passes from `begin` to the ledger's end; all if there is no limit, else the newest.
std::expected<bool, std::string> print(audit::Reader& reader, std::uint64_t begin,
                                       const Filter& filter, bool json,
                                       std::optional<std::uint64_t> limit) {
  std::deque<std::string> newest;
  bool reading = true;
  const auto read =
      reader.for_each(begin, reader.size(), [&](std::uint64_t, std::string_view text) {
        const Json record = Json::parse(text, nullptr, false);
        if (!record.is_object() || !filter.passes(record)) return true;
        std::string line = json ? std::string(text) + "\n" : table_row(record);
        if (!limit) return reading = write_standard_output(line);
        newest.push_back(std::move(line));
        if (newest.size() > *limit) newest.pop_front();
        return true;
      });
  if (!read) return std::unexpected(read.error());
  for (const auto& line : newest) reading = reading && write_standard_output(line);
  return reading;
}

/// nullopt: complained.
std::optional<audit::Reader> open_or_complain(const std::string& file) {
  const auto config = load_config_or_complain(file);
  if (!config) return std::nullopt;
  auto reader = audit::Reader::open(config->audit.directory);
  if (reader) return std::move(*reader);
  complain("the ledger in " + config->audit.directory + " cannot be read: " + reader.error());
  return std::nullopt;
}

int complain_and_fail(const std::string& what) {
  complain("the ledger cannot be read: " + what);
  return kExitNo;
}

}  // namespace

int run_audit_list(const AuditListOptions& options) {
  const auto filter = Filter::create(options);
  if (!filter) {
    complain(
        "--since and --until take a time as 2026-11-23T10:00:00Z (UTC; the end may be left "
        "out), or an age as 30m, 2h");
    return kExitUsage;
  }
  auto reader = open_or_complain(options.config);
  if (!reader) return kExitUsage;
  auto limit = options.limit;
  if (!limit && !options.json) limit = kTableLimit;
  if (!options.json && !write_standard_output(table_head())) return kExitNo;
  std::uint64_t next = 0;
  for (;;) {
    const std::uint64_t size = reader->size();
    const auto reading = print(*reader, next, *filter, options.json, limit);
    if (!reading) return complain_and_fail(reading.error());
    if (!*reading || !options.follow) return kExitDone;
    next = size;
    limit.reset();  // the limit is for what was there already
    std::this_thread::sleep_for(200ms);
    if (const auto seen = reader->refresh(); !seen) return complain_and_fail(seen.error());
  }
}

int run_audit_show(const AuditShowOptions& options) {
  auto reader = open_or_complain(options.config);
  if (!reader) return kExitUsage;
  std::vector<std::string> found;
  const auto seq = parse_size(options.what);
  if (seq && options.what.find_first_not_of("0123456789") == std::string::npos) {
    auto record = reader->get(*seq);
    if (!record) return complain_and_fail(record.error());
    if (*record) found.push_back(std::move(**record));
  } else {
    const auto read =
        reader->for_each(0, reader->size(), [&](std::uint64_t, std::string_view text) {
          const Json record = Json::parse(text, nullptr, false);
          if (record.is_object() && text_at(record, "/exchange") == options.what) {
            found.emplace_back(text);
          }
          return true;
        });
    if (!read) return complain_and_fail(read.error());
  }
  if (found.empty()) {
    complain("no record with this number or exchange; customhouse audit list shows what there is");
    return kExitNo;
  }
  for (const auto& text : found) {
    const Json record = Json::parse(text, nullptr, false);
    if (!write_standard_output(record.dump(2) + "\n")) return kExitNo;
  }
  return kExitDone;
}

}  // namespace customhouse::app
