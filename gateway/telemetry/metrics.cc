#include "gateway/telemetry/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <stdexcept>
#include <variant>

namespace customhouse::telemetry {
namespace {

constexpr std::array<std::uint64_t, Histogram::kBuckets> kBoundsUs{
    50,        100,       200,        500,        1'000,      2'000,      5'000,
    10'000,    20'000,    50'000,     100'000,    200'000,    500'000,    1'000'000,
    2'000'000, 5'000'000, 10'000'000, 20'000'000, 50'000'000, 100'000'000};

bool is_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void append_escaped(std::string& out, std::string_view text, bool quote) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quote) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

/// `a="1",b="2"`, without braces: also the key of a series in its family.
std::string label_text(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!is_name(name)) throw std::logic_error("metrics: bad label name " + name);
    if (!out.empty()) out += ',';
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  return out;
}

std::string braces(std::string_view labels) {
  return labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
}

/// Microseconds as seconds, exactly: 1500000 -> "1.5".
std::string seconds(std::uint64_t us) {
  std::string out = fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

}  // namespace

void Histogram::observe_us(std::uint64_t microseconds) noexcept {
  const auto bound = std::ranges::lower_bound(kBoundsUs, microseconds);
  const auto index = static_cast<std::size_t>(bound - kBoundsUs.begin());
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(microseconds, std::memory_order_relaxed);
}

struct Registry::State {
  using Metric =
      std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>>;
  struct Family {
    std::size_t type = 0;  // index of Metric
    std::string help;
    std::map<std::string, Metric> series;
  };

  template <typename T>
  T& find_or_add(std::string_view name, std::string_view help, const Labels& labels) {
    const std::scoped_lock lock(mutex);
    const Metric empty = std::unique_ptr<T>();
    auto [family, added] = families.try_emplace(std::string(name));
    if (added) {
      if (!is_name(name)) throw std::logic_error("metrics: bad name");
      family->second.type = empty.index();
      family->second.help = help;
    } else if (family->second.type != empty.index()) {
      throw std::logic_error("metrics: one name, two types: " + std::string(name));
    }
    auto [series, fresh] = family->second.series.try_emplace(label_text(labels));
    if (fresh) series->second = std::make_unique<T>();
    return *std::get<std::unique_ptr<T>>(series->second);
  }

  mutable std::mutex mutex;
  std::map<std::string, Family> families;
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_add<Counter>(name, help, labels);
}
Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_add<Gauge>(name, help, labels);
}
Histogram& Registry::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_add<Histogram>(name, help, labels);
}

std::string Registry::expose() const {
  constexpr std::array<std::string_view, 3> kTypes{"counter", "gauge", "histogram"};
  const auto append_histogram = [](std::string& out, std::string_view name, std::string_view labels,
                                   const Histogram& histogram) {
    const std::string_view comma = labels.empty() ? "" : ",";
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= Histogram::kBuckets; ++i) {
      total += histogram.buckets_[i].load(std::memory_order_relaxed);
      const std::string bound = i < Histogram::kBuckets ? seconds(kBoundsUs[i]) : "+Inf";
      out += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bound, total);
    }
    out += fmt::format("{}_sum{} {}\n", name, braces(labels),
                       seconds(histogram.sum_us_.load(std::memory_order_relaxed)));
    out += fmt::format("{}_count{} {}\n", name, braces(labels), total);
  };

  std::string out;
  const std::scoped_lock lock(state_->mutex);
  for (const auto& [name, family] : state_->families) {
    out += fmt::format("# HELP {} ", name);
    append_escaped(out, family.help, false);
    out += fmt::format("\n# TYPE {} {}\n", name, kTypes[family.type]);
    for (const auto& [labels, metric] : family.series) {
      if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&metric)) {
        out += fmt::format("{}{} {}\n", name, braces(labels), (*counter)->value());
      } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&metric)) {
        out += fmt::format("{}{} {}\n", name, braces(labels), (*gauge)->value());
      } else {
        append_histogram(out, name, labels, *std::get<std::unique_ptr<Histogram>>(metric));
      }
    }
  }
  return out;
}

}  // namespace customhouse::telemetry
