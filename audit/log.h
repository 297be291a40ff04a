// The ledger as the gateway sees it: append, and know when it is durable.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "audit/note.h"
#include "audit/record.h"
#include "audit/tiles.h"

namespace customhouse::audit {

class Store;

enum class Durability { Strict /* fsync before done */, Os /* survives kill -9, not power loss */ };

struct LogOptions {
  std::string directory;  // made if missing (0700)
  Durability durability = Durability::Strict;
  std::size_t max_queue = 8192;  // records waiting; more are refused at once, never dropped later
  std::uint64_t min_free_bytes = 256ull << 20;  // below this the log refuses, before ENOSPC
  std::uint32_t linger_us = 0;  // wait so long for a batch to grow; 0 never waits when idle
  // The log's key: signs a checkpoint each second in which records came, or after 1,000 of them.
  // Without one there are no checkpoints.
  std::shared_ptr<const NoteSigner> signer = nullptr;
  std::string checkpoint_file = {};  // keeps them outside the ledger; empty: nowhere
};

struct LogError {
  enum class Kind {
    Unavailable,  // the store failed: nothing more is accepted
    Full,
    Closed,
    RolledBack,  // the log is older than a checkpoint it has given out, or differs from it
  } kind;
  std::string what;
};

/// One commit thread batches what is queued into one synced write and then calls back, in order.
/// A failed write poisons the log: every append from then on fails (never retry a failed fsync).
/// Thread-safe.
class Log {
 public:
  using Done = std::function<void(std::expected<std::uint64_t, LogError>)>;  // the record's seq

  /// Compares the log with its newest checkpoint in the file: RolledBack if it does not hold it.
  static std::expected<std::unique_ptr<Log>, LogError> open(LogOptions options);
  /// An operator accepts that records are lost: appends `gap` with the checkpoint that is abandoned
  /// and signs a checkpoint over what is there. Returns the record's seq; an error if nothing is
  /// lost.
  static std::expected<std::uint64_t, std::string> accept_gap(LogOptions options, Record gap);
  /// The same over a store that the caller brings: how a failing disk is tested.
  static std::expected<std::unique_ptr<Log>, LogError> over(LogOptions options,
                                                            std::unique_ptr<Store> store);
  ~Log();  // as close()

  /// `done` runs once, on the commit thread (or before append() returns, if refused at once):
  /// it must be short and must not call the log.
  void append(Record record, Done done);
  /// For records that nobody waits for (completions): durable within 50 ms, or with the next write
  /// if that is sooner, instead of costing an fsync of its own.
  void append_soon(Record record, Done done);

  /// Waits until what is queued is durable, then closes. Idempotent.
  void close();

  // For monitors (c2sp.org/tlog-tiles). Nothing: there is none (yet).
  std::optional<std::string> newest_checkpoint() const;
  /// A tile's bytes, or an entry bundle's, of the tree that the newest checkpoint covers.
  std::expected<std::optional<std::string>, std::string> tile(const TilePath& path) const;

  bool healthy() const noexcept;
  struct Stats {
    std::uint64_t records = 0, batches = 0, bytes = 0, queue = 0, failures = 0;
    std::uint64_t commit_us_total = 0, commit_us_max = 0;
    std::uint64_t checkpoint_failures = 0;  // signed but not written to the file outside
  };
  Stats stats() const noexcept;

  struct Implementation;

 private:
  void enqueue(Record record, Done done, bool urgent);
  static std::expected<std::unique_ptr<Log>, LogError> start(LogOptions options,
                                                             std::unique_ptr<Store> store);
  explicit Log(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace customhouse::audit
