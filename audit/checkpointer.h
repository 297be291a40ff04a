// Signs the log's tree as it grows: into the store, and into the file outside it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "audit/checkpoint_file.h"
#include "audit/store.h"

namespace customhouse::audit {

/// A thread of its own: a slow disk for the file holds up no record. Thread-safe.
class Checkpointer {
 public:
  /// `store` must outlive it. Signs at once what has no checkpoint yet.
  Checkpointer(Store& store, std::shared_ptr<const NoteSigner> signer,
               std::optional<CheckpointFile> file);
  /// Signs what came last.
  ~Checkpointer();

  /// The log has `size` records now; one thread may tell.
  void grown(std::uint64_t size);
  /// The note, and how many records it covers.
  struct Signed {
    std::string note;
    std::uint64_t size = 0;
  };
  std::optional<Signed> newest() const;
  std::uint64_t failures() const;

 private:
  void run();
  void sign();

  Store& store_;
  const std::shared_ptr<const NoteSigner> signer_;
  std::optional<CheckpointFile> file_;  // of the thread
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Signed> newest_;
  std::uint64_t covered_ = 0;  // by the newest checkpoint that is in store and file
  std::uint64_t size_ = 0;
  std::uint64_t failures_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace customhouse::audit
