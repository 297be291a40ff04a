// The ledger in RocksDB. The only room that knows RocksDB is rocksdb_store.cc; audit/FORMAT.md says
// what stands where.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "audit/log.h"
#include "audit/store.h"

namespace customhouse::audit {

using IndexProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;
struct IndexOptions {
  bool anew = false;            // the index is dropped first
  IndexProgress progress = {};  // while the index is made
};

/// Opens for writing; one process at a time. Checks that the state agrees with the last record,
/// and indexes what is not yet.
std::expected<std::unique_ptr<Store>, std::string> open_rocksdb_store(
    const std::string& directory, Durability durability, const IndexOptions& index = {});

/// Opens for reading, beside a writer or without one.
class StoreReader : public StoreView {
 public:
  /// Sees what was committed since.
  virtual std::expected<void, std::string> refresh() = 0;
};
std::expected<std::unique_ptr<StoreReader>, std::string> open_rocksdb_reader(
    const std::string& directory);

}  // namespace customhouse::audit
