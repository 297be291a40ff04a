#include "audit/verifier.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "audit/checkpoint_file.h"
#include "audit/search.h"
#include "audit/tree.h"

namespace customhouse::audit {

namespace {

constexpr std::uint64_t kProgressEvery = 50'000;

/// A checkpoint that the pass must come by. Small: there may be one for each second of years.
struct Expected {
  std::uint64_t size = 0;
  Hash root{};
  std::uint64_t place = 0;  // among those inside, or those outside; the first is 1
  bool outside = false;
};

/// An operator's word that records were lost.
struct Gap {
  std::uint64_t seq = 0;  // of its record: what stood before it is what was left
  std::uint64_t abandoned_size = 0;
  std::string abandoned_root;
};

class Verification {
 public:
  Verification(StoreReader& view, const VerifyOptions& options) : view_(view), options_(options) {}

  std::expected<VerifyReport, std::string> run() {
    if (auto read = read_checkpoints(); !read) return std::unexpected(read.error());
    read_records();
    if (records_whole_) check_ends();
    check_lost_checkpoints();
    if (auto read = check_tiles(); !read) fault("the tiles cannot be read: " + read.error());
    check_index();
    report_.root = frontier_.root();
    return std::move(report_);
  }

 private:
  void fault(std::string what) {
    if (report_.faults.size() < VerifyReport::kMaxFaults) report_.faults.push_back(std::move(what));
  }

  // ------------------------------------------------------------ checkpoints

  std::string name_of(std::uint64_t place, bool outside) const {
    return "checkpoint " + std::to_string(place) + " in " +
           (outside ? options_.checkpoint_file : std::string("the ledger"));
  }

  void take_checkpoint(std::string_view note, std::uint64_t place, bool outside,
                       std::optional<std::uint64_t> stored_under) {
    ++report_.checkpoints;
    std::expected<Checkpoint, std::string> checkpoint;
    if (options_.key != nullptr) {
      checkpoint = open_checkpoint(note, *options_.key);
    } else if (const auto parsed = parse_note(note)) {
      checkpoint = Checkpoint::parse(parsed->text);
    } else {
      checkpoint = std::unexpected(parsed.error());
    }
    if (!checkpoint)
      return fault(name_of(place, outside) + " is damaged or forged: " + checkpoint.error());
    if (stored_under && *stored_under != checkpoint->size)
      return fault(name_of(place, outside) + " is stored under another size");
    expected_.push_back({checkpoint->size, checkpoint->root, place, outside});
  }

  std::expected<void, std::string> read_checkpoints() {
    std::uint64_t place = 0;
    std::expected<void, std::string> read;
    if (!options_.checkpoint_file.empty()) {
      read = for_each_note(options_.checkpoint_file, [&](std::string_view note) {
        take_checkpoint(note, ++place, true, std::nullopt);
      });
    }
    // Not before: what a running gateway has signed since is not missing here.
    if (read) read = view_.refresh();
    if (!read) return read;
    state_ = view_.state();
    place = 0;
    const auto inside = view_.for_each_checkpoint([&](std::uint64_t size, std::string_view note) {
      take_checkpoint(note, ++place, false, size);
    });
    if (!inside) fault("the checkpoints in the ledger cannot be read: " + inside.error());
    std::ranges::sort(expected_, {}, [](const Expected& one) {
      return std::tuple(one.size, one.outside, one.place);
    });
    return read;
  }

  /// The tree has `size` leaves now: what was signed of it must be so.
  void compare_checkpoints(std::uint64_t size) {
    std::optional<Hash> root;
    for (; next_ < expected_.size() && expected_[next_].size == size; ++next_) {
      if (!root) root = frontier_.root();
      if (expected_[next_].root != *root) {
        mismatched_.push_back(expected_[next_]);
        continue;
      }
      last_held_ = size;
      // The records up to here are those signed: a tile that differs from them is at fault.
      if (suspect_) {
        fault("tile 0/" + std::to_string(*suspect_ / kTileWidth) +
              " is damaged: the records are as signed");
        suspect_.reset();
      }
    }
    if (!mismatched_.empty() && suspect_) blame_suspect();
  }

  void blame_suspect() {
    fault("record " + std::to_string(*suspect_) + " is not what was written");
    suspect_.reset();
    blamed_ = true;
  }

  // ------------------------------------------------------------ records

  void read_records() {
    compare_checkpoints(0);
    index_.emplace(view_);
    auto read = view_.for_each(0, state_.size, [&](std::uint64_t seq, std::string_view record) {
      check_record(seq, record);
      index_->add(seq, record);
      const Hash leaf = leaf_hash(record);
      frontier_.append(leaf);
      tiles_.append(leaf, [&](unsigned level, std::uint64_t index, std::span<const Hash> hashes) {
        compare_tile(level, index, hashes);
      });
      compare_checkpoints(seq + 1);
      report_.records = seq + 1;
      if (options_.progress && (seq + 1) % kProgressEvery == 0)
        options_.progress(seq + 1, state_.size);
      return true;
    });
    records_whole_ = read.has_value();
    if (!read) fault(read.error());
  }

  /// Only of records that are right: a damaged one would blame the index too.
  void check_index() {
    if (!report_.faults.empty()) return;
    if (const std::string wrong = index_->finish(); !wrong.empty())
      fault(wrong + "; customhouse audit reindex makes the index anew from the records");
  }

  void check_record(std::uint64_t seq, std::string_view record) {
    const std::string number = ",\"seq\":" + std::to_string(seq) + ",";
    constexpr std::string_view kTime = ",\"time\":\"";
    const std::size_t at = record.rfind(kTime);
    if (at == std::string_view::npos || record.find(number) == std::string_view::npos) {
      fault("record " + std::to_string(seq) + " does not bear its own number and a time");
      return;
    }
    const std::string_view time = record.substr(at + kTime.size(), 27);
    if (time <= last_time_ && seq != 0)
      fault("record " + std::to_string(seq) + " is not younger than the one before it");
    last_time_ = time;
    if (record.find("\"kind\":\"gap\"") != std::string_view::npos) take_gap(seq, record);
  }

  void take_gap(std::uint64_t seq, std::string_view record) {
    const auto json = nlohmann::json::parse(record, nullptr, false);
    if (!json.is_object() || json.value("kind", "") != "gap") return;
    ++report_.gaps;
    Gap gap{seq, UINT64_MAX, {}};
    const auto abandoned = json.find("abandoned");
    if (abandoned != json.end() && abandoned->is_object()) {
      gap.abandoned_size = abandoned->value("size", std::uint64_t{0});
      gap.abandoned_root = abandoned->value("root", "");
    }
    gaps_.push_back(std::move(gap));
  }

  // ------------------------------------------------------------ tiles

  void compare_tile(unsigned level, std::uint64_t index, std::span<const Hash> hashes) {
    const std::string name = "tile " + std::to_string(level) + "/" + std::to_string(index);
    const auto stored = view_.tile(level, index);
    if (!stored) return fault(name + " cannot be read: " + stored.error());
    if (!*stored) return fault(name + " is missing");
    ++report_.tiles;
    const auto kept = decode_tile(**stored);
    if (kept && std::ranges::equal(*kept, hashes)) return;
    if (!kept || kept->size() != kTileWidth) return fault(name + " is damaged");
    if (level != 0) {
      // Of a record that differs, every tile above it does too.
      if (!suspect_ && !blamed_) fault(name + " is damaged");
      return;
    }
    const auto first = std::ranges::mismatch(*kept, hashes).in1 - kept->begin();
    if (!suspect_) suspect_ = index * kTileWidth + static_cast<std::uint64_t>(first);
  }

  std::expected<void, std::string> check_tiles() {
    return view_.for_each_tile([&](const StoredTile& tile) {
      if (tile_width(state_.size, tile.level, tile.index) != kTileWidth)
        fault("tile " + std::to_string(tile.level) + "/" + std::to_string(tile.index) +
              " stands for records that the ledger does not have");
    });
  }

  // ------------------------------------------------------------ at the end

  void check_ends() {
    const bool root_right = frontier_.root() == state_.root;
    if (suspect_) {
      if (root_right) {
        fault("tile 0/" + std::to_string(*suspect_ / kTileWidth) +
              " is damaged: the records have the root stored with them");
      } else {
        blame_suspect();
      }
    }
    if (root_right || blamed_) return;
    // The newest records stand in no full tile: which one it is cannot be said.
    const std::uint64_t from = std::max(last_held_, state_.size - state_.size % kTileWidth);
    fault("one of the records " + std::to_string(from) + " to " +
          std::to_string(state_.size == 0 ? 0 : state_.size - 1) +
          ", or the root stored with them, is not what was written");
  }

  /// Whether an operator has said that this checkpoint's records are lost: all that were signed up
  /// to the one that the gap names.
  bool abandoned(const Expected& checkpoint) const {
    return std::ranges::any_of(gaps_, [&](const Gap& gap) {
      if (checkpoint.size <= gap.seq) return false;  // of what was left
      // Anyone who can write the ledger can write a gap; the operator's is signed.
      if (gap.seq >= last_held_) return false;
      // Where the file outside was lost, all that stands in it now came later.
      if (gap.abandoned_root.empty()) return !checkpoint.outside;
      return std::ranges::any_of(expected_, [&](const Expected& other) {
        return other.outside && other.size == gap.abandoned_size &&
               to_base64(other.root) == gap.abandoned_root &&
               (!checkpoint.outside || checkpoint.place <= other.place);
      });
    });
  }

  void check_lost_checkpoints() {
    std::erase_if(mismatched_, [&](const Expected& one) { return abandoned(one); });
    if (!mismatched_.empty()) {
      const Expected& first = mismatched_.front();
      std::string what = "the first " + std::to_string(first.size) + " records are not those of " +
                         name_of(first.place, first.outside);
      if (mismatched_.size() > 1)
        what += ", and " + std::to_string(mismatched_.size() - 1) + " more checkpoints";
      fault(std::move(what));
    }
    for (auto at = expected_.rbegin(); at != expected_.rend() && at->size > state_.size; ++at) {
      if (abandoned(*at)) continue;
      return fault("the ledger has " + std::to_string(state_.size) + " records and had " +
                   std::to_string(at->size) + ", as " + name_of(at->place, at->outside) +
                   " shows: it was cut off, or restored from a backup");
    }
  }

  StoreReader& view_;
  const VerifyOptions& options_;
  LogState state_;
  VerifyReport report_;
  std::vector<Expected> expected_;  // by size
  std::size_t next_ = 0;            // of them, to be compared
  std::uint64_t last_held_ = 0;     // the largest that was right
  std::vector<Expected> mismatched_;
  std::vector<Gap> gaps_;
  Frontier frontier_;
  TileStack tiles_;
  std::string last_time_;
  std::optional<IndexCheck> index_;
  std::optional<std::uint64_t> suspect_;  // first record that differs from its tile
  bool blamed_ = false;
  bool records_whole_ = false;
};

}  // namespace

std::expected<VerifyReport, std::string> verify_ledger(StoreReader& ledger,
                                                       const VerifyOptions& options) {
  return Verification(ledger, options).run();
}

}  // namespace customhouse::audit
