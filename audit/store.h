// What the log and its readers need of a store: append a batch durably, and read back what stands.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"

namespace customhouse::audit {

/// Where the log stands. Kept in the same write as the records it counts.
struct LogState {
  std::uint64_t size = 0;  // number of records, also the next seq
  std::uint64_t last_time_us = 0;
  Hash root{};  // of the tree over the records; of no records: empty_root()
};

/// A full tile of the tree (audit/tiles.h), 256 hashes.
struct StoredTile {
  unsigned level = 0;
  std::uint64_t index = 0;
  std::string bytes;
};

/// Walks the rows of the index by key.
class IndexCursor {
 public:
  virtual ~IndexCursor() = default;
  virtual void seek(std::string_view key) = 0;           // the first row at or behind it
  virtual void seek_for_prev(std::string_view key) = 0;  // the last row at or before it
  virtual void next() = 0;
  virtual void prev() = 0;
  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;    // until the next move
  virtual std::string_view value() const = 0;  // until the next move
  virtual std::string error() const = 0;       // "" : none
};

/// Reading. Thread-safe, beside a writer too. Errors are faults of the disk or of the data.
class StoreView {
 public:
  virtual ~StoreView() = default;
  virtual LogState state() const = 0;
  /// Canonical JSON of one record; nothing if there is no such seq.
  virtual std::expected<std::optional<std::string>, std::string> get(std::uint64_t seq) = 0;
  /// Records with begin <= seq < end, ascending, as far as there are; stops when `visit` returns
  /// false. A gap in seq is an error.
  virtual std::expected<void, std::string> for_each(
      std::uint64_t begin, std::uint64_t end,
      const std::function<bool(std::uint64_t seq, std::string_view json)>& visit) = 0;
  /// Bytes of a full tile; nothing if it was never written.
  virtual std::expected<std::optional<std::string>, std::string> tile(unsigned level,
                                                                      std::uint64_t index) = 0;
  /// Every full tile, by level and index.
  virtual std::expected<void, std::string> for_each_tile(
      const std::function<void(const StoredTile&)>& visit) = 0;
  /// Checkpoints by size, ascending. Or only the newest.
  virtual std::expected<void, std::string> for_each_checkpoint(
      const std::function<void(std::uint64_t size, std::string_view note)>& visit) = 0;
  virtual std::expected<std::optional<std::string>, std::string> newest_checkpoint() = 0;
  /// How many blocks of records the index covers (audit/index.h).
  virtual std::expected<std::uint64_t, std::string> indexed_blocks() { return 0; }
  /// Asked for only if a block is covered.
  virtual std::unique_ptr<IndexCursor> index_cursor() { return nullptr; }
};

/// One writer. append() is all or nothing.
class Store : public StoreView {
 public:
  /// `records` are canonical JSON with seq state().size, state().size + 1, … ; `tiles` are those
  /// that became full with them.
  virtual std::expected<void, std::string> append(const std::vector<std::string>& records,
                                                  const std::vector<StoredTile>& tiles,
                                                  LogState after) = 0;
  /// May run beside append(). The records it covers are on disk when it returns; the checkpoint
  /// itself with the next append.
  virtual std::expected<void, std::string> put_checkpoint(std::uint64_t size,
                                                          const std::string& note) = 0;
};

}  // namespace customhouse::audit
