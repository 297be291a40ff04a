// Whether a ledger is what was written and signed: every record, tile and checkpoint, in one pass.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "audit/note.h"
#include "audit/rocksdb_store.h"

namespace customhouse::audit {

struct VerifyOptions {
  const NoteVerifier* key = nullptr;  // nullptr: signatures are not checked, and the report says so
  std::string checkpoint_file;        // the checkpoints outside the ledger; empty: not looked at
  /// Told now and then how many records of how many are done.
  std::function<void(std::uint64_t done, std::uint64_t all)> progress;
};

struct VerifyReport {
  std::uint64_t records = 0, tiles = 0, checkpoints = 0, gaps = 0;
  Hash root{};
  /// What is wrong, in the order of the log, the first record that differs first; at most
  /// kMaxFaults. Empty: the ledger is whole.
  std::vector<std::string> faults;
  static constexpr std::size_t kMaxFaults = 100;
};

/// An error means that the ledger could not be read at all; damage is in the report. Linear in
/// time; memory grows with the number of checkpoints only. Beside a running gateway it sees what
/// was written when it began.
std::expected<VerifyReport, std::string> verify_ledger(StoreReader& ledger,
                                                       const VerifyOptions& options);

}  // namespace customhouse::audit
