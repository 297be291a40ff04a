#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "gateway/telemetry/log.h"
#include "gateway/telemetry/metrics.h"
#include "tests/unit/app/temporary_folder.h"

namespace customhouse::telemetry {
namespace {

using testing::HasSubstr;

/// Runs `body` with standard error going to a file, and returns what was written.
template <typename Body>
std::string captured(Body body) {
  const app::TemporaryFolder folder;
  const std::string file = folder.write("err", "");
  const int saved = ::dup(STDERR_FILENO);
  const int fd = ::open(file.c_str(), O_WRONLY | O_APPEND);
  ::dup2(fd, STDERR_FILENO);
  body();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(fd);
  return app::slurp(file);
}

class Log : public testing::Test {
 protected:
  void SetUp() override { set_level(Level::Info); }  // other tests of this binary set it too
};

TEST_F(Log, ALineIsOneJsonObject) {
  const std::string line = captured([] {
    log_warning("an_event", {{"text", "a\"b\\c\n\x01\x7f"},
                             {"count", -3},
                             {"big", std::numeric_limits<std::uint64_t>::max()},
                             {"ratio", 0.5},
                             {"nan", std::numeric_limits<double>::quiet_NaN()},
                             {"yes", true}});
  });
  ASSERT_TRUE(line.ends_with("}\n"));
  const auto json = nlohmann::json::parse(line);
  EXPECT_THAT(json.at("time").get<std::string>(),
              testing::MatchesRegex("[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z"));
  EXPECT_EQ(json.at("level"), "warning");
  EXPECT_EQ(json.at("event"), "an_event");
  EXPECT_EQ(json.at("text"), "a\"b\\c\n\x01\x7f");
  EXPECT_EQ(json.at("count"), -3);
  EXPECT_EQ(json.at("big"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(json.at("ratio"), 0.5);
  EXPECT_TRUE(json.at("nan").is_null());
  EXPECT_EQ(json.at("yes"), true);
}

TEST_F(Log, WhatIsNoUtf8OrEndlessStillGivesValidJson) {
  const std::string line = captured([] {
    log_error("e",
              {{"broken", "\xff\xc3(\xed\xa0\x80\xf5\x80 ü"}, {"long", std::string(100'000, 'x')}});
  });
  const auto json = nlohmann::json::parse(line);  // strict about UTF-8
  EXPECT_TRUE(json.at("broken").get<std::string>().ends_with(" ü"));
  EXPECT_LT(line.size(), 1000U);
}

TEST_F(Log, LevelsBelowTheThresholdAreSilent) {
  const std::string lines = captured([] {
    set_level(Level::Error);
    log_warning("quiet");
    log_error("loud");
    set_level(Level::Info);
    log_debug("quiet");
  });
  EXPECT_THAT(lines, HasSubstr("loud"));
  EXPECT_THAT(lines, Not(HasSubstr("quiet")));
}

TEST_F(Log, LinesOfManyThreadsNeverMix) {
  const std::string lines = captured([] {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 200; ++i) log_info("event", {{"filler", std::string(400, 'y')}});
      });
    }
  });
  std::istringstream in(lines);
  std::string line;
  int count = 0;
  for (; std::getline(in, line); ++count)
    EXPECT_NO_THROW(static_cast<void>(nlohmann::json::parse(line)));
  EXPECT_EQ(count, 800);
}

TEST(Metrics, ExpositionIsThePrometheusTextFormat) {
  Registry registry;
  registry.counter("requests_total", "Requests \\ seen.\nAll.", {{"host", "a\"b\\c\nd"}}).add(3);
  registry.counter("requests_total", "", {{"host", "x"}}).add();
  registry.gauge("connections", "Open connections.").set(-2);
  EXPECT_EQ(registry.expose(),
            "# HELP connections Open connections.\n"
            "# TYPE connections gauge\n"
            "connections -2\n"
            "# HELP requests_total Requests \\\\ seen.\\nAll.\n"
            "# TYPE requests_total counter\n"
            "requests_total{host=\"a\\\"b\\\\c\\nd\"} 3\n"
            "requests_total{host=\"x\"} 1\n");
}

TEST(Metrics, HistogramBucketsAreCumulativeAndInclusiveInSeconds) {
  Registry registry;
  auto& histogram = registry.histogram("wait_seconds", "Waiting.", {{"phase", "a"}});
  for (const std::uint64_t us : {0ULL, 50ULL, 51ULL, 1'500'000ULL, 100'000'001ULL}) {
    histogram.observe_us(us);
  }
  const std::string text = registry.expose();
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{phase=\"a\",le=\"0.00005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{phase=\"a\",le=\"0.0001\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{phase=\"a\",le=\"1\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{phase=\"a\",le=\"2\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{phase=\"a\",le=\"100\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{phase=\"a\",le=\"+Inf\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_sum{phase=\"a\"} 101.500102\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_count{phase=\"a\"} 5\n"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  EXPECT_EQ(&registry.counter("a_total", "A."), &registry.counter("a_total", "A."));
  EXPECT_NE(&registry.counter("a_total", "A."), &registry.counter("a_total", "A.", {{"l", "v"}}));
  EXPECT_THROW(registry.gauge("a_total", "A."), std::logic_error);
  EXPECT_THROW(registry.gauge("no name", "A."), std::logic_error);
}

TEST(Metrics, PromtoolFindsNoFaultInTheExposition) {
  Registry registry;
  registry.counter("customhouse_exchanges_total", "Exchanges.", {{"action", "a\"\\\n"}}).add(3);
  registry.gauge("customhouse_connections", "Connections open.").set(1);
  registry.histogram("customhouse_decide_seconds", "Deciding.").observe_us(17);
  const std::string text = registry.expose();
  // Checked by hand wherever promtool is not installed: every line is a comment or a sample.
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    EXPECT_THAT(line,
                testing::ContainsRegex("^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\\{.*\\})? [0-9.]+)$"));
  }
  if (std::system("command -v promtool >/dev/null") != 0) return;
  const app::TemporaryFolder folder;
  const std::string file = folder.write("metrics", text);
  EXPECT_EQ(std::system(("promtool check metrics < '" + file + "'").c_str()), 0);
}

}  // namespace
}  // namespace customhouse::telemetry
