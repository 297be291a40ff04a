// The ledger: order, durability across reopening, refusal instead of loss.
#include "audit/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "audit/reader.h"
#include "audit/rocksdb_store.h"

namespace customhouse::audit {
namespace {

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "customhouse-log-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    options_.directory = folder_ + "/ledger";
    options_.min_free_bytes = 0;
  }
  ~LogTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Log> open() {
    auto log = Log::open(options_);
    if (!log) throw std::runtime_error(log.error().what);
    return std::move(*log);
  }
  static Record record(std::string exchange) {
    Record made;
    made.kind = "decision";
    made.exchange = std::move(exchange);
    return made;
  }
  static std::expected<std::uint64_t, LogError> append(Log& log, std::string exchange) {
    std::promise<std::expected<std::uint64_t, LogError>> done;
    auto future = done.get_future();
    log.append(record(std::move(exchange)), [&](auto seq) { done.set_value(std::move(seq)); });
    return future.get();
  }
  std::vector<nlohmann::json> all() {
    auto reader = Reader::open(options_.directory);
    if (!reader) throw std::runtime_error(reader.error());
    std::vector<nlohmann::json> records;
    auto read = reader->for_each(0, reader->size(), [&](std::uint64_t, std::string_view json) {
      records.push_back(nlohmann::json::parse(json));
      return true;
    });
    if (!read) throw std::runtime_error(read.error());
    return records;
  }

  std::string folder_;
  LogOptions options_;
};

TEST_F(LogTest, SequenceAndTimeGoOnAfterReopening) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    auto log = open();
    EXPECT_EQ(append(*log, "a"), 2 * i);
    EXPECT_EQ(append(*log, "b"), 2 * i + 1);
  }
  const auto records = all();
  ASSERT_EQ(records.size(), 6u);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i]["seq"], i);
    if (i != 0)
      EXPECT_LT(records[i - 1]["time"].get<std::string>(), records[i]["time"].get<std::string>());
  }
}

TEST_F(LogTest, ManyThreadsMakeNoGapAndAreToldInOrder) {
  auto log = open();
  std::mutex mutex;
  std::vector<std::uint64_t> told;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        std::promise<void> done;
        log->append(record("x"), [&](auto seq) {
          const std::lock_guard lock(mutex);
          told.push_back(*seq);
          done.set_value();
        });
        done.get_future().wait();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(told.size(), 1600u);
  for (std::size_t i = 0; i < told.size(); ++i) EXPECT_EQ(told[i], i);
  EXPECT_EQ(log->stats().records, 1600u);
  EXPECT_LT(log->stats().batches, 1600u) << "concurrent records share writes";
}

TEST_F(LogTest, AReaderBesideTheWriterSeesWhatWasAcknowledged) {
  auto log = open();
  append(*log, "first");
  auto reader = Reader::open(options_.directory);
  ASSERT_TRUE(reader.has_value()) << reader.error();
  EXPECT_EQ(reader->size(), 1u);
  append(*log, "second");
  ASSERT_TRUE(reader->refresh().has_value());
  EXPECT_EQ(reader->size(), 2u);
  EXPECT_NE((*reader->get(1))->find("second"), std::string::npos);
  EXPECT_FALSE(reader->get(2)->has_value());
}

TEST_F(LogTest, RecordsNobodyWaitsForAreWrittenSoonAndOnClose) {
  auto log = open();
  std::promise<void> written;
  log->append_soon(record("lazy"), [&](auto) { written.set_value(); });
  EXPECT_EQ(written.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  for (int i = 0; i < 10; ++i) log->append_soon(record("at close"), [](auto) {});
  log->close();
  EXPECT_EQ(all().size(), 11u);
}

TEST_F(LogTest, AFullQueueRefusesAtOnceAndLosesNothingItTook) {
  options_.max_queue = 4;
  auto log = open();
  std::atomic<int> taken{0}, refused{0};
  for (int i = 0; i < 400; ++i) {
    log->append_soon(record("x"), [&](auto seq) { ++(seq ? taken : refused); });
  }
  log->close();
  EXPECT_GT(refused.load(), 0);
  EXPECT_EQ(taken.load() + refused.load(), 400);
  EXPECT_EQ(all().size(), static_cast<std::size_t>(taken.load()));
}

TEST_F(LogTest, AnAlmostFullDiskRefusesInsteadOfFilling) {
  options_.min_free_bytes = ~std::uint64_t{0} / 2;
  auto log = open();
  const auto seq = append(*log, "x");
  ASSERT_FALSE(seq.has_value());
  EXPECT_EQ(seq.error().kind, LogError::Kind::Full);
  EXPECT_FALSE(log->healthy());
}

/// Fails the third write and counts what comes after.
class FailingStore final : public Store {
 public:
  explicit FailingStore(int& writes) : writes_(writes) {}
  LogState state() const override { return state_; }
  std::expected<void, std::string> append(const std::vector<std::string>&,
                                          const std::vector<StoredTile>&, LogState after) override {
    if (++writes_ >= 3) return std::unexpected("Input/output error");
    state_ = after;
    return {};
  }
  std::expected<void, std::string> put_checkpoint(std::uint64_t, const std::string&) override {
    return {};
  }
  std::expected<std::optional<std::string>, std::string> get(std::uint64_t) override {
    return std::nullopt;
  }
  std::expected<void, std::string> for_each(
      std::uint64_t, std::uint64_t,
      const std::function<bool(std::uint64_t, std::string_view)>&) override {
    return {};
  }
  std::expected<std::optional<std::string>, std::string> tile(unsigned, std::uint64_t) override {
    return std::nullopt;
  }
  std::expected<void, std::string> for_each_tile(
      const std::function<void(const StoredTile&)>&) override {
    return {};
  }
  std::expected<void, std::string> for_each_checkpoint(
      const std::function<void(std::uint64_t, std::string_view)>&) override {
    return {};
  }
  std::expected<std::optional<std::string>, std::string> newest_checkpoint() override {
    return std::nullopt;
  }

 private:
  int& writes_;
  LogState state_{0, 0, empty_root()};
};

TEST_F(LogTest, AFailedWriteIsFinalAndNeverRetried) {
  int writes = 0;
  auto opened = Log::over(options_, std::make_unique<FailingStore>(writes));
  ASSERT_TRUE(opened.has_value()) << opened.error().what;
  const auto log = std::move(*opened);
  EXPECT_TRUE(append(*log, "1").has_value());
  EXPECT_TRUE(append(*log, "2").has_value());
  for (int i = 0; i < 3; ++i) {
    const auto seq = append(*log, "3");
    ASSERT_FALSE(seq.has_value());
    EXPECT_EQ(seq.error().kind, LogError::Kind::Unavailable);
    EXPECT_FALSE(log->healthy());
  }
  EXPECT_EQ(writes, 3) << "a store whose fsync failed may not be asked again";
}

TEST_F(LogTest, AClosedLogRefuses) {
  auto log = open();
  log->close();
  const auto seq = append(*log, "x");
  ASSERT_FALSE(seq.has_value());
  EXPECT_EQ(seq.error().kind, LogError::Kind::Closed);
}

TEST_F(LogTest, TwoWritersNeverShareALedger) {
  auto log = open();
  EXPECT_FALSE(Log::open(options_).has_value());
}

TEST_F(LogTest, ADamagedLedgerIsNotOpened) {
  {
    append(*open(), "x");
  }
  // Cut what was written: RocksDB tolerates a torn tail, the state does not fit then.
  bool damaged = false;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory)) {
    if (entry.path().extension() != ".log" && entry.path().extension() != ".sst") continue;
    if (entry.file_size() == 0) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    file.write("\xde\xad\xbe\xef\xde\xad\xbe\xef", 8);
    damaged = true;
  }
  ASSERT_TRUE(damaged);
  auto log = Log::open(options_);
  if (log) {
    // A single torn record at the very tail may be dropped whole, never half.
    (*log)->close();
    EXPECT_TRUE(all().empty());
  } else {
    EXPECT_FALSE(log.error().what.empty());
  }
}

TEST_F(LogTest, NoLedgerIsToldWithTheMend) {
  const auto reader = Reader::open(folder_ + "/nothing");
  ASSERT_FALSE(reader.has_value());
  EXPECT_NE(reader.error().find("start the gateway once"), std::string::npos);
}

}  // namespace
}  // namespace customhouse::audit
