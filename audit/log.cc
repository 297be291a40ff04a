#include "audit/log.h"

#include <pthread.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "audit/checkpointer.h"
#include "audit/rocksdb_store.h"
#include "audit/tree.h"

namespace customhouse::audit {

namespace {

constexpr std::size_t kMaxBatchRecords = 256;
constexpr std::size_t kMaxBatchBytes = 1u << 20;
constexpr std::chrono::seconds kSpaceCheckInterval{1};
constexpr std::chrono::milliseconds kSoon{50};
// Under load a batch waits this long for as many records as the last one had: fewer fsyncs leave
// the processor to the exchanges. A lone exchange never waits.
constexpr std::size_t kCrowd = 4;
constexpr std::chrono::microseconds kCrowdWait{500};

std::uint64_t now_us() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

struct Ticket {
  Record record;
  Log::Done done;
  bool urgent = true;
};

}  // namespace

struct Log::Implementation {
  LogOptions options;
  std::unique_ptr<Store> store;
  OpenTree tree;                               // of the commit thread
  std::unique_ptr<Checkpointer> checkpointer;  // none without a key

  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<Ticket> queue;
  std::size_t urgent = 0;  // tickets in the queue that somebody waits for
  std::size_t wanted = 0;  // how many of them the commit thread waits for now; 0: it does not
  std::size_t crowd = 0;   // how many the last batch had, slowly falling
  std::chrono::steady_clock::time_point due;  // when the oldest of the others must be written
  bool closing = false;

  std::atomic<bool> healthy{true};  // once false, false for ever: a failed fsync is never retried
  std::atomic<bool> full{false};
  std::atomic<std::uint64_t> records{0}, batches{0}, bytes{0}, failures{0}, commit_us_total{0},
      commit_us_max{0};
  std::chrono::steady_clock::time_point space_checked;
  std::thread thread;

  /// Keeps away from ENOSPC, after which RocksDB may not even reopen.
  void check_space() {
    const auto now = std::chrono::steady_clock::now();
    if (now - space_checked < kSpaceCheckInterval) return;
    space_checked = now;
    struct statvfs status{};
    if (::statvfs(options.directory.c_str(), &status) != 0) return;
    full.store(static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize <
               options.min_free_bytes);
  }

  /// Waits for records and takes a batch of them. Empty: the log closes.
  std::vector<Ticket> take_batch() {
    std::unique_lock lock(mutex);
    while (!closing && urgent == 0 && queue.size() < kMaxBatchRecords) {
      const auto now = std::chrono::steady_clock::now();
      if (!queue.empty() && now >= due) break;
      // Also woken now and then, so that a disk that was full is seen to have room again.
      arrived.wait_until(lock, queue.empty() ? now + kSpaceCheckInterval : due);
      check_space();
    }
    const bool crowded = crowd >= kCrowd;
    if ((options.linger_us != 0 || crowded) && !closing) {
      wanted = options.linger_us != 0 ? kMaxBatchRecords : crowd;
      const auto patience = std::chrono::microseconds(options.linger_us);
      arrived.wait_for(lock, std::max<std::chrono::microseconds>(patience, kCrowdWait), [&] {
        return closing || urgent >= wanted || queue.size() >= kMaxBatchRecords;
      });
      wanted = 0;
    }
    crowd = std::max(urgent, crowd - crowd / 4);
    std::vector<Ticket> batch;
    const std::size_t count = std::min(queue.size(), kMaxBatchRecords);
    batch.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      urgent -= queue.front().urgent ? 1 : 0;
      batch.push_back(std::move(queue.front()));
      queue.pop_front();
    }
    due = std::chrono::steady_clock::now() + kSoon;
    return batch;
  }

  void run() {
    pthread_setname_np(pthread_self(), "customhouse-log");
    for (std::vector<Ticket> batch = take_batch(); !batch.empty(); batch = take_batch()) {
      check_space();
      // A batch over the byte limit goes in several writes.
      for (std::size_t begin = 0; begin < batch.size();) begin = commit(batch, begin);
    }
  }

  /// Writes tickets from `begin` on, as many as one write takes; returns the first one left.
  std::size_t commit(std::vector<Ticket>& batch, std::size_t begin) {
    if (!healthy.load(std::memory_order_relaxed)) {
      refuse(batch[begin], {LogError::Kind::Unavailable,
                            "the ledger has failed; restart the gateway after mending it"});
      return begin + 1;
    }
    const LogState before = store->state();
    LogState after = before;
    std::vector<std::string> encoded;
    std::vector<StoredTile> tiles;
    const auto keep_tile = [&](unsigned level, std::uint64_t index, std::span<const Hash> hashes) {
      tiles.push_back({level, index, encode_tile(hashes)});
    };
    std::size_t size = 0;
    std::size_t end = begin;
    while (end < batch.size() && size < kMaxBatchBytes) {
      Record& record = batch[end].record;
      record.seq = after.size++;
      record.time_us = after.last_time_us = std::max(now_us(), after.last_time_us + 1);
      encoded.push_back(to_canonical_json(record));
      size += encoded.back().size();
      const Hash leaf = leaf_hash(encoded.back());
      tree.frontier.append(leaf);
      tree.tiles.append(leaf, keep_tile);
      ++end;
    }
    after.root = tree.frontier.root();
    const auto started = std::chrono::steady_clock::now();
    auto written = store->append(encoded, tiles, after);
    const auto took =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                       std::chrono::steady_clock::now() - started)
                                       .count());
    if (!written) {
      healthy.store(false);
      for (std::size_t i = begin; i < end; ++i) {
        refuse(batch[i],
               {LogError::Kind::Unavailable, "the ledger cannot be written: " + written.error()});
      }
      return end;
    }
    records.fetch_add(end - begin, std::memory_order_relaxed);
    batches.fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_add(size, std::memory_order_relaxed);
    commit_us_total.fetch_add(took, std::memory_order_relaxed);
    commit_us_max.store(std::max(commit_us_max.load(std::memory_order_relaxed), took),
                        std::memory_order_relaxed);
    for (std::size_t i = begin; i < end; ++i) batch[i].done(batch[i].record.seq);
    if (checkpointer) checkpointer->grown(after.size);
    return end;
  }

  void refuse(Ticket& ticket, LogError error) {
    failures.fetch_add(1, std::memory_order_relaxed);
    ticket.done(std::unexpected(std::move(error)));
  }
};

Log::Log(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

Log::~Log() {
  close();
}

namespace {

std::unexpected<LogError> unavailable(std::string what) {
  return std::unexpected(LogError{LogError::Kind::Unavailable, std::move(what)});
}

/// The newest checkpoint that left the ledger; nothing if none ever did.
std::expected<std::optional<Checkpoint>, LogError> newest_outside(const LogOptions& options,
                                                                  StoreView& store) {
  if (!options.signer || options.checkpoint_file.empty()) return std::nullopt;
  const auto note = newest_note(options.checkpoint_file);
  if (!note) return unavailable(note.error());
  if (!*note) {
    const auto inside = store.newest_checkpoint();
    if (!inside) return unavailable(inside.error());
    if (!*inside) return std::nullopt;
    return std::unexpected(LogError{LogError::Kind::RolledBack,
                                    "its checkpoints are no longer in " + options.checkpoint_file});
  }
  auto checkpoint = open_checkpoint(**note, options.signer->verifier());
  if (!checkpoint) return unavailable(options.checkpoint_file + ": " + checkpoint.error());
  return std::move(*checkpoint);
}

}  // namespace

std::expected<std::unique_ptr<Log>, LogError> Log::open(LogOptions options) {
  auto store = open_rocksdb_store(options.directory, options.durability);
  if (!store) return unavailable(store.error());
  return over(std::move(options), std::move(*store));
}

std::expected<std::unique_ptr<Log>, LogError> Log::over(LogOptions options,
                                                        std::unique_ptr<Store> store) {
  auto outside = newest_outside(options, *store);
  if (!outside) return std::unexpected(outside.error());
  if (*outside) {
    if (auto held = holds(*store, **outside); !held)
      return std::unexpected(LogError{LogError::Kind::RolledBack, held.error()});
  }
  return start(std::move(options), std::move(store));
}

std::expected<std::unique_ptr<Log>, LogError> Log::start(LogOptions options,
                                                         std::unique_ptr<Store> store) {
  auto implementation = std::make_unique<Implementation>();
  auto tree = open_tree(*store);
  if (!tree) return unavailable(tree.error() + "; customhouse audit verify says what is damaged");
  implementation->tree = std::move(*tree);
  if (options.signer) {
    std::optional<CheckpointFile> file;
    if (!options.checkpoint_file.empty()) {
      auto opened = CheckpointFile::open(options.checkpoint_file);
      if (!opened) return unavailable(opened.error());
      file.emplace(std::move(*opened));
    }
    implementation->checkpointer =
        std::make_unique<Checkpointer>(*store, options.signer, std::move(file));
  }
  implementation->options = std::move(options);
  implementation->store = std::move(store);
  implementation->check_space();
  Implementation& running = *implementation;
  implementation->thread = std::thread([&running] { running.run(); });
  return std::unique_ptr<Log>(new Log(std::move(implementation)));
}

std::expected<std::uint64_t, std::string> Log::accept_gap(LogOptions options, Record gap) {
  auto store = open_rocksdb_store(options.directory, options.durability);
  if (!store) return std::unexpected(store.error());
  auto outside = newest_outside(options, **store);
  if (!outside && outside.error().kind != LogError::Kind::RolledBack)
    return std::unexpected(outside.error().what);
  if (outside) {
    if (!*outside || holds(**store, **outside))
      return std::unexpected("nothing is lost: the ledger holds its newest checkpoint");
    gap.abandoned = AbandonedCheckpoint{(*outside)->size, to_base64((*outside)->root)};
  }
  auto log = start(std::move(options), std::move(*store));
  if (!log) return std::unexpected(log.error().what);
  std::promise<std::expected<std::uint64_t, LogError>> durable;
  (*log)->append(std::move(gap), [&](auto seq) { durable.set_value(std::move(seq)); });
  auto seq = durable.get_future().get();
  (*log)->close();
  if (!seq) return std::unexpected(seq.error().what);
  return *seq;
}

void Log::append(Record record, Done done) {
  enqueue(std::move(record), std::move(done), true);
}
void Log::append_soon(Record record, Done done) {
  enqueue(std::move(record), std::move(done), false);
}

void Log::enqueue(Record record, Done done, bool urgent) {
  Implementation& log = *implementation_;
  std::optional<LogError> refused;
  {
    std::unique_lock lock(log.mutex);
    if (log.closing) {
      refused = {LogError::Kind::Closed, "the ledger is closed"};
    } else if (!log.healthy.load(std::memory_order_relaxed)) {
      refused = {LogError::Kind::Unavailable,
                 "the ledger has failed; restart the gateway after mending it"};
    } else if (log.full.load(std::memory_order_relaxed)) {
      refused = {LogError::Kind::Full, "the disk of the ledger is almost full"};
    } else if (log.queue.size() >= log.options.max_queue) {
      refused = {LogError::Kind::Full, "too many records wait for the ledger"};
    } else {
      if (log.queue.empty()) log.due = std::chrono::steady_clock::now() + kSoon;
      log.queue.push_back({std::move(record), std::move(done), urgent});
      log.urgent += urgent ? 1 : 0;
      // The thread is told of the first ticket and of the first that is urgent; the rest it finds.
      const bool enough = log.wanted != 0 && log.urgent >= log.wanted;
      const bool first = log.wanted == 0 && (log.queue.size() == 1 || (urgent && log.urgent == 1));
      const bool tell = first || enough || log.queue.size() == kMaxBatchRecords;
      lock.unlock();  // or the woken thread would wait for it at once
      if (tell) log.arrived.notify_one();
      return;
    }
  }
  log.failures.fetch_add(1, std::memory_order_relaxed);
  done(std::unexpected(std::move(*refused)));
}

void Log::close() {
  Implementation& log = *implementation_;
  {
    const std::lock_guard lock(log.mutex);
    log.closing = true;
    log.arrived.notify_all();
  }
  if (log.thread.joinable()) log.thread.join();
  log.checkpointer.reset();
  log.store.reset();
}

std::optional<std::string> Log::newest_checkpoint() const {
  if (!implementation_->checkpointer) return std::nullopt;
  auto newest = implementation_->checkpointer->newest();
  if (!newest) return std::nullopt;
  return std::move(newest->note);
}

std::expected<std::optional<std::string>, std::string> Log::tile(const TilePath& path) const {
  const auto newest =
      implementation_->checkpointer ? implementation_->checkpointer->newest() : std::nullopt;
  // What no checkpoint covers is nobody's business yet.
  if (!newest || path.width > tile_width(newest->size, path.level, path.index))
    return std::optional<std::string>();
  Store& store = *implementation_->store;
  if (!path.entries) {
    auto hashes = read_tile(store, path.level, path.index, path.width);
    if (!hashes) return std::unexpected(hashes.error());
    return encode_tile(*hashes);
  }
  std::string bundle;
  const std::uint64_t first = path.index * kTileWidth;
  auto read =
      store.for_each(first, first + path.width, [&](std::uint64_t, std::string_view record) {
        append_entry(bundle, record);
        return true;
      });
  if (!read) return std::unexpected(read.error());
  return bundle;
}

bool Log::healthy() const noexcept {
  return implementation_->healthy.load(std::memory_order_relaxed) &&
         !implementation_->full.load(std::memory_order_relaxed);
}

Log::Stats Log::stats() const noexcept {
  Implementation& log = *implementation_;
  Stats stats;
  stats.records = log.records.load(std::memory_order_relaxed);
  stats.batches = log.batches.load(std::memory_order_relaxed);
  stats.bytes = log.bytes.load(std::memory_order_relaxed);
  stats.failures = log.failures.load(std::memory_order_relaxed);
  stats.commit_us_total = log.commit_us_total.load(std::memory_order_relaxed);
  stats.commit_us_max = log.commit_us_max.load(std::memory_order_relaxed);
  if (log.checkpointer) stats.checkpoint_failures = log.checkpointer->failures();
  const std::lock_guard lock(log.mutex);
  stats.queue = log.queue.size();
  return stats;
}

}  // namespace customhouse::audit
