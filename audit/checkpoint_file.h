// Checkpoints outside the ledger: a file that only grows, meant for another disk or a write-once
// mount. Whoever rewrites the ledger cannot make it agree with this.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/checkpoint.h"

namespace customhouse::audit {

/// Each note stands with an empty line behind it. Not thread-safe.
class CheckpointFile {
 public:
  /// Made (0600) if missing; the folder must be there. A note that a crash cut off is taken away,
  /// or closed with an empty line where the file lets nothing be taken.
  static std::expected<CheckpointFile, std::string> open(const std::string& path);
  CheckpointFile(CheckpointFile&& other) noexcept;
  CheckpointFile& operator=(CheckpointFile&&) = delete;
  ~CheckpointFile();

  /// Durable when it returns.
  std::expected<void, std::string> append(std::string_view note);
  const std::string& path() const noexcept { return path_; }

 private:
  CheckpointFile(std::string path, int descriptor);
  std::string path_;
  int descriptor_;
};

/// Whole notes, oldest first; a cut-off one is left out. A missing file has none.
std::expected<void, std::string> for_each_note(
    const std::string& path, const std::function<void(std::string_view note)>& visit);
/// The newest whole note; nothing if the file has none or is not there.
std::expected<std::optional<std::string>, std::string> newest_note(const std::string& path);

}  // namespace customhouse::audit
