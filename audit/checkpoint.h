// What the log signs, and what it gives to whoever must believe it: checkpoints
// (c2sp.org/tlog-checkpoint) and offline proofs of one record (c2sp.org/tlog-proof).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "audit/merkle.h"
#include "audit/note.h"

namespace customhouse::audit {

struct Checkpoint {
  std::string origin;  // the log's name, that of its key too
  std::uint64_t size = 0;
  Hash root{};

  /// The note's text: origin, size and root, a line each.
  std::string text() const;
  static std::expected<Checkpoint, std::string> parse(std::string_view text);
};

std::string sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& signer);
/// The checkpoint in `note` if `key` signed it and it is of the log of that name.
std::expected<Checkpoint, std::string> open_checkpoint(std::string_view note,
                                                       const NoteVerifier& key);

/// A ".tlog-proof" file: that one record stands in a signed tree.
struct InclusionProof {
  std::uint64_t index = 0;
  Proof hashes;            // leaf's sibling first
  std::string checkpoint;  // the note

  std::string text() const;
  static std::expected<InclusionProof, std::string> parse(std::string_view text);
};
/// Why the proof does not hold for this record and key; nothing if it does.
std::expected<Checkpoint, std::string> check_proof(const InclusionProof& proof,
                                                   std::string_view record,
                                                   const NoteVerifier& key);

}  // namespace customhouse::audit
