#include "audit/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "audit/base64.h"

namespace customhouse::audit {

namespace {

constexpr std::string_view kProofMark = "c2sp.org/tlog-proof@v1";

/// The next line of `rest`, without its end; nothing if there is no whole line.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

/// Decimal digits without a zero in front.
std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, number);
  const bool canonical = digits == "0" || (!digits.empty() && digits.front() != '0');
  if (error != std::errc() || at != end || !canonical) return std::nullopt;
  return number;
}

std::optional<Hash> parse_hash(std::string_view base64) {
  const auto bytes = base64_decode(base64);
  Hash hash{};
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::ranges::copy(*bytes, hash.begin());
  return hash;
}

}  // namespace

std::string Checkpoint::text() const {
  return origin + "\n" + std::to_string(size) + "\n" + to_base64(root) + "\n";
}

std::expected<Checkpoint, std::string> Checkpoint::parse(std::string_view text) {
  const auto origin = take_line(text);
  const auto size = take_line(text);
  const auto root = take_line(text);
  if (!origin || origin->empty() || !size || !root)
    return std::unexpected("a checkpoint has three lines: origin, size and root");
  const auto number = parse_number(*size);
  const auto hash = parse_hash(*root);
  if (!number) return std::unexpected("the checkpoint's size is not a number");
  if (!hash) return std::unexpected("the checkpoint's root is not base64 of 32 bytes");
  return Checkpoint{std::string(*origin), *number, *hash};
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& signer) {
  const NoteSigner* const signers[] = {&signer};
  return sign_note(checkpoint.text(), signers);
}

std::expected<Checkpoint, std::string> open_checkpoint(std::string_view bytes,
                                                       const NoteVerifier& key) {
  const auto note = parse_note(bytes);
  if (!note) return std::unexpected(note.error());
  if (!signed_by(*note, key))
    return std::unexpected("the checkpoint is not signed by the key " + key.name());
  auto checkpoint = Checkpoint::parse(note->text);
  if (checkpoint && checkpoint->origin != key.name())
    return std::unexpected("the checkpoint is of another log");
  return checkpoint;
}

std::string InclusionProof::text() const {
  std::string text(kProofMark);
  text += "\nindex " + std::to_string(index) + "\n";
  for (const Hash& hash : hashes) text += to_base64(hash) + "\n";
  return text + "\n" + checkpoint;
}

std::expected<InclusionProof, std::string> InclusionProof::parse(std::string_view text) {
  auto line = take_line(text);
  if (line != kProofMark)
    return std::unexpected("the file does not begin with " + std::string(kProofMark));
  line = take_line(text);
  if (line && line->starts_with("extra ")) line = take_line(text);
  constexpr std::string_view kIndex = "index ";
  if (!line || !line->starts_with(kIndex)) return std::unexpected("the proof has no index");
  const auto index = parse_number(line->substr(kIndex.size()));
  if (!index) return std::unexpected("the proof's index is not a number");
  InclusionProof proof{*index, {}, {}};
  for (line = take_line(text); line && !line->empty(); line = take_line(text)) {
    const auto hash = parse_hash(*line);
    if (!hash || proof.hashes.size() == 64)
      return std::unexpected("the proof's hashes are malformed");
    proof.hashes.push_back(*hash);
  }
  if (!line) return std::unexpected("the proof has no checkpoint");
  proof.checkpoint = text;
  return proof;
}

std::expected<Checkpoint, std::string> check_proof(const InclusionProof& proof,
                                                   std::string_view record,
                                                   const NoteVerifier& key) {
  auto checkpoint = open_checkpoint(proof.checkpoint, key);
  if (!checkpoint) return checkpoint;
  if (!verify_inclusion(proof.index, checkpoint->size, leaf_hash(record), proof.hashes,
                        checkpoint->root)) {
    return std::unexpected("the record is not the one that the checkpoint has at index " +
                           std::to_string(proof.index));
  }
  return checkpoint;
}

}  // namespace customhouse::audit
