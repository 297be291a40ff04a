// The ledger as the gateway sees it: append, and know when it is durable.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "audit/record.h"

namespace customhouse::audit {

class Store;

enum class Durability { Strict /* fsync before done */, Os /* survives kill -9, not power loss */ };

struct LogOptions {
  std::string directory;  // made if missing (0700)
  Durability durability = Durability::Strict;
  std::size_t max_queue = 8192;  // records waiting; more are refused at once, never dropped later
  std::uint64_t min_free_bytes = 256ull << 20;  // below this the log refuses, before ENOSPC
  std::uint32_t linger_us = 0;  // wait so long for a batch to grow; 0 never waits when idle
};

struct LogError {
  enum class Kind { Unavailable /* store failed: nothing more is accepted */, Full, Closed } kind;
  std::string what;
};

/// One commit thread batches what is queued into one synced write and then calls back, in order.
/// A failed write poisons the log: every append from then on fails (never retry a failed fsync).
/// Thread-safe.
class Log {
 public:
  using Done = std::function<void(std::expected<std::uint64_t, LogError>)>;  // the record's seq

  static std::expected<std::unique_ptr<Log>, LogError> open(LogOptions options);
  /// The same over a store that the caller brings: how a failing disk is tested.
  static std::unique_ptr<Log> over(LogOptions options, std::unique_ptr<Store> store);
  ~Log();  // as close()

  /// `done` runs once, on the commit thread (or before append() returns, if refused at once):
  /// it must be short and must not call the log.
  void append(Record record, Done done);
  /// For records that nobody waits for (completions): durable within 50 ms, or with the next write
  /// if that is sooner, instead of costing an fsync of its own.
  void append_soon(Record record, Done done);

  /// Waits until what is queued is durable, then closes. Idempotent.
  void close();

  bool healthy() const noexcept;
  struct Stats {
    std::uint64_t records = 0, batches = 0, bytes = 0, queue = 0, failures = 0;
    std::uint64_t commit_us_total = 0, commit_us_max = 0;
  };
  Stats stats() const noexcept;

  struct Implementation;

 private:
  void enqueue(Record record, Done done, bool urgent);
  explicit Log(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace customhouse::audit
