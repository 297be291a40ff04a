// Notes, checkpoints, tiles and proofs, against a log that another program made.
#include "audit/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "audit/tiles.h"

namespace customhouse::audit {
namespace {

using ::testing::HasSubstr;

// Published with the log in testdata/build_log.sh (tests/data/merkle/SOURCES.md).
constexpr std::string_view kSigner =
    "PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg";
constexpr std::string_view kVerifier =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

const std::string kLog = CUSTOMHOUSE_SOURCE_DIR "/tests/data/merkle/tessera-log/";

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> entries_of(std::string_view bundle) {
  std::vector<std::string> entries;
  while (bundle.size() >= 2) {
    const std::size_t size =
        static_cast<unsigned char>(bundle[0]) * 256u + static_cast<unsigned char>(bundle[1]);
    entries.emplace_back(bundle.substr(2, size));
    bundle.remove_prefix(2 + size);
  }
  EXPECT_TRUE(bundle.empty());
  return entries;
}

NoteSigner signer() {
  return std::move(*NoteSigner::parse(kSigner));
}
NoteVerifier verifier() {
  return *NoteVerifier::parse(kVerifier);
}

TEST(GoldenLog, IsReproducedByteForByteFromItsEntries) {
  const auto entries = entries_of(read_file(kLog + "tile/entries/000.p/15"));
  ASSERT_EQ(entries.size(), 15u);
  const NoteSigner key = signer();
  Frontier frontier;
  TileStack tiles;
  std::string bundle;
  EXPECT_EQ(sign_checkpoint({key.verifier().name(), 0, frontier.root()}, key),
            read_file(kLog + "checkpoint.0"));
  for (std::size_t size = 1; size <= entries.size(); ++size) {
    const std::string number = std::to_string(size);
    frontier.append(leaf_hash(entries[size - 1]));
    tiles.append(leaf_hash(entries[size - 1]), [](auto, auto, auto) { FAIL() << "a full tile"; });
    append_entry(bundle, entries[size - 1]);
    EXPECT_EQ(encode_tile(tiles.partial(0)), read_file(kLog + "tile/0/000.p/" + number));
    EXPECT_EQ(bundle, read_file(kLog + "tile/entries/000.p/" + number));
    const Checkpoint checkpoint{key.verifier().name(), size, frontier.root()};
    EXPECT_EQ(sign_checkpoint(checkpoint, key), read_file(kLog + "checkpoint." + number));
  }
}

TEST(GoldenLog, EveryCheckpointOpensWithItsKeyAndIsConsistentWithTheLast) {
  const auto hashes = decode_tile(read_file(kLog + "tile/0/000.p/15"));
  ASSERT_TRUE(hashes.has_value());
  const NodeReader read = node_reader(
      15,
      [&](unsigned, std::uint64_t, std::uint64_t) -> std::expected<std::vector<Hash>, std::string> {
        return *hashes;
      });
  const auto last = open_checkpoint(read_file(kLog + "checkpoint.15"), verifier());
  ASSERT_TRUE(last.has_value()) << last.error();
  EXPECT_EQ(last->size, 15u);
  for (std::uint64_t size = 1; size <= 15; ++size) {
    const auto old =
        open_checkpoint(read_file(kLog + "checkpoint." + std::to_string(size)), verifier());
    ASSERT_TRUE(old.has_value());
    const auto proof = prove_consistency(size, 15, read);
    ASSERT_TRUE(proof.has_value());
    EXPECT_TRUE(verify_consistency(size, 15, old->root, last->root, *proof)) << size;
  }
}

TEST(Note, KeysReadBackAsTheyWereWritten) {
  EXPECT_EQ(signer().encoded(), kSigner);
  EXPECT_EQ(signer().verifier().encoded(), kVerifier);
  const auto made = NoteSigner::generate("audit.example.com/gateway-1");
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(NoteSigner::parse(made->encoded())->verifier().encoded(), made->verifier().encoded());
  EXPECT_FALSE(NoteSigner::generate("has space").has_value());
  EXPECT_FALSE(NoteSigner::generate("has+plus").has_value());
  EXPECT_FALSE(NoteSigner::generate("").has_value());
}

TEST(Note, ADamagedKeyIsRefusedAndNeverQuoted) {
  const std::string good(kSigner);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    const auto parsed = NoteSigner::parse(bad);
    if (parsed.has_value()) {
      ADD_FAILURE() << "byte " << i;
      continue;
    }
    EXPECT_EQ(parsed.error().find("eymY"), std::string::npos);
  }
  EXPECT_FALSE(NoteVerifier::parse(kSigner).has_value());
  EXPECT_FALSE(NoteVerifier::parse("").has_value());
}

TEST(Note, EveryFlippedBitOfACheckpointIsRefused) {
  const std::string good = read_file(kLog + "checkpoint.7");
  const NoteVerifier key = verifier();
  ASSERT_TRUE(open_checkpoint(good, key).has_value());
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(open_checkpoint(bad, key).has_value()) << "bit " << i;
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(open_checkpoint(good.substr(0, size), key).has_value()) << "cut at " << size;
}

TEST(Note, SignaturesOfOthersAreIgnoredAndAWrongOneOfOursIsNot) {
  const NoteSigner ours = signer();
  const auto other = NoteSigner::generate("witness.example");
  const NoteSigner* const both[] = {&*other, &ours};
  const std::string text = Checkpoint{ours.verifier().name(), 3, empty_root()}.text();
  const std::string note = sign_note(text, both);
  EXPECT_TRUE(open_checkpoint(note, ours.verifier()).has_value());
  EXPECT_FALSE(open_checkpoint(note, other->verifier()).has_value()) << "of another log";
  // Ours twice, once over another text.
  const NoteSigner* const one[] = {&ours};
  const std::string elsewhere = sign_note("other\n", one);
  EXPECT_FALSE(open_checkpoint(note + elsewhere.substr(elsewhere.find("\n\n") + 2), ours.verifier())
                   .has_value());
}

TEST(Note, MalformedNotesAreRefused) {
  for (const char* bad :
       {"", "\n", "text\n", "text\n\n", "text\n\nno signature\n", "text\n\n\xE2\x80\x94 name\n",
        "text\n\n\xE2\x80\x94 name !!!!\n", "text\n\n\xE2\x80\x94 name AAAA\n",
        "te\rxt\n\n\xE2\x80\x94 n AAAAAAAA\n", "text\n\n\xE2\x80\x94 a+b AAAAAAAA\n"})
    EXPECT_FALSE(parse_note(bad).has_value()) << bad;
}

TEST(Checkpoint, OnlyOneWayToWriteASize) {
  const std::string root = to_base64(empty_root());
  EXPECT_TRUE(Checkpoint::parse("log\n0\n" + root + "\n").has_value());
  EXPECT_TRUE(Checkpoint::parse("log\n7\n" + root + "\nextension\n").has_value());
  for (const char* size : {"", "00", "07", "+7", "-7", " 7", "7 ", "18446744073709551616", "7.0"})
    EXPECT_FALSE(Checkpoint::parse("log\n" + std::string(size) + "\n" + root + "\n").has_value())
        << size;
  EXPECT_FALSE(Checkpoint::parse("\n7\n" + root + "\n").has_value());
  EXPECT_FALSE(Checkpoint::parse("log\n7\n" + root).has_value());
}

class ProofOfARecord : public ::testing::Test {
 protected:
  ProofOfARecord() {
    const auto entries = entries_of(read_file(kLog + "tile/entries/000.p/15"));
    const auto hashes = decode_tile(read_file(kLog + "tile/0/000.p/15"));
    const NodeReader read = node_reader(15, [&](auto, auto, auto) {
      return std::expected<std::vector<Hash>, std::string>(*hashes);
    });
    record_ = entries[6];
    other_ = entries[7];
    proof_ = {6, *prove_inclusion(6, 15, read), read_file(kLog + "checkpoint.15")};
  }
  std::string record_, other_;
  InclusionProof proof_;
};

TEST_F(ProofOfARecord, HoldsAfterWritingAndReading) {
  const auto read = InclusionProof::parse(proof_.text());
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(read->text(), proof_.text());
  const auto checked = check_proof(*read, record_, verifier());
  ASSERT_TRUE(checked.has_value()) << checked.error();
  EXPECT_EQ(checked->size, 15u);
}

TEST_F(ProofOfARecord, HoldsForNoOtherRecordIndexKeyOrText) {
  EXPECT_THAT(check_proof(proof_, other_, verifier()).error(), HasSubstr("not the one"));
  const auto stranger = NoteSigner::generate("example.com/log/testdata");
  EXPECT_THAT(check_proof(proof_, record_, stranger->verifier()).error(), HasSubstr("not signed"));
  const std::string good = proof_.text();
  const std::size_t end_of_text = good.rfind("\n\n");
  for (std::size_t i = 0; i < end_of_text; ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'x' ? 'y' : 'x';
    const auto parsed = InclusionProof::parse(bad);
    EXPECT_FALSE(parsed && check_proof(*parsed, record_, verifier())) << "byte " << i;
  }
}

TEST(Tiles, PathsReadBackAndHaveOneSpelling) {
  for (const char* path : {"/tile/0/000", "/tile/3/255.p/255", "/tile/0/x001/x234/067",
                           "/tile/entries/999.p/1", "/tile/7/x018/x014/398"}) {
    const auto parsed = TilePath::parse(path);
    ASSERT_TRUE(parsed.has_value()) << path;
    EXPECT_EQ(parsed->text(), path);
  }
  EXPECT_EQ(TilePath::parse("/tile/0/x001/x234/067")->index, 1234067u);
  for (const char* path :
       {"/tile/0/0", "/tile/0/0000", "/tile/0/x000/001", "/tile/8/000", "/tile/00/000",
        "/tile/0/000.p/0", "/tile/0/000.p/256", "/tile/0/000.p/01", "/tile/0/000.p/", "/tile/0/",
        "/tile/-1/000", "/tile/0/x001", "/tile/0/001/", "/tile/0/../000", "/tile/", "/tile/entries",
        "/tile/0/x999/x999/x999/x999/x999/x999/x999/999"})
    EXPECT_FALSE(TilePath::parse(path).has_value()) << path;
}

TEST(Tiles, ATreeOverSeveralLevelsIsReadBackFromItsTiles) {
  constexpr std::uint64_t kSize = 256 * 256 + 256 * 3 + 7;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Hash>> stored;
  TileStack stack;
  Frontier frontier;
  for (std::uint64_t i = 0; i < kSize; ++i) {
    const Hash leaf = leaf_hash(std::to_string(i));
    frontier.append(leaf);
    stack.append(leaf, [&](unsigned level, std::uint64_t index, std::span<const Hash> hashes) {
      stored[{level, index}].assign(hashes.begin(), hashes.end());
    });
  }
  EXPECT_EQ(stack.size(), kSize);
  const NodeReader read =
      node_reader(kSize,
                  [&](unsigned level, std::uint64_t index,
                      std::uint64_t width) -> std::expected<std::vector<Hash>, std::string> {
                    const auto found = stored.find({level, index});
                    if (found != stored.end()) return found->second;
                    const auto partial = stack.partial(level);
                    EXPECT_EQ(partial.size(), width);
                    return std::vector<Hash>(partial.begin(), partial.end());
                  });
  EXPECT_EQ(root_of(kSize, read), frontier.root());
  for (const std::uint64_t index :
       std::initializer_list<std::uint64_t>{0, 255, 256, 65535, 65536, kSize - 1}) {
    const auto proof = prove_inclusion(index, kSize, read);
    ASSERT_TRUE(proof.has_value()) << proof.error();
    EXPECT_TRUE(
        verify_inclusion(index, kSize, leaf_hash(std::to_string(index)), *proof, frontier.root()));
  }
  EXPECT_EQ(tile_width(kSize, 0, 256), 256u);
  EXPECT_EQ(tile_width(kSize, 0, 259), 7u);
  EXPECT_EQ(tile_width(kSize, 0, 260), 0u);
  EXPECT_EQ(tile_width(kSize, 1, 1), 3u);
  EXPECT_EQ(tile_width(kSize, 2, 0), 1u);
  EXPECT_EQ(tile_width(kSize, 3, 0), 0u);
}

}  // namespace
}  // namespace customhouse::audit
