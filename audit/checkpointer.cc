#include "audit/checkpointer.h"

#include <pthread.h>

#include <chrono>

namespace customhouse::audit {

namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr std::uint64_t kManyRecords = 1000;

}  // namespace

Checkpointer::Checkpointer(Store& store, std::shared_ptr<const NoteSigner> signer,
                           std::optional<CheckpointFile> file)
    : store_(store), signer_(std::move(signer)), file_(std::move(file)) {
  size_ = store_.state().size;
  if (auto note = store_.newest_checkpoint(); note && *note) {
    if (auto checkpoint = open_checkpoint(**note, signer_->verifier())) {
      newest_ = Signed{std::move(**note), checkpoint->size};
      covered_ = checkpoint->size <= size_ ? checkpoint->size : 0;
    }
  }
  thread_ = std::thread([this] { run(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Checkpointer::grown(std::uint64_t size) {
  bool many = false;
  {
    const std::lock_guard lock(mutex_);
    many = size - covered_ >= kManyRecords && size_ - covered_ < kManyRecords;
    size_ = size;
  }
  if (many) wake_.notify_one();
}

std::optional<Checkpointer::Signed> Checkpointer::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

std::uint64_t Checkpointer::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void Checkpointer::run() {
  pthread_setname_np(pthread_self(), "customhouse-cp");
  // At once the first time: what a crash left without a checkpoint has one before anything is
  // added.
  auto patience = std::chrono::seconds{0};
  for (bool closing = false; !closing; patience = kInterval) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, patience, [&] { return closing_ || size_ - covered_ >= kManyRecords; });
      closing = closing_;
      if (size_ == covered_) continue;
    }
    sign();
  }
}

void Checkpointer::sign() {
  const LogState state = store_.state();
  Signed made{sign_checkpoint({signer_->verifier().name(), state.size, state.root}, *signer_),
              state.size};
  // Also where this fails records are accepted: each is in the tree, and the next checkpoint covers
  // it. The metric says so.
  const bool stored = store_.put_checkpoint(state.size, made.note).has_value();
  const bool kept = stored && (!file_ || file_->append(made.note).has_value());
  const std::lock_guard lock(mutex_);
  covered_ = state.size;
  if (!kept) ++failures_;
  if (stored) newest_ = std::move(made);
}

}  // namespace customhouse::audit
