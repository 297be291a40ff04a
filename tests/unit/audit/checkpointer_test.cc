// The ledger signs what it holds, proves it, and notices when it is not what it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "audit/checkpoint_file.h"
#include "audit/log.h"
#include "audit/rocksdb_store.h"
#include "audit/tree.h"

namespace customhouse::audit {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SignedLog : public ::testing::Test {
 protected:
  SignedLog() {
    std::string pattern = (fs::temp_directory_path() / "customhouse-signed-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    options_.directory = folder_ + "/ledger";
    options_.min_free_bytes = 0;
    options_.checkpoint_file = folder_ + "/checkpoints";
    options_.signer = key("audit.example/one");
  }
  ~SignedLog() override { fs::remove_all(folder_); }

  static std::shared_ptr<const NoteSigner> key(std::string_view name) {
    return std::make_shared<const NoteSigner>(std::move(*NoteSigner::generate(name)));
  }
  const NoteVerifier& verifier() const { return options_.signer->verifier(); }

  static void append(Log& log, int count) {
    std::vector<std::future<bool>> all;
    for (int i = 0; i < count; ++i) {
      auto done = std::make_shared<std::promise<bool>>();
      all.push_back(done->get_future());
      Record record;
      record.kind = "decision";
      record.exchange = std::to_string(i);
      log.append(std::move(record), [done](auto seq) { done->set_value(seq.has_value()); });
    }
    for (auto& one : all) EXPECT_TRUE(one.get());
  }
  /// Opens, appends, closes: the last checkpoint covers everything.
  void grow(int count) {
    auto log = Log::open(options_);
    ASSERT_TRUE(log.has_value()) << log.error().what;
    append(**log, count);
    (*log)->close();
  }
  std::optional<Checkpoint> newest() const {
    const auto note = newest_note(options_.checkpoint_file);
    if (!note || !*note) return std::nullopt;
    auto checkpoint = open_checkpoint(**note, verifier());
    EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error();
    return *checkpoint;
  }
  std::unique_ptr<StoreReader> reader() const {
    auto opened = open_rocksdb_reader(options_.directory);
    EXPECT_TRUE(opened.has_value()) << opened.error();
    return std::move(*opened);
  }

  std::string folder_;
  LogOptions options_;
};

TEST_F(SignedLog, EveryRecordIsCoveredAtTheEndAndTheTreeGoesOnAfterReopening) {
  grow(3);
  grow(400);
  grow(200);
  ASSERT_TRUE(newest().has_value());
  EXPECT_EQ(newest()->size, 603u);
  Frontier frontier;
  const auto store = reader();
  ASSERT_TRUE(store->for_each(0, UINT64_MAX, [&](std::uint64_t, std::string_view record) {
    frontier.append(leaf_hash(record));
    return true;
  }));
  EXPECT_EQ(newest()->root, frontier.root());
  EXPECT_EQ(store->state().root, frontier.root());
}

TEST_F(SignedLog, AThousandRecordsAreSignedWithoutWaitingForTheSecond) {
  auto log = Log::open(options_);
  ASSERT_TRUE(log.has_value());
  append(**log, 1000);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!(*log)->newest_checkpoint() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_TRUE((*log)->newest_checkpoint().has_value());
}

TEST_F(SignedLog, EveryRecordIsProvedByItsFileAlone) {
  grow(600);
  const auto store = reader();
  for (const std::uint64_t seq : {0u, 1u, 255u, 256u, 511u, 512u, 599u}) {
    const auto proof = prove_record(*store, seq, verifier());
    ASSERT_TRUE(proof.has_value()) << proof.error();
    const auto read = InclusionProof::parse(proof->text());
    ASSERT_TRUE(read.has_value());
    const std::string record = **store->get(seq);
    EXPECT_TRUE(check_proof(*read, record, verifier()).has_value()) << seq;
    EXPECT_FALSE(check_proof(*read, record + " ", verifier()).has_value()) << seq;
  }
  EXPECT_THAT(prove_record(*store, 600, verifier()).error(), HasSubstr("covers 600 records"));
}

TEST_F(SignedLog, MonitorsReadTilesAndEntriesThatACheckpointCovers) {
  grow(300);
  auto log = Log::open(options_);
  ASSERT_TRUE(log.has_value());
  const auto store = reader();
  const auto tile = [&](const char* path) {
    auto bytes = (*log)->tile(*TilePath::parse(path));
    EXPECT_TRUE(bytes.has_value()) << bytes.error();
    return *bytes;
  };
  EXPECT_EQ(tile("/tile/0/000"), **store->tile(0, 0));
  EXPECT_EQ(tile("/tile/0/001.p/44")->size(), 44u * 32);
  EXPECT_EQ(tile("/tile/0/000.p/7"), (*tile("/tile/0/000")).substr(0, 7 * 32));
  EXPECT_EQ(tile("/tile/1/000.p/1")->size(), 32u);
  EXPECT_EQ(tile("/tile/0/001"), std::nullopt) << "not full yet";
  EXPECT_EQ(tile("/tile/0/001.p/45"), std::nullopt);
  EXPECT_EQ(tile("/tile/2/000.p/1"), std::nullopt);
  const auto bundle = tile("/tile/entries/001.p/44");
  ASSERT_TRUE(bundle.has_value());
  const std::string first = **store->get(256);
  EXPECT_EQ(bundle->substr(2, first.size()), first);
}

class RolledBack : public SignedLog {
 protected:
  /// The ledger as it was with `kept` records, although `lost` more were signed.
  void restore_backup(int kept, int lost) {
    grow(kept);
    fs::copy(options_.directory, folder_ + "/backup", fs::copy_options::recursive);
    grow(lost);
    fs::remove_all(options_.directory);
    fs::rename(folder_ + "/backup", options_.directory);
  }
  LogError refused() {
    const auto log = Log::open(options_);
    EXPECT_FALSE(log.has_value());
    return log ? LogError{} : log.error();
  }
};

TEST_F(RolledBack, AnOlderBackupIsRefusedUntilAnOperatorAcceptsTheGap) {
  restore_backup(5, 4);
  const LogError error = refused();
  EXPECT_EQ(error.kind, LogError::Kind::RolledBack);
  EXPECT_THAT(error.what, HasSubstr("has 5 records, and had 9"));
  const Checkpoint lost = *newest();

  Record gap;
  gap.kind = "gap";
  gap.reason = "the disk was restored from Monday's backup";
  const auto seq = Log::accept_gap(options_, gap);
  ASSERT_TRUE(seq.has_value()) << seq.error();
  EXPECT_EQ(*seq, 5u);
  grow(1);
  const auto record = nlohmann::json::parse(**reader()->get(5));
  EXPECT_EQ(record["kind"], "gap");
  EXPECT_EQ(record["abandoned"]["size"], 9);
  EXPECT_EQ(record["abandoned"]["root"], to_base64(lost.root));
  EXPECT_EQ(newest()->size, 7u);
}

TEST_F(RolledBack, AGapIsNotAcceptedWhereNothingIsLost) {
  grow(3);
  EXPECT_THAT(Log::accept_gap(options_, {}).error(), HasSubstr("nothing is lost"));
}

TEST_F(RolledBack, AnotherHistoryOfTheSameLengthIsRefused) {
  restore_backup(5, 4);
  // Whoever has the ledger can append to it, but the file outside is not theirs.
  const std::string outside = read_file(options_.checkpoint_file);
  fs::remove(options_.checkpoint_file);
  auto without = options_;
  without.checkpoint_file.clear();
  auto log = Log::open(without);
  ASSERT_TRUE(log.has_value());
  append(**log, 10);
  (*log)->close();
  std::ofstream(options_.checkpoint_file, std::ios::binary) << outside;
  const LogError error = refused();
  EXPECT_EQ(error.kind, LogError::Kind::RolledBack);
  EXPECT_THAT(error.what, HasSubstr("are not those that were signed"));
}

TEST_F(RolledBack, MissingCheckpointsAreRefused) {
  grow(3);
  fs::remove(options_.checkpoint_file);
  EXPECT_EQ(refused().kind, LogError::Kind::RolledBack);
  Record gap;
  gap.kind = "gap";
  EXPECT_TRUE(Log::accept_gap(options_, gap).has_value());
  grow(1);
}

TEST_F(RolledBack, CheckpointsOfAnotherKeyAreRefused) {
  grow(3);
  options_.signer = key("audit.example/one");
  EXPECT_THAT(refused().what, HasSubstr("not signed by the key"));
}

TEST_F(SignedLog, ACheckpointThatACrashCutOffIsTakenAway) {
  grow(3);
  const std::string whole = read_file(options_.checkpoint_file);
  grow(2);
  const std::string both = read_file(options_.checkpoint_file);
  ASSERT_GT(both.size(), whole.size());
  for (std::size_t size = whole.size(); size < both.size(); ++size) {
    std::ofstream(options_.checkpoint_file, std::ios::binary | std::ios::trunc)
        << both.substr(0, size);
    EXPECT_EQ(newest()->size, 3u) << size;
    auto file = CheckpointFile::open(options_.checkpoint_file);
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(read_file(options_.checkpoint_file), whole) << size;
    ASSERT_TRUE(file->append(both.substr(whole.size(), both.size() - whole.size() - 1)));
    EXPECT_EQ(read_file(options_.checkpoint_file), both);
  }
}

/// On an append-only mount nothing can be taken away: the next notes are read all the same.
TEST_F(SignedLog, WhatWasCutOffAndClosedDoesNotSpoilTheNotesBehindIt) {
  grow(3);
  const std::string whole = read_file(options_.checkpoint_file);
  const std::size_t signature = whole.find("\n\n") + 2;
  for (std::size_t size = 1; size <= signature; ++size) {
    std::ofstream(options_.checkpoint_file, std::ios::binary | std::ios::trunc)
        << whole << whole.substr(0, size) << "\n\n"
        << whole << whole;
    int seen = 0;
    ASSERT_TRUE(for_each_note(options_.checkpoint_file, [&](std::string_view note) {
      ++seen;
      EXPECT_TRUE(open_checkpoint(note, verifier()).has_value()) << "cut at " << size;
    }));
    EXPECT_EQ(seen, 3) << "cut at " << size;
  }
}

TEST_F(SignedLog, ANoteThatCannotBeWrittenLeavesTheFileAsItWas) {
  grow(3);
  const std::string whole = read_file(options_.checkpoint_file);
  auto file = CheckpointFile::open(options_.checkpoint_file);
  ASSERT_TRUE(file.has_value());
  rlimit unlimited{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = unlimited;
  limit.rlim_cur = whole.size() + 20;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const bool written = file->append(whole).has_value();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  std::signal(SIGXFSZ, before);
  EXPECT_FALSE(written);
  EXPECT_EQ(read_file(options_.checkpoint_file), whole);
}

TEST_F(SignedLog, TheNewestCheckpointIsFoundInALongFile) {
  auto file = CheckpointFile::open(options_.checkpoint_file);
  ASSERT_TRUE(file.has_value());
  for (std::uint64_t size = 0; size < 2000; ++size)
    ASSERT_TRUE(
        file->append(sign_checkpoint({verifier().name(), size, empty_root()}, *options_.signer)));
  EXPECT_EQ(newest()->size, 1999u);
  std::uint64_t seen = 0;
  ASSERT_TRUE(for_each_note(options_.checkpoint_file, [&](std::string_view note) {
    EXPECT_EQ(open_checkpoint(note, verifier())->size, seen++);
  }));
  EXPECT_EQ(seen, 2000u);
}

}  // namespace
}  // namespace customhouse::audit
