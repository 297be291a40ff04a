#include "audit/tiles.h"

#include <algorithm>
#include <charconv>

namespace customhouse::audit {

namespace {

constexpr unsigned kMaxLevel = 7;  // 256^8 leaves are more than a 64-bit count holds

std::optional<std::uint64_t> parse_number(std::string_view digits, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || at != end || number > most) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  return number;
}

/// "x001/x234/067" is 1234067.
std::optional<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  bool first = true;
  for (;;) {
    const bool more = text.starts_with('x');
    if (more) text.remove_prefix(1);
    if (text.size() < 3) return std::nullopt;
    std::uint64_t group = 0;
    for (const char c : text.substr(0, 3)) {
      if (c < '0' || c > '9') return std::nullopt;
      group = group * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (first && more && group == 0) return std::nullopt;  // one way to write a number
    if (index > (UINT64_MAX - group) / 1000) return std::nullopt;
    index = index * 1000 + group;
    text.remove_prefix(3);
    first = false;
    if (!more) return text.empty() ? std::optional(index) : std::nullopt;
    if (!text.starts_with('/')) return std::nullopt;
    text.remove_prefix(1);
  }
}

std::string write_index(std::uint64_t index) {
  std::string text;
  do {
    std::string group = std::to_string(index % 1000);
    group.insert(0, 3 - group.size(), '0');
    text = text.empty() ? group : "x" + group + "/" + text;
    index /= 1000;
  } while (index != 0);
  return text;
}

}  // namespace

void TileStack::append(const Hash& leaf, const Full& full) {
  Hash entry = leaf;
  for (unsigned level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    Level& at = levels_[level];
    at.partial.push_back(entry);
    ++at.entries;
    if (at.partial.size() < kTileWidth) return;
    full(level, at.entries / kTileWidth - 1, at.partial);
    entry = complete_root(at.partial);
    at.partial.clear();
  }
}

void TileStack::restore(unsigned level, std::uint64_t entries, std::vector<Hash> partial) {
  if (levels_.size() <= level) levels_.resize(level + 1);
  levels_[level] = {entries, std::move(partial)};
}

std::span<const Hash> TileStack::partial(unsigned level) const {
  return level < levels_.size() ? std::span<const Hash>(levels_[level].partial)
                                : std::span<const Hash>();
}

std::uint64_t tile_width(std::uint64_t size, unsigned level, std::uint64_t index) noexcept {
  const std::uint64_t entries = level > kMaxLevel ? 0 : size >> (kTileHeight * level);
  const std::uint64_t begin = index * kTileWidth;
  if (index > UINT64_MAX / kTileWidth || begin >= entries) return 0;
  return std::min(kTileWidth, entries - begin);
}

NodeReader node_reader(std::uint64_t size, TileReader tiles) {
  return [size, tiles = std::move(tiles)](unsigned level,
                                          std::uint64_t index) -> std::expected<Hash, std::string> {
    const unsigned tile_level = level / kTileHeight;
    const unsigned inside = level % kTileHeight;
    const std::uint64_t first = index << inside;  // of the hashes of that level
    const std::uint64_t count = std::uint64_t{1} << inside;
    const std::uint64_t tile = first / kTileWidth;
    const std::uint64_t width = tile_width(size, tile_level, tile);
    const std::uint64_t offset = first % kTileWidth;
    if (offset + count > width) return std::unexpected("the tree has no such subtree");
    auto hashes = tiles(tile_level, tile, width);
    if (!hashes) return std::unexpected(hashes.error());
    if (hashes->size() < offset + count) return std::unexpected("a tile is too short");
    return complete_root(std::span(*hashes).subspan(offset, count));
  };
}

std::string encode_tile(std::span<const Hash> hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * sizeof(Hash));
  for (const Hash& hash : hashes)
    bytes.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return bytes;
}

std::optional<std::vector<Hash>> decode_tile(std::string_view bytes) {
  if (bytes.size() % sizeof(Hash) != 0 || bytes.size() > kTileWidth * sizeof(Hash))
    return std::nullopt;
  std::vector<Hash> hashes(bytes.size() / sizeof(Hash));
  for (std::size_t i = 0; i < hashes.size(); ++i)
    std::ranges::copy(bytes.substr(i * sizeof(Hash), sizeof(Hash)), hashes[i].begin());
  return hashes;
}

void append_entry(std::string& bundle, std::string_view record) {
  bundle += static_cast<char>(record.size() >> 8);
  bundle += static_cast<char>(record.size());
  bundle += record;
}

std::string TilePath::text() const {
  std::string text = "/tile/" + (entries ? std::string("entries") : std::to_string(level)) + "/" +
                     write_index(index);
  if (width != kTileWidth) text += ".p/" + std::to_string(width);
  return text;
}

std::optional<TilePath> TilePath::parse(std::string_view path) {
  constexpr std::string_view kPrefix = "/tile/";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  path.remove_prefix(kPrefix.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  TilePath tile;
  const std::string_view level = path.substr(0, slash);
  if (level == "entries") {
    tile.entries = true;
  } else {
    const auto number = parse_number(level, kMaxLevel);
    if (!number) return std::nullopt;
    tile.level = static_cast<unsigned>(*number);
  }
  path.remove_prefix(slash + 1);
  if (const std::size_t partial = path.find(".p/"); partial != std::string_view::npos) {
    const auto width = parse_number(path.substr(partial + 3), kTileWidth - 1);
    if (!width || *width == 0) return std::nullopt;
    tile.width = *width;
    path = path.substr(0, partial);
  }
  const auto index = parse_index(path);
  if (!index) return std::nullopt;
  tile.index = *index;
  return tile;
}

}  // namespace customhouse::audit
