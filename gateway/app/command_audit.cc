// audit list, show, facets and reindex: the ledger, beside a running gateway or without one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "audit/reader.h"
#include "audit/record.h"
#include "audit/rocksdb_store.h"
#include "audit/search.h"
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

/// What the options ask for; nullopt: complained.
std::optional<audit::Query> make_query(audit::StoreView& view, const AuditListOptions& options) {
  audit::Query query;
  for (const auto& [name, value] : options.filters) {
    if (value.empty()) continue;
    query.terms.push_back(audit::make_term(audit::index_field(name)->tag, value));
  }
  query.newest_first = options.newest_first;
  if (options.after) query.begin = *options.after + 1;
  if (options.before) query.end = *options.before;
  const auto bound = [&](const std::string& text, std::uint64_t otherwise) {
    if (text.empty()) return std::optional(otherwise);
    const auto time = moment(text);
    if (!time) {
      complain(
          "--since and --until take a time as 2026-11-23T10:00:00Z (UTC; the end may be left "
          "out), or an age as 30m, 2h");
      return std::optional<std::uint64_t>();
    }
    const auto seq = audit::first_since(view, *time);
    if (!seq) complain("the ledger cannot be read: " + seq.error());
    return seq ? std::optional(*seq) : std::nullopt;
  };
  const auto since = bound(options.since, 0);
  const auto until = since ? bound(options.until, UINT64_MAX) : std::nullopt;
  if (!until) return std::nullopt;
  query.begin = std::max(query.begin, *since);
  query.end = std::min(query.end, *until);
  return query;
}

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

/// Prints what matches; false if nobody reads it.
std::expected<bool, std::string> print(audit::StoreView& view, const audit::Query& query, bool json,
                                       std::optional<std::uint64_t> limit) {
  bool reading = true;
  std::uint64_t left = limit.value_or(UINT64_MAX);
  if (left == 0) return true;
  const auto read = audit::search(view, query, [&](std::uint64_t, std::string_view text) {
    const std::string line =
        json ? std::string(text) + "\n" : table_row(Json::parse(text, nullptr, false));
    reading = write_standard_output(line);
    return reading && --left != 0;
  });
  if (!read) return std::unexpected(read.error());
  return reading;
}

/// Of what matches only the newest `limit` are wanted, oldest first: begins with the oldest of
/// them.
std::expected<void, std::string> begin_at_newest(audit::StoreView& view, audit::Query& query,
                                                 std::uint64_t limit) {
  audit::Query backward = query;
  backward.newest_first = true;
  std::uint64_t oldest = query.end;
  const auto read = audit::search(view, backward, [&](std::uint64_t seq, std::string_view) {
    oldest = seq;
    return --limit != 0;
  });
  if (limit == 0) query.begin = oldest;
  return read;
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
  if (options.follow && (options.newest_first || options.before || !options.until.empty())) {
    complain("--follow goes on at the end: not with --newest-first, --before or --until");
    return kExitUsage;
  }
  auto reader = open_or_complain(options.config);
  if (!reader) return kExitUsage;
  auto query = make_query(reader->view(), options);
  if (!query) return kExitUsage;
  auto limit = options.limit;
  if (!limit && !options.json) limit = kTableLimit;
  if (!options.json && !write_standard_output(table_head())) return kExitNo;
  if (limit && *limit != 0 && !options.newest_first && !options.after) {
    if (const auto found = begin_at_newest(reader->view(), *query, *limit); !found)
      return complain_and_fail(found.error());
  }
  for (;;) {
    const std::uint64_t size = reader->size();
    const auto reading = print(reader->view(), *query, options.json, limit);
    if (!reading) return complain_and_fail(reading.error());
    if (!*reading || !options.follow) return kExitDone;
    query->begin = std::max(query->begin, size);
    limit.reset();  // the limit is for what was there already
    std::this_thread::sleep_for(200ms);
    if (const auto seen = reader->refresh(); !seen) return complain_and_fail(seen.error());
  }
}

int run_audit_facets(const AuditFacetsOptions& options) {
  auto reader = open_or_complain(options.config);
  if (!reader) return kExitUsage;
  for (const auto& field : audit::index_fields()) {
    if (!field.counted || (!options.field.empty() && field.name != options.field)) continue;
    const auto counts = audit::facet_counts(reader->view(), field);
    if (!counts) return complain_and_fail(counts.error());
    std::uint64_t left = options.limit;
    for (const auto& [value, count] : *counts) {
      if (left-- == 0) break;
      const Json row{{"facet", field.name}, {"value", value}, {"records", count}};
      const std::string text =
          padded(std::string(field.name), 12) + padded(std::to_string(count), 10) + value;
      if (!write_standard_output((options.json ? row.dump() : printable(text)) + "\n"))
        return kExitNo;
    }
  }
  return kExitDone;
}

int run_audit_reindex(const AuditReindexOptions& options) {
  const auto config = load_config_or_complain(options.config);
  if (!config) return kExitUsage;
  const auto progress = [](std::uint64_t done, std::uint64_t all) {
    if (done % (1 << 17) == 0)
      complain(std::to_string(done) + " of " + std::to_string(all) + " records indexed");
  };
  const auto store = audit::open_rocksdb_store(config->audit.directory, audit::Durability::Strict,
                                               {.anew = true, .progress = progress});
  if (store) return kExitDone;
  complain("the index cannot be made anew (a gateway that runs must be stopped first): " +
           store.error());
  return kExitNo;
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
    audit::Query query;
    query.terms.push_back(audit::make_term(audit::index_field("exchange")->tag, options.what));
    const auto read =
        audit::search(reader->view(), query, [&](std::uint64_t, std::string_view text) {
          found.emplace_back(text);
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
