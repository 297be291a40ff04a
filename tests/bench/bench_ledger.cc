// What the ledger costs beside a bare append and fdatasync of the same bytes in the same run:
// latency of one producer, records/s of many, bytes on disk, memory, verifying. `./dev bench
// ledger`; options: --records N (a million), --folder DIR (on the disk to be measured).
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "audit/log.h"
#include "audit/note.h"
#include "audit/reader.h"
#include "audit/rocksdb_store.h"
#include "audit/search.h"
#include "audit/verifier.h"

namespace {

using namespace customhouse::audit;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string hex(std::mt19937_64& random, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < digits; ++i) text += kDigits[random() % 16];
  return text;
}

/// A decision of about 1.2 KiB. Digests and ids differ in each: they do not compress.
Record make_record(std::mt19937_64& random) {
  static constexpr const char* kModels[] = {"gpt-5.1", "gpt-5-mini", "claude-opus-4-5", "o4-mini"};
  static constexpr const char* kTypes[] = {"EMAIL_ADDRESS", "PERSON", "IBAN_CODE", "PHONE_NUMBER"};
  static constexpr const char* kActions[] = {"allow", "redact", "redact", "block"};
  Record record;
  record.kind = "decision";
  record.exchange = "01936b1e-" + hex(random, 4) + "-7" + hex(random, 3) + "-9" + hex(random, 3) +
                    "-" + hex(random, 12);
  record.actor = "actor_" + std::to_string(random() % 2000);
  record.application = "openai-python/2." + std::to_string(random() % 40);
  const auto which = random() % 4;
  record.destination = {"provider" + std::to_string(random() % 12),
                        "api" + std::to_string(random() % 40) + ".example.com", kModels[which],
                        which % 2 == 0 ? "US" : "EU"};
  record.method = "POST";
  record.path_class = "chat.completions";
  record.action = kActions[random() % 4];
  record.rules = {"redact-personal-data", "region-eu"};
  record.policy = "6f1ed002ab5595859014ebf0951522d9f1f6f1ed002ab5595859014ebf095152";
  for (std::size_t i = 0; i < 4; ++i) {
    record.findings.push_back({kTypes[(which + i) % 4], "pack/" + std::to_string(random() % 60),
                               "/messages/" + std::to_string(random() % 20) + "/content",
                               1 + random() % 3});
  }
  record.coverage = Coverage{1000 + random() % 30000, random() % 400, 0, {}};
  record.request_bytes = 2000 + random() % 40000;
  record.sha256_sent = hex(random, 64);
  return record;
}

/// Makes a record 1.2 KiB long, as the figures want it.
Record sized_record(std::mt19937_64& random) {
  Record record = make_record(random);
  while (to_canonical_json(record).size() < 1180)
    record.findings.push_back({"URL", "pack/url", "/messages/7/content", 1});
  return record;
}

class BareFile {
 public:
  explicit BareFile(const std::string& path)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error("cannot make " + path);
  }
  BareFile(const BareFile&) = delete;
  BareFile& operator=(const BareFile&) = delete;
  ~BareFile() { ::close(file_); }
  double append(const std::string& bytes) const {
    const auto begun = Clock::now();
    if (::write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        ::fdatasync(file_) != 0)
      throw std::runtime_error("the bare file cannot be written");
    return seconds_since(begun);
  }

 private:
  int file_;
};

double append_one(Log& log, const Record& record) {
  std::promise<bool> written;
  auto future = written.get_future();
  const auto begun = Clock::now();
  log.append(record, [&](auto seq) { written.set_value(seq.has_value()); });
  if (!future.get()) throw std::runtime_error("the ledger refused a record");
  return seconds_since(begun);
}

/// In turns, so that a disk that others use is as slow for both.
void one_producer(Log& log, const std::string& folder, std::mt19937_64& random) {
  const BareFile bare(folder + "/bare");
  std::vector<double> alone, logged;
  for (int round = 0; round < 40; ++round) {
    std::vector<Record> records;
    std::vector<std::string> texts;
    for (int i = 0; i < 50; ++i) {
      records.push_back(sized_record(random));
      texts.push_back(to_canonical_json(records.back()));
    }
    for (const auto& text : texts) alone.push_back(bare.append(text));
    for (const auto& record : records) logged.push_back(append_one(log, record));
  }
  const double bare_us = median(alone) * 1e6, log_us = median(logged) * 1e6;
  std::printf("1 producer: %.0f us a record, bare append %.0f us: %.2f times (aim 1.4)\n", log_us,
              bare_us, log_us / bare_us);
}

/// Producers that each keep `window` records on their way.
class Producers {
 public:
  Producers(Log& log, std::size_t count, std::size_t window) : log_(log), window_(window) {
    for (std::size_t i = 0; i < count; ++i) shares_.push_back(std::make_unique<Share>());
  }

  double run(std::size_t each, const std::vector<Record>& pool) {
    const auto begun = Clock::now();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < shares_.size(); ++i)
      threads.emplace_back([&, i] { produce(*shares_[i], each, pool, i); });
    for (auto& thread : threads) thread.join();
    return seconds_since(begun);
  }

 private:
  struct Share {
    std::mutex mutex;
    std::condition_variable done;
    std::size_t waiting = 0;
  };

  void produce(Share& share, std::size_t each, const std::vector<Record>& pool, std::size_t salt) {
    for (std::size_t i = 0; i < each; ++i) {
      {
        std::unique_lock lock(share.mutex);
        share.done.wait(lock, [&] { return share.waiting < window_; });
        ++share.waiting;
      }
      Record record = pool[(i * 31 + salt * 7919) % pool.size()];
      const std::string own = std::to_string(salt * each + i);  // of the exchange
      record.exchange.replace(record.exchange.size() - own.size(), own.size(), own);
      log_.append(std::move(record), [&share](auto seq) {
        if (!seq) std::abort();
        const std::lock_guard lock(share.mutex);
        --share.waiting;
        share.done.notify_one();
      });
    }
    std::unique_lock lock(share.mutex);
    share.done.wait(lock, [&] { return share.waiting == 0; });
  }

  Log& log_;
  std::size_t window_;
  std::vector<std::unique_ptr<Share>> shares_;
};

void many_producers(Log& log, const std::string& folder, std::size_t records, std::size_t window,
                    const std::vector<Record>& pool) {
  constexpr std::size_t kProducers = 32;
  const auto before = log.stats();
  Producers producers(log, kProducers, window);
  const double seconds = producers.run(records / kProducers, pool);
  const auto after = log.stats();
  const auto written = static_cast<double>(after.records - before.records);
  const double batch = written / static_cast<double>(after.batches - before.batches);
  const double bytes = static_cast<double>(after.bytes - before.bytes) / written;
  const double commit =
      static_cast<double>(after.commit_us_total - before.commit_us_total) / 1e6 / seconds;

  const BareFile bare(folder + "/bare-batches");
  const std::string text(static_cast<std::size_t>(batch * bytes), 'x');
  std::vector<double> alone;
  for (int i = 0; i < 400; ++i) alone.push_back(bare.append(text));
  const double bare_rate = batch / median(alone);
  std::printf(
      "32 producers, %zu on their way each: %.0f records/s (aim 60000) in batches of %.0f, %.0f %% "
      "of the time in the store; bare appends of such batches %.0f records/s: %.2f times\n",
      window, written / seconds, batch, commit * 100, bare_rate, written / seconds / bare_rate);
}

std::uint64_t bytes_below(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".sst" || extension == ".blob") bytes += entry.file_size();
  }
  return bytes;
}

/// "VmRSS" or "VmHWM" of this process, in MiB.
long memory_mib(const char* what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(what)) return std::atol(line.c_str() + std::strlen(what) + 1) / 1024;
  }
  return 0;
}

void verify(const LogOptions& options) {
  auto reader = open_rocksdb_reader(options.directory);
  if (!reader) throw std::runtime_error(reader.error());
  VerifyOptions verify;
  verify.key = &options.signer->verifier();
  verify.checkpoint_file = options.checkpoint_file;
  const auto begun = Clock::now();
  const auto report = verify_ledger(**reader, verify);
  const double seconds = seconds_since(begun);
  if (!report || !report->faults.empty()) throw std::runtime_error("the ledger is damaged");
  std::printf("verify: %.0f records/s (aim 300000), %llu checkpoints; memory at most %ld MiB\n",
              static_cast<double>(report->records) / seconds,
              static_cast<unsigned long long>(report->checkpoints), memory_mib("VmHWM:"));
}

/// The first 100 of what two filters find.
void list(const std::string& directory, const char* what, const Query& query) {
  const auto opening = Clock::now();
  auto reader = Reader::open(directory);
  if (!reader) throw std::runtime_error(reader.error());
  const double opened = seconds_since(opening);
  const auto begun = Clock::now();
  std::size_t found = 0;
  const auto read =
      search(reader->view(), query, [&](std::uint64_t, std::string_view) { return ++found < 100; });
  if (!read) throw std::runtime_error(read.error());
  std::printf("list, %s: %zu of %llu records in %.1f ms (aim 50), after opening in %.1f ms\n", what,
              found, static_cast<unsigned long long>(reader->size()), seconds_since(begun) * 1e3,
              opened * 1e3);
}

void lists(const std::string& directory) {
  list(directory, "blocked and one model, newest first",
       {{make_term('d', "block"), make_term('m', "gpt-5.1")}, 0, UINT64_MAX, true});
  list(directory, "one actor's redacted, oldest first",
       {{make_term('a', "actor_77"), make_term('d', "redact")}});
  list(directory, "two that never meet", {{make_term('m', "gpt-5.1"), make_term('j', "EU")}});
}

void measure(std::size_t records, const std::string& folder) {
  LogOptions options;
  options.directory = folder + "/ledger";
  options.checkpoint_file = folder + "/checkpoints";
  options.signer = std::make_shared<const NoteSigner>(
      std::move(*NoteSigner::generate("ledger.example.com/bench")));
  std::mt19937_64 random(7);
  std::vector<Record> pool;
  for (int i = 0; i < 4096; ++i) pool.push_back(sized_record(random));

  auto log = Log::open(options);
  if (!log) throw std::runtime_error(log.error().what);
  one_producer(**log, folder, random);
  many_producers(**log, folder, std::min<std::size_t>(records / 10, 50'000), 1, pool);
  many_producers(**log, folder, records, 16, pool);
  const auto stats = (*log)->stats();
  (*log)->close();
  std::printf("memory: %ld MiB, at most %ld MiB\n", memory_mib("VmRSS:"), memory_mib("VmHWM:"));

  log = Log::open(options);  // writes into tables what stood in the write-ahead log only
  if (!log) throw std::runtime_error(log.error().what);
  (*log)->close();
  std::printf(
      "storage: %.2f bytes a record byte (aim 1.3), %llu records\n",
      static_cast<double>(bytes_below(options.directory)) / static_cast<double>(stats.bytes),
      static_cast<unsigned long long>(stats.records));
  verify(options);
  lists(options.directory);
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t records = 1'000'000;
  std::string base = "build";
  for (int i = 1; i + 1 < count; i += 2) {
    if (std::string_view(arguments[i]) == "--records") records = std::stoull(arguments[i + 1]);
    if (std::string_view(arguments[i]) == "--folder") base = arguments[i + 1];
  }
  std::string folder = base + "/ledger-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    std::fprintf(stderr, "cannot make a folder in %s\n", base.c_str());
    return 2;
  }
  int code = 0;
  try {
    measure(records, folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  std::filesystem::remove_all(folder);
  return code;
}
