// Each kind of damage is named. The ledger is damaged as RocksDB sees it: whole files, wrong rows.
#include "audit/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>

#include "audit/checkpoint_file.h"
#include "audit/log.h"
#include "audit/rocksdb_store.h"

namespace customhouse::audit {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string be64(std::uint64_t number) {
  std::string text(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) text[i] = static_cast<char>(number >> (8 * (7 - i)));
  return text;
}

/// 700 records, checkpoints at 300, 600 and 700.
class Verified : public ::testing::Test {
 protected:
  Verified() {
    std::string pattern = (fs::temp_directory_path() / "customhouse-verify-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    options_.directory = folder_ + "/ledger";
    options_.min_free_bytes = 0;
    options_.checkpoint_file = folder_ + "/checkpoints";
    options_.signer =
        std::make_shared<const NoteSigner>(std::move(*NoteSigner::generate("audit.example/v")));
    for (const int count : {300, 300, 100}) grow(count);
  }
  ~Verified() override { fs::remove_all(folder_); }

  void grow(int count) {
    auto log = Log::open(options_);
    ASSERT_TRUE(log.has_value()) << log.error().what;
    std::vector<std::future<bool>> all;
    for (int i = 0; i < count; ++i) {
      auto done = std::make_shared<std::promise<bool>>();
      all.push_back(done->get_future());
      Record record;
      record.kind = "decision";
      record.exchange = std::to_string(i);
      (*log)->append(std::move(record), [done](auto seq) { done->set_value(seq.has_value()); });
    }
    for (auto& one : all) ASSERT_TRUE(one.get());
    (*log)->close();
  }

  VerifyReport verify(bool outside = true) {
    auto reader = open_rocksdb_reader(options_.directory);
    if (!reader) throw std::runtime_error(reader.error());
    VerifyOptions options;
    options.key = &options_.signer->verifier();
    if (outside) options.checkpoint_file = options_.checkpoint_file;
    auto report = verify_ledger(**reader, options);
    if (!report) throw std::runtime_error(report.error());
    return *report;
  }
  std::vector<std::string> faults() { return verify().faults; }

  /// Changes rows as whoever has the disk could.
  struct Rows {
    rocksdb::DB* db;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    std::string get(std::size_t family, const std::string& key) {
      std::string value;
      EXPECT_TRUE(db->Get({}, families[family], key, &value).ok());
      return value;
    }
    void put(std::size_t family, const std::string& key, const std::string& value) {
      EXPECT_TRUE(db->Put({}, families[family], key, value).ok());
    }
    void erase(std::size_t family, const std::string& key) {
      EXPECT_TRUE(db->Delete({}, families[family], key).ok());
    }
  };
  enum : std::size_t { kRecords = 1, kMeta, kTiles, kCheckpoints };
  void tamper(const std::function<void(Rows&)>& change) {
    Rows rows{};
    std::vector<rocksdb::ColumnFamilyDescriptor> names;
    for (const char* name : {"default", "rec", "meta", "tile", "cp", "ix"})
      names.emplace_back(name, rocksdb::ColumnFamilyOptions());
    ASSERT_TRUE(rocksdb::DB::Open({}, options_.directory, names, &rows.families, &rows.db).ok());
    change(rows);
    for (auto* family : rows.families) rows.db->DestroyColumnFamilyHandle(family);
    EXPECT_TRUE(rows.db->Close().ok());
    delete rows.db;
  }
  static std::string flipped(std::string bytes, std::size_t at) {
    bytes.at(at) = static_cast<char>(bytes[at] ^ 1);
    return bytes;
  }

  std::string folder_;
  LogOptions options_;
};

TEST_F(Verified, AWholeLedgerHasNoFault) {
  const VerifyReport report = verify();
  EXPECT_THAT(report.faults, IsEmpty());
  EXPECT_EQ(report.records, 700u);
  EXPECT_EQ(report.tiles, 2u);
  EXPECT_EQ(report.checkpoints, 6u);
}

TEST_F(Verified, AFlippedBitInARecordNamesTheRecord) {
  tamper([](Rows& rows) {
    const std::string record = rows.get(kRecords, be64(301));
    rows.put(kRecords, be64(301), flipped(record, record.find("\"exchange\":\"") + 12));
  });
  EXPECT_THAT(faults(), ElementsAre("record 301 is not what was written",
                                    StartsWith("the first 600 records are not those of")));
}

TEST_F(Verified, AFlippedBitInOneOfTheNewestRecordsIsFound) {
  tamper([](Rows& rows) {
    const std::string record = rows.get(kRecords, be64(650));
    rows.put(kRecords, be64(650), flipped(record, record.find("\"exchange\":\"") + 12));
  });
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("one of the records 600 to 699"),
                                    StartsWith("the first 700 records are not those of")));
}

TEST_F(Verified, AFlippedBitInATileNamesTheTile) {
  tamper([](Rows& rows) {
    const std::string key = std::string(1, '\0') + be64(1);
    rows.put(kTiles, key, flipped(rows.get(kTiles, key), 700));
  });
  EXPECT_THAT(faults(), ElementsAre(StartsWith("tile 0/1 is damaged")));
}

TEST_F(Verified, AMissingOrShortTileIsNamed) {
  tamper([](Rows& rows) { rows.erase(kTiles, std::string(1, '\0') + be64(0)); });
  EXPECT_THAT(faults(), ElementsAre("tile 0/0 is missing"));
  tamper([](Rows& rows) { rows.put(kTiles, std::string(1, '\0') + be64(0), "short"); });
  EXPECT_THAT(faults(), ElementsAre("tile 0/0 is damaged"));
}

TEST_F(Verified, AFlippedBitInACheckpointIsNamed) {
  tamper([](Rows& rows) {
    rows.put(kCheckpoints, be64(600), flipped(rows.get(kCheckpoints, be64(600)), 30));
  });
  EXPECT_THAT(faults(), ElementsAre(StartsWith("checkpoint 2 in the ledger is damaged or forged")));
}

TEST_F(Verified, ACheckpointOfAnotherKeyIsNamed) {
  const auto other = NoteSigner::generate("audit.example/v");
  tamper([&](Rows& rows) {
    rows.put(kCheckpoints, be64(600),
             sign_checkpoint({"audit.example/v", 600, empty_root()}, *other));
  });
  EXPECT_THAT(faults(),
              ElementsAre(HasSubstr("is damaged or forged: the checkpoint is not signed")));
}

TEST_F(Verified, ACheckpointUnderAnotherSizeIsNamed) {
  tamper([&](Rows& rows) { rows.put(kCheckpoints, be64(500), rows.get(kCheckpoints, be64(600))); });
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("is stored under another size")));
}

TEST_F(Verified, ADeletedRecordIsNamed) {
  tamper([](Rows& rows) { rows.erase(kRecords, be64(17)); });
  EXPECT_THAT(faults(), ElementsAre("record 17 is missing"));
}

TEST_F(Verified, TwoSwappedRecordsAreNamed) {
  tamper([](Rows& rows) {
    const std::string a = rows.get(kRecords, be64(40)), b = rows.get(kRecords, be64(41));
    rows.put(kRecords, be64(40), b);
    rows.put(kRecords, be64(41), a);
  });
  EXPECT_THAT(faults(), ::testing::Contains(StartsWith("record 40 ")));
}

TEST_F(Verified, ATimeThatGoesBackIsNamed) {
  tamper([](Rows& rows) {
    std::string record = rows.get(kRecords, be64(40));
    record.replace(record.find("\"time\":\"2") + 8, 4, "1999");
    rows.put(kRecords, be64(40), record);
  });
  EXPECT_THAT(faults(), ::testing::Contains("record 40 is not younger than the one before it"));
}

/// The last records are gone and everything in the ledger agrees that they never were.
TEST_F(Verified, ATailCutOffWithEverythingElseMadeToFitIsSeenFromOutside) {
  fs::remove_all(options_.directory);
  const std::string outside = options_.checkpoint_file;
  options_.checkpoint_file = folder_ + "/others";
  grow(650);
  options_.checkpoint_file = outside;
  EXPECT_THAT(verify(false).faults, IsEmpty()) << "nothing inside tells";
  EXPECT_THAT(faults(), ElementsAre(StartsWith("the first 300 records are not those of"),
                                    HasSubstr("has 650 records and had 700")));
}

TEST_F(Verified, ARestoredBackupIsSeenUntilTheGapIsAccepted) {
  fs::copy(options_.directory, folder_ + "/backup", fs::copy_options::recursive);
  grow(50);
  grow(50);
  fs::remove_all(options_.directory);
  fs::rename(folder_ + "/backup", options_.directory);
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("has 700 records and had 800")));
  Record gap;
  gap.kind = "gap";
  ASSERT_TRUE(Log::accept_gap(options_, gap).has_value());
  grow(200);
  const VerifyReport report = verify();
  EXPECT_THAT(report.faults, IsEmpty());
  EXPECT_EQ(report.gaps, 1u);
}

/// A gap excuses what was signed before it, and nothing else.
TEST_F(Verified, AGapExcusesNoLaterLoss) {
  fs::copy(options_.directory, folder_ + "/backup", fs::copy_options::recursive);
  grow(50);
  fs::remove_all(options_.directory);
  fs::rename(folder_ + "/backup", options_.directory);
  Record gap;
  gap.kind = "gap";
  ASSERT_TRUE(Log::accept_gap(options_, gap).has_value());
  fs::copy(options_.directory, folder_ + "/backup", fs::copy_options::recursive);
  grow(100);
  fs::remove_all(options_.directory);
  fs::rename(folder_ + "/backup", options_.directory);
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("has 701 records and had 801")));
}

/// The file outside was lost once, and accepted: what came into it since still counts.
TEST_F(Verified, AGapThatNamesNoCheckpointExcusesNoLaterLoss) {
  fs::remove(options_.checkpoint_file);
  Record gap;
  gap.kind = "gap";
  ASSERT_TRUE(Log::accept_gap(options_, gap).has_value());
  grow(10);
  EXPECT_THAT(faults(), IsEmpty());
  fs::copy(options_.directory, folder_ + "/backup", fs::copy_options::recursive);
  grow(100);
  fs::remove_all(options_.directory);
  fs::rename(folder_ + "/backup", options_.directory);
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("has 711 records and had 811")));
}

/// Whoever can write the ledger, but has no key, writes the gap that excuses the loss.
TEST_F(Verified, AGapThatNobodySignedExcusesNothing) {
  fs::copy(options_.directory, folder_ + "/backup", fs::copy_options::recursive);
  grow(50);
  fs::remove_all(options_.directory);
  fs::rename(folder_ + "/backup", options_.directory);
  auto forger = options_;
  forger.signer = nullptr;
  forger.checkpoint_file.clear();
  {
    auto log = Log::open(forger);
    ASSERT_TRUE(log.has_value()) << log.error().what;
    const auto lost =
        open_checkpoint(**newest_note(options_.checkpoint_file), options_.signer->verifier());
    Record gap;
    gap.kind = "gap";
    gap.abandoned = AbandonedCheckpoint{lost->size, to_base64(lost->root)};
    std::promise<bool> done;
    (*log)->append(std::move(gap), [&](auto seq) { done.set_value(seq.has_value()); });
    ASSERT_TRUE(done.get_future().get());
  }
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("has 701 records and had 750")));
  EXPECT_FALSE(Log::open(options_).has_value());
}

/// Records and checkpoints that come while it looks are no loss.
TEST_F(Verified, ALedgerThatGrowsMeanwhileIsWhole) {
  auto reader = open_rocksdb_reader(options_.directory);
  ASSERT_TRUE(reader.has_value());
  grow(300);
  VerifyOptions options;
  options.key = &options_.signer->verifier();
  options.checkpoint_file = options_.checkpoint_file;
  const auto report = verify_ledger(**reader, options);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_THAT(report->faults, IsEmpty());
  EXPECT_EQ(report->records, 1000u);
}

TEST_F(Verified, AStateThatCountsMoreIsFound) {
  tamper([](Rows& rows) {
    std::string state = rows.get(kMeta, "state");
    state.replace(0, 8, be64(701));
    rows.put(kMeta, "state", state);
  });
  EXPECT_THAT(faults(), ElementsAre("record 700 is missing"));
}

TEST_F(Verified, ARootThatIsNotTheRecordsIsFound) {
  tamper([](Rows& rows) { rows.put(kMeta, "state", flipped(rows.get(kMeta, "state"), 20)); });
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("or the root stored with them")));
  EXPECT_FALSE(Log::open(options_).has_value());
}

TEST_F(Verified, ProgressIsTold) {
  auto reader = open_rocksdb_reader(options_.directory);
  ASSERT_TRUE(reader.has_value());
  VerifyOptions options;
  options.progress = [](std::uint64_t done, std::uint64_t all) { EXPECT_LE(done, all); };
  EXPECT_TRUE(verify_ledger(**reader, options)->faults.empty()) << "without a key too";
}

}  // namespace
}  // namespace customhouse::audit
