// The Merkle tree over the ledger's records (RFC 6962 §2.1, SHA-256), without storage: hashes,
// roots, proofs. Cross-checked with other people's probes and verifiers (tests/data/merkle,
// tests/clients/foreign_verifiers.test.mjs).
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/digest.h"

namespace customhouse::audit {

Hash leaf_hash(std::string_view leaf);                // SHA-256(0x00 || leaf)
Hash node_hash(const Hash& left, const Hash& right);  // SHA-256(0x01 || left || right)
Hash empty_root();                                    // SHA-256 of nothing

/// The root of a complete subtree over `hashes`, whose number is a power of two.
Hash complete_root(std::span<const Hash> hashes);

/// Reads the root of the complete subtree over the leaves [index << level, (index + 1) << level).
using NodeReader =
    std::function<std::expected<Hash, std::string>(unsigned level, std::uint64_t index)>;
using Proof = std::vector<Hash>;

/// What is needed of a tree in order to append to it: the roots of its complete subtrees, at most
/// 64 hashes. Appending costs two hashes on average.
class Frontier {
 public:
  void append(const Hash& leaf);
  /// That of the tree of the first `size` leaves.
  static std::expected<Frontier, std::string> of(std::uint64_t size, const NodeReader& read);
  std::uint64_t size() const noexcept { return size_; }
  Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> subtrees_;  // largest first; one for each set bit of size_
};

/// Roots and proofs of the tree of the first `size` leaves, of which every complete subtree can be
/// read. Errors are the reader's. Needs index < size, and 0 < size1 <= size2.
std::expected<Hash, std::string> root_of(std::uint64_t size, const NodeReader& read);
std::expected<Proof, std::string> prove_inclusion(std::uint64_t index, std::uint64_t size,
                                                  const NodeReader& read);
std::expected<Proof, std::string> prove_consistency(std::uint64_t size1, std::uint64_t size2,
                                                    const NodeReader& read);

/// RFC 9162 §2.1.3.2 and §2.1.4.2. False for anything that is not exactly the proof, a hash too
/// many included.
bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf,
                      std::span<const Hash> proof, const Hash& root);
bool verify_consistency(std::uint64_t size1, std::uint64_t size2, const Hash& root1,
                        const Hash& root2, std::span<const Hash> proof);

std::string to_base64(const Hash& hash);

}  // namespace customhouse::audit
