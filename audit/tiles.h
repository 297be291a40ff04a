// The tree cut into tiles of 256 hashes (c2sp.org/tlog-tiles): how it is kept and how monitors read
// it. A tile of level 0 holds leaf hashes; one of level L + 1 the roots of full tiles of level L.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"

namespace customhouse::audit {

inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr unsigned kTileHeight = 8;

/// Grows tiles from leaves. The last tile of each level is partial and kept here.
class TileStack {
 public:
  /// Called for each tile that becomes full, lower levels first.
  using Full = std::function<void(unsigned level, std::uint64_t index, std::span<const Hash>)>;
  void append(const Hash& leaf, const Full& full);
  /// Puts in what a level already had: its entries in all, and the hashes of its partial tile.
  void restore(unsigned level, std::uint64_t entries, std::vector<Hash> partial);
  std::uint64_t size() const noexcept { return levels_.empty() ? 0 : levels_[0].entries; }
  /// The hashes of the partial tile of a level; empty if it has none.
  std::span<const Hash> partial(unsigned level) const;
  unsigned height() const noexcept { return static_cast<unsigned>(levels_.size()); }

 private:
  struct Level {
    std::uint64_t entries = 0;
    std::vector<Hash> partial;
  };
  std::vector<Level> levels_;
};

/// Hashes of a tile: at least `width` of them.
using TileReader = std::function<std::expected<std::vector<Hash>, std::string>(
    unsigned level, std::uint64_t index, std::uint64_t width)>;
/// Reads nodes of a tree of `size` leaves out of its tiles.
NodeReader node_reader(std::uint64_t size, TileReader tiles);

/// How many hashes tile (level, index) has in a tree of `size` leaves: 0 to 256.
std::uint64_t tile_width(std::uint64_t size, unsigned level, std::uint64_t index) noexcept;

std::string encode_tile(std::span<const Hash> hashes);
std::optional<std::vector<Hash>> decode_tile(std::string_view bytes);
/// Appends a record to an entry bundle: length in two bytes, big-endian, then the record.
void append_entry(std::string& bundle, std::string_view record);

/// "/tile/0/x001/067", "/tile/1/000.p/3", "/tile/entries/000": what a monitor asks for.
struct TilePath {
  bool entries = false;
  unsigned level = 0;
  std::uint64_t index = 0;
  std::uint64_t width = kTileWidth;

  std::string text() const;
  static std::optional<TilePath> parse(std::string_view path);
};

}  // namespace customhouse::audit
