// The ledger in RocksDB. The only room that knows RocksDB is rocksdb_store.cc.
//
// Column families: "rec" be64 seq -> canonical JSON; "meta" "state" -> LogState, "format" ->
// version.
#pragma once

#include <functional>

#include "audit/store.h"

namespace customhouse::audit {

/// Opens for writing; one process at a time. Checks that the state agrees with the last record.
std::expected<std::unique_ptr<Store>, std::string> open_rocksdb_store(const std::string& directory,
                                                                      Durability durability);

/// Opens for reading, beside a writer or without one.
class StoreReader {
 public:
  virtual ~StoreReader() = default;
  virtual LogState state() const = 0;
  virtual std::expected<std::optional<std::string>, std::string> get(std::uint64_t seq) = 0;
  virtual std::expected<void, std::string> for_each(
      std::uint64_t begin, std::uint64_t end,
      const std::function<bool(std::uint64_t seq, std::string_view json)>& visit) = 0;
  virtual std::expected<void, std::string> refresh() = 0;
};
std::expected<std::unique_ptr<StoreReader>, std::string> open_rocksdb_reader(
    const std::string& directory);

}  // namespace customhouse::audit
