#include "audit/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <mutex>

#include "audit/index.h"

namespace customhouse::audit {

namespace {

constexpr const char* kRecords = "rec";
constexpr const char* kMeta = "meta";
constexpr const char* kTiles = "tile";
constexpr const char* kCheckpoints = "cp";
constexpr const char* kIndex = "ix";
constexpr const char* kStateKey = "state";
constexpr const char* kIndexedKey = "indexed";
constexpr const char* kFormatKey = "format";
constexpr const char* kFormat = "3";
constexpr const char* kFormatWithoutIndex = "2";

using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;

std::string be64(std::uint64_t number) {
  std::string text(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) text[i] = static_cast<char>(number >> (8 * (7 - i)));
  return text;
}

std::uint64_t from_be64(std::string_view text) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8 && i < text.size(); ++i)
    number = number << 8 | static_cast<unsigned char>(text[i]);
  return number;
}

std::string encode(const LogState& state) {
  return be64(state.size) + be64(state.last_time_us) +
         std::string(reinterpret_cast<const char*>(state.root.data()), state.root.size());
}

constexpr std::size_t kStateBytes = 16 + sizeof(Hash);

std::string tile_key(unsigned level, std::uint64_t index) {
  return static_cast<char>(level) + be64(index);
}

/// The guard rails for RocksDB 7.8 (known faults of that release are in the comments).
rocksdb::Options options_for_writing() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.recycle_log_file_num = 0;  // data loss on recovery was reproduced with it
  options.wal_compression = rocksdb::kNoCompression;  // recovery of compressed fragments is faulty
  options.track_and_verify_wals_in_manifest = false;  // false "Missing WAL" before 7.10
  // Mid-log corruption refuses to open; a torn tail, never acknowledged, does not.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.wal_bytes_per_sync = 0;
  options.manual_wal_flush = false;
  options.max_bgerror_resume_count = 0;  // a failed fsync is final: never resumed behind our back
  options.paranoid_checks = true;
  options.force_consistency_checks = true;
  options.verify_sst_unique_id_in_manifest = true;
  options.max_background_jobs = 2;
  options.max_open_files = 256;
  options.max_total_wal_size = 64u << 20;
  options.keep_log_file_num = 3;
  options.max_log_file_size = 1u << 20;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.WAL_size_limit_MB = 0;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 8u << 20;
  options.max_write_buffer_number = 2;
  options.memtable_protection_bytes_per_key = 8;
  options.compression = rocksdb::kZSTD;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 * 1024;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> families() {
  const auto cache = rocksdb::NewLRUCache(4u << 20);
  return {{rocksdb::kDefaultColumnFamilyName, family_options(cache)},
          {kRecords, family_options(cache)},
          {kMeta, family_options(cache)},
          {kTiles, family_options(cache)},
          {kCheckpoints, family_options(cache)},
          {kIndex, family_options(cache)}};
}

/// A database and its column families, closed in the right order.
struct Database {
  std::unique_ptr<rocksdb::DB> db;
  Handles handles;

  ~Database() {
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    if (db) db->Close();
  }
  rocksdb::ColumnFamilyHandle* records() const { return handles.at(1); }
  rocksdb::ColumnFamilyHandle* meta() const { return handles.at(2); }
  rocksdb::ColumnFamilyHandle* tiles() const { return handles.at(3); }
  rocksdb::ColumnFamilyHandle* checkpoints() const { return handles.at(4); }
  rocksdb::ColumnFamilyHandle* index() const { return handles.at(5); }
  bool has_index() const { return handles.size() > 5; }  // not if read in an older format

  std::expected<LogState, std::string> read_state() const {
    std::string text;
    const rocksdb::Status status = db->Get({}, meta(), kStateKey, &text);
    if (status.IsNotFound()) return LogState{0, 0, empty_root()};
    if (!status.ok()) return std::unexpected(status.ToString());
    if (text.size() != kStateBytes) return std::unexpected("the ledger's state is damaged");
    LogState state{from_be64(text), from_be64(std::string_view(text).substr(8)), {}};
    std::copy_n(text.begin() + 16, sizeof(Hash), state.root.begin());
    return state;
  }

  std::expected<void, std::string> check_format() const {
    std::string format;
    const rocksdb::Status status = db->Get({}, meta(), kFormatKey, &format);
    if (!status.ok() && !status.IsNotFound()) return std::unexpected(status.ToString());
    if (status.ok() && format != kFormat && format != kFormatWithoutIndex)
      return std::unexpected("the ledger has format " + format + ", this program knows " + kFormat +
                             "; keep it for the program that wrote it and set audit.directory to a "
                             "new folder");
    return {};
  }

  /// The state must name the last record: no more, no fewer.
  std::expected<void, std::string> check(const LogState& state) const {
    const std::unique_ptr<rocksdb::Iterator> last(db->NewIterator({}, records()));
    last->SeekToLast();
    if (!last->status().ok()) return std::unexpected(last->status().ToString());
    const std::uint64_t stored = last->Valid() ? from_be64(last->key().ToStringView()) + 1 : 0;
    if (stored != state.size) {
      return std::unexpected("the ledger is damaged: it counts " + std::to_string(state.size) +
                             " records and holds " + std::to_string(stored) +
                             "; restore it from a backup, keep this one as evidence");
    }
    return {};
  }
};

class RocksDbCursor final : public IndexCursor {
 public:
  explicit RocksDbCursor(rocksdb::Iterator* at) : at_(at) {}
  void seek(std::string_view key) override { at_->Seek(key); }
  void seek_for_prev(std::string_view key) override { at_->SeekForPrev(key); }
  void next() override { at_->Next(); }
  void prev() override { at_->Prev(); }
  bool valid() const override { return at_->Valid(); }
  std::string_view key() const override { return at_->key().ToStringView(); }
  std::string_view value() const override { return at_->value().ToStringView(); }
  std::string error() const override { return at_->status().ok() ? "" : at_->status().ToString(); }

 private:
  std::unique_ptr<rocksdb::Iterator> at_;
};

/// Reading, the same for the writer and for readers beside it.
template <typename Base>
class RocksDbView : public Base {
 public:
  explicit RocksDbView(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  std::expected<std::optional<std::string>, std::string> get(std::uint64_t seq) override {
    return value_at(database_->records(), be64(seq));
  }

  std::expected<void, std::string> for_each(
      std::uint64_t begin, std::uint64_t end,
      const std::function<bool(std::uint64_t seq, std::string_view json)>& visit) override {
    rocksdb::ReadOptions options;
    options.readahead_size = 2u << 20;
    const auto at = iterator(database_->records(), options);
    const std::uint64_t stop = std::min(end, this->state().size);
    std::uint64_t expected = begin;
    for (at->Seek(be64(begin)); at->Valid() && expected < stop; at->Next(), ++expected) {
      const std::uint64_t seq = from_be64(at->key().ToStringView());
      if (seq != expected)
        return std::unexpected("record " + std::to_string(expected) + " is missing");
      if (!visit(seq, at->value().ToStringView())) return {};
    }
    if (!at->status().ok())
      return std::unexpected("record " + std::to_string(expected) +
                             " cannot be read: " + at->status().ToString());
    if (expected < stop)
      return std::unexpected("record " + std::to_string(expected) + " is missing");
    return {};
  }

  std::expected<std::optional<std::string>, std::string> tile(unsigned level,
                                                              std::uint64_t index) override {
    return value_at(database_->tiles(), tile_key(level, index));
  }

  std::expected<void, std::string> for_each_tile(
      const std::function<void(const StoredTile&)>& visit) override {
    const auto at = iterator(database_->tiles());
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      const std::string_view key = at->key().ToStringView();
      if (key.size() != 9) return std::unexpected("a tile has a key that is none");
      visit({static_cast<unsigned char>(key[0]), from_be64(key.substr(1)), at->value().ToString()});
    }
    return finished(*at);
  }

  std::expected<void, std::string> for_each_checkpoint(
      const std::function<void(std::uint64_t, std::string_view)>& visit) override {
    const auto at = iterator(database_->checkpoints());
    for (at->SeekToFirst(); at->Valid(); at->Next())
      visit(from_be64(at->key().ToStringView()), at->value().ToStringView());
    return finished(*at);
  }

  std::expected<std::optional<std::string>, std::string> newest_checkpoint() override {
    const auto at = iterator(database_->checkpoints());
    at->SeekToLast();
    if (at->Valid()) return std::optional(at->value().ToString());
    if (!at->status().ok()) return std::unexpected(at->status().ToString());
    return std::optional<std::string>();
  }

  std::expected<std::uint64_t, std::string> indexed_blocks() override {
    if (!database_->has_index()) return 0;
    const auto stored = value_at(database_->meta(), kIndexedKey);
    if (!stored) return std::unexpected(stored.error());
    return *stored ? from_be64(**stored) : 0;
  }

  std::unique_ptr<IndexCursor> index_cursor() override {
    return std::make_unique<RocksDbCursor>(database_->db->NewIterator({}, database_->index()));
  }

 protected:
  std::expected<std::optional<std::string>, std::string> value_at(
      rocksdb::ColumnFamilyHandle* family, const std::string& key) const {
    std::string text;
    const rocksdb::Status status = database_->db->Get({}, family, key, &text);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return std::unexpected(status.ToString());
    return std::optional<std::string>(std::move(text));
  }

  std::unique_ptr<Database> database_;

 private:
  using Iterator = std::unique_ptr<rocksdb::Iterator>;
  Iterator iterator(rocksdb::ColumnFamilyHandle* family,
                    const rocksdb::ReadOptions& options = {}) const {
    return Iterator(database_->db->NewIterator(options, family));
  }
  static std::expected<void, std::string> finished(const rocksdb::Iterator& at) {
    if (!at.status().ok()) return std::unexpected(at.status().ToString());
    return {};
  }
};

class RocksDbStore final : public RocksDbView<Store> {
 public:
  RocksDbStore(std::unique_ptr<Database> database, LogState state, bool sync)
      : RocksDbView(std::move(database)), state_(state) {
    write_.sync = sync;
    write_.protection_bytes_per_key = 8;
  }

  LogState state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }

  std::expected<void, std::string> append(const std::vector<std::string>& records,
                                          const std::vector<StoredTile>& tiles,
                                          LogState after) override {
    rocksdb::WriteBatch batch(0, 0, write_.protection_bytes_per_key, 0);
    std::uint64_t seq = state_.size;
    rocksdb::Status status;
    if (seq == 0) status = batch.Put(database_->meta(), kFormatKey, kFormat);
    Counts counts;
    for (const std::string& record : records) {
      if (status.ok() && block_.add(seq, record))
        status = put_block(batch, seq / kIndexBlock + 1, counts);
      if (status.ok()) status = batch.Put(database_->records(), be64(seq++), record);
    }
    if (status.ok()) status = put_counts(batch, counts);
    for (const StoredTile& tile : tiles) {
      if (status.ok())
        status = batch.Put(database_->tiles(), tile_key(tile.level, tile.index), tile.bytes);
    }
    if (status.ok()) status = batch.Put(database_->meta(), kStateKey, encode(after));
    if (status.ok()) {
      const std::lock_guard lock(writing_);
      status = database_->db->Write(write_, &batch);
    }
    if (!status.ok()) return std::unexpected(status.ToString());
    const std::lock_guard lock(mutex_);
    state_ = after;
    return {};
  }

  std::expected<void, std::string> put_checkpoint(std::uint64_t size,
                                                  const std::string& note) override {
    // Where appending does not sync, a checkpoint outside would outlive its records a power loss.
    rocksdb::WriteOptions write;
    write.sync = !write_.sync;
    const std::lock_guard lock(writing_);
    const auto status = database_->db->Put(write, database_->checkpoints(), be64(size), note);
    if (!status.ok()) return std::unexpected(status.ToString());
    return {};
  }

  /// Indexes the blocks that are not yet, and takes in the newest records' part of the next one.
  /// What is done stays done if it is cut off.
  std::expected<void, std::string> complete_index(const IndexProgress& progress) {
    const auto indexed = indexed_blocks();
    if (!indexed) return std::unexpected(indexed.error());
    if (*indexed > state_.size / kIndexBlock)
      return std::unexpected(
          "the ledger is damaged: its index covers records that it does not have");
    rocksdb::Status status = database_->db->Put({}, database_->meta(), kFormatKey, kFormat);
    const auto take = [&](std::uint64_t seq, std::string_view record) {
      if (!block_.add(seq, record)) return true;
      rocksdb::WriteBatch batch(0, 0, write_.protection_bytes_per_key, 0);
      Counts counts;
      status = put_block(batch, seq / kIndexBlock + 1, counts);
      if (status.ok()) status = put_counts(batch, counts);
      if (status.ok()) status = database_->db->Write({}, &batch);
      if (progress) progress(seq + 1, state_.size);
      return status.ok();
    };
    if (status.ok()) {
      auto read = for_each(*indexed * kIndexBlock, state_.size, take);
      if (!read) return read;
    }
    if (!status.ok()) return std::unexpected(status.ToString());
    return {};
  }

  std::expected<void, std::string> drop_index() {
    rocksdb::WriteBatch batch;
    rocksdb::Status status = batch.Delete(database_->meta(), kIndexedKey);
    // Tags and counters' keys begin with a byte below this one.
    if (status.ok()) status = batch.DeleteRange(database_->index(), std::string(1, '\0'), "\xFF");
    if (status.ok()) status = database_->db->Write(write_, &batch);
    if (!status.ok()) return std::unexpected(status.ToString());
    return {};
  }

 private:
  using Counts = std::map<std::string, std::uint64_t>;

  rocksdb::Status put_block(rocksdb::WriteBatch& batch, std::uint64_t indexed, Counts& counts) {
    rocksdb::Status status = batch.Put(database_->meta(), kIndexedKey, be64(indexed));
    for (const IndexRow& row : block_.take(counts)) {
      if (status.ok()) status = batch.Put(database_->index(), row.key, row.value);
    }
    return status;
  }

  /// The only writer: what is read here cannot change before it is written.
  rocksdb::Status put_counts(rocksdb::WriteBatch& batch, const Counts& counts) {
    rocksdb::Status status;
    for (const auto& [term, count] : counts) {
      const std::string key = counter_key(term);
      std::string before;
      if (status.ok()) status = database_->db->Get({}, database_->index(), key, &before);
      if (status.IsNotFound()) status = {};
      if (status.ok()) status = batch.Put(database_->index(), key, be64(from_be64(before) + count));
    }
    return status;
  }

  // RocksDB would queue the two writers itself; so it shows to ThreadSanitizer, too.
  std::mutex writing_;
  mutable std::mutex mutex_;
  LogState state_;    // written by append() alone, under the mutex
  IndexBlock block_;  // of append() alone
  rocksdb::WriteOptions write_;
};

class RocksDbReader final : public RocksDbView<StoreReader> {
 public:
  RocksDbReader(std::unique_ptr<Database> database, std::string scratch)
      : RocksDbView(std::move(database)), scratch_(std::move(scratch)) {}
  ~RocksDbReader() override {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(scratch_, ignored);
  }

  LogState state() const override { return state_; }

  std::expected<void, std::string> refresh() override {
    if (const auto status = database_->db->TryCatchUpWithPrimary(); !status.ok())
      return std::unexpected(status.ToString());
    if (auto known = database_->check_format(); !known) return known;
    auto state = database_->read_state();
    if (!state) return std::unexpected(state.error());
    state_ = *state;
    return {};
  }

 private:
  std::string scratch_;  // the secondary's own logs
  LogState state_;
};

}  // namespace

std::expected<std::unique_ptr<Store>, std::string> open_rocksdb_store(const std::string& directory,
                                                                      Durability durability,
                                                                      const IndexOptions& index) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return std::unexpected("cannot make " + directory + ": " + error.message());
  ::chmod(directory.c_str(), 0700);
  auto database = std::make_unique<Database>();
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options_for_writing(), directory, families(), &database->handles, &db);
  database->db.reset(db);
  if (!status.ok()) return std::unexpected(status.ToString());
  if (auto known = database->check_format(); !known) return std::unexpected(known.error());
  auto state = database->read_state();
  if (!state) return std::unexpected(state.error());
  if (auto checked = database->check(*state); !checked) return std::unexpected(checked.error());
  auto store =
      std::make_unique<RocksDbStore>(std::move(database), *state, durability == Durability::Strict);
  if (index.anew) {
    if (auto dropped = store->drop_index(); !dropped) return std::unexpected(dropped.error());
  }
  if (state->size != 0) {
    if (auto indexed = store->complete_index(index.progress); !indexed)
      return std::unexpected(indexed.error());
  }
  return store;
}

std::expected<std::unique_ptr<StoreReader>, std::string> open_rocksdb_reader(
    const std::string& directory) {
  if (!std::filesystem::exists(directory + "/CURRENT")) {
    return std::unexpected("no ledger at " + directory +
                           ": start the gateway once, or set data_dir");
  }
  std::string scratch =
      (std::filesystem::temp_directory_path() / "customhouse-reader-XXXXXX").string();
  if (::mkdtemp(scratch.data()) == nullptr)
    return std::unexpected("cannot make a temporary folder in " + scratch);
  auto database = std::make_unique<Database>();
  rocksdb::DB* db = nullptr;
  rocksdb::Options options;
  options.max_open_files = -1;  // a secondary keeps files open that the primary may delete
  options.info_log_level = rocksdb::FATAL_LEVEL;
  options.keep_log_file_num = 1;
  rocksdb::Status status;
  // The writer may exchange its manifest at this moment: then the next attempt finds the new one.
  for (int attempt = 0; attempt == 0 || (status.IsTryAgain() && attempt < 10); ++attempt) {
    std::vector<std::string> names;
    status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
    auto wanted = families();
    if (std::ranges::find(names, kIndex) == names.end()) wanted.pop_back();
    if (status.ok()) {
      status = rocksdb::DB::OpenAsSecondary(options, directory, scratch, wanted, &database->handles,
                                            &db);
    }
  }
  database->db.reset(db);
  if (!status.ok()) {
    std::error_code ignored;
    std::filesystem::remove_all(scratch, ignored);
    return std::unexpected(status.ToString());
  }
  auto reader = std::make_unique<RocksDbReader>(std::move(database), scratch);
  if (auto refreshed = reader->refresh(); !refreshed) return std::unexpected(refreshed.error());
  return reader;
}

}  // namespace customhouse::audit
