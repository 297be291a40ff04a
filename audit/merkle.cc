#include "audit/merkle.h"

#include <bit>

#include "audit/base64.h"

namespace customhouse::audit {

namespace {

std::string_view bytes_of(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

/// A run of leaves of the tree.
struct Range {
  std::uint64_t begin, end;
  std::uint64_t size() const noexcept { return end - begin; }
};

/// Where RFC 6962 splits n leaves: the largest power of two below n, n > 1.
std::uint64_t split(std::uint64_t n) noexcept {
  return std::bit_floor(n - 1);
}

std::expected<Hash, std::string> root_of_range(Range range, const NodeReader& read) {
  // Halves to the left are complete: only the right edge goes on, at most 64 deep.
  std::vector<Hash> lefts;
  while (!std::has_single_bit(range.size())) {
    const std::uint64_t left = split(range.size());
    const auto level = static_cast<unsigned>(std::countr_zero(left));
    auto hash = read(level, range.begin >> level);
    if (!hash) return hash;
    lefts.push_back(*hash);
    range.begin += left;
  }
  const auto level = static_cast<unsigned>(std::countr_zero(range.size()));
  auto root = read(level, range.begin >> level);
  if (!root) return root;
  for (; !lefts.empty(); lefts.pop_back()) *root = node_hash(lefts.back(), *root);
  return root;
}

/// The roots of `ranges` in order, as a proof.
std::expected<Proof, std::string> roots_of(const std::vector<Range>& ranges,
                                           const NodeReader& read) {
  Proof proof;
  proof.reserve(ranges.size());
  for (const Range range : ranges) {
    auto root = root_of_range(range, read);
    if (!root) return std::unexpected(root.error());
    proof.push_back(*root);
  }
  return proof;
}

}  // namespace

Hash leaf_hash(std::string_view leaf) {
  return sha256({std::string_view("\0", 1), leaf});
}

Hash node_hash(const Hash& left, const Hash& right) {
  return sha256({"\1", bytes_of(left), bytes_of(right)});
}

Hash empty_root() {
  return sha256({});
}

void Frontier::append(const Hash& leaf) {
  Hash subtree = leaf;
  // Each trailing one bit is a subtree as large as the new one: the two become one.
  for (std::uint64_t size = size_; (size & 1) != 0; size >>= 1) {
    subtree = node_hash(subtrees_.back(), subtree);
    subtrees_.pop_back();
  }
  subtrees_.push_back(subtree);
  ++size_;
}

std::expected<Frontier, std::string> Frontier::of(std::uint64_t size, const NodeReader& read) {
  Frontier frontier;
  frontier.size_ = size;
  std::uint64_t begin = 0;
  for (std::uint64_t left = size; left != 0;) {
    const std::uint64_t width = std::bit_floor(left);
    const auto level = static_cast<unsigned>(std::countr_zero(width));
    auto subtree = read(level, begin >> level);
    if (!subtree) return std::unexpected(subtree.error());
    frontier.subtrees_.push_back(*subtree);
    begin += width;
    left -= width;
  }
  return frontier;
}

Hash Frontier::root() const {
  if (subtrees_.empty()) return empty_root();
  Hash root = subtrees_.back();
  for (std::size_t i = subtrees_.size() - 1; i-- > 0;) root = node_hash(subtrees_[i], root);
  return root;
}

Hash complete_root(std::span<const Hash> hashes) {
  std::vector<Hash> level(hashes.begin(), hashes.end());
  while (level.size() > 1) {
    for (std::size_t i = 0; i < level.size() / 2; ++i)
      level[i] = node_hash(level[2 * i], level[2 * i + 1]);
    level.resize(level.size() / 2);
  }
  return level.front();
}

std::expected<Hash, std::string> root_of(std::uint64_t size, const NodeReader& read) {
  if (size == 0) return empty_root();
  return root_of_range({0, size}, read);
}

std::expected<Proof, std::string> prove_inclusion(std::uint64_t index, std::uint64_t size,
                                                  const NodeReader& read) {
  std::vector<Range> siblings;  // root first
  for (Range at{0, size}; at.size() > 1;) {
    const std::uint64_t middle = at.begin + split(at.size());
    if (index < middle) {
      siblings.push_back({middle, at.end});
      at.end = middle;
    } else {
      siblings.push_back({at.begin, middle});
      at.begin = middle;
    }
  }
  return roots_of({siblings.rbegin(), siblings.rend()}, read);
}

std::expected<Proof, std::string> prove_consistency(std::uint64_t size1, std::uint64_t size2,
                                                    const NodeReader& read) {
  if (size1 == size2) return Proof{};
  std::vector<Range> parts;  // root first
  Range at{0, size2};
  while (at.end != size1) {
    const std::uint64_t middle = at.begin + split(at.size());
    if (size1 <= middle) {
      parts.push_back({middle, at.end});
      at.end = middle;
    } else {
      parts.push_back({at.begin, middle});
      at.begin = middle;
    }
  }
  // The old tree itself is known to whoever asks; a part of it is not.
  if (at.begin != 0) parts.push_back(at);
  return roots_of({parts.rbegin(), parts.rend()}, read);
}

bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf,
                      std::span<const Hash> proof, const Hash& root) {
  if (index >= size) return false;
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = node_hash(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(std::uint64_t size1, std::uint64_t size2, const Hash& root1,
                        const Hash& root2, std::span<const Hash> proof) {
  // Every tree is consistent with the empty one: nothing can be proved about it.
  if (size1 == 0 || size1 > size2) return false;
  if (size1 == size2) return proof.empty() && root1 == root2;
  std::uint64_t node = size1 - 1;
  std::uint64_t last = size2 - 1;
  while ((node & 1) != 0) {
    node >>= 1;
    last >>= 1;
  }
  // A complete old tree is its own first subtree and not in the proof.
  const bool complete = std::has_single_bit(size1);
  if (!complete && proof.empty()) return false;
  Hash old_root = complete ? root1 : proof.front();
  Hash new_root = old_root;
  for (const Hash& sibling : complete ? proof : proof.subspan(1)) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      old_root = node_hash(sibling, old_root);
      new_root = node_hash(sibling, new_root);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_root = node_hash(new_root, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_root == root1 && new_root == root2;
}

std::string to_base64(const Hash& hash) {
  return base64_encode(bytes_of(hash));
}

}  // namespace customhouse::audit
