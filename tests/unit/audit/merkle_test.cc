// The tree, against probes and a log that others made, and against RFC 6962's own recursion.
#include "audit/merkle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/base64.h"

namespace customhouse::audit {
namespace {

using nlohmann::json;

const std::string kData = CUSTOMHOUSE_SOURCE_DIR "/tests/data/merkle/";

std::vector<json> probes(const std::string& folder) {
  std::vector<json> found;
  for (const auto& file : std::filesystem::recursive_directory_iterator(kData + folder)) {
    if (file.path().extension() != ".json") continue;
    std::ifstream in(file.path());
    json probe = json::parse(in);
    probe["file"] = file.path().string();
    found.push_back(std::move(probe));
  }
  return found;
}

/// Probes hold hashes of any length on purpose; what is not 32 bytes is no hash of ours.
std::optional<Hash> hash_of(const json& text) {
  if (!text.is_string()) return std::nullopt;
  const auto bytes = base64_decode(text.get<std::string>());
  if (!bytes || bytes->size() != 32) return std::nullopt;
  Hash hash;
  std::ranges::copy(*bytes, hash.begin());
  return hash;
}
/// Some consistency probes have "roots" of other lengths, which need only be equal or not.
std::optional<Hash> root_of_probe(const json& text) {
  if (const auto hash = hash_of(text)) return hash;
  const auto bytes = base64_decode(text.get<std::string>());
  return bytes ? std::optional(sha256({*bytes})) : std::nullopt;
}
std::optional<Proof> proof_of(const json& list) {
  Proof proof;
  if (list.is_null()) return proof;
  for (const json& text : list) {
    const auto hash = hash_of(text);
    if (!hash) return std::nullopt;
    proof.push_back(*hash);
  }
  return proof;
}

std::vector<Hash> leaves(std::size_t count) {
  std::vector<Hash> hashes;
  for (std::size_t i = 0; i < count; ++i) hashes.push_back(leaf_hash("leaf " + std::to_string(i)));
  return hashes;
}

/// RFC 6962 §2.1, to the letter.
Hash recursive_root(std::span<const Hash> hashes) {
  if (hashes.empty()) return empty_root();
  if (hashes.size() == 1) return hashes[0];
  const std::size_t k = std::bit_floor(hashes.size() - 1);
  return node_hash(recursive_root(hashes.first(k)), recursive_root(hashes.subspan(k)));
}

NodeReader reader_over(const std::vector<Hash>& hashes) {
  return [&](unsigned level, std::uint64_t index) -> std::expected<Hash, std::string> {
    const std::size_t begin = index << level;
    const std::size_t count = std::size_t{1} << level;
    if (begin + count > hashes.size()) return std::unexpected("not complete");
    return recursive_root(std::span(hashes).subspan(begin, count));
  };
}

TEST(Merkle, HashesAreThoseOfRfc6962) {
  EXPECT_EQ(to_hex(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(leaf_hash("")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(to_hex(leaf_hash("L123456")),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

TEST(Merkle, EveryInclusionProbeOfOthersGetsTheVerdictTheyWant) {
  const auto all = probes("inclusion");
  EXPECT_EQ(all.size(), 98u);
  for (const json& probe : all) {
    const auto root = hash_of(probe["root"]);
    const auto leaf = hash_of(probe["leafHash"]);
    const auto proof = proof_of(probe["proof"]);
    const bool accepted =
        root && leaf && proof &&
        verify_inclusion(probe["leafIdx"].get<std::uint64_t>(),
                         probe["treeSize"].get<std::uint64_t>(), *leaf, *proof, *root);
    EXPECT_EQ(accepted, !probe["wantErr"].get<bool>()) << probe["file"];
  }
}

TEST(Merkle, EveryConsistencyProbeOfOthersGetsTheVerdictTheyWant) {
  const auto all = probes("consistency");
  EXPECT_EQ(all.size(), 98u);
  for (const json& probe : all) {
    const auto root1 = root_of_probe(probe["root1"]);
    const auto root2 = root_of_probe(probe["root2"]);
    const auto proof = proof_of(probe["proof"]);
    const bool accepted =
        root1 && root2 && proof &&
        verify_consistency(probe["size1"].get<std::uint64_t>(), probe["size2"].get<std::uint64_t>(),
                           *root1, *root2, *proof);
    EXPECT_EQ(accepted, !probe["wantErr"].get<bool>()) << probe["file"];
  }
}

TEST(Merkle, TheFrontierHasTheRootOfTheRecursionAtEverySize) {
  const auto hashes = leaves(70);
  Frontier frontier;
  EXPECT_EQ(frontier.root(), empty_root());
  for (std::size_t size = 1; size <= hashes.size(); ++size) {
    frontier.append(hashes[size - 1]);
    EXPECT_EQ(frontier.size(), size);
    EXPECT_EQ(frontier.root(), recursive_root(std::span(hashes).first(size))) << size;
    EXPECT_EQ(root_of(size, reader_over(hashes)), frontier.root()) << size;
  }
}

TEST(Merkle, EveryLeafOfEverySizeIsProvedAndNothingElse) {
  const auto hashes = leaves(40);
  const NodeReader read = reader_over(hashes);
  for (std::size_t size = 1; size <= hashes.size(); ++size) {
    const Hash root = recursive_root(std::span(hashes).first(size));
    for (std::size_t index = 0; index < size; ++index) {
      auto proof = prove_inclusion(index, size, read);
      ASSERT_TRUE(proof) << proof.error();
      EXPECT_TRUE(verify_inclusion(index, size, hashes[index], *proof, root));
      EXPECT_FALSE(verify_inclusion(index, size, leaf_hash("other"), *proof, root));
      if (size > 1) {
        EXPECT_FALSE(verify_inclusion((index + 1) % size, size, hashes[index], *proof, root));
        proof->back()[31] ^= 1;
        EXPECT_FALSE(verify_inclusion(index, size, hashes[index], *proof, root));
      }
    }
  }
}

TEST(Merkle, EveryTreeIsConsistentWithItsPastAndWithNoOther) {
  const auto hashes = leaves(33);
  auto rewritten = hashes;
  rewritten[0] = leaf_hash("rewritten");
  const NodeReader read = reader_over(hashes);
  for (std::size_t size2 = 1; size2 <= hashes.size(); ++size2) {
    const Hash root2 = recursive_root(std::span(hashes).first(size2));
    for (std::size_t size1 = 1; size1 <= size2; ++size1) {
      const auto proof = prove_consistency(size1, size2, read);
      ASSERT_TRUE(proof) << proof.error();
      EXPECT_TRUE(verify_consistency(size1, size2, recursive_root(std::span(hashes).first(size1)),
                                     root2, *proof));
      EXPECT_FALSE(verify_consistency(
          size1, size2, recursive_root(std::span(rewritten).first(size1)), root2, *proof));
    }
  }
}

TEST(Merkle, AProofOfALeafThatCannotBeReadIsAnError) {
  const auto hashes = leaves(5);
  EXPECT_FALSE(prove_inclusion(2, 9, reader_over(hashes)).has_value());
}

TEST(Base64, OnlyTheCanonicalTextDecodes) {
  EXPECT_EQ(base64_decode("Zm9v"), "foo");
  EXPECT_EQ(base64_decode("Zm8="), "fo");
  for (const char* bad : {"Zm9", "Zm9=", "Zm9v\n", " Zm9", "Zg=a", "Z===", "Zm8", "Zm9v Zm9"})
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace customhouse::audit
