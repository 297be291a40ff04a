// The tree of a stored ledger: reads tiles, the partial ones made from what is below them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/store.h"
#include "audit/tiles.h"

namespace customhouse::audit {

/// The first `width` hashes of a tile. The view must outlive the call.
std::expected<std::vector<Hash>, std::string> read_tile(StoreView& view, unsigned level,
                                                        std::uint64_t index, std::uint64_t width);
/// Nodes of the tree over the first `size` records. The view must outlive the reader.
NodeReader tree_of(StoreView& view, std::uint64_t size);

/// What appending needs. Made from the tiles and the newest records, and compared with the root
/// that was stored with the last of them.
struct OpenTree {
  Frontier frontier;
  TileStack tiles;
};
std::expected<OpenTree, std::string> open_tree(StoreView& view);

/// An error if the log does not hold what the checkpoint says it had.
std::expected<void, std::string> holds(StoreView& view, const Checkpoint& checkpoint);

/// The proof of one record in the tree of the newest checkpoint. Errors say what to do.
std::expected<InclusionProof, std::string> prove_record(StoreView& view, std::uint64_t seq,
                                                        const NoteVerifier& key);

}  // namespace customhouse::audit
