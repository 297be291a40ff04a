// Checkpoints, proofs and tile paths of any bytes are refused, or were written in the one way there
// is; and no bytes prove what was never signed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "audit/checkpoint.h"
#include "audit/tiles.h"

namespace {

using namespace customhouse::audit;

void require(bool holds) {
  if (!holds) std::abort();
}

const NoteVerifier& key() {
  // Of the log in tests/data/merkle, whose proofs are among the seeds.
  static const NoteVerifier kKey = *NoteVerifier::parse(
      "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
  return kKey;
}

void check_proof_text(std::string_view text) {
  const auto proof = InclusionProof::parse(text);
  if (!proof) {
    require(!proof.error().empty());
    return;
  }
  require(proof->hashes.size() <= 64);
  const auto again = InclusionProof::parse(proof->text());
  require(again && again->text() == proof->text());
  const bool has_extra = text.find("\nextra ") < text.find("\nindex ");
  require(has_extra || proof->text() == text);
  require(!check_proof(*proof, "a record that the log never had", key()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto checkpoint = Checkpoint::parse(text)) {
    require(text.starts_with(checkpoint->text()));
    require(!checkpoint->origin.empty());
  }
  if (const auto opened = open_checkpoint(text, key())) {
    require(opened->origin == key().name());
    require(opened->size <= 15);  // all that its owner ever signed
  }
  check_proof_text(text);
  if (const auto path = TilePath::parse(text)) {
    require(path->text() == text);
    require(path->width >= 1 && path->width <= kTileWidth && path->level <= 7);
    static_cast<void>(tile_width(size, path->level, path->index));
  }
  if (const auto hashes = decode_tile(text)) require(encode_tile(*hashes) == text);
  return 0;
}
