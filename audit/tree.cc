#include "audit/tree.h"

namespace customhouse::audit {

std::expected<std::vector<Hash>, std::string> read_tile(StoreView& view, unsigned level,
                                                        std::uint64_t index, std::uint64_t width) {
  auto bytes = view.tile(level, index);
  if (!bytes) return std::unexpected(bytes.error());
  std::vector<Hash> hashes;
  if (*bytes) {
    auto full = decode_tile(**bytes);
    if (!full || full->size() != kTileWidth)
      return std::unexpected("tile " + std::to_string(level) + "/" + std::to_string(index) +
                             " is damaged");
    full->resize(width);
    return std::move(*full);
  }
  const std::uint64_t first = index * kTileWidth;
  hashes.reserve(width);
  if (level == 0) {
    auto read = view.for_each(first, first + width, [&](std::uint64_t, std::string_view record) {
      hashes.push_back(leaf_hash(record));
      return true;
    });
    if (!read) return std::unexpected(read.error());
    if (hashes.size() != width) return std::unexpected("the log has fewer records than its tree");
    return hashes;
  }
  for (std::uint64_t below = first; below < first + width; ++below) {
    auto full = view.tile(level - 1, below);
    if (!full) return std::unexpected(full.error());
    const auto parts = *full ? decode_tile(**full) : std::nullopt;
    if (!parts || parts->size() != kTileWidth)
      return std::unexpected("tile " + std::to_string(level - 1) + "/" + std::to_string(below) +
                             " is missing or damaged");
    hashes.push_back(complete_root(*parts));
  }
  return hashes;
}

NodeReader tree_of(StoreView& view, std::uint64_t size) {
  return node_reader(size, [&view](unsigned level, std::uint64_t index, std::uint64_t width) {
    return read_tile(view, level, index, width);
  });
}

std::expected<OpenTree, std::string> open_tree(StoreView& view) {
  const LogState state = view.state();
  OpenTree tree;
  for (unsigned level = 0; (state.size >> (kTileHeight * level)) != 0; ++level) {
    const std::uint64_t entries = state.size >> (kTileHeight * level);
    std::vector<Hash> partial;
    if (const std::uint64_t width = entries % kTileWidth; width != 0) {
      auto hashes = read_tile(view, level, entries / kTileWidth, width);
      if (!hashes) return std::unexpected(hashes.error());
      partial = std::move(*hashes);
    }
    tree.tiles.restore(level, entries, std::move(partial));
  }
  auto frontier = Frontier::of(state.size, tree_of(view, state.size));
  if (!frontier) return std::unexpected(frontier.error());
  tree.frontier = std::move(*frontier);
  if (tree.frontier.root() != state.root)
    return std::unexpected("the tree over the records has not the root stored with them");
  return tree;
}

std::expected<void, std::string> holds(StoreView& view, const Checkpoint& checkpoint) {
  const std::uint64_t size = view.state().size;
  if (size < checkpoint.size)
    return std::unexpected("the log has " + std::to_string(size) + " records, and had " +
                           std::to_string(checkpoint.size));
  const auto root = root_of(checkpoint.size, tree_of(view, checkpoint.size));
  if (!root) return std::unexpected(root.error());
  if (*root != checkpoint.root)
    return std::unexpected("its first " + std::to_string(checkpoint.size) +
                           " records are not those that were signed");
  return {};
}

std::expected<InclusionProof, std::string> prove_record(StoreView& view, std::uint64_t seq,
                                                        const NoteVerifier& key) {
  auto note = view.newest_checkpoint();
  if (!note) return std::unexpected(note.error());
  if (!*note) return std::unexpected("the log has no checkpoint yet; start the gateway once");
  const auto checkpoint = open_checkpoint(**note, key);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  if (seq >= checkpoint->size)
    return std::unexpected("the newest checkpoint covers " + std::to_string(checkpoint->size) +
                           " records only; a running gateway signs the next within a second");
  auto hashes = prove_inclusion(seq, checkpoint->size, tree_of(view, checkpoint->size));
  if (!hashes) return std::unexpected(hashes.error());
  return InclusionProof{seq, std::move(*hashes), std::move(**note)};
}

}  // namespace customhouse::audit
