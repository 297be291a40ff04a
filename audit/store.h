// What the log needs of a store: append a batch durably, and read records back.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "audit/log.h"

namespace customhouse::audit {

/// Where the log stands. Kept in the same write as the records it counts.
struct LogState {
  std::uint64_t size = 0;  // number of records, also the next seq
  std::uint64_t last_time_us = 0;
};

/// One writer. append() is all or nothing.
class Store {
 public:
  virtual ~Store() = default;
  virtual LogState state() const = 0;
  /// `records` are canonical JSON with seq state().size, state().size + 1, …
  virtual std::expected<void, std::string> append(const std::vector<std::string>& records,
                                                  LogState after) = 0;
};

}  // namespace customhouse::audit
